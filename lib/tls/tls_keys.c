/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a key: the handshake derives the first two, off the path. They are expanded into
 * lib/aead's pages here; what they came from is wiped but for the secret of 1.3, from which the
 * next generation comes. A key and its IV are renewed together, and their record numbers begin
 * again.
 */
#include <errno.h>
#include <string.h>
#include <openssl/evp.h>

#include "tls/tls_hs_priv.h"
#include "tls/tls_priv.h"

static struct aead_key *expand(struct tls *t, const struct tls_conn *c, const struct tls_records *r,
	const struct tls_way *w, const uint8_t *key)
{
	struct aead_spec spec = {
		.alg = r->alg,
		.seal = w == &r->tx,
		.n_aad = c->version == 3 ? TLS_RECORD_HEADER : AEAD_AAD_MAX,
	};

	return aead_key_get(t->cfg.aead, &spec, key);
}

static int way_install(
	struct tls *t, const struct tls_conn *c, struct tls_way *w, const struct tls_hs_keys *k)
{
	w->key = expand(t, c, c->records, w, k->key);
	if (!w->key)
		return -ENOMEM;
	w->seq = k->seq;
	memcpy(w->iv, k->iv, sizeof(w->iv));
	if (c->version == 3)
		memcpy(w->secret, k->secret, sizeof(w->secret));
	return 0;
}

int tls__install(struct tls *t, struct tls_conn *c, const struct tls_hs_result *res)
{
	struct tls_records *r = &t->records[c - t->conn];

	*r = (struct tls_records){
		.explicit_nonce = res->tx.explicit_nonce,
		.fragment = res->fragment,
		.suite = res->suite,
		.group = res->group,
		.alg = (uint8_t)res->alg,
		.n_secret = res->n_secret,
		.resumed = res->resumed,
	};
	memcpy(r->name, res->name, sizeof(r->name));
	memcpy(r->subject, res->subject, sizeof(r->subject));
	c->version = res->version;
	c->records = r;
	if (way_install(t, c, &r->rx, &res->rx) < 0 || way_install(t, c, &r->tx, &res->tx) < 0) {
		tls__keys_wipe(t, r);
		c->records = NULL;
		return -ENOMEM;
	}
	c->state = TLS_OPEN;
	return 0;
}

/* RFC 8446 7.2, 7.3. libcrypto's HMAC allocates; a peer has this done a few times a second at most
 * (tls_post.c), we after terabytes. */
int tls__way_renew(struct tls *t, const struct tls_conn *c, struct tls_way *w)
{
	const struct tls_records *r = c->records;
	uint8_t next[sizeof(w->secret)], key[AEAD_KEY_MAX];
	bool ok;

	aead_key_put(t->cfg.aead, w->key); /* first: there may be room for no third */
	w->key = NULL;
	ok = tls__expand_label(w->secret, r->n_secret, "traffic upd", next, r->n_secret) &&
	     tls__expand_label(next, r->n_secret, "key", key, (uint8_t)aead_key_bytes(r->alg)) &&
	     tls__expand_label(next, r->n_secret, "iv", w->iv, AEAD_NONCE);
	if (ok) {
		memcpy(w->secret, next, r->n_secret);
		w->key = expand(t, c, r, w, key);
		w->seq = 0;
	}
	explicit_bzero(next, sizeof(next));
	explicit_bzero(key, sizeof(key));
	return w->key ? 0 : -ENOMEM;
}

static void way_wipe(struct tls *t, struct tls_way *w)
{
	aead_key_put(t->cfg.aead, w->key);
	explicit_bzero(w, sizeof(*w));
}

void tls__keys_wipe(struct tls *t, struct tls_records *r)
{
	way_wipe(t, &r->rx);
	way_wipe(t, &r->tx);
}

static void be64_put(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

void tls__nonce(const struct tls_way *w, uint64_t seq, uint8_t nonce[AEAD_NONCE])
{
	uint8_t *low = nonce + AEAD_NONCE - sizeof(seq);
	uint64_t v;

	memcpy(nonce, w->iv, AEAD_NONCE);
	memcpy(&v, low, sizeof(v));
	v ^= __builtin_bswap64(seq);
	memcpy(low, &v, sizeof(v));
}

void tls__aad12(uint64_t seq, uint8_t type, uint32_t n, uint8_t aad[AEAD_AAD_MAX])
{
	const uint8_t rest[] = {type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};

	be64_put(aad, seq);
	memcpy(aad + 8, rest, sizeof(rest));
}
