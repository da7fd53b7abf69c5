/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery rate (draft-cheng-iccrg-delivery-rate-estimation-02): of each delivered run, how much
 * was delivered between its departure and now, over the longer of the time that sending and that
 * acknowledging took; ACKs that come in a heap would say too much otherwise.
 */
#include "tcp/tcp_priv.h"

/* Fill what s says of rates from what an ACK delivered; d->bytes > 0. */
void tcp__rate_sample(
	struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d, struct tcp_sample *s)
{
	struct tcp_flight *f = c->flight;
	const struct tcp_run *r = &d->last;
	uint32_t now = (uint32_t)t->now_us, sending, acking;

	f->delivered += d->bytes;
	f->delivered_us = now;
	if (f->is_app_limited && seq_gt(f->delivered, f->app_limited))
		f->is_app_limited = false;
	f->first_us = r->sent_us;
	sending = r->sent_us - r->first_us;
	acking = now - r->delivered_us;
	s->prior_delivered = r->delivered;
	s->app_limited = r->app_limited;
	s->rate_bytes = f->delivered - r->delivered;
	s->rate_us = sending > acking ? sending : acking;
	/* shorter than any round trip: a heap of ACKs, or an answer to an earlier copy */
	if (s->rate_us == 0 || s->rate_us < f->min_rtt)
		s->rate_us = 0;
	if (!d->again)
		s->rtt_us = now - r->sent_us ? now - r->sent_us : 1;
}

/* c has no more to send than what is in flight: samples of it may be below what the path can do. */
void tcp__rate_app_limited(struct tcp_conn *c)
{
	c->flight->app_limited = c->flight->delivered + c->flight->bytes[TCP_RUN_OUT];
	c->flight->is_app_limited = true;
}
