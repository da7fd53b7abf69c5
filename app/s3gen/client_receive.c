/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers: the head is parsed, an object's bytes are compared where they lie, and let go. */
#include "client_priv.h"

#define HEAD_MAX 16384 /* bytes of an answer's head */

static struct http_head head; /* of the answer at hand; large */

/* The first n bytes of rx as one piece, n at most HEAD_MAX. */
static const char *piece(const struct buf_chain *rx, uint32_t n)
{
	static char scratch[HEAD_MAX];

	return buf_chain_peek(rx, n, scratch);
}

/*
 * Length of the head at the start of rx; 0: not all is there; < 0: it is none. Mostly it lies in
 * the first mbuf; where it does not, it is looked at again from the start, all of it.
 */
static int head_find(const struct buf_chain *rx)
{
	uint32_t first = rx->head ? rx->head->data_len - rx->head_off : 0;
	uint32_t n = RTE_MIN(rx->bytes, (uint32_t)HEAD_MAX);
	struct http_scan scan;
	int len;

	http_scan_init(&scan, HEAD_MAX, false);
	len = http_scan(&scan, piece(rx, RTE_MIN(first, n)), RTE_MIN(first, n));
	if (len != 0 || n <= first)
		return len;
	http_scan_init(&scan, HEAD_MAX, false);
	return http_scan(&scan, piece(rx, n), n);
}

/* What the head means for what follows. */
static void head_take(struct conn *c)
{
	c->verdict = (int8_t)exchange_judge(&c->x, &head);
	c->persists = http_head_persists(&head);
	http_body_init_rsp(&c->body, &head, c->x.kind == X_HEAD);
	c->state = CONN_BODY;
}

/* True: the head was taken, state is CONN_BODY, or it was one of an interim answer. */
static bool head_receive(struct conn *c)
{
	struct buf_chain *rx = stream_rx(&c->side.stream);
	int len = head_find(rx);

	if (len == 0 && rx->bytes < HEAD_MAX)
		return false;
	if (len <= 0 || http_rsp_parse(&head, piece(rx, (uint32_t)len), (size_t)len) != 0) {
		client__fail(c, GEN_E_malformed);
		return false;
	}
	/* RFC 9110 15.2: any number of 1xx may come before */
	if (head.status >= 200)
		head_take(c);
	buf_chain_consume(rx, (uint32_t)len);
	if (head.status != 100 || !c->waits)
		return true;
	c->waits = false;
	return client__pump(c);
}

/* The object's bytes. False: one is wrong. */
static bool object_receive(struct conn *c)
{
	const struct body *b = c->group->all->g->body;
	struct buf_chain *rx = stream_rx(&c->side.stream);
	uint32_t n = (uint32_t)RTE_MIN(c->body.left, (uint64_t)rx->bytes);
	uint32_t right = body_check_chain(b, c->x.object, c->x.off + c->in, rx, n);

	c->in += right;
	report_arrived(c->group->all->g->report, right);
	if (right < n)
		return false;
	http_body_feed(&c->body, NULL, n);
	buf_chain_consume(rx, n);
	return true;
}

/* The beginning of an answer in XML; white space before it keeps connections alive. */
static void text_keep(struct upload *up, const char *p, size_t n)
{
	while (up->n_text == 0 && n && (*p == ' ' || *p == '\n' || *p == '\r'))
		p++, n--;
	n = RTE_MIN(n, (size_t)(EXCHANGE_TEXT - 1 - up->n_text));
	memcpy(up->text + up->n_text, p, n);
	up->n_text = (uint16_t)(up->n_text + n);
}

/* Any other body: counted, and its beginning kept. */
static void text_receive(struct conn *c)
{
	struct buf_chain *rx = stream_rx(&c->side.stream);

	while (rx->bytes && c->body.progress == HTTP_BODY_MORE) {
		const char *p = rte_pktmbuf_mtod_offset(rx->head, const char *, rx->head_off);
		size_t n = RTE_MIN(rx->head->data_len - rx->head_off, rx->bytes);

		n = http_body_feed(&c->body, p, n);
		if (c->x.up)
			text_keep(c->x.up, p, n);
		buf_chain_consume(rx, (uint32_t)n);
	}
}

/* What has come of the body. False: the operation failed. */
static bool body_receive(struct conn *c)
{
	if (c->verdict >= 0 || !exchange_gets_object(&c->x)) {
		text_receive(c);
	} else if (!object_receive(c)) {
		client__fail(c, GEN_E_corrupt);
		return false;
	}
	if (c->body.progress == HTTP_BODY_MORE)
		return true;
	if (c->body.progress == HTTP_BODY_DONE && stream_rx(&c->side.stream)->bytes == 0)
		return true;
	client__fail(c, GEN_E_malformed);
	return false;
}

/* Bytes that nobody asked for. */
static void stray(struct conn *c)
{
	struct group *gr = c->group;

	report_error(gr->all->g->report, gr->index, REPORT_CONNECT, GEN_E_malformed);
	client__abort(c);
}

bool client__receive(struct conn *c)
{
	struct gen *g = c->group->all->g;
	struct tcp_conn *tcp = c->side.stream.conn;

	if (c->state != CONN_HEAD && c->state != CONN_BODY) {
		stray(c);
		return false;
	}
	if (!c->first_seen) {
		c->first_seen = true;
		c->first = g->now;
	}
	client__progress(c);
	while (c->state == CONN_HEAD && stream_rx(&c->side.stream)->bytes)
		if (!head_receive(c))
			break;
	if (c->state == CONN_BODY && !body_receive(c))
		return false;
	if (c->side.stream.conn != tcp)
		return false;
	stream_consumed(&g->streams, &c->side.stream);
	if (c->state == CONN_BODY && c->body.progress == HTTP_BODY_DONE)
		client__answered(c);
	return c->side.stream.conn == tcp;
}

bool client__ended(struct conn *c)
{
	if (c->state != CONN_BODY || http_body_eof(&c->body) != 0)
		return false;
	c->persists = false;
	client__answered(c);
	return true;
}
