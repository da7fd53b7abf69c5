/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A listener's certificates. libssl holds one certificate of each kind of key in an SSL_CTX and
 * chooses by what the client can verify; so certificates that share a name and differ in their kind
 * of key are put into one set, a set is an SSL_CTX, and the client's SNI chooses the set.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "tls/tls_hs_priv.h"

static const uint8_t alpn[] = "\x08http/1.1";

/* RFC 7301 3.2: no protocol in common is fatal; a client without ALPN is fine. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n_out,
	const unsigned char *in, unsigned n, void *arg)
{
	return SSL_select_next_proto((unsigned char **)out, n_out, alpn, sizeof(alpn) - 1, in, n) ==
			       OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int sni_compare(const void *a, const void *b)
{
	return strcmp(((const struct tls_sni *)a)->name, ((const struct tls_sni *)b)->name);
}

static SSL_CTX *sni_exact(const struct tls_ctx *c, char *name)
{
	struct tls_sni key = {.name = name};
	struct tls_sni *hit = bsearch(&key, c->sni, c->n_sni, sizeof(*c->sni), sni_compare);

	return hit ? hit->ssl : NULL;
}

/* The name itself, else the wildcard over its first label (RFC 6125 6.4.3). */
static SSL_CTX *sni_find(const struct tls_ctx *c, const char *asked)
{
	char name[TLS_HS_NAME], *dot;
	size_t n = strlen(asked);
	SSL_CTX *hit;

	if (n >= sizeof(name))
		return NULL;
	for (size_t i = 0; i <= n; i++)
		name[i] = (char)tolower((unsigned char)asked[i]);
	hit = sni_exact(c, name);
	dot = strchr(name, '.');
	if (hit || !dot || dot == name)
		return hit;
	dot[-1] = '*';
	return sni_exact(c, dot - 1);
}

/* An unknown name gets the first certificate: the client knows best whether it will do. It is
 * acknowledged all the same, or a resumed session of TLS 1.2 would not tell it (RFC 6066 3). */
static int on_sni(SSL *ssl, int *alert, void *arg)
{
	struct tls_ctx *c = arg;
	struct tls_hs *h = SSL_get_app_data(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *set;

	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	strncpy(h->result.name, name, sizeof(h->result.name) - 1);
	set = sni_find(c, name);
	if (set && set != SSL_get_SSL_CTX(ssl))
		SSL_set_SSL_CTX(ssl, set);
	return SSL_TLSEXT_ERR_OK;
}

static int on_status(SSL *ssl, void *arg)
{
	const struct tls_ctx *c = arg;
	const X509 *leaf = SSL_get_certificate(ssl);
	uint8_t *der;

	for (unsigned i = 0; i < c->n_staples; i++) {
		const struct tls_staple *s = &c->staple[i];

		if (s->leaf != leaf)
			continue;
		der = OPENSSL_memdup(s->der, (size_t)s->n); /* ssl's */
		if (der && SSL_set_tlsext_status_ocsp_resp(ssl, der, s->n) == 1)
			return SSL_TLSEXT_ERR_OK;
		OPENSSL_free(der);
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* The certificates of a listener while its sets are made. */
struct rack {
	struct tls_ctx *ctx;
	const struct conf *conf;
	const struct conf_listener *l;
	struct tls_cert cert[CONF_LISTEN_CERTS_MAX];
	unsigned n;
};

static bool has_name(const struct tls_cert *c, const char *name)
{
	for (unsigned i = 0; i < c->n_names; i++)
		if (strcmp(c->name[i], name) == 0)
			return true;
	return false;
}

/* Bit i: certificate i is in the set for name; the first of its kind of key. */
static uint32_t set_of(const struct rack *r, const char *name)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < r->n; i++) {
		bool taken = false;

		for (unsigned k = 0; k < i; k++)
			taken |= (set >> k & 1) && EVP_PKEY_get_base_id(r->cert[k].key) ==
							   EVP_PKEY_get_base_id(r->cert[i].key);
		if (!taken && has_name(&r->cert[i], name))
			set |= 1u << i;
	}
	return set;
}

static int client_cert_use(SSL_CTX *ssl, const struct conf_listener *l, struct err *e)
{
	int mode = SSL_VERIFY_PEER;
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);

	if (l->client_cert == CONF_CLIENT_CERT_OFF)
		return 0;
	if (l->client_cert == CONF_CLIENT_CERT_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ssl, mode, NULL);
	SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(l->client_ca));
	if (!SSL_CTX_get_client_CA_list(ssl) || SSL_CTX_load_verify_file(ssl, l->client_ca) != 1)
		return err_set(e, EINVAL, "%s:%u: [listener %s] client-ca: %s: %s", l->at.file,
			l->at.line, l->name, l->client_ca, tls__ssl_error());
	if (!l->client_crl)
		return 0;
	if (X509_STORE_load_file(store, l->client_crl) != 1)
		return err_set(e, EINVAL, "%s:%u: [listener %s] client-crl: %s: %s", l->at.file,
			l->at.line, l->name, l->client_crl, tls__ssl_error());
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return 0;
}

static void digest_file(EVP_MD_CTX *md, const char *path)
{
	BIO *b = BIO_new_file(path, "r");
	uint8_t part[4096];
	int n;

	while (b && (n = BIO_read(b, part, sizeof(part))) > 0)
		EVP_DigestUpdate(md, part, (size_t)n);
	BIO_free(b);
}

/* A session is good for the listener that made it, and for what that asks of clients today: no
 * listener, and no reload, lets in by a ticket whom it would not let in by a full handshake. */
static bool session_context_set(SSL_CTX *ssl, const struct conf_listener *l)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE], mode = (uint8_t)l->client_cert;
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(md, &mode, 1) == 1 &&
		  EVP_DigestUpdate(md, l->name, strlen(l->name) + 1) == 1;

	if (ok && mode != CONF_CLIENT_CERT_OFF)
		digest_file(md, l->client_ca);
	ok = ok && EVP_DigestFinal_ex(md, digest, NULL) == 1 &&
	     SSL_CTX_set_session_id_context(ssl, digest, SSL_MAX_SID_CTX_LENGTH) == 1;
	EVP_MD_CTX_free(md);
	return ok;
}

static SSL_CTX *set_make(struct rack *r, uint32_t set, struct err *e)
{
	SSL_CTX *ssl = tls__ssl_ctx(&r->conf->tls, r->ctx, e);

	if (!ssl)
		return NULL;
	SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(ssl, on_sni);
	SSL_CTX_set_tlsext_servername_arg(ssl, r->ctx);
	SSL_CTX_set_tlsext_status_cb(ssl, on_status);
	SSL_CTX_set_tlsext_status_arg(ssl, r->ctx);
	for (unsigned i = 0; i < r->n; i++)
		if (set >> i & 1 && tls__cert_use(ssl, r->l->cert[i], &r->cert[i], e))
			goto fail;
	if (!session_context_set(ssl, r->l)) {
		err_set(e, ENOMEM, "%s", tls__ssl_error());
		goto fail;
	}
	tls__tickets_use(ssl, r->ctx);
	if (client_cert_use(ssl, r->l, e) == 0)
		return ssl;
fail:
	SSL_CTX_free(ssl);
	return NULL;
}

/* The set's SSL_CTX, made when it is new. */
static SSL_CTX *set_get(struct rack *r, uint32_t set, struct err *e)
{
	struct tls_ctx *c = r->ctx;
	SSL_CTX *ssl;

	for (unsigned i = 0; i < c->n_sets; i++)
		if (c->set[i].certs == set)
			return c->set[i].ssl;
	ssl = set_make(r, set, e);
	if (ssl)
		c->set[c->n_sets++] = (struct tls_set){set, ssl};
	return ssl;
}

static int sni_add(struct rack *r, const char *name, struct err *e)
{
	struct tls_ctx *c = r->ctx;
	struct tls_sni *s = &c->sni[c->n_sni];

	for (unsigned i = 0; i < c->n_sni; i++)
		if (strcmp(c->sni[i].name, name) == 0)
			return 0;
	s->ssl = set_get(r, set_of(r, name), e);
	if (!s->ssl)
		return -EINVAL;
	s->name = OPENSSL_strdup(name);
	if (!s->name)
		return err_set(e, ENOMEM, "tls: no memory for certificates");
	c->n_sni++;
	return 0;
}

static int sets_make(struct rack *r, struct err *e)
{
	struct tls_ctx *c = r->ctx;
	unsigned n_names = 0, n_sets = 1;
	int rc = 0;

	for (unsigned i = 0; i < r->n; i++)
		n_names += r->cert[i].n_names;
	n_sets += n_names; /* at most one a name */
	c->sni = OPENSSL_zalloc((n_names + 1) * sizeof(*c->sni));
	c->set = OPENSSL_zalloc(n_sets * sizeof(*c->set));
	if (!c->sni || !c->set)
		return err_set(e, ENOMEM, "tls: no memory for certificates");
	/* whoever asks for nothing gets the first certificate, and those beside it */
	c->ssl = set_get(r, r->cert[0].n_names ? set_of(r, r->cert[0].name[0]) : 1, e);
	if (!c->ssl)
		return -EINVAL;
	for (unsigned i = 0; i < r->n; i++)
		for (unsigned k = 0; k < r->cert[i].n_names && rc == 0; k++)
			rc = sni_add(r, r->cert[i].name[k], e);
	if (rc == 0)
		qsort(c->sni, c->n_sni, sizeof(*c->sni), sni_compare);
	return rc;
}

/* A response moves from its certificate to the context. */
static void staples_take(struct rack *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		struct tls_cert *c = &r->cert[i];

		if (!c->ocsp)
			continue;
		r->ctx->staple[r->ctx->n_staples++] =
			(struct tls_staple){c->leaf, c->ocsp, c->n_ocsp};
		c->ocsp = NULL;
	}
}

struct tls_ctx *tls_ctx_server(const struct conf *conf, const struct conf_listener *l,
	struct tls_tickets *tickets, struct err *e)
{
	struct rack r = {.conf = conf, .l = l};
	int rc = 0;

	r.ctx = tls__ctx_new(&conf->tls, true, e);
	if (!r.ctx)
		return NULL;
	/* a certificate that is revoked later must not live on in a session */
	r.ctx->tickets = l->client_crl ? NULL : tickets;
	for (; r.n < l->n_cert && rc == 0; r.n += rc == 0)
		rc = tls__cert_load(l->cert[r.n], &r.cert[r.n], e);
	if (rc == 0)
		rc = sets_make(&r, e);
	staples_take(&r);
	while (r.n)
		tls__cert_free(&r.cert[--r.n]);
	if (rc == 0)
		return r.ctx;
	tls_ctx_put(r.ctx);
	return NULL;
}
