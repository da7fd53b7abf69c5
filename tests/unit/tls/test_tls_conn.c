/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

static uint8_t text[TLS_PLAIN_MAX + 4096];

/* As many as there are places, each blank. */
static void places(void)
{
	struct tls_conn *c[4], *more;

	ends_begin(3, AEAD_AES_128_GCM, true); /* has one of four */
	for (int i = 1; i < 4; i++) {
		c[i] = tls__conn_get(ends.t, NULL, i & 1, &ends);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c[i]);
		CU_ASSERT_EQUAL(c[i]->state, TLS_HANDSHAKE);
		CU_ASSERT_EQUAL(c[i]->server, i & 1);
		CU_ASSERT_PTR_EQUAL(c[i]->owner, &ends);
	}
	CU_ASSERT_EQUAL(tls_conns(ends.t), 4);
	more = tls__conn_get(ends.t, NULL, true, NULL);
	CU_ASSERT_PTR_NULL(more);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_accept_full), 1);
	c[1]->error = TLS_E_ccs;
	c[1]->eof = true;
	tls_free(ends.t, c[1]);
	c[1] = tls__conn_get(ends.t, NULL, true, NULL);
	CU_ASSERT_EQUAL_FATAL(c[1]->error, TLS_OK);
	CU_ASSERT(!c[1]->eof);
	for (int i = 1; i < 4; i++)
		tls_free(ends.t, c[i]);
	ends_end();
}

/* Whatever a connection holds goes with it. */
static void freed_with_all(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	chain_add(&ends.c->rx, stream, 5000, 0);
	chain_add(&ends.c->plain, stream, 5000, 0);
	chain_add(&ends.c->out, stream, 5000, 0);
	ends_end(); /* says that nothing is left */
}

/* What was verified and what was not sealed stay for the owner; the alert is the last word. */
static void failed(void)
{
	uint8_t type;
	uint32_t n;

	stream_fill(1);
	ends_begin(3, AEAD_AES_128_GCM, true);
	n = oracle_seal(TLS_T_DATA, stream, 100, wire);
	CU_ASSERT_EQUAL(input(wire, n, 0), 0);
	chain_add(&ends.c->plain, stream, 70, 0);
	tls__fail(ends.t, ends.c, TLS_E_ccs);
	CU_ASSERT_EQUAL(ends.c->rx.bytes, 100);
	CU_ASSERT_EQUAL(ends.c->plain.bytes, 70);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	n = out_take();
	CU_ASSERT_EQUAL(oracle_open(wire, n, text, &type), 2);
	CU_ASSERT_EQUAL(n, 24);
	CU_ASSERT_EQUAL(memcmp(text, "\2\12", 2), 0);
	CU_ASSERT_EQUAL(ends.c->records->tx.key, NULL);
	tls_prefetch(ends.t, ends.c, true); /* there is none, and that is fine */
	ends_end();
}

/* Without a buffer for the alert it fails all the same. */
static void failed_without_buffers(void)
{
	struct rte_mbuf *all;

	ends_begin(3, AEAD_AES_128_GCM, true);
	all = pools_drain(&pools, 0);
	tls__fail(ends.t, ends.c, TLS_E_ccs);
	CU_ASSERT_EQUAL(ends.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_alerts_out), 0);
	rte_pktmbuf_free(all);
	ends_end();
}

/* The alert of each failure, as RFC 8446 6.2 numbers them. */
static void alerts(void)
{
	static const int want[] = {
		-1,
#define X(name, alert, text) alert,
#include "tls/tls_error.def"
#undef X
	};

	for (enum tls_error e = 1; e < TLS_ERRORS; e++) {
		uint8_t type;
		uint32_t n;

		ends_begin(3, AEAD_AES_128_GCM, true);
		tls__fail(ends.t, ends.c, e);
		n = out_take();
		CU_ASSERT_EQUAL(n, want[e] == 255 ? 0 : 24);
		if (n) {
			CU_ASSERT_EQUAL(oracle_open(wire, n, text, &type), 2);
			CU_ASSERT_EQUAL(text[0], want[e] ? 2 : 1);
			CU_ASSERT_EQUAL(text[1], want[e]);
		}
		CU_ASSERT_EQUAL(ends_stat(TLS_STAT_fail_record_type + e - 1), 1);
		ends_end();
	}
}

/* What the handshake used leaves the owner's chain with the next input. */
static void drops_what_was_used(void)
{
	uint32_t n;

	stream_fill(2);
	ends_begin(3, AEAD_AES_128_GCM, true);
	chain_add(&ends.in, stream, 300, 100);
	ends.c->drop = 300;
	n = oracle_seal(TLS_T_DATA, stream, 100, wire);
	CU_ASSERT_EQUAL(input(wire, n, 0), 0);
	CU_ASSERT_EQUAL(ends.c->rx.bytes, 100);
	CU_ASSERT_EQUAL(ends.c->drop, 0);
	ends_end();
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(places),
	UNIT_CASE(freed_with_all),
	UNIT_CASE(failed),
	UNIT_CASE(failed_without_buffers),
	UNIT_CASE(alerts),
	UNIT_CASE(drops_what_was_used),
};
/* clang-format on */
UNIT_MAIN(cases)
