/* SPDX-License-Identifier: BSD-3-Clause */
/* What both sides have in common: versions, suites, groups, options; the life of a context. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/err.h>

#include "tls/tls_hs_priv.h"

#define GROUPS        "X25519:P-256:P-384"
#define CERT_LIST_MAX (24 * 1024) /* bytes of the peer's chain, within TLS_HS_IN_MAX */

/* 256 keys of RSA with 2 KB each, and a hundred thousand handshakes with 32 bytes. */
#define SECRETS    (4u << 20)
#define SECRET_MIN 32

const char *tls__ssl_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text ? text : "no memory";
}

int tls_secrets_init(struct err *e)
{
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	switch (CRYPTO_secure_malloc_init(SECRETS, SECRET_MIN)) {
	case 1:
		return 0;
	case 2:
		return err_set(e, EPERM,
			"private keys may be swapped out: ulimit -l is below %u KB",
			SECRETS / 1024);
	default:
		return err_set(e, ENOMEM, "no pages of their own for private keys");
	}
}

/* One write, one line: threads may share the file. A failure changes nothing for the connection. */
static void on_secret(const SSL *ssl, const char *line)
{
	const struct tls_ctx *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct iovec v[] = {{(char *)line, strlen(line)}, {"\n", 1}};

	if (writev(c->keylog, v, 2) < 0)
		errno = 0;
}

static int versions_set(SSL_CTX *ssl, const struct conf_tls *t, struct err *e)
{
	int min = t->v12 ? TLS1_2_VERSION : TLS1_3_VERSION;
	int max = t->v13 ? TLS1_3_VERSION : TLS1_2_VERSION;

	if (!t->v12 && !t->v13)
		return err_set(e, EINVAL, "%s:%u: [tls] versions: none", t->at.file, t->at.line);
	SSL_CTX_set_min_proto_version(ssl, min);
	SSL_CTX_set_max_proto_version(ssl, max);
	return 0;
}

SSL_CTX *tls__ssl_ctx(const struct conf_tls *t, struct tls_ctx *owner, struct err *e)
{
	const SSL_METHOD *method = owner->server ? TLS_server_method() : TLS_client_method();
	SSL_CTX *ssl;

	if (tls__kdf_init(e))
		return NULL;
	ssl = SSL_CTX_new_ex(NULL, TLS_KDF_QUERY, method);
	if (!ssl) {
		err_set(e, ENOMEM, "%s", tls__ssl_error());
		return NULL;
	}
	if (versions_set(ssl, t, e) || tls__suites_use(ssl, t, e))
		goto fail;
	if (SSL_CTX_set1_groups_list(ssl, t->groups ? t->groups : GROUPS) != 1) {
		err_set(e, EINVAL, "%s:%u: [tls] groups: %s: %s", t->at.file, t->at.line, t->groups,
			tls__ssl_error());
		goto fail;
	}
	/* 0-RTT needs SSL_CTX_set_max_early_data, and S3 requests are not safe to be replayed */
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_ENCRYPT_THEN_MAC);
	SSL_CTX_clear_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_security_level(ssl, TLS_SECURITY); /* whatever the system's openssl.cnf says */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_cert_list(ssl, CERT_LIST_MAX);
	if (owner->keylog >= 0)
		SSL_CTX_set_keylog_callback(ssl, on_secret);
	SSL_CTX_set_app_data(ssl, owner);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ssl, t->ticket_lifetime_ms / 1000);
	return ssl;
fail:
	SSL_CTX_free(ssl);
	return NULL;
}

struct tls_ctx *tls__ctx_new(const struct conf_tls *t, bool server, struct err *e)
{
	struct tls_ctx *c = OPENSSL_zalloc(sizeof(*c));

	if (!c) {
		err_set(e, ENOMEM, "tls: no memory for a context");
		return NULL;
	}
	atomic_init(&c->refs, 1);
	pthread_mutex_init(&c->lock, NULL);
	c->server = server;
	c->keylog = -1;
	if (!t->keylog)
		return c;
	c->keylog = open(t->keylog, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (c->keylog >= 0)
		return c;
	err_set(e, errno, "%s:%u: [tls] keylog: %s: %s", t->at.file, t->at.line, t->keylog,
		strerror(errno));
	tls_ctx_put(c);
	return NULL;
}

void tls_ctx_stats(const struct tls_ctx *c, uint64_t out[TLS_HS_STAT_N])
{
	tls__hs_stats_read(&c->stats, out);
}

struct tls_ctx *tls_ctx_get(struct tls_ctx *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

bool tls_ctx_shared(const struct tls_ctx *c)
{
	return atomic_load_explicit(&c->refs, memory_order_acquire) > 1;
}

void tls_ctx_put(struct tls_ctx *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < c->n_sni; i++)
		OPENSSL_free(c->sni[i].name);
	for (unsigned i = 0; i < c->n_sets; i++)
		SSL_CTX_free(c->set[i].ssl);
	for (unsigned i = 0; i < c->n_staples; i++)
		OPENSSL_free(c->staple[i].der);
	for (unsigned i = 0; i < TLS_KEPT; i++)
		SSL_SESSION_free(c->kept[i].session);
	OPENSSL_free(c->sni);
	OPENSSL_free(c->set);
	if (c->keylog >= 0)
		close(c->keylog);
	pthread_mutex_destroy(&c->lock);
	OPENSSL_free(c);
}
