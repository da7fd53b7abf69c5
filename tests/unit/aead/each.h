/* SPDX-License-Identifier: BSD-3-Clause */
/* Every driver, each in all the ways that this machine can run it. */
#ifndef EACH_H
#define EACH_H

#include "aead/drivers.h"
#include "unit.h"

#define EACH_KEYS 160

static const struct each {
	const char *driver, *args;
	bool optional; /* not every processor has it */
} each[] = {
	{"openssl", "", false}, {"ipsec_mb", "", false}, {"ipsec_mb", "arch=sse", false},
	{"ipsec_mb", "arch=avx", true}, {"ipsec_mb", "arch=avx2", true},
	{"ipsec_mb", "arch=avx512", true},
	{"cryptodev", "crypto_aesni_gcm0", false}, /* chains only in place */
	{"cryptodev", "crypto_aesni_mb0", false},  /* chains apart too */
};

/* Run on each of them, for each algorithm that it does. */
static inline void each_run(void (*run)(struct aead *a, enum aead_alg alg))
{
	struct err e;

	unit_eal();
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		struct aead *a = aead_create(
			aead_driver_find(each[i].driver), each[i].args, EACH_KEYS, -1, &e);

		if (!a)
			printf("[%s %s: %s] ", each[i].driver, each[i].args, e.text);
		CU_ASSERT(a || each[i].optional);
		for (int alg = 0; a && alg < AEAD_ALGS; alg++)
			if (aead_does(a, alg))
				run(a, alg);
		aead_destroy(a);
	}
}

#endif
