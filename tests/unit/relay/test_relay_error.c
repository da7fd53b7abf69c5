/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

/* What each code answers; 0: RST. A new fail_ code must be added here to pass. */
static const struct {
	enum relay_stat why;
	unsigned status;
} want[] = {
	{RELAY_STAT_fail_handshake, 0},
	{RELAY_STAT_fail_hello, 0},
	{RELAY_STAT_fail_name, 0},
	{RELAY_STAT_fail_refused, 400},
	{RELAY_STAT_fail_head_timeout, 408},
	{RELAY_STAT_fail_body_timeout, 408},
	{RELAY_STAT_fail_truncated, 400},
	{RELAY_STAT_fail_client_reset, 0},
	{RELAY_STAT_fail_client_slow, 0},
	{RELAY_STAT_fail_full, 503},
	{RELAY_STAT_fail_no_member, 503},
	{RELAY_STAT_fail_queue_full, 503},
	{RELAY_STAT_fail_queue_timeout, 503},
	{RELAY_STAT_fail_route, 403},
	{RELAY_STAT_fail_lost, 502},
	{RELAY_STAT_fail_rsp_bad, 502},
	{RELAY_STAT_fail_rsp_timeout, 504},
	{RELAY_STAT_fail_rsp_broken, 0},
	{RELAY_STAT_fail_rsp_stalled, 0},
	{RELAY_STAT_fail_member_slow, 0},
};

static void every_code_is_listed(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RELAY_STAT_N; i++)
		n += strncmp(relay_stat_names[i].name, "fail_", 5) == 0;
	CU_ASSERT_EQUAL(n, RTE_DIM(want));
}

static struct request *request_in_flight(void)
{
	for (uint32_t i = 0; i < lab.relay->info.fronts_max; i++)
		if (lab.relay->fronts[i].req)
			return lab.relay->fronts[i].req;
	return NULL;
}

/* One request that waits for its member, then fails for each reason in turn. */
static void every_code_has_its_answer(void)
{
	for (unsigned i = 0; i < RTE_DIM(want); i++) {
		struct peer *c, *n;
		char status[32];

		c = lab_up(1);
		n = lab_ask(c, 0, GET);
		CU_ASSERT_NOT_EQUAL(
			relay__request_fail(lab.relay, request_in_flight(), want[i].why, 0),
			RUN_WAIT);
		lab_run(5);
		snprintf(status, sizeof(status), "HTTP/1.1 %u ", want[i].status);
		if (want[i].status) {
			CU_ASSERT_TRUE(peer_has(c, status) && peer_has(c, "</Error>") && c->eof);
		} else {
			CU_ASSERT_TRUE(c->n == 0 && c->dead && c->error == ECONNRESET);
		}
		CU_ASSERT_EQUAL(peer_has(c, "Retry-After"), want[i].status == 503);
		CU_ASSERT_EQUAL(lab_stat(want[i].why), 1);
		CU_ASSERT_TRUE(n->dead);
		lab_stop();
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_code_is_listed),
	UNIT_CASE(every_code_has_its_answer),
};

UNIT_MAIN(cases)
