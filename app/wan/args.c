/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <rte_ether.h>

#include "args.h"

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
	"  --a-to-b, --b-to-a     what follows is for this direction; --both: again for both\n"
	"  --packets N            room in each direction (65536), 3.5 KB each\n"
	"  --seed N               the same seed, the same pattern (1)\n"
	"  --mtu N                of both ports, bytes of IP packet (1500)\n"
	"  --idle poll|sleep      sleep: naps of at most 50 us while nothing is due (poll)\n"
	"  --core N               run on this core\n"
	"  --hugepages            use them (normal pages)\n"
	"  --verbose              DPDK's own log, to stderr\n"
	"  --json                 the counters at the end as JSON\n"
	"  --version, --help\n"
	"Prints \"ready\", forwards until SIGTERM or SIGINT, then prints what happened.\n"
	"exit code: 0 ended in order, 1 the start or a port failed, 2 wrong arguments\n";

struct unit {
	const char *name;
	double factor;
};

static const struct unit units_time[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {0}};
static const struct unit units_share[] = {{"%", WIRE_ALWAYS / 100.0}, {0}};
static const struct unit units_rate[] = {{"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"", 1}, {0}};
static const struct unit units_bytes[] = {
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}, {0}};
static const struct unit units_none[] = {{"", 1}, {0}};

/* How a value is written, and its largest. */
struct kind {
	const struct unit *units;
	double min, max;
	const char *wanted;
};

static const struct kind kind_time = {units_time, 0, WIRE_TIME_MAX, "a time up to 100s, like 20ms"};
static const struct kind kind_share = {units_share, 0, WIRE_ALWAYS, "a share like 0.1%"};
static const struct kind kind_rate = {units_rate, 1000, 1e12, "bit/s, 1K to 1000G, like 100M"};
static const struct kind kind_bytes = {units_bytes, 0, WIRE_QUEUE_MAX, "bytes up to 1G, like 256K"};
static const struct kind kind_packets = {units_none, 1, 1 << 18, "a number from 1 to 262144"};
static const struct kind kind_seed = {units_none, 0, 1ull << 53, "a number up to 2^53"};
static const struct kind kind_core = {units_none, 0, CORE_MAX, "a number up to 1023"};
static const struct kind kind_mtu = {units_none, RTE_ETHER_MIN_MTU, 9600, "a number of bytes"};
static const struct kind kind_burst = {units_none, 1, 1e6, "a share and a length, like 1%,5"};

enum arg {
	OPT_FIELD, /* of struct wire_conf */
	OPT_BURST,
	OPT_PACKETS,
	OPT_SEED,
	OPT_MTU,
	OPT_IDLE,
	OPT_CORE,
	OPT_HUGEPAGES,
	OPT_JSON,
	OPT_VERBOSE,
	OPT_A_TO_B,
	OPT_B_TO_A,
	OPT_BOTH,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {{"delay", 1, NULL, OPT_FIELD},
	{"jitter", 1, NULL, OPT_FIELD}, {"loss", 1, NULL, OPT_FIELD},
	{"reorder", 1, NULL, OPT_FIELD}, {"reorder-gap", 1, NULL, OPT_FIELD},
	{"duplicate", 1, NULL, OPT_FIELD}, {"corrupt", 1, NULL, OPT_FIELD},
	{"rate", 1, NULL, OPT_FIELD}, {"queue", 1, NULL, OPT_FIELD},
	{"burst-loss", 1, NULL, OPT_BURST}, {"packets", 1, NULL, OPT_PACKETS},
	{"seed", 1, NULL, OPT_SEED}, {"mtu", 1, NULL, OPT_MTU}, {"idle", 1, NULL, OPT_IDLE},
	{"core", 1, NULL, OPT_CORE}, {"hugepages", 0, NULL, OPT_HUGEPAGES},
	{"json", 0, NULL, OPT_JSON}, {"verbose", 0, NULL, OPT_VERBOSE},
	{"a-to-b", 0, NULL, OPT_A_TO_B}, {"b-to-a", 0, NULL, OPT_B_TO_A},
	{"both", 0, NULL, OPT_BOTH}, {"help", 0, NULL, OPT_HELP}, {"version", 0, NULL, OPT_VERSION},
	{0}};

/* options[i] of kind OPT_FIELD fills fields[i]. */
static const struct field {
	const struct kind *kind;
	size_t at;
} fields[] = {
	{&kind_time, offsetof(struct wire_conf, delay)},
	{&kind_time, offsetof(struct wire_conf, jitter)},
	{&kind_share, offsetof(struct wire_conf, loss)},
	{&kind_share, offsetof(struct wire_conf, reorder)},
	{&kind_time, offsetof(struct wire_conf, gap)},
	{&kind_share, offsetof(struct wire_conf, duplicate)},
	{&kind_share, offsetof(struct wire_conf, corrupt)},
	{&kind_rate, offsetof(struct wire_conf, rate)},
	{&kind_bytes, offsetof(struct wire_conf, queue)},
};

/* One argument while it is read. */
struct reader {
	struct args *a;
	const char *name, *value;
	bool dir[2]; /* which directions are meant */
	struct err *e;
};

static int refuse(struct reader *r, const char *wanted)
{
	return err_set(r->e, EINVAL, "--%s: '%s': %s is wanted", r->name, r->value, wanted);
}

/* Digits, perhaps with a point, and a unit. */
static bool number(const char *text, const struct kind *kind, double *out)
{
	size_t n = strspn(text, "0123456789.");
	const struct unit *u = kind->units;
	char *end;

	*out = strtod(text, &end);
	if (n == 0 || end != text + n)
		return false;
	while (u->name && strcmp(u->name, end) != 0)
		u++;
	if (!u->name)
		return false;
	*out *= u->factor;
	return *out >= kind->min && *out <= kind->max;
}

static uint64_t rounded(double v)
{
	return (uint64_t)(v + 0.5);
}

static int read_number(struct reader *r, const struct kind *kind, uint64_t *out)
{
	double v;

	if (!number(r->value, kind, &v))
		return refuse(r, kind->wanted);
	*out = rounded(v);
	return 0;
}

static int read_field(struct reader *r, const struct field *f)
{
	uint64_t v = 0;
	int rc = read_number(r, f->kind, &v);

	for (unsigned d = 0; rc == 0 && d < 2; d++)
		if (r->dir[d])
			*(uint64_t *)((char *)&r->a->wire[d] + f->at) = v;
	return rc;
}

/* Share s in bursts of n: leave = 1 / n, and enter such that enter / (enter + leave) is s. */
static int read_burst(struct reader *r)
{
	const char *comma = strchr(r->value, ',');
	char share[32] = "";
	double s, n, enter;

	if (comma && comma - r->value < (int)sizeof(share))
		memcpy(share, r->value, (size_t)(comma - r->value));
	if (!number(share, &kind_share, &s) || !number(comma + 1, &kind_burst, &n))
		return refuse(r, kind_burst.wanted);
	s /= WIRE_ALWAYS;
	enter = s / (1 - s) / n;
	if (!(s < 1) || enter > 1)
		return refuse(r, "a share that bursts of this length can reach");
	for (unsigned d = 0; d < 2; d++) {
		if (!r->dir[d])
			continue;
		r->a->wire[d].burst_enter = rounded(enter * WIRE_ALWAYS);
		r->a->wire[d].burst_leave = rounded(WIRE_ALWAYS / n);
	}
	return 0;
}

static int read_idle(struct reader *r)
{
	r->a->sleep = strcmp(r->value, "sleep") == 0;
	return r->a->sleep || strcmp(r->value, "poll") == 0 ? 0 : refuse(r, "poll or sleep");
}

/* What is one number for all of the wire. */
static int read_common(struct reader *r, enum arg opt)
{
	static const struct kind *const kinds[] = {[OPT_PACKETS] = &kind_packets,
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
	case OPT_FIELD:
		return read_field(r, &fields[index]);
	case OPT_BURST:
		return read_burst(r);
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

/* What only the whole command line shows; defaults that depend on other options. */
static int check_wire(struct wire_conf *c, const char *dir, struct err *e)
{
	if (c->jitter > c->delay)
		return err_set(e, EINVAL, "--jitter: more than --delay (%s)", dir);
	if (c->queue && !c->rate)
		return err_set(e, EINVAL, "--queue: there is none without --rate (%s)", dir);
	if (c->rate && !c->queue)
		c->queue = 256 << 10;
	if (c->reorder && !c->gap)
		c->gap = c->delay / 4;
	if (c->reorder && !c->gap)
		return err_set(e, EINVAL, "--reorder: needs --delay or --reorder-gap (%s)", dir);
	return 0;
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

int args_parse(struct args *a, int argc, char **argv, struct err *e)
{
	struct reader r = {.a = a, .dir = {true, true}, .e = e};
	int opt, index = 0, rc = 0;

	*a = (struct args){.mtu = RTE_ETHER_MTU, .core = -1};
	for (unsigned d = 0; d < 2; d++)
		a->wire[d] = (struct wire_conf){.packets = PACKETS, .seed = 2 + d};
	opterr = optind = 0; /* glibc: begin anew */
	while (rc == 0 && (opt = getopt_long_only(argc, argv, ":", options, &index)) != -1) {
		const char *word = argv[optind > 0 ? optind - 1 : 0];

		if (opt == ':')
			return err_set(e, EINVAL, "%s: a value is wanted", word);
		if (opt == '?')
			return err_set(e, EINVAL, "unknown option '%s'", word);
		rc = read_option(&r, index);
	}
	if (rc == 0 && a->verb == ARGS_RUN)
		rc = read_devices(a, argc - optind, argv + optind, e);
	if (rc == 0)
		rc = check_wire(&a->wire[0], "a to b", e);
	return rc < 0 ? rc : check_wire(&a->wire[1], "b to a", e);
}
