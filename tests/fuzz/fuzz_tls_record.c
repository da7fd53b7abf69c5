/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The peer of an open connection: a script of bytes as they are, and of records sealed as they have
 * to be whose text is anything (in 1.3 type and padding too), in pieces, with the owner's calls in
 * between. Whatever it says, the promises of tls_conn.c hold, and all that we seal can be opened.
 *
 * Input: flags (version, algorithm, side), then steps: what, a length, that many bytes.
 */
#include <string.h>
#include <rte_eal.h>

#include "aead/drivers.h"
#include "tls/tls_priv.h"

#define MBUFS 2048
#define STEPS 200
#define SEG   1448

static struct buf_pools pools;
static struct aead *aead;
static struct tls *t;

struct script {
	const uint8_t *p;
	size_t n;
	struct tls_conn *c;    /* ours */
	struct tls_conn *peer; /* the same keys the other way round */
	struct buf_chain in;
	clock_us_t now;
	uint64_t updates; /* of the peer's keys that c has seen */
	bool crumbs;      /* came in mbufs of a few bytes, which tcp would have put together */
};

static uint8_t next(struct script *s)
{
	return s->n ? (s->n--, *s->p++) : 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = {"fuzz_tls_record", "--no-huge", "--no-pci", "--no-shconf", "-m", "64",
		"--log-level", "error", "--no-telemetry"};
	struct tls_config cfg = {.pools = &pools, .conns = 2, .handshakes = 1, .socket = -1};
	struct err e;

	ASSERT(rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) >= 0, "the EAL starts");
	ASSERT(buf_pools_create(&pools, "fuzz", MBUFS, SOCKET_ID_ANY) == 0, "memory for pools");
	aead = cfg.aead = aead_create(&aead_openssl, "", 4, -1, &e);
	t = tls_create(&cfg, &e);
	ASSERT(aead && t, "memory for the instance");
	return 0;
}

static void begin(struct script *s, uint8_t flags)
{
	struct tls_hs_result k = {
		.version = flags & 1 ? 3 : 2,
		.alg = (flags >> 1) % AEAD_ALGS,
		.fragment = flags & 16 ? 512 : TLS_PLAIN_MAX,
	};
	struct tls_hs_keys rx;

	k.n_secret = k.alg == AEAD_AES_256_GCM ? 48 : 32;
	memset(&k.rx, 1, sizeof(k.rx));
	memset(&k.tx, 2, sizeof(k.tx));
	k.rx.seq = k.tx.seq = 0;
	s->c = tls__conn_get(t, NULL, !(flags & 8), NULL);
	ASSERT(tls__install(t, s->c, &k) == 0, "there are four keys");
	rx = k.rx;
	k.rx = k.tx;
	k.tx = rx;
	s->peer = tls__conn_get(t, NULL, flags & 8, NULL);
	ASSERT(tls__install(t, s->peer, &k) == 0, "there are four keys");
	s->updates = tls_stats(t)[TLS_STAT_key_updates_in];
}

static void append(struct script *s, const void *p, uint32_t n, uint32_t each)
{
	const uint8_t *at = p;
	uint32_t k;

	for (; n; n -= k, at += k) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);

		k = RTE_MIN(n, each);
		if (!m)
			return;
		memcpy(rte_pktmbuf_append(m, (uint16_t)k), at, k);
		buf_chain_append(&s->in, m);
	}
}

/* n bytes of text at rec + 13, as a record of the peer's next number. */
static void seal(struct script *s, uint8_t type, uint8_t *rec, uint32_t n, uint32_t each)
{
	struct tls_way *w = &s->peer->records->tx;
	bool salt = tls__has_explicit(s->peer, s->peer->records);
	uint32_t body = n + AEAD_TAG + (salt ? TLS_EXPLICIT : 0);
	uint8_t *head = rec + 13 - 5 - (salt ? TLS_EXPLICIT : 0);
	struct aead_slice slice = {rec + 13, rec + 13, n};
	struct aead_op op = {.key = w->key, .slice = &slice, .n_slices = 1};

	memcpy(head,
		(uint8_t[]){s->peer->version == 3 ? 23 : type, 3, 3, (uint8_t)(body >> 8),
			(uint8_t)body},
		5);
	tls__nonce(w, w->seq, op.nonce);
	if (salt) {
		memset(rec + 5, (int)w->seq, TLS_EXPLICIT);
		memcpy(op.nonce + 4, rec + 5, TLS_EXPLICIT);
	}
	if (s->peer->version == 3)
		memcpy(op.aad, head, 5);
	else
		tls__aad12(w->seq, type, n, op.aad);
	aead_run(aead, &op, 1);
	memcpy(rec + 13 + n, op.tag, AEAD_TAG);
	w->seq++;
	append(s, head, 5 + body, each);
}

static void check(struct script *s)
{
	struct tls_conn *c = s->c;
	uint64_t updates = tls_stats(t)[TLS_STAT_key_updates_in];

	ASSERT((c->state == TLS_FAILED) == (c->error != TLS_OK), "who fails says why");
	ASSERT(c->state != TLS_FAILED || !c->records->rx.key, "and has no keys");
	ASSERT((c->state == TLS_OPEN && !c->eof) || s->in.bytes == 0, "what is behind is dropped");
	ASSERT(c->rx.bytes < TLS_RX_LIMIT + TLS_PLAIN_MAX, "rx has a limit");
	ASSERT(s->crumbs || c->rx.truesize <= 4 * c->rx.bytes + 8 * TLS_PLAIN_MAX,
		"memory has one too");
	for (; s->updates < updates && s->peer->state == TLS_OPEN; s->updates++)
		ASSERT(tls__way_renew(t, s->peer, &s->peer->records->tx) == 0, "the key was put");
	(void)tls_input(t, s->peer, &c->out, s->now);
	s->updates = tls_stats(t)[TLS_STAT_key_updates_in]; /* but for the peer's own */
	ASSERT(s->peer->error == TLS_OK || s->peer->error == TLS_E_alert ||
			s->peer->error == TLS_E_post_many || s->peer->error == TLS_E_alert_many,
		"all that we say can be opened, and is in order");
	buf_chain_free(&s->peer->rx);
	buf_chain_free(&s->peer->out);
}

static void act(struct script *s, uint8_t what)
{
	static const uint8_t zeros[4000];

	if ((what & 8) && s->c->state == TLS_OPEN)
		(void)buf_chain_write(&s->c->plain, zeros, what * 10u, pools.data);
	if (what & 16)
		s->now += CLOCK_US_PER_S;
	if (what & 32)
		buf_chain_free(&s->c->rx);
	if (what & 64)
		tls_shutdown(s->c);
	(void)tls_seal(t, s->c, SEG, s->now);
}

static void step(struct script *s)
{
	uint8_t what = next(s), rec[13 + 65536 + AEAD_TAG];
	uint32_t n = next(s), each = what & 4 ? 1 + what / 8u : 2048;
	uint8_t type = s->c->version == 2 ? next(s) : 0;

	s->crumbs |= each < 2048;
	if (what & 128)
		n *= 77; /* the rest is zeros: padding */
	for (uint32_t i = 0; i < n; i++)
		rec[13 + i] = next(s);
	if ((what & 3) == 0)
		act(s, what);
	else if ((what & 3) == 1)
		append(s, rec + 13, n, each);
	else if (s->peer->state == TLS_OPEN)
		seal(s, type, rec, n, each);
	(void)tls_input(t, s->c, &s->in, s->now);
	check(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct script s = {.p = data, .n = n, .now = CLOCK_US_PER_S};

	begin(&s, next(&s));
	for (int i = 0; s.n && i < STEPS; i++)
		step(&s);
	tls_free(t, s.c);
	tls_free(t, s.peer);
	buf_chain_free(&s.in);
	ASSERT(buf_pools_in_use(&pools) == 0, "every mbuf is back");
	ASSERT(aead_keys_in_use(aead) == 0, "every key too");
	return 0;
}
