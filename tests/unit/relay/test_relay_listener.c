/* SPDX-License-Identifier: BSD-3-Clause */
#include "swap.h"

#define HALF "GET /b/k HTTP/1.1\r\nHo"
#define REST "st: s3\r\n\r\n"
#define PART "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"

/* The listener by another name: it is gone, and so is its address but for `moved`. */
static void use_other(struct version *v, bool moved)
{
	version_init(v);
	v->listener[0].name = "other";
	if (!moved)
		ip_endpoint_parse("10.0.0.10:81", &v->listener[0].addr[0]);
	CU_ASSERT_EQUAL(version_use(v), 0);
}

static void same_name_keeps_its_clients(void)
{
	struct peer *c = lab_up(1), *n = lab_one_get(c, 0);
	static struct version v;

	version_init(&v);
	v.listener[0].idle_timeout_ms = 300;
	v.listener[0].connections = 1;
	CU_ASSERT_EQUAL(version_use(&v), 0);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_one_get_on(c, n);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_requests), 2);
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 1);
	lab_client(); /* the limit is the new one */
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_refused_full), 1);
	lab_run(400); /* and so is its time */
	CU_ASSERT_TRUE(c->eof);
	lab_stop();
}

static void gone_idle_clients_are_closed(void)
{
	struct peer *c = lab_up(1);
	static struct version v;

	lab_one_get(c, 0);
	use_other(&v, false);
	CU_ASSERT_TRUE(version_used(&lab.conf)); /* the client has not answered our FIN */
	lab_run(10);
	CU_ASSERT_TRUE(c->eof);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_requests), 1); /* nothing that was counted is lost */
	lab_stop();
}

static void gone_heads_are_served(void)
{
	struct peer *c = lab_up(1), *n;
	static struct version v;

	peer_send(c, HALF);
	lab_run(5);
	use_other(&v, false);
	lab_run(5);
	CU_ASSERT_FALSE(c->eof);
	peer_send(c, REST);
	n = lab_node(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	lab_run(5);
	CU_ASSERT_TRUE(version_used(&lab.conf));
	peer_send(n, OK_5);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "hello") && peer_has(c, "onnection: close") && c->eof);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_stop();
}

static void gone_requests_are_answered(void)
{
	struct peer *c = lab_up(1), *n = lab_ask(c, 0, GET);
	static struct version v;

	use_other(&v, false);
	lab_run(5);
	peer_send(n, OK_5);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "hello") && peer_has(c, "onnection: close") && c->eof);
	lab_stop();
}

/* Its head said already that the connection goes on; it does not, and says nothing more. */
static void gone_responses_are_ended(void)
{
	struct peer *c = lab_up(1), *n = lab_ask(c, 0, GET);
	static struct version v;

	peer_send(n, PART);
	lab_run(10);
	use_other(&v, false);
	lab_run(50);
	CU_ASSERT_FALSE(c->eof);
	peer_send(n, "llo");
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "hello") && c->eof && !c->dead);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_stop();
}

static void gone_address_refuses(void)
{
	static struct version v;
	struct peer *c;

	lab_init(1);
	lab_start();
	use_other(&v, false);
	c = lab_client();
	CU_ASSERT_TRUE(c->dead && c->error == ECONNREFUSED);
	CU_ASSERT_EQUAL(lab.relay->n_address, 1);
	lab_stop();
}

/* An address that goes from one listener to another is never without one. */
static void moved_address_goes_on(void)
{
	static struct version v;
	struct peer *c;

	lab_init(1);
	lab_start();
	lab.to_out.hold = true; /* our SYN-ACK is on its way when the listener changes */
	c = lab_client();
	use_other(&v, true);
	lab.to_out.hold = false;
	lab_run(20);
	CU_ASSERT_TRUE(c->up && !c->dead);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 1);
	lab_one_get(c, 0);
	lab_stop();
}

/* A mode is another listener: what runs is not its. */
static void other_mode_is_another(void)
{
	static struct version v;
	struct peer *c;

	lab_init(1);
	v = (struct version){0};
	lab.listener.mode = CONF_MODE_SPLICE;
	lab_start();
	c = lab_client();
	lab_node(0);
	version_init(&v);
	v.listener[0].name = "s4";
	CU_ASSERT_EQUAL(version_use(&v), 0);
	peer_send(c, "bytes");
	lab_run(10);
	CU_ASSERT_FALSE(c->dead || c->eof); /* bare bytes go on under theirs */
	CU_ASSERT_TRUE(version_used(&lab.conf));
	peer_reset(c);
	lab_run(10);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_stop();
}

static void what_does_not_fit_is_refused(void)
{
	static struct version v;
	struct err e = {""};

	lab_init(1);
	lab.listener.at = (struct conf_where){"t.ini", 7};
	lab_start();
	version_init(&v);
	v.listener[0].connections++;
	CU_ASSERT_PTR_NULL(relay_prepare(lab.relay, &v.conf, NULL, NULL, &e));
	CU_ASSERT_STRING_EQUAL(e.text,
		"t.ini:7: [listener s3] connections: more than all listeners of such a mode had at "
		"the start: restart to change it");
	version_init(&v);
	v.listener[0].head_limit = 1 << 20;
	CU_ASSERT_PTR_NULL(relay_prepare(lab.relay, &v.conf, NULL, NULL, &e));
	CU_ASSERT_STRING_EQUAL(e.text,
		"t.ini:7: [listener s3] head-limit: more than any listener had at the start: "
		"restart to change it");
	version_init(&v);
	v.listener[0].mode = CONF_MODE_ECHO;
	CU_ASSERT_PTR_NULL(relay_prepare(lab.relay, &v.conf, NULL, NULL, &e));
	lab_one_get(lab_client(), 0);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(same_name_keeps_its_clients),
	UNIT_CASE(gone_idle_clients_are_closed),
	UNIT_CASE(gone_heads_are_served),
	UNIT_CASE(gone_requests_are_answered),
	UNIT_CASE(gone_responses_are_ended),
	UNIT_CASE(gone_address_refuses),
	UNIT_CASE(moved_address_goes_on),
	UNIT_CASE(other_mode_is_another),
	UNIT_CASE(what_does_not_fit_is_refused),
};

UNIT_MAIN(cases)
