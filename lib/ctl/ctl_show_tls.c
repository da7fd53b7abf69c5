/* SPDX-License-Identifier: BSD-3-Clause */
/* show tls, show certificates, reload certificates. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_priv.h"
#include "tls/tls_crew.h"

/* ---- show tls ---- */

/* In the order of a row. */
static const uint8_t shown[] = {TLS_HS_STAT_done, TLS_HS_STAT_resumed, TLS_HS_STAT_failed,
	TLS_HS_STAT_peer_certificate, TLS_HS_STAT_tls12, TLS_HS_STAT_tls13, TLS_HS_STAT_aes_128_gcm,
	TLS_HS_STAT_aes_256_gcm, TLS_HS_STAT_chacha20_poly1305, TLS_HS_STAT_x25519,
	TLS_HS_STAT_secp256r1, TLS_HS_STAT_secp384r1};
#define SHOWN_COLUMNS                                                                              \
	{"handshakes"}, {"resumed"}, {"failed"}, {"peer_certificate", "peer cert"},                \
		{"tls12", "1.2"}, {"tls13", "1.3"}, {"aes_128_gcm", "aes-128"},                    \
		{"aes_256_gcm", "aes-256"}, {"chacha20_poly1305", "chacha20"}, {"x25519"},         \
		{"secp256r1", "p-256"},                                                            \
	{                                                                                          \
		"secp384r1", "p-384"                                                               \
	}

static void stats_row(struct ctl_doc *out, const char *name, const uint64_t stat[TLS_HS_STAT_N])
{
	ctl__doc_string(out, "%s", name);
	for (unsigned i = 0; i < sizeof(shown); i++)
		ctl__doc_number(out, CTL_COUNT, stat[shown[i]]);
}

static void put_listeners(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "listener"}, SHOWN_COLUMNS};
	const struct conf *conf = core->sys.conf;
	uint64_t stat[TLS_HS_STAT_N];

	CTL_SECTION(out, "listeners", CTL_TABLE, columns);
	for (unsigned i = 0; i < conf->n_listeners; i++)
		if (ctl__tls_listener_stats(core->sys.tls, i, stat))
			stats_row(out, conf->listeners[i].name, stat);
}

static void put_pools(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "pool"}, SHOWN_COLUMNS};
	const struct conf *conf = core->sys.conf;
	uint64_t stat[TLS_HS_STAT_N];

	CTL_SECTION(out, "pools", CTL_TABLE, columns);
	for (unsigned i = 0; i < conf->n_pools; i++)
		if (ctl__tls_pool_stats(core->sys.tls, i, stat))
			stats_row(out, conf->pools[i].name, stat);
}

static void failure_rows(
	struct ctl_doc *out, const char *side, const char *name, const uint64_t stat[TLS_HS_STAT_N])
{
	for (unsigned i = TLS_HS_STAT_failed + 1; i < TLS_HS_STAT_N; i++) {
		if (!stat[i])
			continue;
		ctl__doc_string(out, "%s %s", side, name);
		ctl__doc_string(out, "%s", tls_hs_stat_names[i].name + strlen("fail_"));
		ctl__doc_number(out, CTL_COUNT, stat[i]);
	}
}

static void put_failures(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {
		{"of", "failures of"}, {"reason"}, {"count", "times"}};
	const struct conf *conf = core->sys.conf;
	uint64_t stat[TLS_HS_STAT_N];

	CTL_SECTION(out, "failures", CTL_TABLE, columns);
	for (unsigned i = 0; i < conf->n_listeners; i++)
		if (ctl__tls_listener_stats(core->sys.tls, i, stat))
			failure_rows(out, "listener", conf->listeners[i].name, stat);
	for (unsigned i = 0; i < conf->n_pools; i++)
		if (ctl__tls_pool_stats(core->sys.tls, i, stat))
			failure_rows(out, "pool", conf->pools[i].name, stat);
}

static void put_crew(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"threads"}, {"waiting"}, {"steps"},
		{"step_p50_us", "step p50"}, {"step_p99_us", "step p99"},
		{"step_max_us", "step max"}};
	const struct stat_hist *steps;

	if (!core->sys.crew)
		return;
	steps = tls_crew_steps(core->sys.crew);
	CTL_SECTION(out, "handshakes", CTL_RECORD, columns);
	ctl__doc_number(out, CTL_COUNT, core->sys.conf->tls.threads);
	ctl__doc_number(out, CTL_COUNT, tls_crew_waiting(core->sys.crew));
	ctl__doc_number(out, CTL_COUNT, steps->count);
	ctl__doc_number(out, CTL_US, stat_hist_quantile(steps, 500));
	ctl__doc_number(out, CTL_US, stat_hist_quantile(steps, 990));
	ctl__doc_number(out, CTL_US, steps->max);
}

static void put_workers(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"worker"}, {"connections"},
		{"handshakes", "in handshake"}, {"opened_bytes", "opened"},
		{"sealed_bytes", "sealed"}, {"records_in", "records opened"},
		{"records_out", "records sealed"}, {"handshake_p50_us", "handshake p50"},
		{"handshake_p99_us", "p99"}, {"handshake_max_us", "max"}};

	CTL_SECTION(out, "workers", CTL_TABLE, columns);
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct tls *t = core->sys.workers[w].tls;

		if (!t)
			continue;
		ctl__doc_number(out, CTL_COUNT, w);
		ctl__doc_number(out, CTL_COUNT, tls_conns(t));
		ctl__doc_number(out, CTL_COUNT, tls_handshakes(t));
		ctl__doc_number(out, CTL_BYTES, tls_stats(t)[TLS_STAT_bytes_in]);
		ctl__doc_number(out, CTL_BYTES, tls_stats(t)[TLS_STAT_bytes_out]);
		ctl__doc_number(out, CTL_COUNT, tls_stats(t)[TLS_STAT_records_in]);
		ctl__doc_number(out, CTL_COUNT, tls_stats(t)[TLS_STAT_records_out]);
		ctl__doc_number(out, CTL_US, stat_hist_quantile(tls_latency(t), 500));
		ctl__doc_number(out, CTL_US, stat_hist_quantile(tls_latency(t), 990));
		ctl__doc_number(out, CTL_US, tls_latency(t)->max);
	}
}

int ctl__show_tls(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	if (!core->sys.tls)
		return err_set(e, ENOENT, "neither a listener nor a pool has TLS");
	put_listeners(core, out);
	put_pools(core, out);
	put_failures(core, out);
	put_crew(core, out);
	put_workers(core, out);
	return 0;
}

/* ---- certificates ---- */

static void put_time(struct ctl_doc *out, int64_t t)
{
	time_t at = (time_t)t;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	ctl__doc_string(out, "%s", text);
}

/* "a, b" as a list. */
static void put_names(struct ctl_doc *out, const char *names)
{
	struct span rest = span_str(names), name;
	struct ctl_text list = {0};

	while (*names && span_next(&rest, ',', &name))
		ctl__text_printf(&list, "%s%.*s", list.n ? "\n" : "", (int)name.n, name.p);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

static void put_certificates(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "certificate"}, {"subject"}, {"names"},
		{"key"}, {"from"}, {"until"}, {"days_left"}};
	const struct conf *conf = core->sys.conf;
	int64_t now = time(NULL);

	CTL_SECTION(out, "certificates", CTL_TABLE, columns);
	for (unsigned i = 0; i < conf->n_certs && core->sys.tls; i++) {
		const struct tls_cert_facts *f = ctl__tls_facts(core->sys.tls, i);

		ctl__doc_string(out, "%s", conf->certs[i].name);
		ctl__doc_string(out, "%s", f->subject);
		put_names(out, f->names);
		ctl__doc_string(out, "%s", f->key);
		put_time(out, f->not_before);
		put_time(out, f->not_after);
		ctl__doc_real(out, CTL_REAL, (double)(f->not_after - now) / 86400);
	}
}

int ctl__show_certificates(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"read_at", "files read"}};

	put_certificates(core, out);
	if (!core->sys.tls)
		return 0;
	CTL_SECTION(out, "files", CTL_RECORD, columns);
	put_time(out, ctl__tls_read_at(core->sys.tls));
	return 0;
}

int ctl__reload_certificates(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	int rc = core->sys.tls ? ctl__tls_reload(core, e) : 0;

	if (rc == 0)
		put_certificates(core, out);
	return rc;
}
