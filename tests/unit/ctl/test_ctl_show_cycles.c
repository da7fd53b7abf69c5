/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

/* Add cycles and packets to one stage of one worker. */
static void work(unsigned worker, unsigned stage, uint64_t cycles, uint64_t packets)
{
	sys.worker[worker].stage[stage].cycles += cycles;
	sys.worker[worker].stage[stage].packets += packets;
}

static void at_rest(void)
{
	system_up();
	EXPECT_ANSWER("show cycles",
		"stage  packets (1 s)  cycles each  of busy  packets (total)  cycles each  of busy",
		"take               0  -              0.0 %                0  -              0.0 %",
		"rest ", "all ", "worker  stage ", "0  take ", "1  all ");
	EXPECT_ANSWER("json show cycles",
		"{\"cycles\":[{\"stage\":\"take\",\"packets_second\":0,"
		"\"cycles_per_packet_second\":null,\"busy_share_second\":0,\"packets\":0,"
		"\"cycles_per_packet\":null,\"busy_share\":0}",
		"\"workers\":[{\"worker\":0,\"stage\":\"take\"");
	system_down();
}

/* The last second stands apart from all before it, a worker apart from the sum. */
static void seconds_and_workers(void)
{
	system_up();
	work(0, 0, 1000, 10);
	ctl__load_sample(&sys.core);
	work(0, 0, 600, 2);
	work(0, 1, 200, 4);
	work(1, 0, 0, 0);
	work(1, 1, 200, 1);
	ctl__load_sample(&sys.core);
	EXPECT_ANSWER("show cycles",
		"take               2        300.0   60.0 %               12        133.3   80.0 %",
		"rest               5         80.0   40.0 %                5         80.0   20.0 %",
		"all                5        200.0  100.0 %                5        400.0  100.0 %",
		"take               2        300.0   75.0 %               12        133.3   88.9 %",
		"1  take               0            -    0.0 %                0            -    "
		"0.0",
		"1  rest               1        200.0  100.0 %                1        200.0  "
		"100.0");
	ctl__load_sample(&sys.core);
	EXPECT_ANSWER("show cycles", "all                0  -              0.0 %                5  "
				     "      400.0  100.0 %");
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(at_rest), UNIT_CASE(seconds_and_workers)};
UNIT_MAIN(cases)
