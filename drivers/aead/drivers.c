/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "aead/drivers.h"

static const struct aead_driver *const all[] = {&aead_ipsec_mb, &aead_openssl, &aead_cryptodev};

const struct aead_driver *aead_driver_find(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
