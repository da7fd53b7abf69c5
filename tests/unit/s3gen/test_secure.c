/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "../tls/pki.h"
#include "aead/drivers.h"
#include "secure.h"
#include "unit.h"

static struct gen_clients clients;
static struct gen_origins origins;
static struct conf_certificate cert;
static struct gen_conf conf;
static struct gen g;

static void init(void)
{
	memset(&g, 0, sizeof(g));
	clients = (struct gen_clients){.name = "c", .at = {"f.ini", 7}};
	origins = (struct gen_origins){.name = "o"};
	conf = (struct gen_conf){.tls = {.v13 = true, .ticket_lifetime_ms = 7200000},
		.clients = &clients,
		.n_clients = 1,
		.origins = &origins,
		.n_origins = 1};
	g.conf = &conf;
	unit_eal();
}

static int start(struct err *e)
{
	e->text[0] = '\0';
	return secure_start(&g, &aead_openssl, secure_conns(&conf) ? 16 : 0, e);
}

static void nobody(void)
{
	struct err e;

	init();
	CU_ASSERT_EQUAL(start(&e), 0);
	CU_ASSERT_PTR_NULL(g.secure);
	CU_ASSERT_EQUAL(secure_cost(secure_conns(&conf)), 0);
	CU_ASSERT_EQUAL(secure_shake(&g), 0);
	CU_ASSERT_PTR_NULL(secure_clients(&g, 0));
	secure_stop(&g);
}

static void either(void)
{
	struct pki leaf = pki_make((struct pki_spec){.cn = "o", .san = "DNS:o.example"});
	struct err e;

	init();
	clients.tls = true;
	CU_ASSERT_EQUAL(start(&e), 0);
	CU_ASSERT(secure_clients(&g, 0) && !secure_origins(&g, 0));
	CU_ASSERT_EQUAL(secure_stats(&g).n, TLS_STAT_N);
	secure_stop(&g);
	clients.tls = false;
	cert = pki_conf("o", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
	origins.cert_name = "o";
	origins.cert = &cert;
	CU_ASSERT_EQUAL(start(&e), 0);
	CU_ASSERT(!secure_clients(&g, 0) && secure_origins(&g, 0));
	secure_stop(&g);
	pki_free(&leaf);
}

static void no_such_file(void)
{
	struct err e;

	init();
	clients.tls = clients.verify = true;
	clients.ca = "/nonexistent/ca.pem";
	CU_ASSERT(start(&e) < 0);
	CU_ASSERT_STRING_EQUAL(
		e.text, "f.ini:7: [clients c] ca: /nonexistent/ca.pem: No such file or directory");
	secure_stop(&g);
	CU_ASSERT_PTR_NULL(g.secure);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nobody), UNIT_CASE(either), UNIT_CASE(no_such_file)};

UNIT_MAIN(cases)
