/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A system for the tests of lib/ctl: every instance is the real one, at rest, on a port of
 * net_null and on one whose device is absent. Two workers; "running on a worker" is a plain call.
 */
#ifndef CTL_SYSTEM_H
#define CTL_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "buf/buf.h"
#include "ctl/ctl_priv.h"
#include "lb/lb.h"
#include "net/net.h"
#include "port/port.h"
#include "relay/relay.h"
#include "tcp/tcp.h"
#include "unit.h"

#define SYSTEM_WORKERS 2
#define SYSTEM_STAGES  2
#define SYSTEM_NOW     5000000 /* us, of the workers */

/* clang-format off */
#define SYSTEM_INI \
	"[global]\nworkers = 2,3\nidle = sleep\nmemory = 64M\ndrain = 1500ms\n" \
	"socket = /nowhere/penstock.sock\n" \
	"[port front]\ndevice = net_null0\naddress = 10.0.0.10/24, 2001:db8::10/64\n" \
	"gateway = 10.0.0.1, 2001:db8::1\n" \
	"[port back]\ndevice = 0000:ff:1f.7\naddress = 10.1.0.10/24\noptional = yes\nvlan = 7\n" \
	"mac = 02:00:00:00:00:0a\n" \
	"[route-static store]\nto = 10.9.0.0/16\nvia = 10.1.0.1\n" \
	"[listener s3]\naddress = 10.0.0.10:80, [2001:db8::10]:80\npool = fast\nconnections = 8\n" \
	"forwarded = yes\n" \
	"[pool fast]\nmember = a 10.1.0.11:9000 weight=2\nmember = b 10.1.0.12:9000\n" \
	"balance = round-robin\n" \
	"[pool slow]\nmember = c [2001:db8::30]:9000\n" \
	"[tcp]\nkeepalive = off\n"
/* clang-format on */

struct system_worker {
	struct buf_pools pools;
	struct rand_state rnd;
	struct lb *lb;
	struct net *net;
	struct tcp *tcp;
	struct relay *relay;
	uint64_t busy, idle, sleep, polls;
	struct stat_stage stage[SYSTEM_STAGES];
	struct stat_hist burst;
	uint64_t own[2];
	struct stat_block block;
};

static struct system {
	struct conf *conf;
	struct port *ports[2];
	struct system_worker worker[SYSTEM_WORKERS];
	struct ctl_worker views[SYSTEM_WORKERS];
	clock_us_t now;
	bool hangs;    /* workers do not answer */
	unsigned hung; /* bit w: this one does not */
	char file[64]; /* the configuration's, see system_file */
	struct ctl_core core;
} sys;

static inline int system_run(void *arg, unsigned w, void (*fn)(void *), void *fn_arg)
{
	if (sys.hangs || sys.hung >> w & 1)
		return -ETIMEDOUT;
	fn(fn_arg);
	return 0;
}

static inline struct net *system_net(struct system_worker *w)
{
	struct net_port_config ports[2];
	struct net_route_config route = {.port = 1};
	struct net_config cfg = {.ports = ports, .n_ports = 2, .routes = &route, .n_routes = 1};
	struct err e;

	memset(ports, 0, sizeof(ports));
	for (unsigned p = 0; p < 2; p++) {
		const struct conf_port *c = &sys.conf->ports[p];

		memcpy(ports[p].mac, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)p}, 6);
		ports[p].mtu = c->mtu;
		ports[p].n_addr = c->n_addr;
		for (unsigned i = 0; i < c->n_addr; i++)
			ports[p].addr[i] = (struct net_prefix){c->addr[i].addr, c->addr[i].bits};
	}
	route.to = (struct net_prefix){sys.conf->statics[0].to.addr, sys.conf->statics[0].to.bits};
	route.via = sys.conf->statics[0].via;
	return net_create(&cfg, &w->pools, &w->rnd, &e);
}

static inline void system_worker_parts(struct system_worker *w, unsigned id)
{
	struct tcp_config tcp = {.conns = 32,
		.syns = 16,
		.time_waits = 16,
		.exts = 8,
		.rcv_limit = 1 << 20,
		.snd_limit = 1 << 20,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 1000,
		.rto_min_ms = 200,
		.secret = {1, 2, 3, 4}};
	struct relay_config relay = {.conf = sys.conf,
		.pools = &w->pools,
		.ports = sys.ports,
		.rnd = &w->rnd,
		.worker = (uint16_t)id,
		.n_workers = SYSTEM_WORKERS,
		.requests = 8,
		.backs = 16};
	struct err e = {""};

	rand_seed(&w->rnd, id + 1);
	w->lb = lb_create(
		&(struct lb_config){.conf = sys.conf, .rnd = &w->rnd, .n_workers = 2}, &e);
	w->net = system_net(w);
	w->tcp = tcp_create(&tcp, &w->pools, sys.now, &e);
	CU_ASSERT_FATAL(w->lb && w->net && w->tcp);
	relay.lb = w->lb;
	relay.net = w->net;
	relay.tcp = w->tcp;
	w->relay = relay_create(&relay, sys.now, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->relay);
}

static inline void system_worker_up(unsigned id)
{
	static const struct stat_name names[] = {{"jobs", "jobs run"}, {"lost", "dropped: lost"}};
	struct system_worker *w = &sys.worker[id];

	system_worker_parts(w, id);
	w->stage[0].name = "take";
	w->stage[1].name = "rest";
	w->block = (struct stat_block){"worker", names, w->own, 2};
	sys.views[id] = (struct ctl_worker){.core = sys.conf->global.workers[id],
		.net = w->net,
		.tcp = w->tcp,
		.lb = w->lb,
		.relay = w->relay,
		.pools = &w->pools,
		.now = &sys.now,
		.busy_cycles = &w->busy,
		.idle_cycles = &w->idle,
		.sleep_cycles = &w->sleep,
		.polls = &w->polls,
		.stages = w->stage,
		.n_stages = SYSTEM_STAGES,
		.burst = &w->burst,
		.blocks = &w->block,
		.n_blocks = 1};
}

static inline struct conf *system_conf(const char *ini)
{
	struct conf_errors errs = {0};
	struct conf *c = conf_parse_text("t.ini", ini, strlen(ini), &errs);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		printf("%s\n", conf_errors_text(&errs, i));
	conf_errors_fini(&errs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

/* ini: SYSTEM_INI and more. */
static inline void system_up_with(const char *ini)
{
	struct buf_pools *pools[SYSTEM_WORKERS];
	struct err e = {""};
	char name[8];

	unit_eal();
	memset(&sys, 0, sizeof(sys));
	sys.now = SYSTEM_NOW;
	sys.conf = system_conf(ini);
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		snprintf(name, sizeof(name), "w%u", w);
		pools[w] = &sys.worker[w].pools;
		CU_ASSERT_EQUAL_FATAL(buf_pools_create(pools[w], name, 2048, -1), 0);
	}
	for (unsigned p = 0; p < 2; p++) {
		sys.ports[p] =
			port_open(&sys.conf->ports[p], (uint8_t)p, SYSTEM_WORKERS, pools, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(sys.ports[p]);
	}
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++)
		system_worker_up(w);
	sys.core.sys = (struct ctl_system){.conf = sys.conf,
		.snapshots = ctl_snapshots_create(sys.conf),
		.version = "1.2.3",
		.started = 1700000000,
		.tsc_hz = 1000000000,
		.ports = sys.ports,
		.n_ports = 2,
		.workers = sys.views,
		.n_workers = SYSTEM_WORKERS,
		.run_on_worker = system_run};
	CU_ASSERT_EQUAL_FATAL(ctl__core_start(&sys.core, &e), 0);
}

static inline void system_up(void)
{
	system_up_with(SYSTEM_INI);
}

static inline void system_down(void)
{
	ctl__core_stop(&sys.core);
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		relay_destroy(sys.worker[w].relay);
		tcp_destroy(sys.worker[w].tcp);
		net_destroy(sys.worker[w].net);
		lb_destroy(sys.worker[w].lb);
	}
	for (unsigned p = 0; p < 2; p++)
		port_close(sys.ports[p]);
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++)
		buf_pools_destroy(&sys.worker[w].pools);
	ctl_snapshots_destroy(sys.core.sys.snapshots);
	conf_destroy(sys.conf);
	if (sys.file[0])
		unlink(sys.file);
}

/* The file that a reload reads says this from now on. */
static inline void system_file(const char *ini)
{
	FILE *f;

	if (!sys.file[0]) {
		strcpy(sys.file, "/tmp/penstock-test-XXXXXX");
		close(mkstemp(sys.file));
		sys.conf->path = sys.file;
	}
	f = fopen(sys.file, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(ini, f);
	fclose(f);
}

/* A counter that only its library writes: the test puts a value there. */
static inline void poke(const uint64_t *counter, uint64_t v)
{
	*(uint64_t *)(uintptr_t)counter = v;
}

/* The answer to line as a string (owner: the caller); *ok: not an error. */
static inline char *ask(const char *line, bool *ok)
{
	struct ctl_text out = {0};

	*ok = ctl__command_run(&sys.core, span_str(line), &out);
	ctl__text_put(&out, "", 1);
	if (out.failed || !out.p)
		exit(2);
	return out.p;
}

/* text has want, once each in this order; NULL ends the list. */
static inline void expect_parts(const char *text, const char *const *want)
{
	const char *at = text;

	for (; *want; want++) {
		const char *hit = strstr(at, *want);

		if (!hit)
			printf("\nmissing \"%s\" in\n%s\n", *want, text);
		CU_ASSERT_PTR_NOT_NULL(hit);
		if (hit)
			at = hit + strlen(*want);
	}
}

#define EXPECT_PARTS(text, ...) expect_parts(text, (const char *const[]){__VA_ARGS__, NULL})

/* The answer to line is ok and has these parts in order. */
#define EXPECT_ANSWER(line, ...)                                                                   \
	do {                                                                                       \
		bool expect_ok;                                                                    \
		char *expect_text = ask(line, &expect_ok);                                         \
		CU_ASSERT_TRUE(expect_ok);                                                         \
		EXPECT_PARTS(expect_text, __VA_ARGS__);                                            \
		free(expect_text);                                                                 \
	} while (0)

/* The answer to line is exactly this error. */
static inline void expect_error(const char *line, const char *want)
{
	bool ok;
	char *text = ask(line, &ok);

	CU_ASSERT_FALSE(ok);
	if (strcmp(text, want) != 0)
		printf("\n%s: got\n%swanted\n%s", line, text, want);
	CU_ASSERT_STRING_EQUAL(text, want);
	free(text);
}

#endif
