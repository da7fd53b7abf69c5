/* SPDX-License-Identifier: BSD-3-Clause */
/* Every key of the file, and what only the whole can tell. */
#include <stdio.h>
#include <string.h>

#include "file.h"

#define FIELD   CONF_FIELD
#define NOFIELD CONF_NOFIELD
#define KIB     1024ull
#define MIB     (1024 * KIB)
#define GIB     (1024 * MIB)
#define SEC     1000ull
#define HOUR    (3600 * SEC)

#define TIME_HELP     "TIME, exponential MEAN, or lognormal MEDIAN SIGMA, as lognormal 5ms 1.0"
#define CHANCE_HELP   "a share of the requests, as 0.1%"
#define ENDPOINT_HELP "ADDRESS:PORT or ADDRESS:FIRST-LAST"
#define PARTS_MAX     10000u /* of an upload, as S3 has it */

static const struct conf_key global_keys[] = {
	{"include", conf_value_include, NOFIELD, .repeat = true, .help = "a file or DIR/*.ini"},
	{"core", file_value_core, FIELD(gen_global, core), 0, 1023, "any", "any"},
	{"memory", conf_value_bytes, FIELD(gen_global, memory), 64 * MIB, 1024 * GIB, "512M"},
	{"buffer", conf_value_bytes, FIELD(gen_global, buffer), 2 * KIB, 16 * KIB, "2K"},
	{"hugepages", conf_value_word, FIELD(gen_global, hugepages), .def = "auto",
		.help = "auto | yes | no"},
	{"idle", conf_value_word, FIELD(gen_global, idle), .def = "poll", .help = "poll | sleep"},
	{"seed", conf_value_number, FIELD(gen_global, seed), 0, UINT32_MAX, "1"},
	{"duration", conf_value_ms, FIELD(gen_global, duration_ms), 100, 24 * HOUR, "10s"},
	{"warmup", conf_value_ms, FIELD(gen_global, warmup_ms), 0, HOUR, "1s"},
};

static const struct conf_key clients_keys[] = {
	{"target", file_value_target, NOFIELD, .required = true, .list = true,
		.help = "up to 16 of " ENDPOINT_HELP},
	{"workload", conf_value_name, FIELD(gen_clients, workload_name), .required = true,
		.help = "the name of a [workload]"},
	{"connections", conf_value_number, FIELD(gen_clients, connections), 1, 1000000, "16"},
	{"rate", file_value_rate, FIELD(gen_clients, rate),
		.help = "operations a second, 0.001 to 100000000"},
	{"arrival", conf_value_word, FIELD(gen_clients, arrival), .def = "constant",
		.help = "constant | poisson"},
	{"think", file_value_time, FIELD(gen_clients, think), .help = TIME_HELP},
	{"churn", conf_value_number, FIELD(gen_clients, churn), 1, UINT32_MAX},
	{"timeout", conf_value_ms, FIELD(gen_clients, timeout_ms), 10, HOUR, "10s"},
	{"operations", conf_value_number, FIELD(gen_clients, operations), 1, 1ull << 50},
	{"duration", conf_value_ms, FIELD(gen_clients, duration_ms), 1, 24 * HOUR},
	{"prepare", conf_value_bool, FIELD(gen_clients, prepare), .def = "no"},
	{"host", file_value_key, FIELD(gen_clients, host), .help = "a host's name"},
	{"style", conf_value_word, FIELD(gen_clients, style), .def = "path",
		.help = "path | virtual"},
	{"access-key", conf_value_text, FIELD(gen_clients, access_key), .help = "any text"},
	{"secret-key", conf_value_text, FIELD(gen_clients, secret_key), .help = "any text"},
	{"tls", conf_value_bool, FIELD(gen_clients, tls), .def = "no"},
	{"verify", conf_value_bool, FIELD(gen_clients, verify), .def = "yes"},
	{"ca", conf_value_file, FIELD(gen_clients, ca), .help = "a file in PEM"},
	{"sni", conf_value_host, FIELD(gen_clients, sni), .help = "a DNS name"},
	{"resume", conf_value_bool, FIELD(gen_clients, resume), .def = "yes"},
	{"region", conf_value_text, FIELD(gen_clients, region), .def = "us-east-1",
		.help = "any text"},
};

#define FAULT(f) offsetof(struct gen_origins, fault.f), sizeof(((struct gen_origins *)0)->fault.f)

static const struct conf_key origins_keys[] = {
	{"listen", file_value_listen, NOFIELD, .required = true, .list = true,
		.help = "up to 32 of " ENDPOINT_HELP},
	{"certificate", conf_value_name, FIELD(gen_origins, cert_name),
		.help = "the name of a [certificate]"},
	{"service", file_value_time, FIELD(gen_origins, service), .help = TIME_HELP},
	{"capacity", file_value_capacity, NOFIELD,
		.help = "1 to 256 requests at a time and a time to wait, as 32 100ms"},
	{"slow-down", file_value_chance, FAULT(slow_down), .help = CHANCE_HELP},
	{"error", file_value_chance, FAULT(error), .help = CHANCE_HELP},
	{"inner", file_value_chance, FAULT(inner), .help = CHANCE_HELP},
	{"reset-head", file_value_chance, FAULT(reset_head), .help = CHANCE_HELP},
	{"etag", file_value_chance, FAULT(etag), .help = CHANCE_HELP},
	{"reset", file_value_chance, FAULT(reset), .help = CHANCE_HELP},
	{"truncate", file_value_chance, FAULT(truncate), .help = CHANCE_HELP},
	{"corrupt", file_value_chance, FAULT(corrupt), .help = CHANCE_HELP},
	{"stall", file_value_stall, NOFIELD, .help = "a share and a time, as 1% 5s"},
	{"drip", file_value_drip, NOFIELD, .help = "a share and bytes a second, as 1% 64K"},
	{"refuse", file_value_chance, FAULT(refuse), .help = CHANCE_HELP},
	{"blackhole", file_value_chance, FAULT(blackhole), .help = CHANCE_HELP},
	{"crash", conf_value_ms, FAULT(crash_ms), 1, 24 * HOUR},
	{"return", conf_value_ms, FAULT(return_ms), 1, 24 * HOUR},
};

/* As in penstock.ini, without what is about handshake threads and tickets. */
static const struct conf_key tls_keys[] = {
	{"versions", conf_value_version, NOFIELD, .list = true, .def = "1.2, 1.3",
		.help = "1.2 | 1.3"},
	{"ciphers", conf_value_cipher, FIELD(conf_tls, ciphers), .list = true,
		.def = "aes-128-gcm, aes-256-gcm, chacha20-poly1305",
		.help = "aes-128-gcm | aes-256-gcm | chacha20-poly1305"},
	{"groups", conf_value_group, FIELD(conf_tls, groups), .list = true,
		.def = "x25519, p-256, p-384", .help = "x25519 | p-256 | p-384"},
	{"ticket-lifetime", conf_value_ms, FIELD(conf_tls, ticket_lifetime_ms), 60 * SEC,
		168 * HOUR, "2h"},
	{"aead", conf_value_word, FIELD(conf_tls, aead), .def = "ipsec_mb",
		.help = "ipsec_mb | openssl"},
	{"keylog", conf_value_file, FIELD(conf_tls, keylog), .help = "a file, for debugging"},
};

static const struct conf_key workload_keys[] = {
	{"bucket", file_value_key, FIELD(gen_workload, bucket), .def = "s3gen",
		.help = "a bucket's name"},
	{"prefix", file_value_key, FIELD(gen_workload, prefix), .def = "o/",
		.help = "letters, digits and -._~/"},
	{"operations", file_value_operation, NOFIELD, .required = true, .list = true,
		.help = "get | range | head | put | multipart | abort | delete | list, each with "
			"its weight, as get 90, put 10"},
	{"sizes", file_value_size, NOFIELD, .required = true, .list = true,
		.help = "up to 16 of SIZE or FROM-TO with its weight, as 4K 70, 100K-10M 30"},
	{"keys", conf_value_number, FIELD(gen_workload, keys), 1, 10000000, "1000"},
	{"popularity", file_value_popularity, NOFIELD, .def = "uniform",
		.help = "uniform, zipf EXPONENT, hot SHARE%, shuffle or sequence"},
	{"framing", conf_value_word, FIELD(gen_workload, framing), .def = "length",
		.help = "length | chunked | aws-chunked"},
	{"expect", conf_value_bool, FIELD(gen_workload, expect), .def = "no"},
	{"range", conf_value_bytes, FIELD(gen_workload, range), 1, 5 * GIB, "8M"},
	{"ranges", conf_value_word, FIELD(gen_workload, ranges), .def = "random",
		.help = "random | sequence"},
	{"part", conf_value_bytes, FIELD(gen_workload, part), 64 * KIB, 5 * GIB, "8M"},
	{"list-keys", conf_value_number, FIELD(gen_workload, list_keys), 1, 1000, "1000"},
};

#define KEYS(k)      k, sizeof(k) / sizeof((k)[0])
#define ARRAY(s, a)  CONF_ARRAY(s, gen_conf, a)
#define SINGLE(s, f) CONF_SINGLE(s, gen_conf, f)

enum {
	KIND_TCP = CONF_KIND_PORT + 1,
	KIND_CLIENTS,
	KIND_ORIGINS,
	KIND_WORKLOAD,
	KIND_TLS,
	KIND_CERTIFICATE,
	KINDS
};

const char *file_op_name(enum gen_op op)
{
	static const char *const names[GEN_OPS] = {
		"get", "range", "head", "put", "multipart", "abort", "delete", "list"};

	return names[op];
}

static const struct gen_conf *conf_of(const struct conf_reader *rd)
{
	return conf_root(rd);
}

/* ---- checks ---- */

static bool ports_known(const struct conf_reader *rd)
{
	const struct conf_section *sec;

	for (unsigned i = 0; (sec = conf_section_at(rd, CONF_KIND_PORT, i)) != NULL; i++)
		if (!conf_key_ok(sec, "address") || !conf_key_ok(sec, "gateway"))
			return false;
	return true;
}

static void check_target(struct conf_reader *rd, struct conf_section *sec, unsigned line,
	const struct ip_endpoint *to)
{
	const struct gen_conf *c = conf_of(rd);
	char text[IP_ENDPOINT_TEXT];
	bool reached = false;

	ip_endpoint_text(to, text);
	for (unsigned i = 0; i < c->n_ports; i++)
		reached |= conf_port_reaches(&c->ports[i], &to->addr);
	if (conf_port_with(c->ports, c->n_ports, &to->addr))
		conf_key_error(rd, sec, line, "target",
			"%s is an address of a [port] here, allowed: another host", text);
	else if (!reached)
		conf_key_error(rd, sec, line, "target",
			"%s cannot be reached, allowed: a host in a subnet of a port, or behind a "
			"gateway",
			text);
}

/* The index of the section of that name, or -1 and an error. */
static int workload_find(struct conf_reader *rd, struct conf_section *sec, const char *name)
{
	const struct gen_conf *c = conf_of(rd);

	for (unsigned i = 0; i < c->n_workloads; i++)
		if (strcmp(c->workloads[i].name, name) == 0)
			return (int)i;
	conf_key_error(rd, sec, conf_line_of(sec, "workload", 0), "workload",
		"there is no [workload %s], allowed: the name of a [workload]", name);
	return -1;
}

/* Keys of which one wants, or forbids, the other. */
static void check_pairs(struct conf_reader *rd, struct conf_section *sec)
{
	const struct gen_clients *cl = sec->obj;

	if (cl->rate && conf_key_given(sec, "think"))
		conf_key_error(rd, sec, conf_line_of(sec, "think", 0), "think",
			"has no meaning with a rate, allowed: without `rate`");
	if (!cl->rate && conf_key_given(sec, "arrival"))
		conf_key_error(rd, sec, conf_line_of(sec, "arrival", 0), "arrival",
			"has no meaning without a rate, allowed: with `rate`");
	if (cl->style == GEN_VIRTUAL && !cl->host)
		conf_key_error(rd, sec, conf_line_of(sec, "style", 0), "style",
			"has no name to put the bucket before, allowed: with `host`");
	if (!cl->access_key != !cl->secret_key)
		conf_key_error(rd, sec, sec->at.line, cl->access_key ? "secret-key" : "access-key",
			"missing, allowed: both keys or none");
}

/* Keys that say how to speak TLS, where none is spoken. */
static void check_client_tls(struct conf_reader *rd, struct conf_section *sec)
{
	static const char *const keys[] = {"verify", "ca", "sni", "resume"};
	const struct gen_clients *cl = sec->obj;
	unsigned n = cl->tls ? 0 : RTE_DIM(keys);

	for (unsigned i = 0; i < n; i++)
		if (conf_key_given(sec, keys[i]))
			conf_key_error(rd, sec, conf_line_of(sec, keys[i], 0), keys[i],
				"has no meaning without TLS, allowed: with `tls = yes`");
	if (cl->tls && !cl->verify && cl->ca)
		conf_key_error(rd, sec, conf_line_of(sec, "ca", 0), "ca",
			"has no meaning where nothing is verified, allowed: with `verify = yes`");
}

static void check_clients(struct conf_reader *rd)
{
	struct conf_section *sec;

	for (unsigned i = 0; (sec = conf_section_at(rd, KIND_CLIENTS, i)) != NULL; i++) {
		struct gen_clients *cl = sec->obj;
		int w = -1;

		if (ports_known(rd) && conf_key_ok(sec, "target"))
			for (unsigned t = 0; t < cl->n_target; t++)
				check_target(
					rd, sec, conf_line_of(sec, "target", 0), &cl->target[t]);
		if (cl->workload_name)
			w = workload_find(rd, sec, cl->workload_name);
		cl->workload = w < 0 ? 0 : (unsigned)w;
		check_pairs(rd, sec);
		check_client_tls(rd, sec);
	}
}

static void check_listen(struct conf_reader *rd, struct conf_section *sec, unsigned i, unsigned a)
{
	const struct gen_conf *c = conf_of(rd);
	const struct gen_origins *o = sec->obj;
	unsigned line = conf_line_of(sec, "listen", 0);
	char text[IP_ENDPOINT_TEXT];

	ip_endpoint_text(&o->listen[a], text);
	if (ports_known(rd) && !conf_port_with(c->ports, c->n_ports, &o->listen[a].addr))
		conf_key_error(rd, sec, line, "listen",
			"%s is on no port, allowed: an address of a [port]", text);
	for (unsigned k = 0; k < i; k++)
		for (unsigned b = 0; b < c->origins[k].n_listen; b++)
			if (c->origins[k].listen[b].port == o->listen[a].port &&
				ip_addr_eq(&c->origins[k].listen[b].addr, &o->listen[a].addr))
				conf_key_error(rd, sec, line, "listen",
					"%s is given twice, first by [origins %s], allowed: once",
					text, c->origins[k].name);
}

static void check_certificate(struct conf_reader *rd, struct conf_section *sec)
{
	const struct gen_conf *c = conf_of(rd);
	struct gen_origins *o = sec->obj;

	for (unsigned i = 0; i < c->n_certs; i++)
		if (strcmp(c->certs[i].name, o->cert_name) == 0)
			o->cert = &c->certs[i];
	if (!o->cert)
		conf_key_error(rd, sec, conf_line_of(sec, "certificate", 0), "certificate",
			"there is no [certificate %s], allowed: the name of a [certificate]",
			o->cert_name);
}

static void check_origins(struct conf_reader *rd)
{
	struct conf_section *sec;

	for (unsigned i = 0; (sec = conf_section_at(rd, KIND_ORIGINS, i)) != NULL; i++) {
		const struct gen_origins *o = sec->obj;

		for (unsigned a = 0; conf_key_ok(sec, "listen") && a < o->n_listen; a++)
			check_listen(rd, sec, i, a);
		if (o->cert_name)
			check_certificate(rd, sec);
		if (o->fault.return_ms && o->fault.return_ms <= o->fault.crash_ms)
			conf_key_error(rd, sec, conf_line_of(sec, "return", 0), "return",
				"is not after the crash, allowed: a later time");
		if (o->fault.return_ms && !o->fault.crash_ms)
			conf_key_error(rd, sec, conf_line_of(sec, "return", 0), "return",
				"has no meaning without a crash, allowed: with `crash`");
	}
}

static void check_workloads(struct conf_reader *rd)
{
	struct conf_section *sec;

	for (unsigned i = 0; (sec = conf_section_at(rd, KIND_WORKLOAD, i)) != NULL; i++) {
		const struct gen_workload *w = sec->obj;

		for (unsigned s = 0; s < w->n_size; s++) {
			if (w->op[GEN_MULTIPART] == 0 || w->part == 0 ||
				w->size[s].max / w->part < PARTS_MAX)
				continue;
			conf_key_error(rd, sec, conf_line_of(sec, "part", 0), "part",
				"the largest of `sizes` has more than %u parts, allowed: larger "
				"parts",
				PARTS_MAX);
			break;
		}
	}
}

static void check(struct conf_reader *rd)
{
	const struct gen_conf *c = conf_of(rd);

	conf_check_ports(rd);
	if (c->n_clients + c->n_origins == 0)
		conf_error(rd, &(struct conf_where){c->global.at.file, 1},
			"there is nobody, allowed: at least one [clients NAME] or [origins NAME]");
	check_clients(rd);
	check_origins(rd);
	check_workloads(rd);
}

static const struct conf_kind kinds[KINDS] = {
	[CONF_KIND_GLOBAL] = {"global", KEYS(global_keys), false, 1, SINGLE(gen_global, global)},
	[CONF_KIND_PORT] = {"port", KEYS(conf_port_keys), true, GEN_SECTIONS_MAX,
		ARRAY(conf_port, ports)},
	[KIND_TCP] = {"tcp", KEYS(conf_tcp_keys), false, 1, SINGLE(conf_tcp, tcp)},
	[KIND_TLS] = {"tls", KEYS(tls_keys), false, 1, SINGLE(conf_tls, tls)},
	[KIND_CERTIFICATE] = {"certificate", KEYS(conf_certificate_keys), true, GEN_SECTIONS_MAX,
		ARRAY(conf_certificate, certs)},
	[KIND_CLIENTS] = {"clients", KEYS(clients_keys), true, GEN_SECTIONS_MAX,
		ARRAY(gen_clients, clients)},
	[KIND_ORIGINS] = {"origins", KEYS(origins_keys), true, GEN_SECTIONS_MAX,
		ARRAY(gen_origins, origins)},
	[KIND_WORKLOAD] = {"workload", KEYS(workload_keys), true, GEN_SECTIONS_MAX,
		ARRAY(gen_workload, workloads)},
};

static const struct conf_table table = {kinds, KINDS, sizeof(struct gen_conf), check};

struct gen_conf *file_load(const char *path, struct conf_errors *errs)
{
	return conf_table_load(&table, path, errs);
}

struct gen_conf *file_parse(const char *name, const char *text, size_t n, struct conf_errors *errs)
{
	return conf_table_parse(&table, name, text, n, errs);
}

void file_free(struct gen_conf *c)
{
	conf_table_free(c);
}
