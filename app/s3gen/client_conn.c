/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's connection:
 *
 *	        tcp_connect         established         an operation is due
 *	CLOSED -------------> CONNECT ----------> IDLE ----------------------> HEAD
 *	 ^  ^                    |                ^  ^                          |
 *	 |  `------ fails -------'     pause over |  | more exchanges,          | whole
 *	 |   (tried after a pause)                |  | or operation over        | head
 *	 |                                      THINK|                          |
 *	 |                                        ^  |                          |
 *	 |                                        `--+---------- BODY <---------'
 *	 `---- churn, FIN, failure: of IDLE, THINK, HEAD, BODY ---'
 *
 *	CLOSED	no tcp; on group->closed, or its timer runs until it may try again
 *	CONNECT	our SYN is out; counted in group->connecting
 *	IDLE	on group->idle; nothing is owed to anybody; rx is empty
 *	THINK	as IDLE, but not on the list: its timer says when
 *	HEAD	a request is being sent or was; its answer's head is not whole
 *	BODY	the answer's body comes in
 *	HEAD and BODY are counted in group->under_way. In them and in CONNECT the timer fires at
 *	c->deadline at the latest; it is moved only when it fires early.
 */
#include <errno.h>

#include "base/assert.h"
#include "client_priv.h"

#define TUPLES     64 /* ports tried for one connection */
#define RETRY_US   100000
#define PORT_LOW   1024u
#define PORT_COUNT (65536u - PORT_LOW)
#define GSO_MAX    61440

/* ---- timers ---- */

static clock_us_t now_of(const struct conn *c)
{
	return c->group->all->g->now;
}

static void arm_at(struct conn *c, clock_us_t at)
{
	c->deadline = at;
	wheel_arm(&c->group->all->wheel, &c->timer, (uint32_t)(at >> CLIENT__TICK) + 1);
}

void client__progress(struct conn *c)
{
	c->deadline = now_of(c) + (clock_us_t)c->group->conf->timeout_ms * CLOCK_US_PER_MS;
	if (!wheel_armed(&c->timer))
		arm_at(c, c->deadline);
}

/* ---- where connections begin and end ---- */

static struct tcp_path path_to(const struct gen *g, const struct net_path *p)
{
	const struct conf_tcp *t = &g->conf->tcp;

	return (struct tcp_path){.mtu = p->mtu,
		.gso_max = port_caps(g->port[p->port])->tso ? GSO_MAX : 0,
		.cc = (uint8_t)tcp_cc_find(conf_congestion_name(t->congestion)),
		.ecn = t->ecn == CONF_ECN_YES || t->congestion == CONF_CC_DCTCP};
}

/* The next source: ports first, then our other addresses of the family. */
static struct ip_endpoint source_next(struct group *gr, const struct net_path *p)
{
	const struct conf_port *port = &gr->all->g->conf->ports[p->port];
	const struct ip_addr *same[CONF_PORT_ADDRS_MAX];
	uint32_t i = gr->serial++;
	unsigned n = 0;

	for (unsigned a = 0; a < port->n_addr; a++)
		if (ip_is_v4(&port->addr[a].addr) == ip_is_v4(&p->src))
			same[n++] = &port->addr[a].addr;
	return (struct ip_endpoint){
		*same[i / PORT_COUNT % n], (uint16_t)(PORT_LOW + i % PORT_COUNT)};
}

static struct tcp_conn *connect_from_any(struct conn *c, const struct ip_endpoint *to)
{
	struct gen *g = c->group->all->g;
	struct tcp_conn *tcp = NULL;
	struct net_path path;
	struct tcp_path how;
	int error = EADDRINUSE;

	if (net_path(g->net, &to->addr, &path) < 0)
		return NULL;
	how = path_to(g, &path);
	for (unsigned i = 0; i < TUPLES && !tcp && error == EADDRINUSE; i++) {
		struct ip_endpoint from = source_next(c->group, &path);

		tcp = tcp_connect(g->tcp, &from, to, &how, c, &error);
	}
	return tcp;
}

/* Wait before the next try: what answers at once must not be asked at once, for ever. */
static void retry_later(struct conn *c)
{
	list_del(&c->link);
	arm_at(c, now_of(c) + RETRY_US);
}

static bool begin(struct conn *c)
{
	const struct group *gr = c->group;
	struct gen *g = gr->all->g;

	c->side = (struct side){.role = GEN_CLIENT};
	c->side.stream.conn = connect_from_any(c, &gr->conf->target[c->target]);
	if (c->side.stream.conn && stream_connect(&g->streams, &c->side.stream, gr->tls,
					   gr->conf->sni ? gr->conf->sni : gr->addr[c->target]) < 0)
		stream_abort(&g->streams, &c->side.stream);
	return c->side.stream.conn;
}

void client__open(struct conn *c)
{
	list_del(&c->link);
	if (!begin(c)) {
		report_error(
			c->group->all->g->report, c->group->index, REPORT_CONNECT, GEN_E_connect);
		retry_later(c);
		return;
	}
	c->state = CONN_CONNECT;
	c->asked = now_of(c);
	c->operations = 0;
	c->group->connecting++;
	client__progress(c);
}

static void conn_leave(struct conn *c)
{
	struct group *gr = c->group;

	if (c->state == CONN_CONNECT)
		gr->connecting--;
	else
		gr->open--;
	if (c->state == CONN_HEAD || c->state == CONN_BODY)
		gr->under_way--;
	c->state = CONN_CLOSED;
	list_del(&c->link);
	list_add_tail(&gr->closed, &c->link);
}

/* In order. */
static void conn_release(struct conn *c)
{
	stream_release(&c->group->all->g->streams, &c->side.stream);
	conn_leave(c);
}

void client__abort(struct conn *c)
{
	stream_abort(&c->group->all->g->streams, &c->side.stream);
	conn_leave(c);
}

static void connect_failed(struct conn *c, enum gen_error why)
{
	report_error(c->group->all->g->report, c->group->index, REPORT_CONNECT, why);
	retry_later(c);
}

/* ---- operations ---- */

static void wait_for_buffers(struct conn *c)
{
	list_del(&c->link);
	list_add_tail(&c->group->all->hungry, &c->link);
}

/* The head into an empty chain. */
static bool head_write(struct conn *c, struct buf_chain *out)
{
	const struct site *s = &c->group->site[c->target];
	char text[EXCHANGE_HEAD_MAX];
	int n = exchange_head(s, &c->x, text, sizeof(text));

	ASSERT(n > 0, "names and keys are bounded, and so is a head");
	if (buf_chain_write(out, text, (uint32_t)n, s->pools->data) < 0)
		return false;
	c->owes_head = false;
	return true;
}

bool client__pump(struct conn *c)
{
	struct gen *g = c->group->all->g;
	struct buf_chain out = {0};
	uint32_t room = stream_room(&g->streams, &c->side.stream);
	bool fed = !c->owes_head || head_write(c, &out);

	while (fed && !c->x.ended && !c->waits && out.bytes < room)
		fed = exchange_feed(&c->group->site[c->target], &c->x, &out) == 0;
	if (out.bytes && stream_send(&g->streams, &c->side.stream, &out) < 0) {
		buf_chain_free(&out);
		client__fail(c, GEN_E_reset);
		return false;
	}
	if (!fed)
		wait_for_buffers(c);
	return true;
}

/* Begin the exchange c->x.kind. */
static void ask(struct conn *c)
{
	exchange_begin(&c->group->site[c->target], &c->x);
	c->state = CONN_HEAD;
	c->asked = now_of(c);
	c->first_seen = false;
	c->owes_head = true;
	c->waits = exchange_expects(&c->group->site[c->target], &c->x);
	c->verdict = -1;
	client__progress(c);
	client__pump(c);
}

static void operation_begin(struct conn *c, clock_us_t intended)
{
	list_del(&c->link);
	c->group->under_way++;
	c->operations++;
	c->intended = intended;
	c->in = c->x.sent = 0;
	ask(c);
}

void client__operation(struct conn *c, clock_us_t intended)
{
	struct group *gr = c->group;

	workload_next(gr->workload, &gr->all->g->rnd, &c->walk, &c->x.ask);
	c->x.prepared = false;
	c->x.kind = exchange_first(&c->x);
	operation_begin(c, intended);
}

void client__prepare(struct conn *c)
{
	struct group *gr = c->group;
	uint32_t i = gr->n_again ? gr->again[--gr->n_again] : gr->prepare_next++;

	gr->preparing++;
	c->x.prepared = true;
	workload_prepare(gr->workload, i ? i - 1 : 0, &c->x.ask);
	c->x.kind = i ? X_PUT : X_BUCKET;
	operation_begin(c, now_of(c));
}

/* Objects wait for their bucket. */
bool client__prepare_due(const struct group *gr)
{
	if (gr->n_again == 0 && gr->prepare_next == gr->prepare_end)
		return false;
	return gr->prepare_next != 1 || gr->n_again || gr->preparing == 0;
}

static void prepare_over(struct conn *c, int why)
{
	struct group *gr = c->group;

	gr->preparing--;
	if (why < 0)
		return;
	gr->last_failure = (enum gen_error)why;
	gr->failures++;
	if (gr->n_again < PREPARE_FAILURES)
		gr->again[gr->n_again++] = c->x.kind == X_BUCKET ? 0 : c->x.ask.key + 1;
}

static void report(struct conn *c)
{
	const struct group *gr = c->group;
	struct report_op op = {.group = gr->index,
		.op = c->x.ask.op,
		.latency = now_of(c) - c->intended,
		.first = c->first - c->asked,
		.in = c->in,
		.out = c->x.sent};

	report_done(gr->all->g->report, &op);
}

/* The operation is over: -1 well, else an enum gen_error. */
static void operation_over(struct conn *c, int why)
{
	struct group *gr = c->group;

	if (c->x.prepared)
		prepare_over(c, why);
	else if (why < 0)
		report(c);
	else
		report_error(gr->all->g->report, gr->index, c->x.ask.op, (enum gen_error)why);
}

void client__fail(struct conn *c, enum gen_error why)
{
	operation_over(c, (int)why);
	client__abort(c);
	/* who resets at once, or lets us wait, is not asked at once */
	if (why == GEN_E_reset || why == GEN_E_closed)
		retry_later(c);
}

/* Is the connection of any more use? */
static bool reusable(const struct conn *c)
{
	const struct gen_clients *conf = c->group->conf;

	return c->persists && c->x.ended && !(conf->churn && c->operations >= conf->churn);
}

static void rest(struct conn *c)
{
	struct group *gr = c->group;

	gr->under_way--;
	c->state = CONN_IDLE;
	list_del(&c->link);
	if (gr->think && !c->x.prepared) {
		c->state = CONN_THINK;
		arm_at(c, now_of(c) + fault_time(gr->think, &gr->all->g->rnd));
	} else {
		list_add_tail(&gr->idle, &c->link);
	}
}

/* The exchange went well. False: it was the operation's last. */
static bool go_on(struct conn *c)
{
	enum exchange_kind next = exchange_next(&c->x);

	if (next == X_DONE)
		return false;
	c->x.kind = next;
	if (c->persists && c->x.ended)
		ask(c);
	else
		client__fail(c, GEN_E_closed);
	return true;
}

void client__answered(struct conn *c)
{
	int why = c->verdict < 0 ? exchange_judge_text(&c->x) : c->verdict;

	if (why < 0 && go_on(c))
		return;
	operation_over(c, why);
	if (reusable(c))
		rest(c);
	else if (c->x.ended)
		conn_release(c);
	else
		client__abort(c);
}

/* ---- news ---- */

static void established(struct conn *c)
{
	struct group *gr = c->group;
	uint64_t us = now_of(c) - c->asked;
	struct report_op op = {
		.group = gr->index, .op = REPORT_CONNECT, .latency = us, .first = us};

	report_done(gr->all->g->report, &op);
	gr->connecting--;
	gr->open++;
	c->state = CONN_IDLE;
	list_add_tail(&gr->idle, &c->link);
}

/* Nothing more will come, in order or not. */
static void gone(struct conn *c, bool dead)
{
	enum gen_error why = GEN_E_reset;
	int error = side_error(&c->side);

	if (c->state == CONN_CONNECT) {
		conn_release(c);
		connect_failed(c, error == EPROTO ? GEN_E_tls : GEN_E_connect);
		return;
	}
	if (c->state == CONN_IDLE || c->state == CONN_THINK) {
		conn_release(c);
		return;
	}
	if (!dead || error == 0) {
		if (client__ended(c))
			return;
		why = c->first_seen ? GEN_E_truncated : GEN_E_closed;
	} else if (error == ETIMEDOUT) {
		why = GEN_E_timeout;
	} else if (error == EPROTO) {
		why = GEN_E_tls;
	}
	operation_over(c, (int)why);
	conn_release(c);
	if (why == GEN_E_reset || why == GEN_E_closed)
		retry_later(c);
}

void client_ready(struct client *all, struct tcp_conn *tcp, uint8_t ev)
{
	struct conn *c = tcp->owner;

	if (ev & TCP_EV_ESTABLISHED && !(ev & TCP_EV_DEAD))
		established(c);
	if (ev & TCP_EV_READABLE && !client__receive(c))
		return;
	if (ev & (TCP_EV_DEAD | TCP_EV_FIN)) {
		gone(c, ev & TCP_EV_DEAD);
		return;
	}
	if (ev & TCP_EV_WRITABLE && (c->state == CONN_HEAD || c->state == CONN_BODY)) {
		client__progress(c);
		if (!c->x.ended)
			client__pump(c);
	}
}

void client__timer(struct conn *c)
{
	if (now_of(c) < c->deadline) {
		if (c->state != CONN_IDLE)
			arm_at(c, c->deadline);
		return;
	}
	switch (c->state) {
	case CONN_CLOSED:
		if (!list_linked(&c->link))
			list_add_tail(&c->group->closed, &c->link);
		break;
	case CONN_CONNECT:
		client__abort(c);
		connect_failed(c, GEN_E_timeout);
		break;
	case CONN_THINK:
		c->state = CONN_IDLE;
		list_add_tail(&c->group->idle, &c->link);
		break;
	case CONN_HEAD:
	case CONN_BODY:
		client__fail(c, GEN_E_timeout);
		break;
	}
}
