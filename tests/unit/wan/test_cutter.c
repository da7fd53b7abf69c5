/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "base/rand.h"
#include "buf/buf.h"
#include "cutter.h"
#include "unit.h"

#define MTU  1500
#define MSS  1448
#define ID   0xfffe     /* wraps while it is counted on */
#define SEQ  0xfffff000 /* likewise */
#define MANY 62000      /* bytes of payload */
#define L2   14

/* A packet as its sender wrote it. */
struct shape {
	bool v6, vlan, udp;
	uint8_t flags;     /* of TCP */
	uint8_t options;   /* bytes behind TCP's fixed header */
	uint8_t ip_extra;  /* bytes of IPv4 options */
	uint16_t fragment; /* IPv4's field */
	uint32_t n;        /* bytes of payload */
	uint16_t size;     /* tso_segsz */
	uint64_t ol_flags;
};

static struct buf_pools pools;
static struct cutter cutter;
static struct rand_state rnd;
static uint8_t frame[65536], payload[65536];

static void begin(uint16_t mtu, uint32_t mbufs)
{
	unit_eal();
	rand_seed(&rnd, unit_seed(0x637574));
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&pools, "cut", mbufs, SOCKET_ID_ANY), 0);
	cutter_init(&cutter, mtu, pools.data);
	for (unsigned i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)rand_next(&rnd);
}

static void end(void)
{
	UNIT_NO_LEAK(&pools);
	buf_pools_destroy(&pools);
}

static uint64_t stat(enum cutter_stat s)
{
	return cutter_stats(&cutter).values[s];
}

static uint32_t l2_of(const struct shape *s)
{
	return L2 + (s->vlan ? RTE_VLAN_HLEN : 0);
}

static uint32_t l3_of(const struct shape *s)
{
	return s->v6 ? 40 : 20 + s->ip_extra;
}

static uint32_t l4_of(const struct shape *s)
{
	return s->udp ? 8 : 20 + s->options;
}

static void ip_write(const struct shape *s, uint8_t *p)
{
	uint8_t proto = s->udp ? IPPROTO_UDP : IPPROTO_TCP;
	struct rte_ipv4_hdr *ip = (void *)p;
	struct rte_ipv6_hdr *ip6 = (void *)p;

	for (unsigned i = 0; i < l3_of(s); i++)
		p[i] = (uint8_t)rand_next(&rnd);
	if (s->v6) {
		ip6->vtc_flow = RTE_BE32(0x60123456);
		ip6->payload_len = rte_cpu_to_be_16((uint16_t)(l4_of(s) + s->n));
		ip6->proto = proto;
		return;
	}
	ip->version_ihl = (uint8_t)(0x40 | l3_of(s) / 4);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(l3_of(s) + l4_of(s) + s->n));
	ip->packet_id = RTE_BE16(ID);
	ip->fragment_offset = rte_cpu_to_be_16(s->fragment);
	ip->next_proto_id = proto;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* The frame, flat; its length. Its checksum is what a sender with offload leaves there. */
static uint32_t write_frame(const struct shape *s)
{
	uint32_t at = l2_of(s) + l3_of(s), all = at + l4_of(s);
	uint16_t type = s->v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4;
	struct rte_tcp_hdr *tcp = (void *)(frame + at);

	memset(frame, 2, 12);
	frame[l2_of(s) - 2] = (uint8_t)(type >> 8);
	frame[l2_of(s) - 1] = (uint8_t)type;
	if (s->vlan)
		memcpy(frame + 12, (uint8_t[]){0x81, 0, 0x20, 7}, 4);
	ip_write(s, frame + l2_of(s));
	for (uint32_t i = at; i < all; i++)
		frame[i] = (uint8_t)rand_next(&rnd);
	if (!s->udp) {
		tcp->sent_seq = RTE_BE32(SEQ);
		tcp->data_off = (uint8_t)(l4_of(s) / 4 << 4);
		tcp->tcp_flags = s->flags;
	}
	memcpy(frame + all, payload, s->n);
	return all + s->n;
}

/* The first n bytes of `frame` as a port hands them up: full mbufs. */
static struct rte_mbuf *received(uint32_t n, const struct shape *s)
{
	struct rte_mbuf *m = NULL;

	for (uint32_t at = 0; at < n;) {
		struct rte_mbuf *part = rte_pktmbuf_alloc(pools.data);
		uint32_t len = RTE_MIN(n - at, (uint32_t)rte_pktmbuf_tailroom(part));

		memcpy(rte_pktmbuf_append(part, (uint16_t)len), frame + at, len);
		if (m)
			rte_pktmbuf_chain(m, part);
		else
			m = part;
		at += len;
	}
	m->ol_flags = s->ol_flags;
	m->tso_segsz = s->size;
	return m;
}

static struct rte_mbuf *sent(const struct shape *s)
{
	return received(write_frame(s), s);
}

/* RFC 1071 by the book, a byte pair at a time. */
static uint32_t book_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The sum over a TCP or UDP packet with its pseudo-header: right when it is all ones. */
static uint32_t l4_sum(const struct shape *s, const uint8_t *l3, uint32_t len)
{
	uint32_t sum = len + (s->udp ? 17 : 6);

	sum = book_sum(l3 + (s->v6 ? 8 : 12), s->v6 ? 32 : 8, sum);
	return book_sum(l3 + l3_of(s), len, sum);
}

/* All but what segments differ in is the frame's. */
static void same_heads(const struct shape *s, const uint8_t *p)
{
	uint8_t want[160];
	uint32_t l2 = l2_of(s), l4 = l2 + l3_of(s), all = l4 + l4_of(s);

	memcpy(want, frame, all);
	memcpy(want + l2 + (s->v6 ? 4 : 2), p + l2 + (s->v6 ? 4 : 2), s->v6 ? 2 : 4);
	if (!s->v6)
		memcpy(want + l2 + 10, p + l2 + 10, 2);
	memcpy(want + l4 + 4, p + l4 + 4, 4);
	want[l4 + 13] = p[l4 + 13];
	memcpy(want + l4 + 16, p + l4 + 16, 2);
	CU_ASSERT_EQUAL(memcmp(want, p, all), 0);
}

/* m (freed) is the i-th of the segments of what s says, `at` bytes of payload behind its start. */
static uint32_t segment_check(
	const struct shape *s, struct rte_mbuf *m, uint32_t i, uint32_t at, uint32_t size)
{
	uint8_t flat[10000];
	uint32_t l2 = l2_of(s), l4 = l2 + l3_of(s), all = l4 + l4_of(s);
	uint32_t n = RTE_MIN(size, s->n - at);
	const struct rte_ipv4_hdr *ip = (void *)(flat + l2);
	const struct rte_tcp_hdr *tcp = (void *)(flat + l4);
	uint8_t want = s->flags;

	CU_ASSERT_EQUAL_FATAL(m->pkt_len, all + n);
	memcpy(flat, rte_pktmbuf_read(m, 0, m->pkt_len, flat), m->pkt_len);
	for (const struct rte_mbuf *part = m; part; part = part->next)
		CU_ASSERT(RTE_MBUF_DIRECT(part) && rte_mbuf_refcnt_read(part) == 1);
	rte_pktmbuf_free(m);
	same_heads(s, flat);
	CU_ASSERT_EQUAL(memcmp(flat + all, payload + at, n), 0);
	if (s->v6) {
		CU_ASSERT_EQUAL(flat[l2 + 4] << 8 | flat[l2 + 5], l4_of(s) + n);
	} else {
		CU_ASSERT_EQUAL(rte_be_to_cpu_16(ip->total_length), l3_of(s) + l4_of(s) + n);
		CU_ASSERT_EQUAL(rte_be_to_cpu_16(ip->packet_id), (uint16_t)(ID + i));
		CU_ASSERT_EQUAL(book_sum(flat + l2, l3_of(s), 0), 0xffff);
	}
	CU_ASSERT_EQUAL(rte_be_to_cpu_32(tcp->sent_seq), (uint32_t)(SEQ + at));
	if (at + n < s->n)
		want &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (i > 0)
		want &= ~RTE_TCP_CWR_FLAG;
	CU_ASSERT_EQUAL(tcp->tcp_flags, want);
	CU_ASSERT_EQUAL(l4_sum(s, flat + l2, l4_of(s) + n), 0xffff);
	return n;
}

/* s is cut into packets with `size` bytes each. */
static void cut(const struct shape *s, uint32_t size)
{
	uint64_t before = stat(CUTTER_STAT_super_packets);
	struct rte_mbuf *m;
	uint32_t at = 0, i = 0;

	cutter_put(&cutter, sent(s));
	while ((m = cutter_take(&cutter)) != NULL)
		at += segment_check(s, m, i++, at, size);
	CU_ASSERT_EQUAL(at, s->n);
	CU_ASSERT_EQUAL(i, (s->n + size - 1) / size);
	CU_ASSERT_EQUAL(stat(CUTTER_STAT_super_packets), before + 1);
	CU_ASSERT_PTR_NULL(cutter_take(&cutter));
}

/* What goes in comes out, the same mbuf; NULL when it is dropped with this code. */
static struct rte_mbuf *through(struct rte_mbuf *m, int code)
{
	uint64_t before = code >= 0 ? stat((enum cutter_stat)code) : 0;
	struct rte_mbuf *out;

	cutter_put(&cutter, m);
	out = cutter_take(&cutter);
	CU_ASSERT(out == NULL || out == m);
	CU_ASSERT_PTR_NULL(cutter_take(&cutter));
	if (code >= 0)
		CU_ASSERT_EQUAL(stat((enum cutter_stat)code), before + 1);
	return out;
}

/* It comes out with not a bit changed, and counted where there is a code. */
static void as_it_is(struct rte_mbuf *m, uint32_t n, int code)
{
	static uint8_t flat[65536];
	struct rte_mbuf *out = through(m, code);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL_FATAL(out->pkt_len, n);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_read(out, 0, n, flat), frame, n), 0);
	rte_pktmbuf_free(out);
}

static const struct shape super = {.flags = RTE_TCP_ACK_FLAG,
	.options = 12,
	.n = MANY,
	.size = MSS,
	.ol_flags = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE};

static void cuts(void)
{
	begin(MTU, 1024);
	for (unsigned i = 0; i < 8; i++) {
		struct shape s = super;

		s.v6 = i & 1;
		s.vlan = i & 2;
		s.options = i & 4 ? 40 : 12;
		s.size = (uint16_t)(MTU - l3_of(&s) - l4_of(&s));
		cut(&s, s.size);
		s.n = 10u * s.size; /* the last is as long as the others */
		cut(&s, s.size);
		s.n = s.size + 1u;
		cut(&s, s.size);
	}
	CU_ASSERT_EQUAL(stat(CUTTER_STAT_finished), 0);
	end();
}

static void flags(void)
{
	static const uint8_t all = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG |
				   RTE_TCP_CWR_FLAG | RTE_TCP_ECE_FLAG;

	begin(MTU, 256);
	for (unsigned i = 0; i < 256; i++) {
		struct shape s = super;

		s.n = 5000;
		s.flags = (uint8_t)i & all;
		s.v6 = i & 2;
		s.size = 1000;
		cut(&s, s.size);
	}
	end();
}

/* A port that merges and does not say of what: as much as the wire carries. */
static void no_size(void)
{
	struct shape s = super;

	begin(MTU, 256);
	for (unsigned size = 0; size <= 27; size += 27) {
		s.size = (uint16_t)size;
		s.v6 = size > 0;
		cut(&s, MTU - l3_of(&s) - l4_of(&s));
	}
	s.size = 28;
	s.n = 1000;
	cut(&s, 28);
	end();
}

static void jumbo(void)
{
	struct shape s = super;

	begin(9000, 256);
	s.size = 8948;
	cut(&s, 8948);
	s.v6 = true;
	s.size = 3001;
	cut(&s, 3001);
	end();
}

/* Bytes behind the IP packet are a frame's padding: no payload. */
static void padding(void)
{
	struct shape s = super;
	struct rte_mbuf *m;
	uint32_t at = 0, i = 0;

	begin(MTU, 64);
	s.n = 4000;
	m = received(write_frame(&s) + 9, &s);
	cutter_put(&cutter, m);
	while ((m = cutter_take(&cutter)) != NULL)
		at += segment_check(&s, m, i++, at, MSS);
	CU_ASSERT_EQUAL(at, s.n);
	end();
}

/* One packet, but its checksum was left to the device. */
static void finishes(void)
{
	struct rte_mbuf *m;
	uint64_t before;

	begin(MTU, 64);
	for (unsigned i = 0; i < 16 * 4; i++) {
		struct shape s = {.v6 = i & 1, .udp = i & 2, .vlan = i & 4, .n = i * 7};
		bool merged = i & 8 && !s.udp;
		uint32_t n;

		s.ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE | (merged ? RTE_MBUF_F_RX_LRO : 0);
		s.size = merged ? MSS : 0;
		n = write_frame(&s);
		m = through(received(n, &s), CUTTER_STAT_finished);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->pkt_len, n);
		CU_ASSERT_EQUAL(
			l4_sum(&s, rte_pktmbuf_mtod(m, uint8_t *) + l2_of(&s), l4_of(&s) + s.n),
			0xffff);
		rte_pktmbuf_free(m);
	}
	before = stat(CUTTER_STAT_finished);
	for (unsigned i = 0; i < 4; i++) { /* seen to, verified, or for the reader to verify */
		static const uint64_t sums[] = {0, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
			RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_IP_CKSUM_GOOD};
		struct shape s = {.n = 100, .ol_flags = sums[i]};
		uint32_t n = write_frame(&s);

		as_it_is(received(n, &s), n, -1);
	}
	CU_ASSERT_EQUAL(stat(CUTTER_STAT_finished), before);
	end();
}

/* RFC 768: zero means none, so ones stand for it. */
static void udp_zero(void)
{
	struct shape s = {.udp = true, .n = 2, .ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE};
	struct rte_mbuf *m;
	uint32_t n, sum;

	begin(MTU, 64);
	n = write_frame(&s);
	memset(frame + n - 2, 0, 2);
	frame[n - 4] = frame[n - 3] = 0;
	sum = l4_sum(&s, frame + L2, l4_of(&s) + s.n) ^ 0xffff;
	frame[n - 2] = (uint8_t)(sum >> 8);
	frame[n - 1] = (uint8_t)sum;
	m = through(received(n, &s), CUTTER_STAT_finished);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(*rte_pktmbuf_mtod_offset(m, uint16_t *, n - 4), 0xffff);
	rte_pktmbuf_free(m);
	end();
}

/* A frame of n bytes that is neither TCP nor UDP as a whole, asking for everything. */
static void odd(uint32_t n)
{
	struct rte_mbuf *m = received(n, &super);

	if (n > MTU + L2 + 2 * RTE_VLAN_HLEN)
		CU_ASSERT_PTR_NULL(through(m, CUTTER_STAT_too_long))
	else
		as_it_is(m, n, CUTTER_STAT_unfinished);
}

static void both_odd(struct shape s, void (*spoil)(const struct shape *))
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t n;

		s.n = i ? 20000 : 600;
		n = write_frame(&s);
		if (spoil)
			spoil(&s);
		odd(n);
	}
}

static void other_protocol(const struct shape *s)
{
	frame[l2_of(s) + (s->v6 ? 6 : 9)] = 50;
}

static void other_type(const struct shape *s)
{
	frame[12] = 0x88;
}

static void short_header(const struct shape *s)
{
	frame[l2_of(s) + l3_of(s) + 12] = 4 << 4;
}

static void short_ip(const struct shape *s)
{
	frame[l2_of(s)] = 0x44;
}

static void length_beyond(const struct shape *s)
{
	memset(frame + l2_of(s) + (s->v6 ? 4 : 2), 0xff, 2);
}

static void length_below(const struct shape *s)
{
	memset(frame + l2_of(s) + (s->v6 ? 4 : 2), 0, 2);
}

static void extension(const struct shape *s)
{
	frame[l2_of(s) + 6] = 0; /* hop by hop: a header of 8 bytes, then TCP */
	memcpy(frame + l2_of(s) + 40, (uint8_t[]){IPPROTO_TCP, 0}, 2);
}

/* What is no valid TCP or UDP is passed on as it is, or dropped where the wire is too narrow. */
static void oddities(void)
{
	static void (*const spoils[])(const struct shape *) = {
		other_protocol, other_type, short_header, length_beyond, length_below};
	struct shape s = super;

	begin(MTU, 256);
	for (unsigned i = 0; i < 2 * RTE_DIM(spoils); i++) {
		s.v6 = i & 1;
		both_odd(s, spoils[i / 2]);
	}
	s.v6 = true;
	both_odd(s, extension);
	s.v6 = false;
	both_odd(s, short_ip);
	s.fragment = 0x2000; /* more fragments */
	both_odd(s, NULL);
	s.fragment = 3;
	both_odd(s, NULL);
	s.fragment = 0;
	for (uint32_t n = 1, whole = L2 + 20 + 32; n < whole; n++) { /* cut off in its headers */
		write_frame(&s);
		odd(n);
	}
	CU_ASSERT_EQUAL(stat(CUTTER_STAT_super_packets) + stat(CUTTER_STAT_finished), 0);
	end();
}

/* TCP that cannot be cut is dropped where it is longer than the wire takes. */
static void uncut(void)
{
	static const uint8_t kept[] = {RTE_TCP_SYN_FLAG, RTE_TCP_RST_FLAG, RTE_TCP_URG_FLAG};
	struct shape s = super;

	begin(MTU, 256);
	for (unsigned i = 0; i < RTE_DIM(kept); i++) {
		s.flags = RTE_TCP_ACK_FLAG | kept[i];
		s.n = 600;
		s.size = 100;
		rte_pktmbuf_free(through(sent(&s), CUTTER_STAT_finished));
		s.n = 20000;
		CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	}
	s = super;
	s.size = MSS + 1; /* more than the wire takes */
	CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	s = super;
	s.ip_extra = 40; /* with TCP's own: no room for them in front */
	s.options = 40;
	CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	s = super;
	s.ol_flags = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_BAD; /* is not made right here */
	CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	s.ol_flags = 0; /* nobody said that it is one */
	CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	s = super;
	s.udp = true;
	CU_ASSERT_PTR_NULL(through(sent(&s), CUTTER_STAT_too_long));
	end();
}

/* The longest frame of the wire, with its tags, and a byte more. */
static void longest(void)
{
	struct shape s = {.n = MTU - 40};
	uint32_t n;

	begin(MTU, 64);
	n = write_frame(&s) + 8;
	as_it_is(received(n, &s), n, -1);
	CU_ASSERT_PTR_NULL(through(received(n + 1, &s), CUTTER_STAT_too_long));
	end();
}

/* Without mbufs for all the others are lost, and each is counted. */
static void pool_empty(void)
{
	struct rte_mbuf *hold[64], *m, *out[4];
	unsigned n = 0, got = 0;

	begin(MTU, 64);
	m = sent(&super);
	cutter_put(&cutter, m);
	while ((hold[n] = rte_pktmbuf_alloc(pools.data)) != NULL)
		n++;
	for (unsigned i = 0; i < 3; i++)
		rte_pktmbuf_free(hold[--n]);
	while (got < 4 && (out[got] = cutter_take(&cutter)) != NULL)
		got++;
	CU_ASSERT_EQUAL(got, 3);
	CU_ASSERT_EQUAL(stat(CUTTER_STAT_no_mbuf), (MANY + MSS - 1) / MSS - 3);
	rte_pktmbuf_free_bulk(out, got);
	rte_pktmbuf_free_bulk(hold, n);
	end();
}

/* Whatever the bytes are: nothing crashes, leaks or is longer than the wire. */
static void noise(void)
{
	struct rte_mbuf *m;

	begin(MTU, 4096);
	for (unsigned i = 0; i < 20000; i++) {
		struct shape s = {
			.v6 = i & 1, .vlan = i & 2, .udp = !(i & 28), .flags = RTE_TCP_ACK_FLAG};
		uint32_t n;

		s.options = (uint8_t)(4 * rand_below(&rnd, 11));
		s.n = rand_below(&rnd, i & 32 ? 20000 : 1500);
		s.size = (uint16_t)rand_below(&rnd, 2000);
		s.ol_flags = i & 64 ? super.ol_flags : RTE_MBUF_F_RX_L4_CKSUM_NONE;
		n = write_frame(&s);
		for (uint32_t k = rand_below(&rnd, 4); k > 0; k--)
			frame[rand_below(&rnd, 100)] ^= (uint8_t)(1u << rand_below(&rnd, 8));
		if (i & 128)
			n = 1 + rand_below(&rnd, n);
		cutter_put(&cutter, received(n, &s));
		while ((m = cutter_take(&cutter)) != NULL) {
			CU_ASSERT(m->pkt_len <= MTU + L2 + 8);
			rte_pktmbuf_free(m);
		}
	}
	end();
}

static const struct unit_case cases[] = {UNIT_CASE(cuts), UNIT_CASE(flags), UNIT_CASE(no_size),
	UNIT_CASE(jumbo), UNIT_CASE(padding), UNIT_CASE(finishes), UNIT_CASE(udp_zero),
	UNIT_CASE(oddities), UNIT_CASE(uncut), UNIT_CASE(longest), UNIT_CASE(pool_empty),
	UNIT_CASE(noise)};
UNIT_MAIN(cases)
