/* SPDX-License-Identifier: BSD-3-Clause */
/* Every driver of the class lib/aead. Libraries are handed one of these by the app. */
#ifndef AEAD_DRIVERS_H
#define AEAD_DRIVERS_H

#include "aead/aead.h"

extern const struct aead_driver aead_ipsec_mb, aead_openssl, aead_cryptodev;

/* By the name that the operator's file has, or NULL. */
const struct aead_driver *aead_driver_find(const char *name);

#endif
