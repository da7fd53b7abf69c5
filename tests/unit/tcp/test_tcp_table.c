/* SPDX-License-Identifier: BSD-3-Clause */
/* The table against a list: keys, full buckets, equal hashes, the counts of overflow. */
#include "base/rand.h"
#include "seg.h"

#define CONNS 600u

static uint32_t hashes[CONNS];
static bool in[CONNS];

static struct tcp_key key_of(uint32_t i)
{
	struct tcp_key k;

	tcp__conn_key(&lab.t->conn[i], &k);
	return k;
}

static void check_all(void)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		struct tcp_key k = key_of(i);
		uint32_t idx = CONNS;
		enum tcp_kind kind = tcp__table_find(lab.t, &k, hashes[i], &idx);

		CU_ASSERT_EQUAL_FATAL(kind, in[i] ? TCP_KIND_CONN : TCP_KIND_NONE);
		CU_ASSERT_FATAL(!in[i] || idx == i);
	}
}

/* Hashes out of so few values that buckets overflow and whole hashes collide. */
static void run(uint32_t values, uint64_t seed)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(seed));
	for (uint32_t i = 0; i < CONNS; i++) {
		lab.t->conn[i].remote = lab.peer;
		lab.t->conn[i].rport = (uint16_t)i;
		hashes[i] = rand_below(&r, values);
		in[i] = false;
	}
	for (int step = 0; step < 20000; step++) {
		uint32_t i = rand_below(&r, CONNS);

		if (in[i])
			tcp__table_remove(lab.t, hashes[i], TCP_KIND_CONN, i);
		else
			CU_ASSERT_TRUE_FATAL(tcp__table_insert(lab.t, hashes[i], TCP_KIND_CONN, i));
		in[i] = !in[i];
		if (step % 500 == 0)
			check_all();
	}
	for (uint32_t i = 0; i < CONNS; i++) {
		if (in[i])
			tcp__table_remove(lab.t, hashes[i], TCP_KIND_CONN, i);
		in[i] = false;
	}
	check_all();
}

static void setup(void)
{
	lab.cfg = (struct tcp_config){.conns = CONNS,
		.syns = 1,
		.time_waits = 1,
		.exts = 1,
		.rcv_limit = LIMIT,
		.socket = SOCKET_ID_ANY};
	lab_open();
}

static void spread(void)
{
	setup();
	run(UINT32_MAX, 5);
	for (uint32_t i = 0; i <= lab.t->table.mask; i++)
		CU_ASSERT_EQUAL(lab.t->table.over[i], 0);
	lab_close();
}

static void crowded(void)
{
	setup();
	run(5, 6);
	lab_close();
}

static void all_equal(void)
{
	setup();
	run(1, 7);
	lab_close();
}

/* Each part of the key tells connections apart. */
static void keys(void)
{
	struct tcp_key k = {.lport = 1, .rport = 2, .local = 3}, o;

	lab_open();
	o = k;
	CU_ASSERT_EQUAL(tcp__hash(lab.t, &k), tcp__hash(lab.t, &o));
	o.lport = 2;
	CU_ASSERT_NOT_EQUAL(tcp__hash(lab.t, &k), tcp__hash(lab.t, &o));
	o = k;
	o.remote.b[15] = 1;
	CU_ASSERT_NOT_EQUAL(tcp__hash(lab.t, &k), tcp__hash(lab.t, &o));
	o = k;
	o.local = 4;
	CU_ASSERT_NOT_EQUAL(tcp__hash(lab.t, &k), tcp__hash(lab.t, &o));
	lab_close();
}

static const struct unit_case cases[] = {
	UNIT_CASE(spread), UNIT_CASE(crowded), UNIT_CASE(all_equal), UNIT_CASE(keys)};
UNIT_MAIN(cases)
