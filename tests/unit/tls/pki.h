/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates made for a test, in files that only this process sees. */
#ifndef PKI_H
#define PKI_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "conf/conf.h"

struct pki {
	X509 *x;
	EVP_PKEY *key;
};

struct pki_spec {
	const char *cn;
	const char *san;          /* "DNS:a.example,IP:10.0.0.1", or NULL */
	const struct pki *issuer; /* NULL: itself */
	bool rsa, ca;
	bool weak;      /* a key that is too short */
	int from, days; /* from now; 0 days: a year */
};

/* A path that is open()ed again and again; it lives as long as the process. */
static inline const char *pki_path(BIO *b)
{
	static char path[256][32];
	static unsigned n;
	char *p;
	long len = BIO_get_mem_data(b, &p);
	int fd = memfd_create("pki", MFD_CLOEXEC);

	if (n == 256 || fd < 0 || write(fd, p, (size_t)len) != len)
		abort();
	BIO_free(b);
	snprintf(path[n], sizeof(path[0]), "/proc/self/fd/%d", fd);
	return path[n++];
}

static inline const char *pki_text_file(const char *text)
{
	BIO *b = BIO_new(BIO_s_mem());

	BIO_puts(b, text);
	return pki_path(b);
}

/* A file of the given certificates, NULL at the end. */
static inline const char *pki_chain_file(const struct pki *first, ...)
{
	BIO *b = BIO_new(BIO_s_mem());
	va_list ap;

	va_start(ap, first);
	for (const struct pki *c = first; c; c = va_arg(ap, const struct pki *))
		PEM_write_bio_X509(b, c->x);
	va_end(ap);
	return pki_path(b);
}

static inline const char *pki_key_file(const struct pki *c)
{
	BIO *b = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(b, c->key, NULL, NULL, 0, NULL, NULL);
	return pki_path(b);
}

static inline void pki_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX v;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&v, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &v, nid, value);
	if (!ext)
		abort();
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static inline struct pki pki_make(struct pki_spec s)
{
	static long serial;
	struct pki c = {
		X509_new(), s.rsa ? EVP_RSA_gen(s.weak ? 1024 : 2048) : EVP_EC_gen("P-256")};
	struct pki by = s.issuer ? *s.issuer : c;
	X509_NAME *name = X509_get_subject_name(c.x);

	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), ++serial);
	X509_time_adj_ex(X509_getm_notBefore(c.x), s.from ? s.from : -1, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(c.x), s.days ? s.days : 365, 0, NULL);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"Penstock", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)s.cn, -1, -1, 0);
	X509_set_issuer_name(c.x, X509_get_subject_name(by.x));
	X509_set_pubkey(c.x, c.key);
	pki_extension(c.x, by.x, NID_basic_constraints, s.ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (s.ca)
		pki_extension(c.x, by.x, NID_key_usage, "critical,keyCertSign,cRLSign");
	if (s.san)
		pki_extension(c.x, by.x, NID_subject_alt_name, s.san);
	X509_sign(c.x, by.key, EVP_sha256());
	return c;
}

static inline void pki_free(struct pki *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
}

/* As the section [certificate NAME] at "t.ini:7". */
static inline struct conf_certificate pki_conf(const char *name, const char *chain, const char *key)
{
	return (struct conf_certificate){
		.name = name, .at = {"t.ini", 7}, .chain = chain, .key = key};
}

/* A CRL of ca's, with the given certificate (or none). */
static inline const char *pki_crl_file(const struct pki *ca, const struct pki *revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, time(NULL) - 3600);
	X509_REVOKED *r = X509_REVOKED_new();
	BIO *b = BIO_new(BIO_s_mem());

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x));
	X509_CRL_set1_lastUpdate(crl, t);
	ASN1_TIME_set(t, time(NULL) + 86400);
	X509_CRL_set1_nextUpdate(crl, t);
	if (revoked) {
		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked->x));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	} else
		X509_REVOKED_free(r);
	X509_CRL_sort(crl);
	X509_CRL_sign(crl, ca->key, EVP_sha256());
	PEM_write_bio_X509_CRL(b, crl);
	X509_CRL_free(crl);
	ASN1_TIME_free(t);
	return pki_path(b);
}

#endif
