/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of ours from the first byte on, against a plain libssl. The crew is run by hand. */
#include "aead/drivers.h"
#include "pools.h"
#include "site.h"
#include "tls/tls_priv.h"

#define HANDSHAKES 3
#define SEG        1448

static struct buf_pools pools;
static struct aead *aead;
static struct tls_crew *crew;
static struct tls *t;
static struct tls_ctx *ctx;
static const struct ip_addr here = {.b = {[10] = 255, [11] = 255, [12] = 10, [15] = 7}};

static void begin_with(bool server, uint32_t keys, uint32_t per_source)
{
	struct err e = {""};
	struct tls_config cfg = {.pools = &pools,
		.conns = 4,
		.handshakes = HANDSHAKES,
		.per_source = per_source,
		.socket = -1};

	site();
	pools_begin(&pools, 256);
	aead = cfg.aead = aead_create(&aead_openssl, "", keys, -1, &e);
	crew = cfg.crew = tls_crew_create(1, HANDSHAKES, &e);
	t = tls_create(&cfg, &e);
	CU_ASSERT_FATAL(aead && crew && t);
	ctx = server ? site_server(NULL) : site_client();
}

static void begin(bool server)
{
	begin_with(server, 8, 0);
}

static void end(void)
{
	CU_ASSERT_EQUAL(tls_conns(t), 0);
	tls_destroy(t);
	tls_crew_destroy(crew);
	CU_ASSERT_EQUAL(aead_keys_in_use(aead), 0);
	aead_destroy(aead);
	tls_ctx_put(ctx);
	pools_end(&pools);
}

/* One connection and its peer. */
struct talk {
	struct tls_conn *c;
	SSL *peer;
	BIO *to_peer, *from_peer;
	struct buf_chain in;
	uint32_t piece; /* most bytes from the peer at a time, 0: all */
};

static struct talk talk_begin(struct tls_conn *c, SSL_CTX *peer)
{
	struct talk k = {.c = c, .peer = SSL_new(peer)};

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	k.to_peer = BIO_new(BIO_s_mem());
	k.from_peer = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(k.to_peer, -1);
	SSL_set_bio(k.peer, k.to_peer, k.from_peer);
	if (c->server)
		SSL_set_connect_state(k.peer);
	else
		SSL_set_accept_state(k.peer);
	return k;
}

static void talk_end(struct talk *k)
{
	SSL_free(k->peer);
	buf_chain_free(&k->in);
	tls_free(t, k->c);
}

/* The worker's turn: input, the crew, what came back, output. */
static void turn(struct talk *k)
{
	uint8_t data[4096];
	struct tls_conn *c;
	uint32_t n;

	CU_ASSERT_EQUAL(tls_input(t, k->c, &k->in, 0), 0);
	(void)tls_crew_run(crew, 8);
	while ((c = tls_ready_take(t, 100)) != NULL) {
		CU_ASSERT_PTR_EQUAL(c, k->c);
		CU_ASSERT_EQUAL(tls_input(t, c, &k->in, 0), 0);
	}
	CU_ASSERT_EQUAL(tls_seal(t, k->c, SEG, 0), 0);
	while ((n = RTE_MIN(k->c->out.bytes, (uint32_t)sizeof(data))) != 0) {
		buf_chain_read(&k->c->out, 0, n, data);
		buf_chain_consume(&k->c->out, n);
		BIO_write(k->to_peer, data, (int)n);
	}
}

/* What the peer has to say reaches us, piece by piece. */
static void hear(struct talk *k)
{
	uint8_t data[4096];
	int n;

	do {
		n = BIO_read(k->from_peer, data, k->piece ? (int)k->piece : (int)sizeof(data));
		if (n > 0)
			CU_ASSERT_EQUAL(buf_chain_write(&k->in, data, (uint32_t)n, pools.data), 0);
		turn(k);
	} while (n > 0);
}

static void run(struct talk *k)
{
	for (int i = 0; i < 8; i++) {
		SSL_do_handshake(k->peer);
		hear(k);
	}
}

static void say(struct talk *k, const char *what)
{
	CU_ASSERT_EQUAL(buf_chain_write(&k->c->plain, what, (uint32_t)strlen(what), pools.data), 0);
	turn(k);
}

static void peer_heard(struct talk *k, const char *what)
{
	char text[64] = "";

	CU_ASSERT_EQUAL(SSL_read(k->peer, text, sizeof(text) - 1), (int)strlen(what));
	CU_ASSERT_STRING_EQUAL(text, what);
}

static void we_heard(struct talk *k, const char *what)
{
	char text[64] = "";

	CU_ASSERT_EQUAL_FATAL(k->c->rx.bytes, strlen(what));
	buf_chain_read(&k->c->rx, 0, k->c->rx.bytes, text);
	CU_ASSERT_STRING_EQUAL(text, what);
	buf_chain_free(&k->c->rx);
}

/* Both versions, in one piece and byte by byte; what was to be said waits for the keys. */
static void accepts(void)
{
	for (unsigned i = 0; i < 4; i++) {
		SSL_CTX *peer = site_peer_client(versions[i % 2]);
		struct tls_facts facts;
		struct talk k;

		begin(true);
		k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
		k.piece = i / 2;
		SSL_set_tlsext_host_name(k.peer, "s3.example");
		say(&k, "hello");
		CU_ASSERT_EQUAL(tls_handshakes(t), 1);
		run(&k);
		CU_ASSERT_EQUAL_FATAL(k.c->state, TLS_OPEN);
		CU_ASSERT_EQUAL(tls_handshakes(t), 0);
		peer_heard(&k, "hello");
		SSL_write(k.peer, "from the peer", 13);
		hear(&k);
		we_heard(&k, "from the peer");
		tls_facts(k.c, &facts);
		CU_ASSERT_STRING_EQUAL(facts.version, i % 2 ? "TLSv1.3" : "TLSv1.2");
		CU_ASSERT_STRING_EQUAL(facts.name, "s3.example");
		CU_ASSERT_STRING_EQUAL(facts.group, "x25519");
		CU_ASSERT_PTR_NOT_NULL(strstr(facts.cipher, "AES_128_GCM"));
		CU_ASSERT(!facts.resumed);
		CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_handshakes], 1);
		CU_ASSERT_EQUAL(tls_latency(t)->count, 1);
		CU_ASSERT_EQUAL(tls_latency(t)->sum, 100);
		SSL_shutdown(k.peer);
		hear(&k);
		CU_ASSERT(k.c->eof);
		tls_shutdown(k.c);
		turn(&k);
		CU_ASSERT_EQUAL(SSL_read(k.peer, &facts, 1), 0);
		CU_ASSERT_EQUAL(
			SSL_get_shutdown(k.peer), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		talk_end(&k);
		SSL_CTX_free(peer);
		end();
	}
}

/* A client's Finished and its first request in one piece: pitfall 1. */
static void request_behind_finished(void)
{
	SSL_CTX *peer = site_peer_client(TLS1_3_VERSION);
	struct talk k;

	begin(true);
	k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
	SSL_do_handshake(k.peer);
	hear(&k);
	CU_ASSERT_EQUAL(SSL_do_handshake(k.peer), 1);
	SSL_write(k.peer, "request", 7);
	hear(&k);
	we_heard(&k, "request");
	talk_end(&k);
	SSL_CTX_free(peer);
	end();
}

/* libssl asks for new keys, and gets ours. */
static void key_update(void)
{
	SSL_CTX *peer = site_peer_client(TLS1_3_VERSION);
	struct talk k;

	begin(true);
	k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
	run(&k);
	for (int i = 0; i < 3; i++) {
		SSL_key_update(k.peer, SSL_KEY_UPDATE_REQUESTED);
		SSL_write(k.peer, "new keys", 8);
		hear(&k);
		we_heard(&k, "new keys");
		say(&k, "here too");
		peer_heard(&k, "here too");
	}
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_key_updates_in], 3);
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_key_updates_out], 3);
	talk_end(&k);
	SSL_CTX_free(peer);
	end();
}

/* As a client; libssl keeps its place until it has a ticket, and the next one is resumed. */
static void connects(void)
{
	for (unsigned i = 0; i < 2; i++) {
		SSL_CTX *peer = site_peer_server(versions[i]);

		SSL_CTX_set_session_id_context(peer, (const uint8_t *)"t", 1);
		begin(false);
		for (int again = 0; again < 2; again++) {
			struct tls_facts facts;
			struct talk k =
				talk_begin(tls_connect(t, ctx, "s3.example", NULL, 0), peer);

			run(&k);
			CU_ASSERT_EQUAL_FATAL(k.c->state, TLS_OPEN);
			SSL_write(k.peer, "answer", 6);
			hear(&k);
			we_heard(&k, "answer");
			CU_ASSERT_EQUAL(tls_handshakes(t), 0);
			say(&k, "thanks");
			peer_heard(&k, "thanks");
			tls_facts(k.c, &facts);
			CU_ASSERT_EQUAL(facts.resumed, again);
			SSL_set_shutdown(k.peer, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
			talk_end(&k);
		}
		CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_resumed], 1);
		SSL_CTX_free(peer);
		end();
	}
}

/* A flight of more bytes than a step takes. */
static void long_flight(void)
{
	for (unsigned i = 0; i < 4; i++) {
		SSL_CTX *peer = site_peer_server(versions[i % 2]);
		struct talk k;

		begin(false);
		for (int n = 0; n < 50; n++)
			SSL_CTX_add1_chain_cert(peer, ca.x);
		k = talk_begin(tls_connect(t, ctx, "s3.example", NULL, 0), peer);
		k.piece = i / 2 ? 1000 : 0;
		run(&k);
		CU_ASSERT_EQUAL_FATAL(k.c->state, TLS_OPEN);
		CU_ASSERT(BIO_number_written(k.from_peer) > TLS_TASK_IN);
		SSL_write(k.peer, "answer", 6);
		hear(&k);
		we_heard(&k, "answer");
		talk_end(&k);
		SSL_CTX_free(peer);
		end();
	}
}

/* A member without tickets: libssl goes with the first byte of data, or with the connection. */
static void no_ticket(void)
{
	SSL_CTX *peer = site_peer_server(TLS1_3_VERSION);
	struct talk k;

	SSL_CTX_set_num_tickets(peer, 0);
	begin(false);
	k = talk_begin(tls_connect(t, ctx, "s3.example", NULL, 0), peer);
	run(&k);
	CU_ASSERT_EQUAL(k.c->state, TLS_OPEN);
	CU_ASSERT_EQUAL(tls_handshakes(t), 1);
	SSL_write(k.peer, "answer", 6);
	hear(&k);
	we_heard(&k, "answer");
	turn(&k);
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	talk_end(&k);
	k = talk_begin(tls_connect(t, ctx, "s3.example", NULL, 0), peer);
	run(&k);
	CU_ASSERT_EQUAL(tls_handshakes(t), 1);
	talk_end(&k);
	(void)tls_crew_run(crew, 8);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	SSL_CTX_free(peer);
	end();
}

/* What is no TLS is told so, once, and the rest of it dropped. */
static void not_tls(void)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct buf_chain in = {0};
	struct tls_conn *c;

	begin(true);
	c = tls_accept(t, ctx, &here, NULL, 0);
	CU_ASSERT_EQUAL(buf_chain_write(&in, http, sizeof(http), pools.data), 0);
	CU_ASSERT_EQUAL(tls_input(t, c, &in, 0), 0);
	CU_ASSERT_EQUAL(tls_crew_run(crew, 8), 1);
	CU_ASSERT_PTR_EQUAL(tls_ready_take(t, 100), c);
	CU_ASSERT_EQUAL(c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(c->error, TLS_E_hs_not_tls);
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_fail_hs_not_tls], 1);
	CU_ASSERT_EQUAL(tls_input(t, c, &in, 0), 0);
	CU_ASSERT_EQUAL(in.bytes, 0);
	tls_free(t, c);
	(void)tls_crew_run(crew, 8);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	end();
}

/* Threads are not asked again about what they have seen: only news are posted. */
static void nothing_new(void)
{
	SSL_CTX *peer = site_peer_client(TLS1_3_VERSION);
	struct talk k;
	uint8_t hello[2048];
	int n;

	begin(true);
	k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
	SSL_do_handshake(k.peer);
	n = BIO_read(k.from_peer, hello, sizeof(hello));
	CU_ASSERT_EQUAL(buf_chain_write(&k.in, hello, 100, pools.data), 0);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(tls_input(t, k.c, &k.in, 0), 0);
		CU_ASSERT_EQUAL(tls_crew_run(crew, 8), i == 0);
		CU_ASSERT_PTR_EQUAL(tls_ready_take(t, 100), i == 0 ? k.c : NULL);
	}
	CU_ASSERT_EQUAL(k.in.bytes, 100);
	CU_ASSERT_EQUAL(buf_chain_write(&k.in, hello + 100, (uint32_t)n - 100, pools.data), 0);
	run(&k);
	CU_ASSERT_EQUAL(k.c->state, TLS_OPEN);
	talk_end(&k);
	SSL_CTX_free(peer);
	end();
}

/* Freed while a thread has it: its place comes back later, and nobody hears of it. */
static void freed_while_away(void)
{
	struct tls_conn *c;

	begin(false);
	c = tls_connect(t, ctx, "s3.example", NULL, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	tls_free(t, c);
	CU_ASSERT_EQUAL(tls_handshakes(t), 1);
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_cancelled], 1);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_crew_run(crew, 8), 1);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	c = tls_connect(t, ctx, "s3.example", NULL, 0);
	CU_ASSERT_EQUAL(tls_crew_run(crew, 8), 1);
	tls_free(t, c); /* done, and not yet taken back */
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	c = tls_connect(t, ctx, "s3.example", NULL, 0);
	tls_free(t, c);
	c = tls_connect(t, ctx, "s3.example", NULL, 0);
	(void)tls_crew_run(crew, 8);
	CU_ASSERT_PTR_EQUAL(tls_ready_take(t, 100), c);
	tls_free(t, c);
	end(); /* takes back what is away */
}

/* Nobody has more handshakes than his share, nor all together more than there are places. */
static void limits(void)
{
	static const struct ip_addr site6[] = {
		{.b = {0x20, 1, [7] = 1, [15] = 1}}, {.b = {0x20, 1, [7] = 1, [8] = 9, [15] = 2}}};
	struct ip_addr there = here;
	struct tls_conn *c[HANDSHAKES], *more;

	there.b[15]++;
	begin_with(true, 8, 2);
	c[0] = tls_accept(t, ctx, &here, NULL, 0);
	c[1] = tls_accept(t, ctx, &here, NULL, 0);
	CU_ASSERT_PTR_NULL(tls_accept(t, ctx, &here, NULL, 0));
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_accept_source], 1);
	c[2] = tls_accept(t, ctx, &there, NULL, 0);
	CU_ASSERT_FATAL(c[0] && c[1] && c[2]);
	CU_ASSERT_PTR_NULL(tls_accept(t, ctx, &site6[0], NULL, 0));
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_accept_full], 1);
	CU_ASSERT_EQUAL(tls_conns(t), 3);
	for (int i = 0; i < HANDSHAKES; i++)
		tls_free(t, c[i]);
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	c[0] = tls_accept(t, ctx, &site6[0], NULL, 0);
	c[1] = tls_accept(t, ctx, &site6[1], NULL, 0); /* of the same /64 */
	more = tls_accept(t, ctx, &site6[1], NULL, 0);
	CU_ASSERT_PTR_NULL(more);
	CU_ASSERT_EQUAL(tls_stats(t)[TLS_STAT_accept_source], 2);
	tls_free(t, c[0]);
	tls_free(t, c[1]);
	end();
}

/* No buffer for what the handshake says: it waits, and is said later. */
static void no_buffers(void)
{
	SSL_CTX *peer = site_peer_client(TLS1_3_VERSION);
	struct rte_mbuf *all;
	uint8_t data[2048];
	struct talk k;
	int n;

	begin(true);
	k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
	SSL_do_handshake(k.peer);
	n = BIO_read(k.from_peer, data, sizeof(data));
	CU_ASSERT_EQUAL(buf_chain_write(&k.in, data, (uint32_t)n, pools.hdr), 0);
	all = pools_drain(&pools, 0);
	CU_ASSERT_EQUAL(tls_input(t, k.c, &k.in, 0), 0);
	CU_ASSERT_EQUAL(tls_crew_run(crew, 8), 1);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT(tls_stats(t)[TLS_STAT_no_memory] >= 2);
	rte_pktmbuf_free(all);
	run(&k);
	CU_ASSERT_EQUAL(k.c->state, TLS_OPEN);
	SSL_write(k.peer, "request", 7);
	hear(&k);
	we_heard(&k, "request");
	talk_end(&k);
	SSL_CTX_free(peer);
	end();
}

/* Freed while its output waits for a buffer. */
static void freed_while_late(void)
{
	struct rte_mbuf *all;
	struct tls_conn *c;

	begin(false);
	c = tls_connect(t, ctx, "s3.example", NULL, 0);
	(void)tls_crew_run(crew, 8);
	all = pools_drain(&pools, 0);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	tls_free(t, c);
	CU_ASSERT_PTR_NULL(tls_ready_take(t, 100));
	CU_ASSERT_EQUAL(tls_handshakes(t), 0);
	rte_pktmbuf_free(all);
	end();
}

/* lib/aead is full: the connection fails, the instance goes on. */
static void no_keys(void)
{
	SSL_CTX *peer = site_peer_client(TLS1_3_VERSION);
	struct talk k;

	begin_with(true, 1, 0);
	k = talk_begin(tls_accept(t, ctx, &here, NULL, 0), peer);
	run(&k);
	CU_ASSERT_EQUAL(k.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(k.c->error, TLS_E_keys);
	CU_ASSERT_EQUAL(aead_keys_in_use(aead), 0);
	talk_end(&k);
	SSL_CTX_free(peer);
	end();
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(accepts),
	UNIT_CASE(request_behind_finished),
	UNIT_CASE(key_update),
	UNIT_CASE(connects),
	UNIT_CASE(long_flight),
	UNIT_CASE(no_ticket),
	UNIT_CASE(not_tls),
	UNIT_CASE(nothing_new),
	UNIT_CASE(freed_while_away),
	UNIT_CASE(limits),
	UNIT_CASE(no_buffers),
	UNIT_CASE(freed_while_late),
	UNIT_CASE(no_keys),
};
/* clang-format on */
UNIT_MAIN(cases)
