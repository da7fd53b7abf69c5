/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One table for connections and records. Buckets of 8 entries fill a cache line; an entry that
 * finds its bucket full lies in one of the next, and every bucket counts how many of its own lie
 * further on, so a lookup stops as soon as nothing can follow. The hash is keyed by a secret of
 * this boot: peers cannot aim at one bucket. The full key is always compared.
 */
#include <errno.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "tcp/tcp_priv.h"

#define REF(kind, idx) ((uint32_t)(kind) << 30 | (idx))
#define REF_KIND(ref)  ((enum tcp_kind)((ref) >> 30))
#define REF_INDEX(ref) ((ref)&0x3fffffff)
#define OVER_MAX       UINT8_MAX

uint32_t tcp__hash(const struct tcp *t, const struct tcp_key *k)
{
	return (uint32_t)siphash13(&t->key_table, k, sizeof(*k));
}

/* Room for `entries` at half load. 0 or -ENOMEM. */
int tcp__table_create(struct tcp_table *tab, uint32_t entries, int socket)
{
	uint32_t buckets = 1;

	while (buckets * TCP_BUCKET < 2 * entries)
		buckets *= 2;
	tab->mask = buckets - 1;
	tab->e = rte_zmalloc_socket("tcp_table", (size_t)buckets * TCP_BUCKET * sizeof(*tab->e),
		RTE_CACHE_LINE_SIZE, socket);
	tab->over = rte_zmalloc_socket("tcp_over", buckets, RTE_CACHE_LINE_SIZE, socket);
	if (tab->e && tab->over)
		return 0;
	tcp__table_destroy(tab);
	return -ENOMEM;
}

void tcp__table_destroy(struct tcp_table *tab)
{
	rte_free(tab->e);
	rte_free(tab->over);
	*tab = (struct tcp_table){.e = NULL}; /* after a failed create it is destroyed once more */
}

void tcp__conn_key(const struct tcp_conn *c, struct tcp_key *k)
{
	*k = (struct tcp_key){c->remote, c->local, c->lport, c->rport, 0};
}

void tcp__record_key(const struct tcp_record *r, struct tcp_key *k)
{
	*k = (struct tcp_key){r->remote, r->local, r->lport, r->rport, 0};
}

/* Is k the name of this connection or record? */
#define NAMED(what, k)                                                                             \
	(ip_addr_eq(&(what)->remote, &(k)->remote) && (what)->local == (k)->local &&               \
		(what)->lport == (k)->lport && (what)->rport == (k)->rport)

static bool ref_matches(const struct tcp *t, uint32_t ref, const struct tcp_key *k)
{
	uint32_t i = REF_INDEX(ref);

	switch (REF_KIND(ref)) {
	case TCP_KIND_CONN:
		return NAMED(&t->conn[i], k);
	case TCP_KIND_SYN:
		return NAMED(&t->syn.rec[i], k);
	default:
		return NAMED(&t->tw.rec[i], k);
	}
}

/* Bit i: entry i of the bucket is one under this hash. All are looked at, whichever it is: that is
 * cheaper than a branch nobody can foretell. */
static uint32_t bucket_hits(const struct tcp_entry *e, uint32_t hash)
{
	uint32_t hits = 0;

	for (uint32_t i = 0; i < TCP_BUCKET; i++)
		hits |= (uint32_t)(e[i].hash == hash) << i;
	return hits;
}

/* Have the bucket of hash fetched into the cache. */
void tcp__table_fetch(const struct tcp *t, uint32_t hash)
{
	rte_prefetch0(&t->table.e[(hash & t->table.mask) * TCP_BUCKET]);
	rte_prefetch0(&t->table.over[hash & t->table.mask]);
}

/* The same for the connection that this bucket names under hash, if it does. */
void tcp__table_fetch_conn(const struct tcp *t, uint32_t hash)
{
	const struct tcp_entry *e = &t->table.e[(hash & t->table.mask) * TCP_BUCKET];

	for (uint32_t hits = bucket_hits(e, hash); hits; hits &= hits - 1) {
		uint32_t ref = e[__builtin_ctz(hits)].ref;
		const char *c = (const char *)&t->conn[REF_INDEX(ref)];

		if (REF_KIND(ref) != TCP_KIND_CONN)
			continue;
		for (size_t at = 0; at < sizeof(struct tcp_conn); at += RTE_CACHE_LINE_SIZE)
			rte_prefetch0(c + at);
	}
}

/* What k names, its index in *idx. */
enum tcp_kind tcp__table_find(struct tcp *t, const struct tcp_key *k, uint32_t hash, uint32_t *idx)
{
	uint32_t b = hash & t->table.mask;

	for (uint32_t hop = 0; hop <= t->table.mask; hop++) {
		const struct tcp_entry *e = &t->table.e[b * TCP_BUCKET];

		for (uint32_t hits = bucket_hits(e, hash); hits; hits &= hits - 1) {
			uint32_t ref = e[__builtin_ctz(hits)].ref;

			if (ref && ref_matches(t, ref, k)) {
				*idx = REF_INDEX(ref);
				return REF_KIND(ref);
			}
		}
		if (!t->table.over[b])
			return TCP_KIND_NONE;
		b = (b + 1) & t->table.mask;
	}
	return TCP_KIND_NONE;
}

/* A saturated count never goes down again: a lookup then only looks too far. */
static void over_add(uint8_t *over)
{
	if (*over < OVER_MAX)
		(*over)++;
}

static void over_sub(uint8_t *over)
{
	if (*over < OVER_MAX)
		(*over)--;
}

/* Enter idx under hash; the caller knows that its key is not there. False: table full (it has
 * room for twice what the pools hold, so this is a broken promise of the caller's sizes). */
bool tcp__table_insert(struct tcp *t, uint32_t hash, enum tcp_kind kind, uint32_t idx)
{
	uint32_t home = hash & t->table.mask, b = home;

	for (uint32_t hop = 0; hop <= t->table.mask; hop++) {
		struct tcp_entry *e = &t->table.e[b * TCP_BUCKET];

		for (uint32_t i = 0; i < TCP_BUCKET; i++) {
			if (e[i].ref)
				continue;
			e[i] = (struct tcp_entry){hash, REF(kind, idx)};
			for (uint32_t o = home; o != b; o = (o + 1) & t->table.mask)
				over_add(&t->table.over[o]);
			return true;
		}
		b = (b + 1) & t->table.mask;
	}
	return false;
}

void tcp__table_remove(struct tcp *t, uint32_t hash, enum tcp_kind kind, uint32_t idx)
{
	uint32_t home = hash & t->table.mask, b = home;

	for (uint32_t hop = 0; hop <= t->table.mask; hop++) {
		struct tcp_entry *e = &t->table.e[b * TCP_BUCKET];

		for (uint32_t hits = bucket_hits(e, hash); hits; hits &= hits - 1) {
			uint32_t i = (uint32_t)__builtin_ctz(hits);

			if (e[i].ref != REF(kind, idx))
				continue;
			e[i] = (struct tcp_entry){0};
			for (uint32_t o = home; o != b; o = (o + 1) & t->table.mask)
				over_sub(&t->table.over[o]);
			return;
		}
		b = (b + 1) & t->table.mask;
	}
	ASSERT(false, "what is removed was entered under this hash");
}
