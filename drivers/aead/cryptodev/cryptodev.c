/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any DPDK crypto device that can do AEAD on chains of buffers: args is its name
 * ("crypto_aesni_gcm0") or PCI address. An instance has a queue pair, a session for each key, and
 * enough operations and mbufs for a burst; the mbufs never own data, they are pointed at the slices
 * of a message.
 *
 *	aead_op[]  --post-->  rte_crypto_op[]  --enqueue, dequeue-->  reap: ok, tag
 *
 * Not by rte_cryptodev_sym_cpu_crypto_process(): only software devices have it, and those are
 * better served by the driver ipsec_mb.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <rte_crypto.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_memory.h>

#include "aead/drivers.h"
#include "cryptodev_device.h"

#define N_MBUFS  (2 * AEAD_SLICES_MAX) /* at least one message, source and destination */
#define PATIENCE 1u                    /* seconds for a burst; then the device is dead */

/* What a device reads and writes beside the slices, behind each rte_crypto_op. */
struct extra {
	uint8_t nonce[16];
	uint8_t aad[16];
	uint8_t tag[AEAD_TAG];
	struct aead_op *of;
};
#define EXTRA_AT (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))

struct key {
	void *session;
	bool seal;
	uint8_t n_aad;
} __attribute__((aligned(64)));

struct ctx {
	struct device_pair at;
	bool apart; /* the device can write a chain other than it reads */
	bool dead;  /* it kept a burst, and may still write there: nothing is given to it again */
	uint16_t used; /* of mbuf, by the burst */
	struct rte_mempool *sessions, *ops, *mbufs;
	struct rte_crypto_op *op[DEVICE_DEPTH];
	struct rte_mbuf *mbuf[N_MBUFS];
};

static struct extra *extra(struct rte_crypto_op *op)
{
	return rte_crypto_op_ctod_offset(op, struct extra *, EXTRA_AT);
}

/* Sessions hold keys, in DPDK's memory: not for core dumps either. An attempt: what is left of it
 * in a dump is up to the system (a hugepage file is not dumped unless coredump_filter says so). */
static void hide(struct rte_mempool *mp, void *arg, struct rte_mempool_memhdr *mem, unsigned index)
{
	const struct rte_memseg *seg = rte_mem_virt2memseg(mem->addr, NULL);
	size_t page = seg ? seg->hugepage_sz : (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *from = RTE_PTR_ALIGN_FLOOR(mem->addr, page);
	uint8_t *to = RTE_PTR_ALIGN_CEIL(RTE_PTR_ADD(mem->addr, mem->len), page);

	(void)!madvise(from, (size_t)(to - from), MADV_DONTDUMP);
}

static int pools(struct ctx *c, uint32_t n_keys, int socket)
{
	static unsigned serial;
	char name[3][RTE_MEMPOOL_NAMESIZE];
	unsigned session = rte_cryptodev_sym_get_private_session_size(c->at.dev);

	snprintf(name[0], sizeof(name[0]), "aead%u-sess", serial);
	snprintf(name[1], sizeof(name[1]), "aead%u-op", serial);
	snprintf(name[2], sizeof(name[2]), "aead%u-mbuf", serial++);
	c->sessions = rte_cryptodev_sym_session_pool_create(name[0], n_keys, session, 0, 0, socket);
	c->ops = rte_crypto_op_pool_create(name[1], RTE_CRYPTO_OP_TYPE_SYMMETRIC, DEVICE_DEPTH, 0,
		sizeof(struct extra), socket);
	c->mbufs = rte_pktmbuf_pool_create(name[2], N_MBUFS, 0, 0, 0, socket);
	if (!c->sessions || !c->ops || !c->mbufs ||
		rte_crypto_op_bulk_alloc(
			c->ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC, c->op, DEVICE_DEPTH) == 0 ||
		rte_pktmbuf_alloc_bulk(c->mbufs, c->mbuf, N_MBUFS))
		return -ENOMEM;
	rte_mempool_mem_iter(c->sessions, hide, NULL);
	return 0;
}

/* What of an operation is the same for every message. */
static void op_prepare(struct rte_crypto_op *op)
{
	struct rte_crypto_sym_op *s = op->sym;

	op->sess_type = RTE_CRYPTO_OP_WITH_SESSION;
	s->aead.data.offset = 0;
	s->aead.aad.data = extra(op)->aad;
	s->aead.aad.phys_addr =
		rte_crypto_op_ctophys_offset(op, EXTRA_AT + offsetof(struct extra, aad));
	s->aead.digest.data = extra(op)->tag;
	s->aead.digest.phys_addr =
		rte_crypto_op_ctophys_offset(op, EXTRA_AT + offsetof(struct extra, tag));
}

static void destroy(void *ctx)
{
	struct ctx *c = ctx;

	device_give(&c->at);
	rte_mempool_free(c->mbufs);
	rte_mempool_free(c->ops);
	rte_mempool_free(c->sessions);
	free(c);
}

static int create(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	struct ctx *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, ENOMEM, "no memory for cryptodev");
	rc = args[0] ? device_take(&c->at, args, socket, e)
		     : err_set(e, EINVAL, "cryptodev: which device?");
	if (rc) {
		free(c);
		return rc;
	}
	c->apart = c->at.info.feature_flags & RTE_CRYPTODEV_FF_OOP_SGL_IN_SGL_OUT;
	if (pools(c, n_keys, socket)) {
		destroy(c);
		return err_set(e, ENOMEM, "no memory for %u sessions of %s", n_keys, args);
	}
	for (int i = 0; i < DEVICE_DEPTH; i++)
		op_prepare(c->op[i]);
	*ctx = c;
	return 0;
}

static bool does(void *ctx, enum aead_alg alg)
{
	return device_does(&((struct ctx *)ctx)->at, alg);
}

static int key_init(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *key)
{
	struct ctx *c = ctx;
	struct key *k = mem;
	struct rte_crypto_sym_xform x = device_xform(spec);

	if (!device_does(&c->at, spec->alg))
		return -ENOTSUP;
	x.aead.key.data = key;
	x.aead.iv.offset = EXTRA_AT + offsetof(struct extra, nonce);
	k->session = rte_cryptodev_sym_session_create(c->at.dev, &x, c->sessions);
	k->seal = spec->seal;
	k->n_aad = spec->n_aad;
	return k->session ? 0 : -ENOMEM;
}

/* A driver need not wipe what it wrote into a session. Nobody else takes from this pool. */
static void key_fini(void *ctx, void *mem)
{
	struct ctx *c = ctx;
	void *session = ((struct key *)mem)->session;

	rte_cryptodev_sym_session_free(c->at.dev, session);
	explicit_bzero(session, c->sessions->elt_size);
}

static struct rte_mbuf *point(struct ctx *c, const uint8_t *p, uint32_t n)
{
	struct rte_mbuf *m = c->mbuf[c->used++];

	m->buf_addr = (void *)(uintptr_t)p;
	rte_mbuf_iova_set(m, rte_mem_virt2iova(p));
	m->buf_len = m->data_len = (uint16_t)n;
	m->data_off = 0;
	m->next = NULL;
	return m;
}

/* The ins or the outs of a message as one chain; of at least one mbuf. */
static struct rte_mbuf *chain(struct ctx *c, const struct aead_op *op, bool out)
{
	const struct aead_slice *s = op->slice, *end = s + op->n_slices;
	struct rte_mbuf *head = NULL, **at = &head;
	uint32_t bytes = 0;
	uint16_t segs = 0;

	for (; s < end; s++) {
		if (s->n == 0)
			continue;
		*at = point(c, out ? s->out : s->in, s->n);
		at = &(*at)->next;
		bytes += s->n;
		segs++;
	}
	if (!head)
		head = point(c, op->aad, 0);
	head->pkt_len = bytes;
	head->nb_segs = RTE_MAX(segs, 1);
	return head;
}

/* True: a message is all in place, as is one that was copied for a device that needs it so. */
static bool in_place(const struct ctx *c, const struct aead_op *op)
{
	const struct aead_slice *s = op->slice, *end = s + op->n_slices;
	bool same = true;

	for (; s < end; s++) {
		same &= s->in == s->out;
		if (!c->apart && s->in != s->out)
			memcpy(s->out, s->in, s->n);
	}
	return same || !c->apart;
}

static void fill(struct ctx *c, struct rte_crypto_op *op, struct aead_op *of)
{
	const struct key *k = (const struct key *)of->key;
	struct extra *x = extra(op);

	x->of = of;
	memcpy(x->nonce, of->nonce, AEAD_NONCE);
	memcpy(x->aad, of->aad, AEAD_AAD_MAX);
	memcpy(x->tag, of->tag, AEAD_TAG);
	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	op->sym->session = k->session;
	if (in_place(c, of)) {
		op->sym->m_src = chain(c, of, true);
		op->sym->m_dst = NULL;
	} else {
		op->sym->m_src = chain(c, of, false);
		op->sym->m_dst = chain(c, of, true);
	}
	op->sym->aead.data.length = op->sym->m_src->pkt_len;
}

/* As many messages as there are operations and mbufs for. */
static uint16_t post(struct ctx *c, struct aead_op *op, unsigned n)
{
	uint16_t k = 0;

	c->used = 0;
	while (k < n && k < DEVICE_DEPTH && c->used + 2 * RTE_MAX(op[k].n_slices, 1) <= N_MBUFS) {
		fill(c, c->op[k], &op[k]);
		k++;
	}
	return k;
}

static void reap(struct rte_crypto_op **done, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct extra *x = extra(done[i]);

		x->of->ok = done[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS;
		if (((const struct key *)x->of->key)->seal)
			memcpy(x->of->tag, x->tag, AEAD_TAG);
	}
}

static void exchange(struct ctx *c, uint16_t n)
{
	struct rte_crypto_op *done[DEVICE_DEPTH];
	uint64_t end = rte_get_tsc_cycles() + PATIENCE * rte_get_tsc_hz();
	uint16_t in = 0, out = 0, k;

	while (out < n && !c->dead) {
		if (in < n)
			in += rte_cryptodev_enqueue_burst(
				c->at.dev, c->at.pair, c->op + in, n - in);
		k = rte_cryptodev_dequeue_burst(c->at.dev, c->at.pair, done, DEVICE_DEPTH);
		reap(done, k);
		out += k;
		c->dead = k == 0 && rte_get_tsc_cycles() > end;
	}
}

static void run(void *ctx, struct aead_op *op, unsigned n)
{
	struct ctx *c = ctx;
	uint16_t k;

	for (unsigned i = 0; i < n; i++)
		op[i].ok = false;
	for (; n && !c->dead; op += k, n -= k) {
		k = post(c, op, n);
		exchange(c, k);
	}
}

const struct aead_driver aead_cryptodev = {
	.name = "cryptodev",
	.create = create,
	.destroy = destroy,
	.does = does,
	.key_size = sizeof(struct key),
	.key_init = key_init,
	.key_fini = key_fini,
	.run = run,
};
