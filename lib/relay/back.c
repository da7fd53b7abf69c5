/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection to a member.
 *
 *             connect                 response whole, reusable
 *   (free) ------------> with req  <--------------------------> idle
 *     ^                    |   reuse                             |
 *     `--------------------+-------------------------------------'
 *       failed, not reusable        bytes, FIN, RST, timeout, eviction
 *
 * with req  the request's state says the rest; up after TCP_EV_ESTABLISHED, with TLS after its
 *           handshake
 * idle      up, rx and tx are empty, nobody's FIN was seen; on its member's list and counted in
 *           lb_member.idle; the timer is armed. A byte that comes unasked ends it: it could only be
 *           taken for the answer to the next request (RFC 9112 9.2, 11.2).
 */
#include "relay/relay_priv.h"

/* Idle connections belong to no listener. */
static void count_idle(struct relay *r, enum relay_stat stat)
{
	r->rest[stat]++;
}

static void leave_idle(struct relay *r, struct back *b)
{
	list_del(&b->link);
	wheel_cancel(&r->wheel, &b->timer);
	b->member->idle--;
	r->info.backs_idle--;
}

struct back *relay__back_reuse(struct relay *r, struct lb_member *m)
{
	struct list *idle = &m->idle_list;

	while (!list_empty(idle)) {
		struct back *b = container_of_list(idle->next, struct back, link);

		/* its news may wait on tcp's ready list behind ours */
		if (b->end.conn->state != TCP_ESTABLISHED || b->end.conn->rx.bytes ||
			stream_rx(&b->end)->bytes) {
			count_idle(r, RELAY_STAT_back_idle_closed);
			relay__back_close(r, b, false);
			continue;
		}
		leave_idle(r, b);
		b->reused = true;
		return b;
	}
	return NULL;
}

/* Close the member's oldest idle connection. */
static bool evict(struct relay *r, struct list *idle)
{
	if (list_empty(idle))
		return false;
	count_idle(r, RELAY_STAT_back_evicted);
	relay__back_close(r, container_of_list(idle->prev, struct back, link), false);
	return true;
}

/* Of some member of the newest snapshot. */
static void evict_any(struct relay *r)
{
	for (unsigned p = 0; p < lb_pools(r->cfg.lb); p++)
		for (unsigned m = 0; m < lb_members(r->cfg.lb, p); m++)
			if (evict(r, &lb_member(r->cfg.lb, p, m)->idle_list))
				return;
}

struct back *relay__back_get(struct relay *r, struct lb_member *m)
{
	struct back *b;

	/* rare: as many busy and idle ones as there are records */
	if (!r->back_free && r->info.backs_idle)
		evict_any(r);
	b = r->back_free;
	if (!b)
		return NULL;
	r->back_free = b->next_free;
	*b = (struct back){.kind = RELAY_BACK, .member = lb_member_get(m)};
	list_init(&b->link);
	wheel_node_init(&b->timer, RELAY_BACK);
	r->info.backs++;
	return b;
}

void relay__back_put(struct relay *r, struct back *b)
{
	lb_member_put(r->cfg.lb, b->member);
	r->info.backs--;
	b->next_free = r->back_free;
	r->back_free = b;
}

enum run relay__back_close(struct relay *r, struct back *b, bool abort)
{
	if (list_linked(&b->link))
		leave_idle(r, b);
	if (abort)
		stream_abort(&r->streams, &b->end);
	else
		stream_release(&r->streams, &b->end);
	relay__back_put(r, b);
	return RUN_GONE;
}

void relay__back_idle(struct relay *r, struct back *b, const struct conf_pool *pool)
{
	struct lb_member *m = b->member;

	if (b->eof || b->dead || stream_rx(&b->end)->bytes || stream_unacked(&b->end) ||
		r->draining || m->weight == 0 || !m->listed || m->idle >= pool->idle_connections) {
		relay__back_close(r, b, false);
		return;
	}
	b->since = r->now_ms;
	list_add(&m->idle_list, &b->link);
	wheel_arm(&r->wheel, &b->timer, b->since + pool->idle_timeout_ms);
	m->idle++;
	r->info.backs_idle++;
}

void relay__back_event(struct relay *r, struct back *b, uint8_t events)
{
	events = stream_events(&b->end, events, b->up);
	if (!b->req) {
		/* what was readable may have been taken in this burst already, when the front ran
		 */
		if (!(events & (TCP_EV_FIN | TCP_EV_DEAD | STREAM_EV_TORN)) &&
			stream_rx(&b->end)->bytes == 0)
			return;
		count_idle(r, RELAY_STAT_back_idle_closed);
		relay__back_close(r, b, false);
		return;
	}
	b->up |= (events & TCP_EV_ESTABLISHED) != 0;
	b->eof |= (events & TCP_EV_FIN) != 0;
	b->dead |= (events & (TCP_EV_DEAD | STREAM_EV_TORN)) != 0;
	if (b->up && events & (TCP_EV_ESTABLISHED | TCP_EV_WRITABLE))
		b->req->moved = r->now_ms;
	relay__front_run(r, b->req->front);
}

void relay__back_expired(struct relay *r, struct back *b)
{
	count_idle(r, RELAY_STAT_back_idle_timeout);
	relay__back_close(r, b, false);
}

/* tcp keeps few resets until they are sent. */
#define CUTS_MAX 64

static bool is_on(const struct splice *s, const struct lb_member *m)
{
	return s->end[SIDE_BACK].conn && s->pool->member[s->member] == m;
}

unsigned relay_cut(struct relay *r, const struct lb_member *m, clock_us_t now)
{
	unsigned n = 0;

	relay__set_now(r, now);
	for (uint32_t i = 0; i < r->info.backs_max && n < CUTS_MAX; i++) {
		const struct back *b = &r->backs[i];

		if (b->end.conn && b->req && b->member == m)
			n += tcp_cut(r->cfg.tcp, b->end.conn);
	}
	for (uint32_t i = 0; i < r->info.splices_max && n < CUTS_MAX; i++)
		if (is_on(&r->splices[i], m))
			n += tcp_cut(r->cfg.tcp, r->splices[i].end[SIDE_BACK].conn);
	return n;
}
