/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "buf/buf.h"
#include "script.h"
#include "unit.h"

#define MS  1000000ull
#define S   WIRE_NS_PER_S
#define END (100 * S)

static struct script script;
static struct err e;

static int read_text(const char *text, size_t n, const struct wire_conf *c)
{
	const struct wire_conf start[2] = {*c, *c};
	FILE *f = fmemopen((void *)(uintptr_t)text, n, "r");
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	script_destroy(&script);
	rc = script_read(&script, f, "x.wan", start, END, &e);
	fclose(f);
	return rc;
}

static void good(const char *text, const struct wire_conf *c)
{
	e.text[0] = '\0';
	CU_ASSERT_EQUAL(read_text(text, strlen(text), c), 0);
	CU_ASSERT_STRING_EQUAL(e.text, "");
}

static void refused(const char *text, const char *why)
{
	const struct wire_conf c = {.packets = 1};

	CU_ASSERT_EQUAL(read_text(text, strlen(text), &c), -EINVAL);
	if (strcmp(e.text, why) != 0)
		printf("\n  '%s', not '%s' ", e.text, why);
	CU_ASSERT_STRING_EQUAL(e.text, why);
}

/* The next step, which is then. */
static const struct wire_conf *at(uint64_t ns)
{
	const struct script_step *step;

	CU_ASSERT_PTR_NULL(script_take(&script, ns - 1));
	step = script_take(&script, ns);
	CU_ASSERT_PTR_NOT_NULL_FATAL(step);
	CU_ASSERT_EQUAL(step->at, ns);
	return step->conf;
}

static void issue_example(void)
{
	const struct wire_conf c = {.packets = 9, .seed = 3, .delay = 20 * MS};
	const struct wire_conf *now;

	good("# a bad day\n"
	     "2.0s link down\n"
	     "4.0s link up\n"
	     "\n"
	     "6s  a-to-b loss 20 % for 500ms   # then as before\n"
	     "10s rate 10M\n",
		&c);
	now = at(2 * S);
	CU_ASSERT(now[0].down && now[1].down);
	now = at(4 * S);
	CU_ASSERT_FALSE(now[0].down || now[1].down);
	now = at(6 * S);
	CU_ASSERT_EQUAL(now[0].loss, (WIRE_ALWAYS + 2) / 5);
	CU_ASSERT_EQUAL(now[1].loss, 0);
	now = at(6500 * MS);
	CU_ASSERT_EQUAL(now[0].loss, 0);
	now = at(10 * S);
	CU_ASSERT_EQUAL(now[0].rate, 10000000);
	CU_ASSERT_EQUAL(now[1].queue, 256 << 10);
	/* what no line names stays */
	CU_ASSERT_EQUAL(now[0].delay, 20 * MS);
	CU_ASSERT_EQUAL(now[0].packets, 9);
	CU_ASSERT_EQUAL(now[0].seed, 3);
	CU_ASSERT_PTR_NULL(script_take(&script, UINT64_MAX));
}

/* `for` goes back to what other lines made of it, each direction to its own. */
static void goes_back(void)
{
	const struct wire_conf c = {.packets = 1};
	const struct wire_conf *now;

	good("1s a-to-b delay 1ms\n1s b-to-a delay 2ms\n2s delay 9ms for 1s\n2s loss 1% for 3s\n"
	     "3s a-to-b delay 5ms\n4s delay 7ms for 1s",
		&c);
	now = at(S);
	CU_ASSERT(now[0].delay == MS && now[1].delay == 2 * MS);
	now = at(2 * S);
	CU_ASSERT(now[0].delay == 9 * MS && now[1].delay == 9 * MS && now[0].loss);
	now = at(3 * S);
	CU_ASSERT(now[0].delay == 5 * MS && now[1].delay == 2 * MS && now[0].loss);
	now = at(4 * S);
	CU_ASSERT(now[0].delay == 7 * MS && now[1].delay == 7 * MS);
	now = at(5 * S);
	CU_ASSERT(now[0].delay == 5 * MS && now[1].delay == 2 * MS && !now[1].loss);
}

/* Two lines of one instant are judged together. */
static void together(void)
{
	const struct wire_conf c = {.packets = 1, .delay = 5 * MS, .jitter = 5 * MS};

	good("0s delay 1ms\n0s jitter 1ms\n9s queue 1M for 1s\n9s rate 1G for 1s\n", &c);
	CU_ASSERT_EQUAL(script.n, 3);
}

static void nonsense(void)
{
	refused("link down\n", "x.wan:1: 'link': a time up to 86400s, like 2.5s is wanted");
	refused("\n\n1s link\n", "x.wan:3: '': up or down is wanted");
	refused("1s link sideways\n", "x.wan:1: 'sideways': up or down is wanted");
	refused("1s\n",
		"x.wan:1: '': a-to-b, b-to-a, both or a setting, like link or loss is wanted");
	refused("1s a-to-b b-to-a loss 1%\n", "x.wan:1: 'b-to-a': a-to-b, b-to-a, both or a "
					      "setting, like link or loss is wanted");
	refused("1s seed 4\n",
		"x.wan:1: 'seed': a-to-b, b-to-a, both or a setting, like link or loss is wanted");
	refused("1s loss 101%\n", "x.wan:1: '101%': a share like 0.1% is wanted");
	refused("1s loss 1% 2s\n", "x.wan:1: '2s': 'for TIME' or the end of the line is wanted");
	refused("1s loss 1% for\n", "x.wan:1: '': a time up to 86400s, like 2.5s is wanted");
	refused("1s loss 1% for 0s\n", "x.wan:1: '0s': more than no time is wanted");
	refused("1s loss 1% for 1s 1s\n",
		"x.wan:1: '1s': 'for TIME' or the end of the line is wanted");
	refused("1s a b c d e f g h\n", "x.wan:1: too many words");
	refused("100.5s loss 1%\n", "x.wan:1: '100.5s': a time within --duration is wanted");
}

static void nonsense_together(void)
{
	refused("2s loss 1%\n1s loss 2%\n",
		"x.wan:2: '1s': a time not before that of an earlier line is wanted");
	refused("1s loss 1% for 2s\n2s b-to-a loss 2%\n",
		"x.wan:2: loss: line 1 holds it until 3s");
	refused("1s jitter 1ms\n", "x.wan:1: at 1s jitter: more than the delay");
	refused("1s delay 2ms for 1s\n1s jitter 1ms\n",
		"x.wan:1: at 2s jitter: more than the delay");
}

static void not_text(void)
{
	const struct wire_conf c = {.packets = 1};
	static char text[8 * SCRIPT_LINES];

	memset(text, ' ', sizeof(text));
	CU_ASSERT_EQUAL(read_text(text, 250, &c), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.text, "x.wan:1: not a line of text, or a long one");
	CU_ASSERT_EQUAL(read_text("1s loss\0 1%\n2s\n", 15, &c), -EINVAL);
	memset(text, '\n', sizeof(text));
	CU_ASSERT_EQUAL(read_text(text, sizeof(text), &c), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.text, "x.wan:1001: more than 1000 lines");
}

/* The most that fits: every line there and back. */
static void many(void)
{
	const struct wire_conf c = {.packets = 1};
	static char text[40 * SCRIPT_LINES];
	size_t n = 0;

	for (unsigned i = 0; i < SCRIPT_LINES; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%ums loss 1%% for 1us\n", i);
	good(text, &c);
	CU_ASSERT_EQUAL(script.n, 2 * SCRIPT_LINES);
}

/* A wire played against the clock: which of the packets, one a 10 ms, get through and when. */
static void played(void)
{
	struct wire_conf c = {.packets = 100, .delay = MS};
	const struct script_step *step;
	struct buf_pools pools;
	struct rte_mbuf *m;
	struct wire *wire;
	unsigned passed = 0;

	unit_eal();
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&pools, "wan", 256, SOCKET_ID_ANY), 0);
	wire = wire_create(&c, pools.data, 0);
	good("20ms link down for 20ms\n70ms a-to-b delay 4ms\n80ms b-to-a loss 100%\n", &c);
	for (uint64_t now = 0; now < 100 * MS; now += MS) {
		while ((step = script_take(&script, now)) != NULL)
			wire_change(wire, &step->conf[0], now);
		if (now % (10 * MS) == 0) {
			m = rte_pktmbuf_alloc(pools.data);
			rte_pktmbuf_append(m, 64);
			wire_push(wire, m, now);
		}
		if (wire_pull(wire, &m, 1, now) == 0)
			continue;
		CU_ASSERT_EQUAL(now % (10 * MS), now < 70 * MS ? MS : 4 * MS);
		rte_pktmbuf_free(m);
		passed++;
	}
	CU_ASSERT_EQUAL(passed, 8);
	CU_ASSERT_EQUAL(wire_stats(wire).values[WIRE_STAT_link_down], 2);
	wire_destroy(wire);
	UNIT_NO_LEAK(&pools);
	buf_pools_destroy(&pools);
	script_destroy(&script);
}

static const struct unit_case cases[] = {
	UNIT_CASE(issue_example),
	UNIT_CASE(goes_back),
	UNIT_CASE(together),
	UNIT_CASE(nonsense),
	UNIT_CASE(nonsense_together),
	UNIT_CASE(not_text),
	UNIT_CASE(many),
	UNIT_CASE(played),
};

UNIT_MAIN(cases)
