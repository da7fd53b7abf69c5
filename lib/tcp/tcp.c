/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance, its pools and lists, and what the owner of a connection calls. */
#include <errno.h>
#include <rte_malloc.h>

#include "tcp/tcp_priv.h"

#define EVICT_LOOKS 64

const struct stat_name tcp_stat_names[TCP_STAT_N] = {
#define X(name, text) {#name, text},
#include "tcp/tcp_stat.def"
#undef X
};

const char *tcp_state_name(uint8_t state)
{
	static const char *const names[TCP_STATE_N] = {"CLOSED", "SYN_SENT", "SYN_RCVD",
		"ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "LAST_ACK",
		"TIME_WAIT"};

	return state < TCP_STATE_N ? names[state] : "?";
}

static int pools_create(struct tcp *t)
{
	const struct tcp_config *cfg = &t->cfg;
	uint32_t entries = cfg->conns + cfg->syns + cfg->time_waits;

	t->conn = rte_zmalloc_socket("tcp_conn", (size_t)cfg->conns * sizeof(*t->conn),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	t->ext = rte_zmalloc_socket(
		"tcp_ext", (size_t)cfg->exts * sizeof(*t->ext), RTE_CACHE_LINE_SIZE, cfg->socket);
	if (!t->conn || !t->ext || tcp__flights_create(t) < 0 ||
		tcp__records_create(&t->syn, cfg->syns, cfg->socket) < 0 ||
		tcp__records_create(&t->tw, cfg->time_waits, cfg->socket) < 0 ||
		tcp__table_create(&t->table, entries, cfg->socket) < 0)
		return -ENOMEM;
	for (uint32_t i = cfg->conns; i > 0; i--) {
		t->conn[i - 1].dirty_next = t->conn_free;
		t->conn_free = i;
	}
	for (uint32_t i = cfg->exts; i > 0; i--) {
		t->ext[i - 1].free_next = t->ext_free;
		t->ext_free = i;
	}
	return 0;
}

struct tcp *tcp_create(
	const struct tcp_config *cfg, struct buf_pools *pools, clock_us_t now, struct err *e)
{
	struct tcp *t = rte_zmalloc_socket("tcp", sizeof(*t), RTE_CACHE_LINE_SIZE, cfg->socket);

	if (!t)
		goto fail;
	t->cfg = *cfg;
	t->pools = pools;
	tcp__clock_set(t, now);
	t->key_table = (struct siphash_key){{cfg->secret[0], cfg->secret[1]}};
	t->key_isn = (struct siphash_key){{cfg->secret[2], cfg->secret[3]}};
	for (uint64_t i = 0; i < 2; i++)
		t->key_ts.k[i] = siphash24(&t->key_isn, &i, sizeof(i));
	wheel_init(&t->wheel, t->now_ms);
	wheel_init(&t->pace, (uint32_t)(now / TCP_PACE_US));
	if (pools_create(t) == 0)
		return t;
fail:
	tcp_destroy(t);
	err_set(e, ENOMEM, "no memory for %u connections: raise [global] memory", cfg->conns);
	return NULL;
}

void tcp_destroy(struct tcp *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; t->conn && i < t->cfg.conns; i++) {
		buf_chain_free(&t->conn[i].rx);
		buf_chain_free(&t->conn[i].tx);
		if (t->conn[i].ext)
			tcp__reasm_free(&t->conn[i].ext->reasm);
	}
	rte_pktmbuf_free_bulk(t->ctl, t->n_ctl);
	tcp__table_destroy(&t->table);
	rte_free(t->tw.rec);
	rte_free(t->syn.rec);
	rte_free(t->run);
	rte_free(t->flight);
	rte_free(t->ext);
	rte_free(t->conn);
	rte_free(t);
}

/* Place of a in the table of local addresses, or -1. */
int tcp__local_index(const struct tcp *t, const struct ip_addr *a)
{
	for (uint32_t i = 0; i < t->n_local; i++)
		if (ip_addr_eq(&t->local[i], a))
			return (int)i;
	return -1;
}

/* The same, added when it is new; -ENOSPC. */
int tcp__local_add(struct tcp *t, const struct ip_addr *a)
{
	int i = tcp__local_index(t, a);

	if (i >= 0)
		return i;
	if (t->n_local == TCP_LOCALS)
		return -ENOSPC;
	t->local[t->n_local] = *a;
	return (int)t->n_local++;
}

int tcp_listen(struct tcp *t, const struct ip_endpoint *at, const struct tcp_path *path, void *user)
{
	int slot = -ENOSPC, rc;

	for (int i = TCP_LISTENERS - 1; i >= 0; i--) {
		const struct tcp_listener *l = &t->listener[i];

		if (!l->used)
			slot = i;
		else if (l->at.port == at->port && ip_addr_eq(&l->at.addr, &at->addr))
			return -EADDRINUSE;
	}
	if (slot < 0)
		return slot;
	rc = ip_is_unspecified(&at->addr) ? 0 : tcp__local_add(t, &at->addr);
	if (rc < 0)
		return rc;
	t->listener[slot] = (struct tcp_listener){*at, *path, user, true};
	return slot;
}

void tcp_unlisten(struct tcp *t, int listener)
{
	for (uint32_t i = 0; i < TCP_SYNACK_TRIES; i++) {
		struct tcp_record *r = tcp__fifo_head(&t->syn, &t->syn_fifo[i]), *next;

		for (; r; r = next) {
			next = r->next ? &t->syn.rec[r->next - 1] : NULL;
			if (r->listener == listener)
				tcp__syn_drop(t, r);
		}
	}
	t->listener[listener].used = false;
}

void tcp_listener_set(struct tcp *t, int listener, const struct tcp_path *path, void *user)
{
	t->listener[listener].path = *path;
	t->listener[listener].user = user;
}

void *tcp_listener_user(const struct tcp *t, int listener)
{
	return t->listener[listener].user;
}

/* A connection that nobody here waits for: its peer owes only its FIN, or has been silent to what
 * we sent last more than once. */
static bool may_evict(const struct tcp_conn *c)
{
	if (!(c->flags & TCP_F_RELEASED) || (c->flags & (TCP_F_READY | TCP_F_DIRTY)))
		return false; /* a place still in a list would not be free at once */
	return c->state == TCP_FIN_WAIT_2 ||
	       (c->state > TCP_CLOSE_WAIT && c->backoff >= (c->tx.bytes ? 2 : 1));
}

/*
 * All places are taken: one that only its peer keeps makes room, or those who never answer could
 * shut out everybody. Without an RST, which might cost the peer what it has not read yet; its FIN,
 * should it ever come, gets one. Few places are looked at, from where the last look ended.
 */
static void orphan_evict(struct tcp *t)
{
	for (uint32_t i = 0; !t->conn_free && i < EVICT_LOOKS; i++) {
		struct tcp_conn *c = &t->conn[t->evict_next++ % t->cfg.conns];

		if (!may_evict(c))
			continue;
		TCP_COUNT(t, orphans_evicted);
		tcp__conn_die(t, c, 0);
	}
}

/* A blank connection, or NULL. */
struct tcp_conn *tcp__conn_get(struct tcp *t)
{
	struct tcp_conn *c;

	if (!t->conn_free)
		orphan_evict(t);
	if (!t->conn_free)
		return NULL;
	c = &t->conn[t->conn_free - 1];
	t->conn_free = c->dirty_next;
	t->conns++;
	*c = (struct tcp_conn){.listener = 0xff, .gso_segs = 1};
	wheel_node_init(&c->timer, 0);
	return c;
}

/* Free c. A place still linked in the ready or output list is given back when its turn comes:
 * unlinking from the middle of a singly linked list would cost a walk. */
static void conn_put(struct tcp *t, struct tcp_conn *c)
{
	buf_chain_free(&c->rx);
	buf_chain_free(&c->tx);
	tcp__ext_drop(t, c);
	tcp__flight_drop(t, c);
	wheel_cancel(&t->wheel, &c->timer);
	c->state = TCP_CLOSED;
	c->owner = NULL;
	c->flags = (c->flags & (TCP_F_READY | TCP_F_DIRTY)) | TCP_F_RELEASED;
	if (c->flags & (TCP_F_READY | TCP_F_DIRTY))
		return;
	c->flags = 0;
	c->dirty_next = t->conn_free;
	t->conn_free = tcp__index(t, c) + 1;
	t->conns--;
}

/* Is c free but for its place in a list? Then that list just dropped it: try again to free. */
static bool put_again(struct tcp *t, struct tcp_conn *c)
{
	if (c->state != TCP_CLOSED || !(c->flags & TCP_F_RELEASED))
		return false;
	conn_put(t, c);
	return true;
}

void tcp__event(struct tcp *t, struct tcp_conn *c, uint8_t events)
{
	uint32_t me = tcp__index(t, c) + 1;

	if (c->flags & TCP_F_RELEASED)
		return;
	c->events |= events;
	if (c->flags & TCP_F_READY)
		return;
	c->flags |= TCP_F_READY;
	c->ready_next = 0;
	if (t->ready_tail)
		t->conn[t->ready_tail - 1].ready_next = me;
	else
		t->ready_head = me;
	t->ready_tail = me;
}

struct tcp_conn *tcp_ready_take(struct tcp *t, uint8_t *events)
{
	while (t->ready_head) {
		struct tcp_conn *c = &t->conn[t->ready_head - 1];

		t->ready_head = c->ready_next;
		if (!t->ready_head)
			t->ready_tail = 0;
		c->flags &= ~TCP_F_READY;
		if (put_again(t, c) || (c->flags & TCP_F_RELEASED))
			continue;
		*events = c->events;
		c->events = 0;
		return c;
	}
	return NULL;
}

struct tcp_conn *tcp_ready_next(struct tcp *t, const struct tcp_conn *c)
{
	uint32_t next = c ? c->ready_next : t->ready_head;

	return next ? &t->conn[next - 1] : NULL;
}

void tcp_notify(struct tcp *t, struct tcp_conn *c)
{
	tcp__event(t, c, TCP_EV_READABLE);
}

void tcp__dirty(struct tcp *t, struct tcp_conn *c)
{
	uint32_t me = tcp__index(t, c) + 1;

	if (c->flags & TCP_F_DIRTY)
		return;
	c->flags |= TCP_F_DIRTY;
	t->n_dirty++;
	c->dirty_next = 0;
	if (t->dirty_tail)
		t->conn[t->dirty_tail - 1].dirty_next = me;
	else
		t->dirty_head = me;
	t->dirty_tail = me;
}

/* Next connection with output owed, off the list; NULL: none. */
struct tcp_conn *tcp__dirty_take(struct tcp *t)
{
	while (t->dirty_head) {
		struct tcp_conn *c = &t->conn[t->dirty_head - 1];

		t->dirty_head = c->dirty_next;
		if (!t->dirty_head)
			t->dirty_tail = 0;
		c->flags &= ~TCP_F_DIRTY;
		t->n_dirty--;
		if (!put_again(t, c))
			return c;
	}
	return NULL;
}

bool tcp_output_pending(const struct tcp *t)
{
	return t->dirty_head || t->n_ctl;
}

/* c's side object, made when it has none; NULL when all are in use. */
struct tcp_ext *tcp__ext(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_ext *x;

	if (c->ext || !t->ext_free)
		return c->ext;
	x = &t->ext[t->ext_free - 1];
	t->ext_free = x->free_next;
	t->exts++;
	x->reasm.n = x->reasm.bytes = 0;
	x->has_fin = false;
	c->ext = x;
	return x;
}

void tcp__ext_drop(struct tcp *t, struct tcp_conn *c)
{
	if (!c->ext)
		return;
	tcp__reasm_free(&c->ext->reasm);
	c->ext->free_next = t->ext_free;
	t->ext_free = (uint32_t)(c->ext - t->ext) + 1;
	t->exts--;
	c->ext = NULL;
}

/* Initial sequence number: a 4 us clock plus a keyed hash of the connection (RFC 6528 3). */
uint32_t tcp__isn(const struct tcp *t, const struct tcp_key *k)
{
	return (uint32_t)siphash24(&t->key_isn, k, sizeof(*k)) + (uint32_t)(t->now_us / 4);
}

/* What is added to the millisecond clock in timestamps, per connection (RFC 7323 5.4). Called for
 * every segment, so a multiply of secret words instead of SipHash, with a key that guards nothing
 * else: it hides uptime, no more. */
uint32_t tcp__ts_offset(const struct tcp *t, const struct tcp_key *k)
{
	uint64_t ports = (uint64_t)k->local << 32 | (uint32_t)k->lport << 16 | k->rport;
	__uint128_t x = (__uint128_t)(k->remote.q[0] ^ t->key_ts.k[0] ^ ports) *
			(k->remote.q[1] ^ t->key_ts.k[1]);

	return (uint32_t)((uint64_t)x ^ (uint64_t)(x >> 64));
}

/* RFC 6928 2: min(10 MSS, max(2 MSS, 14600)) */
uint32_t tcp__initial_window(uint32_t mss)
{
	uint32_t some = 2 * mss > 14600 ? 2 * mss : 14600;

	return 10 * mss < some ? 10 * mss : some;
}

/* The sending side's first values, once the peer's MSS is in c->mss (0: none offered). */
void tcp__conn_start(struct tcp *t, struct tcp_conn *c, uint32_t iss, const struct tcp_path *path)
{
	bool v4 = ip_is_v4(&c->remote);
	uint16_t ours = tcp__mss_of(path, v4), offer = c->mss;

	if (offer == 0)
		offer = v4 ? TCP_MSS_V4 : TCP_MSS_V6;
	if (offer < TCP_MSS_FLOOR)
		offer = TCP_MSS_FLOOR;
	c->mss = c->mss_max = offer < ours ? offer : ours;
	if (path->gso_max > c->mss)
		c->gso_segs = (uint8_t)RTE_MIN(path->gso_max / c->mss, UINT8_MAX);
	c->snd_una = iss;
	c->snd_nxt = iss + 1;
	c->rcv_limit = t->cfg.rcv_limit;
	c->rcv_wscale = tcp__wscale(c->rcv_limit) & 15;
	c->rcv_ms = t->now_ms;
	c->rto = TCP_RTO_INIT_MS;
	c->cc = path->cc;
	c->cwnd = tcp__initial_window(c->mss);
	c->ssthresh = UINT32_MAX;
}

static int connect_check(struct tcp *t, const struct tcp_key *k, uint32_t *hash)
{
	uint32_t idx;

	*hash = tcp__hash(t, k);
	return tcp__table_find(t, k, *hash, &idx) == TCP_KIND_NONE ? 0 : -EADDRINUSE;
}

struct tcp_conn *tcp_connect(struct tcp *t, const struct ip_endpoint *local,
	const struct ip_endpoint *remote, const struct tcp_path *path, void *owner, int *error)
{
	int at = tcp__local_add(t, &local->addr);
	struct tcp_key k = {remote->addr, (uint16_t)at, local->port, remote->port, 0};
	struct tcp_conn *c;
	uint32_t hash;

	*error = at < 0 ? ENOSPC : -connect_check(t, &k, &hash);
	if (*error)
		return NULL;
	c = tcp__conn_get(t);
	if (!c) {
		*error = ENOMEM;
		return NULL;
	}
	c->remote = k.remote;
	c->local = k.local;
	c->lport = k.lport;
	c->rport = k.rport;
	c->owner = owner;
	c->mss = UINT16_MAX;
	tcp__conn_start(t, c, tcp__isn(t, &k), path);
	c->snd_nxt = c->snd_una; /* tcp_output sends the SYN */
	c->state = TCP_SYN_SENT;
	if (path->ecn)
		c->flags |= TCP_F_ECN; /* offered; agreed on with the SYN-ACK */
	tcp__table_insert(t, hash, TCP_KIND_CONN, tcp__index(t, c));
	TCP_COUNT(t, opens_active);
	tcp__dirty(t, c);
	return c;
}

static bool may_send(const struct tcp_conn *c)
{
	return (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD ||
		       c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT) &&
	       !(c->flags & TCP_F_FIN_QUEUED);
}

int tcp_send(struct tcp *t, struct tcp_conn *c, struct buf_chain *chain)
{
	struct rte_mbuf *tail = c->tx.tail;

	if (!may_send(c))
		return -EPIPE;
	if (chain->bytes == 0)
		return 0;
	if (buf_chain_move(&c->tx, chain, t->pools->indirect) < 0)
		return -ENOMEM;
	if (!c->nxt_seg) {
		/* all that was there has been sent: the new bytes come next */
		c->nxt_seg = tail ? tail->next : c->tx.head;
		c->nxt_off = tail ? 0 : c->tx.head_off;
	}
	tcp__dirty(t, c);
	return 0;
}

void tcp_consumed(struct tcp *t, struct tcp_conn *c)
{
	uint32_t gain, worth = 2u * c->mss;

	if (c->state < TCP_SYN_RCVD || c->state == TCP_TIME_WAIT || (c->flags & TCP_F_FIN_RCVD))
		return;
	gain = (uint32_t)seq_diff(tcp__rcv_edge(c), c->rcv_adv);
	if (worth > c->rcv_limit / 2)
		worth = c->rcv_limit / 2;
	/* RFC 9293 3.8.6.2.2: no update before the edge can move by something worth while */
	if ((int32_t)gain > 0 && gain >= worth) {
		c->flags |= TCP_F_ACK_NOW;
		tcp__dirty(t, c);
	}
}

void tcp_shutdown(struct tcp *t, struct tcp_conn *c)
{
	if (!may_send(c))
		return;
	c->flags |= TCP_F_FIN_QUEUED;
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_FIN_WAIT_1;
	else if (c->state == TCP_CLOSE_WAIT)
		c->state = TCP_LAST_ACK;
	tcp__dirty(t, c);
}

/* The connection is over: off the table and the wheel, and its owner is told. */
void tcp__conn_die(struct tcp *t, struct tcp_conn *c, int error)
{
	struct tcp_key k;

	if (c->state == TCP_CLOSED)
		return;
	tcp__conn_key(c, &k);
	tcp__table_remove(t, tcp__hash(t, &k), TCP_KIND_CONN, tcp__index(t, c));
	wheel_cancel(&t->wheel, &c->timer);
	tcp__ext_drop(t, c);
	tcp__flight_drop(t, c);
	t->orphans -= tcp__is_orphan(c);
	c->state = TCP_CLOSED;
	c->error = (uint8_t)error;
	if (c->flags & TCP_F_RELEASED)
		conn_put(t, c);
	else
		tcp__event(t, c, TCP_EV_DEAD);
}

/* The owner gives c up. */
static void let_go(struct tcp *t, struct tcp_conn *c)
{
	c->owner = NULL;
	c->flags |= TCP_F_RELEASED;
	t->orphans += tcp__is_orphan(c);
}

void tcp_abort(struct tcp *t, struct tcp_conn *c)
{
	if (c->state > TCP_SYN_SENT)
		tcp__rst_conn(t, c);
	let_go(t, c);
	if (c->state == TCP_CLOSED)
		conn_put(t, c);
	else
		tcp__conn_die(t, c, 0);
}

bool tcp_cut(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_CLOSED)
		return false;
	if (c->state != TCP_SYN_SENT)
		tcp__rst_conn(t, c);
	tcp__conn_die(t, c, ECONNABORTED);
	return true;
}

void tcp_release(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_CLOSED || c->state == TCP_SYN_SENT || c->rx.bytes) {
		tcp_abort(t, c);
		return;
	}
	tcp_shutdown(t, c);
	let_go(t, c);
	c->rcv_ms = t->now_ms;
	tcp__timer_arm(t, c);
}

void tcp_conn_local(const struct tcp *t, const struct tcp_conn *c, struct ip_endpoint *out)
{
	*out = (struct ip_endpoint){t->local[c->local], c->lport};
}

void tcp_conn_remote(const struct tcp_conn *c, struct ip_endpoint *out)
{
	*out = (struct ip_endpoint){c->remote, c->rport};
}

void tcp_info(const struct tcp *t, struct tcp_info *out)
{
	*out = (struct tcp_info){t->conns, t->syn.used, t->tw.used, t->exts, t->cfg.conns,
		t->cfg.syns, t->cfg.time_waits, t->cfg.exts, t->orphans};
}

const uint64_t *tcp_stats(const struct tcp *t)
{
	return t->stat;
}

const struct tcp_conn *tcp_conn_at(const struct tcp *t, uint32_t i)
{
	const struct tcp_conn *c = &t->conn[i];

	return c->state == TCP_CLOSED ? NULL : c;
}
