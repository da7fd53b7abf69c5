/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as the beginning of a client's stream: the parser says the same of them whether they
 * come one by one or at once, asks for more only where more could help, and a name that it gives is
 * one in lower case.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "tls/tls_hello.h"

#define IN_MAX 20000

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int look(const uint8_t *data, size_t n, struct tls_hello *out)
{
	static uint8_t scratch[TLS_HELLO_MAX];
	/* of just that size, so that a read beyond it shows */
	char *copy = malloc(n + 1);
	int rc;

	must(copy != NULL);
	if (n)
		memcpy(copy + 1, data, n);
	rc = tls_hello_parse((struct span){copy + 1, n}, scratch, out);
	free(copy);
	must(rc >= -EPROTO && rc <= TLS_HELLO_MAX && (rc <= 0 || (size_t)rc > n));
	must((rc == -EPROTO) == (out->alert != 0));
	return rc;
}

static void name_check(const char *name)
{
	size_t n = strlen(name);

	must(n < TLS_HELLO_NAME);
	for (size_t i = 0; i < n; i++)
		must(!isupper((unsigned char)name[i]) &&
			(isalnum((unsigned char)name[i]) || strchr("-_.", name[i])));
	must(n == 0 || (name[0] != '.' && name[n - 1] != '.'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole, part;
	size_t n = size > IN_MAX ? IN_MAX : size;
	int rc = look(data, n, &whole), more = 1;

	/* as a connection does: not again before what was asked for is there */
	while (more > 0 && (size_t)more <= n)
		more = look(data, (size_t)more, &part);
	must((more == 0) == (rc == 0));
	if (rc < 0 || more > 0)
		return 0;
	name_check(whole.name);
	must(strcmp(whole.name, part.name) == 0 && whole.alpn == part.alpn);
	return 0;
}
