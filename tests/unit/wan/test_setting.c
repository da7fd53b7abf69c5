/* SPDX-License-Identifier: BSD-3-Clause */
#include "setting.h"
#include "unit.h"

#define MS 1000000ull

static struct wire_conf conf;
static const char *wanted; /* by the last value that was wrong */

/* Read and put: true when it was good. */
static bool set(const char *name, const char *text)
{
	const struct setting *s = setting_find(name);
	uint64_t v[SETTING_FIELDS];

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	wanted = setting_read(s, text, v);
	if (!wanted)
		setting_put(s, &conf, v);
	return !wanted;
}

static void each_its_field(void)
{
	static const struct wire_conf want = {.delay = 20 * MS,
		.jitter = 1500000,
		.gap = 250000,
		.loss = 42949673,
		.reorder = 4294967,
		.duplicate = WIRE_ALWAYS / 2,
		.corrupt = WIRE_ALWAYS,
		.rate = 100000000,
		.queue = 256 << 10,
		.down = 1};

	conf = (struct wire_conf){0};
	CU_ASSERT_TRUE(set("delay", "20ms") && set("jitter", "1.5ms") && set("loss", "1%"));
	CU_ASSERT_TRUE(set("reorder", "0.1%") && set("reorder-gap", "250us"));
	CU_ASSERT_TRUE(set("duplicate", "50%") && set("corrupt", "100%"));
	CU_ASSERT_TRUE(set("rate", "100M") && set("queue", "256K") && set("link", "down"));
	CU_ASSERT_EQUAL(memcmp(&conf, &want, sizeof(want)), 0);
	CU_ASSERT_TRUE(set("link", "up"));
	CU_ASSERT_EQUAL(conf.down, 0);
	CU_ASSERT_PTR_NULL(setting_find("colour"));
}

/* enter / (enter + leave) is the share, 1 / leave the length. */
static void burst(void)
{
	double enter, leave;

	CU_ASSERT_TRUE(set("burst-loss", "2%,5"));
	enter = (double)conf.burst_enter;
	leave = (double)conf.burst_leave;
	CU_ASSERT_DOUBLE_EQUAL(enter / (enter + leave), 0.02, 1e-6);
	CU_ASSERT_DOUBLE_EQUAL((double)WIRE_ALWAYS / leave, 5, 1e-6);
	CU_ASSERT_TRUE(set("burst-loss", "2%,1.5"));
	CU_ASSERT_DOUBLE_EQUAL((double)WIRE_ALWAYS / (double)conf.burst_leave, 1.5, 1e-6);
	CU_ASSERT_FALSE(set("burst-loss", "2%") || set("burst-loss", "2%,0.5"));
	CU_ASSERT_FALSE(
		set("burst-loss", "2,5") || set("burst-loss", ",") || set("burst-loss", ""));
	CU_ASSERT_STRING_EQUAL(wanted, "a share and a length, like 1%,5");
	CU_ASSERT_FALSE(set("burst-loss", "60%,1") || set("burst-loss", "100%,9"));
	CU_ASSERT_STRING_EQUAL(wanted, "a share that bursts of this length can reach");
	CU_ASSERT_FALSE(set("burst-loss", "1111111111111111111111111111111111%,5"));
}

/* All of its fields, and of nothing that cannot be so. */
static void off(void)
{
	conf = (struct wire_conf){0};
	CU_ASSERT_TRUE(set("burst-loss", "2%,5") && set("rate", "1G") && set("delay", "1ms"));
	CU_ASSERT_TRUE(set("burst-loss", "off") && set("rate", "off") && set("delay", "off"));
	CU_ASSERT_EQUAL(conf.burst_enter | conf.burst_leave | conf.rate | conf.delay, 0);
	CU_ASSERT_FALSE(set("link", "off"));
	CU_ASSERT_STRING_EQUAL(wanted, "up or down");
}

static void numbers(void)
{
	uint64_t v = 7;

	CU_ASSERT_EQUAL(setting_number(&setting_duration, "2.5s", &v), 0);
	CU_ASSERT_EQUAL(v, 2500 * MS);
	CU_ASSERT_EQUAL(setting_number(&setting_duration, "86400s", &v), 0);
	CU_ASSERT_EQUAL(v, 86400 * WIRE_NS_PER_S);
	for (const char *const *bad =
			(const char *const[]){"", "s", "2", "-1s", "+1s", "1e3s", "0x1s", "1.2.3s",
				"1 s", "86401s", "nan", "inf", "99999999999999999999s", NULL};
		*bad; bad++)
		if (setting_number(&setting_duration, *bad, &v) == 0)
			CU_FAIL(*bad);
	CU_ASSERT_EQUAL(v, 86400 * WIRE_NS_PER_S);
}

static void complete(void)
{
	conf = (struct wire_conf){.rate = 1000, .reorder = 1, .delay = 8};
	CU_ASSERT_PTR_NULL(setting_complete(&conf));
	CU_ASSERT_EQUAL(conf.queue, 256 << 10);
	CU_ASSERT_EQUAL(conf.gap, 2);
	conf = (struct wire_conf){.reorder = 1};
	CU_ASSERT_STRING_EQUAL(setting_complete(&conf), "reorder: needs a delay or a reorder-gap");
	conf = (struct wire_conf){.queue = 1};
	CU_ASSERT_STRING_EQUAL(setting_complete(&conf), "queue: there is none without a rate");
	conf = (struct wire_conf){.delay = 1, .jitter = 2};
	CU_ASSERT_STRING_EQUAL(setting_complete(&conf), "jitter: more than the delay");
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_its_field),
	UNIT_CASE(burst),
	UNIT_CASE(off),
	UNIT_CASE(numbers),
	UNIT_CASE(complete),
};

UNIT_MAIN(cases)
