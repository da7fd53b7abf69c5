/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options: RFC 9293 3.2, window scale and timestamps RFC 7323, SACK RFC 2018. */
#include <errno.h>

#include "tcp/tcp_priv.h"

enum { OPT_END, OPT_NOP, OPT_MSS, OPT_WSCALE, OPT_SACK_OK, OPT_SACK, OPT_TS = 8 };

static uint32_t get32(const uint8_t *p)
{
	struct be32 x;

	memcpy(&x, p, 4);
	return be32_get(x);
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	struct be32 x = be32_make(v);

	memcpy(p, &x, 4);
	return p + 4;
}

static void sack_parse(struct tcp_opts *o, const uint8_t *p, uint32_t n)
{
	for (; n >= 8 && o->n_sack < 4; p += 8, n -= 8) {
		o->sack[o->n_sack].start = get32(p);
		o->sack[o->n_sack].end = get32(p + 4);
		o->n_sack++;
	}
}

static void opt_parse(struct tcp_opts *o, uint8_t kind, const uint8_t *body, uint32_t n)
{
	if (kind == OPT_MSS && n == 2) {
		o->mss = (uint16_t)(body[0] << 8 | body[1]);
	} else if (kind == OPT_WSCALE && n == 1) {
		o->has_wscale = true;
		/* RFC 7323 2.3: a larger shift counts as 14 */
		o->wscale = body[0] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : body[0];
	} else if (kind == OPT_SACK_OK && n == 0) {
		o->sack_ok = true;
	} else if (kind == OPT_SACK) {
		sack_parse(o, body, n);
	} else if (kind == OPT_TS && n == 8) {
		o->has_ts = true;
		o->ts_val = get32(body);
		o->ts_ecr = get32(body + 4);
	}
}

/*
 * Parse the n option bytes at p. Unknown options are skipped, known ones of a wrong length count
 * as unknown. 0, or -EINVAL where a length runs out of the header (RFC 9293 3.10.7: drop).
 */
int tcp__opts_parse(struct tcp_opts *o, const uint8_t *p, uint32_t n)
{
	*o = (struct tcp_opts){0};
	while (n > 0 && *p != OPT_END) {
		uint32_t len;

		if (*p == OPT_NOP) {
			p++, n--;
			continue;
		}
		if (n < 2 || p[1] < 2 || p[1] > n)
			return -EINVAL;
		len = p[1];
		opt_parse(o, p[0], p + 2, len - 2);
		p += len;
		n -= len;
	}
	return 0;
}

static uint8_t *ts_build(uint8_t *p, const struct tcp_opts *o)
{
	*p++ = OPT_TS;
	*p++ = 10;
	p = put32(p, o->ts_val);
	return put32(p, o->ts_ecr);
}

/* The options of a SYN or SYN-ACK: at most 20 bytes at p. Returns their length, a multiple of 4. */
uint32_t tcp__opts_build_syn(uint8_t *p, const struct tcp_opts *o)
{
	uint8_t *at = p;

	*at++ = OPT_MSS;
	*at++ = 4;
	*at++ = (uint8_t)(o->mss >> 8);
	*at++ = (uint8_t)o->mss;
	if (o->has_ts) {
		/* SACK-permitted takes the place of the two pads */
		*at++ = o->sack_ok ? OPT_SACK_OK : OPT_NOP;
		*at++ = o->sack_ok ? 2 : OPT_NOP;
		at = ts_build(at, o);
	} else if (o->sack_ok) {
		*at++ = OPT_NOP;
		*at++ = OPT_NOP;
		*at++ = OPT_SACK_OK;
		*at++ = 2;
	}
	if (o->has_wscale) {
		*at++ = OPT_NOP;
		*at++ = OPT_WSCALE;
		*at++ = 3;
		*at++ = o->wscale;
	}
	return (uint32_t)(at - p);
}

/* The options of any other segment: timestamps and up to 4 (3 with timestamps) SACK blocks, at
 * most 40 bytes. Returns their length, a multiple of 4. */
uint32_t tcp__opts_build(uint8_t *p, const struct tcp_opts *o)
{
	uint8_t *at = p;
	uint32_t blocks = o->has_ts && o->n_sack > 3 ? 3 : o->n_sack;

	if (o->has_ts) {
		*at++ = OPT_NOP;
		*at++ = OPT_NOP;
		at = ts_build(at, o);
	}
	if (blocks) {
		*at++ = OPT_NOP;
		*at++ = OPT_NOP;
		*at++ = OPT_SACK;
		*at++ = (uint8_t)(2 + 8 * blocks);
		for (uint32_t i = 0; i < blocks; i++) {
			at = put32(at, o->sack[i].start);
			at = put32(at, o->sack[i].end);
		}
	}
	return (uint32_t)(at - p);
}
