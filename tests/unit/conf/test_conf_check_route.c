/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

#define BASE                                                                                       \
	PORT "[listener l]\naddress = 10.0.0.1:80\npool = p\n[pool p]\nmember = a 10.0.0.2:80\n"

static void pairs(void)
{
	golden("health");
}

/* What is not said gives way to what the machine has. */
static void replay_memory(void)
{
	struct conf *c = parse("[global]\nmemory = 64M\nworkers = 1-2\n" BASE);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.replay_memory, 16 << 20);
	conf_destroy(c);
	c = parse("[global]\nmemory = 64M\nreplay-memory = 32M\n" BASE "replay-body = 32M\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.replay_memory, 32 << 20);
	conf_destroy(c);
	c = parse(BASE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.replay_memory, 64 << 20);
	conf_destroy(c);
}

static void choice_defaults(void)
{
	struct conf *c = parse(BASE);
	const struct conf_pool *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	p = &c->pools[0];
	CU_ASSERT(p->affinity == CONF_AFFINITY_NONE && p->hash_load == 125);
	CU_ASSERT(p->slow_start_ms == 0 && p->panic == 50 && p->eject_limit == 50);
	CU_ASSERT(p->priority_members == 1 && !p->check_name && !p->check);
	CU_ASSERT(p->eject_errors == 5 && p->eject_ms == 10000 && p->eject_max_ms == 300000);
	CU_ASSERT(p->slow_factor == 5 && p->concurrency == 0 && !p->adaptive);
	CU_ASSERT(p->queue == 1024 && p->queue_timeout_ms == 5000);
	CU_ASSERT(p->retry_budget == 20 && p->retry_floor == 10);
	CU_ASSERT(p->replay_body == 16 << 20 && p->resume);
	CU_ASSERT(p->stall_rate == 1024 && p->stall_ms == 10000);
	CU_ASSERT_EQUAL(p->complete_timeout_ms, 600000);
	conf_destroy(c);
}

static void choice_given(void)
{
	struct conf *c = parse(BASE "balance = tail\naffinity = upload\nslow-start = 30s\n"
				    "panic = 0%\neject-limit = 10%\npriority-members = 2\n"
				    "check = s3\neject-errors = 0\nslow-factor = 0\n"
				    "concurrency = 9\nadaptive = yes\nqueue = 0\n"
				    "retry-budget = 0%\nreplay-body = 0\nresume = no\n"
				    "stall-time = off\n[pool h]\nmember = a 10.0.0.2:80\n"
				    "balance = hash\nhash-load = 1000 %\n");
	const struct conf_pool *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	p = &c->pools[0];
	CU_ASSERT(p->balance == CONF_BALANCE_TAIL && p->affinity == CONF_AFFINITY_UPLOAD);
	CU_ASSERT(p->slow_start_ms == 30000 && p->panic == 0 && p->eject_limit == 10);
	CU_ASSERT(p->priority_members == 2 && p->check && p->check->kind == CONF_CHECK_S3);
	CU_ASSERT(p->eject_errors == 0 && p->slow_factor == 0 && p->concurrency == 9);
	CU_ASSERT(p->adaptive && p->queue == 0 && p->retry_budget == 0);
	CU_ASSERT(p->replay_body == 0 && !p->resume && p->stall_ms == 0);
	CU_ASSERT(p[1].balance == CONF_BALANCE_HASH && p[1].hash_load == 1000);
	conf_destroy(c);
}

static const struct unit_case cases[] = {
	UNIT_CASE(pairs),
	UNIT_CASE(replay_memory),
	UNIT_CASE(choice_defaults),
	UNIT_CASE(choice_given),
};

UNIT_MAIN(cases)
