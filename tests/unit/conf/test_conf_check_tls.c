/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

static void tls(void)
{
	golden("tls");
}

static void sni(void)
{
	golden("sni");
}

/* What another value makes necessary. */
static void needs(void)
{
	expect_errors(PORT "[tls]\naead = cryptodev\n",
		"t.ini:4: [tls] aead-device: missing with aead = cryptodev, allowed: a PCI address "
		"or a vdev, as crypto_aesni_gcm0\n");
	expect_errors(PORT "[certificate c]\nchain = c\nkey = c\n"
			   "[listener l]\naddress = 10.0.0.1:443\npool = p\ncertificate = c\n"
			   "client-certificate = required\n[pool p]\nmember = a 10.0.0.2:80\n",
		"t.ini:7: [listener l] client-ca: missing with client-certificate, allowed: a file "
		"in PEM\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(tls),
	UNIT_CASE(sni),
	UNIT_CASE(needs),
};

UNIT_MAIN(cases)
