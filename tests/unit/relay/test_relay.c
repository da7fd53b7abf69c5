/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance as a whole: life, death, and a seeded crowd in which everything goes wrong. */
#include "relay_lab.h"

static void destroy_in_the_middle(void)
{
	struct relay_config cfg;
	struct peer *c, *n;
	struct err e;

	c = lab_up(1);
	n = lab_ask(c, 0, GET);
	lab_one_get(lab_client(), 0); /* leaves an idle back */
	peer_send(n, OK_5);
	lab_run(5);
	peer_send(lab_client(), "GET / HT");
	peer_send(c, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 9\r\n\r\nabc");
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().backs_idle, 1);
	CU_ASSERT_EQUAL(lab_info().requests, 1);
	cfg = lab.relay->cfg;
	relay_destroy(lab.relay);
	lab.relay = relay_create(&cfg, lab.now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.relay);
	lab_run(5);
	CU_ASSERT_TRUE(c->dead && n->dead);
	lab_one_get(lab_client(), 0); /* the next instance works on the same tcp and lb */
	lab_stop();
}

static void destroy_takes_null(void)
{
	relay_destroy(NULL);
}

static void fronts_max_is_the_sum(void)
{
	static const struct conf_listener four[] = {{.connections = 3},
		{.connections = 4, .mode = CONF_MODE_SPLICE},
		{.connections = 5, .mode = CONF_MODE_ECHO},
		{.connections = 8, .mode = CONF_MODE_SNI}};
	static const struct conf conf = {.listeners = four, .n_listeners = 4};

	CU_ASSERT_EQUAL(relay_fronts_max(&conf), 20);
	CU_ASSERT_EQUAL(relay_splices_max(&conf), 12);
}

/* ---- the crowd ---- */

/* Answer what a node has received so far, in one of many ways. */
static void node_acts(struct peer *n)
{
	static const char *const answers[] = {
		OK_5,
		OK_5,
		OK_5,
		"HTTP/1.1 100 Continue\r\n\r\n" OK_5,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nuntil close",
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
		"bad\r\n\r\n",
		"HTTP/1.1 2",
	};
	uint32_t x = rand_below(&lab.rnd, 40);

	if (x < RTE_DIM(answers) && peer_has(n, "\r\n\r\n")) {
		peer_send(n, answers[x]);
		peer_clear(n);
	} else if (x == 20) {
		peer_release(n);
	} else if (x == 21) {
		peer_reset(n);
	} else if (x == 22) {
		peer_fin(n);
	} else if (x == 23) {
		n->no_read = !n->no_read;
	}
}

static void client_acts(struct peer *c)
{
	static const char *const requests[] = {
		GET,
		GET,
		GET GET,
		"HEAD / HTTP/1.1\r\nHost: s3\r\n\r\n",
		"PUT /k HTTP/1.1\r\nHost: s3\r\nContent-Length: 6\r\n\r\nabcdef",
		"PUT /k HTTP/1.1\r\nHost: s3\r\nContent-Length: 60\r\nExpect: 100-continue\r\n\r\n",
		"PUT /k HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"PUT /k HTTP/1.1\r\nHost: s3\r\nContent-Length: 6\r\n\r\nab",
		"GET / HTTP/1.0\r\nHost: s3\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n",
		"\r\n",
		"GE",
		"\x01",
	};
	uint32_t x = rand_below(&lab.rnd, 60);

	if (x < RTE_DIM(requests))
		peer_send(c, requests[x]);
	else if (x == 20)
		peer_fin(c);
	else if (x == 21)
		peer_reset(c);
	else if (x == 22)
		peer_release(c);
	else if (x == 23)
		c->no_read = !c->no_read;
}

static void act(struct peer *p)
{
	bool open = p->conn->state == TCP_ESTABLISHED || p->conn->state == TCP_CLOSE_WAIT;

	if (!open || (p->conn->flags & TCP_F_FIN_QUEUED))
		return;
	if (p->node < 0)
		client_acts(p);
	else
		node_acts(p);
}

static void crowd_once(uint64_t seed)
{
	uint64_t ends = 0;

	lab_init(3);
	lab.front_tls |= seed % 4 == 1;
	lab.back_tls |= seed % 5 == 1;
	lab.plain_node[2] = seed % 7 == 1;
	lab.cut = seed % 2 ? 700 : 0;
	lab.requests = 6;
	lab.backs = 7;
	lab.listening[2] = seed % 3 ? 0 : -1;
	lab_start();
	rand_seed(&lab.rnd, seed);
	for (unsigned i = 0; i < 3000; i++) {
		if (lab.n_peers < LAB_PEERS - 80 && rand_below(&lab.rnd, 20) == 0)
			lab_client();
		for (unsigned k = 0; k < lab.n_peers; k++)
			if (lab.peer[k].conn && lab.peer[k].n < 100000)
				act(&lab.peer[k]);
		if (rand_below(&lab.rnd, 100) == 0)
			lab_starve(true);
		lab_run(1 + rand_below(&lab.rnd, 4));
		lab_starve(false);
		lab.lose_data = rand_below(&lab.rnd, 50) == 0;
		if (lab.n_peers > LAB_PEERS - 40)
			break;
	}
	lab.lose_data = false;
	for (unsigned i = 0; i < lab.n_peers; i++)
		if (lab.peer[i].conn)
			peer_reset(&lab.peer[i]);
	lab_run(5000);
	for (unsigned i = 0; i < RELAY_STAT_N; i++)
		if (i == RELAY_STAT_responses || strncmp(relay_stat_names[i].name, "fail_", 5) == 0)
			ends += lab_stat(i);
	CU_ASSERT_TRUE(
		ends >= lab_stat(RELAY_STAT_requests)); /* heads may fail before they are one */
	lab_stop();
}

static void crowd(void)
{
	uint64_t seed = unit_seed(1);

	for (unsigned i = 0; i < 30; i++)
		crowd_once(seed + i);
}

/* ---- bulk: objects of all sizes over a wire that loses packets, every byte compared ---- */

/* With `dying` their connections to nodes break at any time: nobody notices. */

#define BULK_CLIENTS 6
#define BULK_JOBS    8
#define BULK_MAX     200000

static char want[BULK_MAX];

/* What one end has to send, and how far it is. */
struct bulk {
	unsigned size, seed, sent, jobs;
	bool put, busy;
};

static struct bulk bulk[LAB_PEERS];
static bool dying;
static uint64_t resumes, replays;

/* The answer's head, from byte `first` of the object on. */
static const char *bulk_head(const struct bulk *b, unsigned first)
{
	static char text[200];
	unsigned size = b->put ? 0 : b->size - first;
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 %s\r\nETag: \"%u-%u\"\r\nContent-Length: %u\r\n",
		first ? "206 x" : "200 OK", b->size, b->seed, size);

	if (first)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			"Content-Range: bytes %u-%u/%u\r\n", first, b->size - 1, b->size);
	snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
	return text;
}

/* A node, or what is between, gives up, more often in the middle of an answer. True: it did. */
static bool bulk_dies(struct peer *p, const struct bulk *b)
{
	uint32_t x = dying ? rand_below(&lab.rnd, b->busy ? 50 : 250) : 2;

	if (x == 0)
		peer_reset(p);
	else if (x == 1 && !(p->conn->flags & TCP_F_FIN_QUEUED))
		peer_torn(p);
	return x < 2;
}

static void bulk_send(struct peer *p, struct bulk *b)
{
	unsigned n = RTE_MIN(5000u, b->size - b->sent);

	if (n == 0 || p->conn->tx.bytes > 20000)
		return;
	pattern_fill(want, b->size, b->seed);
	peer_bytes(p, want + b->sent, n);
	b->sent += n;
}

static bool bulk_is(const struct peer *p, size_t head, const struct bulk *b)
{
	pattern_fill(want, b->size, b->seed);
	return p->n == head + b->size && memcmp(p->in + head, want, b->size) == 0;
}

static void bulk_node(struct peer *p, struct bulk *b)
{
	char method[8], *range;
	size_t head;

	if (bulk_dies(p, b) || p->conn->flags & TCP_F_FIN_QUEUED)
		return;
	if (b->busy) {
		bulk_send(p, b);
		b->busy = b->sent < b->size;
		return;
	}
	if (!peer_has(p, "\r\n\r\n"))
		return;
	head = (size_t)(strstr(p->in, "\r\n\r\n") + 4 - p->in);
	CU_ASSERT_EQUAL_FATAL(sscanf(p->in, "%7s /%u/%u", method, &b->size, &b->seed), 3);
	b->put = strcmp(method, "PUT") == 0;
	if (b->put && p->n < head + b->size)
		return;
	CU_ASSERT_TRUE(!b->put || bulk_is(p, head, b));
	range = b->put ? NULL : strstr(p->in, "Range: bytes=");
	b->sent = range ? (unsigned)atoi(range + 13) : 0;
	peer_send(p, bulk_head(b, b->sent));
	peer_clear(p);
	b->busy = !b->put;
}

static void bulk_client(struct peer *p, struct bulk *b)
{
	char text[200];
	size_t head;

	if (!b->busy && b->jobs < BULK_JOBS) {
		*b = (struct bulk){.jobs = b->jobs + 1,
			.seed = rand_below(&lab.rnd, 1000),
			.put = rand_below(&lab.rnd, 2)};
		b->size = rand_below(&lab.rnd, dying && b->put ? BULK_MAX / 2 : BULK_MAX);
		b->busy = true;
		snprintf(text, sizeof(text),
			"%s /%u/%u HTTP/1.1\r\nHost: s3\r\nContent-Length: %u\r\n\r\n",
			b->put ? "PUT" : "GET", b->size, b->seed, b->put ? b->size : 0);
		peer_send(p, text);
	}
	if (b->put)
		bulk_send(p, b);
	strcpy(text, bulk_head(b, 0));
	head = strlen(text);
	if (!b->busy || p->n < head + (b->put ? 0 : b->size))
		return;
	CU_ASSERT_TRUE(memcmp(p->in, text, head) == 0);
	CU_ASSERT_TRUE(b->put ? p->n == head : bulk_is(p, head, b));
	peer_clear(p);
	b->busy = false;
}

static bool bulk_step(void)
{
	bool more = false;

	for (unsigned i = 0; i < lab.n_peers; i++) {
		struct peer *p = &lab.peer[i];

		if (!p->conn)
			continue;
		CU_ASSERT_TRUE_FATAL(p->node >= 0 || !p->eof);
		if (p->node < 0)
			bulk_client(p, &bulk[i]);
		else if (!p->eof)
			bulk_node(p, &bulk[i]);
		more |= p->node < 0 && (bulk[i].busy || bulk[i].jobs < BULK_JOBS);
	}
	lab_run(1);
	return more;
}

static void bulk_once(bool tls, uint64_t seed)
{
	memset(bulk, 0, sizeof(bulk));
	lab_init(dying ? 4 : 3);
	lab.front_tls |= tls;
	lab.back_tls |= tls;
	lab.pool.response_timeout_ms = lab.pool.connect_timeout_ms = 60000;
	lab.listener.body_timeout_ms = lab.listener.idle_timeout_ms = 60000;
	lab.pool.retries = 16;
	lab.conf.global.replay_memory = 1 << 20;
	lab_start();
	rand_seed(&lab.rnd, seed);
	for (unsigned i = 0; i < BULK_CLIENTS; i++)
		lab_client();
	lab.loss = dying ? 0 : 10;
	for (unsigned ms = 0; ms < 300000 && bulk_step(); ms++)
		CU_ASSERT_TRUE_FATAL(buf_pools_in_use(&lab.pools) < 3000);
	CU_ASSERT_FALSE(bulk_step());
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), BULK_CLIENTS * BULK_JOBS);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_requests), BULK_CLIENTS * BULK_JOBS);
	resumes += lab_stat(RELAY_STAT_resumes);
	replays += lab_stat(RELAY_STAT_replays);
	lab.loss = 0;
	lab.pool.connect_timeout_ms = 100;
	lab_stop();
}

static void bulk_over_a_lossy_wire(void)
{
	uint64_t seed = unit_seed(3);

	bulk_once(false, seed);
	bulk_once(true, seed);
	CU_ASSERT_EQUAL(resumes + replays, 0);
}

static void bulk_while_members_die(void)
{
	uint64_t seed = unit_seed(30);

	dying = true;
	for (unsigned i = 0; i < 8; i++)
		bulk_once(i & 1, seed + i);
	dying = false;
	CU_ASSERT_TRUE(resumes > 20 && replays > 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(destroy_in_the_middle),
	UNIT_CASE(destroy_takes_null),
	UNIT_CASE(fronts_max_is_the_sum),
	UNIT_CASE(crowd),
	UNIT_CASE(bulk_over_a_lossy_wire),
	UNIT_CASE(bulk_while_members_die),
};

UNIT_MAIN(cases)
