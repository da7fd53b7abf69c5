/* SPDX-License-Identifier: BSD-3-Clause */
/* What others may read of the relay. */
#include "relay/relay_priv.h"

const struct stat_name relay_stat_names[RELAY_STAT_N] = {
#define X(name, text) {#name, text},
#include "relay/relay_stat.def"
#undef X
};

void relay_info(const struct relay *r, struct relay_info *out)
{
	*out = r->info;
}

unsigned relay_listeners(const struct relay *r)
{
	return r->snap->n_listeners;
}

struct stat_block relay_stat_block(const struct relay *r, unsigned listener)
{
	return (struct stat_block){
		"relay", relay_stat_names, r->snap->listener[listener]->stat, RELAY_STAT_N};
}

struct stat_block relay_stat_rest(const struct relay *r)
{
	return (struct stat_block){"relay", relay_stat_names, r->rest, RELAY_STAT_N};
}

/* Counters begin behind "ok", which is no refusal. */
struct stat_block relay_refusals_req(const struct relay *r)
{
	return (struct stat_block){"http", http_stat_names + 1, r->refused_req + 1, HTTP_CODES - 1};
}

struct stat_block relay_refusals_rsp(const struct relay *r)
{
	return (struct stat_block){
		"http_rsp", http_stat_names + 1, r->refused_rsp + 1, HTTP_CODES - 1};
}

uint32_t relay_listener_fronts(const struct relay *r, unsigned listener)
{
	return r->snap->listener[listener]->fronts;
}

/* NULL as long as there is nothing to tell of it. */
static const struct tls_conn *show_tls(const struct stream *e)
{
	return e->tls && e->tls->state == TLS_OPEN ? e->tls : NULL;
}

static void show_request(const struct request *q, struct relay_conn *out)
{
	out->pool = q->pool->conf->name;
	out->member = q->back ? q->back->member->name : NULL;
	out->req_bytes = q->req.given;
	out->rsp_bytes = q->rsp.given;
}

static bool show_front(const struct front *f, struct relay_conn *out)
{
	static const char *const names[FRONT_STATES] = {
		"handshake", "idle", "head", "busy", "linger"};

	if (!f->end.conn)
		return false;
	*out = (struct relay_conn){.conn = f->end.conn,
		.tls = show_tls(&f->end),
		.state = names[f->state],
		.listener = f->listener->conf->name,
		.requests = f->requests};
	if (f->req)
		show_request(f->req, out);
	return true;
}

static bool show_back(const struct back *b, struct relay_conn *out)
{
	if (!b->end.conn)
		return false;
	*out = (struct relay_conn){.conn = b->end.conn,
		.tls = show_tls(&b->end),
		.back = true,
		.pool = b->member->pool,
		.member = b->member->name,
		.requests = b->requests,
		.state = !b->req              ? "idle"
			 : b->up || b->reused ? "busy"
					      : "connect"};
	if (b->req)
		show_request(b->req, out);
	return true;
}

static bool show_splice(
	const struct relay *r, const struct splice *s, enum side side, struct relay_conn *out)
{
	if (!s->end[side].conn)
		return false;
	*out = (struct relay_conn){.conn = s->end[side].conn,
		.tls = show_tls(&s->end[side]),
		.back = side == SIDE_BACK,
		.listener = s->listener->conf->name,
		.pool = s->end[SIDE_BACK].conn ? s->pool->conf->name : NULL,
		.member = s->end[SIDE_BACK].conn ? s->pool->member[s->member]->name : NULL,
		.state = s->state == SPLICE_HANDSHAKE ? "handshake"
			 : s->state == SPLICE_HELLO   ? "hello"
			 : s->state == SPLICE_CONNECT ? "connect"
						      : conf_mode_name(s->listener->conf->mode),
		.req_bytes = s->given[s->ends - 1],
		.rsp_bytes = s->given[SIDE_FRONT]};
	return true;
}

uint32_t relay_places(const struct relay *r)
{
	return r->info.fronts_max + r->info.backs_max + SIDES * r->info.splices_max;
}

bool relay_conn_at(const struct relay *r, uint32_t i, struct relay_conn *out)
{
	if (i < r->info.fronts_max)
		return show_front(&r->fronts[i], out);
	i -= r->info.fronts_max;
	if (i < r->info.backs_max)
		return show_back(&r->backs[i], out);
	i -= r->info.backs_max;
	return i / SIDES < r->info.splices_max &&
	       show_splice(r, &r->splices[i / SIDES], i % SIDES, out);
}
