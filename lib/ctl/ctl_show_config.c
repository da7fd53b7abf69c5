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

static void put_texts(struct ctl_doc *out, const char *const *text, unsigned n)
{
	struct ctl_text list = {0};

	for (unsigned i = 0; i < n; i++)
		ctl__text_printf(&list, "%s%s", i ? "\n" : "", text[i]);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
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
		{"memory_bytes", "memory"}, {"buffer_bytes", "buffer"}, {"hugepages"}, {"socket"},
		{"metrics"}, {"drain_ms", "drain"}, {"replay_memory_bytes", "replay_memory"},
		{"log"}};
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
	ctl__doc_number(out, CTL_BYTES, g->buffer);
	ctl__doc_string(out, "%s", huge[g->hugepages]);
	ctl__doc_string(out, "%s", g->socket);
	if (g->metrics.port)
		ctl__doc_endpoint(out, &g->metrics);
	else
		ctl__doc_none(out);
	ctl__doc_number(out, CTL_MS, g->drain_ms);
	ctl__doc_number(out, CTL_BYTES, g->replay_memory);
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

static void put_statics(struct ctl_doc *out, const struct conf *c)
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
		return put_nones(out, 5);
	put_texts(out, l->domains, l->n_domains);
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
	if (!l->n_cert)
		return put_nones(out, 4);
	put_texts(out, l->cert_name, l->n_cert);
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
		{"server_name"}, {"domain"}, {"forwarded"}, {"request_id"},
		{"head_limit_bytes", "head_limit"}, {"head_timeout_ms", "head_timeout"},
		{"idle_timeout_ms", "idle_timeout"}, {"body_timeout_ms", "body_timeout"},
		{"connections"}, {"congestion"}, {"certificate"}, {"client_certificate"},
		{"client_ca"}, {"client_crl"}, {"handshake_timeout_ms", "handshake_timeout"}};

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

/* Words of the bits that are set. */
static void put_bits(struct ctl_doc *out, uint32_t bits, const char *const *words, unsigned n)
{
	struct ctl_text list = {0};

	for (unsigned i = 0; i < n; i++)
		if (bits & 1u << i)
			ctl__text_printf(&list, "%s%s", list.n ? "\n" : "", words[i]);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

static void put_classes(struct ctl_doc *out, uint32_t bits)
{
	const char *words[CONF_S3_CLASSES];

	for (unsigned i = 0; i < CONF_S3_CLASSES; i++)
		words[i] = conf_s3_class_name(i);
	put_bits(out, bits, words, CONF_S3_CLASSES);
}

static void put_sizes(struct ctl_doc *out, uint32_t bits)
{
	const char *words[CONF_SIZES];

	for (unsigned i = 0; i < CONF_SIZES; i++)
		words[i] = conf_size_class_name(i);
	put_bits(out, bits, words, CONF_SIZES);
}

static void put_headers(struct ctl_doc *out, const struct conf_route *r)
{
	struct ctl_text list = {0};

	for (unsigned i = 0; i < r->n_header; i++)
		ctl__text_printf(
			&list, "%s%s %s", i ? "\n" : "", r->header[i].name, r->header[i].pattern);
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

/* One of the three. */
static void put_action(struct ctl_doc *out, const struct conf_route *r)
{
	put_text(out, r->action == CONF_ROUTE_POOL ? r->pool_name : NULL);
	put_optional(out, CTL_COUNT, r->action == CONF_ROUTE_ERROR ? r->status : 0);
	if (r->action == CONF_ROUTE_REDIRECT)
		ctl__doc_string(out, "%u %s", r->status, r->location);
	else
		ctl__doc_none(out);
}

static void put_routes(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"listener"}, {"host"}, {"bucket"},
		{"key"}, {"operation"}, {"class"}, {"method"}, {"access_key"}, {"source"},
		{"header"}, {"size"}, {"subject"}, {"pool"}, {"error"}, {"redirect"}};

	CTL_SECTION(out, "route", CTL_BLOCKS, columns);
	for (const struct conf_route *r = c->routes; r < c->routes + c->n_routes; r++) {
		ctl__doc_string(out, "%s", r->name);
		put_texts(out, r->listener_names, r->n_listeners);
		put_texts(out, r->host.p, r->host.n);
		put_texts(out, r->bucket.p, r->bucket.n);
		put_texts(out, r->key.p, r->key.n);
		put_texts(out, r->operation.p, r->operation.n);
		put_classes(out, r->classes);
		put_texts(out, r->method.p, r->method.n);
		put_texts(out, r->access_key.p, r->access_key.n);
		ctl__doc_prefixes(out, r->source, r->n_source);
		put_headers(out, r);
		put_sizes(out, r->sizes);
		put_texts(out, r->subject.p, r->subject.n);
		put_action(out, r);
	}
}

static void put_members(struct ctl_doc *out, const struct conf_pool *p)
{
	struct ctl_text list = {0};
	char text[IP_ENDPOINT_TEXT];

	for (unsigned i = 0; i < p->n_members; i++) {
		const struct conf_member *m = &p->members[i];

		ctl__text_printf(&list, "%s%s %s weight=%u priority=%u", i ? "\n" : "", m->name,
			ip_endpoint_text(&m->endpoint, text), m->weight, m->priority);
	}
	ctl__doc_list(out, &list);
	ctl__text_fini(&list);
}

static void put_choice(struct ctl_doc *out, const struct conf_pool *p)
{
	ctl__doc_string(out, "%s", p->affinity == CONF_AFFINITY_UPLOAD ? "upload" : "none");
	if (p->balance == CONF_BALANCE_HASH)
		ctl__doc_number(out, CTL_PERCENT, p->hash_load);
	else
		ctl__doc_none(out);
	ctl__doc_number(out, CTL_MS, p->slow_start_ms);
	ctl__doc_number(out, CTL_PERCENT, p->panic);
	ctl__doc_number(out, CTL_PERCENT, p->eject_limit);
	ctl__doc_number(out, CTL_COUNT, p->priority_members);
}

static void put_health(struct ctl_doc *out, const struct conf_pool *p)
{
	put_text(out, p->check_name);
	ctl__doc_number(out, CTL_COUNT, p->eject_errors);
	ctl__doc_number(out, CTL_MS, p->eject_ms);
	ctl__doc_number(out, CTL_MS, p->eject_max_ms);
	ctl__doc_number(out, CTL_COUNT, p->slow_factor);
	ctl__doc_number(out, CTL_COUNT, p->concurrency);
	ctl__doc_number(out, CTL_BOOL, p->adaptive);
	ctl__doc_number(out, CTL_COUNT, p->queue);
	ctl__doc_number(out, CTL_MS, p->queue_timeout_ms);
}

static void put_recovery(struct ctl_doc *out, const struct conf_pool *p)
{
	ctl__doc_number(out, CTL_PERCENT, p->retry_budget);
	ctl__doc_number(out, CTL_COUNT, p->retry_floor);
	ctl__doc_number(out, CTL_BYTES, p->replay_body);
	ctl__doc_number(out, CTL_BOOL, p->resume);
	ctl__doc_number(out, CTL_BYTES, p->stall_rate);
	ctl__doc_number(out, p->stall_ms ? CTL_MS : CTL_OFF, p->stall_ms);
	ctl__doc_number(out, CTL_MS, p->complete_timeout_ms);
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
		{"idle_timeout_ms", "idle_timeout"}, {"hold_ms", "hold"}, {"affinity"},
		{"hash_load_percent", "hash_load"}, {"slow_start_ms", "slow_start"},
		{"panic_percent", "panic"}, {"eject_limit_percent", "eject_limit"},
		{"priority_members"}, {"check"}, {"eject_errors"}, {"eject_time_ms", "eject_time"},
		{"eject_time_max_ms", "eject_time_max"}, {"slow_factor"}, {"concurrency"},
		{"adaptive"}, {"queue"}, {"queue_timeout_ms", "queue_timeout"},
		{"retry_budget_percent", "retry_budget"}, {"retry_floor"},
		{"replay_body_bytes", "replay_body"}, {"resume"},
		{"stall_rate_bytes", "stall_rate"}, {"stall_time_ms", "stall_time"},
		{"complete_timeout_ms", "complete_timeout"}, {"congestion"}, {"tls"}, {"verify"},
		{"ca"}, {"sni"}, {"certificate"}};

	CTL_SECTION(out, "pool", CTL_BLOCKS, columns);
	for (const struct conf_pool *p = c->pools; p < c->pools + c->n_pools; p++) {
		ctl__doc_string(out, "%s", p->name);
		ctl__doc_string(out, "%s", conf_balance_name(p->balance));
		put_members(out, p);
		ctl__doc_number(out, CTL_MS, p->connect_timeout_ms);
		ctl__doc_number(out, CTL_MS, p->response_timeout_ms);
		ctl__doc_number(out, CTL_COUNT, p->retries);
		ctl__doc_number(out, CTL_COUNT, p->idle_connections);
		ctl__doc_number(out, CTL_MS, p->idle_timeout_ms);
		ctl__doc_number(out, CTL_MS, p->hold_ms);
		put_choice(out, p);
		put_health(out, p);
		put_recovery(out, p);
		ctl__doc_string(out, "%s", conf_congestion_name(p->congestion));
		put_pool_tls(out, p);
	}
}

/* What kinds of their own have; a path of kind = s3 is made of its bucket. */
static void put_check_keys(struct ctl_doc *out, const struct conf_check *k)
{
	put_text(out, k->method);
	put_text(out, k->kind == CONF_CHECK_HTTP ? k->path : NULL);
	put_text(out, k->host);
	if (k->status_low)
		ctl__doc_string(out, "%u-%u", k->status_low, k->status_high);
	else
		ctl__doc_none(out);
	put_text(out, k->bucket);
	put_text(out, k->prefix);
	put_text(out, k->access_key);
	put_text(out, k->secret_file);
	put_text(out, k->region);
}

static bool is_used(const struct conf *c, const struct conf_check *k)
{
	for (unsigned i = 0; i < c->n_pools; i++)
		if (c->pools[i].check == k)
			return true;
	return false;
}

/* Those that exist without being written only where a pool has them. */
static void put_checks(struct ctl_doc *out, const struct conf *c)
{
	static const struct ctl_column columns[] = {{"name"}, {"kind"}, {"interval_ms", "interval"},
		{"timeout_ms", "timeout"}, {"rise"}, {"fall"}, {"method"}, {"path"}, {"host"},
		{"status"}, {"bucket"}, {"prefix"}, {"access_key"}, {"secret_file"}, {"region"}};

	CTL_SECTION(out, "check", CTL_BLOCKS, columns);
	for (const struct conf_check *k = c->checks; k < c->checks + c->n_checks; k++) {
		if (!k->at.line && !is_used(c, k))
			continue;
		ctl__doc_string(out, "%s", k->name);
		ctl__doc_string(out, "%s", conf_check_kind_name(k->kind));
		ctl__doc_number(out, CTL_MS, k->interval_ms);
		ctl__doc_number(out, CTL_MS, k->timeout_ms);
		ctl__doc_number(out, CTL_COUNT, k->rise);
		ctl__doc_number(out, CTL_COUNT, k->fall);
		put_check_keys(out, k);
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
	put_statics(out, c);
	put_listeners(out, c);
	put_routes(out, c);
	put_pools(out, c);
	put_checks(out, c);
	put_certificates(out, c);
	return 0;
}
