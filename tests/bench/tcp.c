/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_tcp [-c LOAD,TEST] [-s SECONDS] [-r ROUNDS] [-n IDLE] [-m MB] [-H] [CASE...]
 *
 * What TCP costs without a NIC or a kernel in the way: two ends of a net_memif in one process, each
 * polling on a core of its own. One is under test: a struct worker with the relay in a mode of its
 * listener, or net and tcp alone (direct). The other is client and origin. Cycles are those of the
 * end under test, by stage, for each packet that passed the stage. A round of a case is the median
 * of windows of 1 ms in which the kernel gave neither core to anybody else; of ROUNDS, one after
 * the other through all cases, the best is shown: what the code costs, not what disturbed it. "a
 * core" is what the end under test would do if all its cycles were as busy, "other" how busy the
 * other end was. The cases `idle` hold IDLE connections and say what memory that takes, of the MB
 * that the worker has as `memory`. The case `flood` sends SYNs of 2^29 addresses that nobody
 * answers for, as many as the end under test takes, while a few honest clients open, ask, are
 * answered and close: it is INVALID if one of them fails or has to send its SYN again.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_malloc.h>

#include "buf/buf.h"
#include "end.h"
#include "net/net.h"
#include "tcp/tcp.h"
#include "worker/worker.h"

#define WINDOWS_MAX 2000
#define WINDOWS_MIN 20
#define WINDOW_US   1000
#define PATIENCE    4 /* times as long, while windows are too few */
#define WARM_MS     300
#define LINK_MS     5000
#define WINDOW      (128 << 10) /* TCP's: what is in flight fits into memif's ring */
#define BUFFERS     32768

#define LISTENERS 8
#define PACE      256 /* handshakes at a time: their packets fit into memif's ring */
#define STUCK     50  /* times 100 ms */
#define SPARE     64  /* connections besides the idle ones: those to the member */
/* clang-format off */
#define INI \
	"[global]\nmemory = %uM\n" \
	"[port p]\ndevice = %s\naddress = 10.0.0.10/16\ngateway = 10.0.1.1\n" \
	"[listener l]\nmode = %s\n%sconnections = %u\nidle-timeout = 1h\n" \
	"address = 10.0.0.10:8000, 10.0.0.10:8001, 10.0.0.10:8002, 10.0.0.10:8003, " \
	"10.0.0.10:8004, 10.0.0.10:8005, 10.0.0.10:8006, 10.0.0.10:8007\n" \
	"[pool o]\nmember = a 10.0.1.1:9000\nmember = b 10.0.1.2:9000\n" \
	"member = c 10.0.1.3:9000\nmember = d 10.0.1.4:9000\nmember = e 10.0.1.5:9000\n" \
	"member = f 10.0.1.6:9000\nmember = g 10.0.1.7:9000\nmember = h 10.0.1.8:9000\n" \
	"[tcp]\nreceive-buffer = 128K\nsend-buffer = 128K\nkeepalive = off\n"
/* clang-format on */

/* What is measured, and what of the result is the figure. */
enum unit { GBIT, RESPONSES, CONNECTIONS, SYNS, HELD };

struct bench {
	const char *name;
	const char *mode; /* of the listener; NULL: direct, and two rows, one for each end */
	enum end_load load;
	uint64_t body;
	uint32_t conns; /* HELD: a share of the idle ones, one in so many */
	enum unit unit;
};

static const struct bench benches[] = {
	{"bulk", NULL, END_ASK, 1ull << 40, 4, GBIT},
	{"small", NULL, END_ASK, 100, 64, RESPONSES},
	{"open", NULL, END_OPEN, 0, 64, CONNECTIONS},
	{"echo-small", "echo", END_ASK, 0, 64, RESPONSES},
	{"echo-open", "echo", END_OPEN, 0, 64, CONNECTIONS},
	{"splice-bulk", "splice", END_ASK, 1ull << 40, 4, GBIT},
	{"splice-small", "splice", END_ASK, 100, 64, RESPONSES},
	{"splice-open", "splice", END_OPEN, 0, 64, CONNECTIONS},
	{"http-bulk", "http", END_ASK, 1ull << 40, 4, GBIT},
	{"http-4k", "http", END_ASK, 4096, 64, RESPONSES},
	{"http-open", "http", END_OPEN, 0, 64, CONNECTIONS},
	{"flood", "echo", END_ONCE, 0, 8, SYNS},
	{"echo-idle", "echo", END_HOLD, 0, 1, HELD},
	{"splice-idle", "splice", END_HOLD, 100, 2, HELD},
	{"http-idle", "http", END_HOLD, 100, 1, HELD},
};

static struct {
	unsigned core[2]; /* load, test */
	unsigned seconds, rounds, megabytes, idle;
	bool huge;
} opt = {{0, 1}, 2, 1, 1200, 1000000, false};

/* The end under test. */
static struct test {
	struct end *end; /* direct */
	struct worker *worker;
	struct conf *conf;
	struct port *port;
	struct buf_pools pools;
	struct worker_links *links;
	uint64_t tables; /* bytes of the heap that the worker took */
	const struct stat_stage *stage;
	const uint64_t *idle; /* cycles */
	_Atomic bool stop;    /* of a direct end; nothing else hangs on it */
	_Atomic pid_t tid;    /* of its thread, 0: not there yet */
} test;

static bool invalid; /* some row is */

static void fail(const char *what, const struct err *e)
{
	fprintf(stderr, "bench_tcp: %s%s%s\n", what, e ? ": " : "", e ? e->text : "");
	exit(1);
}

/* ---- the two ends ---- */

static const char *device(char *text, size_t n, const char *role)
{
	static unsigned serial;

	snprintf(text, n, "net_memif_%s,role=%s,socket=penstock-bench-%d-%u", role, role,
		(int)getpid(), serial++ / 2);
	return text;
}

static uint64_t heap(void)
{
	struct rte_malloc_socket_stats s;

	rte_malloc_get_socket_stats(0, &s);
	return s.heap_allocsz_bytes;
}

/* The keys of a listener that depend on its mode. */
static const char *mode_keys(const char *mode)
{
	if (strcmp(mode, "echo") == 0)
		return "";
	return strcmp(mode, "http") == 0 ? "pool = o\nhead-timeout = 1h\n" : "pool = o\n";
}

static void worker_up(const char *dev, const char *mode, uint32_t conns)
{
	struct buf_pools *pools = &test.pools;
	struct worker_config cfg = {.pools = pools,
		.n_workers = 1,
		.socket = SOCKET_ID_ANY,
		.seed = {1, 2, 3, 4, 5, 6}};
	struct conf_errors errs = {0};
	struct worker_plan plan;
	struct err e = {""};
	char text[2048];
	int n = snprintf(text, sizeof(text), INI, opt.megabytes, dev, mode, mode_keys(mode), conns);

	test.conf = conf_parse_text("bench", text, (size_t)n, &errs);
	if (!test.conf)
		fail(conf_errors_text(&errs, 0), NULL);
	if (worker_plan(test.conf, 1, &plan, &e) < 0)
		fail("plan", &e);
	if (buf_pools_create(&test.pools, "test", plan.buffers, SOCKET_ID_ANY) < 0)
		fail("no memory for buffers", NULL);
	test.port = port_open(&test.conf->ports[0], 0, 1, &pools, &e);
	test.links = worker_links_create(1, plan.handed, &e);
	cfg.conf = test.conf;
	cfg.ports = &test.port;
	cfg.links = test.links;
	cfg.plan = &plan;
	test.tables = heap();
	test.worker = test.port && test.links ? worker_create(&cfg, &e) : NULL;
	if (!test.worker)
		fail("worker", &e);
	test.tables = heap() - test.tables;
	test.stage = worker_load(test.worker)->stage;
	test.idle = &worker_load(test.worker)->idle;
}

static int test_main(void *arg)
{
	atomic_store_explicit(&test.tid, gettid(), memory_order_relaxed);
	if (test.worker)
		return worker_main(test.worker);
	while (!atomic_load_explicit(&test.stop, memory_order_relaxed))
		end_turn(test.end);
	return 0;
}

/* The end under test: up, with link to its load, polling on its core. */
static void test_up(
	const struct bench *b, struct end_config *cfg, uint32_t clients, struct end **load)
{
	char dev[2][96];
	struct err e = {""};

	device(dev[0], sizeof(dev[0]), "server");
	device(dev[1], sizeof(dev[1]), "client");
	memset(&test, 0, sizeof(test));
	cfg->device = dev[0];
	if (b->mode) {
		worker_up(dev[0], b->mode, clients);
	} else {
		cfg->net = 0;
		test.end = end_create(cfg, &e);
		if (!test.end)
			fail("end", &e);
		test.port = end_port(test.end);
		test.stage = end_counts(test.end)->stage;
		test.idle = &end_counts(test.end)->idle;
	}
	cfg->net = 1;
	cfg->device = dev[1];
	*load = end_create(cfg, &e);
	if (!*load)
		fail("load", &e);
	for (unsigned ms = 0;
		port_state(test.port) != PORT_UP || port_state(end_port(*load)) != PORT_UP; ms++) {
		if (ms > LINK_MS)
			fail("the memif has no link", NULL);
		port_link_poll(test.port);
		port_link_poll(end_port(*load));
		rte_delay_us_sleep(1000);
	}
	end_link_up(*load);
	if (test.end)
		end_link_up(test.end);
	rte_eal_remote_launch(test_main, NULL, 1);
	if (test.worker && worker_set_link(test.worker, 0, true) < 0)
		fail("the worker does not answer", NULL);
}

/* The driver frees what it shares in its interrupt thread, without a lock against a close: the end
 * that is closed last waits for that. */
static void peer_gone(struct port *p)
{
	for (unsigned ms = 0; port_state(p) == PORT_UP && ms < LINK_MS; ms++) {
		port_link_poll(p);
		rte_delay_us_sleep(1000);
	}
	rte_delay_us_sleep(20000);
}

static void test_down(struct end *load)
{
	if (test.worker)
		worker_stop(test.worker);
	atomic_store_explicit(&test.stop, true, memory_order_relaxed);
	rte_eal_wait_lcore(1);
	worker_destroy(test.worker);
	worker_links_destroy(test.links, 1);
	if (test.worker)
		port_close(test.port);
	end_destroy(test.end);
	peer_gone(end_port(load));
	end_destroy(load);
	if (test.pools.data)
		buf_pools_destroy(&test.pools);
	conf_destroy(test.conf);
}

/* ---- windows ---- */

struct sample {
	uint64_t tsc, busy, idle;
	double other; /* busy share of the other end */
	struct stat_stage stage[WORKER_STAGE_N];
	struct end_counts load;
};

static void sample_take(struct sample *s, const struct stat_stage *stage, const uint64_t *idle,
	const struct end *load)
{
	s->tsc = rte_rdtsc();
	s->idle = __atomic_load_n(idle, __ATOMIC_RELAXED);
	memcpy(s->stage, stage, sizeof(s->stage));
	s->load = *end_counts(load);
	s->busy = 0;
	for (unsigned i = 0; i < WORKER_STAGE_N; i++)
		s->busy += s->stage[i].cycles;
}

/* b - a, in b */
static void sample_sub(struct sample *b, const struct sample *a)
{
	b->tsc -= a->tsc;
	b->busy -= a->busy;
	b->idle -= a->idle;
	b->load.bytes -= a->load.bytes;
	b->load.responses -= a->load.responses;
	b->load.opened -= a->load.opened;
	b->load.failed -= a->load.failed;
	b->load.strays -= a->load.strays;
	for (unsigned i = 0; i < WORKER_STAGE_N; i++) {
		b->stage[i].cycles -= a->stage[i].cycles;
		b->stage[i].packets -= a->stage[i].packets;
	}
}

static double each(uint64_t cycles, uint64_t n)
{
	return n ? (double)cycles / (double)n : 0;
}

/* Cycles for each packet that came in or went out. */
static double cost(const struct sample *s)
{
	return each(s->busy, s->stage[WORKER_STAGE_timers].packets);
}

static int by_cost(const void *a, const void *b)
{
	double x = cost(a), y = cost(b);

	return (x > y) - (x < y);
}

/* ---- the table ---- */

#define STAGE_WIDTH(name) (int)(sizeof(#name) - 1)

static void head(void)
{
	printf("%-13s %8s %8s %-7s %6s %6s %7s", "", "here", "a core", "", "other", "busy",
		"cycles");
#define X(name) printf(" %*s", STAGE_WIDTH(name), #name);
#include "worker/worker_stage.def"
#undef X
	printf("\n");
}

static double amount(const struct sample *s, enum unit unit)
{
	uint64_t n = unit == GBIT        ? s->load.bytes
		     : unit == RESPONSES ? s->load.responses
		     : unit == SYNS      ? s->load.strays
					 : s->load.opened;

	return (double)n;
}

static void row(const char *name, enum unit unit, const struct sample *s)
{
	static const char *const units[] = {"Gbit/s", "rsp/s", "conn/s", "SYN/s"};
#define X(stage) STAGE_WIDTH(stage),
	static const int width[] = {
#include "worker/worker_stage.def"
	};
#undef X
	double hz = (double)rte_get_tsc_hz(), rate, busy, scale = unit == GBIT ? 8e-9 : 1;
	int digits = unit == GBIT ? 2 : 0;

	if (s->tsc == 0) {
		printf("%-13s INVALID: others had one of these cores in nearly all windows\n",
			name);
		invalid = true;
		return;
	}
	rate = amount(s, unit) * scale * hz / (double)s->tsc;
	busy = (double)s->busy / (double)s->tsc;
	printf("%-13s %8.*f %8.*f %-7s %4.0f %% %4.0f %% %7.0f", name, digits, rate, digits,
		busy > 0 ? rate / busy : 0, units[unit], 100 * s->other, 100 * busy,
		unit == GBIT ? cost(s) : each(s->busy, (uint64_t)amount(s, unit)));
	for (unsigned i = 0; i < WORKER_STAGE_N; i++)
		printf(" %*.0f", width[i], each(s->stage[i].cycles, s->stage[i].packets));
	printf("\n");
}

static void doubt(const char *why, uint64_t n)
{
	printf("INVALID: %lu %s\n", (unsigned long)n, why);
	invalid = true;
}

static void turns(struct end *load, unsigned us)
{
	uint64_t until = rte_rdtsc() + rte_get_tsc_hz() / 1000000 * us;

	while (rte_rdtsc() < until)
		end_turn(load);
}

/* Turns until *count is n; false: it stopped growing. */
static bool turns_until(struct end *load, const uint64_t *count, uint64_t n)
{
	uint64_t last = 0;

	for (unsigned stuck = 0; *count < n && stuck < STUCK; stuck++) {
		turns(load, 100000);
		if (*count != last)
			stuck = 0;
		last = *count;
	}
	return *count >= n;
}

/* How often the kernel has put a thread of ours on a core. */
static uint64_t scheduled(pid_t tid)
{
	char path[64], text[96] = "";
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)tid);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f) || sscanf(text, "%*u %*u %lu", &n) != 1)
		fail("no schedstat: who else runs is not known", NULL);
	fclose(f);
	return n;
}

static uint64_t both_scheduled(void)
{
	return scheduled(gettid()) + scheduled(atomic_load(&test.tid));
}

/* Its core was all ours: the account of its cycles is that of the time. */
static bool whole(const struct sample *s)
{
	uint64_t sum = s->busy + s->idle;

	return sum > s->tsc * 9 / 10 && sum < s->tsc * 11 / 10;
}

static void samples_take(struct sample *mine, struct sample *its, const struct end *load)
{
	sample_take(mine, test.stage, test.idle, load);
	sample_take(its, end_counts(load)->stage, &end_counts(load)->idle, load);
}

/* Windows of both ends in which no thread had to leave its core; how many. */
static unsigned windows(struct end *load, struct sample *mine, struct sample *its)
{
	uint64_t start = rte_rdtsc(), until = start + rte_get_tsc_hz() * opt.seconds, before;
	struct sample at[2];
	unsigned n = 0;

	while (n < WINDOWS_MAX &&
		rte_rdtsc() < (n < WINDOWS_MIN ? until + PATIENCE * (until - start) : until)) {
		before = both_scheduled();
		samples_take(&at[0], &at[1], load);
		turns(load, WINDOW_US);
		samples_take(&mine[n], &its[n], load);
		sample_sub(&mine[n], &at[0]);
		sample_sub(&its[n], &at[1]);
		mine[n].other = each(its[n].busy, its[n].tsc);
		its[n].other = each(mine[n].busy, mine[n].tsc);
		n += both_scheduled() == before && whole(&mine[n]);
	}
	return n;
}

static unsigned targets(const struct bench *b, struct ip_endpoint *to)
{
	const uint8_t worker[4] = {10, 0, 0, 10}, end[4] = {10, 0, 0, 1};

	for (unsigned i = 0; i < LISTENERS; i++)
		to[i] = (struct ip_endpoint){
			ip_from_v4(b->mode ? worker : end), (uint16_t)(b->mode ? 8000 + i : 9000)};
	return b->mode ? LISTENERS : 1;
}

/* The best round of each case: of the end under test, and of the other. */
static struct sample best[RTE_DIM(benches)][2];

static void keep(struct sample *kept, struct sample *all, unsigned n)
{
	qsort(all, n, sizeof(*all), by_cost);
	if (n >= WINDOWS_MIN && (kept->tsc == 0 || cost(&all[n / 2]) < cost(kept)))
		*kept = all[n / 2];
}

/* ---- the flood ---- */

/* What is counted from its begin to its end, and said of all rounds in the last line. */
static struct flood_sum {
	uint64_t syns, syn_acks, repeated, full, cookies, dropped;
	uint64_t tried, answers, failed, again, accepted;
	uint32_t half_open, half_open_max;
	int64_t memory, buffers; /* growth, bytes and mbufs */
} flood_sum;

static uint64_t tcp_drops(const uint64_t *stat)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < TCP_STAT_N; i++)
		if (strncmp(tcp_stat_names[i].name, "drop_", 5) == 0)
			sum += stat[i];
	return sum;
}

/* sign -1 when it begins, 1 when it is over. */
static void flood_count(const struct end *load, int sign)
{
	const uint64_t *stat = tcp_stats(worker_tcp(test.worker));
	const struct end_counts *c = end_counts(load);
	struct flood_sum *f = &flood_sum;
	uint64_t s = (uint64_t)(int64_t)sign;
	struct tcp_info info;

	f->syns += s * c->flooded;
	f->syn_acks += s * c->strays;
	f->repeated += s * stat[TCP_STAT_syn_retransmits];
	f->tried += s * c->tried;
	f->answers += s * c->responses;
	f->failed += s * c->failed;
	f->again += s * c->again;
	f->full +=
		s * (stat[TCP_STAT_ctl_full] + port_stats(test.port, 0).values[PORT_STAT_tx_full]);
	f->cookies += s * stat[TCP_STAT_cookies_sent];
	f->accepted += s * stat[TCP_STAT_cookies_accepted];
	f->dropped += s * tcp_drops(stat);
	f->memory += sign * (int64_t)heap();
	f->buffers += sign * (int64_t)buf_pools_in_use(&test.pools);
	tcp_info(worker_tcp(test.worker), &info);
	f->half_open = info.syns;
	f->half_open_max = info.syns_max;
}

/* Clients have been there, so the neighbours are known. */
static void flood_begin(const struct bench *b, struct end *load, const struct ip_endpoint *to)
{
	end_load(load, b->load, to, LISTENERS, 0, 0);
	turns(load, WARM_MS * 1000);
	flood_count(load, -1);
	end_flood(load, port_mac(test.port), &test.stage[WORKER_STAGE_port_rx].packets);
	end_load(load, b->load, to, LISTENERS, b->conns, b->conns);
	turns(load, WARM_MS * 1000);
}

/* The clients that are still at it end in the flood, too. */
static void flood_end(struct end *load, const struct ip_endpoint *to)
{
	const struct end_counts *c = end_counts(load);

	end_load(load, END_ONCE, to, LISTENERS, 0, 0);
	turns_until(load, &c->responses, c->tried);
	end_flood(load, port_mac(test.port), NULL);
	turns(load, WARM_MS * 1000);
	flood_count(load, 1);
}

static void flood_row(void)
{
	const struct flood_sum *f = &flood_sum;

	printf("flood: %lu SYNs, %lu SYN-ACKs and %lu again, %lu cookies; %u of %u records half "
	       "open; dropped %lu segments, %lu SYN-ACKs\n"
	       "flood: %lu clients, %lu by cookie, %lu answered, %lu SYNs again; memory %+ld "
	       "bytes, %+ld buffers\n",
		f->syns, f->syn_acks + f->full - f->repeated, f->repeated, f->cookies, f->half_open,
		f->half_open_max, f->dropped, f->full, f->tried, f->accepted, f->answers, f->again,
		f->memory, f->buffers);
	if (f->syn_acks + f->full - f->repeated != f->syns)
		doubt("SYNs were not answered", f->syns + f->repeated - f->syn_acks);
	if (f->tried == 0 || f->answers < f->tried)
		doubt("clients were not answered", f->tried - f->answers);
	if (f->again)
		doubt("clients had to ask again", f->again);
	if (f->memory > 0 || f->buffers > 0)
		doubt("bytes or buffers more than before", (uint64_t)(f->memory + f->buffers));
}

static void run(const struct bench *b, struct sample *kept)
{
	static struct sample mine[WINDOWS_MAX], its[WINDOWS_MAX];
	struct end_config cfg = {.conns = 4096,
		.buffers = BUFFERS,
		.window = WINDOW,
		.listen = 9000,
		.body = b->body};
	struct ip_endpoint to[LISTENERS];
	struct end *load;
	unsigned n;

	test_up(b, &cfg, cfg.conns, &load);
	end_load(load, b->load, to, targets(b, to), b->conns, b->conns);
	turns(load, WARM_MS * 1000);
	if (b->unit == SYNS)
		flood_begin(b, load, to);
	n = windows(load, mine, its);
	if (b->unit == SYNS)
		flood_end(load, to);
	keep(&kept[0], mine, n);
	keep(&kept[1], its, n);
	if (end_counts(load)->failed)
		doubt("connections failed", end_counts(load)->failed);
	end_load(load, END_HOLD, to, targets(b, to), 0, 0);
	test_down(load);
}

static void rows(const struct bench *b, const struct sample *kept)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%s", b->name, b->mode ? "" : " origin");
	row(name, b->unit, &kept[0]);
	if (b->mode)
		return;
	snprintf(name, sizeof(name), "%s client", b->name);
	row(name, b->unit, &kept[1]);
}

/* Pages of this process that are in memory, bytes. */
static uint64_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void idle_row(const struct bench *b, uint32_t want, bool answered)
{
	uint32_t conns = worker_conns(test.worker);

	printf("%-12s %u connections held: %lu bytes of tables a client, %u buffers; process %lu "
	       "MB "
	       "with its load\n",
		b->name, conns, (unsigned long)(test.tables / want), buf_pools_in_use(&test.pools),
		(unsigned long)(resident() >> 20));
	if (conns < want)
		doubt("clients are missing", want - conns);
	if (!answered)
		doubt("client asked and got no answer", 1);
}

static void idle(const struct bench *b)
{
	uint32_t want = opt.idle / b->conns, sides = strcmp(b->mode, "splice") == 0 ? 2 : 1;
	struct end_config cfg = {.conns = (want + SPARE) * sides,
		.buffers = BUFFERS,
		.window = WINDOW,
		.listen = 9000,
		.body = b->body};
	struct ip_endpoint to[LISTENERS];
	const struct end_counts *counts;
	struct end *load;
	bool answered;

	test_up(b, &cfg, want, &load);
	counts = end_counts(load);
	end_load(load, END_HOLD, to, targets(b, to), want, PACE);
	turns_until(load, &counts->opened, want);
	/* what was lost on the way here is sent again */
	for (unsigned i = 0; i < STUCK && worker_conns(test.worker) < want * sides; i++)
		turns(load, 100000);
	end_ask_one(load);
	answered = turns_until(load, &counts->responses, 1);
	idle_row(b, want, answered && counts->failed == 0);
	test_down(load);
}

static void eal_up(void)
{
	char lcores[32], megabytes[16];
	char *argv[] = {"bench_tcp", "--no-pci", "--no-telemetry", "--log-level", "error", "-m",
		megabytes, "--lcores", lcores, opt.huge ? "--in-memory" : "--no-huge",
		opt.huge ? "--iova-mode=va" : "--no-shconf"};

	snprintf(lcores, sizeof(lcores), "0@%u,1@%u", opt.core[0], opt.core[1]);
	/* and the load's */
	snprintf(megabytes, sizeof(megabytes), "%u", opt.megabytes + 512 + opt.idle / 2048);
	if (rte_eal_init(RTE_DIM(argv), argv) < 0)
		fail("EAL", NULL);
}

static bool wanted(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

static void usage(void)
{
	fail("usage: [-c LOAD,TEST] [-s SECONDS] [-r ROUNDS] [-n IDLE] [-m MB] [-H] [CASE...]",
		NULL);
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "c:s:r:n:m:H")) >= 0) {
		if (c == 'H')
			opt.huge = true;
		else if (c == 's')
			opt.seconds = (unsigned)atoi(optarg);
		else if (c == 'r')
			opt.rounds = (unsigned)atoi(optarg);
		else if (c == 'n')
			opt.idle = (unsigned)atoi(optarg);
		else if (c == 'm')
			opt.megabytes = (unsigned)atoi(optarg);
		else if (c != 'c' || sscanf(optarg, "%u,%u", &opt.core[0], &opt.core[1]) != 2)
			usage();
	}
}

int main(int argc, char **argv)
{
	bool on[RTE_DIM(benches)];

	options(argc, argv);
	for (unsigned i = 0; i < RTE_DIM(benches); i++)
		on[i] = wanted(benches[i].name, argv + optind, argc - optind);
	eal_up();
	for (unsigned r = 0; r < opt.rounds; r++)
		for (unsigned i = 0; i < RTE_DIM(benches); i++)
			if (on[i] && benches[i].unit != HELD)
				run(&benches[i], best[i]);
	head();
	for (unsigned i = 0; i < RTE_DIM(benches); i++)
		if (on[i] && benches[i].unit != HELD)
			rows(&benches[i], best[i]);
	if (flood_sum.syns)
		flood_row();
	for (unsigned i = 0; i < RTE_DIM(benches); i++)
		if (on[i] && benches[i].unit == HELD)
			idle(&benches[i]);
	rte_eal_cleanup();
	return invalid;
}
