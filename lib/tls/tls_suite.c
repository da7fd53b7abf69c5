/* SPDX-License-Identifier: BSD-3-Clause */
/* The nine cipher suites that we speak: ephemeral keys and an AEAD, nothing else. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "tls/tls_hs_priv.h"

/* In our order: AES-128 first, it is the cheapest here and as good as any in practice. A client
 * that prefers ChaCha20 gets it (SSL_OP_PRIORITIZE_CHACHA). */
static const struct tls_suite suites[] = {
	{0x1301, 3, AEAD_AES_128_GCM, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
	{0x1302, 3, AEAD_AES_256_GCM, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
	{0x1303, 3, AEAD_CHACHA20_POLY1305, "TLS_CHACHA20_POLY1305_SHA256",
		"TLS_CHACHA20_POLY1305_SHA256"},
	{0xc02b, 2, AEAD_AES_128_GCM, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
		"ECDHE-ECDSA-AES128-GCM-SHA256"},
	{0xc02f, 2, AEAD_AES_128_GCM, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		"ECDHE-RSA-AES128-GCM-SHA256"},
	{0xc02c, 2, AEAD_AES_256_GCM, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
		"ECDHE-ECDSA-AES256-GCM-SHA384"},
	{0xc030, 2, AEAD_AES_256_GCM, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
		"ECDHE-RSA-AES256-GCM-SHA384"},
	{0xcca9, 2, AEAD_CHACHA20_POLY1305, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
		"ECDHE-ECDSA-CHACHA20-POLY1305"},
	{0xcca8, 2, AEAD_CHACHA20_POLY1305, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
		"ECDHE-RSA-CHACHA20-POLY1305"},
};
#define N_SUITES (sizeof(suites) / sizeof(suites[0]))

static const struct {
	uint16_t id;
	const char *name;
} groups[] = {{TLS_X25519, "x25519"}, {TLS_P256, "secp256r1"}, {TLS_P384, "secp384r1"}};

const struct tls_suite *tls__suite(uint16_t id)
{
	for (size_t i = 0; i < N_SUITES; i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

const char *tls_suite_name(uint16_t id)
{
	const struct tls_suite *s = tls__suite(id);

	return s ? s->name : "";
}

const char *tls_group_name(uint16_t id)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].id == id)
			return groups[i].name;
	return "";
}

static const struct tls_suite *by_name(struct span name)
{
	for (size_t i = 0; i < N_SUITES; i++)
		if (span_eq(span_str(suites[i].name), name))
			return &suites[i];
	return NULL;
}

/* libssl's two lists; each suite of ours fits once. */
struct lists {
	char text[2][512]; /* of 1.2, of 1.3 */
};

static void list_add_suite(struct lists *l, const struct tls_suite *s)
{
	char *text = l->text[s->version - 2];
	size_t at = strlen(text);

	if (!strstr(text, s->ssl))
		snprintf(text + at, sizeof(l->text[0]) - at, "%s%s", at ? ":" : "", s->ssl);
}

int tls__suites_use(SSL_CTX *ssl, const struct conf_tls *t, struct err *e)
{
	struct span rest = span_str(t->ciphers ? t->ciphers : ""), word;
	struct lists l = {0};

	for (size_t i = 0; !t->ciphers && i < N_SUITES; i++)
		list_add_suite(&l, &suites[i]);
	while (t->ciphers && span_next(&rest, ':', &word)) {
		const struct tls_suite *s = by_name(word);

		if (!s)
			return err_set(e, EINVAL, "%s:%u: [tls] ciphers: %.*s is none of ours",
				t->at.file, t->at.line, (int)word.n, word.p);
		list_add_suite(&l, s);
	}
	for (unsigned v = 2; v <= 3; v++)
		if ((v == 2 ? t->v12 : t->v13) && !l.text[v - 2][0])
			return err_set(e, EINVAL, "%s:%u: [tls] ciphers: none is of TLS 1.%u",
				t->at.file, t->at.line, v);
	if (SSL_CTX_set_ciphersuites(ssl, l.text[1]) != 1 ||
		(l.text[0][0] && SSL_CTX_set_cipher_list(ssl, l.text[0]) != 1))
		return err_set(e, EINVAL, "%s:%u: [tls] ciphers: %s", t->at.file, t->at.line,
			tls__ssl_error());
	return 0;
}
