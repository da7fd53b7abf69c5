/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool's side: whom we believe, who we are, and sessions for the next time. */
#include <errno.h>
#include <string.h>

#include "tls/tls_hs_priv.h"

static const uint8_t alpn[] = "\x08http/1.1";

static int ca_use(SSL_CTX *ssl, const struct conf_pool *p, struct err *e)
{
	int ok = p->ca ? SSL_CTX_load_verify_file(ssl, p->ca)
		       : SSL_CTX_set_default_verify_paths(ssl);

	if (ok == 1)
		return 0;
	return err_set(e, EINVAL, "%s:%u: [pool %s] ca: %s: %s", p->at.file, p->at.line, p->name,
		p->ca ? p->ca : "the system's", tls__ssl_error());
}

static int identity_use(SSL_CTX *ssl, const struct conf_pool *p, struct err *e)
{
	struct tls_cert cert;
	int rc;

	if (!p->cert)
		return 0;
	rc = tls__cert_load(p->cert, &cert, e);
	if (rc)
		return rc;
	rc = tls__cert_use(ssl, p->cert, &cert, e);
	tls__cert_free(&cert);
	return rc;
}

struct tls_ctx *tls_ctx_client(const struct conf *conf, const struct conf_pool *p, struct err *e)
{
	struct tls_ctx *c = tls__ctx_new(&conf->tls, false, e);

	if (!c)
		return NULL;
	c->verify = p->verify;
	c->set = OPENSSL_zalloc(sizeof(*c->set));
	if (!c->set)
		err_set(e, ENOMEM, "tls: no memory for a context");
	c->ssl = c->set ? tls__ssl_ctx(&conf->tls, c, e) : NULL;
	if (!c->ssl)
		goto fail;
	c->set[c->n_sets++] = (struct tls_set){0, c->ssl};
	if (!p->forget)
		tls__sessions_use(c->ssl);
	SSL_CTX_set_alpn_protos(c->ssl, alpn, sizeof(alpn) - 1);
	if (p->verify) {
		SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
		if (ca_use(c->ssl, p, e))
			goto fail;
	}
	if (identity_use(c->ssl, p, e) == 0)
		return c;
fail:
	tls_ctx_put(c);
	return NULL;
}
