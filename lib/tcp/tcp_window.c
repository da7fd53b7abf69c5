/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we announce (RFC 9293 3.8.6). */
#include "tcp/tcp_priv.h"

/*
 * Bytes that may still come in. Half the truesize counts too, so that many small segments cannot
 * pin more than twice the limit. Bytes beyond a hole lie within the window already: of them only
 * what they pin above their number counts.
 */
static uint32_t rcv_space(const struct tcp_conn *c)
{
	uint32_t pinned = c->rx.truesize / 2, used = c->rx.bytes;

	if (c->ext) {
		pinned += c->ext->reasm.truesize / 2;
		pinned -= RTE_MIN(pinned, c->ext->reasm.bytes);
	}
	used = RTE_MAX(used, pinned);
	return c->rcv_limit > used ? c->rcv_limit - used : 0;
}

/* Right edge that memory allows; never left of what was announced (RFC 9293 3.8.6). */
uint32_t tcp__rcv_edge(const struct tcp_conn *c)
{
	return seq_max(c->rcv_nxt + rcv_space(c), c->rcv_adv);
}

/*
 * The window to announce now, scaled; rcv_adv follows it.
 * RFC SAYS (9293 3.8.6) do not shrink the window. WE DO, by less than one unit of the scale and
 * only when memory is full: what a shift cannot express must be rounded, and rounding up each time
 * would let a peer of small segments send on for ever. All up to rcv_adv is still taken (RFC
 * 7323 2.4).
 */
uint16_t tcp__window_announce(struct tcp_conn *c)
{
	uint32_t edge = tcp__rcv_edge(c), worth = c->mss, shift = c->rcv_wscale, left, wnd;

	if (worth > c->rcv_limit / 2)
		worth = c->rcv_limit / 2;
	/* RFC 9293 3.8.6.2.2: the edge stays until it can move by a segment or half the buffer */
	if (edge - c->rcv_adv < worth)
		edge = c->rcv_adv;
	left = edge - c->rcv_nxt;
	wnd = left >> shift;
	if (wnd << shift < left && (wnd + 1) << shift <= rcv_space(c))
		wnd++;
	if (wnd > UINT16_MAX)
		wnd = UINT16_MAX;
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt + (wnd << shift));
	return (uint16_t)wnd;
}
