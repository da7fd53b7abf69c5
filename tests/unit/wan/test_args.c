/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <unistd.h>

#include "args.h"
#include "unit.h"

#define MS 1000000ull

static struct args a;
static struct err e;

/* Words apart by blanks. */
static int parse(const char *line)
{
	static char text[512];
	char *argv[64] = {"penstock-wan"};
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	e.text[0] = '\0';
	return args_parse(&a, argc, argv, &e);
}

static void refused(const char *line, const char *why)
{
	CU_ASSERT_EQUAL(parse(line), -EINVAL);
	args_fini(&a);
	if (strcmp(e.text, why) != 0)
		printf("\n  %s: '%s', not '%s' ", line, e.text, why);
	CU_ASSERT_STRING_EQUAL(e.text, why);
}

static void nothing_asked(void)
{
	CU_ASSERT_EQUAL_FATAL(parse("x y"), 0);
	CU_ASSERT_EQUAL(a.verb, ARGS_RUN);
	CU_ASSERT_STRING_EQUAL(a.device[0], "x");
	CU_ASSERT_STRING_EQUAL(a.device[1], "y");
	CU_ASSERT_EQUAL(a.mtu, 1500);
	CU_ASSERT_EQUAL(a.core, -1);
	CU_ASSERT_EQUAL(a.duration, 0);
	CU_ASSERT_EQUAL(a.script.n, 0);
	CU_ASSERT_FALSE(a.sleep || a.json || a.stats || a.hugepages || a.verbose);
	for (unsigned d = 0; d < 2; d++) {
		struct wire_conf want = {.packets = 65536, .seed = 2 + d};

		CU_ASSERT_EQUAL(memcmp(&a.wire[d], &want, sizeof(want)), 0);
	}
}

static void everything_asked(void)
{
	CU_ASSERT_EQUAL_FATAL(
		parse("--delay 20ms --jitter 1.5ms --loss 1% --reorder 0.1% --reorder-gap 250us "
		      "--duplicate 50% --corrupt 100% --rate 100M --queue 256K --packets 1000 "
		      "--seed 7 --mtu 1400 --idle sleep --core 1 --json --stats "
		      "--hugepages --verbose --duration 1.5s --link down "
		      "a,b=c:d e"),
		0);
	for (unsigned d = 0; d < 2; d++) {
		const struct wire_conf *c = &a.wire[d];

		CU_ASSERT_EQUAL(c->delay, 20 * MS);
		CU_ASSERT_EQUAL(c->jitter, 1500000);
		CU_ASSERT_EQUAL(c->loss, 42949673);
		CU_ASSERT_EQUAL(c->reorder, 4294967);
		CU_ASSERT_EQUAL(c->gap, 250000);
		CU_ASSERT_EQUAL(c->duplicate, WIRE_ALWAYS / 2);
		CU_ASSERT_EQUAL(c->corrupt, WIRE_ALWAYS);
		CU_ASSERT_EQUAL(c->rate, 100000000);
		CU_ASSERT_EQUAL(c->queue, 256 * 1024);
		CU_ASSERT_EQUAL(c->packets, 1000);
		CU_ASSERT_EQUAL(c->seed, 14 + d);
	}
	CU_ASSERT_EQUAL(a.mtu, 1400);
	CU_ASSERT_EQUAL(a.core, 1);
	CU_ASSERT_EQUAL(a.duration, 1500 * MS);
	CU_ASSERT_TRUE(a.wire[0].down && a.wire[1].down);
	CU_ASSERT_TRUE(a.sleep && a.json && a.stats && a.hugepages && a.verbose);
}

static void directions(void)
{
	CU_ASSERT_EQUAL_FATAL(parse("x --delay 1ms --a-to-b --loss 1% --b-to-a --loss 2% "
				    "--rate 1G --both --duplicate 3% y"),
		0);
	CU_ASSERT_EQUAL(a.wire[0].delay, MS);
	CU_ASSERT_EQUAL(a.wire[1].delay, MS);
	CU_ASSERT_EQUAL(a.wire[0].loss, 42949673);
	CU_ASSERT_EQUAL(a.wire[1].loss, 85899346);
	CU_ASSERT_EQUAL(a.wire[0].rate, 0);
	CU_ASSERT_EQUAL(a.wire[0].queue, 0);
	CU_ASSERT_EQUAL(a.wire[1].rate, 1000000000);
	CU_ASSERT_EQUAL(a.wire[1].queue, 256 * 1024);
	CU_ASSERT_EQUAL(a.wire[0].duplicate, a.wire[1].duplicate);
	CU_ASSERT_STRING_EQUAL(a.device[1], "y");
}

/* A quarter of the delay, unless it is said. */
static void gap(void)
{
	CU_ASSERT_EQUAL_FATAL(parse("--delay 20ms --reorder 1% x y"), 0);
	CU_ASSERT_EQUAL(a.wire[0].gap, 5 * MS);
	CU_ASSERT_EQUAL_FATAL(parse("--reorder 1% --reorder-gap 3ms x y"), 0);
	CU_ASSERT_EQUAL(a.wire[0].gap, 3 * MS);
	refused("--reorder 1% x y", "--reorder: needs a delay or a reorder-gap (a to b)");
}

/* A script that is not there, a faulty one, and one that begins as the options say. */
static void script(void)
{
	char path[] = "wan-script-XXXXXX", line[128], why[256];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs("2s a-to-b delay 5ms for 1s\n4s jitter 3ms\n", f);
	fclose(f);
	snprintf(line, sizeof(line), "--delay 20ms --reorder 1%% --script %s x y", path);
	CU_ASSERT_EQUAL_FATAL(parse(line), 0);
	CU_ASSERT_EQUAL_FATAL(a.script.n, 3);
	/* the gap follows from the delay of its time */
	CU_ASSERT_EQUAL(a.wire[0].gap, 5 * MS);
	CU_ASSERT_EQUAL(a.script.steps[0].conf[0].gap, 1250000);
	CU_ASSERT_EQUAL(a.script.steps[1].conf[0].gap, 5 * MS);
	args_fini(&a);
	snprintf(line, sizeof(line), "--script %s x y", path);
	snprintf(why, sizeof(why), "%s:2: at 4s jitter: more than the delay", path);
	refused(line, why);
	snprintf(line, sizeof(line), "--delay 9ms --duration 3s --script %s x y", path);
	snprintf(why, sizeof(why), "%s:2: '4s': a time within --duration is wanted", path);
	refused(line, why);
	unlink(path);
	CU_ASSERT_EQUAL(parse("--script nosuch x y"), -ENOENT);
	CU_ASSERT_STRING_EQUAL(e.text, "--script: nosuch: No such file or directory");
}

static void bad_values(void)
{
	refused("--delay 20 x y", "--delay: '20': a time up to 100s, like 20ms is wanted");
	refused("--delay -1ms x y", "--delay: '-1ms': a time up to 100s, like 20ms is wanted");
	refused("--delay 0x10ms x y", "--delay: '0x10ms': a time up to 100s, like 20ms is wanted");
	refused("--delay 1.2.3ms x y",
		"--delay: '1.2.3ms': a time up to 100s, like 20ms is wanted");
	refused("--delay .ms x y", "--delay: '.ms': a time up to 100s, like 20ms is wanted");
	refused("--delay 101s x y", "--delay: '101s': a time up to 100s, like 20ms is wanted");
	refused("--loss 1 x y", "--loss: '1': a share like 0.1% is wanted");
	refused("--loss 101% x y", "--loss: '101%': a share like 0.1% is wanted");
	refused("--rate 1 x y", "--rate: '1': bit/s, 1K to 1000G, like 100M is wanted");
	refused("--queue 2G x y", "--queue: '2G': bytes up to 1G, like 256K is wanted");
	refused("--burst-loss 2% x y",
		"--burst-loss: '2%': a share and a length, like 1%,5 is wanted");
	refused("--link sideways x y", "--link: 'sideways': up or down is wanted");
	refused("--duration 0s x y", "--duration: '0s': more than no time is wanted");
	refused("--duration 2 x y", "--duration: '2': a time up to 86400s, like 2.5s is wanted");
	refused("--packets 0 x y", "--packets: '0': a number from 1 to 262144 is wanted");
	refused("--idle doze x y", "--idle: 'doze': poll or sleep is wanted");
	refused("--delay", "--delay: a value is wanted");
	refused("--nosuch x y", "unknown option '--nosuch'");
	refused("-xyz x y", "unknown option '-xyz'");
}

static void bad_wholes(void)
{
	refused("", "two devices are wanted, 0 given");
	refused("x", "two devices are wanted, 1 given");
	refused("x y z", "two devices are wanted: 'z' is too much");
	refused("--jitter 1ms x y", "--jitter: more than the delay (a to b)");
	refused("--b-to-a --queue 1K x y", "--queue: there is none without a rate (b to a)");
}

static void verbs(void)
{
	CU_ASSERT_EQUAL(parse("--help"), 0);
	CU_ASSERT_EQUAL(a.verb, ARGS_HELP);
	CU_ASSERT_EQUAL(parse("--version"), 0);
	CU_ASSERT_EQUAL(a.verb, ARGS_VERSION);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nothing_asked),
	UNIT_CASE(everything_asked),
	UNIT_CASE(directions),
	UNIT_CASE(gap),
	UNIT_CASE(script),
	UNIT_CASE(bad_values),
	UNIT_CASE(bad_wholes),
	UNIT_CASE(verbs),
};

UNIT_MAIN(cases)
