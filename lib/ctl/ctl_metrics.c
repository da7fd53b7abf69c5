/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics page, Prometheus text format 0.0.4. A family is its HELP and TYPE lines and then all
 * of its samples, so each loop over things stands inside the loop over families.
 */
#include <string.h>
#include <rte_mempool.h>
#include <rte_version.h>

#include "buf/buf.h"
#include "ctl/ctl_priv.h"
#include "relay/relay.h"
#include "tcp/tcp.h"
#include "tls/tls_crew.h"

struct family {
	const char *name; /* without "penstock_" */
	const char *help;
	unsigned index; /* of its value in the thing's array */
};

static void head(struct ctl_text *out, const char *name, const char *type, const char *help)
{
	ctl__text_printf(
		out, "# HELP penstock_%s %s\n# TYPE penstock_%s %s\n", name, help, name, type);
}

/* name{label="value"; the value's backslashes, quotes and newlines escaped. NULL ends the list. */
static void put_label(
	struct ctl_text *out, const char *between, const char *label, const char *value)
{
	ctl__text_printf(out, "%s%s=\"", between, label);
	for (; *value; value++) {
		if (*value == '\n')
			ctl__text_str(out, "\\n");
		else if (*value == '\\' || *value == '"')
			ctl__text_printf(out, "\\%c", *value);
		else
			ctl__text_put(out, value, 1);
	}
	ctl__text_str(out, "\"");
}

struct label {
	const char *name, *value; /* name NULL: none */
};

#define LABELS 3

/* "penstock_NAMESUFFIX{labels} " */
static void sample(
	struct ctl_text *out, const char *name, const char *suffix, const struct label *l)
{
	ctl__text_printf(out, "penstock_%s%s", name, suffix);
	for (unsigned i = 0; l && i < LABELS && l[i].name; i++)
		put_label(out, i ? "," : "{", l[i].name, l[i].value);
	ctl__text_str(out, l && l[0].name ? "} " : " ");
}

static void sample_uint(struct ctl_text *out, const char *name, const struct label *l, uint64_t v)
{
	sample(out, name, "", l);
	ctl__text_printf(out, "%llu\n", (unsigned long long)v);
}

static void sample_real(struct ctl_text *out, const char *name, const struct label *l, double v)
{
	sample(out, name, "", l);
	ctl__text_printf(out, "%.9g\n", v);
}

/* A histogram's samples; bounds are in its own unit, `scale` of them make the metric's. l leaves
 * its last place free for le. */
static void sample_hist(struct ctl_text *out, const char *name, const struct label *l,
	const struct stat_hist *h, const uint64_t *bounds, double scale)
{
	uint64_t count = stat_hist_below(h, UINT64_MAX); /* agrees with the buckets in any case */
	struct label with[LABELS] = {l[0], l[1], l[2]};
	char le[32];
	unsigned n = 0;

	while (with[n].name)
		n++;
	for (; *bounds; bounds++) {
		snprintf(le, sizeof(le), "%.9g", (double)*bounds / scale);
		with[n] = (struct label){"le", le};
		sample(out, name, "_bucket", with);
		ctl__text_printf(out, "%llu\n", (unsigned long long)stat_hist_below(h, *bounds));
	}
	with[n] = (struct label){"le", "+Inf"};
	sample(out, name, "_bucket", with);
	ctl__text_printf(out, "%llu\n", (unsigned long long)count);
	sample(out, name, "_sum", l);
	ctl__text_printf(out, "%.9g\n", (double)h->sum / scale);
	sample(out, name, "_count", l);
	ctl__text_printf(out, "%llu\n", (unsigned long long)count);
}

static const char *number(char *text, unsigned v)
{
	sprintf(text, "%u", v);
	return text;
}

/* ---- process and ports ---- */

static void process(const struct ctl_core *core, struct ctl_text *out)
{
	const struct label l[LABELS] = {{"version", core->sys.version}, {"dpdk", rte_version()}};

	head(out, "build_info", "gauge", "The version that runs; the value is always 1");
	sample_uint(out, "build_info", l, 1);
	head(out, "start_time_seconds", "gauge", "Unix time of the start");
	sample_uint(out, "start_time_seconds", NULL, core->sys.started);
}

static void ports(const struct ctl_core *core, struct ctl_text *out)
{
	enum { UP, RX, RX_BYTES, TX, TX_BYTES, MISSED, RX_ERRORS, NO_BUFFER, TX_ERRORS, N };
	static const struct family families[] = {
		{"port_up", "1 when the port has link", UP},
		{"port_receive_packets_total", "Packets received", RX},
		{"port_receive_bytes_total", "Bytes received", RX_BYTES},
		{"port_transmit_packets_total", "Packets sent", TX},
		{"port_transmit_bytes_total", "Bytes sent", TX_BYTES},
		{"port_receive_missed_total", "Packets lost by the device: queue full", MISSED},
		{"port_receive_errors_total", "Packets that the device refused", RX_ERRORS},
		{"port_receive_no_buffer_total", "Times without a free buffer", NO_BUFFER},
		{"port_transmit_errors_total", "Packets that the device failed to send", TX_ERRORS},
	};
	uint64_t v[CONF_PORTS_MAX][N];

	for (unsigned p = 0; p < core->sys.n_ports; p++) {
		struct ctl_port_sum s;

		ctl__port_sum(core->sys.ports[p], &s);
		memcpy(v[p],
			(uint64_t[N]){port_state(core->sys.ports[p]) == PORT_UP,
				s.stat[PORT_STAT_rx_packets], s.stat[PORT_STAT_rx_bytes],
				s.stat[PORT_STAT_tx_packets], s.stat[PORT_STAT_tx_bytes],
				s.device.rx_missed, s.device.rx_errors, s.device.rx_nombuf,
				s.device.tx_errors},
			sizeof(v[p]));
	}
	for (const struct family *f = families; f < families + RTE_DIM(families); f++) {
		head(out, f->name, f->index == UP ? "gauge" : "counter", f->help);
		for (unsigned p = 0; p < core->sys.n_ports; p++) {
			const char *name = port_conf(core->sys.ports[p])->name;

			sample_uint(out, f->name, (struct label[LABELS]){{"port", name}},
				v[p][f->index]);
		}
	}
}

/* ---- workers ---- */

static void worker_time(const struct ctl_core *core, struct ctl_text *out)
{
	static const struct family families[] = {
		{"worker_busy_seconds_total", "Time in polls that moved something", 0},
		{"worker_idle_seconds_total", "Time in polls that found nothing", 1},
		{"worker_sleep_seconds_total", "Time asleep", 2},
	};
	char id[16];

	for (const struct family *f = families; f < families + RTE_DIM(families); f++) {
		head(out, f->name, "counter", f->help);
		for (unsigned w = 0; w < core->sys.n_workers; w++) {
			const struct ctl_worker *k = &core->sys.workers[w];
			const uint64_t *cycles[] = {
				k->busy_cycles, k->idle_cycles, k->sleep_cycles};

			sample_real(out, f->name, (struct label[LABELS]){{"worker", number(id, w)}},
				(double)*cycles[f->index] / (double)core->sys.tsc_hz);
		}
	}
}

static void worker_stages(const struct ctl_core *core, struct ctl_text *out)
{
	static const struct family families[] = {
		{"worker_stage_seconds_total", "Busy time by stage", 0},
		{"worker_stage_packets_total", "Packets that passed a stage", 1},
	};
	char id[16];

	for (const struct family *f = families; f < families + RTE_DIM(families); f++) {
		head(out, f->name, "counter", f->help);
		for (unsigned w = 0; w < core->sys.n_workers; w++) {
			const struct ctl_worker *k = &core->sys.workers[w];
			struct label l[LABELS] = {{"worker", number(id, w)}, {"stage", NULL}};

			for (unsigned s = 0; s < k->n_stages; s++) {
				l[1].value = k->stages[s].name;
				if (f->index == 0)
					sample_real(out, f->name, l,
						(double)k->stages[s].cycles /
							(double)core->sys.tsc_hz);
				else
					sample_uint(out, f->name, l, k->stages[s].packets);
			}
		}
	}
}

static void worker_bursts(const struct ctl_core *core, struct ctl_text *out)
{
	static const uint64_t bounds[] = {1, 2, 4, 8, 16, 32, 64, 0};
	char id[16];

	head(out, "worker_polls_total", "counter", "Turns of the worker's loop");
	for (unsigned w = 0; w < core->sys.n_workers; w++)
		sample_uint(out, "worker_polls_total",
			(struct label[LABELS]){{"worker", number(id, w)}},
			*core->sys.workers[w].polls);
	head(out, "worker_burst_packets", "histogram",
		"Packets of a receive burst, empty ones left out");
	for (unsigned w = 0; w < core->sys.n_workers; w++)
		sample_hist(out, "worker_burst_packets",
			(struct label[LABELS]){{"worker", number(id, w)}},
			core->sys.workers[w].burst, bounds, 1);
}

static void worker_gauges(const struct ctl_core *core, struct ctl_text *out)
{
	enum { CONNS, SYNS, TIME_WAITS, FRONTS, BACKS, BACKS_IDLE, REQUESTS, HELD, N };
	static const struct family families[N] = {
		{"tcp_connections", "TCP connections", CONNS},
		{"tcp_half_open", "Handshakes not complete", SYNS},
		{"tcp_time_wait", "TIME_WAIT records", TIME_WAITS},
		{"front_connections", "Connections of clients", FRONTS},
		{"back_connections", "Connections to members", BACKS},
		{"back_connections_idle", "Connections to members that wait for a request",
			BACKS_IDLE},
		{"requests_active", "Requests in flight", REQUESTS},
		{"replay_bytes_held", "Memory of request bodies kept to be sent again", HELD},
	};
	uint64_t v[CONF_WORKERS_MAX][N];
	char id[16];

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		struct relay_info relay;
		struct tcp_info tcp;

		tcp_info(core->sys.workers[w].tcp, &tcp);
		relay_info(core->sys.workers[w].relay, &relay);
		memcpy(v[w],
			(uint64_t[N]){tcp.conns, tcp.syns, tcp.time_waits,
				relay.fronts + relay.splices, relay.backs + relay.splice_backs,
				relay.backs_idle, relay.requests, relay.held},
			sizeof(v[w]));
	}
	for (const struct family *f = families; f < families + N; f++) {
		head(out, f->name, "gauge", f->help);
		for (unsigned w = 0; w < core->sys.n_workers; w++)
			sample_uint(out, f->name, (struct label[LABELS]){{"worker", number(id, w)}},
				v[w][f->index]);
	}
}

static void buffers(const struct ctl_core *core, struct ctl_text *out)
{
	static const char *const names[] = {"data", "hdr", "indirect"};
	char id[16];

	for (unsigned size = 0; size < 2; size++) {
		const char *name = size ? "buffers_size" : "buffers_in_use";

		head(out, name, "gauge", size ? "Buffers of a pool" : "Buffers taken from a pool");
		for (unsigned i = 0; i < 3 * core->sys.n_workers; i++) {
			const struct buf_pools *p = core->sys.workers[i / 3].pools;
			const struct rte_mempool *mp[] = {p->data, p->hdr, p->indirect};

			sample_uint(out, name,
				(struct label[LABELS]){
					{"worker", number(id, i / 3)}, {"pool", names[i % 3]}},
				size ? mp[i % 3]->size : rte_mempool_in_use_count(mp[i % 3]));
		}
	}
}

/* ---- listeners and members ---- */

static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

static uint64_t listener_stat(const struct ctl_core *core, unsigned listener, unsigned stat)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < core->sys.n_workers; w++)
		if (!ctl__is_behind(core, w))
			sum += relay_stat_block(core->sys.workers[w].relay, listener).values[stat];
	return sum;
}

static void listeners(const struct ctl_core *core, struct ctl_text *out)
{
	static const struct family families[] = {
		{"listener_connections_total", "Connections accepted", RELAY_STAT_connections},
		{"listener_requests_total", "Requests with a complete head", RELAY_STAT_requests},
		{"listener_receive_bytes_total", "Bytes of requests", RELAY_STAT_bytes_req},
		{"listener_transmit_bytes_total", "Bytes of responses", RELAY_STAT_bytes_rsp},
	};
	const struct conf *conf = core->sys.conf;

	for (const struct family *f = families; f < families + RTE_DIM(families); f++) {
		head(out, f->name, "counter", f->help);
		for (unsigned l = 0; l < conf->n_listeners; l++)
			sample_uint(out, f->name,
				(struct label[LABELS]){{"listener", conf->listeners[l].name}},
				listener_stat(core, l, f->index));
	}
	head(out, "listener_responses_total", "counter", "Final responses by class of status");
	for (unsigned l = 0; l < conf->n_listeners; l++)
		for (unsigned c = 1; c < RTE_DIM(classes); c++)
			sample_uint(out, "listener_responses_total",
				(struct label[LABELS]){{"listener", conf->listeners[l].name},
					{"class", classes[c]}},
				listener_stat(core, l, RELAY_STAT_status_2xx + c - 1));
}

/* Call each(arg, pool, member, labels) for every member. */
static void each_member(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	void (*each)(const struct ctl_core *core, struct ctl_text *out, const void *arg,
		const unsigned *at, const struct label *l))
{
	const struct conf *conf = core->sys.conf;

	for (unsigned p = 0; p < conf->n_pools; p++)
		for (unsigned m = 0; m < conf->pools[p].n_members; m++)
			each(core, out, arg, (unsigned[]){p, m},
				(struct label[LABELS]){{"pool", conf->pools[p].name},
					{"member", conf->pools[p].members[m].name}});
}

static void member_counter(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	const struct family *f = arg;
	struct ctl_member m;

	ctl__member_sum(core, at[0], at[1], &m);
	sample_uint(out, f->name, l, m.stat[f->index]);
}

static void member_classes(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	struct ctl_member m;

	ctl__member_sum(core, at[0], at[1], &m);
	for (unsigned c = 0; c < RTE_DIM(classes); c++)
		sample_uint(out, arg, (struct label[LABELS]){l[0], l[1], {"class", classes[c]}},
			m.stat[LB_STAT_status_1xx + c]);
}

static void member_failures(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	static const struct family reasons[] = {{"connect", NULL, LB_STAT_connect_failures},
		{"timeout", NULL, LB_STAT_timeouts}, {"reset", NULL, LB_STAT_resets},
		{"bad_response", NULL, LB_STAT_bad_responses}};
	struct ctl_member m;

	ctl__member_sum(core, at[0], at[1], &m);
	for (unsigned r = 0; r < RTE_DIM(reasons); r++)
		sample_uint(out, arg,
			(struct label[LABELS]){l[0], l[1], {"reason", reasons[r].name}},
			m.stat[reasons[r].index]);
}

static void member_gauge(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	const struct family *f = arg;
	struct ctl_member m;

	ctl__member_sum(core, at[0], at[1], &m);
	sample_uint(out, f->name, l,
		f->index == 0   ? m.in_state[LB_UP] > 0
		: f->index == 1 ? m.active
				: m.idle);
}

static void member_latency(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	static const uint64_t bounds[] = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
		250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 0};
	const struct family *f = arg;
	struct stat_hist hist[2];

	ctl__member_latency(core, at[0], at[1], &hist[0], &hist[1]);
	sample_hist(out, f->name, l, &hist[f->index], bounds, 1e6);
}

static void members(const struct ctl_core *core, struct ctl_text *out)
{
	static const struct family gauges[] = {
		{"member_up", "1 when at least one worker sends requests to it", 0},
		{"member_requests_active", "Requests in flight", 1},
		{"member_connections_idle", "Connections that wait for a request", 2}};
	static const struct family counters[] = {
		{"member_requests_total", "Requests, tries included", LB_STAT_requests},
		{"member_retries_total", "Requests lost to another member", LB_STAT_retries},
		{"member_cancels_total", "Requests given up by the client", LB_STAT_cancels},
		{"member_connects_total", "Connections established", LB_STAT_connects},
		{"member_reuses_total", "Requests sent on an idle connection", LB_STAT_reuses},
		{"member_transmit_bytes_total", "Bytes of requests", LB_STAT_bytes_out},
		{"member_receive_bytes_total", "Bytes of responses", LB_STAT_bytes_in}};
	static const struct family latencies[] = {
		{"member_first_byte_seconds", "Request's head to response's first byte", 0},
		{"member_response_seconds", "Request's head to response's last byte", 1}};

	for (const struct family *f = gauges; f < gauges + RTE_DIM(gauges); f++) {
		head(out, f->name, "gauge", f->help);
		each_member(core, out, f, member_gauge);
	}
	for (const struct family *f = counters; f < counters + RTE_DIM(counters); f++) {
		head(out, f->name, "counter", f->help);
		each_member(core, out, f, member_counter);
	}
	head(out, "member_responses_total", "counter", "Responses by class of status");
	each_member(core, out, "member_responses_total", member_classes);
	head(out, "member_failures_total", "counter", "Requests that failed, by reason");
	each_member(core, out, "member_failures_total", member_failures);
	for (const struct family *f = latencies; f < latencies + RTE_DIM(latencies); f++) {
		head(out, f->name, "histogram", f->help);
		each_member(core, out, f, member_latency);
	}
}

/* ---- TLS ---- */

/* Samples of counters index to last of each listener and pool with TLS; label NULL: there is one.
 */
struct tls_family {
	struct family f;
	unsigned last;
	const char *label;
};

static void tls_samples(struct ctl_text *out, const struct tls_family *t, const char *side,
	const char *name, const uint64_t stat[TLS_HS_STAT_N])
{
	for (unsigned i = t->f.index; i <= t->last; i++) {
		const char *value = tls_hs_stat_names[i].name;

		if (strncmp(value, "fail_", 5) == 0)
			value += 5;
		sample_uint(out, t->f.name, (struct label[LABELS]){{side, name}, {t->label, value}},
			stat[i]);
	}
}

static void tls_handshakes_of(const struct ctl_core *core, struct ctl_text *out)
{
	static const struct tls_family families[] = {
		{{"tls_handshakes_total", "Handshakes completed", TLS_HS_STAT_tls12},
			TLS_HS_STAT_tls13, "version"},
		{{"tls_handshakes_resumed_total", "Handshakes that resumed a session",
			 TLS_HS_STAT_resumed},
			TLS_HS_STAT_resumed, NULL},
		{{"tls_handshakes_cipher_total", "Handshakes by cipher", TLS_HS_STAT_aes_128_gcm},
			TLS_HS_STAT_chacha20_poly1305, "cipher"},
		{{"tls_handshakes_group_total", "Handshakes by group of the key agreement",
			 TLS_HS_STAT_x25519},
			TLS_HS_STAT_secp384r1, "group"},
		{{"tls_handshake_failures_total", "Handshakes failed, by reason",
			 TLS_HS_STAT_failed + 1},
			TLS_HS_STAT_N - 1, "reason"},
	};
	const struct conf *conf = core->sys.conf;
	uint64_t stat[TLS_HS_STAT_N];

	for (const struct tls_family *t = families; t < families + RTE_DIM(families); t++) {
		head(out, t->f.name, "counter", t->f.help);
		for (unsigned l = 0; l < conf->n_listeners; l++)
			if (ctl__tls_listener_stats(core->sys.tls, l, stat))
				tls_samples(out, t, "listener", conf->listeners[l].name, stat);
		for (unsigned p = 0; p < conf->n_pools; p++)
			if (ctl__tls_pool_stats(core->sys.tls, p, stat))
				tls_samples(out, t, "pool", conf->pools[p].name, stat);
	}
}

static void tls_workers(const struct ctl_core *core, struct ctl_text *out)
{
	enum { CONNS, SHAKES, OPENED, SEALED, N };
	static const struct family families[N] = {
		{"tls_connections", "TLS connections", CONNS},
		{"tls_handshakes_active", "TLS connections not yet open", SHAKES},
		{"tls_opened_bytes_total", "Bytes of plaintext received", OPENED},
		{"tls_sealed_bytes_total", "Bytes of plaintext sent", SEALED},
	};
	char id[16];

	for (const struct family *f = families; f < families + N; f++) {
		head(out, f->name, f->index < OPENED ? "gauge" : "counter", f->help);
		for (unsigned w = 0; w < core->sys.n_workers; w++) {
			const struct tls *t = core->sys.workers[w].tls;
			const uint64_t *stat = t ? tls_stats(t) : NULL;

			if (t)
				sample_uint(out, f->name,
					(struct label[LABELS]){{"worker", number(id, w)}},
					(uint64_t[N]){tls_conns(t), tls_handshakes(t),
						stat[TLS_STAT_bytes_in],
						stat[TLS_STAT_bytes_out]}[f->index]);
		}
	}
}

static void tls_latency_of(const struct ctl_core *core, struct ctl_text *out)
{
	static const uint64_t bounds[] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
		250000, 500000, 1000000, 2500000, 5000000, 10000000, 0};
	char id[16];

	head(out, "tls_handshake_seconds", "histogram",
		"Time of a handshake, both ends' and the way's");
	for (unsigned w = 0; w < core->sys.n_workers; w++)
		sample_hist(out, "tls_handshake_seconds",
			(struct label[LABELS]){{"worker", number(id, w)}},
			tls_latency(core->sys.workers[w].tls), bounds, 1e6);
}

static void tls_steps(const struct ctl_core *core, struct ctl_text *out)
{
	static const uint64_t bounds[] = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 0};
	const struct label none[LABELS] = {{NULL, NULL}};

	head(out, "tls_handshake_step_seconds", "histogram",
		"Time of a thread for one flight of a handshake");
	sample_hist(out, "tls_handshake_step_seconds", none, tls_crew_steps(core->sys.crew), bounds,
		1e6);
	head(out, "tls_handshake_steps_waiting", "gauge", "Flights that no thread has taken yet");
	sample_uint(out, "tls_handshake_steps_waiting", none, tls_crew_waiting(core->sys.crew));
}

static void certificates(const struct ctl_core *core, struct ctl_text *out)
{
	const struct conf *conf = core->sys.conf;

	head(out, "certificate_expiry_seconds", "gauge", "Unix time at which a certificate ends");
	for (unsigned i = 0; i < conf->n_certs; i++)
		sample_uint(out, "certificate_expiry_seconds",
			(struct label[LABELS]){{"certificate", conf->certs[i].name}},
			(uint64_t)ctl__tls_facts(core->sys.tls, i)->not_after);
}

static void tls(const struct ctl_core *core, struct ctl_text *out)
{
	tls_handshakes_of(core, out);
	if (core->sys.workers[0].tls) {
		tls_workers(core, out);
		tls_latency_of(core, out);
	}
	if (core->sys.crew)
		tls_steps(core, out);
	if (core->sys.conf->n_certs)
		certificates(core, out);
}

/* ---- what operators do, and what comes of members ---- */

static void member_state(const struct ctl_core *core, struct ctl_text *out, const void *arg,
	const unsigned *at, const struct label *l)
{
	struct ctl_member m;

	ctl__member_sum(core, at[0], at[1], &m);
	for (int s = LB_UP; s < LB_STATES; s++)
		sample_uint(out, "member_state",
			(struct label[LABELS]){l[0], l[1], {"state", lb_state_name(s)}},
			m.in_state[s]);
}

static void operation(const struct ctl_core *core, struct ctl_text *out)
{
	const struct ctl_snapshots *s = core->sys.snapshots;
	const struct label none[LABELS] = {{NULL, NULL}};

	head(out, "config_snapshot", "gauge", "Number of the snapshot of the file that runs");
	sample_uint(out, "config_snapshot", none, s->now->number);
	head(out, "config_reloads_total", "counter", "Reloads, rollbacks and edits asked for");
	sample_uint(out, "config_reloads_total", none, s->reloads);
	head(out, "config_reloads_refused_total", "counter",
		"Of these, those that changed nothing");
	sample_uint(out, "config_reloads_refused_total", none, s->refused);
	head(out, "config_last_reload_successful", "gauge", "Did the last of them succeed?");
	sample_uint(out, "config_last_reload_successful", none, !s->refused_last);
	head(out, "config_last_reload_seconds", "gauge", "Unix time of the last of them");
	sample_uint(out, "config_last_reload_seconds", none, (uint64_t)s->tried_at);
	head(out, "notes_total", "counter", "Events that show events tells");
	sample_uint(out, "notes_total", none, ctl__events_count(core->events));
	head(out, "member_state", "gauge", "Workers that see a member in this state");
	each_member(core, out, NULL, member_state);
}

/* ---- all other counters, by name ---- */

static void named(const struct ctl_counters *sums, bool drops, struct ctl_text *out)
{
	const char *name = drops ? "drops_total" : "events_total";

	head(out, name, "counter",
		drops ? "Packets dropped, by library and code"
		      : "Every other counter of a library");
	for (unsigned l = 0; l < sums->n; l++) {
		const struct stat_block *b = &sums->lib[l].block;

		for (unsigned i = 0; i < b->n; i++)
			if (ctl__counter_is_drop(&b->names[i]) == drops)
				sample_uint(out, name,
					(struct label[LABELS]){
						{"lib", b->lib}, {"code", b->names[i].name}},
					b->values[i]);
	}
}

void ctl__metrics(const struct ctl_core *core, struct ctl_text *out)
{
	struct ctl_counters sums;

	process(core, out);
	ports(core, out);
	worker_time(core, out);
	worker_stages(core, out);
	worker_bursts(core, out);
	worker_gauges(core, out);
	buffers(core, out);
	listeners(core, out);
	members(core, out);
	operation(core, out);
	if (core->sys.tls)
		tls(core, out);
	ctl__counters_sum(core, &sums);
	named(&sums, true, out);
	named(&sums, false, out);
}
