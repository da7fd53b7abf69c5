/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools and FIFOs of 64-byte records: half-open connections and TIME_WAIT. */
#include <errno.h>
#include <rte_malloc.h>

#include "tcp/tcp_priv.h"

int tcp__records_create(struct tcp_records *s, uint32_t max, int socket)
{
	s->rec = rte_zmalloc_socket(
		"tcp_records", (size_t)max * sizeof(*s->rec), RTE_CACHE_LINE_SIZE, socket);
	if (!s->rec)
		return -ENOMEM;
	s->max = max;
	for (uint32_t i = max; i > 0; i--) {
		s->rec[i - 1].next = s->free;
		s->free = i;
	}
	return 0;
}

/* NULL when all are in use. */
struct tcp_record *tcp__record_get(struct tcp_records *s)
{
	struct tcp_record *r;

	if (!s->free)
		return NULL;
	r = &s->rec[s->free - 1];
	s->free = r->next;
	s->used++;
	*r = (struct tcp_record){0};
	return r;
}

void tcp__record_put(struct tcp_records *s, struct tcp_record *r)
{
	r->next = s->free;
	s->free = (uint32_t)(r - s->rec) + 1;
	s->used--;
}

void tcp__fifo_add(struct tcp_records *s, struct tcp_fifo *f, struct tcp_record *r)
{
	uint32_t me = (uint32_t)(r - s->rec) + 1;

	r->next = 0;
	r->prev = f->tail;
	if (f->tail)
		s->rec[f->tail - 1].next = me;
	else
		f->head = me;
	f->tail = me;
}

void tcp__fifo_del(struct tcp_records *s, struct tcp_fifo *f, struct tcp_record *r)
{
	if (r->prev)
		s->rec[r->prev - 1].next = r->next;
	else
		f->head = r->next;
	if (r->next)
		s->rec[r->next - 1].prev = r->prev;
	else
		f->tail = r->prev;
}

/* The record that waits longest, or NULL. */
struct tcp_record *tcp__fifo_head(struct tcp_records *s, const struct tcp_fifo *f)
{
	return f->head ? &s->rec[f->head - 1] : NULL;
}
