/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random messages in random pieces, in place and not, through every driver and through EVP in one
 * piece. What comes out is the same, nothing is written between the pieces, and no message that
 * was changed opens.
 */
#include <rte_cryptodev.h>

#include "base/rand.h"
#include "each.h"
#include "smaps.h"

#define BURST    70 /* more than a device takes at a time */
#define MAX_N    16640
#define MAX_CUTS 64
#define GAP      3 /* bytes between pieces, at most */
#define ARENA    (MAX_N + MAX_CUTS * GAP)
#define CANARY   0xa5
#define ROUNDS   40

/* The same bytes, in one piece and in pieces. */
struct message {
	uint8_t plain[MAX_N], sealed[MAX_N], tag[AEAD_TAG]; /* sealed by the oracle */
	uint8_t from[ARENA], to[ARENA];
	struct aead_slice s[MAX_CUTS];
	struct aead_key *seal, *open;
	uint32_t n;
};

static struct message messages[BURST];
static struct aead_op ops[BURST];
static struct aead *oracle;
static struct rand_state rnd;

static void noise(uint8_t *p, uint32_t n)
{
	while (n--)
		*p++ = (uint8_t)rand_next(&rnd);
}

/* Cut m->n bytes into pieces with gaps between them. How: 0 in place, 1 apart, 2 some of each. */
static uint16_t cut(struct message *m)
{
	uint32_t at = 0, left = m->n, how = rand_below(&rnd, 3);
	uint16_t n = 0;

	while (left && n < MAX_CUTS) {
		uint32_t k = rand_below(&rnd, 5) ? rand_below(&rnd, 1500) : rand_below(&rnd, 18);

		k = k > left || n == MAX_CUTS - 1 ? left : k;
		m->s[n].out = m->to + at;
		m->s[n].in = (how == 2 ? rand_below(&rnd, 2) : how) ? m->from + at : m->to + at;
		m->s[n++].n = k;
		at += k + rand_below(&rnd, GAP + 1);
		left -= k;
	}
	return n;
}

static void scatter(struct message *m, const uint8_t *bytes, uint16_t n)
{
	memset(m->to, CANARY, ARENA);
	for (uint16_t i = 0; i < n; bytes += m->s[i++].n)
		memcpy((uint8_t *)(uintptr_t)m->s[i].in, bytes, m->s[i].n);
}

static bool untouched(const uint8_t *from, const uint8_t *to)
{
	while (from < to && *from == CANARY)
		from++;
	return from >= to;
}

/* The pieces hold these bytes, and around them is nothing new. */
static void gather_check(const struct message *m, const uint8_t *bytes, uint16_t n)
{
	const uint8_t *at = m->to;

	for (uint16_t i = 0; i < n; bytes += m->s[i++].n) {
		CU_ASSERT_FATAL(untouched(at, m->s[i].out));
		CU_ASSERT_EQUAL_FATAL(memcmp(m->s[i].out, bytes, m->s[i].n), 0);
		at = m->s[i].out + m->s[i].n;
	}
	CU_ASSERT_FATAL(untouched(at, m->to + ARENA));
}

static void by_oracle(
	struct message *m, struct aead_op *op, enum aead_alg alg, uint8_t n_aad, const uint8_t *key)
{
	struct aead_slice whole = {m->plain, m->sealed, m->n};
	struct aead_op one = *op;
	struct aead_key *k = aead_key_get(oracle, &(struct aead_spec){alg, true, n_aad}, key);

	one.key = k;
	one.slice = &whole;
	one.n_slices = 1;
	aead_run(oracle, &one, 1);
	CU_ASSERT_TRUE_FATAL(one.ok);
	memcpy(m->tag, one.tag, AEAD_TAG);
	aead_key_put(oracle, k);
}

static void draw(struct aead *a, struct message *m, struct aead_op *op, enum aead_alg alg)
{
	uint8_t key[AEAD_KEY_MAX];
	uint8_t n_aad = rand_below(&rnd, 2) ? 5 : 13;

	*op = (struct aead_op){.slice = m->s};
	m->n = rand_below(&rnd, rand_below(&rnd, 8) ? 600 : MAX_N + 1);
	noise(m->plain, m->n);
	noise(key, sizeof(key));
	noise(op->nonce, AEAD_NONCE);
	noise(op->aad, n_aad);
	by_oracle(m, op, alg, n_aad, key);
	m->seal = aead_key_get(a, &(struct aead_spec){alg, true, n_aad}, key);
	m->open = aead_key_get(a, &(struct aead_spec){alg, false, n_aad}, key);
	CU_ASSERT_FATAL(m->seal && m->open);
}

static void seal(struct aead *a, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		ops[i].key = messages[i].seal;
		ops[i].n_slices = cut(&messages[i]);
		scatter(&messages[i], messages[i].plain, ops[i].n_slices);
	}
	aead_run(a, ops, n);
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_TRUE_FATAL(ops[i].ok);
		CU_ASSERT_EQUAL_FATAL(memcmp(ops[i].tag, messages[i].tag, AEAD_TAG), 0);
		gather_check(&messages[i], messages[i].sealed, ops[i].n_slices);
	}
}

/* One bit of the tag, the additional data, the nonce or the body. */
static void forge(struct message *m, struct aead_op *op)
{
	uint8_t bit = (uint8_t)(1u << rand_below(&rnd, 8));
	uint32_t which = rand_below(&rnd, m->n ? 4 : 3), i = 0;

	if (which == 0)
		op->tag[rand_below(&rnd, AEAD_TAG)] ^= bit;
	else if (which == 1)
		op->aad[rand_below(&rnd, 5)] ^= bit;
	else if (which == 2)
		op->nonce[rand_below(&rnd, AEAD_NONCE)] ^= bit;
	while (which == 3 && m->s[i].n == 0)
		i++;
	if (which == 3)
		((uint8_t *)(uintptr_t)m->s[i].in)[rand_below(&rnd, m->s[i].n)] ^= bit;
}

static void open(struct aead *a, uint32_t n)
{
	bool forged[BURST];

	for (uint32_t i = 0; i < n; i++) {
		ops[i].key = messages[i].open;
		ops[i].n_slices = cut(&messages[i]);
		scatter(&messages[i], messages[i].sealed, ops[i].n_slices);
		forged[i] = rand_below(&rnd, 3) == 0;
		if (forged[i])
			forge(&messages[i], &ops[i]);
	}
	aead_run(a, ops, n);
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL_FATAL(ops[i].ok, !forged[i]);
		if (!forged[i])
			gather_check(&messages[i], messages[i].plain, ops[i].n_slices);
	}
}

static void against_oracle(struct aead *a, enum aead_alg alg)
{
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t n = rand_below(&rnd, 4) ? 1 + rand_below(&rnd, 8) : BURST;

		for (uint32_t i = 0; i < n; i++)
			draw(a, &messages[i], &ops[i], alg);
		seal(a, n);
		open(a, n);
		for (uint32_t i = 0; i < n; i++) {
			aead_key_put(a, messages[i].seal);
			aead_key_put(a, messages[i].open);
		}
	}
	CU_ASSERT_EQUAL(aead_keys_in_use(a), 0);
}

static void random_messages(void)
{
	rand_seed(&rnd, unit_seed(16));
	oracle = aead_create(&aead_openssl, "", 1, -1, &(struct err){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(oracle);
	each_run(against_oracle);
	aead_destroy(oracle);
}

/* Two workers have a queue pair each of one device; a device that is no more is not found. */
static void device_shared(void)
{
	static const struct aead_spec spec = {AEAD_AES_128_GCM, true, 5};
	static const uint8_t key[16] = "sixteen bytes...";
	struct aead *a[2];
	struct aead_op op[2];
	struct err e;

	unit_eal();
	for (int i = 0; i < 2; i++) {
		a[i] = aead_create(
			&aead_cryptodev, "crypto_aesni_gcm1,max_nb_queue_pairs=2", 2, -1, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(a[i]);
		CU_ASSERT_FALSE(aead_does(a[i], AEAD_CHACHA20_POLY1305));
		op[i] = (struct aead_op){.key = aead_key_get(a[i], &spec, key)};
		aead_run(a[i], &op[i], 1);
		CU_ASSERT_TRUE(op[i].ok);
		/* what a key of this driver begins with is its session */
		CU_ASSERT_PTR_NOT_NULL(strstr(smaps_flags(*(void *const *)op[i].key), " dd"));
	}
	CU_ASSERT_EQUAL(memcmp(op[0].tag, op[1].tag, AEAD_TAG), 0);
	CU_ASSERT_PTR_NULL(aead_create(&aead_cryptodev, "crypto_aesni_gcm1", 2, -1, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "2 workers"));
	CU_ASSERT_PTR_NULL(
		aead_key_get(a[0], &(struct aead_spec){AEAD_CHACHA20_POLY1305, true, 5}, key));
	for (int i = 0; i < 2; i++) {
		aead_key_put(a[i], (struct aead_key *)(uintptr_t)op[i].key);
		aead_destroy(a[i]);
	}
}

/* A device that stopped beneath us: its messages fail after a while, later ones at once. */
static void device_dead(void)
{
	static const struct aead_spec spec = {AEAD_AES_256_GCM, true, 13};
	struct aead_slice s = {messages[0].from, messages[0].to, 100};
	uint32_t level = rte_log_get_global_level();
	struct aead_op op[2];
	struct aead *a;

	unit_eal();
	a = aead_create(&aead_cryptodev, "crypto_aesni_gcm2", 1, -1, &(struct err){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	op[0] = op[1] = (struct aead_op){.key = aead_key_get(a, &spec, messages[0].plain),
		.slice = &s,
		.n_slices = 1,
		.ok = true};
	rte_cryptodev_stop((uint8_t)rte_cryptodev_get_dev_id("crypto_aesni_gcm2"));
	rte_log_set_global_level(RTE_LOG_EMERG); /* a stopped device says so each time */
	op[1].nonce[0] = 1;
	aead_run(a, op, 2);
	CU_ASSERT(!op[0].ok && !op[1].ok);
	op[0].ok = true;
	op[0].nonce[0] = 2;
	aead_run(a, op, 1);
	CU_ASSERT_FALSE(op[0].ok);
	rte_log_set_global_level(level);
	aead_key_put(a, (struct aead_key *)(uintptr_t)op[0].key);
	aead_destroy(a);
}

static void wrong_arguments(void)
{
	static const char *const wrong[][2] = {{"cryptodev", ""}, {"cryptodev", "crypto_none0"},
		{"cryptodev", "net_null0"}, {"ipsec_mb", "arch=vax"}, {"openssl", "fast"}};

	unit_eal();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = {0};

		CU_ASSERT_PTR_NULL(
			aead_create(aead_driver_find(wrong[i][0]), wrong[i][1], 1, -1, &e));
		CU_ASSERT_NOT_EQUAL(e.text[0], '\0');
	}
	CU_ASSERT_PTR_NULL(aead_driver_find("rot13"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(random_messages),
	UNIT_CASE(device_shared),
	UNIT_CASE(device_dead),
	UNIT_CASE(wrong_arguments),
};

UNIT_MAIN(cases)
