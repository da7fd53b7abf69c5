/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: who is at which MAC. One table for ARP and ND, after RFC 4861 7.3.
 *
 *               packet to it              answer
 *        FREE -------------> INCOMPLETE ---------> REACHABLE <------.
 *         | ^                    | 3 x 1 s             | 15..45 s   | answer
 *         | | 1 s                v                     v            |
 *         | `---------------- FAILED <--------- PROBE <-- STALE ----'
 *         |                            3 x 1 s     packet  ^
 *         `------------------------------------------------'  it asked for us
 *
 * INCOMPLETE   mac unknown; packets are held; broadcast solicitations
 * REACHABLE    mac confirmed within the reachable time
 * STALE        mac known, not confirmed lately; freed after 10 min without a packet
 * PROBE        as STALE, in use: packets go on, unicast solicitations
 * FAILED       mac unknown; packets are dropped for 1 s, then it is as if it had never been
 * Only INCOMPLETE holds packets. due is the time of the next step, n->due no later than any due.
 *
 * RFC SAYS (4861 7.3.3): STALE waits 5 s in DELAY for a word from TCP before it probes. WE DO:
 * probe at once; it costs one packet each half minute and neighbour.
 *
 * The table never grows. A bucket is chosen by a keyed hash; within it the worthless make room: see
 * worth(). So strangers can displace strangers, not the neighbours that traffic uses.
 */
#include <errno.h>
#include <stdlib.h>

#include "net/net_priv.h"

/* Eight times the thousand neighbours of a busy wire: a bucket of 1024 entries overflowed in one
 * boot of ten with 300 in use, and the ninth neighbour had no service. */
#define NEIGH_DEFAULT 8192
#define TRIES         3
#define RETRY_US      CLOCK_US_PER_S
#define REACHABLE_US  (30u * CLOCK_US_PER_S) /* times 0.5 to 1.5 */
#define FAILED_US     CLOCK_US_PER_S
#define UNUSED_US     (600u * CLOCK_US_PER_S)
#define IDLE_US       (60u * CLOCK_US_PER_S) /* not used for so long: may be pushed out */
#define LIMITED_US    (100u * CLOCK_US_PER_MS)
#define SCAN_US       (10u * CLOCK_US_PER_MS) /* timers are run no more often */

static const char *const state_names[] = {
	[NET_NEIGH_FREE] = "free",
	[NET_NEIGH_INCOMPLETE] = "incomplete",
	[NET_NEIGH_REACHABLE] = "reachable",
	[NET_NEIGH_STALE] = "stale",
	[NET_NEIGH_PROBE] = "probe",
	[NET_NEIGH_FAILED] = "failed",
};

const char *net_neigh_state_name(enum net_neigh_state s)
{
	return state_names[s];
}

int net__neigh_init(struct net *n, uint32_t size)
{
	uint32_t buckets = 1;

	while (buckets * NET_NEIGH_WAYS < (size ? size : NEIGH_DEFAULT) && buckets < 1u << 16)
		buckets *= 2;
	n->neigh = calloc((size_t)buckets * NET_NEIGH_WAYS, sizeof(*n->neigh));
	if (!n->neigh)
		return -ENOMEM;
	n->neigh_mask = buckets - 1;
	return 0;
}

/* All entries, FREE ones too. */
#define neigh_foreach(e, n)                                                                        \
	for (struct net__neigh *e = (n)->neigh,                                                    \
			       *end_ = e + ((size_t)(n)->neigh_mask + 1) * NET_NEIGH_WAYS;         \
		e < end_; e++)

static void due_set(struct net *n, struct net__neigh *e, clock_us_t due)
{
	e->due = due;
	if (due < n->due)
		n->due = due;
}

static void state_set(struct net *n, struct net__neigh *e, enum net_neigh_state state,
	clock_us_t now, clock_us_t after)
{
	e->state = state;
	e->tries = 0;
	due_set(n, e, now + after);
}

static void hold_drop(struct net *n, struct net__neigh *e, enum net_stat code)
{
	for (unsigned i = 0; i < e->n_held; i++)
		net__drop(n, e->held[i], code);
	n->held -= e->n_held;
	e->n_held = 0;
}

static void entry_free(struct net *n, struct net__neigh *e, enum net_stat code)
{
	hold_drop(n, e, code);
	e->state = NET_NEIGH_FREE;
}

void net__neigh_fini(struct net *n)
{
	if (!n->neigh)
		return;
	neigh_foreach(e, n) entry_free(n, e, NET_STAT_tx_neigh_failed);
	free(n->neigh);
}

void net__neigh_flush(struct net *n, uint8_t port)
{
	neigh_foreach(e, n) if (e->state != NET_NEIGH_FREE && e->port == port)
		entry_free(n, e, NET_STAT_tx_neigh_failed);
}

static struct net__neigh *bucket(const struct net *n, uint8_t port, const struct ip_addr *ip)
{
	uint8_t key[17];

	memcpy(key, ip->b, 16);
	key[16] = port;
	return n->neigh +
	       (siphash13(&n->secret, key, sizeof(key)) & n->neigh_mask) * NET_NEIGH_WAYS;
}

static bool is(const struct net__neigh *e, uint8_t port, const struct ip_addr *ip)
{
	return e->state != NET_NEIGH_FREE && e->port == port && ip_addr_eq(&e->ip, ip);
}

struct net__neigh *net__neigh_find(struct net *n, uint8_t port, const struct ip_addr *ip)
{
	struct net__neigh *e = bucket(n, port, ip);

	for (unsigned i = 0; i < NET_NEIGH_WAYS; i++, e++)
		if (is(e, port, ip))
			return e;
	return NULL;
}

/* What stays when a bucket is full: the higher. */
enum worth { WORTH_FREE, WORTH_FAILED, WORTH_IDLE, WORTH_INCOMPLETE, WORTH_USED };

static enum worth worth(const struct net__neigh *e, clock_us_t now)
{
	switch (e->state) {
	case NET_NEIGH_FREE:
		return WORTH_FREE;
	case NET_NEIGH_FAILED:
		return WORTH_FAILED;
	case NET_NEIGH_INCOMPLETE:
		return WORTH_INCOMPLETE;
	default:
		return e->used && now - e->used < IDLE_US ? WORTH_USED : WORTH_IDLE;
	}
}

/* A new entry for ip, worth more than what it pushes out; NULL: none. Of equals the oldest goes. */
static struct net__neigh *entry_make(
	struct net *n, uint8_t port, const struct ip_addr *ip, enum worth limit, clock_us_t now)
{
	struct net__neigh *b = bucket(n, port, ip), *victim = b;

	for (struct net__neigh *e = b + 1; e < b + NET_NEIGH_WAYS; e++) {
		int better = (int)worth(victim, now) - (int)worth(e, now);

		if (better > 0 || (better == 0 && e->since < victim->since))
			victim = e;
	}
	if (worth(victim, now) > limit)
		return NULL;
	if (victim->state != NET_NEIGH_FREE)
		n->stat[NET_STAT_neigh_evicted]++;
	entry_free(n, victim, NET_STAT_tx_hold_full);
	*victim = (struct net__neigh){.ip = *ip, .port = port, .since = now};
	n->stat[NET_STAT_neigh_created]++;
	return victim;
}

/* Our address to ask from: in the neighbour's network, else any of its family. */
static const struct ip_addr *source(const struct net__port *p, const struct ip_addr *ip)
{
	const struct net_prefix *a = net__port_onlink(p, ip);

	return a ? &a->addr : &p->addr[p->n_addr - 1].addr; /* then fe80:: asks for fe80:: */
}

/* Ask for e, and set when to look again. */
static void solicit(struct net *n, struct net__neigh *e, clock_us_t now)
{
	const struct ip_addr *src = source(&n->ports[e->port], &e->ip);
	const uint8_t *mac = e->state == NET_NEIGH_PROBE ? e->mac : NULL;

	if (!net__bucket_take(&n->solicit, now)) {
		n->stat[NET_STAT_solicit_limited]++;
		due_set(n, e, now + LIMITED_US);
		return;
	}
	if (ip_is_v4(&e->ip))
		net__arp_request(n, e->port, src, &e->ip, mac);
	else
		net__nd_solicit(n, e->port, src, &e->ip, mac);
	e->tries++;
	due_set(n, e, now + RETRY_US);
}

static void send(struct net *n, struct net__neigh *e, struct rte_mbuf *m)
{
	net__eth_output(
		n, e->port, m, e->mac, m->ol_flags & RTE_MBUF_F_TX_IPV6 ? ETH_IP6 : ETH_IP4);
}

/* Let the oldest of the same neighbour go; others are not made to pay. */
static void hold(struct net *n, struct net__neigh *e, struct rte_mbuf *m)
{
	if (e->n_held == NET_HOLD_MAX || n->held == NET_HOLD_TOTAL) {
		if (e->n_held == 0) {
			net__drop(n, m, NET_STAT_tx_hold_full);
			return;
		}
		net__drop(n, e->held[0], NET_STAT_tx_hold_full);
		memmove(e->held, e->held + 1, --e->n_held * sizeof(e->held[0]));
		n->held--;
	}
	e->held[e->n_held++] = m;
	n->held++;
}

static void hold_release(struct net *n, struct net__neigh *e)
{
	for (unsigned i = 0; i < e->n_held; i++)
		send(n, e, e->held[i]);
	n->held -= e->n_held;
	e->n_held = 0;
}

/* The entry of hop, made if there is none; NULL: no room. */
static struct net__neigh *entry_get(struct net *n, struct net__hop *hop, clock_us_t now)
{
	const struct net_path *path = &hop->path;
	struct net__neigh *e = hop->neigh;

	if (likely(e && is(e, path->port, &path->next_hop)))
		return e;
	e = net__neigh_find(n, path->port, &path->next_hop);
	if (!e) {
		e = entry_make(n, path->port, &path->next_hop, WORTH_INCOMPLETE, now);
		if (!e)
			return NULL;
		e->state = NET_NEIGH_INCOMPLETE;
		solicit(n, e, now);
	}
	hop->neigh = e;
	return e;
}

void net__neigh_output(struct net *n, struct rte_mbuf *m, struct net__hop *hop, clock_us_t now)
{
	struct net__neigh *e = entry_get(n, hop, now);

	if (unlikely(!e)) {
		net__drop(n, m, NET_STAT_tx_neigh_full);
		return;
	}
	e->used = now;
	switch (e->state) {
	case NET_NEIGH_INCOMPLETE:
		hold(n, e, m);
		return;
	case NET_NEIGH_FAILED:
		net__drop(n, m, NET_STAT_tx_neigh_failed);
		return;
	case NET_NEIGH_STALE:
		state_set(n, e, NET_NEIGH_PROBE, now, RETRY_US);
		solicit(n, e, now);
		break;
	default:
		break;
	}
	send(n, e, m);
}

void net__neigh_confirm(struct net *n, struct net__neigh *e, clock_us_t now)
{
	if (e->state == NET_NEIGH_INCOMPLETE || e->state == NET_NEIGH_FAILED)
		return;
	e->since = now;
	state_set(n, e, NET_NEIGH_REACHABLE, now,
		REACHABLE_US / 2 + rand_below(n->rnd, REACHABLE_US));
}

/* RFC 4861 7.2.3 and 7.2.5, which serve for ARP as well. */
void net_neigh_learn(struct net *n, const struct net_learned *l, clock_us_t now)
{
	struct net__neigh *e = net__neigh_find(n, l->port, &l->ip);
	bool known, same;

	if (!e) {
		if (!(l->how & NET_LEARN_CREATE))
			return;
		e = entry_make(n, l->port, &l->ip, WORTH_IDLE, now);
		if (!e) {
			n->stat[NET_STAT_neigh_refused]++;
			return;
		}
		e->state = NET_NEIGH_FAILED; /* in name only, until the MAC is in below */
	}
	known = e->state != NET_NEIGH_INCOMPLETE && e->state != NET_NEIGH_FAILED;
	same = known && memcmp(e->mac, l->mac, 6) == 0;
	if (known && !same && !(l->how & NET_LEARN_OVERRIDE)) {
		if (e->state == NET_NEIGH_REACHABLE)
			state_set(n, e, NET_NEIGH_STALE, now, UNUSED_US);
		return;
	}
	memcpy(e->mac, l->mac, 6);
	if (!same)
		state_set(n, e, NET_NEIGH_STALE, now, UNUSED_US);
	if (l->how & NET_LEARN_SOLICITED)
		net__neigh_confirm(n, e, now);
	hold_release(n, e);
}

void net__neigh_heard(struct net *n, const struct net_learned *l, clock_us_t now)
{
	if (n->share) {
		if (n->n_learned < NET_LEARNED_MAX) {
			n->learned[n->n_learned] = *l;
			n->learned[n->n_learned++].how &= (uint8_t)~NET_LEARN_CREATE;
		} else {
			n->stat[NET_STAT_learned_lost]++;
		}
	}
	net_neigh_learn(n, l, now);
}

/* Its timer ran out. */
static void expire(struct net *n, struct net__neigh *e, clock_us_t now)
{
	switch (e->state) {
	case NET_NEIGH_REACHABLE:
		state_set(n, e, NET_NEIGH_STALE, now, UNUSED_US);
		break;
	case NET_NEIGH_INCOMPLETE:
	case NET_NEIGH_PROBE:
		if (e->tries < TRIES) {
			solicit(n, e, now);
			break;
		}
		n->stat[NET_STAT_neigh_failed]++;
		hold_drop(n, e, NET_STAT_tx_neigh_failed);
		e->since = now;
		state_set(n, e, NET_NEIGH_FAILED, now, FAILED_US);
		break;
	default:
		entry_free(n, e, NET_STAT_tx_neigh_failed);
	}
}

void net_tick(struct net *n, clock_us_t now)
{
	clock_us_t next = NET_NEVER;

	if (likely(now < n->due))
		return;
	neigh_foreach(e, n) if (e->state != NET_NEIGH_FREE && e->due <= now) expire(n, e, now);
	neigh_foreach(e, n) if (e->state != NET_NEIGH_FREE && e->due < next) next = e->due;
	n->due = next < now + SCAN_US ? now + SCAN_US : next;
}

clock_us_t net_next_deadline(const struct net *n)
{
	return n->due;
}

unsigned net_neigh_list(
	const struct net *n, clock_us_t now, struct net_neigh_info *out, unsigned max)
{
	unsigned count = 0;

	neigh_foreach(e, n)
	{
		if (e->state == NET_NEIGH_FREE)
			continue;
		if (count < max) {
			out[count] = (struct net_neigh_info){
				.ip = e->ip,
				.port = e->port,
				.state = e->state,
				.age_ms = (uint32_t)((now - e->since) / CLOCK_US_PER_MS),
				.held = e->n_held,
			};
			memcpy(out[count].mac, e->mac, 6);
		}
		count++;
	}
	return count;
}
