/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

struct lab lab;

/* ---- what lib/net and lib/port would say ---- */

int net_path(const struct net *n, const struct ip_addr *dst, struct net_path *out)
{
	for (unsigned i = 0; i < LAB_NODES; i++)
		if (lab.unreachable[i] && ip_addr_eq(dst, &lab.member[i].endpoint.addr))
			return -EHOSTUNREACH;
	*out = (struct net_path){.src = lab.back_source, .mtu = 1500};
	return 0;
}

int net_addr_port(const struct net *n, const struct ip_addr *a)
{
	return ip_addr_eq(a, &lab.listener.addr[0].addr) ? 0 : -1;
}

const struct port_caps *port_caps(const struct port *p)
{
	static const struct port_caps none;

	return &none;
}

bool port_rss_known(const struct port *p)
{
	return lab.rss;
}

uint16_t port_rss_queue(
	const struct port *p, const struct ip_endpoint *remote, const struct ip_endpoint *local)
{
	return local->port & 1;
}

/* ---- the wire ---- */

static bool swallowed(const struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)(uintptr_t)m);

	for (unsigned i = 0; i < LAB_NODES; i++)
		if (ip_addr_eq(&meta->dst, &lab.member[i].endpoint.addr))
			return lab.black_hole[i] || (lab.lose_data && m->next);
	return false;
}

/* A copy in the receiver's own buffers, as a port would make it. NULL: lost. */
static struct rte_mbuf *carry(const struct rte_mbuf *m, struct buf_pools *pools)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(pools->data);

	if (!copy)
		return NULL;
	copy->data_len = (uint16_t)m->pkt_len;
	copy->pkt_len = m->pkt_len;
	for (char *to = rte_pktmbuf_mtod(copy, char *); m; m = m->next) {
		memcpy(to, rte_pktmbuf_mtod(m, const char *), m->data_len);
		to += m->data_len;
	}
	return copy;
}

static void transmit(struct tcp *from, struct lab_wire *w)
{
	struct rte_mbuf *pkt[32];
	uint16_t n;

	while ((n = tcp_output(from, pkt, RTE_DIM(pkt), lab.now)) > 0) {
		for (uint16_t i = 0; i < n; i++) {
			if (swallowed(pkt[i]) || w->n == LAB_WIRE)
				rte_pktmbuf_free(pkt[i]);
			else
				w->pkt[w->n++] = pkt[i];
		}
	}
}

static void deliver(struct lab_wire *w, struct tcp *to, struct buf_pools *pools)
{
	if (w->hold)
		return;
	for (unsigned i = 0; i < w->n; i++) {
		bool lost = lab.loss && rand_below(&lab.rnd, 1000) < lab.loss;
		struct rte_mbuf *m = lost ? NULL : carry(w->pkt[i], pools);

		if (m) {
			*pkt_meta(m) = *pkt_meta(w->pkt[i]);
			tcp_input(to, &m, 1, lab.now);
		}
		rte_pktmbuf_free(w->pkt[i]);
	}
	w->n = 0;
}

/* ---- peers ---- */

static struct peer *peer_new(struct tcp_conn *c, int node)
{
	struct peer *p = &lab.peer[lab.n_peers++];

	CU_ASSERT_TRUE_FATAL(lab.n_peers <= LAB_PEERS);
	*p = (struct peer){.conn = c, .node = node};
	if (c)
		c->owner = p;
	if (node < 0 ? lab.front_tls && !lab.plain_clients : lab.back_tls && !lab.plain_node[node])
		lab_tls_peer(p);
	return p;
}

static void peer_read(struct peer *p)
{
	uint32_t n = p->conn->rx.bytes;

	if (p->tls) {
		lab_tls_step(p);
		return;
	}
	if (n == 0 || p->no_read)
		return;
	if (p->n + n + 1 > p->cap) {
		p->cap = (p->n + n + 1) * 2;
		p->in = realloc(p->in, p->cap);
	}
	buf_chain_read(&p->conn->rx, 0, n, p->in + p->n);
	p->n += n;
	p->in[p->n] = 0;
	buf_chain_consume(&p->conn->rx, n);
	tcp_consumed(lab.out, p->conn);
}

static void peers_step(void)
{
	struct tcp_conn *c;
	uint8_t ev;

	while ((c = tcp_ready_take(lab.out, &ev))) {
		struct peer *p = c->owner;

		if (ev & TCP_EV_ACCEPT) {
			p = peer_new(c, (int)(intptr_t)tcp_listener_user(lab.out, c->listener));
			p->lport = c->rport;
		}
		p->up |= (ev & (TCP_EV_ESTABLISHED | TCP_EV_ACCEPT)) != 0;
		p->fin |= (ev & TCP_EV_FIN) != 0;
		p->eof |= p->fin && !p->tls;
		if (ev & TCP_EV_DEAD) {
			peer_read(p);
			p->dead = true;
			p->error = c->error;
			p->conn = NULL;
			tcp_release(lab.out, c);
		}
	}
	for (unsigned i = 0; i < lab.n_peers; i++)
		if (lab.peer[i].conn)
			peer_read(&lab.peer[i]);
}

void lab_run(unsigned ms)
{
	while (ms-- > 0) {
		lab.now += CLOCK_US_PER_MS;
		deliver(&lab.to_tcp, lab.tcp, &lab.pools);
		tcp_tick(lab.tcp, UINT32_MAX, lab.now);
		relay_tick(lab.relay, UINT32_MAX, lab.now);
		if (lab.crew)
			tls_crew_run(lab.crew, UINT32_MAX);
		relay_open(lab.relay, lab.now);
		relay_step(lab.relay, lab.now);
		relay_seal(lab.relay, lab.now);
		transmit(lab.tcp, &lab.to_out);
		deliver(&lab.to_out, lab.out, &lab.out_pools);
		tcp_tick(lab.out, UINT32_MAX, lab.now);
		peers_step();
		transmit(lab.out, &lab.to_tcp);
	}
}

struct peer *lab_client(void)
{
	const struct tcp_path path = {.mtu = 1500};
	struct ip_endpoint local = {lab.client, lab.client_port++};
	struct peer *p = peer_new(NULL, -1);
	int error;

	p->conn = tcp_connect(lab.out, &local, &lab.listener.addr[0], &path, p, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->conn);
	lab_run(p->tls ? 10 : 5);
	return p;
}

struct peer *lab_accepted(unsigned node)
{
	lab_run(lab.back_tls ? 10 : 6);
	for (unsigned i = 0; i < lab.n_peers; i++) {
		struct peer *p = &lab.peer[i];

		if (p->node == (int)node && p->up) {
			p->up = false;
			return p;
		}
	}
	return NULL;
}

struct peer *lab_node(unsigned node)
{
	struct peer *n = lab_accepted(node);

	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	return n;
}

void peer_bytes(struct peer *p, const void *data, size_t n)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->conn);
	if (p->tls)
		lab_tls_write(p, data, n);
	else
		peer_raw(p, data, n);
}

void peer_raw(struct peer *p, const void *data, size_t n)
{
	struct buf_chain c = {0};

	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&c, data, (uint32_t)n, lab.out_pools.data), 0);
	CU_ASSERT_EQUAL_FATAL(tcp_send(lab.out, p->conn, &c), 0);
}

void peer_send(struct peer *p, const char *text)
{
	peer_bytes(p, text, strlen(text));
}

void peer_fin(struct peer *p)
{
	if (p->tls)
		lab_tls_fin(p);
	else
		peer_torn(p);
}

void peer_torn(struct peer *p)
{
	tcp_shutdown(lab.out, p->conn);
}

void peer_reset(struct peer *p)
{
	tcp_abort(lab.out, p->conn);
	p->conn = NULL;
}

void peer_release(struct peer *p)
{
	tcp_release(lab.out, p->conn);
	p->conn = NULL;
}

bool peer_has(const struct peer *p, const char *part)
{
	return p->n && strstr(p->in, part);
}

void peer_clear(struct peer *p)
{
	p->n = 0;
}

bool peer_got(struct peer *p, const char *text)
{
	bool same = p->n == strlen(text) && memcmp(p->in ? p->in : "", text, p->n) == 0;

	if (!same)
		printf("\n  got: %.*s\n want: %s\n", (int)p->n, p->in ? p->in : "", text);
	peer_clear(p);
	return same;
}

/* ---- the appliance ---- */

void lab_init(unsigned nodes)
{
	static const char *const names[LAB_NODES] = {"a", "b", "c", "d"};
	const char *tls = getenv("UNIT_TLS") ?: "";
	char text[32];

	memset(&lab, 0, sizeof(lab));
	lab.front_tls = strchr(tls, 'f');
	lab.back_tls = strchr(tls, 'b');
	for (unsigned i = 0; i < nodes; i++) {
		lab.member[i] = (struct conf_member){.name = names[i], .weight = 1};
		snprintf(text, sizeof(text), "10.1.0.%u:9000", i + 1);
		ip_endpoint_parse(text, &lab.member[i].endpoint);
	}
	lab.pool = (struct conf_pool){.name = "p",
		.balance = CONF_BALANCE_ROUND_ROBIN,
		.members = lab.member,
		.n_members = nodes,
		.connect_timeout_ms = 500,
		.response_timeout_ms = 3000,
		.retries = 2,
		.idle_connections = 4,
		.idle_timeout_ms = 1000,
		.hold_ms = 1500,
		.panic = 0,
		.retry_budget = 100,
		.retry_floor = 1000,
		.replay_body = 1 << 20,
		.resume = true,
		.complete_timeout_ms = 9000,
		.sni = "node.test"};
	lab.listener = (struct conf_listener){.name = "s3",
		.n_addr = 1,
		.head_limit = 8192,
		.head_timeout_ms = 400,
		.idle_timeout_ms = 5000,
		.body_timeout_ms = 2000,
		.handshake_timeout_ms = 700,
		.connections = 32};
	ip_endpoint_parse("10.0.0.10:80", &lab.listener.addr[0]);
	lab.port = (struct conf_port){.name = "front", .mtu = 1500};
	lab.conf = (struct conf){.global = {.replay_memory = 2 << 20},
		.tcp = {.receive_buffer = 65536, .send_buffer = 65536},
		.ports = &lab.port,
		.n_ports = 1,
		.listeners = &lab.listener,
		.n_listeners = 1,
		.pools = &lab.pool,
		.n_pools = 1};
	lab.requests = lab.backs = 16;
	lab.n_workers = 1;
	lab.tls_conns = lab.handshakes = lab.client_handshakes = 64;
	ip_addr_parse("10.9.0.1", &lab.client);
	ip_addr_parse("10.1.0.100", &lab.back_source);
	lab.client_port = 20000;
	lab.now = 1000000;
}

void lab_v6(void)
{
	char text[32];

	for (unsigned i = 0; i < lab.pool.n_members; i++) {
		snprintf(text, sizeof(text), "[2001:db8:1::%u]:9000", i + 1);
		ip_endpoint_parse(text, &lab.member[i].endpoint);
	}
	ip_endpoint_parse("[2001:db8::10]:80", &lab.listener.addr[0]);
	ip_addr_parse("2001:db8:9::1", &lab.client);
	ip_addr_parse("2001:db8:1::100", &lab.back_source);
}

static struct tcp *stack(struct buf_pools *pools, uint64_t secret)
{
	const struct tcp_config cfg = {.conns = 128,
		.syns = 64,
		.time_waits = 256,
		.exts = 64,
		.rcv_limit = 65536,
		.snd_limit = 65536,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 1000,
		.rto_min_ms = 200,
		.secret = {secret, 2, 3, 4}};
	struct err e;

	return tcp_create(&cfg, pools, lab.now, &e);
}

void lab_start(void)
{
	static const uint64_t unix_time = 3600;
	static struct port *no_port[1];
	const struct tcp_path path = {.mtu = 1500};
	struct relay_config cfg = {.conf = &lab.conf,
		.pools = &lab.pools,
		.ports = no_port,
		.rnd = &lab.rnd,
		.worker = lab.worker,
		.n_workers = lab.n_workers,
		.requests = lab.requests,
		.backs = lab.backs};
	struct err e;

	unit_eal();
	rand_seed(&lab.rnd, 7);
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&lab.pools, "px", 2048, 0), 0);
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&lab.out_pools, "out", 8192, 0), 0);
	cfg.unix_time = &unix_time;
	cfg.tcp = lab.tcp = stack(&lab.pools, 11);
	lab.out = stack(&lab.out_pools, 22);
	cfg.lb = lab.lb = lb_create(
		&(struct lb_config){.conf = &lab.conf, .rnd = &lab.rnd, .n_workers = 1}, &e);
	CU_ASSERT_TRUE_FATAL(lab.tcp && lab.out && lab.lb);
	if (lab.front_tls || lab.back_tls)
		lab_tls_start(&cfg);
	lab.relay = relay_create(&cfg, lab.now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.relay);
	for (unsigned i = 0; i < lab.pool.n_members; i++)
		if (lab.listening[i] == 0)
			lab.listening[i] = tcp_listen(
				lab.out, &lab.member[i].endpoint, &path, (void *)(intptr_t)i);
}

struct peer *lab_up(unsigned nodes)
{
	lab_init(nodes);
	lab_start();
	return lab_client();
}

/* mbufs that the appliance cannot have */
struct hoard {
	struct rte_mbuf *m[8192];
	unsigned n;
};

static struct hoard data, indirect;

static void hoard(struct hoard *h, struct rte_mempool *pool, bool on)
{
	if (!on) {
		rte_pktmbuf_free_bulk(h->m, h->n);
		h->n = 0;
		return;
	}
	while ((h->m[h->n] = rte_pktmbuf_alloc(pool)))
		h->n++;
}

void lab_starve(bool on)
{
	hoard(&data, lab.pools.data, on);
}

void lab_starve_indirect(bool on)
{
	hoard(&indirect, lab.pools.indirect, on);
}

void lab_give(unsigned n)
{
	data.n -= n;
	rte_pktmbuf_free_bulk(data.m + data.n, n);
}

void lab_stop(void)
{
	struct relay_info info;
	struct tcp_info tcp;

	lab_starve(false);
	lab_starve_indirect(false);
	lab.to_out.hold = lab.to_tcp.hold = false;
	for (unsigned i = 0; i < lab.n_peers; i++) {
		if (lab.peer[i].conn)
			peer_reset(&lab.peer[i]);
		free(lab.peer[i].in);
	}
	lab_run(40);
	lab_run(lab.pool.connect_timeout_ms * 3 + lab.pool.idle_timeout_ms + 8000);
	relay_info(lab.relay, &info);
	CU_ASSERT_EQUAL(info.fronts, 0);
	CU_ASSERT_EQUAL(info.fronts_idle, 0);
	CU_ASSERT_EQUAL(info.backs, 0);
	CU_ASSERT_EQUAL(info.backs_idle, 0);
	CU_ASSERT_EQUAL(info.requests, 0);
	CU_ASSERT_EQUAL(info.splices, 0);
	CU_ASSERT_EQUAL(info.splice_backs, 0);
	CU_ASSERT_FALSE(relay_stalled(lab.relay));
	if (!lab.pool.check) /* no timer is left */
		CU_ASSERT_EQUAL(relay_next_tick(lab.relay, 12345, lab.now), 12345);
	for (unsigned i = 0; i < lab.pool.n_members; i++) {
		CU_ASSERT_EQUAL(lb_member(lab.lb, 0, i)->active, 0);
		CU_ASSERT_EQUAL(lb_member(lab.lb, 0, i)->idle, 0);
	}
	tcp_info(lab.tcp, &tcp);
	CU_ASSERT_EQUAL(tcp.conns, 0);
	UNIT_NO_LEAK(&lab.pools);
	for (unsigned i = 0; i < lab.n_peers; i++)
		if (lab.peer[i].tls)
			lab_tls_free(&lab.peer[i]);
	relay_destroy(lab.relay);
	if (lab.tls)
		lab_tls_stop();
	lb_destroy(lab.lb);
	tcp_destroy(lab.tcp);
	tcp_destroy(lab.out);
	rte_pktmbuf_free_bulk(lab.to_out.pkt, lab.to_out.n);
	rte_pktmbuf_free_bulk(lab.to_tcp.pkt, lab.to_tcp.n);
	UNIT_NO_LEAK(&lab.pools);
	UNIT_NO_LEAK(&lab.out_pools);
	buf_pools_destroy(&lab.pools);
	buf_pools_destroy(&lab.out_pools);
}

uint64_t lab_stat(enum relay_stat s)
{
	return relay_stat_block(lab.relay, 0).values[s] + relay_stat_rest(lab.relay).values[s];
}

const struct lb_member *lab_member(unsigned i)
{
	return lb_member(lab.lb, 0, i);
}

struct peer *lab_ask(struct peer *c, unsigned node, const char *text)
{
	peer_send(c, text);
	return lab_node(node);
}

void lab_answer(struct peer *n, struct peer *c, const char *text)
{
	peer_send(n, text);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c, text));
}

void lab_one_get_on(struct peer *c, struct peer *n)
{
	peer_send(c, GET);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_answer(n, c, OK_5);
}

struct peer *lab_one_get(struct peer *c, unsigned node)
{
	struct peer *n = lab_ask(c, node, GET);

	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_answer(n, c, OK_5);
	return n;
}

struct relay_info lab_info(void)
{
	struct relay_info i;

	relay_info(lab.relay, &i);
	return i;
}

void pattern_fill(char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((i * 2654435761u + seed) >> 13);
}
