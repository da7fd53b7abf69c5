/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as what a peer says in a handshake, to a server (first byte even) and to a client: the
 * feeder takes no more than there is, goes from MORE to one end only, and says the same however the
 * bytes are cut. libssl draws randomness, so only what does not depend on it is compared.
 */
#include <stdlib.h>

#include "../unit/tls/pki.h"
#include "tls/tls_ctx.h"

#define IN_MAX 4096

static struct tls_ctx *ctx[2];

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void setup(void)
{
	struct conf conf = {.tls = {.v12 = true, .v13 = true, .ticket_lifetime_ms = 7200000}};
	struct conf_listener l = {.name = "front", .n_cert = 1};
	struct conf_pool pool = {.name = "nodes", .tls = true};
	struct pki leaf = pki_make((struct pki_spec){.cn = "s3", .san = "DNS:s3.example"});
	struct conf_certificate cert =
		pki_conf("s3", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
	struct tls_tickets *tickets;
	struct err e;

	l.cert[0] = &cert;
	l.client_cert = CONF_CLIENT_CERT_OPTIONAL;
	l.client_ca = cert.chain;
	tickets = tls_tickets_create(&conf.tls, 1, &e);
	ctx[0] = tls_ctx_server(&conf, &l, tickets, &e);
	ctx[1] = tls_ctx_client(&conf, &pool, &e);
	must(tickets && ctx[0] && ctx[1]);
	pki_free(&leaf);
}

struct end {
	enum tls_hs_state state;
	enum tls_error error;
	uint32_t used;
};

/* In pieces of at most `piece` more bytes each time. */
static struct end feed(struct tls_ctx *c, const uint8_t *p, uint32_t n, uint32_t piece)
{
	struct tls_hs *h = tls_hs_create(c, "s3.example");
	struct end end = {TLS_HS_MORE, TLS_OK, 0};
	uint32_t have = 0, used, n_out;

	must(h && tls_hs_step(h, NULL, 0, &used) == TLS_HS_MORE && used == 0);
	while (end.state == TLS_HS_MORE && have < n) {
		have = n - have > piece ? have + piece : n;
		end.state = tls_hs_step(h, p + end.used, have - end.used, &used);
		must(used <= have - end.used);
		end.used += used;
		(void)tls_hs_out(h, &n_out);
		must(n_out < 65536);
	}
	end.error = tls_hs_error(h);
	must((end.state == TLS_HS_FAILED) == (end.error != TLS_OK));
	must(end.state != TLS_HS_DONE); /* nobody guesses a Finished */
	must(tls_hs_step(h, p, end.state == TLS_HS_MORE ? 0 : n, &used) == end.state && used == 0);
	tls_hs_destroy(h);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end whole, split;
	struct tls_ctx *c;
	uint32_t n;

	if (!ctx[0])
		setup();
	if (size < 2)
		return 0;
	c = ctx[data[0] & 1];
	n = size - 2 > IN_MAX ? IN_MAX : (uint32_t)(size - 2);
	whole = feed(c, data + 2, n, n ? n : 1);
	split = feed(c, data + 2, n, 1u + data[1]);
	must(whole.state == split.state && whole.error == split.error);
	must(whole.used == split.used);
	return 0;
}
