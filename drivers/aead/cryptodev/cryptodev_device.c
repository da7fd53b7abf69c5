/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "cryptodev_device.h"

#define MAX_PAIRS 64
/* What messages in several mbufs ask for: both in place, and a destination apart by copying. */
#define NEEDS (RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_IN_PLACE_SGL)

static struct device {
	uint64_t taken; /* a bit for each queue pair */
	uint16_t n_pairs;
	bool plugged; /* here, so it is unplugged here */
} devices[RTE_CRYPTO_MAX_DEVS];

static const enum rte_crypto_aead_algorithm algorithms[AEAD_ALGS] = {
	[AEAD_AES_128_GCM] = RTE_CRYPTO_AEAD_AES_GCM,
	[AEAD_AES_256_GCM] = RTE_CRYPTO_AEAD_AES_GCM,
	[AEAD_CHACHA20_POLY1305] = RTE_CRYPTO_AEAD_CHACHA20_POLY1305,
};

/* "3b:01.0" is "0000:3b:01.0"; what follows a comma is for the device. */
static bool named(const char *bus, const char *name)
{
	size_t n = strcspn(name, ","), len = strlen(bus);

	return len >= n && strncmp(bus + len - n, name, n) == 0 &&
	       (len == n || bus[len - n - 1] == ':');
}

/* One PCI function may be several crypto devices ("0000:3b:01.0_qat_sym", "..._qat_asym"). */
static bool find(struct device_pair *p, const char *name)
{
	for (p->dev = 0; p->dev < RTE_CRYPTO_MAX_DEVS; p->dev++) {
		if (!rte_cryptodev_is_valid_dev(p->dev))
			continue;
		rte_cryptodev_info_get(p->dev, &p->info);
		if ((p->info.feature_flags & RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO) &&
			named(rte_dev_name(p->info.device), name))
			return true;
	}
	return false;
}

static int plug(struct device_pair *p, const char *name, struct err *e)
{
	if (find(p, name))
		return 0;
	if (rte_dev_probe(name))
		return err_set(e, ENODEV, "there is no crypto device %s: see DPDK's log", name);
	if (!find(p, name))
		return err_set(e, ENODEV, "%s does no symmetric cryptography", name);
	devices[p->dev].plugged = true;
	return 0;
}

static void unplug(const struct device_pair *p)
{
	if (devices[p->dev].plugged)
		rte_dev_remove(p->info.device);
	devices[p->dev] = (struct device){0};
}

/* Queue pairs cannot be added while a device runs: all there are, for those who come later. */
static int start(struct device_pair *p, int socket, struct err *e)
{
	struct device *d = &devices[p->dev];
	const struct rte_cryptodev_qp_conf qp = {.nb_descriptors = DEVICE_DEPTH * 2};
	struct rte_cryptodev_config conf = {.socket_id = socket,
		.nb_queue_pairs = (uint16_t)RTE_MIN(p->info.max_nb_queue_pairs, MAX_PAIRS),
		.ff_disable = RTE_CRYPTODEV_FF_ASYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_SECURITY};
	int rc;

	if ((p->info.feature_flags & NEEDS) != NEEDS)
		return err_set(
			e, ENOTSUP, "%s does not work on chains of buffers", p->info.driver_name);
	rc = rte_cryptodev_configure(p->dev, &conf);
	for (d->n_pairs = 0; rc == 0 && d->n_pairs < conf.nb_queue_pairs; d->n_pairs++)
		rc = rte_cryptodev_queue_pair_setup(p->dev, d->n_pairs, &qp, socket);
	if (rc == 0)
		rc = rte_cryptodev_start(p->dev);
	return rc ? err_set(e, -rc, "%s: %s", p->info.driver_name, rte_strerror(-rc)) : 0;
}

int device_take(struct device_pair *p, const char *name, int socket, struct err *e)
{
	struct device *d;
	int rc = plug(p, name, e);

	if (rc)
		return rc;
	d = &devices[p->dev];
	if (!d->taken)
		rc = start(p, socket, e);
	if (rc) {
		unplug(p);
		return rc;
	}
	for (p->pair = 0; d->taken >> p->pair & 1; p->pair++)
		if (p->pair + 1 == d->n_pairs)
			return err_set(
				e, ENOSPC, "%s has queues for %u workers only", name, d->n_pairs);
	d->taken |= 1ull << p->pair;
	return 0;
}

void device_give(const struct device_pair *p)
{
	struct device *d = &devices[p->dev];

	d->taken &= ~(1ull << p->pair);
	if (d->taken)
		return;
	rte_cryptodev_stop(p->dev);
	unplug(p);
}

bool device_does(const struct device_pair *p, enum aead_alg alg)
{
	const struct rte_cryptodev_sym_capability_idx idx = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD, .algo.aead = algorithms[alg]};
	const struct rte_cryptodev_symmetric_capability *c =
		rte_cryptodev_sym_capability_get(p->dev, &idx);
	uint16_t key = (uint16_t)aead_key_bytes(alg);

	/* the additional data of TLS 1.3 and 1.2 */
	return c && rte_cryptodev_sym_capability_check_aead(c, key, AEAD_TAG, 5, AEAD_NONCE) == 0 &&
	       rte_cryptodev_sym_capability_check_aead(c, key, AEAD_TAG, 13, AEAD_NONCE) == 0;
}

struct rte_crypto_sym_xform device_xform(const struct aead_spec *spec)
{
	return (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = {
			.op = spec->seal ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT,
			.algo = algorithms[spec->alg],
			.key.length = (uint16_t)aead_key_bytes(spec->alg),
			.iv.length = AEAD_NONCE,
			.digest_length = AEAD_TAG,
			.aad_length = spec->n_aad,
		}};
}
