/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"
#include "buf/buf.h"
#include "unit.h"
#include "wire.h"

#define US    1000ull
#define MS    1000000ull
#define SHARE (WIRE_ALWAYS / 100) /* one of a hundred */
#define MBUFS 4096
#define LEN   1000 /* bytes of a frame: 8 us at 1 Gbit/s */

static struct buf_pools pools;
static struct wire *wire;
static uint64_t start; /* all times count from here */

static void open_wire(struct wire_conf c)
{
	unit_eal();
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&pools, "wan", MBUFS, SOCKET_ID_ANY), 0);
	if (c.packets == 0)
		c.packets = 1000;
	wire = wire_create(&c, pools.data, start);
	CU_ASSERT_PTR_NOT_NULL_FATAL(wire);
}

static uint64_t stat(enum wire_stat s)
{
	return wire_stats(wire).values[s];
}

/* Whatever was done, every packet has one fate. */
static void close_wire(void)
{
	CU_ASSERT_EQUAL(stat(WIRE_STAT_packets) + stat(WIRE_STAT_duplicated),
		stat(WIRE_STAT_passed) + stat(WIRE_STAT_lost) + stat(WIRE_STAT_burst_lost) +
			stat(WIRE_STAT_link_down) + stat(WIRE_STAT_queue_full) +
			stat(WIRE_STAT_no_room) + wire_held(wire));
	wire_destroy(wire);
	UNIT_NO_LEAK(&pools);
	buf_pools_destroy(&pools);
}

/* A frame of n >= 18 bytes that tells its number; the rest is 0x55. */
static struct rte_mbuf *frame(uint32_t id, uint32_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);

	memset(p, 0x55, n);
	memcpy(p + 14, &id, sizeof(id));
	return m;
}

static void push(uint32_t id, uint32_t len, uint64_t at)
{
	wire_push(wire, frame(id, len), start + at);
}

/* The number of the packet that arrives by `at`, or -1. */
static int64_t pull(uint64_t at)
{
	struct rte_mbuf *m;
	uint32_t id;

	if (wire_pull(wire, &m, 1, start + at) == 0)
		return -1;
	memcpy(&id, rte_pktmbuf_mtod_offset(m, uint8_t *, 14), sizeof(id));
	rte_pktmbuf_free(m);
	return id;
}

/* When the next packet arrives, from start. */
static uint64_t next(void)
{
	uint64_t at = 0;

	CU_ASSERT_TRUE_FATAL(wire_next(wire, &at));
	return at - start;
}

/* It arrives then and not a nanosecond earlier. */
static void arrives(int64_t id, uint64_t at)
{
	CU_ASSERT_EQUAL(next(), at);
	CU_ASSERT_EQUAL(pull(at - 1), -1);
	CU_ASSERT_EQUAL(pull(at), id);
}

static void bare_wire(void)
{
	uint64_t at;

	open_wire((struct wire_conf){0});
	CU_ASSERT_FALSE(wire_next(wire, &at));
	CU_ASSERT_EQUAL(pull(MS), -1);
	for (uint32_t i = 0; i < 10; i++)
		push(i, LEN, 5);
	CU_ASSERT_EQUAL(wire_held(wire), 10);
	for (uint32_t i = 0; i < 10; i++)
		arrives(i, 5);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_passed), 10);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_bytes), 10 * LEN);
	close_wire();
}

static void bursts_of_pull(void)
{
	struct rte_mbuf *pkts[8];

	open_wire((struct wire_conf){.delay = 10});
	for (uint32_t i = 0; i < 10; i++)
		push(i, LEN, i);
	CU_ASSERT_EQUAL(wire_pull(wire, pkts, 8, start + 14), 5);
	rte_pktmbuf_free_bulk(pkts, 5);
	CU_ASSERT_EQUAL(wire_pull(wire, pkts, 2, start + 100), 2);
	rte_pktmbuf_free_bulk(pkts, 2);
	CU_ASSERT_EQUAL(pull(100), 7);
	close_wire(); /* two are still on it */
}

static void delay_exact(void)
{
	open_wire((struct wire_conf){.delay = 20 * MS});
	push(1, LEN, 0);
	push(2, LEN, 7);
	push(3, LEN, 40 * MS);
	arrives(1, 20 * MS);
	arrives(2, 20 * MS + 7);
	arrives(3, 60 * MS);
	close_wire();
}

/* Spread over the whole range, and never one before another. */
static void jitter_keeps_order(void)
{
	uint64_t min = UINT64_MAX, max = 0, at;

	open_wire((struct wire_conf){.delay = 10 * MS, .jitter = MS});
	for (uint32_t i = 0; i < 1000; i++) {
		push(i, LEN, i * 10 * MS); /* far apart: each has its own jitter */
		at = next() - i * 10 * MS;
		min = RTE_MIN(min, at);
		max = RTE_MAX(max, at);
		CU_ASSERT_EQUAL(pull(UINT32_MAX * MS), i);
	}
	CU_ASSERT(min >= 9 * MS && min < 9 * MS + 20 * US);
	CU_ASSERT(max <= 11 * MS && max > 11 * MS - 20 * US);
	for (uint32_t i = 0; i < 500; i++)
		push(i, LEN, 20000 * MS + i * US); /* all within one jitter */
	for (uint32_t i = 0; i < 500; i++)
		CU_ASSERT_EQUAL(pull(20012 * MS), i);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_reordered), 0);
	close_wire();
}

/* 3 Mbit/s: 1000 bytes are 2666666 2/3 ns, and the thirds are not lost. */
static void rate_exact(void)
{
	open_wire((struct wire_conf){.delay = MS, .rate = 3000000, .queue = 1 << 20});
	for (uint32_t i = 0; i < 8; i++)
		push(i, LEN, 0);
	for (uint32_t i = 0; i < 8; i++)
		arrives(i, MS + (i + 1) * 8000000ull / 3);
	/* idle since: nothing was saved up, nothing is owed */
	push(9, LEN, 100 * MS);
	push(10, 2 * LEN, 100 * MS + 1);
	arrives(9, 101 * MS + 2666666);
	arrives(10, 101 * MS + 8000000);
	close_wire();
}

/* 8 us a packet, room for 4 behind the first byte of the link. */
static void queue_full(void)
{
	open_wire((struct wire_conf){.rate = 1000000000, .queue = 4 * LEN});
	for (uint32_t i = 0; i < 10; i++)
		push(i, LEN, 0);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 6);
	/* not a byte less than a packet has room, a nanosecond before it has */
	push(10, LEN, 8 * US - 1);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 7);
	push(11, LEN, 8 * US);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 7);
	for (uint32_t i = 0; i < 4; i++)
		arrives(i, (i + 1) * 8 * US);
	arrives(11, 40 * US);
	close_wire();
}

/* An idle link takes a packet that the queue could not hold. */
static void queue_tiny(void)
{
	open_wire((struct wire_conf){.rate = 1000000000, .queue = 0});
	push(1, LEN, 0);
	push(2, 18, 8 * US - 1);
	push(3, LEN, 8 * US);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 1);
	arrives(1, 8 * US);
	arrives(3, 16 * US);
	close_wire();
}

/* A lost packet has used the link; one that the queue refused has not. */
static void loss_behind_link(void)
{
	open_wire((struct wire_conf){.rate = 1000000000, .queue = 1 << 20, .loss = WIRE_ALWAYS});
	push(1, LEN, 0);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_lost), 1);
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	close_wire();
	open_wire((struct wire_conf){.rate = 1000000000, .queue = LEN, .loss = WIRE_ALWAYS});
	push(1, LEN, 0);
	push(2, LEN, 1);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_lost), 1);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 1);
	close_wire();
}

static uint64_t count_lost(struct wire_conf c, uint32_t n)
{
	uint64_t lost;

	open_wire(c);
	for (uint32_t i = 0; i < n; i++) {
		push(i, 64, i);
		(void)pull(i);
	}
	lost = stat(WIRE_STAT_lost);
	close_wire();
	return lost;
}

/* Binomial, four standard deviations: 1 % of 100000 is 1000 +- 126. */
static void loss_share(void)
{
	uint64_t lost = count_lost((struct wire_conf){.loss = SHARE, .seed = 3}, 100000);

	CU_ASSERT(lost > 1000 - 126 && lost < 1000 + 126);
	lost = count_lost((struct wire_conf){.loss = 30 * SHARE, .seed = 4}, 100000);
	CU_ASSERT(lost > 30000 - 580 && lost < 30000 + 580);
	CU_ASSERT_EQUAL(count_lost((struct wire_conf){.seed = 5}, 1000), 0);
	CU_ASSERT_EQUAL(count_lost((struct wire_conf){.loss = WIRE_ALWAYS}, 1000), 1000);
}

/* 2 % in bursts of 5: bursts are 400 of 100000 packets, and geometric. */
static void burst_loss(void)
{
	struct wire_conf c = {.burst_leave = WIRE_ALWAYS / 5,
		.burst_enter = (uint64_t)((double)WIRE_ALWAYS * 0.02 / 0.98 / 5),
		.seed = 6};
	uint32_t lost = 0, bursts = 0, longest = 0, run = 0;

	open_wire(c);
	for (uint32_t i = 0; i < 100000; i++) {
		push(i, 64, i);
		run = pull(i) < 0 ? run + 1 : 0;
		lost += run > 0;
		bursts += run == 1;
		longest = RTE_MAX(longest, run);
	}
	CU_ASSERT(lost > 1600 && lost < 2400);
	CU_ASSERT(bursts > 320 && bursts < 480);
	CU_ASSERT(lost * 10 / bursts > 42 && lost * 10 / bursts < 58);
	CU_ASSERT(longest > 12 && longest < 60);
	close_wire();
}

/* By both chances: each packet has one cause. */
static void loss_of_two_kinds(void)
{
	open_wire((struct wire_conf){
		.loss = WIRE_ALWAYS / 2, .burst_enter = WIRE_ALWAYS, .burst_leave = 1, .seed = 2});
	for (uint32_t i = 0; i < 1000; i++)
		push(i, 64, i);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_lost) + stat(WIRE_STAT_burst_lost), 1000);
	CU_ASSERT(stat(WIRE_STAT_lost) > 400 && stat(WIRE_STAT_lost) < 600);
	close_wire();
}

/* c is what the wire is from then on. */
static void change(struct wire_conf c, uint64_t at)
{
	if (c.packets == 0)
		c.packets = 1000;
	wire_change(wire, &c, start + at);
}

/* Who comes meanwhile is dropped; who was on the wire arrives. */
static void link_down(void)
{
	open_wire((struct wire_conf){.delay = 10 * MS});
	push(1, LEN, 0);
	change((struct wire_conf){.delay = 10 * MS, .down = 1}, 5 * MS);
	push(2, LEN, 5 * MS);
	push(3, LEN, 9 * MS);
	arrives(1, 10 * MS);
	change((struct wire_conf){.delay = 10 * MS}, 15 * MS);
	push(4, LEN, 15 * MS);
	arrives(4, 25 * MS);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_link_down), 2);
	close_wire();
}

/* 8 us a packet; when 1 1/4 of 4 are sent the rate becomes a fourth. */
static void rate_drops(void)
{
	struct wire_conf c = {.delay = MS, .rate = 1000000000, .queue = 4 * LEN};

	open_wire(c);
	for (uint32_t i = 0; i < 4; i++)
		push(i, LEN, 0);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_peak), 4 * LEN);
	CU_ASSERT_EQUAL(wire_queued(wire, start + 10 * US), 2750);
	c.rate /= 4;
	change(c, 10 * US);
	/* as many bytes as before have room */
	CU_ASSERT_EQUAL(wire_queued(wire, start + 10 * US), 2750);
	push(4, 1251, 10 * US);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 1);
	push(5, 1250, 10 * US);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 1);
	arrives(0, MS + 8 * US);
	arrives(1, MS + 34 * US);
	arrives(2, MS + 66 * US);
	arrives(3, MS + 98 * US);
	arrives(5, MS + 138 * US);
	close_wire();
}

static void rate_rises(void)
{
	struct wire_conf c = {.delay = MS, .rate = 100000000, .queue = 1 << 20};

	open_wire(c);
	for (uint32_t i = 0; i < 4; i++)
		push(i, LEN, 0); /* 80 us each */
	c.rate *= 10;
	change(c, 40 * US);
	arrives(0, MS + 44 * US);
	arrives(1, MS + 52 * US);
	c.rate = c.queue = 0;
	/* too late for those whom the link has sent */
	change(c, 2 * MS);
	arrives(2, MS + 60 * US);
	arrives(3, MS + 68 * US);
	c.rate = 1000000000;
	c.queue = 1 << 20;
	change(c, 3 * MS);
	push(5, LEN, 3 * MS);
	push(6, LEN, 3 * MS);
	c.rate = c.queue = 0;
	change(c, 3 * MS + 1 * US); /* no link: all is sent at once */
	CU_ASSERT_EQUAL(wire_queued(wire, start + 3 * MS + 1 * US), 0);
	arrives(5, 4 * MS + 1 * US);
	arrives(6, 4 * MS + 1 * US);
	close_wire();
}

/* Late ones move too, and pass each other where the new rate says so. */
static void rate_drops_late(void)
{
	struct wire_conf c = {
		.rate = 1000000000, .queue = 1 << 20, .gap = 100 * US, .reorder = WIRE_ALWAYS};

	open_wire(c);
	for (uint32_t i = 0; i < 50; i++)
		push(i, LEN, 0);
	c.rate /= 10;
	c.gap = 1;
	change(c, 0);
	push(50, LEN, 0);
	for (uint32_t i = 0; i < 49; i++)
		arrives(i, 100 * US + (i + 1) * 80 * US);
	arrives(50, 51 * 80 * US + 1);
	arrives(49, 100 * US + 50 * 80 * US);
	close_wire();
}

/* The rest keeps its stream: who is lost does not hang on when other things changed. */
static void change_keeps_streams(void)
{
	struct wire_conf c = {.loss = 50 * SHARE, .seed = 5};
	uint64_t want[2] = {0};

	for (unsigned k = 0; k < 2; k++) {
		open_wire(c);
		for (uint32_t i = 0; i < 64; i++) {
			if (k && i == 20)
				change((struct wire_conf){.loss = c.loss,
					       .seed = 5,
					       .duplicate = WIRE_ALWAYS,
					       .delay = MS},
					i * MS);
			push(i, LEN, i * MS);
			want[k] = want[k] << 1 | stat(WIRE_STAT_lost) % 2;
		}
		close_wire();
	}
	CU_ASSERT_EQUAL(want[0], want[1]);
}

static void delays(void)
{
	open_wire((struct wire_conf){.delay = 3 * MS});
	push(1, LEN, 0);
	push(2, LEN, 0);
	CU_ASSERT_EQUAL(pull(3 * MS), 1);
	CU_ASSERT_EQUAL(pull(20 * MS), 2); /* nobody came for it earlier */
	CU_ASSERT_EQUAL(wire_delays(wire)->count, 2);
	CU_ASSERT_EQUAL(wire_delays(wire)->sum, 23000);
	CU_ASSERT_EQUAL(wire_delays(wire)->max, 20000);
	close_wire();
}

/* What came out and when, folded. */
static uint64_t trace(struct wire_conf c)
{
	uint64_t hash = 14695981039346656037u;
	struct rte_mbuf *m;

	open_wire(c);
	for (uint32_t i = 0; i < 5000; i++) {
		push(i, 64 + i % 1000, i * 10 * US);
		while (wire_pull(wire, &m, 1, start + i * 10 * US)) {
			const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

			for (uint32_t k = 0; k < m->data_len; k++)
				hash = (hash ^ p[k]) * 1099511628211u;
			hash = (hash ^ i) * 1099511628211u;
			rte_pktmbuf_free(m);
		}
	}
	close_wire();
	return hash;
}

static const struct wire_conf all = {.delay = MS,
	.jitter = 100 * US,
	.gap = 500 * US,
	.loss = 3 * SHARE,
	.burst_enter = SHARE,
	.burst_leave = 50 * SHARE,
	.reorder = 5 * SHARE,
	.duplicate = 5 * SHARE,
	.corrupt = 5 * SHARE,
	.rate = 500000000,
	.queue = 20000,
	.seed = 11};

static void same_seed_same_fate(void)
{
	struct wire_conf other = all;

	other.seed++;
	CU_ASSERT_EQUAL(trace(all), trace(all));
	CU_ASSERT_NOT_EQUAL(trace(all), trace(other));
}

/* Of packets far apart: which are lost, to gone; lost before stay lost. */
static void mark_lost(struct wire_conf c, bool gone[2000], bool more)
{
	open_wire(c);
	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t sum = stat(WIRE_STAT_lost);
		bool lost;

		push(i, 64, i * MS);
		lost = stat(WIRE_STAT_lost) > sum;
		CU_ASSERT(c.delay == 0 || gone[i] == lost || (more && lost));
		gone[i] = lost;
		while (pull(i * MS) >= 0)
			;
	}
	close_wire();
}

/* Which are lost does not hang on what else is wrong with the wire; bursts come on top. */
static void streams_apart(void)
{
	struct wire_conf c = {.loss = 3 * SHARE, .seed = 11};
	static bool gone[2000];

	mark_lost(c, gone, false);
	c.delay = MS;
	c.jitter = MS / 2;
	c.duplicate = c.corrupt = 50 * SHARE;
	mark_lost(c, gone, false);
	c.burst_enter = c.burst_leave = 10 * SHARE;
	mark_lost(c, gone, true);
}

/* Two faults of one chance do not meet the same packets. */
static void streams_differ(void)
{
	unsigned both = 0;

	open_wire((struct wire_conf){
		.reorder = 50 * SHARE, .duplicate = 50 * SHARE, .packets = 2000, .seed = 13});
	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t late = stat(WIRE_STAT_reordered), copies = stat(WIRE_STAT_duplicated);

		push(i, 64, 0);
		both += stat(WIRE_STAT_reordered) > late && stat(WIRE_STAT_duplicated) > copies;
	}
	CU_ASSERT(both > 195 && both < 305);
	close_wire();
}

/* Some are held back by the gap, their copies with them; those behind them are on time. */
static void reorder_one(void)
{
	uint64_t late = 0;

	open_wire((struct wire_conf){.delay = 10 * MS,
		.gap = 5 * US,
		.reorder = 10 * SHARE,
		.duplicate = WIRE_ALWAYS,
		.seed = 9});
	for (uint32_t i = 0; i < 200; i++)
		push(i, LEN, i * US);
	for (uint64_t t = 10 * MS; t < 11 * MS; t += US) {
		int64_t due = (int64_t)((t - 10 * MS) / US), id;

		while ((id = pull(t)) >= 0) {
			CU_ASSERT(id == due || id == due - 5);
			late += id != due;
		}
	}
	CU_ASSERT_EQUAL(late, 2 * stat(WIRE_STAT_reordered));
	CU_ASSERT(late > 10 && late < 80);
	CU_ASSERT_EQUAL(wire_held(wire), 0);
	close_wire();
}

/* All late: among themselves they keep order, by time and then by age. */
static void reorder_all(void)
{
	open_wire((struct wire_conf){.delay = MS, .gap = MS, .reorder = WIRE_ALWAYS});
	for (uint32_t i = 0; i < 300; i++)
		push(i, LEN, i / 3);
	for (uint32_t i = 0; i < 300; i++)
		arrives(i, 2 * MS + i / 3);
	close_wire();
}

/* Of a late one and one on time that arrive together the latter is first. */
static void reorder_tie(void)
{
	bool late[101] = {false};

	open_wire((struct wire_conf){.gap = 10, .reorder = 50 * SHARE, .seed = 1});
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t sum = stat(WIRE_STAT_reordered);

		push(i, LEN, i * 10);
		late[i] = stat(WIRE_STAT_reordered) > sum;
	}
	CU_ASSERT(stat(WIRE_STAT_reordered) > 30 && stat(WIRE_STAT_reordered) < 70);
	for (uint32_t i = 0; i < 101; i++) {
		if (i < 100 && !late[i])
			CU_ASSERT_EQUAL(pull(i * 10), i);
		if (i > 0 && late[i - 1])
			CU_ASSERT_EQUAL(pull(i * 10), i - 1);
		CU_ASSERT_EQUAL(pull(i * 10), -1);
	}
	close_wire();
}

static void duplicate(void)
{
	struct rte_mbuf *m[4];

	open_wire((struct wire_conf){.delay = MS, .duplicate = WIRE_ALWAYS});
	push(1, LEN, 0);
	push(2, 100, 1);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_duplicated), 2);
	CU_ASSERT_EQUAL_FATAL(wire_pull(wire, m, 4, start + 2 * MS), 4);
	for (unsigned i = 0; i < 4; i += 2) {
		CU_ASSERT_EQUAL(m[i]->pkt_len, i ? 100 : LEN);
		CU_ASSERT_EQUAL(m[i]->pkt_len, m[i + 1]->pkt_len);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m[i], void *),
					rte_pktmbuf_mtod(m[i + 1], void *), m[i]->pkt_len),
			0);
		/* a port writes to what it sends */
		CU_ASSERT_NOT_EQUAL(m[i]->buf_addr, m[i + 1]->buf_addr);
	}
	rte_pktmbuf_free_bulk(m, 4);
	close_wire();
}

/* No mbuf for the copy: the packet itself goes on. */
static void duplicate_without_mbuf(void)
{
	static struct rte_mbuf *hoard[MBUFS];
	struct rte_mbuf *m;
	unsigned n = 0;

	open_wire((struct wire_conf){.duplicate = WIRE_ALWAYS});
	m = frame(1, LEN);
	while ((hoard[n] = rte_pktmbuf_alloc(pools.data)) != NULL)
		n++;
	wire_push(wire, m, start);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_duplicated), 0);
	CU_ASSERT_EQUAL(pull(0), 1);
	rte_pktmbuf_free_bulk(hoard, n);
	close_wire();
}

/* Differing bits, of n bytes; *at: the byte of the last one. */
static unsigned bits_differ(const uint8_t *a, const uint8_t *b, uint32_t n, uint32_t *at)
{
	unsigned bits = 0;

	for (uint32_t i = 0; i < n; i++) {
		bits += (unsigned)__builtin_popcount(a[i] ^ b[i]);
		if (a[i] != b[i])
			*at = i;
	}
	return bits;
}

/* One bit, never in the Ethernet header, everywhere else; in any mbuf of a chain. */
static void corrupt_one_bit(void)
{
	static uint8_t flat[200];
	uint8_t want[200], hit[200] = {0};
	struct rte_mbuf *m, *tail;
	uint32_t at = 0;

	open_wire((struct wire_conf){.corrupt = WIRE_ALWAYS, .seed = 12});
	memset(want, 0x55, sizeof(want));
	memset(want + 14, 0, 4);
	for (unsigned i = 0; i < 5000; i++) {
		m = frame(0, 50);
		for (unsigned k = 0; k < 2; k++) {
			tail = rte_pktmbuf_alloc(pools.data);
			memset(rte_pktmbuf_append(tail, 75), 0x55, 75);
			rte_pktmbuf_chain(m, tail);
		}
		wire_push(wire, m, start);
		CU_ASSERT_EQUAL_FATAL(wire_pull(wire, &m, 1, start), 1);
		memcpy(flat, rte_pktmbuf_read(m, 0, 200, flat), 200);
		CU_ASSERT_EQUAL(bits_differ(flat, want, 200, &at), 1);
		CU_ASSERT_FATAL(at >= 14);
		hit[at] = 1;
		CU_ASSERT_EQUAL(m->pkt_len, 200);
		rte_pktmbuf_free(m);
	}
	for (at = 14; at < 200; at++)
		CU_ASSERT(hit[at]);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_corrupted), 5000);
	close_wire();
}

/* A frame that is nothing but its header. */
static void corrupt_nothing(void)
{
	struct rte_mbuf *m;

	open_wire((struct wire_conf){.corrupt = WIRE_ALWAYS});
	m = rte_pktmbuf_alloc(pools.data);
	memset(rte_pktmbuf_append(m, 14), 0, 14);
	wire_push(wire, m, start);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_corrupted), 0);
	close_wire();
}

/* Never more than it was made for, in the ring, in the heap and in both. */
static void bounded(void)
{
	for (unsigned share = 0; share <= 100; share += 50) {
		open_wire((struct wire_conf){.delay = MS,
			.gap = 1,
			.reorder = share * SHARE + (share == 100) * WIRE_ALWAYS,
			.duplicate = 10 * SHARE,
			.packets = 100});
		for (uint32_t i = 0; i < 1000; i++) {
			push(i, LEN, i);
			CU_ASSERT(wire_held(wire) <= 100);
		}
		CU_ASSERT_EQUAL(wire_held(wire), 100);
		CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 100);
		CU_ASSERT_EQUAL(stat(WIRE_STAT_no_room), 900 + stat(WIRE_STAT_duplicated));
		while (pull(2 * MS) >= 0)
			;
		push(1, LEN, 3 * MS);
		CU_ASSERT(pull(5 * MS) == 1);
		close_wire();
	}
}

/* The ring goes round many times, in and out by turns. */
static void ring_wraps(void)
{
	open_wire((struct wire_conf){.delay = 7 * US, .packets = 10});
	for (uint32_t i = 0; i < 1000; i++) {
		push(i, LEN, i * US);
		CU_ASSERT_EQUAL(pull(i * US), i < 7 ? -1 : (int64_t)i - 7);
	}
	close_wire();
}

/* Everything again, where the clock wraps in the middle. */
static void time_wraps(void)
{
	uint64_t want = trace(all);

	start = (uint64_t)0 - 20 * MS;
	CU_ASSERT_EQUAL(trace(all), want);
	delay_exact();
	rate_exact();
	queue_full();
	reorder_one();
	rate_drops();
	rate_rises();
	rate_drops_late();
	start = UINT64_MAX / 2 - 20 * MS;
	CU_ASSERT_EQUAL(trace(all), want);
	start = 0;
}

/* The largest figures that the arguments allow do not overflow. */
static void extremes(void)
{
	open_wire((struct wire_conf){.delay = WIRE_TIME_MAX,
		.jitter = WIRE_TIME_MAX,
		.rate = 1000,
		.queue = WIRE_QUEUE_MAX,
		.packets = 3000});
	for (uint32_t i = 0; i < 2000; i++)
		push(i, 2000, 0);
	CU_ASSERT_EQUAL(stat(WIRE_STAT_queue_full), 0);
	/* 16 s a packet: the last has left after 32000 s */
	for (uint32_t i = 0; i < 2000; i++)
		CU_ASSERT_EQUAL(pull(33000 * WIRE_NS_PER_S), i);
	close_wire();
	open_wire((struct wire_conf){.rate = 1000000000000, .queue = WIRE_QUEUE_MAX});
	for (uint32_t i = 0; i < 10; i++)
		push(i, LEN, 0);
	for (uint32_t i = 0; i < 10; i++)
		arrives(i, (i + 1) * 8);
	close_wire();
}

static const struct unit_case cases[] = {
	UNIT_CASE(bare_wire),
	UNIT_CASE(bursts_of_pull),
	UNIT_CASE(delay_exact),
	UNIT_CASE(jitter_keeps_order),
	UNIT_CASE(rate_exact),
	UNIT_CASE(queue_full),
	UNIT_CASE(queue_tiny),
	UNIT_CASE(loss_behind_link),
	UNIT_CASE(loss_share),
	UNIT_CASE(burst_loss),
	UNIT_CASE(loss_of_two_kinds),
	UNIT_CASE(link_down),
	UNIT_CASE(rate_drops),
	UNIT_CASE(rate_rises),
	UNIT_CASE(rate_drops_late),
	UNIT_CASE(change_keeps_streams),
	UNIT_CASE(delays),
	UNIT_CASE(same_seed_same_fate),
	UNIT_CASE(streams_apart),
	UNIT_CASE(streams_differ),
	UNIT_CASE(reorder_one),
	UNIT_CASE(reorder_all),
	UNIT_CASE(reorder_tie),
	UNIT_CASE(duplicate),
	UNIT_CASE(duplicate_without_mbuf),
	UNIT_CASE(corrupt_one_bit),
	UNIT_CASE(corrupt_nothing),
	UNIT_CASE(bounded),
	UNIT_CASE(ring_wraps),
	UNIT_CASE(time_wraps),
	UNIT_CASE(extremes),
};

UNIT_MAIN(cases)
