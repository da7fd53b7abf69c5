/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets: who may resume where, and how long. */
#include <time.h>

#include "site.h"

#define LIFETIME 7200
#define START    1000000

static time_t later; /* s, by which libcrypto's clock is ahead */

/* In the place of libc's, for libcrypto and libssl too. */
time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec + later;
	return now.tv_sec + later;
}

static SSL_SESSION *last; /* the newest that the peer was given */

static int on_session(SSL *ssl, SSL_SESSION *s)
{
	SSL_SESSION_free(last);
	last = s;
	return 1;
}

static SSL_CTX *peer_client(int version)
{
	SSL_CTX *c = site_peer_client(version);

	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, on_session);
	SSL_SESSION_free(last);
	last = NULL;
	return c;
}

static struct tls_tickets *tickets(void)
{
	struct err e = {""};
	struct tls_tickets *t = tls_tickets_create(&conf.tls, START, &e);

	if (!t)
		CU_FAIL_FATAL(e.text);
	return t;
}

static void turn(struct tls_tickets *t, int64_t after)
{
	struct err e = {""};

	CU_ASSERT_EQUAL(tls_tickets_turn(t, &conf.tls, START + after, &e), 0);
}

/* A handshake with c that offers `offer` (or nothing). Was it taken? A new ticket is in last. */
static bool resumes(struct tls_ctx *c, SSL_CTX *peer, SSL_SESSION *offer)
{
	SSL_SESSION *copy = offer ? SSL_SESSION_dup(offer) : NULL;
	bool resumed;

	pair_begin(&p, c, NULL, peer);
	SSL_clear(p.peer);
	SSL_set_connect_state(p.peer);
	SSL_set_tlsext_host_name(p.peer, "s3.example");
	if (copy)
		SSL_set_session(p.peer, copy);
	CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
	if (p.state == TLS_HS_DONE)
		pair_talk(&p);
	resumed = tls_hs_result(p.hs)->resumed;
	CU_ASSERT_EQUAL(resumed, SSL_session_reused(p.peer));
	if (resumed &&
		SSL_version(p.peer) == TLS1_2_VERSION) { /* of a renewed one it tells nobody */
		SSL_SESSION_free(last);
		last = SSL_get1_session(p.peer);
	}
	CU_ASSERT_STRING_EQUAL(tls_hs_result(p.hs)->name, "s3.example");
	pair_end(&p);
	SSL_SESSION_free(copy);
	return resumed;
}

/* The session of a first, full handshake with c. */
static SSL_SESSION *first(struct tls_ctx *c, SSL_CTX *peer)
{
	SSL_SESSION *s;

	CU_ASSERT_FALSE(resumes(c, peer, NULL));
	CU_ASSERT_PTR_NOT_NULL_FATAL(last);
	s = last;
	last = NULL;
	return s;
}

static void shared(void)
{
	struct tls_tickets *t, *foreign;
	struct tls_ctx *a, *b, *other, *strict, *alone;

	site();
	t = tickets();
	foreign = tickets();
	a = site_server(t);
	b = site_server(t);
	alone = site_server(foreign);
	listener.name = "elsewhere";
	other = site_server(t);
	listener.name = "front";
	listener.client_cert = CONF_CLIENT_CERT_OPTIONAL;
	listener.client_ca = pool.ca;
	strict = site_server(t);
	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);
		SSL_SESSION *s = first(a, peer);

		CU_ASSERT(resumes(a, peer, s));
		CU_ASSERT(resumes(b, peer, s));
		CU_ASSERT_FALSE(resumes(alone, peer, s));
		CU_ASSERT_FALSE(resumes(other, peer, s));
		/* the same listener, after a reload that asks for more */
		CU_ASSERT_FALSE(resumes(strict, peer, s));
		SSL_SESSION_free(s);
		SSL_CTX_free(peer);
	}
	tls_ctx_put(a);
	tls_ctx_put(b);
	tls_ctx_put(other);
	tls_ctx_put(strict);
	tls_ctx_put(alone);
	tls_tickets_destroy(t);
	tls_tickets_destroy(foreign);
}

static void none(void)
{
	site();
	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);
		struct tls_ctx *c = site_server(NULL);

		CU_ASSERT_FALSE(resumes(c, peer, NULL));
		CU_ASSERT(!last || !SSL_SESSION_has_ticket(last));
		tls_ctx_put(c);
		SSL_CTX_free(peer);
	}
}

/* One ticket each time: a client of 1.3 that uses none twice always has one for the next. */
static void one_by_one(void)
{
	struct tls_tickets *t;
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	t = tickets();
	c = site_server(t);
	peer = peer_client(TLS1_3_VERSION);
	CU_ASSERT_FALSE(resumes(c, peer, NULL));
	for (int i = 0; i < 3; i++) {
		SSL_SESSION *s = last;

		last = NULL;
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		CU_ASSERT(resumes(c, peer, s));
		SSL_SESSION_free(s);
	}
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	tls_tickets_destroy(t);
}

/* A key seals for a lifetime, opens for another, and is gone. */
static void turns(void)
{
	site();
	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);
		struct tls_tickets *t = tickets();
		struct tls_ctx *c = site_server(t);
		SSL_SESSION *s = first(c, peer), *renewed;

		turn(t, LIFETIME - 1);
		CU_ASSERT(resumes(c, peer, s));
		turn(t, LIFETIME);
		SSL_SESSION_free(last);
		last = NULL;
		CU_ASSERT(resumes(c, peer, s));
		renewed = last;
		last = NULL;
		CU_ASSERT_PTR_NOT_NULL_FATAL(renewed);
		turn(t, 2 * LIFETIME);
		CU_ASSERT_FALSE(resumes(c, peer, s));
		CU_ASSERT(resumes(c, peer, renewed));
		turn(t, 4 * LIFETIME); /* after a long sleep nothing old is left */
		CU_ASSERT_FALSE(resumes(c, peer, renewed));
		SSL_SESSION_free(s);
		SSL_SESSION_free(renewed);
		tls_ctx_put(c);
		tls_tickets_destroy(t);
		SSL_CTX_free(peer);
	}
}

static const char *key_file(const char *keys)
{
	BIO *b = BIO_new(BIO_s_mem());

	for (; *keys; keys++)
		for (int i = 0; i < 80; i++)
			BIO_write(b, keys, 1);
	return pki_path(b);
}

/* Two boxes with one file, whose keys take turns by the operator's hand. */
static void from_file(void)
{
	struct tls_tickets *t, *t2;
	struct tls_ctx *c, *c2;

	site();
	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);
		SSL_SESSION *s;

		conf.tls.ticket_keys = key_file("a");
		t = tickets();
		c = site_server(t);
		conf.tls.ticket_keys = key_file("ba");
		t2 = tickets();
		c2 = site_server(t2);
		s = first(c, peer);
		CU_ASSERT(resumes(c2, peer, s));
		SSL_SESSION_free(s);
		s = first(c2, peer);
		CU_ASSERT_FALSE(resumes(c, peer, s));
		turn(t, 1); /* reads the file again: now it has b first */
		CU_ASSERT(resumes(c, peer, s));
		SSL_SESSION_free(s);
		tls_ctx_put(c);
		tls_ctx_put(c2);
		tls_tickets_destroy(t);
		tls_tickets_destroy(t2);
		SSL_CTX_free(peer);
	}
}

static void bad_file(void)
{
	struct tls_tickets *t;
	struct err e = {""};

	site();
	conf.tls.ticket_keys = "/nonexistent";
	CU_ASSERT_PTR_NULL(tls_tickets_create(&conf.tls, START, &e));
	CU_ASSERT_STRING_EQUAL(
		e.text, "t.ini:3: [tls] ticket-keys: /nonexistent: No such file or directory");
	conf.tls.ticket_keys = pki_text_file("short");
	CU_ASSERT_PTR_NULL(tls_tickets_create(&conf.tls, START, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "not 1 to 16 keys of 80 bytes"));
	conf.tls.ticket_keys = key_file("abcdefghijklmnopq");
	CU_ASSERT_PTR_NULL(tls_tickets_create(&conf.tls, START, &e));
	conf.tls.ticket_keys = key_file("abcdefghijklmnop");
	t = tickets();
	conf.tls.ticket_keys = "/nonexistent"; /* and goes on with what it has */
	CU_ASSERT(tls_tickets_turn(t, &conf.tls, START, &e) < 0);
	tls_tickets_destroy(t);
}

/* With a CRL every handshake is looked at anew. */
static void revocable(void)
{
	struct tls_tickets *t;
	struct tls_ctx *c;
	SSL_CTX *peer;
	struct pki good;

	site();
	good = pki_make((struct pki_spec){.cn = "good", .issuer = &ca});
	t = tickets();
	listener.client_cert = CONF_CLIENT_CERT_REQUIRED;
	listener.client_ca = pool.ca;
	c = site_server(t);
	peer = peer_client(TLS1_3_VERSION);
	SSL_CTX_use_cert_and_key(peer, good.x, good.key, NULL, 1);
	CU_ASSERT_FALSE(resumes(c, peer, NULL));
	CU_ASSERT(resumes(c, peer, last));
	tls_ctx_put(c);
	listener.client_crl = pki_crl_file(&ca, NULL);
	c = site_server(t);
	CU_ASSERT_FALSE(resumes(c, peer, last));
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	tls_tickets_destroy(t);
	pki_free(&good);
}

/* What a client certificate said is known in a resumed session, too. */
static void subject_kept(void)
{
	struct tls_tickets *t;
	struct tls_ctx *c;
	struct pki good;

	site();
	good = pki_make((struct pki_spec){.cn = "good", .issuer = &ca});
	t = tickets();
	listener.client_cert = CONF_CLIENT_CERT_REQUIRED;
	listener.client_ca = pool.ca;
	c = site_server(t);
	for (int i = 0; i < 2; i++) {
		SSL_CTX *peer = peer_client(versions[i]);

		SSL_CTX_use_cert_and_key(peer, good.x, good.key, NULL, 1);
		site_done(c, NULL, peer);
		pair_end(&p);
		pair_begin(&p, c, NULL, peer);
		SSL_set_session(p.peer, last);
		CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
		CU_ASSERT(tls_hs_result(p.hs)->resumed);
		CU_ASSERT_STRING_EQUAL(tls_hs_result(p.hs)->subject, "CN=good,O=Penstock");
		pair_end(&p);
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
	tls_tickets_destroy(t);
	pki_free(&good);
}

/* Does the client with that certificate come in by the ticket `last`? false: nor without it. */
static bool enters(struct tls_ctx *c, SSL_CTX *peer)
{
	bool in;

	pair_begin(&p, c, NULL, peer);
	SSL_set_session(p.peer, last);
	in = pair_run(&p) == TLS_HS_DONE;
	CU_ASSERT(!in || tls_hs_result(p.hs)->resumed);
	CU_ASSERT(in || tls_hs_error(p.hs) == TLS_E_hs_certificate);
	if (in)
		pair_talk(&p); /* takes a new ticket, where there is one */
	pair_end(&p);
	return in;
}

/* A ticket is good until the first certificate of the client's chain ends, and so is one that was
 * given for a ticket. `short_ca`: that is not the client's own. */
static void ends_with(bool short_ca, int version)
{
	struct pki middle = pki_make((struct pki_spec){
		.cn = "middle", .ca = true, .issuer = &ca, .days = short_ca ? 1 : 30});
	struct pki own = pki_make(
		(struct pki_spec){.cn = "own", .issuer = &middle, .days = short_ca ? 30 : 1});
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct tls_tickets *t = tickets();
	struct tls_ctx *c = site_server(t);
	SSL_CTX *peer = peer_client(version);

	sk_X509_push(chain, middle.x);
	SSL_CTX_set_timeout(peer, 7 * 86400);
	SSL_CTX_use_cert_and_key(peer, own.x, own.key, chain, 1);
	CU_ASSERT_FALSE(resumes(c, peer, NULL));
	later = 23 * 3600;
	CU_ASSERT(enters(c, peer));
	later += 3600 - 60;
	CU_ASSERT(enters(c, peer));
	later += 120;
	CU_ASSERT_FALSE(enters(c, peer));
	later = 0;
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	tls_tickets_destroy(t);
	sk_X509_free(chain);
	pki_free(&middle);
	pki_free(&own);
}

static void ends_with_certificate(void)
{
	site();
	conf.tls.ticket_lifetime_ms = 7 * 86400 * 1000;
	listener.client_cert = CONF_CLIENT_CERT_REQUIRED;
	listener.client_ca = pool.ca;
	for (int i = 0; i < 2; i++) {
		ends_with(false, versions[i]);
		ends_with(true, versions[i]);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(shared),
	UNIT_CASE(none),
	UNIT_CASE(one_by_one),
	UNIT_CASE(turns),
	UNIT_CASE(from_file),
	UNIT_CASE(bad_file),
	UNIT_CASE(revocable),
	UNIT_CASE(subject_kept),
	UNIT_CASE(ends_with_certificate),
};
UNIT_MAIN(cases)
