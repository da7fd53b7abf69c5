/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The instance: its pools, its page of work (relay_step, relay_tick), and how bytes move.
 *
 * A body byte's way: from's rx --http_body counts--> flow.out --end_send--> to's tx. out is empty
 * but for a shortage of buffers, so what a request holds is bounded by rx and tx:
 *   nothing is taken from `from` while `to` has no room, and what is not taken shuts the window;
 * but for what hold.c keeps, within limits, and puts into out again when a member failed.
 */
#include <errno.h>
#include <rte_malloc.h>

#include "relay/relay_priv.h"
#include "tls/tls_hello.h"

#define OUT_WHOLE    (128 * 1024) /* flow.out has more than that when a body is given once more */
#define RSP_HEAD_MAX (64 * 1024)  /* a response's head; requests have the listener's limit */

_Static_assert(TLS_HELLO_MAX <= RSP_HEAD_MAX, "the scratch is enough to look at a hello");

static void *zalloc(const struct relay *r, size_t n, size_t size)
{
	return rte_zmalloc_socket(
		"relay", RTE_MAX(n, 1u) * size, RTE_CACHE_LINE_SIZE, r->cfg.socket);
}

uint32_t relay_fronts_max(const struct conf *conf)
{
	return conf_connections(conf, conf->n_listeners, CONF_MODES_HTTP | CONF_MODES_BARE);
}

uint32_t relay_splices_max(const struct conf *conf)
{
	return conf_connections(conf, conf->n_listeners, CONF_MODES_PAIRS);
}

uint32_t relay_tls_max(const struct conf *conf, uint32_t backs)
{
	bool pools = false, http = false;
	uint32_t n = 0;

	for (unsigned i = 0; i < conf->n_pools; i++)
		pools |= conf->pools[i].tls;
	for (unsigned i = 0; i < conf->n_listeners; i++) {
		const struct conf_listener *l = &conf->listeners[i];

		n += l->n_cert ? l->connections : 0;
		if (l->mode == CONF_MODE_SPLICE && conf->pools[l->pool].tls)
			n += l->connections;
		http |= l->mode == CONF_MODE_HTTP; /* a [route] may lead to any pool */
	}
	return n + (pools && http ? backs : 0) + (pools ? RELAY_PROBES : 0);
}

static int records_create(struct relay *r)
{
	const struct conf *conf = r->cfg.conf;
	struct relay_info *n = &r->info;

	n->fronts_max = conf_connections(conf, conf->n_listeners, CONF_MODES_HTTP);
	n->splices_max = conf_connections(conf, conf->n_listeners, CONF_MODES_BARE);
	r->splice_backs_max = relay_splices_max(conf);
	r->tls_max = r->cfg.tls ? relay_tls_max(conf, r->cfg.backs) : 0;
	n->backs_max = r->cfg.backs;
	n->requests_max = r->cfg.requests;
	r->fronts = zalloc(r, n->fronts_max, sizeof(*r->fronts));
	r->backs = zalloc(r, n->backs_max, sizeof(*r->backs));
	r->requests = zalloc(r, n->requests_max, sizeof(*r->requests));
	r->splices = zalloc(r, n->splices_max, sizeof(*r->splices));
	if (!r->fronts || !r->backs || !r->requests || !r->splices)
		return -ENOMEM;
	for (uint32_t i = n->fronts_max; i-- > 0; r->front_free = &r->fronts[i])
		r->fronts[i].next_free = r->front_free;
	for (uint32_t i = n->backs_max; i-- > 0; r->back_free = &r->backs[i])
		r->backs[i].next_free = r->back_free;
	for (uint32_t i = n->requests_max; i-- > 0; r->request_free = &r->requests[i])
		r->requests[i].next_free = r->request_free;
	for (uint32_t i = n->splices_max; i-- > 0; r->splice_free = &r->splices[i])
		r->splices[i].next_free = r->splice_free;
	for (uint32_t i = RELAY_PROBES; i-- > 0; r->probe_free = &r->probes[i])
		r->probes[i].next_free = r->probe_free;
	return 0;
}

static int scratch_create(struct relay *r)
{
	r->head_max = RSP_HEAD_MAX;
	for (unsigned i = 0; i < r->cfg.conf->n_listeners; i++)
		r->head_max = RTE_MAX(r->head_max, r->cfg.conf->listeners[i].head_limit);
	r->in = zalloc(r, r->head_max, 1);
	r->out = zalloc(r, RTE_MAX(r->head_max + RELAY_EDIT_ROOM, (uint32_t)S3_ERROR_ROOM), 1);
	return r->in && r->out ? 0 : -ENOMEM;
}

static int listeners_create(struct relay *r, struct err *e)
{
	const struct relay_config *c = &r->cfg;
	struct relay_snapshot *s =
		relay__snapshot_create(r, c->conf, c->listener_tls, c->pool_tls, e);

	return s ? relay_swap(r, s, r->now, e) : -ENOMEM;
}

struct relay *relay_create(const struct relay_config *cfg, clock_us_t now, struct err *e)
{
	struct relay *r = rte_zmalloc_socket("relay", sizeof(*r), RTE_CACHE_LINE_SIZE, cfg->socket);

	if (!r) {
		err_set(e, ENOMEM, "relay: no memory");
		return NULL;
	}
	r->cfg = *cfg;
	r->streams = (struct streams){.tcp = cfg->tcp,
		.tls = cfg->tls,
		.indirect = cfg->pools->indirect,
		.send_limit = cfg->conf->tcp.send_buffer,
		.now = &r->now};
	streams_init(&r->streams);
	relay__set_now(r, now);
	list_init(&r->stalled);
	list_init(&r->holding);
	list_init(&r->waiting);
	list_init(&r->snapshots);
	list_init(&r->done);
	wheel_init(&r->wheel, r->now_ms);
	if (records_create(r) < 0 || scratch_create(r) < 0) {
		err_set(e, ENOMEM,
			"relay: no memory for %u client connections: raise [global] memory",
			relay_fronts_max(cfg->conf));
		goto fail;
	}
	if (listeners_create(r, e) < 0)
		goto fail;
	return r;
fail:
	relay_destroy(r);
	return NULL;
}

/* Connections that were accepted but never seen here point to our listeners. */
static void refuse_unseen(struct relay *r)
{
	struct tcp_conn *c;
	uint8_t events;

	while ((c = tcp_ready_take(r->cfg.tcp, &events)))
		if (events & TCP_EV_ACCEPT)
			tcp_abort(r->cfg.tcp, c);
}

/* True: record i of all, in the order of relay_conn_at, was in use. */
static bool abort_at(struct relay *r, uint32_t i)
{
	struct splice *s;
	struct probe *p;

	if (i < r->info.fronts_max)
		return r->fronts[i].end.conn && relay__front_abort(r, &r->fronts[i]) == RUN_GONE;
	i -= r->info.fronts_max;
	if (i < r->info.backs_max)
		return r->backs[i].end.conn && relay__back_close(r, &r->backs[i], true) == RUN_GONE;
	i -= r->info.backs_max;
	if (i < r->info.splices_max) {
		s = &r->splices[i];
		return s->end[SIDE_FRONT].conn && relay__splice_abort(r, s) == RUN_GONE;
	}
	p = &r->probes[i - r->info.splices_max];
	if (!p->end.conn)
		return false;
	relay__probe_abort(r, p);
	return true;
}

bool relay_abort(struct relay *r, uint32_t *at, unsigned max)
{
	uint32_t end = r->info.fronts_max + r->info.backs_max + r->info.splices_max + RELAY_PROBES;

	for (; *at < end && max > 0; (*at)++)
		max -= abort_at(r, *at);
	return *at < end;
}

void relay_destroy(struct relay *r)
{
	uint32_t at = 0;

	if (!r)
		return;
	if (r->splices) /* the last to be made */
		relay_abort(r, &at, UINT32_MAX);
	relay__unlisten(r);
	refuse_unseen(r);
	relay__snapshots_destroy(r);
	rte_free(r->out);
	rte_free(r->in);
	rte_free(r->splices);
	rte_free(r->requests);
	rte_free(r->backs);
	rte_free(r->fronts);
	rte_free(r);
}

void relay__set_now(struct relay *r, clock_us_t now)
{
	r->now = now;
	r->now_ms = (uint32_t)(now / CLOCK_US_PER_MS);
}

/* Those that had no buffer try once more; who fails again is on the list again. */
static void retry_stalled(struct relay *r)
{
	struct list todo, *node;

	list_init(&todo);
	while ((node = list_take(&r->stalled)))
		list_add_tail(&todo, node);
	while ((node = list_take(&todo)))
		relay__front_run(r, container_of_list(node, struct request, stalled)->front);
}

/* Another client of l? Those that are gone may have records that its limit counts on. */
static bool has_room(const struct relay *r, const struct relay_listener *l)
{
	bool record =
		l->conf->mode == CONF_MODE_HTTP ? r->front_free != NULL : r->splice_free != NULL;

	return record && l->fronts < l->conf->connections;
}

static int accept_tls(struct relay *r, const struct relay_listener *l, struct stream *s)
{
	struct tls_ctx *ctx = r->cfg.tls ? l->snap->listener_tls[l->index] : NULL;

	/* a flood of clients leaves some for members */
	if (ctx && tls_handshakes(r->cfg.tls) >= r->cfg.conf->tls.handshakes)
		return -ENOMEM;
	return stream_accept(&r->streams, s, ctx);
}

/* A client came: the listener's mode says what it gets. */
static void accept(struct relay *r, struct tcp_conn *c, uint8_t events)
{
	struct relay_listener *l = tcp_listener_user(r->cfg.tcp, c->listener);
	bool ends = relay__ends(r, l);
	struct stream e = {c};

	if (ends || !has_room(r, l)) {
		l->stat[ends ? RELAY_STAT_refused_drain : RELAY_STAT_refused_full]++;
		tcp_abort(r->cfg.tcp, c);
		return;
	}
	if (accept_tls(r, l, &e) < 0) {
		l->stat[RELAY_STAT_refused_tls]++;
		tcp_abort(r->cfg.tcp, c);
		return;
	}
	l->fronts++;
	l->stat[RELAY_STAT_connections]++;
	if (l->conf->mode == CONF_MODE_HTTP)
		relay__front_accept(r, l, &e, events);
	else
		relay__splice_accept(r, l, &e, events);
}

static struct tls_conn *tls_of(const struct tcp_conn *c)
{
	const uint8_t *kind = c->owner;

	if (!kind)
		return NULL; /* released, or not yet accepted */
	if (*kind == RELAY_FRONT)
		return ((struct front *)c->owner)->end.tls;
	if (*kind == RELAY_BACK)
		return ((struct back *)c->owner)->end.tls;
	if (*kind == RELAY_PROBE)
		return ((struct probe *)c->owner)->end.tls;
	return splice_end(c->owner, c)->tls;
}

void relay_open(struct relay *r, clock_us_t now)
{
	relay__set_now(r, now);
	streams_open(&r->streams, tls_of);
}

void relay_step(struct relay *r, clock_us_t now)
{
	struct tcp_conn *c;
	uint8_t events;

	relay__set_now(r, now);
	if (!list_empty(&r->holding) && tcp_pressure(r->cfg.tcp))
		relay__hold_shed(r);
	retry_stalled(r);
	while ((c = tcp_ready_take(r->cfg.tcp, &events))) {
		if (events & TCP_EV_ACCEPT)
			accept(r, c, events);
		else if (*(const uint8_t *)c->owner == RELAY_FRONT)
			relay__front_event(r, c->owner, events);
		else if (*(const uint8_t *)c->owner == RELAY_BACK)
			relay__back_event(r, c->owner, events);
		else if (*(const uint8_t *)c->owner == RELAY_PROBE)
			relay__probe_event(r, c->owner, events);
		else
			relay__splice_event(r, c, events);
	}
	relay__queue_run(r);
}

void relay_seal(struct relay *r, clock_us_t now)
{
	relay__set_now(r, now);
	streams_seal(&r->streams);
}

bool relay_stalled(const struct relay *r)
{
	return (r->room && !list_empty(&r->waiting)) || !list_empty(&r->stalled) ||
	       streams_wait(&r->streams);
}

/* What time alone changes for members, once a millisecond. */
static void members_tick(struct relay *r)
{
	if (r->lb_ms == r->now_ms)
		return;
	r->lb_ms = r->now_ms;
	lb_tick(r->cfg.lb, r->now);
	relay__probes_begin(r);
	r->room = true;
}

void relay_tick(struct relay *r, uint32_t budget, clock_us_t now)
{
	struct list due, *node;

	relay__set_now(r, now);
	members_tick(r);
	list_init(&due);
	wheel_run(&r->wheel, r->now_ms, budget, &due);
	while ((node = list_take(&due))) {
		struct wheel_node *n = container_of_list(node, struct wheel_node, link);

		if (n->kind == RELAY_FRONT)
			relay__front_expired(r, container_of_list(n, struct front, timer));
		else if (n->kind == RELAY_BACK)
			relay__back_expired(r, container_of_list(n, struct back, timer));
		else if (n->kind == RELAY_PROBE)
			relay__probe_expired(r, container_of_list(n, struct probe, timer));
		else
			relay__splice_expired(r, container_of_list(n, struct splice, timer));
	}
}

uint32_t relay_next_tick(const struct relay *r, uint32_t max, clock_us_t now)
{
	max = wheel_next(&r->wheel, (uint32_t)(now / CLOCK_US_PER_MS), max);
	return lb_next_tick(r->cfg.lb, max, now);
}

void relay_drain(struct relay *r, clock_us_t now)
{
	relay__set_now(r, now);
	r->draining = true;
	relay__unlisten(r);
	for (uint32_t i = 0; i < r->info.fronts_max; i++)
		if (r->fronts[i].end.conn)
			relay__front_drain(r, &r->fronts[i]);
	for (uint32_t i = 0; i < r->info.backs_max; i++)
		if (r->backs[i].end.conn && !r->backs[i].req)
			relay__back_close(r, &r->backs[i], false);
	for (uint32_t i = 0; i < RELAY_PROBES; i++)
		if (r->probes[i].end.conn)
			relay__probe_abort(r, &r->probes[i]);
}

int relay__scan(struct http_scan *s, const struct buf_chain *rx)
{
	struct buf_cursor at = buf_chain_seek(rx, s->seen);

	for (; at.seg; at = (struct buf_cursor){at.seg->next, 0}) {
		int rc = http_scan(s, rte_pktmbuf_mtod_offset(at.seg, const char *, at.off),
			at.seg->data_len - at.off);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/*
 * Count what belongs to the message, segment by segment, until `room` is filled. The last segment
 * is counted whole, for a boundary inside it would cost a slice: tx may exceed its budget by one.
 */
static uint32_t count_body(struct http_body *b, const struct buf_chain *rx, uint32_t room)
{
	struct buf_cursor at = buf_chain_seek(rx, 0);
	uint32_t n = 0;

	for (; at.seg && n < room; at = (struct buf_cursor){at.seg->next, 0}) {
		uint32_t piece = at.seg->data_len - at.off;
		uint32_t took = (uint32_t)http_body_feed(
			b, rte_pktmbuf_mtod_offset(at.seg, const char *, at.off), piece);

		n += took;
		if (took < piece)
			break;
	}
	return n;
}

int relay__flow_flush(struct relay *r, struct flow *w, struct stream *to)
{
	struct request *q = w->holds;
	struct buf_chain same = {0};
	uint32_t n = w->out.bytes;
	int rc;

	if (n == 0)
		return 0;
	if (q && q->hold.on)
		relay__hold_share(r, q, &same);
	rc = stream_send(&r->streams, to, &w->out);
	if (rc == 0) {
		w->given += n;
		if (same.bytes)
			relay__hold_add(r, q, &same);
	}
	buf_chain_free(&same);
	return rc == -ENOMEM ? rc : 0;
}

/* Whole segments of w->out, as many as there is room for; what is left begins with a segment. */
static uint32_t count_out(const struct buf_chain *out, uint32_t room)
{
	struct buf_cursor at = buf_chain_seek(out, 0);
	uint32_t n = 0;

	for (; at.seg && n < room; at = (struct buf_cursor){at.seg->next, 0})
		n += at.seg->data_len - at.off;
	return n;
}

/* As relay__flow_flush; a body that is given once more goes as there is room for it. */
static int flush_some(struct relay *r, struct flow *w, struct stream *to)
{
	struct buf_chain rest;
	uint32_t n;
	int rc;

	if (w->out.bytes <= OUT_WHOLE)
		return relay__flow_flush(r, w, to);
	n = count_out(&w->out, stream_room(&r->streams, to));
	if (n == 0)
		return 0;
	rest = w->out;
	buf_chain_init(&w->out);
	buf_chain_split(&w->out, &rest, n, NULL); /* between segments: succeeds */
	rc = relay__flow_flush(r, w, to);
	buf_chain_move(&w->out, &rest, NULL); /* likewise */
	return rc;
}

int relay__flow_move(
	struct relay *r, struct flow *w, struct stream *from, struct stream *to, uint32_t *moved)
{
	struct http_body before;
	int rc = flush_some(r, w, to);
	uint32_t n;

	*moved = 0;
	while (rc == 0 && w->out.bytes == 0 && w->body.progress == HTTP_BODY_MORE) {
		before = w->body;
		n = count_body(&w->body, stream_rx(from), stream_room(&r->streams, to));
		if (n == 0)
			break;
		rc = buf_chain_split(&w->out, stream_rx(from), n, r->cfg.pools->indirect);
		if (rc < 0) {
			w->body = before;
			break;
		}
		*moved += n;
		rc = relay__flow_flush(r, w, to);
	}
	if (*moved)
		stream_consumed(&r->streams, from);
	return rc;
}
