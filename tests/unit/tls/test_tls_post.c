/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

static uint8_t text[TLS_PLAIN_MAX + 4096];
static uint32_t n_wire; /* bytes in wire that the peer sends next */

static void send_as(uint8_t type, const char *p, uint32_t n)
{
	n_wire += oracle_seal(type, p, n, wire + n_wire);
}

#define MESSAGE(type, s) send_as(type, "" s, sizeof(s) - 1)
#define ALERT(s)         MESSAGE(TLS_T_ALERT, s)
#define HANDSHAKE(s)     MESSAGE(TLS_T_HANDSHAKE, s)
#define DATA(s)          MESSAGE(TLS_T_DATA, s)

#define UPDATE     "\x18\0\0\1\0"
#define UPDATE_ASK "\x18\0\0\1\1"
#define TICKET     "\4\0\0\7abcdefg"
#define HELLO      "\1\0\0\5hello"

static void deliver(void)
{
	uint32_t n = n_wire;

	n_wire = 0;
	CU_ASSERT_EQUAL(input(wire, n, 0), 0);
}

static void passes(void)
{
	deliver();
	CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
}

/* We said so and nothing else: a record of `type` with these bytes. */
static void said(uint8_t type, const char *p, uint32_t n)
{
	uint8_t of = 0;
	uint32_t have = out_take();

	CU_ASSERT_EQUAL_FATAL(oracle_open(wire, have, text, &of), (int)n);
	CU_ASSERT_EQUAL(of, type);
	CU_ASSERT_EQUAL(memcmp(text, p, n), 0);
	CU_ASSERT_EQUAL(have, 5 + ((uint32_t)wire[3] << 8 | wire[4]));
}

static void fails(enum tls_error why, int alert)
{
	const char want[] = {2, (char)alert};

	deliver();
	CU_ASSERT_EQUAL(ends.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(ends.c->error, why);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_fail_record_type + why - 1), 1);
	if (alert >= 0)
		said(TLS_T_ALERT, want, 2);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
}

static void check_rx(const char *want)
{
	uint32_t n = (uint32_t)strlen(want);

	CU_ASSERT_EQUAL_FATAL(ends.c->rx.bytes, n);
	buf_chain_read(&ends.c->rx, 0, n, text);
	CU_ASSERT_EQUAL(memcmp(text, want, n), 0);
	buf_chain_free(&ends.c->rx);
}

/* RFC 8446 6.1: what came before is there, what comes behind is nothing; we may still send. */
static void close_notify_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	DATA("all");
	ALERT("\1\0");
	DATA("more");
	passes();
	CU_ASSERT(ends.c->eof);
	CU_ASSERT_EQUAL(ends.in.bytes, 0);
	check_rx("all");
	DATA("and more");
	passes();
	CU_ASSERT_EQUAL(ends.c->rx.bytes, 0);
	chain_add(&ends.c->plain, (const uint8_t *)"bye", 3, 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	said(TLS_T_DATA, "bye", 3);
	ends_end();
}

static void close_notify(void)
{
	ends_each(close_notify_of);
}

/* RFC 8446 6.1: after our own nothing follows, not even what is owed. */
static void nothing_after_ours(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	tls_shutdown(ends.c);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	said(TLS_T_ALERT, "\1\0", 2);
	HANDSHAKE(UPDATE_ASK);
	oracle_renew(&ends.keys.rx);
	DATA("still heard");
	passes();
	check_rx("still heard");
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
	ends_end();
}

/* RFC 8446 6.2: no alert answers an alert. */
static void fatal_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	ALERT("\2\50");
	fails(TLS_E_alert, -1);
	CU_ASSERT_EQUAL(ends.c->alert, 40);
	ends_end();
}

static void fatal(void)
{
	ends_each(fatal_of);
}

/* 1.3 does not look at the level; 1.2 does. */
static void warnings(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	ALERT("\1\50");
	fails(TLS_E_alert, -1);
	ends_end();
	for (uint8_t version = 2; version <= 3; version++) {
		ends_begin(version, AEAD_AES_128_GCM, true);
		for (unsigned i = 0; i < 20; i++) {
			for (unsigned k = 0; k < 5; k++)
				ALERT("\1\132"); /* user_canceled */
			DATA("x");
			passes();
			check_rx("x");
		}
		for (unsigned k = 0; k < 6; k++)
			ALERT("\1\132");
		fails(TLS_E_alert_many, 10);
		ends_end();
	}
	ends_begin(2, AEAD_AES_128_GCM, true);
	ALERT("\3\50");
	fails(TLS_E_alert_level, 47);
	ends_end();
}

static void alert_lengths_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	ALERT("");
	fails(TLS_E_empty, 10);
	ends_end();
	ends_begin(version, alg, true);
	ALERT("\1");
	fails(TLS_E_alert_length, 50);
	ends_end();
	ends_begin(version, alg, true);
	ALERT("\1\0\0");
	fails(TLS_E_alert_length, 50);
	ends_end();
	ends_begin(version, alg, true);
	HANDSHAKE("");
	fails(TLS_E_empty, 10);
	ends_end();
}

static void alert_lengths(void)
{
	ends_each(alert_lengths_of);
}

/* RFC 8446 4.6.3: not asked, no answer; data follows under the new keys, time and again. */
static void key_update(void)
{
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		ends_begin(3, alg, true);
		for (unsigned i = 0; i < 5; i++) {
			DATA("old ");
			HANDSHAKE(UPDATE);
			oracle_renew(&ends.keys.rx);
			DATA("new");
			passes();
			check_rx("old new");
			CU_ASSERT_EQUAL(ends.c->records->rx.seq, 1);
		}
		CU_ASSERT_EQUAL(ends_stat(TLS_STAT_key_updates_in), 5);
		CU_ASSERT_EQUAL(ends_stat(TLS_STAT_key_updates_out), 0);
		ends_end();
	}
}

/* Asked: answered with one of ours under the old key, then the new one; once for several. */
static void key_update_asked(void)
{
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		ends_begin(3, alg, true);
		for (unsigned i = 0; i < 3; i++) {
			HANDSHAKE(UPDATE_ASK);
			oracle_renew(&ends.keys.rx);
		}
		DATA("x");
		deliver();
		check_rx("x");
		said(TLS_T_HANDSHAKE, UPDATE, 5);
		oracle_renew(&ends.keys.tx);
		chain_add(&ends.c->plain, (const uint8_t *)"answer", 6, 0);
		CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
		said(TLS_T_DATA, "answer", 6);
		CU_ASSERT_EQUAL(ends_stat(TLS_STAT_key_updates_out), 1);
		ends_end();
	}
}

/* The answer is owed, also when there is no buffer for it at once, and comes before data. */
static void key_update_without_buffers(void)
{
	struct rte_mbuf *all;
	uint8_t of;
	uint32_t n;

	ends_begin(3, AEAD_AES_128_GCM, true);
	HANDSHAKE(UPDATE_ASK);
	oracle_renew(&ends.keys.rx);
	/* of a pool that stays full */
	CU_ASSERT_EQUAL(buf_chain_write(&ends.in, wire, n_wire, pools.hdr), 0);
	chain_add(&ends.c->plain, (const uint8_t *)"x", 1, 0);
	n_wire = 0;
	all = pools_drain(&pools, 0);
	CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), -ENOMEM);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
	rte_pktmbuf_free(all);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	n = out_take();
	CU_ASSERT_EQUAL(oracle_open(wire, n, text, &of), 5);
	CU_ASSERT_EQUAL(of, TLS_T_HANDSHAKE);
	oracle_renew(&ends.keys.tx);
	CU_ASSERT_EQUAL(oracle_open(wire + 27, n - 27, text, &of), 1);
	CU_ASSERT_EQUAL(of, TLS_T_DATA);
	ends_end();
}

/* RFC 8446 5.1: it may lie in several records, but ends its own. */
static void key_update_in_pieces(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	HANDSHAKE("\x18\0");
	HANDSHAKE("\0");
	HANDSHAKE("\1\0");
	oracle_renew(&ends.keys.rx);
	DATA("x");
	passes();
	check_rx("x");
	ends_end();
	ends_begin(3, AEAD_AES_128_GCM, true);
	n_wire = oracle_seal_padded(TLS_T_HANDSHAKE, UPDATE, 5, 5000, wire);
	oracle_renew(&ends.keys.rx);
	DATA("x");
	passes();
	check_rx("x");
	ends_end();
}

static void key_update_wrong(void)
{
	static const struct {
		const char *message;
		uint32_t n;
		enum tls_error why;
		int alert;
	} rows[] = {
		{"\x18\0\0\1\2", 5, TLS_E_update_value, 47},
		{"\x18\0\0\1\xff", 5, TLS_E_update_value, 47},
		{"\x18\0\0\0", 4, TLS_E_post_length, 50},
		{"\x18\0\0\2\0\0", 6, TLS_E_post_length, 50},
		{"\x18\1\0\1\0", 5, TLS_E_post_length, 50},
		{UPDATE UPDATE, 10, TLS_E_update_place, 10},
		{"\x18\0\0\1\0x", 6, TLS_E_update_place, 10},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		ends_begin(3, AEAD_AES_128_GCM, true);
		send_as(TLS_T_HANDSHAKE, rows[i].message, rows[i].n);
		fails(rows[i].why, rows[i].alert);
		ends_end();
	}
	ends_begin(2, AEAD_AES_128_GCM, true); /* 1.2 has none */
	HANDSHAKE(UPDATE);
	fails(TLS_E_post_type, 10);
	ends_end();
}

/* 64 a second, and no more. */
static void key_update_flood(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	for (unsigned i = 0; i < 200; i++) {
		if (i % 64 == 0)
			ends.now += SECOND;
		HANDSHAKE(UPDATE);
		oracle_renew(&ends.keys.rx);
		passes();
	}
	ends.now += SECOND;
	for (unsigned i = 0; i < 65; i++) {
		HANDSHAKE(UPDATE);
		if (i < 64)
			oracle_renew(&ends.keys.rx);
	}
	fails(TLS_E_post_many, 10);
	ends_end();
}

/* A generation's key and IV never come back, and each begins with record 0. */
static void no_key_twice(void)
{
	uint8_t seen[200][AEAD_NONCE];

	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		ends_begin(3, alg, true);
		for (unsigned i = 0; i < RTE_DIM(seen); i++) {
			memcpy(seen[i], ends.c->records->tx.iv, AEAD_NONCE);
			for (unsigned k = 0; k < i; k++)
				CU_ASSERT(memcmp(seen[i], seen[k], AEAD_NONCE) != 0);
			ends.now += SECOND;
			HANDSHAKE(UPDATE_ASK);
			oracle_renew(&ends.keys.rx);
			deliver();
			said(TLS_T_HANDSHAKE, UPDATE, 5);
			oracle_renew(&ends.keys.tx);
			CU_ASSERT_EQUAL(ends.c->records->tx.seq, 0);
			CU_ASSERT_EQUAL(
				memcmp(ends.c->records->tx.iv, ends.keys.tx.iv, AEAD_NONCE), 0);
		}
		ends_end();
	}
}

/* A member's tickets are skipped, whole or in pieces, several in a record; a client's are none. */
static void tickets(void)
{
	ends_begin(3, AEAD_AES_128_GCM, false);
	HANDSHAKE(TICKET);
	HANDSHAKE(TICKET TICKET);
	HANDSHAKE("\4\0");
	HANDSHAKE("\0\7abc");
	HANDSHAKE("defg" TICKET "\4\0\0\0" UPDATE);
	oracle_renew(&ends.keys.rx);
	DATA("x");
	passes();
	check_rx("x");
	ends_end();
	ends_begin(3, AEAD_AES_128_GCM, true);
	HANDSHAKE(TICKET);
	fails(TLS_E_post_type, 10);
	ends_end();
	ends_begin(3, AEAD_AES_128_GCM, false);
	HANDSHAKE("\4\xff\xff\xff");
	fails(TLS_E_post_length, 50);
	ends_end();
}

/* RFC 8446 5.1: nothing comes between the records of a message. */
static void interleaved(void)
{
	static const char *const begun[] = {"\4", "\4\0\0\7", "\4\0\0\7abcdef"};
	static const uint32_t n[] = {1, 4, 10};

	for (unsigned i = 0; i < RTE_DIM(n); i++) {
		ends_begin(3, AEAD_AES_128_GCM, false);
		send_as(TLS_T_HANDSHAKE, begun[i], n[i]);
		DATA("x");
		fails(TLS_E_interleaved, 10);
		ends_end();
		ends_begin(3, AEAD_AES_128_GCM, false);
		send_as(TLS_T_HANDSHAKE, begun[i], n[i]);
		ALERT("\1\0");
		fails(TLS_E_interleaved, 10);
		ends_end();
	}
}

/* What may not come after the handshake: post-handshake authentication was not offered. */
static void other_messages(void)
{
	for (unsigned type = 0; type < 256; type++) {
		const char message[] = {(char)type, 0, 0, 1, 0};

		for (int server = 0; server < 2; server++) {
			if (type == 24 || (type == 4 && !server))
				continue;
			ends_begin(3, AEAD_AES_128_GCM, server);
			send_as(TLS_T_HANDSHAKE, message, sizeof(message));
			fails(TLS_E_post_type, 10);
			ends_end();
		}
	}
}

/* RFC 5246 7.2.2: a client that wants to renegotiate is told no, and may go on. */
static void renegotiation(void)
{
	uint8_t of;
	uint32_t n;

	ends_begin(2, AEAD_AES_128_GCM, true);
	HANDSHAKE(HELLO);
	deliver();
	said(TLS_T_ALERT, "\1\144", 2);
	HANDSHAKE("\1\0\0\5he");
	HANDSHAKE("llo");
	DATA("x");
	deliver();
	check_rx("x");
	n = out_take();
	CU_ASSERT_EQUAL(oracle_open(wire, n, text, &of), 2);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_renegotiations), 2);
	for (unsigned i = 0; i < 70; i++)
		HANDSHAKE(HELLO);
	deliver();
	CU_ASSERT_EQUAL(ends.c->error, TLS_E_post_many);
	ends_end();
	ends_begin(2, AEAD_AES_128_GCM, true);
	HANDSHAKE("\0\0\0\0"); /* a server's */
	fails(TLS_E_post_type, 10);
	ends_end();
	ends_begin(2, AEAD_AES_128_GCM, true);
	HANDSHAKE("\x10\0\0\1x"); /* ClientKeyExchange */
	fails(TLS_E_post_type, 10);
	ends_end();
}

/* RFC 5246 7.4.1.1: may be ignored. */
static void hello_request(void)
{
	ends_begin(2, AEAD_AES_128_GCM, false);
	HANDSHAKE("\0\0\0\0");
	HANDSHAKE("\0\0\0\0\0\0\0\0");
	DATA("x");
	passes();
	check_rx("x");
	HANDSHAKE("\0\0\0\1");
	fails(TLS_E_post_length, 50);
	ends_end();
	ends_begin(2, AEAD_AES_128_GCM, false);
	HANDSHAKE(HELLO);
	fails(TLS_E_post_type, 10);
	ends_end();
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(close_notify),
	UNIT_CASE(nothing_after_ours),
	UNIT_CASE(fatal),
	UNIT_CASE(warnings),
	UNIT_CASE(alert_lengths),
	UNIT_CASE(key_update),
	UNIT_CASE(key_update_asked),
	UNIT_CASE(key_update_without_buffers),
	UNIT_CASE(key_update_in_pieces),
	UNIT_CASE(key_update_wrong),
	UNIT_CASE(key_update_flood),
	UNIT_CASE(no_key_twice),
	UNIT_CASE(tickets),
	UNIT_CASE(interleaved),
	UNIT_CASE(other_messages),
	UNIT_CASE(renegotiation),
	UNIT_CASE(hello_request),
};
/* clang-format on */
UNIT_MAIN(cases)
