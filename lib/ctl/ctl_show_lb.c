/* SPDX-License-Identifier: BSD-3-Clause */
/* show pools, pool NAME, listeners. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "ctl/ctl_priv.h"
#include "relay/relay.h"

/* Of final responses, 2xx to 5xx. */
static void put_statuses(struct ctl_doc *out, const uint64_t *status_2xx)
{
	for (unsigned i = 0; i < 4; i++)
		ctl__doc_number(out, CTL_COUNT, status_2xx[i]);
}

_Static_assert(LB_STAT_status_5xx == LB_STAT_status_2xx + 3, "put_statuses takes four in a row");
_Static_assert(RELAY_STAT_status_5xx == RELAY_STAT_status_2xx + 3, "and here");

/* "up", or how many workers see it otherwise: "down 1/2". Each worker judges for itself. */
static void put_state(struct ctl_doc *out, const struct ctl_core *core, const struct ctl_member *m)
{
	for (int s = LB_STATES - 1; s >= LB_UP; s--) {
		if (m->in_state[s] == core->sys.n_workers)
			return ctl__doc_string(out, "%s", lb_state_name(s));
		if (m->in_state[s] > 0)
			return ctl__doc_string(out, "%s %u/%u", lb_state_name(s), m->in_state[s],
				core->sys.n_workers);
	}
}

static uint64_t failures(const struct ctl_member *m)
{
	return m->stat[LB_STAT_connect_failures] + m->stat[LB_STAT_timeouts] +
	       m->stat[LB_STAT_stalls] + m->stat[LB_STAT_resets] + m->stat[LB_STAT_bad_responses];
}

/* ---- show pools ---- */

static void pool_row(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	uint64_t requests = 0, failed = 0;
	unsigned active = 0, up = 0;
	struct ctl_member m;

	for (unsigned i = 0; i < p->n_members; i++) {
		ctl__member_sum(core, pool, i, &m);
		requests += m.stat[LB_STAT_requests];
		failed += failures(&m);
		active += m.active;
		up += m.in_state[LB_UP] > 0;
	}
	ctl__doc_string(out, "%s", p->name);
	ctl__doc_string(out, "%s", conf_balance_name(p->balance));
	ctl__doc_number(out, CTL_COUNT, p->n_members);
	ctl__doc_number(out, CTL_COUNT, up);
	ctl__doc_number(out, CTL_COUNT, active);
	ctl__doc_number(out, CTL_COUNT, requests);
	ctl__doc_number(out, CTL_COUNT, failed);
}

static void member_row(
	const struct ctl_core *core, unsigned pool, unsigned member, struct ctl_doc *out)
{
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct ctl_member m;

	ctl__member_sum(core, pool, member, &m);
	ctl__doc_string(out, "%s", p->name);
	ctl__doc_string(out, "%s", p->members[member].name);
	ctl__doc_endpoint(out, &p->members[member].endpoint);
	/* the operator's, where one gave it; the first worker is never behind */
	ctl__doc_number(out, CTL_COUNT, lb_member(core->sys.workers[0].lb, pool, member)->weight);
	put_state(out, core, &m);
	ctl__doc_number(out, CTL_COUNT, m.active);
	ctl__doc_number(out, CTL_COUNT, m.idle);
	ctl__doc_number(out, CTL_COUNT, m.stat[LB_STAT_requests]);
	ctl__doc_number(out, CTL_COUNT, failures(&m));
	ctl__doc_number(out, CTL_BYTES, m.stat[LB_STAT_bytes_out]);
	ctl__doc_number(out, CTL_BYTES, m.stat[LB_STAT_bytes_in]);
}

static const struct ctl_column member_columns[] = {{"pool"}, {"name", "member"}, {"address"},
	{"weight"}, {"state"}, {"active"}, {"idle"}, {"requests"}, {"failures"},
	{"bytes_out", "sent"}, {"bytes_in", "received"}};

int ctl__show_pools(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"name", "pool"}, {"balance"}, {"members"},
		{"up"}, {"active"}, {"requests"}, {"failures"}};
	const struct conf *conf = core->sys.conf;

	CTL_SECTION(out, "pools", CTL_TABLE, columns);
	for (unsigned p = 0; p < conf->n_pools; p++)
		pool_row(core, p, out);
	CTL_SECTION(out, "members", CTL_TABLE, member_columns);
	for (unsigned p = 0; p < conf->n_pools; p++)
		for (unsigned m = 0; m < conf->pools[p].n_members; m++)
			member_row(core, p, m, out);
	return 0;
}

/* ---- show pool NAME ---- */

static void responses(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "member"}, {"status_1xx", "1xx"},
		{"status_2xx", "2xx"}, {"status_3xx", "3xx"}, {"status_4xx", "4xx"},
		{"status_5xx", "5xx"}, {"first_byte_p50_us", "first byte p50"},
		{"first_byte_p99_us", "p99"}, {"first_byte_max_us", "max"},
		{"last_byte_p50_us", "last byte p50"}, {"last_byte_p99_us", "p99"},
		{"last_byte_max_us", "max"}};
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct stat_hist first, last;
	struct ctl_member m;

	CTL_SECTION(out, "responses", CTL_TABLE, columns);
	for (unsigned i = 0; i < p->n_members; i++) {
		ctl__member_sum(core, pool, i, &m);
		ctl__member_latency(core, pool, i, &first, &last);
		ctl__doc_string(out, "%s", p->members[i].name);
		ctl__doc_number(out, CTL_COUNT, m.stat[LB_STAT_status_1xx]);
		put_statuses(out, &m.stat[LB_STAT_status_2xx]);
		ctl__doc_number(out, CTL_US, stat_hist_quantile(&first, 500));
		ctl__doc_number(out, CTL_US, stat_hist_quantile(&first, 990));
		ctl__doc_number(out, CTL_US, first.max);
		ctl__doc_number(out, CTL_US, stat_hist_quantile(&last, 500));
		ctl__doc_number(out, CTL_US, stat_hist_quantile(&last, 990));
		ctl__doc_number(out, CTL_US, last.max);
	}
}

static void troubles(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "member"}, {"connects"}, {"reuses"},
		{"connect_failures"}, {"retries"}, {"timeouts"}, {"resets"}, {"bad_responses"},
		{"cancels"}};
	static const uint8_t stats[] = {LB_STAT_connects, LB_STAT_reuses, LB_STAT_connect_failures,
		LB_STAT_retries, LB_STAT_timeouts, LB_STAT_resets, LB_STAT_bad_responses,
		LB_STAT_cancels};
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct ctl_member m;

	CTL_SECTION(out, "connections", CTL_TABLE, columns);
	for (unsigned i = 0; i < p->n_members; i++) {
		ctl__member_sum(core, pool, i, &m);
		ctl__doc_string(out, "%s", p->members[i].name);
		for (unsigned s = 0; s < sizeof(stats); s++)
			ctl__doc_number(out, CTL_COUNT, m.stat[stats[s]]);
	}
}

/* A member as all workers see it. */
struct view {
	enum lb_state worst;
	const char *cause; /* of that, where it began first */
	uint64_t since_us;
	uint64_t weight, share; /* sums; share in 1/1024 */
	uint64_t active, limit; /* sums; limit of the workers that have one */
	unsigned workers, limited, paced;
	uint64_t wait, ratio; /* sums of workers that know */
	unsigned known;
	uint8_t verdict;
};

static void look(struct view *v, const struct lb_member *m, clock_us_t now)
{
	clock_us_t at = m->since; /* now was read before */
	uint64_t since = now > at ? now - at : 0;

	if (v->workers == 0 || m->state > v->worst ||
		(m->state == v->worst && since > v->since_us)) {
		v->worst = m->state;
		v->cause = m->cause;
		v->since_us = since;
	}
	v->workers++;
	v->weight += m->weight;
	v->share += m->share;
	v->active += m->active;
	v->limited += m->limit != UINT32_MAX;
	v->limit += m->limit != UINT32_MAX ? m->limit : 0;
	v->paced += m->state == LB_THROTTLED && m->pace.release_at > now;
	v->known += m->wait > 0;
	v->wait += m->wait;
	v->ratio += m->wait > 0 ? m->ratio : 0;
	v->verdict = m->checked.verdict;
}

static void view(const struct ctl_core *core, unsigned pool, unsigned member, struct view *v)
{
	*v = (struct view){.cause = ""};
	for (unsigned w = 0; w < core->sys.n_workers; w++)
		if (!ctl__is_behind(core, w))
			look(v, lb_member(core->sys.workers[w].lb, pool, member),
				*core->sys.workers[w].now);
}

/* What a member in that state gets. */
static const struct {
	const char *reads, *writes;
} effect[LB_STATES] = {
	[LB_UP] = {"all", "all"},
	[LB_SLOW] = {"spare", "spare"},
	[LB_THROTTLED] = {"paced", "paced"},
	[LB_WEDGED] = {"all", "none"},
	[LB_DRAIN] = {"none", "none"},
	[LB_MAINTENANCE] = {"none", "none"},
	[LB_DOWN] = {"none", "none"},
};

static void health(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "member"}, {"priority"}, {"state"},
		{"since_s", "since"}, {"cause"}, {"reads"}, {"writes"}, {"check"}};
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct ctl_member m;
	struct view v;

	CTL_SECTION(out, "health", CTL_TABLE, columns);
	for (unsigned i = 0; i < p->n_members; i++) {
		ctl__member_sum(core, pool, i, &m);
		view(core, pool, i, &v);
		ctl__doc_string(out, "%s", p->members[i].name);
		ctl__doc_number(out, CTL_COUNT, p->members[i].priority);
		put_state(out, core, &m);
		ctl__doc_number(out, CTL_SECONDS, v.since_us / CLOCK_US_PER_S);
		if (v.cause[0])
			ctl__doc_string(out, "%s", v.cause);
		else
			ctl__doc_none(out);
		ctl__doc_string(out, "%s", effect[v.worst].reads);
		ctl__doc_string(out, "%s", effect[v.worst].writes);
		if (p->check)
			ctl__doc_string(out, "%s", lb_verdict_name(v.verdict));
		else
			ctl__doc_none(out);
	}
}

/* A mean of the workers that know, or "-". */
static void put_mean(struct ctl_doc *out, enum ctl_kind kind, uint64_t sum, unsigned n)
{
	if (n == 0)
		return ctl__doc_none(out);
	if (kind == CTL_REAL)
		return ctl__doc_real(out, kind, (double)sum / n);
	ctl__doc_number(out, kind, sum / n);
}

static void load(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "member"}, {"weight"},
		{"share_percent", "of it now"}, {"active"}, {"limit"},
		{"paced", "workers that pace"}, {"latency_us", "first byte, smoothed"},
		{"latency_ratio", "times the usual"}};
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct view v;

	CTL_SECTION(out, "load", CTL_TABLE, columns);
	for (unsigned i = 0; i < p->n_members; i++) {
		view(core, pool, i, &v);
		ctl__doc_string(out, "%s", p->members[i].name);
		put_mean(out, CTL_COUNT, v.weight, v.workers);
		put_mean(out, CTL_PERCENT, v.share * 100 / 1024, (unsigned)v.weight);
		ctl__doc_number(out, CTL_COUNT, v.active);
		if (v.limited)
			ctl__doc_number(out, CTL_COUNT, v.limit);
		else
			ctl__doc_none(out);
		ctl__doc_number(out, CTL_COUNT, v.paced);
		put_mean(out, CTL_US, v.wait, v.known);
		put_mean(out, CTL_REAL, v.ratio * 100 / 1024, v.known * 100);
	}
}

static void judgements(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "member"}, {"changes"},
		{"checks_good"}, {"checks_bad"}, {"ejections"}, {"ejections_refused", "refused"},
		{"slows", "slow"}, {"wedges", "wedged"}, {"slow_downs"}, {"throttles"},
		{"inner_errors"}, {"probes"}, {"last_resorts"}};
	static const uint8_t stats[] = {LB_STAT_changes, LB_STAT_checks_good, LB_STAT_checks_bad,
		LB_STAT_ejections, LB_STAT_ejections_refused, LB_STAT_slows, LB_STAT_wedges,
		LB_STAT_slow_downs, LB_STAT_throttles, LB_STAT_inner_errors, LB_STAT_probes,
		LB_STAT_last_resorts};
	const struct conf_pool *p = &core->sys.conf->pools[pool];
	struct ctl_member m;

	CTL_SECTION(out, "judgements", CTL_TABLE, columns);
	for (unsigned i = 0; i < p->n_members; i++) {
		ctl__member_sum(core, pool, i, &m);
		ctl__doc_string(out, "%s", p->members[i].name);
		for (unsigned s = 0; s < sizeof(stats); s++)
			ctl__doc_number(out, CTL_COUNT, m.stat[stats[s]]);
	}
}

/* What is counted of the pool as a whole. */
static void choice(const struct ctl_core *core, unsigned pool, struct ctl_doc *out)
{
	static const struct ctl_column columns[LB_POOL_STAT_N] = {
#define X(name, text) {#name},
#include "lb/lb_pool_stat.def"
#undef X
	};
	uint64_t sum[LB_POOL_STAT_N] = {0};

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const uint64_t *stat;

		if (ctl__is_behind(core, w))
			continue;
		stat = lb_pool(core->sys.workers[w].lb, pool)->learned->stat;
		for (unsigned i = 0; i < LB_POOL_STAT_N; i++)
			sum[i] += __atomic_load_n(&stat[i], __ATOMIC_RELAXED);
	}
	CTL_SECTION(out, "choice", CTL_RECORD, columns);
	for (unsigned i = 0; i < LB_POOL_STAT_N; i++)
		ctl__doc_number(out, CTL_COUNT, sum[i]);
}

int ctl__show_pool(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	int found = ctl__pool_find(core, arg, e);
	unsigned pool = (unsigned)found;

	if (found < 0)
		return found;
	CTL_SECTION(out, "members", CTL_TABLE, member_columns);
	for (unsigned m = 0; m < core->sys.conf->pools[pool].n_members; m++)
		member_row(core, pool, m, out);
	health(core, pool, out);
	load(core, pool, out);
	responses(core, pool, out);
	troubles(core, pool, out);
	judgements(core, pool, out);
	choice(core, pool, out);
	return 0;
}

/* ---- show listeners ---- */

static void listener_row(const struct ctl_core *core, unsigned listener, struct ctl_doc *out)
{
	const struct conf_listener *l = &core->sys.conf->listeners[listener];
	uint64_t stat[RELAY_STAT_N] = {0}, fronts = 0;

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct relay *relay = core->sys.workers[w].relay;
		struct stat_block b;

		if (ctl__is_behind(core, w))
			continue;
		b = relay_stat_block(relay, listener);
		for (unsigned i = 0; i < RELAY_STAT_N; i++)
			stat[i] += __atomic_load_n(&b.values[i], __ATOMIC_RELAXED);
		fronts += relay_listener_fronts(relay, listener);
	}
	ctl__doc_string(out, "%s", l->name);
	ctl__doc_endpoints(out, l->addr, l->n_addr);
	ctl__doc_string(out, "%s", conf_mode_name(l->mode));
	ctl__doc_number(out, CTL_BOOL, l->n_cert > 0);
	if (l->pool_name)
		ctl__doc_string(out, "%s", l->pool_name);
	else
		ctl__doc_none(out);
	ctl__doc_number(out, CTL_COUNT, fronts);
	ctl__doc_number(out, CTL_COUNT, stat[RELAY_STAT_connections]);
	ctl__doc_number(out, CTL_COUNT, stat[RELAY_STAT_requests]);
	put_statuses(out, &stat[RELAY_STAT_status_2xx]);
	ctl__doc_number(out, CTL_BYTES, stat[RELAY_STAT_bytes_req]);
	ctl__doc_number(out, CTL_BYTES, stat[RELAY_STAT_bytes_rsp]);
}

/* Where names lead, in the order in which they are looked at; no table where no listener has any.
 */
static void server_names(const struct conf *conf, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"listener"}, {"server_name"}, {"pool"}};
	bool begun = false;

	for (unsigned i = 0; i < conf->n_listeners; i++) {
		const struct conf_listener *l = &conf->listeners[i];

		for (unsigned k = 0; k < l->n_server_names; k++) {
			if (!begun)
				CTL_SECTION(out, "server_names", CTL_TABLE, columns);
			begun = true;
			ctl__doc_string(out, "%s", l->name);
			ctl__doc_string(out, "%s", l->server_names[k].name);
			ctl__doc_string(out, "%s", l->server_names[k].pool_name);
		}
	}
}

int ctl__show_listeners(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"name", "listener"}, {"addresses"}, {"mode"},
		{"tls"}, {"pool"}, {"connections"}, {"accepted"}, {"requests"},
		{"status_2xx", "2xx"}, {"status_3xx", "3xx"}, {"status_4xx", "4xx"},
		{"status_5xx", "5xx"}, {"bytes_req", "received"}, {"bytes_rsp", "sent"}};

	CTL_SECTION(out, "listeners", CTL_TABLE, columns);
	for (unsigned l = 0; l < core->sys.conf->n_listeners; l++)
		listener_row(core, l, out);
	server_names(core->sys.conf, out);
	return 0;
}
