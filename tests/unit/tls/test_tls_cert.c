/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with a certificate is said in one line, with its section. */
#include "pki.h"
#include "tls/tls_ctx.h"
#include "unit.h"

#define DAY 86400

static struct pki root, middle, leaf, rsa;
static struct err e, warn;
static struct tls_cert_facts facts;
static int64_t now;

static void setup(void)
{
	now = time(NULL);
	if (root.x)
		return;
	root = pki_make((struct pki_spec){.cn = "root", .ca = true, .days = 3650});
	middle = pki_make((struct pki_spec){.cn = "middle", .ca = true, .issuer = &root});
	leaf = pki_make((struct pki_spec){.cn = "s3.example",
		.san = "DNS:S3.example,DNS:*.s3.example,IP:10.0.0.1,IP:2001:db8::1",
		.issuer = &middle});
	rsa = pki_make((struct pki_spec){.cn = "rsa", .rsa = true});
}

static int check(const char *chain, const char *key)
{
	struct conf_certificate c = pki_conf("s3", chain, key);

	e.text[0] = '\0';
	memset(&facts, 0, sizeof(facts));
	return tls_cert_check(&c, now, &facts, &e, &warn);
}

#define SAYS(err, want) CU_ASSERT_PTR_NOT_NULL(strstr((err).text, want))

static void good(void)
{
	setup();
	CU_ASSERT_EQUAL(check(pki_chain_file(&leaf, &middle, &root, NULL), pki_key_file(&leaf)), 0);
	CU_ASSERT_STRING_EQUAL(facts.subject, "CN=s3.example,O=Penstock");
	CU_ASSERT_STRING_EQUAL(facts.issuer, "CN=middle,O=Penstock");
	CU_ASSERT_STRING_EQUAL(facts.names, "S3.example, *.s3.example, 10.0.0.1, 2001:db8::1");
	CU_ASSERT_STRING_EQUAL(facts.key, "ECDSA P-256");
	CU_ASSERT(facts.not_before < now && facts.not_before > now - 2 * DAY);
	CU_ASSERT(facts.not_after > now + 364 * DAY && facts.not_after < now + 366 * DAY);
	CU_ASSERT_STRING_EQUAL(warn.text, "");
}

static void self_signed(void)
{
	setup();
	CU_ASSERT_EQUAL(check(pki_chain_file(&rsa, NULL), pki_key_file(&rsa)), 0);
	CU_ASSERT_STRING_EQUAL(facts.key, "RSA 2048");
	SAYS(warn, "has no names (subjectAltName)");
}

static void weak(void)
{
	struct pki c = pki_make((struct pki_spec){.cn = "weak", .rsa = true, .weak = true});

	setup();
	CU_ASSERT(check(pki_chain_file(&c, NULL), pki_key_file(&c)) < 0);
	SAYS(e, "t.ini:7: [certificate s3] chain: ee key too small");
	pki_free(&c);
}

static void other_key(void)
{
	setup();
	CU_ASSERT(check(pki_chain_file(&leaf, &middle, NULL), pki_key_file(&middle)) < 0);
	SAYS(e, "t.ini:7: [certificate s3] key: /proc/self/fd/");
	SAYS(e, "is not of the certificate in");
	CU_ASSERT(check(pki_chain_file(&leaf, &middle, NULL), pki_key_file(&rsa)) < 0);
	SAYS(e, "is not of the certificate in");
}

static void gap(void)
{
	setup();
	CU_ASSERT(check(pki_chain_file(&leaf, &root, NULL), pki_key_file(&leaf)) < 0);
	SAYS(e, "t.ini:7: [certificate s3] chain: certificate 1 is not signed by the next one "
		"(CN=root,O=Penstock): CN=middle,O=Penstock is missing");
	CU_ASSERT(check(pki_chain_file(&leaf, &root, &middle, NULL), pki_key_file(&leaf)) < 0);
	/* it may be that the file just ends */
	CU_ASSERT_EQUAL(check(pki_chain_file(&leaf, NULL), pki_key_file(&leaf)), 0);
	SAYS(warn, "[certificate s3] chain: ends below CN=middle,O=Penstock, which is no root");
}

static void times(void)
{
	const char *chain, *key;

	setup();
	chain = pki_chain_file(&leaf, &middle, &root, NULL);
	key = pki_key_file(&leaf);
	now += 340 * DAY + 3600;
	CU_ASSERT_EQUAL(check(chain, key), 0);
	SAYS(warn, "t.ini:7: [certificate s3] chain: CN=s3.example,O=Penstock expires on ");
	SAYS(warn, "in 24 days");
	now += 30 * DAY;
	CU_ASSERT(check(chain, key) < 0);
	SAYS(e, "t.ini:7: [certificate s3] chain: CN=s3.example,O=Penstock expired on ");
	now -= 400 * DAY;
	CU_ASSERT(check(chain, key) < 0);
	SAYS(e, "CN=s3.example,O=Penstock is not valid before ");
}

/* An intermediate that ends first takes the leaf with it. */
static void middle_ends(void)
{
	struct pki old, young;

	setup();
	old = pki_make((struct pki_spec){.cn = "old", .ca = true, .issuer = &root, .days = 10});
	young = pki_make((struct pki_spec){.cn = "y", .san = "DNS:y", .issuer = &old});
	CU_ASSERT_EQUAL(check(pki_chain_file(&young, &old, NULL), pki_key_file(&young)), 0);
	SAYS(warn, "CN=old,O=Penstock expires on ");
	now += 20 * DAY;
	CU_ASSERT(check(pki_chain_file(&young, &old, NULL), pki_key_file(&young)) < 0);
	SAYS(e, "CN=old,O=Penstock expired on ");
	pki_free(&old);
	pki_free(&young);
}

static void files(void)
{
	BIO *b = BIO_new(BIO_s_mem());
	const char *locked;

	setup();
	CU_ASSERT(check("/nonexistent", pki_key_file(&leaf)) < 0);
	CU_ASSERT_STRING_EQUAL(e.text, "t.ini:7: [certificate s3] chain: /nonexistent: "
				       "No such file or directory");
	CU_ASSERT(check(pki_chain_file(&leaf, NULL), "/nonexistent") < 0);
	SAYS(e, "key: /nonexistent: No such file");
	CU_ASSERT(check(pki_text_file("hello\n"), pki_key_file(&leaf)) < 0);
	SAYS(e, "no certificate in it (PEM)");
	CU_ASSERT(check(pki_key_file(&leaf), pki_chain_file(&leaf, NULL)) < 0);
	CU_ASSERT(check(pki_chain_file(&leaf, NULL), pki_chain_file(&leaf, NULL)) < 0);
	SAYS(e, "no private key in it (PEM, not encrypted)");
	PEM_write_bio_PKCS8PrivateKey(b, leaf.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
	locked = pki_path(b);
	CU_ASSERT(check(pki_chain_file(&leaf, NULL), locked) < 0);
	SAYS(e, "no private key in it (PEM, not encrypted)");
}

static const struct unit_case cases[] = {
	UNIT_CASE(good),
	UNIT_CASE(self_signed),
	UNIT_CASE(weak),
	UNIT_CASE(other_key),
	UNIT_CASE(gap),
	UNIT_CASE(times),
	UNIT_CASE(middle_ends),
	UNIT_CASE(files),
};
UNIT_MAIN(cases)
