/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay_lab.h"

static void show_connections(void)
{
	struct relay_conn at;
	unsigned fronts = 0, backs = 0;
	struct peer *c;

	lab_init(2);
	lab.black_hole[1] = true;
	lab_start();
	c = lab_client();
	lab_one_get(c, 0);
	peer_send(c, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 9\r\n\r\nabc");
	lab_run(5);
	lab_client();
	for (uint32_t i = 0; i < relay_places(lab.relay); i++) {
		if (!relay_conn_at(lab.relay, i, &at))
			continue;
		fronts += !at.back;
		backs += at.back;
		if (!at.back && at.requests == 2) {
			CU_ASSERT_STRING_EQUAL(at.state, "busy");
			CU_ASSERT_STRING_EQUAL(at.member, "b");
		} else if (!at.back) {
			CU_ASSERT_STRING_EQUAL(at.state, "idle");
			CU_ASSERT_PTR_NULL(at.member);
		} else {
			CU_ASSERT_STRING_EQUAL(
				at.state, strcmp(at.member, "a") == 0 ? "idle" : "connect");
		}
	}
	CU_ASSERT_EQUAL(fronts, 2);
	CU_ASSERT_EQUAL(backs, 2);
	CU_ASSERT_FALSE(relay_conn_at(lab.relay, UINT32_MAX, &at));
	lab_stop();
}

static void stat_blocks_have_names(void)
{
	struct stat_block b;

	lab_init(1);
	lab_start();
	b = relay_stat_block(lab.relay, 0);
	CU_ASSERT_EQUAL(b.n, RELAY_STAT_N);
	for (unsigned i = 0; i < b.n; i++)
		CU_ASSERT_TRUE(b.names[i].name && b.names[i].text);
	b = relay_refusals_rsp(lab.relay);
	CU_ASSERT_STRING_EQUAL(b.names[HTTP_E_ctl - 1].name, "ctl");
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(show_connections),
	UNIT_CASE(stat_blocks_have_names),
};

UNIT_MAIN(cases)
