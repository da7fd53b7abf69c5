/* SPDX-License-Identifier: BSD-3-Clause */
/* One side of a relay: what its state machines do with a connection, they do with an end. */
#include <errno.h>

#include "relay/relay_priv.h"

int relay__end_send(struct relay *r, struct relay_end *e, struct buf_chain *bytes)
{
	return tcp_send(r->cfg.tcp, e->conn, bytes);
}

void relay__end_consumed(struct relay *r, struct relay_end *e)
{
	tcp_consumed(r->cfg.tcp, e->conn);
}

void relay__end_shutdown(struct relay *r, struct relay_end *e)
{
	tcp_shutdown(r->cfg.tcp, e->conn);
}

void relay__end_release(struct relay *r, struct relay_end *e)
{
	tcp_release(r->cfg.tcp, e->conn);
	*e = (struct relay_end){0};
}

void relay__end_abort(struct relay *r, struct relay_end *e)
{
	tcp_abort(r->cfg.tcp, e->conn);
	*e = (struct relay_end){0};
}

bool relay__end_untouched(const struct relay_end *e, uint64_t given)
{
	return e->conn->tx.bytes == given;
}

void relay__end_reclaim(struct relay *r, struct relay_end *e, struct buf_chain *out)
{
	if (e->conn->state == TCP_CLOSED)
		tcp_tx_reclaim(r->cfg.tcp, e->conn, out); /* into an empty one: succeeds */
}
