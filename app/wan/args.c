/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <rte_ether.h>

#include "args.h"
#include "setting.h"

#define CORE_MAX 1023
#define PACKETS  65536 /* 80 ms of full frames at 1 Gbit/s are 6600 */

const char args_usage[] =
	"usage: penstock-wan [OPTION...] DEVICE-A DEVICE-B\n"
	"A wire between two ports. A device is named as in penstock.ini: "
	"net_af_packet0,iface=eth1\n"
	"  --delay TIME           one way: 200us, 20ms, 1.5s\n"
	"  --jitter TIME          uniform, plus or minus, at most the delay; keeps order\n"
	"  --loss SHARE           of packets: 1%, 0.1%\n"
	"  --burst-loss SHARE,N   of packets, N in a row on average\n"
	"  --reorder SHARE        of packets, held back by the gap\n"
	"  --reorder-gap TIME     (a quarter of the delay)\n"
	"  --duplicate SHARE      of packets\n"
	"  --corrupt SHARE        of packets, one bit flipped behind the Ethernet header\n"
	"  --rate RATE            bit/s: 100M, 1G\n"
	"  --queue BYTES          that may wait for the rate: 64K, 1M (256K)\n"
	"  --link up|down         down: nothing gets through (up)\n"
	"  --a-to-b, --b-to-a     what follows is for this direction; --both: again for both\n"
	"  --script FILE          what changes in time, a line each: "
	"2s a-to-b loss 20% for 500ms\n"
	"  --duration TIME        end by itself; from \"ready\" on\n"
	"  --packets N            room in each direction (65536), 3.5 KB each\n"
	"  --seed N               the same seed, the same pattern (1)\n"
	"  --mtu N                of both ports, bytes of IP packet (1500)\n"
	"  --idle poll|sleep      sleep: naps of at most 50 us while nothing is due (poll)\n"
	"  --core N               run on this core\n"
	"  --hugepages            use them (normal pages)\n"
	"  --verbose              DPDK's own log, to stderr\n"
	"  --stats                a line each second\n"
	"  --json                 that line and the counters at the end as JSON\n"
	"  --version, --help\n"
	"Prints \"ready\", forwards until SIGTERM, SIGINT or the duration's end, then prints what "
	"happened.\n"
	"exit code: 0 ended in order, 1 the start or a port failed, 2 wrong arguments\n";

static const struct setting_kind kind_packets = {
	setting_units_none, 1, 1 << 18, "a number from 1 to 262144"};
static const struct setting_kind kind_seed = {
	setting_units_none, 0, 1ull << 53, "a number up to 2^53"};
static const struct setting_kind kind_core = {
	setting_units_none, 0, CORE_MAX, "a number up to 1023"};
static const struct setting_kind kind_mtu = {
	setting_units_none, RTE_ETHER_MIN_MTU, 9600, "a number of bytes"};

enum arg {
	OPT_SETTING, /* of a wire */
	OPT_SCRIPT,
	OPT_DURATION,
	OPT_PACKETS,
	OPT_SEED,
	OPT_MTU,
	OPT_IDLE,
	OPT_CORE,
	OPT_HUGEPAGES,
	OPT_JSON,
	OPT_STATS,
	OPT_VERBOSE,
	OPT_A_TO_B,
	OPT_B_TO_A,
	OPT_BOTH,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {{"delay", 1, NULL, OPT_SETTING},
	{"jitter", 1, NULL, OPT_SETTING}, {"loss", 1, NULL, OPT_SETTING},
	{"burst-loss", 1, NULL, OPT_SETTING}, {"reorder", 1, NULL, OPT_SETTING},
	{"reorder-gap", 1, NULL, OPT_SETTING}, {"duplicate", 1, NULL, OPT_SETTING},
	{"corrupt", 1, NULL, OPT_SETTING}, {"rate", 1, NULL, OPT_SETTING},
	{"queue", 1, NULL, OPT_SETTING}, {"link", 1, NULL, OPT_SETTING},
	{"script", 1, NULL, OPT_SCRIPT}, {"duration", 1, NULL, OPT_DURATION},
	{"packets", 1, NULL, OPT_PACKETS}, {"seed", 1, NULL, OPT_SEED}, {"mtu", 1, NULL, OPT_MTU},
	{"idle", 1, NULL, OPT_IDLE}, {"core", 1, NULL, OPT_CORE},
	{"hugepages", 0, NULL, OPT_HUGEPAGES}, {"json", 0, NULL, OPT_JSON},
	{"stats", 0, NULL, OPT_STATS}, {"verbose", 0, NULL, OPT_VERBOSE},
	{"a-to-b", 0, NULL, OPT_A_TO_B}, {"b-to-a", 0, NULL, OPT_B_TO_A},
	{"both", 0, NULL, OPT_BOTH}, {"help", 0, NULL, OPT_HELP}, {"version", 0, NULL, OPT_VERSION},
	{0}};

/* One argument while it is read. */
struct reader {
	struct args *a;
	const char *name, *value;
	bool dir[2];        /* which directions are meant */
	const char *script; /* NULL: none */
	struct err *e;
};

static int refuse(struct reader *r, const char *wanted)
{
	return err_set(r->e, EINVAL, "--%s: '%s': %s is wanted", r->name, r->value, wanted);
}

static int read_number(struct reader *r, const struct setting_kind *kind, uint64_t *out)
{
	return setting_number(kind, r->value, out) < 0 ? refuse(r, kind->wanted) : 0;
}

static int read_setting(struct reader *r)
{
	const struct setting *s = setting_find(r->name);
	uint64_t v[SETTING_FIELDS];
	const char *wanted = setting_read(s, r->value, v);

	if (wanted)
		return refuse(r, wanted);
	for (unsigned d = 0; d < 2; d++)
		if (r->dir[d])
			setting_put(s, &r->a->wire[d], v);
	return 0;
}

static int read_duration(struct reader *r)
{
	int rc = read_number(r, &setting_duration, &r->a->duration);

	return rc == 0 && r->a->duration == 0 ? refuse(r, "more than no time") : rc;
}

static int read_idle(struct reader *r)
{
	r->a->sleep = strcmp(r->value, "sleep") == 0;
	return r->a->sleep || strcmp(r->value, "poll") == 0 ? 0 : refuse(r, "poll or sleep");
}

/* What is one number for all of the wire. */
static int read_common(struct reader *r, enum arg opt)
{
	static const struct setting_kind *const kinds[] = {[OPT_PACKETS] = &kind_packets,
		[OPT_SEED] = &kind_seed,
		[OPT_MTU] = &kind_mtu,
		[OPT_CORE] = &kind_core};
	struct args *a = r->a;
	uint64_t v = 0;
	int rc = read_number(r, kinds[opt], &v);

	if (rc < 0)
		return rc;
	if (opt == OPT_PACKETS)
		a->wire[0].packets = a->wire[1].packets = (uint32_t)v;
	if (opt == OPT_MTU)
		a->mtu = (uint16_t)v;
	if (opt == OPT_CORE)
		a->core = (int)v;
	/* the directions do not lose the same packets */
	for (unsigned d = 0; opt == OPT_SEED && d < 2; d++)
		a->wire[d].seed = 2 * v + d;
	return 0;
}

static int read_flag(struct reader *r, enum arg opt)
{
	struct args *a = r->a;

	a->hugepages |= opt == OPT_HUGEPAGES;
	a->json |= opt == OPT_JSON;
	a->stats |= opt == OPT_STATS;
	a->verbose |= opt == OPT_VERBOSE;
	if (opt == OPT_A_TO_B || opt == OPT_B_TO_A || opt == OPT_BOTH) {
		r->dir[0] = opt != OPT_B_TO_A;
		r->dir[1] = opt != OPT_A_TO_B;
	}
	if (opt == OPT_HELP)
		a->verb = ARGS_HELP;
	if (opt == OPT_VERSION)
		a->verb = ARGS_VERSION;
	return 0;
}

static int read_option(struct reader *r, int index)
{
	enum arg opt = (enum arg)options[index].val;

	r->name = options[index].name;
	r->value = optarg;
	switch (opt) {
	case OPT_SETTING:
		return read_setting(r);
	case OPT_SCRIPT:
		r->script = optarg;
		return 0;
	case OPT_DURATION:
		return read_duration(r);
	case OPT_IDLE:
		return read_idle(r);
	case OPT_PACKETS:
	case OPT_SEED:
	case OPT_MTU:
	case OPT_CORE:
		return read_common(r, opt);
	default:
		return read_flag(r, opt);
	}
}

static int read_devices(struct args *a, int n, char **words, struct err *e)
{
	if (n < 2)
		return err_set(e, EINVAL, "two devices are wanted, %d given", n);
	if (n > 2)
		return err_set(e, EINVAL, "two devices are wanted: '%s' is too much", words[2]);
	a->device[0] = words[0];
	a->device[1] = words[1];
	return 0;
}

/* What only the whole command line shows. The script goes by what was said, not by what follows. */
static int check_whole(struct args *a, const char *script, struct err *e)
{
	static const char *const dirs[2] = {"a to b", "b to a"};
	struct wire_conf said[2] = {a->wire[0], a->wire[1]};
	FILE *f;
	int rc;

	for (unsigned d = 0; d < 2; d++) {
		const char *why = setting_complete(&a->wire[d]);

		if (why)
			return err_set(e, EINVAL, "--%s (%s)", why, dirs[d]);
	}
	if (!script)
		return 0;
	f = fopen(script, "r");
	if (!f)
		return err_set(e, errno, "--script: %s: %s", script, strerror(errno));
	rc = script_read(&a->script, f, script, said, a->duration, e);
	fclose(f);
	return rc;
}

static void args_init(struct args *a)
{
	*a = (struct args){.mtu = RTE_ETHER_MTU, .core = -1};
	for (unsigned d = 0; d < 2; d++)
		a->wire[d] = (struct wire_conf){.packets = PACKETS, .seed = 2 + d};
}

int args_parse(struct args *a, int argc, char **argv, struct err *e)
{
	struct reader r = {.a = a, .dir = {true, true}, .e = e};
	int opt, index = 0, rc = 0;

	args_init(a);
	opterr = optind = 0; /* glibc: begin anew */
	while (rc == 0 && (opt = getopt_long_only(argc, argv, ":", options, &index)) != -1) {
		const char *word = argv[optind > 0 ? optind - 1 : 0];

		if (opt == ':')
			return err_set(e, EINVAL, "%s: a value is wanted", word);
		if (opt == '?')
			return err_set(e, EINVAL, "unknown option '%s'", word);
		rc = read_option(&r, index);
	}
	if (rc < 0 || a->verb != ARGS_RUN)
		return rc;
	rc = read_devices(a, argc - optind, argv + optind, e);
	return rc < 0 ? rc : check_whole(a, r.script, e);
}

void args_fini(struct args *a)
{
	script_destroy(&a->script);
}
