/* SPDX-License-Identifier: BSD-3-Clause */
/* A crypto device that several instances share, each with a queue pair of its own. Control path. */
#ifndef CRYPTODEV_DEVICE_H
#define CRYPTODEV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_cryptodev.h>

#include "aead/aead.h"

#define DEVICE_DEPTH 64 /* messages that a queue pair holds */

struct device_pair {
	struct rte_cryptodev_info info;
	uint8_t dev;
	uint16_t pair;
};

/* Find the device of this name or PCI address, plug it in if it is not there, start it if it is not
 * started, and take a queue pair. 0 or -errno with e set. */
int device_take(struct device_pair *p, const char *name, int socket, struct err *e);
/* The last one of a device stops it, and unplugs what was plugged in here. */
void device_give(const struct device_pair *p);

bool device_does(const struct device_pair *p, enum aead_alg alg);
/* What a session is made of; key and IV offset are the caller's. */
struct rte_crypto_sym_xform device_xform(const struct aead_spec *spec);

#endif
