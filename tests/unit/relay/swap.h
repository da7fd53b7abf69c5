/* SPDX-License-Identifier: BSD-3-Clause */
/* Other snapshots for the lab's relay: copies of the one it began with, changed by the test. */
#ifndef RELAY_SWAP_H
#define RELAY_SWAP_H

#include "relay_lab.h"

struct version {
	struct conf conf;
	struct conf_listener listener[2];
	struct conf_pool pool[2];
	struct conf_member member[LAB_NODES];
};

/* v is what the lab began with, to be changed. */
static inline void version_init(struct version *v)
{
	memset(v, 0, sizeof(*v));
	v->conf = lab.conf;
	v->listener[0] = lab.listener;
	v->pool[0] = lab.pool;
	memcpy(v->member, lab.member, sizeof(v->member));
	v->pool[0].members = v->member;
	v->conf.listeners = v->listener;
	v->conf.pools = v->pool;
}

/* As control and a worker do it. */
static inline int version_use(const struct version *v)
{
	struct lb_next *next;
	struct relay_snapshot *s;
	struct err e = {""};

	next = lb_prepare(lab.lb, &v->conf, &e);
	s = relay_prepare(
		lab.relay, &v->conf, lab.relay->snap->listener_tls, lab.relay->snap->pool_tls, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_TRUE_FATAL(next && s);
	lb_swap(lab.lb, next, lab.now);
	return relay_swap(lab.relay, s, lab.now, &e);
}

/* What control asks of a worker now and then: is conf still in use? */
static inline bool version_used(const struct conf *conf)
{
	struct relay_dead dead;

	relay_take_dead(lab.relay, &dead);
	lb_dead_free(lb_take_dead(lab.lb));
	relay_dead_free(&dead);
	return relay_uses(lab.relay, conf) || lb_uses(lab.lb, conf);
}

#endif
