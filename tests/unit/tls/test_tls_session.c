/* SPDX-License-Identifier: BSD-3-Clause */
/* What we remember of members. */
#include "site.h"
#include "tls/tls_hs_priv.h"

static void sessions_offered(int version)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	peer = site_peer_server(version);
	for (int i = 0; i < 3; i++) {
		const struct tls_hs_result *r = site_done(c, "s3.example", peer);

		CU_ASSERT_EQUAL(r->resumed, i > 0);
		CU_ASSERT_EQUAL(SSL_session_reused(p.peer), i > 0);
		CU_ASSERT_EQUAL(r->ticket, version == TLS1_3_VERSION && i == 0);
		if (r->ticket)
			tls_hs_ticket(p.hs, p.ticket, p.n_ticket);
		CU_ASSERT_FALSE(r->ticket);
		pair_end(&p);
	}
	/* of another name: none */
	CU_ASSERT_FALSE(site_done(c, "10.0.0.1", peer)->resumed);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void sessions(void)
{
	sessions_offered(TLS1_2_VERSION);
	sessions_offered(TLS1_3_VERSION);
}

/* A server that has forgotten the session: a full handshake, and a new session. */
static void session_refused(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	for (int i = 0; i < 2; i++) {
		const struct tls_hs_result *r;

		peer = site_peer_server(TLS1_3_VERSION);
		r = site_done(c, "s3.example", peer);
		CU_ASSERT_FALSE(r->resumed);
		CU_ASSERT(r->ticket);
		tls_hs_ticket(p.hs, p.ticket, p.n_ticket);
		pair_end(&p);
		if (i) {
			CU_ASSERT(site_done(c, "s3.example", peer)->resumed);
			pair_end(&p);
		}
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
}

/* What is no ticket gives no session, and hurts nobody. */
static void ticket_nonsense(void)
{
	static const uint8_t update[] = {24, 0, 0, 1, 0};
	static const uint8_t finished[] = {20, 0, 0, 2, 0, 0};
	static const struct {
		const void *p;
		uint32_t n;
	} what[] = {{"", 0}, {update, sizeof(update)}, {finished, sizeof(finished)}, {"\4", 1},
		{"\4\0\0\2xx", 6}};
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	peer = site_peer_server(TLS1_3_VERSION);
	for (unsigned i = 0; i < RTE_DIM(what); i++) {
		const struct tls_hs_result *r = site_done(c, "s3.example", peer);

		CU_ASSERT_FALSE(r->resumed);
		tls_hs_ticket(p.hs, what[i].p, what[i].n);
		CU_ASSERT_FALSE(r->ticket);
		tls_hs_ticket(p.hs, p.ticket, p.n_ticket); /* too late */
		pair_end(&p);
	}
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static bool resumes(struct tls_ctx *c, SSL_CTX *peer, unsigned name)
{
	char text[32];
	bool resumed;

	snprintf(text, sizeof(text), "node%u.example", name);
	resumed = site_done(c, text, peer)->resumed;
	pair_end(&p);
	return resumed;
}

/* There are so many places; the name that was kept first makes room. */
static void places(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	pool.verify = false;
	c = site_client();
	peer = site_peer_server(TLS1_2_VERSION);
	for (unsigned i = 0; i <= TLS_KEPT; i++)
		CU_ASSERT_FALSE(resumes(c, peer, i));
	CU_ASSERT(resumes(c, peer, 1));
	CU_ASSERT(resumes(c, peer, TLS_KEPT));
	CU_ASSERT_FALSE(resumes(c, peer, 0));
	CU_ASSERT(resumes(c, peer, 0));
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

/* A pool that is to remember nothing, for tests. */
static void forgetful(void)
{
	struct tls_ctx *c;

	site();
	pool.forget = true;
	c = site_client();
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		SSL_CTX *peer = site_peer_server(version);

		for (int i = 0; i < 2; i++) {
			const struct tls_hs_result *r = site_done(c, "s3.example", peer);

			CU_ASSERT_FALSE(r->resumed);
			CU_ASSERT_FALSE(r->ticket);
			pair_end(&p);
		}
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(sessions),
	UNIT_CASE(session_refused),
	UNIT_CASE(ticket_nonsense),
	UNIT_CASE(places),
	UNIT_CASE(forgetful),
};
/* clang-format on */
UNIT_MAIN(cases)
