/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "side.h"
#include "secure.h"

void side_start(struct gen *g)
{
	g->streams = (struct streams){.tcp = g->tcp,
		.tls = g->secure ? g->secure->tls : NULL,
		.indirect = g->pools.indirect,
		.send_limit = g->conf->tcp.send_buffer,
		.now = &g->now};
	streams_init(&g->streams);
}

struct tls_conn *side_tls(const struct tcp_conn *c)
{
	return c->owner ? ((const struct side *)c->owner)->stream.tls : NULL;
}

uint8_t side_events(struct side *e, uint8_t events)
{
	events = stream_events(&e->stream, events, e->up);
	if (events & TCP_EV_ESTABLISHED)
		e->up = true;
	if (events & STREAM_EV_TORN)
		events |= TCP_EV_DEAD;
	return events & (uint8_t)~STREAM_EV_TORN;
}

int side_error(const struct side *e)
{
	const struct tcp_conn *c = e->stream.conn;
	const struct tls_conn *t = e->stream.tls;

	if (!t)
		return c->error;
	if (t->state == TLS_FAILED)
		return EPROTO;
	return c->error || t->eof ? c->error : ECONNRESET;
}

bool side_waits(const struct gen *g)
{
	return streams_wait(&g->streams) || (g->secure && tls_handshakes(g->secure->tls));
}
