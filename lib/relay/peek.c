/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers that say less in their status than in their body: a 200 with <Error> (S3_ERROR_IN_200), a
 * 503 whose code is SlowDown. The beginning of such a body is looked at in the back's rx before it
 * is moved on, unchanged and at once; RELAY_PEEK_MAX bytes of it at most are copied. White space
 * that a node sends for minutes to keep the connection alive is passed over.
 *
 *	ahead  bytes at the start of rx that were looked at, and not moved yet
 *	text   the content so far, without white space before it and without framing
 */
#include "relay/relay_priv.h"

void relay__peek_begin(struct request *q)
{
	q->peeks = (q->status == 503 && !q->slow_told) ||
		   (q->status == 200 && q->op_flags & S3_ERROR_IN_200);
	if (q->peeks)
		q->peek = (struct peek){.body = q->rsp.body};
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One byte of content. False: there is room for no more. */
static bool put(struct peek *p, char c)
{
	if (p->n == 0 && is_space(c))
		return true;
	if (p->n == sizeof(p->text))
		return false;
	p->text[p->n++] = c;
	return true;
}

/* Look at n bytes as they came. True: as far as is of use. */
static bool look(struct peek *p, const char *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		bool content = http_body_data(&p->body) > 0;

		if (p->body.progress != HTTP_BODY_MORE || (content && !put(p, bytes[i])))
			return true;
		http_body_feed(&p->body, &bytes[i], 1);
		p->ahead++;
	}
	return p->body.progress != HTTP_BODY_MORE;
}

static bool is_slow_down(struct span code)
{
	struct span name = SPAN_LIT("SlowDown"); /* SlowDownRead and SlowDownWrite, some say */

	return code.n >= name.n && memcmp(code.p, name.p, name.n) == 0;
}

static void conclude(struct relay *r, struct request *q, int is_error, struct span code)
{
	q->peeks = false;
	if (q->status == 503 && is_error == 0)
		q->slow_down = false; /* it says something else */
	if (is_error != 1)
		return;
	if (q->status == 200) {
		q->inner_error = true;
		FRONT_COUNT(r, q->front, inner_errors);
	} else {
		q->slow_down = is_slow_down(code);
	}
}

void relay__peek(struct relay *r, struct request *q)
{
	struct buf_chain *rx = stream_rx(&q->back->end);
	struct peek *p = &q->peek;
	struct span code = {NULL, 0};
	char bytes[RELAY_PEEK_MAX];
	bool end = false;
	int is_error;

	while (!end && p->ahead < rx->bytes) {
		uint32_t n = RTE_MIN((uint32_t)sizeof(bytes), rx->bytes - p->ahead);

		buf_chain_read(rx, p->ahead, n, bytes);
		end = look(p, bytes, n);
	}
	is_error = s3_body_is_error(p->text, p->n, &code);
	/* of a 503 the code is wanted, which may come a little later */
	if (end || is_error == 0 || (is_error == 1 && (q->status == 200 || code.n)))
		conclude(r, q, is_error, code);
}

/* ---- the head ---- */

/* delay-seconds (RFC 9110 10.2.3), a day at most; 0: none, or a date. */
static uint16_t seconds(struct span s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		n = RTE_MIN(n * 10 + (unsigned)(s.p[i] - '0'), 43200u);
	}
	return (uint16_t)n;
}

/*
 * What a 503's body says, should it have come with the head of n bytes, unframed. One that is not
 * there yet, or never comes (HEAD), is taken for SlowDown: S3's ServiceUnavailable asks for less,
 * too, and five answers in other packets than their heads must not eject who only throttles.
 */
static bool body_slows_down(struct request *q, uint32_t n)
{
	const struct buf_chain *rx = stream_rx(&q->back->end);
	struct span code = {NULL, 0};
	char bytes[S3_ERROR_PEEK];
	uint32_t left = RTE_MIN((uint32_t)sizeof(bytes), rx->bytes - n);
	int is_error;

	buf_chain_read(rx, n, left, bytes);
	is_error = s3_body_is_error(bytes, left, &code);
	return is_error < 0 || (is_error == 1 && (!code.n || is_slow_down(code)));
}

void relay__peek_head(struct relay *r, struct request *q, uint32_t head)
{
	const struct http_head *h = &r->head;
	struct span after;

	if (h->status != 429 && h->status != 503)
		return;
	after = http_head_value(h, SPAN_LIT("Retry-After"));
	q->retry_after = seconds(after);
	q->slow_told = h->status == 429 || after.p || span_ieq(h->reason, SPAN_LIT("Slow Down"));
	q->slow_down = q->slow_told || h->chunked || body_slows_down(q, head);
}
