/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay_lab.h"

static void shares_are_disjoint_and_whole(void)
{
	for (uint16_t n = 1; n <= CONF_WORKERS_MAX; n = (uint16_t)(n * 3 + 1)) {
		uint16_t last = 0;
		unsigned changes = 0;

		for (uint32_t port = 1024; port < 65536; port++) {
			uint16_t w = relay_port_owner((uint16_t)port, n);

			CU_ASSERT_TRUE_FATAL(w < n && w >= last);
			changes += w != last;
			last = w;
		}
		CU_ASSERT_EQUAL(changes, n - 1u);
		CU_ASSERT_TRUE(relay_port_owner(80, n) < n);
	}
}

/* Each worker connects from its own share, and where the port knows, from what comes back to it. */
static void source_port_returns_here(void)
{
	for (unsigned w = 0; w < 2; w++) {
		lab_init(1);
		lab.worker = (uint16_t)w;
		lab.n_workers = 2;
		lab.rss = true;
		lab_start();
		for (unsigned i = 0; i < 8; i++) {
			struct peer *n;

			peer_send(lab_client(), GET);
			n = lab_node(0);
			CU_ASSERT_EQUAL(relay_port_owner((uint16_t)n->lport, 2), w);
			CU_ASSERT_EQUAL(n->lport & 1, w);
		}
		lab_stop();
	}
}

/* RFC 6056 3.3.1: where the next one is cannot be told from the last ones. */
static void source_ports_are_random(void)
{
	uint32_t last = 0, low = UINT32_MAX, high = 0, up = 0, down = 0;

	lab_init(1);
	lab_start();
	for (unsigned i = 0; i < 16; i++) {
		struct peer *n;

		peer_send(lab_client(), GET);
		n = lab_node(0);
		CU_ASSERT_TRUE(n->lport >= 1024);
		CU_ASSERT_NOT_EQUAL(n->lport, last + 1);
		if (last)
			*(n->lport > last ? &up : &down) += 1;
		last = n->lport;
		low = RTE_MIN(low, last);
		high = RTE_MAX(high, last);
	}
	CU_ASSERT_TRUE(up >= 3 && down >= 3);
	CU_ASSERT_TRUE(high - low > 30000);
	lab_stop();
}

static void foreign_address_is_refused(void)
{
	struct conf_listener two;
	struct relay_config cfg;
	struct err e = {0};

	lab_init(1);
	lab_start();
	two = lab.listener;
	two.n_addr = 2;
	ip_endpoint_parse("10.0.0.99:80", &two.addr[1]);
	ip_endpoint_parse("10.0.0.10:81", &two.addr[0]);
	lab.conf.listeners = &two;
	cfg = lab.relay->cfg;
	lab.listener.addr[0] = two.addr[0]; /* is a port's address */
	CU_ASSERT_PTR_NULL(relay_create(&cfg, lab.now, &e));
	CU_ASSERT_STRING_EQUAL(e.text, "listener s3: 10.0.0.99:80 is no address of a port");
	/* and what it listened on is free again */
	two.n_addr = 1;
	relay_destroy(relay_create(&cfg, lab.now, &e));
	ip_endpoint_parse("10.0.0.10:80", &lab.listener.addr[0]);
	two.addr[0] = lab.listener.addr[0];
	CU_ASSERT_PTR_NULL(relay_create(&cfg, lab.now, &e)); /* the lab's own listens there */
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "is taken"));
	lab.conf.listeners = &lab.listener;
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(shares_are_disjoint_and_whole),
	UNIT_CASE(source_port_returns_here),
	UNIT_CASE(source_ports_are_random),
	UNIT_CASE(foreign_address_is_refused),
};

UNIT_MAIN(cases)
