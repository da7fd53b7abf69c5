/* SPDX-License-Identifier: BSD-3-Clause */
/* One site's files: a CA, a listener with one certificate, a pool; both sides of plain libssl. */
#ifndef SITE_H
#define SITE_H

#include "pair.h"

static struct pki ca, leaf;
static struct conf_certificate cert;
static struct conf conf;
static struct conf_listener listener;
static struct conf_pool pool;
static struct pair p;
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* As it was, before each case. */
static inline void site(void)
{
	if (!ca.x) {
		ca = pki_make((struct pki_spec){.cn = "ca", .ca = true});
		leaf = pki_make((struct pki_spec){
			.cn = "s3.example", .san = "DNS:s3.example,IP:10.0.0.1", .issuer = &ca});
		cert = pki_conf("s3", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
		pool.ca = pki_chain_file(&ca, NULL);
	}
	conf = (struct conf){.tls = {.at = {"t.ini", 3},
				     .v12 = true,
				     .v13 = true,
				     .ticket_lifetime_ms = 7200000}};
	listener = (struct conf_listener){
		.name = "front", .at = {"t.ini", 9}, .cert = {&cert}, .n_cert = 1};
	pool = (struct conf_pool){
		.name = "nodes", .at = {"t.ini", 12}, .tls = true, .verify = true, .ca = pool.ca};
}

static inline struct tls_ctx *site_server(struct tls_tickets *tickets)
{
	struct err e = {""};
	struct tls_ctx *c = tls_ctx_server(&conf, &listener, tickets, &e);

	if (!c)
		CU_FAIL_FATAL(e.text);
	return c;
}

static inline struct tls_ctx *site_client(void)
{
	struct err e = {""};
	struct tls_ctx *c = tls_ctx_client(&conf, &pool, &e);

	if (!c)
		CU_FAIL_FATAL(e.text);
	return c;
}

/* What is wrong with the listener or the pool. */
static inline const char *site_fault(bool server)
{
	static struct err e;

	e.text[0] = '\0';
	if (server)
		CU_ASSERT_PTR_NULL(tls_ctx_server(&conf, &listener, NULL, &e));
	if (!server)
		CU_ASSERT_PTR_NULL(tls_ctx_client(&conf, &pool, &e));
	return e.text;
}

#define SITE_FAULT(server, text) CU_ASSERT_PTR_NOT_NULL(strstr(site_fault(server), text))

/* version: TLS1_2_VERSION or TLS1_3_VERSION, 0 is both */
static inline SSL_CTX *site_peer_client(int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	return c;
}

static inline SSL_CTX *site_peer_server(int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	SSL_CTX_use_cert_and_key(c, leaf.x, leaf.key, NULL, 1);
	return c;
}

/* A handshake that succeeds and whose keys are proven; p stays, for pair_end(). */
static inline const struct tls_hs_result *site_done(
	struct tls_ctx *c, const char *name, SSL_CTX *peer)
{
	pair_begin(&p, c, name, peer);
	CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
	if (p.state == TLS_HS_DONE)
		pair_talk(&p);
	return tls_hs_result(p.hs);
}

/* One that fails, with our error and, if the peer saw one, our alert (else -1). */
static inline void site_fails(
	struct tls_ctx *c, const char *name, SSL_CTX *peer, enum tls_error error, int alert)
{
	pair_begin(&p, c, name, peer);
	CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_FAILED);
	CU_ASSERT_EQUAL(tls_hs_error(p.hs), error);
	CU_ASSERT_EQUAL(p.alert, alert);
	pair_end(&p);
}

#endif
