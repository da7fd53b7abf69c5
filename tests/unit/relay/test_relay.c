/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance as a whole: life, death, and a seeded crowd in which everything goes wrong. */
#include "relay_lab.h"

static void destroy_in_the_middle(void)
{
	struct relay_config cfg;
	struct peer *c, *n;
	struct err e;

	lab_init(1);
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	n = lab_accepted(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
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
	static const struct conf_listener two[] = {{.connections = 3}, {.connections = 4}};

	CU_ASSERT_EQUAL(relay_fronts_max(&(struct conf){.listeners = two, .n_listeners = 2}), 7);
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

static const struct unit_case cases[] = {
	UNIT_CASE(destroy_in_the_middle),
	UNIT_CASE(destroy_takes_null),
	UNIT_CASE(fronts_max_is_the_sum),
	UNIT_CASE(crowd),
};

UNIT_MAIN(cases)
