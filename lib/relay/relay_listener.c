/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listeners, and the addresses that tcp accepts at for them. A listener outlives its snapshot: one
 * of the same name and mode in the next is the same object, with its counters and its clients.
 *
 *	made --swap--> of the newest snapshot --a swap without it--> gone --last front--> done
 *
 * of the newest  tcp accepts for it; snap is relay->snap
 * gone           nothing is accepted; snap, its last, stays whole until its fronts have ended: they
 *                are told to go with their next response. It counts into relay->rest
 * done           nobody points to it: control frees it (relay_take_dead)
 */
#include <errno.h>
#include <rte_malloc.h>

#include "relay/relay_priv.h"

struct relay_listener *relay__listener_create(
	const struct relay *r, struct relay_snapshot *s, unsigned index)
{
	struct relay_listener *l =
		rte_zmalloc_socket("relay", sizeof(*l), RTE_CACHE_LINE_SIZE, r->cfg.socket);

	if (!l)
		return NULL;
	l->conf = &s->conf->listeners[index];
	l->snap = s;
	l->index = (uint16_t)index;
	l->stat = l->own;
	list_init(&l->link);
	return l;
}

static void done(struct relay *r, struct relay_listener *l)
{
	list_add_tail(&r->done, &l->link);
	relay__snapshot_leave(r, l->snap);
}

void relay__listener_leave(struct relay *r, struct relay_listener *l)
{
	if (--l->fronts == 0 && l->gone)
		done(r, l);
}

void relay__listener_gone(struct relay *r, struct relay_listener *l)
{
	for (unsigned i = 0; i < RELAY_STAT_N; i++)
		r->rest[i] += l->own[i];
	l->stat = r->rest;
	l->gone = true;
	if (l->fronts == 0)
		done(r, l);
}

/* ---- addresses ---- */

static bool same(const struct ip_endpoint *a, const struct ip_endpoint *b)
{
	return a->port == b->port && ip_addr_eq(&a->addr, &b->addr);
}

static struct relay_address *address_find(struct relay *r, const struct ip_endpoint *at)
{
	for (unsigned i = 0; i < r->n_address; i++)
		if (same(&r->address[i].at, at))
			return &r->address[i];
	return NULL;
}

static bool is_wanted(const struct conf *conf, const struct ip_endpoint *at)
{
	for (unsigned i = 0; i < conf->n_listeners; i++)
		for (unsigned k = 0; k < conf->listeners[i].n_addr; k++)
			if (same(&conf->listeners[i].addr[k], at))
				return true;
	return false;
}

static void address_drop(struct relay *r, unsigned i)
{
	tcp_unlisten(r->cfg.tcp, r->address[i].tcp);
	r->address[i] = r->address[--r->n_address];
}

void relay__unlisten(struct relay *r)
{
	while (r->n_address > 0)
		address_drop(r, r->n_address - 1);
}

/* Accept at `at` for l from now on; what is half-open there goes on. */
static int address_use(
	struct relay *r, struct relay_listener *l, const struct ip_endpoint *at, struct err *e)
{
	struct relay_address *there = address_find(r, at);
	char text[IP_ENDPOINT_TEXT];
	struct tcp_path path;
	int rc;

	if (relay__listen_path(r, at, l->conf->congestion, &path) < 0)
		return err_set(e, EADDRNOTAVAIL, "listener %s: %s is no address of a port",
			l->conf->name, ip_endpoint_text(at, text));
	if (there) {
		tcp_listener_set(r->cfg.tcp, there->tcp, &path, l);
		return 0;
	}
	rc = r->n_address == TCP_LISTENERS ? -ENOSPC : tcp_listen(r->cfg.tcp, at, &path, l);
	if (rc < 0)
		return err_set(e, -rc, "listener %s: %s is taken, or too many addresses",
			l->conf->name, ip_endpoint_text(at, text));
	r->address[r->n_address++] = (struct relay_address){*at, rc};
	return 0;
}

int relay__listen(struct relay *r, struct err *e)
{
	const struct relay_snapshot *s = r->snap;
	int first = 0;

	for (unsigned i = r->n_address; i-- > 0;)
		if (!is_wanted(s->conf, &r->address[i].at))
			address_drop(r, i);
	for (unsigned i = 0; i < s->n_listeners; i++)
		for (unsigned k = 0; k < s->listener[i]->conf->n_addr; k++) {
			struct err why;
			int rc = address_use(
				r, s->listener[i], &s->listener[i]->conf->addr[k], &why);

			if (rc == 0 || first < 0)
				continue;
			first = rc;
			*e = why;
		}
	return first;
}
