/* SPDX-License-Identifier: BSD-3-Clause */
/* A chain and its key from PEM files: read, checked, and told to the operator. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/ip.h"
#include "tls/tls_hs_priv.h"

#define DAY       86400
#define WARN_DAYS 30

/* "FILE:LINE: [certificate NAME] KEY: what"; returns -code. */
__attribute__((format(printf, 5, 6))) static int fault(const struct conf_certificate *cert,
	const char *key, int code, struct err *e, const char *fmt, ...)
{
	char what[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(e, code, "%s:%u: [certificate %s] %s: %s", cert->at.file, cert->at.line,
		cert->name, key, what);
}

/* An encrypted key has no operator to ask. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static BIO *file_open(
	const struct conf_certificate *cert, const char *key, const char *path, struct err *e)
{
	BIO *b = BIO_new_file(path, "r");

	if (!b)
		fault(cert, key, errno, e, "%s: %s", path, strerror(errno));
	ERR_clear_error();
	return b;
}

static int chain_read(const struct conf_certificate *cert, struct tls_cert *out, struct err *e)
{
	BIO *b = file_open(cert, "chain", cert->chain, e);
	X509 *x;

	if (!b)
		return -ENOENT;
	out->leaf = PEM_read_bio_X509(b, NULL, no_password, NULL);
	out->chain = sk_X509_new_null();
	while (out->leaf && out->chain && (x = PEM_read_bio_X509(b, NULL, no_password, NULL)))
		if (!sk_X509_push(out->chain, x))
			X509_free(x);
	ERR_clear_error(); /* "no start line": the end of the file */
	BIO_free(b);
	if (!out->leaf || !out->chain)
		return fault(
			cert, "chain", EINVAL, e, "%s: no certificate in it (PEM)", cert->chain);
	return 0;
}

static int key_read(const struct conf_certificate *cert, struct tls_cert *out, struct err *e)
{
	BIO *b = file_open(cert, "key", cert->key, e);

	if (!b)
		return -ENOENT;
	out->key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	ERR_clear_error();
	BIO_free(b);
	if (!out->key)
		return fault(cert, "key", EINVAL, e,
			"%s: no private key in it (PEM, not encrypted)", cert->key);
	if (X509_check_private_key(out->leaf, out->key) != 1) {
		ERR_clear_error();
		return fault(cert, "key", EINVAL, e, "%s: is not of the certificate in %s",
			cert->key, cert->chain);
	}
	return 0;
}

static const char *name_text(const X509_NAME *n, char *text, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	int len = 0;

	if (b && X509_NAME_print_ex(b, n, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(b, text, (int)size - 1);
	text[len > 0 ? len : 0] = '\0';
	BIO_free(b);
	return text;
}

static bool issued_by(X509 *x, X509 *issuer)
{
	bool ok = X509_check_issued(issuer, x) == X509_V_OK &&
		  X509_verify(x, X509_get0_pubkey(issuer)) == 1;

	ERR_clear_error();
	return ok;
}

/* Each is signed by the next: RFC 8446 4.4.2 allows another order, but a gap looks the same. */
static int chain_check(const struct conf_certificate *cert, const struct tls_cert *c, struct err *e)
{
	X509 *x = c->leaf;
	char issuer[128], next[128];

	for (int i = 0; i < sk_X509_num(c->chain); i++) {
		X509 *up = sk_X509_value(c->chain, i);

		if (!issued_by(x, up))
			return fault(cert, "chain", EINVAL, e,
				"certificate %d is not signed by the next one (%s): %s is missing",
				i + 1, name_text(X509_get_subject_name(up), next, sizeof(next)),
				name_text(X509_get_issuer_name(x), issuer, sizeof(issuer)));
		x = up;
	}
	return 0;
}

/* RFC 6960, as DER; stapled as it is, whether it is still good is the client's to say. */
static int ocsp_read(const struct conf_certificate *cert, struct tls_cert *out, struct err *e)
{
	BIO *b = file_open(cert, "ocsp", cert->ocsp, e);
	OCSP_RESPONSE *r = b ? d2i_OCSP_RESPONSE_bio(b, NULL) : NULL;
	int n = r && OCSP_response_status(r) == OCSP_RESPONSE_STATUS_SUCCESSFUL
			? i2d_OCSP_RESPONSE(r, &out->ocsp)
			: 0;

	BIO_free(b);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	out->n_ocsp = n;
	if (!b)
		return -ENOENT;
	return n > 0 ? 0
		     : fault(cert, "ocsp", EINVAL, e, "%s: no successful OCSP response (DER)",
			       cert->ocsp);
}

/* Lower case; a name with a NUL inside is none. */
static char *dns_name(const ASN1_IA5STRING *s)
{
	int n = ASN1_STRING_length(s);
	char *name = OPENSSL_strndup((const char *)ASN1_STRING_get0_data(s), (size_t)n);

	for (char *p = name; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (name && (int)strlen(name) == n)
		return name;
	OPENSSL_free(name);
	return NULL;
}

static int names_read(struct tls_cert *out)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(out->leaf, NID_subject_alt_name, NULL, NULL);
	int n = sk_GENERAL_NAME_num(all);

	out->name = OPENSSL_zalloc((size_t)(n > 0 ? n : 1) * sizeof(*out->name));
	for (int i = 0; out->name && i < n; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		if (g->type == GEN_DNS && (out->name[out->n_names] = dns_name(g->d.dNSName)))
			out->n_names++;
	}
	GENERAL_NAMES_free(all);
	return out->name ? 0 : -ENOMEM;
}

void tls__cert_free(struct tls_cert *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	for (unsigned i = 0; i < c->n_names; i++)
		OPENSSL_free(c->name[i]);
	OPENSSL_free(c->name);
	OPENSSL_free(c->ocsp);
	*c = (struct tls_cert){0};
}

int tls__cert_load(const struct conf_certificate *cert, struct tls_cert *out, struct err *e)
{
	int rc;

	*out = (struct tls_cert){0};
	rc = chain_read(cert, out, e);
	if (rc == 0)
		rc = key_read(cert, out, e);
	if (rc == 0)
		rc = chain_check(cert, out, e);
	if (rc == 0 && cert->ocsp)
		rc = ocsp_read(cert, out, e);
	if (rc == 0 && names_read(out))
		rc = fault(cert, "chain", ENOMEM, e, "no memory");
	if (rc)
		tls__cert_free(out);
	return rc;
}

int tls__cert_use(
	SSL_CTX *ssl, const struct conf_certificate *cert, struct tls_cert *c, struct err *e)
{
	if (SSL_CTX_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) != 1)
		return fault(cert, "chain", EINVAL, e, "%s", tls__ssl_error());
	return 0;
}

int64_t tls__unix_time(const ASN1_TIME *t)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static const char *date_text(int64_t when, char *text, size_t size)
{
	time_t t = (time_t)when;
	struct tm tm;

	strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&t, &tm));
	return text;
}

static void key_text(const EVP_PKEY *key, char *text, size_t size)
{
	int kind = EVP_PKEY_get_base_id(key), bits = EVP_PKEY_get_bits(key);

	if (kind == EVP_PKEY_EC)
		snprintf(text, size, "ECDSA P-%d", bits);
	else if (kind == EVP_PKEY_RSA)
		snprintf(text, size, "RSA %d", bits);
	else
		snprintf(text, size, "%s", OBJ_nid2sn(kind));
}

/* DNS names and addresses, ", " between, as much as there is room for. */
static void names_text(const X509 *x, char *text, size_t size)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	char ip[IP_ADDR_TEXT];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(all) && at < size; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		const uint8_t *d = ASN1_STRING_get0_data(g->d.ia5);
		int n = ASN1_STRING_length(g->d.ia5);
		struct ip_addr a;

		if (g->type == GEN_DNS) {
			at += (size_t)snprintf(
				text + at, size - at, "%s%.*s", at ? ", " : "", n, (const char *)d);
		} else if (g->type == GEN_IPADD && (n == 4 || n == 16)) {
			a = n == 4 ? ip_from_v4(d) : ip_from_v6(d);
			at += (size_t)snprintf(
				text + at, size - at, "%s%s", at ? ", " : "", ip_addr_text(&a, ip));
		}
	}
	GENERAL_NAMES_free(all);
}

static void facts_fill(const struct tls_cert *c, struct tls_cert_facts *out)
{
	*out = (struct tls_cert_facts){
		.not_before = tls__unix_time(X509_get0_notBefore(c->leaf)),
		.not_after = tls__unix_time(X509_get0_notAfter(c->leaf)),
	};
	name_text(X509_get_subject_name(c->leaf), out->subject, sizeof(out->subject));
	name_text(X509_get_issuer_name(c->leaf), out->issuer, sizeof(out->issuer));
	names_text(c->leaf, out->names, sizeof(out->names));
	key_text(c->key, out->key, sizeof(out->key));
}

/* The chain is as good as that of its certificates which ends first. */
static int time_check(const struct conf_certificate *cert, const struct tls_cert *c, int64_t now,
	struct err *e, struct err *warn)
{
	char name[128], date[32];

	for (int i = -1; i < sk_X509_num(c->chain); i++) {
		const X509 *x = i < 0 ? c->leaf : sk_X509_value(c->chain, i);
		int64_t from = tls__unix_time(X509_get0_notBefore(x));
		int64_t to = tls__unix_time(X509_get0_notAfter(x));

		name_text(X509_get_subject_name(x), name, sizeof(name));
		if (now < from)
			return fault(cert, "chain", EINVAL, e, "%s is not valid before %s", name,
				date_text(from, date, sizeof(date)));
		if (now > to)
			return fault(cert, "chain", EINVAL, e, "%s expired on %s", name,
				date_text(to, date, sizeof(date)));
		if (warn && !warn->text[0] && to - now < WARN_DAYS * DAY)
			fault(cert, "chain", 0, warn, "%s expires on %s, in %d days", name,
				date_text(to, date, sizeof(date)), (int)((to - now) / DAY));
	}
	return 0;
}

/* The last one of the file: a root, or of a root that the system knows; else we cannot tell whether
 * clients know its issuer. */
static void top_check(
	const struct conf_certificate *cert, const struct tls_cert *c, struct err *warn)
{
	int n = sk_X509_num(c->chain);
	X509 *top = n ? sk_X509_value(c->chain, n - 1) : c->leaf, *root = NULL;
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *look = X509_STORE_CTX_new();
	char issuer[128];

	if (store && look && X509_STORE_set_default_paths(store) == 1 &&
		X509_STORE_CTX_init(look, store, NULL, NULL) == 1 && !issued_by(top, top) &&
		X509_STORE_CTX_get1_issuer(&root, look, top) != 1)
		fault(cert, "chain", 0, warn,
			"ends below %s, which is no root of this system: clients must know it",
			name_text(X509_get_issuer_name(top), issuer, sizeof(issuer)));
	X509_free(root);
	X509_STORE_CTX_free(look);
	X509_STORE_free(store);
	ERR_clear_error();
}

/* Does libssl take it? A key may be too short, or of a kind that TLS does not know. */
static int use_check(const struct conf_certificate *cert, struct tls_cert *c, struct err *e)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	int rc;

	if (!ssl)
		return fault(cert, "chain", ENOMEM, e, "%s", tls__ssl_error());
	SSL_CTX_set_security_level(ssl, TLS_SECURITY);
	rc = tls__cert_use(ssl, cert, c, e);
	SSL_CTX_free(ssl);
	return rc;
}

int tls_cert_check(const struct conf_certificate *cert, int64_t now, struct tls_cert_facts *out,
	struct err *e, struct err *warn)
{
	struct tls_cert c;
	int rc = tls__cert_load(cert, &c, e);

	if (rc)
		return rc;
	if (warn)
		warn->text[0] = '\0';
	facts_fill(&c, out);
	rc = use_check(cert, &c, e);
	if (rc == 0)
		rc = time_check(cert, &c, now, e, warn);
	if (rc == 0 && warn && !warn->text[0] && !out->names[0])
		fault(cert, "chain", 0, warn,
			"%s has no names (subjectAltName): no client takes it", out->subject);
	if (rc == 0 && warn && !warn->text[0])
		top_check(cert, &c, warn);
	tls__cert_free(&c);
	return rc;
}
