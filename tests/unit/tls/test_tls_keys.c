/* SPDX-License-Identifier: BSD-3-Clause */
#include "hex.h"
#include "records.h"

/* RFC 8448 3: what the client sent is opened, what the server sent comes out of us bit by bit. */
static void rfc8448(void)
{
	static const char from_client[] =
		"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395"
		"bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4"
		"1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
	static const char from_server[] =
		"17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dff"
		"c602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d"
		"1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";
	struct tls_hs_result k = ends_keys(3, AEAD_AES_128_GCM, 0);
	uint8_t want[96], data[50];

	unhex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5", k.rx.secret);
	unhex("17422dda596ed5d9acd890e3c63f5051", k.rx.key);
	unhex("5b78923dee08579033e523d9", k.rx.iv);
	unhex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643", k.tx.secret);
	unhex("9f02283b6c9c07efc26bb9f2ac92e356", k.tx.key);
	unhex("cf782b88dd83549aadf1e984", k.tx.iv);
	k.tx.seq = 1; /* a ticket was number 0 */
	ends_begin_with(&aead_openssl, true, &k);
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	unhex(from_client, wire);
	CU_ASSERT_EQUAL(input(wire, 96, 0), 0);
	CU_ASSERT_EQUAL_FATAL(ends.c->rx.bytes, sizeof(data));
	buf_chain_read(&ends.c->rx, 0, sizeof(data), stream);
	CU_ASSERT_EQUAL(memcmp(stream, data, sizeof(data)), 0);
	CU_ASSERT(ends.c->eof);
	chain_add(&ends.c->plain, data, sizeof(data), 0);
	tls_shutdown(ends.c);
	ends.keys.tx.seq = 1;
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL_FATAL(out_take(), 96);
	unhex(from_server, want);
	CU_ASSERT_EQUAL(memcmp(wire, want, 96), 0);
	ends_end();
}

/* Ten generations of each direction are what libcrypto's HKDF says. */
static void generations(void)
{
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		struct tls_records *r;

		ends_begin(3, alg, true);
		r = ends.c->records;
		r->rx.seq = r->tx.seq = 99;
		for (unsigned i = 0; i < 10; i++) {
			CU_ASSERT_EQUAL(tls__way_renew(ends.t, ends.c, &r->rx), 0);
			CU_ASSERT_EQUAL(tls__way_renew(ends.t, ends.c, &r->tx), 0);
			oracle_renew(&ends.keys.rx);
			oracle_renew(&ends.keys.tx);
			CU_ASSERT_EQUAL(memcmp(r->rx.iv, ends.keys.rx.iv, AEAD_NONCE), 0);
			CU_ASSERT_EQUAL(memcmp(r->tx.iv, ends.keys.tx.iv, AEAD_NONCE), 0);
			CU_ASSERT_EQUAL(memcmp(r->rx.secret, ends.keys.rx.secret, r->n_secret), 0);
			CU_ASSERT_EQUAL(r->rx.seq, 0);
			CU_ASSERT_EQUAL(r->tx.seq, 0);
			CU_ASSERT_EQUAL(aead_keys_in_use(ends.aead), 2);
		}
		ends_end();
	}
}

static bool all_zero(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const uint8_t *)p)[i])
			return false;
	return true;
}

/* What dies leaves nothing; 1.2 has no secret to begin with. */
static void wiped(void)
{
	struct tls_records *r;

	ends_begin(3, AEAD_AES_128_GCM, true);
	r = ends.c->records;
	CU_ASSERT(!all_zero(r->rx.secret, sizeof(r->rx.secret)));
	tls__keys_wipe(ends.t, r);
	CU_ASSERT(all_zero(&r->rx, sizeof(r->rx)));
	CU_ASSERT(all_zero(&r->tx, sizeof(r->tx)));
	CU_ASSERT_EQUAL(aead_keys_in_use(ends.aead), 0);
	ends_end();
	ends_begin(2, AEAD_AES_128_GCM, true);
	CU_ASSERT(all_zero(ends.c->records->rx.secret, sizeof(r->rx.secret)));
	ends_end();
}

/* Both keys or none. */
static void no_room(void)
{
	struct tls_conn *second;

	ends_begin(3, AEAD_AES_128_GCM, true); /* two keys in all */
	second = tls__conn_get(ends.t, NULL, true, NULL);
	CU_ASSERT_EQUAL(tls__install(ends.t, second, &ends.keys), -ENOMEM);
	CU_ASSERT_EQUAL(second->state, TLS_HANDSHAKE);
	CU_ASSERT_PTR_NULL(second->records);
	CU_ASSERT_EQUAL(aead_keys_in_use(ends.aead), 2);
	tls_free(ends.t, second);
	ends_end();
}

/* RFC 8446 5.3: the number goes into the IV's last eight bytes. */
static void nonces(void)
{
	struct tls_way w = {.iv = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
	uint8_t nonce[AEAD_NONCE];

	tls__nonce(&w, 0, nonce);
	CU_ASSERT_EQUAL(memcmp(nonce, w.iv, AEAD_NONCE), 0);
	tls__nonce(&w, 0x0102030405060708, nonce);
	CU_ASSERT_EQUAL(memcmp(nonce, "\1\2\3\4\4\4\4\14\14\14\14\4", AEAD_NONCE), 0);
}

/* RFC 5246 6.2.3.3 */
static void additional_data(void)
{
	uint8_t aad[AEAD_AAD_MAX];

	tls__aad12(0x0102030405060708, 23, 0x1234, aad);
	CU_ASSERT_EQUAL(memcmp(aad, "\1\2\3\4\5\6\7\10\27\3\3\x12\x34", sizeof(aad)), 0);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(rfc8448),
	UNIT_CASE(generations),
	UNIT_CASE(wiped),
	UNIT_CASE(no_room),
	UNIT_CASE(nonces),
	UNIT_CASE(additional_data),
};
/* clang-format on */
UNIT_MAIN(cases)
