/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving side of ECN.
 *
 *   RFC 3168 6.1.3   CE -> ECE in every ACK, until the sender says CWR
 *   RFC 8257 3.2     (DCTCP) ECE says how the last packet came; an ACK leaves at each change
 */
#include "tcp/tcp_priv.h"

/*
 * s carries data on a connection that uses ECN. each: DCTCP. True: an ACK is owed at once, because
 * what we echo has changed.
 * RFC SAYS (8257 3.2) the ACK at a change carries what was echoed before it. WE DO say what is true
 * at its end of a burst: one ACK leaves a poll, and the marks of a queue come in runs.
 */
bool tcp__ecn_echo(struct tcp_conn *c, const struct tcp_seg *s, bool each)
{
	bool ce = s->meta->flags & PKT_F_ECN_CE, before = c->flags & TCP_F_ECE;

	if (each ? !ce : (s->flags & TCP_CWR) != 0)
		c->flags &= ~TCP_F_ECE;
	if (ce)
		c->flags |= TCP_F_ECE;
	if (before == ((c->flags & TCP_F_ECE) != 0))
		return false;
	c->flags |= TCP_F_ACK_NOW;
	return true;
}
