/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The appliance from its first stage to its last. Each stage can undo itself; a stage that fails
 * undoes those before it, in reverse, and nothing is left half-made:
 *
 *   signals -> snapshots -> secrets -> claims -> EAL -> pools -> ports -> links -> crew ->
 *   workers -> control -> launch
 *
 * and then it serves until a signal; the way back is the same. Signals come first: the threads that
 * the EAL makes inherit the mask, so that none of them dies of a SIGTERM that is meant for us.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "aead/drivers.h"
#include "app.h"
#include "buf/buf.h"
#include "ctl/ctl.h"
#include "lb/lb.h"
#include "port/port.h"
#include "stages.h"
#include "tls/tls_ctx.h"
#include "worker/worker.h"

#define TICK_MS     100  /* links are looked at, and the drain's end */
#define RETRY_TICKS 10   /* between two looks for a missing optional port */
#define STOP_MS     2000 /* for a worker to come out of its loop */
#define LISTENS     8    /* tables that workers who do not answer may still have */

struct appliance {
	const struct conf *conf;
	const uint16_t *cores;
	unsigned n_workers;
	sigset_t old_mask;
	int signal_fd, epoll_fd;
	int claim_fd[CONF_PORTS_MAX];
	struct ctl_snapshots *snapshots;
	struct ctl_tls *tls; /* NULL: neither listeners nor pools have TLS */
	struct crew crew;
	struct worker_plan plan;
	struct buf_pools pools[CONF_WORKERS_MAX];
	struct port *ports[CONF_PORTS_MAX];
	bool link_told[CONF_PORTS_MAX]; /* what all workers know; false at the start */
	struct worker_links *links;
	struct lb_board *board;
	uint64_t unix_time; /* s, for workers */
	struct worker_listens
		*listens[LISTENS]; /* what workers know; all know the last when n is 1 */
	unsigned n_listens;
	struct worker *workers[CONF_WORKERS_MAX];
	struct ctl_worker views[CONF_WORKERS_MAX];
	struct stat_block blocks[CONF_WORKERS_MAX];
	struct ctl *ctl;
	uint32_t drain_ms;    /* of the file, as it was read last */
	unsigned interrupts;  /* SIGINTs seen */
	uint64_t drain_until; /* monotonic ms; 0: not draining */
};

static uint64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int fd_add(struct appliance *a, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int signals_start(struct appliance *a, struct err *e)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &a->old_mask);
	signal(SIGPIPE, SIG_IGN);
	a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->epoll_fd < 0 || a->signal_fd < 0 || fd_add(a, a->signal_fd) < 0)
		return err_set(e, errno, "epoll and signalfd: %s", strerror(errno));
	return 0;
}

static void signals_stop(struct appliance *a)
{
	if (a->signal_fd >= 0)
		close(a->signal_fd);
	if (a->epoll_fd >= 0)
		close(a->epoll_fd);
	sigprocmask(SIG_SETMASK, &a->old_mask, NULL);
}

/* What is said of the files for TLS: the first error to *e, everything else to the log. */
static void secrets_say(void *arg, enum log_level level, const char *text)
{
	struct err *e = arg;

	if (level == LOG_LEVEL_ERROR && !e->text[0])
		err_set(e, EINVAL, "%s", text);
	else
		log_line(level, "tls", "%s", text);
}

/* Before anything is touched: a wrong file is found at once. From here on no core dump is made, as
 * it would have the keys. */
static int secrets_start(struct appliance *a, struct err *e)
{
	struct err why;

	if (!a->plan.tls)
		return 0;
	prctl(PR_SET_DUMPABLE, 0);
	if (tls_secrets_init(&why) < 0)
		log_warn("tls", "%s", why.text);
	crew_cores_warn(a->conf, a->cores, a->n_workers);
	a->tls = ctl_tls_create(a->conf, secrets_say, e);
	return a->tls ? 0 : -EINVAL;
}

static void secrets_stop(struct appliance *a)
{
	ctl_tls_destroy(a->tls);
}

static int snapshots_start(struct appliance *a, struct err *e)
{
	a->snapshots = ctl_snapshots_create(a->conf);
	return a->snapshots ? 0 : err_set(e, ENOMEM, "no memory");
}

/* The workers' connections are gone with them, and with these the last use of a snapshot. */
static void snapshots_stop(struct appliance *a)
{
	ctl_snapshots_destroy(a->snapshots);
}

static int port_claims_start(struct appliance *a, struct err *e)
{
	return claims_start(a->conf, a->claim_fd, e);
}

static void port_claims_stop(struct appliance *a)
{
	claims_stop(a->claim_fd);
}

static int dpdk_start(struct appliance *a, struct err *e)
{
	int rc;

	log_hush();
	rc = eal_start(a->conf, a->cores, a->n_workers, e);
	log_unhush();
	return rc;
}

static void dpdk_stop(struct appliance *a)
{
	eal_stop();
}

static int pools_start(struct appliance *a, struct err *e)
{
	for (unsigned i = 0; i < a->n_workers; i++) {
		char name[16];

		snprintf(name, sizeof(name), "w%u", i);
		if (buf_pools_create_room(&a->pools[i], name, a->plan.buffers,
			    a->conf->global.buffer, (int)rte_lcore_to_socket_id(i + 1)) < 0)
			return err_set(e, ENOMEM,
				"%s:%u: [global] memory: no room for %u buffers of worker %u: "
				"raise it",
				a->conf->global.at.file, a->conf->global.at.line, a->plan.buffers,
				i);
	}
	return 0;
}

static void pools_stop(struct appliance *a)
{
	for (unsigned i = 0; i < a->n_workers; i++) {
		if (!a->pools[i].data)
			continue;
		/* net_af_xdp does not give back what lies in its fill rings */
		if (buf_pools_in_use(&a->pools[i]))
			log_debug("app", "%u buffers of worker %u are still in use at the end",
				buf_pools_in_use(&a->pools[i]), i);
		buf_pools_destroy(&a->pools[i]);
	}
}

/* Devices keep their receive rings full; as much again is for what is on its way. */
static int ports_fit(const struct appliance *a, struct err *e)
{
	uint32_t held = 0;

	for (unsigned p = 0; p < a->conf->n_ports; p++)
		held += port_caps(a->ports[p])->rx_desc;
	if (2 * held <= a->pools[0].data->size)
		return 0;
	return err_set(e, ENOMEM,
		"%s:%u: [global] memory: the ports' receive rings alone take %u of the %u buffers "
		"of "
		"each worker: raise it",
		a->conf->global.at.file, a->conf->global.at.line, held, a->pools[0].data->size);
}

static int ports_start(struct appliance *a, struct err *e)
{
	struct buf_pools *pools[CONF_WORKERS_MAX];

	for (unsigned i = 0; i < a->n_workers; i++)
		pools[i] = &a->pools[i];
	for (unsigned p = 0; p < a->conf->n_ports; p++) {
		const struct conf_port *c = &a->conf->ports[p];
		struct err why = {""};

		eal_words(); /* what was said before is not about this port */
		log_hush();
		a->ports[p] = port_open(c, (uint8_t)p, (uint16_t)a->n_workers, pools, &why);
		log_unhush();
		if (!a->ports[p])
			return err_set(e, EIO, "%s:%u: %s%s", c->at.file, c->at.line, why.text,
				strstr(why.text, "see the log") ? eal_words() : "");
		if (port_state(a->ports[p]) == PORT_GONE)
			log_warn("port", "%s: no device; it is optional and looked for again",
				c->name);
	}
	return ports_fit(a, e);
}

static void ports_stop(struct appliance *a)
{
	log_hush();
	for (unsigned p = a->conf->n_ports; p > 0; p--)
		port_close(a->ports[p - 1]);
	log_unhush();
}

/* What workers share. */
static int links_start(struct appliance *a, struct err *e)
{
	a->links = worker_links_create(a->n_workers, a->plan.handed, e);
	if (!a->links)
		return -ENOMEM;
	a->board = lb_board_create(e);
	if (!a->board)
		return -ENOMEM;
	a->listens[0] = worker_listens_create(&a->conf, 1);
	a->n_listens = 1;
	return a->listens[0] ? 0 : err_set(e, ENOMEM, "no memory");
}

static void links_stop(struct appliance *a)
{
	while (a->n_listens > 0)
		worker_listens_destroy(a->listens[--a->n_listens]);
	lb_board_destroy(a->board);
	worker_links_destroy(a->links, a->n_workers);
}

static int handshakes_start(struct appliance *a, struct err *e)
{
	if (!a->plan.tls)
		return 0;
	return crew_start(&a->crew, a->conf, a->n_workers, a->plan.handshakes, e);
}

static void handshakes_stop(struct appliance *a)
{
	crew_stop(&a->crew);
}

static void worker_tls_fill(const struct appliance *a, struct worker_config *cfg)
{
	const struct conf_tls *c = &a->conf->tls;

	if (!a->tls)
		return;
	cfg->listener_tls = ctl_tls_listeners(a->tls);
	cfg->pool_tls = ctl_tls_pools(a->tls);
	cfg->crew = a->crew.tasks;
	cfg->aead = aead_driver_find(conf_aead_name(c->aead));
	cfg->aead_args = c->aead_device ? c->aead_device : "";
}

/* DPDK's own reason, behind an error that sends its reader to DPDK's log. */
static void words_add(struct err *e)
{
	size_t n = strlen(e->text);

	if (strstr(e->text, "see DPDK's log"))
		snprintf(e->text + n, sizeof(e->text) - n, "%s", eal_words());
}

static int workers_start(struct appliance *a, struct err *e)
{
	struct worker_config cfg = {.conf = a->conf,
		.ports = a->ports,
		.links = a->links,
		.board = a->board,
		.unix_time = &a->unix_time,
		.listens = a->listens[0],
		.n_workers = (uint16_t)a->n_workers,
		.plan = &a->plan};

	a->unix_time = (uint64_t)time(NULL);
	worker_tls_fill(a, &cfg);
	if (getrandom(cfg.seed, sizeof(cfg.seed), 0) != sizeof(cfg.seed))
		return err_set(e, EIO, "the kernel gives no randomness: %s", strerror(errno));
	for (unsigned i = 0; i < a->n_workers; i++) {
		cfg.id = (uint16_t)i;
		cfg.core = a->cores[i];
		cfg.pools = &a->pools[i];
		cfg.socket = (int)rte_lcore_to_socket_id(i + 1);
		eal_words(); /* what was said before is not about this */
		a->workers[i] = worker_create(&cfg, e);
		if (!a->workers[i]) {
			words_add(e);
			return -ENOMEM;
		}
	}
	return 0;
}

static void workers_stop(struct appliance *a)
{
	for (unsigned i = 0; i < a->n_workers; i++)
		worker_destroy(a->workers[i]);
}

static int run_on_worker(void *arg, unsigned w, void (*fn)(void *), void *fn_arg)
{
	struct appliance *a = arg;

	return worker_call(a->workers[w], fn, fn_arg);
}

/* The last table, to all. A worker that does not answer may have any of them: they stay until all
 * have the last. */
static int listens_tell(struct appliance *a)
{
	struct worker_listens *last = a->listens[a->n_listens - 1];

	for (unsigned i = 0; i < a->n_workers; i++)
		if (worker_set_listens(a->workers[i], last) < 0)
			return -ETIMEDOUT;
	for (unsigned i = 0; i + 1 < a->n_listens; i++)
		worker_listens_destroy(a->listens[i]);
	a->listens[0] = last;
	a->n_listens = 1;
	return 0;
}

/* Which packets are clients'. */
static int listeners_tell(void *arg, const struct conf *const *confs, unsigned n)
{
	struct appliance *a = arg;
	struct worker_listens *next;

	/* no place: those that did not answer may do so by now */
	if (a->n_listens == LISTENS && listens_tell(a) < 0)
		return -ETIMEDOUT;
	next = worker_listens_create(confs, n);
	if (!next)
		return -ENOMEM;
	a->listens[a->n_listens++] = next;
	return listens_tell(a);
}

static void conf_tell(void *arg, const struct conf *conf)
{
	struct appliance *a = arg;

	a->drain_ms = conf->global.drain_ms;
	log_level_set(conf->global.log);
}

static void view_fill(struct appliance *a, unsigned i)
{
	struct worker *w = a->workers[i];
	const struct worker_load *load = worker_load(w);

	a->blocks[i] = worker_stat_block(w);
	a->views[i] = (struct ctl_worker){.core = a->cores[i],
		.net = worker_net(w),
		.tcp = worker_tcp(w),
		.lb = worker_lb(w),
		.relay = worker_relay(w),
		.tls = worker_tls(w),
		.pools = &a->pools[i],
		.now = worker_now(w),
		.busy_cycles = &load->busy,
		.idle_cycles = &load->idle,
		.sleep_cycles = &load->slept,
		.polls = &load->polls,
		.stages = load->stage,
		.n_stages = WORKER_STAGE_N,
		.burst = &load->burst,
		.blocks = &a->blocks[i],
		.n_blocks = 1};
}

static int control_start(struct appliance *a, struct err *e)
{
	struct ctl_system sys = {.conf = a->conf,
		.version = PENSTOCK_VERSION,
		.started = (uint64_t)time(NULL),
		.tsc_hz = rte_get_tsc_hz(),
		.tls = a->tls,
		.crew = a->crew.tasks,
		.ports = a->ports,
		.n_ports = a->conf->n_ports,
		.workers = a->views,
		.n_workers = a->n_workers,
		.snapshots = a->snapshots,
		.run_on_worker = run_on_worker,
		.listeners_tell = listeners_tell,
		.conf_tell = conf_tell,
		.arg = a};
	struct err why = {""};

	for (unsigned i = 0; i < a->n_workers; i++)
		view_fill(a, i);
	a->ctl = ctl_create(&sys, &why);
	if (!a->ctl)
		return err_set(e, EIO, "%s:%u: [global] %s", a->conf->global.at.file,
			a->conf->global.at.line, why.text);
	return fd_add(a, ctl_fd(a->ctl)) < 0 ? err_set(e, errno, "epoll: %s", strerror(errno)) : 0;
}

static void control_stop(struct appliance *a)
{
	ctl_destroy(a->ctl);
}

static int launch_start(struct appliance *a, struct err *e)
{
	for (unsigned i = 0; i < a->n_workers; i++)
		if (rte_eal_remote_launch(worker_main, a->workers[i], i + 1) < 0)
			return err_set(e, EBUSY, "lcore %u does not start", i + 1);
	return 0;
}

static bool workers_back(void)
{
	unsigned lcore;

	RTE_LCORE_FOREACH_WORKER(lcore)
	if (rte_eal_get_lcore_state(lcore) == RUNNING)
		return false;
	return true;
}

static void launch_stop(struct appliance *a)
{
	uint64_t limit = monotonic_ms() + STOP_MS;

	for (unsigned i = 0; i < a->n_workers; i++)
		if (a->workers[i])
			worker_stop(a->workers[i]);
	while (!workers_back() && monotonic_ms() < limit)
		rte_delay_us_sleep(100);
	if (!workers_back()) {
		/* nothing that a worker uses can be taken from under it */
		log_error("app", "a worker does not stop: ending without it");
		unlink(a->conf->global.socket);
		_exit(EXIT_FAILURE);
	}
	rte_eal_mp_wait_lcore();
}

static const struct stage stages[] = {
	{signals_start, signals_stop},
	{snapshots_start, snapshots_stop},
	{secrets_start, secrets_stop},
	{port_claims_start, port_claims_stop},
	{dpdk_start, dpdk_stop},
	{pools_start, pools_stop},
	{ports_start, ports_stop},
	{links_start, links_stop},
	{handshakes_start, handshakes_stop},
	{workers_start, workers_stop},
	{control_start, control_stop},
	{launch_start, launch_stop},
};
#define N_STAGES (sizeof(stages) / sizeof(stages[0]))

/* Is the device of a port without one back? */
static void port_look(struct appliance *a, unsigned p)
{
	struct err e = {""};

	log_hush();
	if (port_retry(a->ports[p], &e) == 0)
		log_info("port", "%s: the device is there", a->conf->ports[p].name);
	else
		log_debug("port", "%s", e.text);
	log_unhush();
}

/* Tell all workers what the port's link is; those that do not answer are asked again next time. */
static void link_tell(struct appliance *a, unsigned p, bool up)
{
	for (unsigned i = 0; i < a->n_workers; i++) {
		if (worker_set_link(a->workers[i], (uint8_t)p, up) < 0) {
			log_error("app", "worker %u does not answer", i);
			return;
		}
	}
	a->link_told[p] = up;
}

static void link_log(const char *name, enum port_event ev)
{
	if (ev == PORT_EV_UP)
		log_info("port", "%s: link up", name);
	else if (ev == PORT_EV_DOWN)
		log_warn("port", "%s: link down", name);
	else if (ev == PORT_EV_GONE)
		log_error("port", "%s: the device is gone", name);
}

static void links_poll(struct appliance *a, bool retry)
{
	for (unsigned p = 0; p < a->conf->n_ports; p++) {
		struct port *port = a->ports[p];
		bool up;

		link_log(a->conf->ports[p].name, port_link_poll(port));
		up = port_state(port) == PORT_UP;
		if (up != a->link_told[p])
			link_tell(a, p, up);
		/* when all know that it is down, nobody is inside its bursts */
		if (retry && port_state(port) == PORT_GONE && !a->link_told[p])
			port_look(a, p);
	}
}

static void drain_begin(struct appliance *a)
{
	if (a->drain_until)
		return;
	log_info("app", "draining: requests that run may take up to %u ms", a->drain_ms);
	a->drain_until = monotonic_ms() + a->drain_ms;
	for (unsigned i = 0; i < a->n_workers; i++)
		if (worker_drain(a->workers[i]) < 0)
			log_error("app", "worker %u does not answer", i);
}

/* What the signals say. True: stop at once. */
static bool signals_take(struct appliance *a)
{
	struct signalfd_siginfo si;

	while (read(a->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGINT && ++a->interrupts > 1)
			return true;
		if (si.ssi_signo == SIGHUP)
			ctl_reload(a->ctl);
		else
			drain_begin(a);
	}
	return false;
}

static bool drained(const struct appliance *a)
{
	uint32_t conns = 0;

	for (unsigned i = 0; i < a->n_workers; i++)
		conns += worker_conns(a->workers[i]);
	if (conns == 0)
		return true;
	if (monotonic_ms() < a->drain_until)
		return false;
	log_warn("app", "drain limit: %u connections are cut", conns);
	return true;
}

/* Sleep in epoll until the end. The exit code. */
static int serve(struct appliance *a)
{
	uint64_t next = 0, ticks = 0;

	for (;;) {
		struct epoll_event ev;
		int n = epoll_wait(a->epoll_fd, &ev, 1, TICK_MS);

		if (n == 1 && ev.data.fd == a->signal_fd && signals_take(a))
			return EXIT_FAILURE;
		if (n == 1 && ev.data.fd != a->signal_fd)
			ctl_poll(a->ctl);
		if (a->drain_until && drained(a))
			return EXIT_SUCCESS;
		if (monotonic_ms() >= next) {
			__atomic_store_n(&a->unix_time, (uint64_t)time(NULL), __ATOMIC_RELAXED);
			links_poll(a, ++ticks % RETRY_TICKS == 0);
			next = monotonic_ms() + TICK_MS;
		}
	}
}

int appliance_run(const struct conf *conf, const uint16_t *cores, unsigned n_cores)
{
	static struct appliance a; /* too large for a stack; one per process */
	struct err e = {""};
	unsigned begun = 0;
	int code = EXIT_FAILURE;

	a = (struct appliance){.conf = conf,
		.drain_ms = conf->global.drain_ms,
		.cores = cores,
		.n_workers = n_cores,
		.signal_fd = -1,
		.epoll_fd = -1};
	memset(a.claim_fd, -1, sizeof(a.claim_fd));
	if (worker_plan(conf, n_cores, &a.plan, &e) < 0 ||
		stages_start(stages, N_STAGES, &a, &begun, &e) < 0) {
		fprintf(stderr, "penstock: %s\n", e.text);
	} else {
		log_info("app", "penstock %s is up: %u workers, %u ports, socket %s",
			PENSTOCK_VERSION, n_cores, conf->n_ports, conf->global.socket);
		code = serve(&a);
	}
	stages_stop(stages, begun, &a);
	return code;
}
