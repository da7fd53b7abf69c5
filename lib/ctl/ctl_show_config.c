/* SPDX-License-Identifier: BSD-3-Clause */
/* show config: the snapshot as a file that conf_load() takes again, every default written out. */
#include <string.h>

#include "ctl/ctl_priv.h"

/* A zero that means "not given": no line, null. */
static void put_optional(struct ctl_doc *out, enum ctl_kind kind, uint64_t v)
{
	if (v)
		ctl__doc_number(out, kind, v);
	else
		ctl__doc_none(out);
}

/* The same for a text that is NULL. */
static void put_text(struct ctl_doc *out, const char *text)
{
	if (text)
		ctl__doc_string(out, "%s", text);
	else
		ctl__doc_none(out);
}

static void put_nones(struct ctl_doc *out, unsigned n)
{
	while (n--)
		ctl__doc_none(out);
}

static void put_cores(struct ctl_doc *out, const uint16_t *core, unsigned n)
{
	struct ctl_text list = {0};

	for (unsigned i = 0; i < n; i++)
		ctl__text_printf(&list, "%s%u", i ? "," : "", core[i]);
	if (list.n)
		ctl__doc_string(out, "%.*s", (int)list.n, list.p);
	else
		ctl__doc_none(out);
	ctl__text_fini(&list);
}

static void put_global(struct ctl_doc *out, const struct conf_global *g)
{
	static const struct ctl_column columns[] = {{"workers"}, {"control"}, {"idle"},
		{"memory_bytes", "memory"}, {"hugepages"}, {"socket"}, {"metrics"},
		{"drain_ms", "drain"}, {"log"}};
	static const char *const idle[] = {[CONF_IDLE_POLL] = "poll", [CONF_IDLE_SLEEP] = "sleep"};
	static const char *const huge[] = {
		[CONF_HUGE_AUTO] = "auto", [CONF_HUGE_YES] = "yes", [CONF_HUGE_NO] = "no"};
	static const char *const level[] = {[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug"};

	CTL_SECTION(out, "global", CTL_BLOCK, columns);
	put_cores(out, g->workers, g->n_workers);
	ctl__doc_number(out, CTL_COUNT, g->control);
	ctl__doc_string(out, "%s", idle[g->idle]);
	ctl__doc_number(out, CTL_BYTES, g->memory);
	ctl__doc_string(out, "%s", huge[g->hugepages]);
	ctl__doc_string(out, "%s", g->socket);
	if (g->metrics.port)
		ctl__doc_endpoint(out, &g->metrics);
	else
		ctl__doc_none(out);
	ctl__doc_number(out, CTL_MS, g->drain_ms);
	ctl__doc_string(out, "%s", level[g->log]);
}

static void put_tcp(struct ctl_doc *out, const struct conf_tcp *t)
{
	static const struct ctl_column columns[] = {{"receive_buffer_bytes", "receive_buffer"},
		{"send_buffer_bytes", "send_buffer"}, {"keepalive_ms", "keepalive"},
		{"time_wait_ms", "time_wait"}, {"congestion"}, {"ecn"}};

	CTL_SECTION(out, "tcp", CTL_BLOCK, columns);
	ctl__doc_number(out, CTL_BYTES, t->receive_buffer);
	ctl__doc_number(out, CTL_BYTES, t->send_buffer);
	ctl__doc_number(out, t->keepalive_ms ? CTL_MS : CTL_OFF, t->keepalive_ms);
	ctl__doc_number(out, CTL_MS, t->time_wait_ms);
	ctl__doc_string(out, "%s", conf_congestion_name(t->congestion));
	ctl__doc_string(out, "%s", conf_ecn_name(t->ecn));
}

static void put_gateways(struct ctl_doc *out, const struct conf_port *p)
{
	struct ctl_text list = {0};
	char text[IP_ADDR_TEXT];

	for (unsigned i = 0; i < p->n_gateway; i++)
		ctl__text_printf(&list, "%s%s", i ? "\n" : "", ip_addr_text(&p->gateway[i], text));
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

static void put_ports(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"device"}, {"mtu"}, {"address"},
		{"gateway"}, {"vlan"}, {"mac"}, {"optional"}};

	CTL_SECTION(out, "port", CTL_BLOCKS, columns);
	for (const struct conf_port *p = c->ports; p < c->ports + c->n_ports; p++) {
		const uint8_t *m = p->mac;

		ctl__doc_string(out, "%s", p->name);
		ctl__doc_string(out, "%s", p->device);
		ctl__doc_number(out, CTL_COUNT, p->mtu);
		ctl__doc_prefixes(out, p->addr, p->n_addr);
		put_gateways(out, p);
		put_optional(out, CTL_COUNT, p->vlan);
		if (m[0] | m[1] | m[2] | m[3] | m[4] | m[5])
			ctl__doc_string(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
				m[3], m[4], m[5]);
		else
			ctl__doc_none(out);
		ctl__doc_number(out, CTL_BOOL, p->optional);
	}
}

static void put_routes(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"to"}, {"via"}};

	CTL_SECTION(out, "route_static", CTL_BLOCKS, columns);
	for (const struct conf_static *r = c->statics; r < c->statics + c->n_statics; r++) {
		ctl__doc_string(out, "%s", r->name);
		ctl__doc_prefix(out, &r->to.addr, r->to.bits);
		ctl__doc_addr(out, &r->via);
	}
}

/* What only mode = http knows: elsewhere no line, for conf_load() would refuse it. */
static void put_http(struct ctl_doc *out, const struct conf_listener *l)
{
	if (l->mode != CONF_MODE_HTTP)
		return put_nones(out, 4);
	ctl__doc_number(out, CTL_BOOL, l->forwarded);
	ctl__doc_number(out, CTL_BOOL, l->request_id);
	ctl__doc_number(out, CTL_BYTES, l->head_limit);
	ctl__doc_number(out, CTL_MS, l->head_timeout_ms);
}

static void put_server_names(struct ctl_doc *out, const struct conf_listener *l)
{
	struct ctl_text list = {0};

	for (unsigned i = 0; i < l->n_server_names; i++)
		ctl__text_printf(&list, "%s%s %s", i ? "\n" : "", l->server_names[i].name,
			l->server_names[i].pool_name);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

/* What only a listener with certificates has. */
static void put_certificate_keys(struct ctl_doc *out, const struct conf_listener *l)
{
	struct ctl_text list = {0};

	if (!l->n_cert)
		return put_nones(out, 4);
	for (unsigned i = 0; i < l->n_cert; i++)
		ctl__text_printf(&list, "%s%s", i ? "\n" : "", l->cert_name[i]);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
	ctl__doc_string(out, "%s", conf_client_cert_name(l->client_cert));
	put_text(out, l->client_ca);
	put_text(out, l->client_crl);
}

static void put_listener_tls(struct ctl_doc *out, const struct conf_listener *l)
{
	put_certificate_keys(out, l);
	if (l->n_cert || l->mode == CONF_MODE_SNI)
		ctl__doc_number(out, CTL_MS, l->handshake_timeout_ms);
	else
		ctl__doc_none(out);
}

static void put_listeners(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"address"}, {"mode"}, {"pool"},
		{"server_name"}, {"forwarded"}, {"request_id"}, {"head_limit_bytes", "head_limit"},
		{"head_timeout_ms", "head_timeout"}, {"idle_timeout_ms", "idle_timeout"},
		{"body_timeout_ms", "body_timeout"}, {"connections"}, {"congestion"},
		{"certificate"}, {"client_certificate"}, {"client_ca"}, {"client_crl"},
		{"handshake_timeout_ms", "handshake_timeout"}};

	CTL_SECTION(out, "listener", CTL_BLOCKS, columns);
	for (const struct conf_listener *l = c->listeners; l < c->listeners + c->n_listeners; l++) {
		ctl__doc_string(out, "%s", l->name);
		ctl__doc_endpoints(out, l->addr, l->n_addr);
		ctl__doc_string(out, "%s", conf_mode_name(l->mode));
		put_text(out, l->pool_name);
		put_server_names(out, l);
		put_http(out, l);
		ctl__doc_number(out, CTL_MS, l->idle_timeout_ms);
		ctl__doc_number(out, CTL_MS, l->body_timeout_ms);
		ctl__doc_number(out, CTL_COUNT, l->connections);
		ctl__doc_string(out, "%s", conf_congestion_name(l->congestion));
		put_listener_tls(out, l);
	}
}

static void put_members(struct ctl_doc *out, const struct conf_pool *p)
{
	struct ctl_text list = {0};
	char text[IP_ENDPOINT_TEXT];

	for (unsigned i = 0; i < p->n_members; i++)
		ctl__text_printf(&list, "%s%s %s weight=%u", i ? "\n" : "", p->members[i].name,
			ip_endpoint_text(&p->members[i].endpoint, text), p->members[i].weight);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

static void put_pool_tls(struct ctl_doc *out, const struct conf_pool *p)
{
	ctl__doc_number(out, CTL_BOOL, p->tls);
	if (!p->tls)
		return put_nones(out, 4);
	ctl__doc_number(out, CTL_BOOL, p->verify);
	put_text(out, p->ca);
	put_text(out, p->sni);
	put_text(out, p->cert_name);
}

static void put_pools(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"balance"}, {"member"},
		{"connect_timeout_ms", "connect_timeout"},
		{"response_timeout_ms", "response_timeout"}, {"retries"}, {"idle_connections"},
		{"idle_timeout_ms", "idle_timeout"}, {"hold_ms", "hold"}, {"congestion"}, {"tls"},
		{"verify"}, {"ca"}, {"sni"}, {"certificate"}};

	CTL_SECTION(out, "pool", CTL_BLOCKS, columns);
	for (const struct conf_pool *p = c->pools; p < c->pools + c->n_pools; p++) {
		ctl__doc_string(out, "%s", p->name);
		ctl__doc_string(out, "%s", lb_balance_name(p->balance));
		put_members(out, p);
		ctl__doc_number(out, CTL_MS, p->connect_timeout_ms);
		ctl__doc_number(out, CTL_MS, p->response_timeout_ms);
		ctl__doc_number(out, CTL_COUNT, p->retries);
		ctl__doc_number(out, CTL_COUNT, p->idle_connections);
		ctl__doc_number(out, CTL_MS, p->idle_timeout_ms);
		ctl__doc_number(out, CTL_MS, p->hold_ms);
		ctl__doc_string(out, "%s", conf_congestion_name(p->congestion));
		put_pool_tls(out, p);
	}
}

static void put_certificates(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"chain"}, {"key"}, {"ocsp"}};

	CTL_SECTION(out, "certificate", CTL_BLOCKS, columns);
	for (const struct conf_certificate *k = c->certs; k < c->certs + c->n_certs; k++) {
		ctl__doc_string(out, "%s", k->name);
		put_text(out, k->chain);
		put_text(out, k->key);
		put_text(out, k->ocsp);
	}
}

static void put_tls(struct ctl_doc *out, const struct conf_tls *t)
{
	static const struct ctl_column columns[] = {{"versions"}, {"ciphers"}, {"groups"},
		{"handshake_threads"}, {"handshake_cores"}, {"handshakes"},
		{"handshakes_per_source"}, {"ticket_keys"},
		{"ticket_lifetime_ms", "ticket_lifetime"}, {"aead"}, {"aead_device"}, {"keylog"}};
	char words[128];

	CTL_SECTION(out, "tls", CTL_BLOCK, columns);
	ctl__doc_string(out, "%s", t->v12 && t->v13 ? "1.2, 1.3" : t->v12 ? "1.2" : "1.3");
	ctl__doc_string(out, "%s", conf_tls_words(t->ciphers, words, sizeof(words)));
	ctl__doc_string(out, "%s", conf_tls_words(t->groups, words, sizeof(words)));
	ctl__doc_number(out, CTL_COUNT, t->threads);
	put_cores(out, t->core, t->n_core);
	ctl__doc_number(out, CTL_COUNT, t->handshakes);
	ctl__doc_number(out, CTL_COUNT, t->per_source);
	put_text(out, t->ticket_keys);
	ctl__doc_number(out, CTL_MS, t->ticket_lifetime_ms);
	ctl__doc_string(out, "%s", conf_aead_name(t->aead));
	put_text(out, t->aead_device);
	put_text(out, t->keylog);
}

int ctl__show_config(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	const struct conf *c = core->sys.conf;

	put_global(out, &c->global);
	put_tcp(out, &c->tcp);
	put_tls(out, &c->tls);
	put_ports(out, c);
	put_routes(out, c);
	put_listeners(out, c);
	put_pools(out, c);
	put_certificates(out, c);
	return 0;
}
