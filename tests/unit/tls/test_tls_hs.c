/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair.h"

static struct pki ca, leaf;
static struct conf_certificate cert;
static struct conf conf = {.tls = {.v12 = true, .v13 = true, .ticket_lifetime_ms = 7200000}};
static struct conf_listener listener = {.name = "s3", .cert = {&cert}, .n_cert = 1};
static struct conf_pool pool = {.name = "nodes", .tls = true, .verify = true};
static struct pair p;

static void setup(void)
{
	if (ca.x)
		return;
	ca = pki_make((struct pki_spec){.cn = "ca", .ca = true});
	leaf = pki_make((struct pki_spec){
		.cn = "s3.example", .san = "DNS:s3.example,IP:10.0.0.1", .issuer = &ca});
	cert = pki_conf("s3", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
	pool.ca = pki_chain_file(&ca, NULL);
}

static struct tls_ctx *server(void)
{
	struct err e = {""};
	struct tls_ctx *c;

	setup();
	c = tls_ctx_server(&conf, &listener, NULL, &e);
	if (!c)
		CU_FAIL_FATAL(e.text);
	return c;
}

static struct tls_ctx *client(void)
{
	struct err e = {""};
	struct tls_ctx *c;

	setup();
	c = tls_ctx_client(&conf, &pool, &e);
	if (!c)
		CU_FAIL_FATAL(e.text);
	return c;
}

static SSL_CTX *peer_client(int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	return c;
}

static SSL_CTX *peer_server(int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	setup();
	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	SSL_CTX_use_cert_and_key(c, leaf.x, leaf.key, NULL, 1);
	return c;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void accepts(void)
{
	struct tls_ctx *c = server();

	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);

		pair_begin(&p, c, NULL, peer);
		CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
		CU_ASSERT_EQUAL(tls_hs_result(p.hs)->version, 2 + i);
		pair_talk(&p);
		pair_end(&p);
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
}

static void connects(void)
{
	struct tls_ctx *c = client();

	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_server(versions[i]);

		pair_begin(&p, c, "s3.example", peer);
		CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
		CU_ASSERT_EQUAL(tls_hs_result(p.hs)->version, 2 + i);
		pair_talk(&p);
		pair_end(&p);
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(accepts),
	UNIT_CASE(connects),
};
/* clang-format on */
UNIT_MAIN(cases)
