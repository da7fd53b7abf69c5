/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving side of ECN.
 *
 *   RFC 3168 6.1.3   CE -> ECE in every ACK, until the sender says CWR
 *   RFC 8257 3.2     (DCTCP) ECE says how the last packet came; at each change the ACK owed for
 *                    what came before leaves with the old mark, in the middle of a burst too: so
 *                    each ACK tells of packets that came alike, and the sender counts the marked
 */
#include "tcp/tcp_priv.h"

/* s carries data on a connection that uses ECN. */
void tcp__ecn_echo(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	bool each = tcp__cc[c->cc]->l4s, before = c->flags & TCP_F_ECE;
	bool ce = s->meta->flags & PKT_F_ECN_CE;

	if (before == (ce || (before && !each && !(s->flags & TCP_CWR))))
		return;
	if (each && (c->flags & (TCP_F_ACK_NOW | TCP_F_ACK_DELAY)))
		tcp__ack_now(t, c);
	c->flags ^= TCP_F_ECE;
	c->flags |= TCP_F_ACK_NOW;
	tcp__dirty(t, c);
}
