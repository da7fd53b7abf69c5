/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#define V4 1
#define V6 58

/* An ICMP message to us with n bytes behind its 8 of header. */
static void icmp(
	struct frame *f, unsigned proto, unsigned what, uint32_t arg, const void *p, unsigned n)
{
	unsigned at;

	if (proto == V4) {
		eth(f, our_mac[0], peer_mac, 0x0800);
		ip4(f, PEER, US, V4, 8 + n);
	} else {
		eth(f, our_mac[0], peer_mac, 0x86dd);
		ip6(f, PEER6, US6, V6, 8 + n);
	}
	at = f->n;
	put16(f, what);
	put16(f, 0);
	put32(f, arg);
	put(f, p, n);
	seal(f, 14, at, 2, proto);
}

/* The head of a packet from us, as the host writes it; l4 is at its offset 14. */
static void out(struct frame *f, unsigned proto, unsigned n)
{
	if (proto == V4) {
		eth(f, peer_mac, our_mac[0], 0x0800);
		ip4(f, US, PEER, V4, n);
		set16(f, 14 + 4, 0);
		set16(f, 14 + 6, 0x4000);
		set16(f, 14 + 10, 0);
	} else {
		eth(f, peer_mac, our_mac[0], 0x86dd);
		ip6(f, US6, PEER6, V6, n);
		f->b[14 + 7] = 64;
	}
}

static void know(void)
{
	teach(0, PEER, peer_mac, KNOWN);
	teach(0, PEER6, peer_mac, KNOWN);
}

static void echo(void)
{
	static const struct {
		unsigned proto, request, reply;
	} t[] = {{V4, 8, 0}, {V6, 128, 129}};
	uint8_t data[1400];
	struct frame f;

	host_start();
	know();
	memset(data, 0x5a, sizeof(data));
	for (unsigned i = 0; i < RTE_DIM(t); i++)
		for (unsigned n = 0; n < sizeof(data); n += 233) {
			unsigned at;

			icmp(&f, t[i].proto, t[i].request << 8, 0x12340007, data, n);
			dropped(0, &f, NET_STAT_rx_icmp_echo);
			out(&f, t[i].proto, 8 + n);
			at = f.n;
			put16(&f, t[i].reply << 8);
			put16(&f, 0);
			put32(&f, 0x12340007);
			put(&f, data, n);
			seal(&f, 14, at, 2, t[i].proto);
			is_frame(sent(0), &f);
		}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_icmp_echo), 14);
	host_stop();
}

/* Several segments, odd lengths, a padded frame: the sum is right all the same. */
static void echo_segments(void)
{
	struct frame f, reply;
	uint8_t data[301];

	host_start();
	know();
	memset(data, 0xa5, sizeof(data));
	icmp(&f, V4, 0x0800, 1, data, sizeof(data));
	out(&reply, V4, 8 + sizeof(data));
	put32(&reply, 0);
	put32(&reply, 1);
	put(&reply, data, sizeof(data));
	seal(&reply, 14, 34, 2, V4);
	for (unsigned first = 42; first < f.n; first += 7) {
		CU_ASSERT_PTR_NULL(feed(0, mbuf(&f, first)));
		is_frame(sent(0), &reply);
	}
	put_fill(&f, 20);
	dropped(0, &f, NET_STAT_rx_icmp_echo);
	is_frame(sent(0), &reply);
	host_stop();
}

static void bad(void)
{
	struct frame f;

	host_start();
	know();
	icmp(&f, V4, 0x0800, 1, "abcd", 4);
	f.b[40] ^= 1;
	dropped(0, &f, NET_STAT_rx_icmp_checksum);
	icmp(&f, V6, 0x8000, 1, "abcd", 4);
	f.b[60] ^= 1;
	dropped(0, &f, NET_STAT_rx_icmp_checksum);
	for (unsigned n = 0; n < 8; n++) {
		eth(&f, our_mac[0], peer_mac, 0x0800);
		ip4(&f, PEER, US, V4, n);
		put_fill(&f, n);
		dropped(0, &f, NET_STAT_rx_icmp_header);
	}
	icmp(&f, V4, 0x0400, 0, "", 0); /* source quench */
	dropped(0, &f, NET_STAT_rx_icmp_ignored);
	icmp(&f, V4, 0x0500, 0, "", 0); /* redirect */
	dropped(0, &f, NET_STAT_rx_icmp_ignored);
	icmp(&f, V4, 0x0000, 0, "", 0); /* an answer to nobody */
	dropped(0, &f, NET_STAT_rx_icmp_ignored);
	icmp(&f, V6, 0x8000, 1, "", 0); /* echo to all nodes */
	memcpy(f.b, "\x33\x33\0\0\0\1", 6);
	memcpy(f.b + 14 + 24, addr("ff02::1").b, 16);
	seal(&f, 14, 54, 2, V6);
	dropped(0, &f, NET_STAT_rx_ip6_multicast);
	icmp(&f, V6, 0x8000, 1, "", 0); /* from nobody */
	memset(f.b + 14 + 8, 0, 16);
	seal(&f, 14, 54, 2, V6);
	dropped(0, &f, NET_STAT_rx_ip6_martian);
	CU_ASSERT(sent_none());
	host_stop();
}

/* n bytes of a TCP packet of ours, as a router would quote it. */
static unsigned quote(struct frame *q, unsigned proto, unsigned n)
{
	q->n = 0;
	if (proto == V4)
		ip4(q, US, "192.0.2.9", 6, 1460);
	else
		ip6(q, US6, "2001:db8:9::9", 6, 1440);
	put16(q, 443);
	put16(q, 40000);
	put32(q, 0x01020304);
	put_fill(q, 40);
	return n;
}

static void errors_in(void)
{
	static const struct {
		unsigned proto, what;
		uint32_t arg;
		uint16_t mtu;
	} t[] = {
		{V4, 0x0301, 0, 0},
		{V4, 0x0303, 1400, 0}, /* only "fragmentation needed" has an MTU */
		{V4, 0x0304, 1400, 1400},
		{V4, 0x0304, 0x12340000 | 1400, 1400},
		{V4, 0x0304, 0, 0},
		{V4, 0x0b00, 0, 0},
		{V4, 0x0c00, 0, 0},
		{V6, 0x0104, 0, 0},
		{V6, 0x0200, 1280, 1280},
		{V6, 0x0200, 0x12345678, 65535},
		{V6, 0x0300, 0, 0},
		{V6, 0x0401, 6, 0},
	};
	struct frame f, q;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		bool v4 = t[i].proto == V4;
		unsigned at = v4 ? 34 + 8 + 20 : 54 + 8 + 40;
		struct ip_addr us = addr(v4 ? US : US6);
		struct ip_addr far = addr(v4 ? "192.0.2.9" : "2001:db8:9::9");
		struct pkt_meta *meta;
		struct rte_mbuf *m;

		icmp(&f, t[i].proto, t[i].what, t[i].arg, q.b, quote(&q, t[i].proto, v4 ? 28 : 48));
		m = mbuf(&f, f.n);
		m->hash.rss = 99;
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		m = feed(0, m);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		meta = pkt_meta(m);
		CU_ASSERT_EQUAL(meta->flags, PKT_F_ICMP_ERR);
		CU_ASSERT_EQUAL(meta->verdict, PKT_TCP);
		CU_ASSERT_EQUAL(meta->icmp_type << 8 | meta->icmp_code, t[i].what);
		CU_ASSERT_EQUAL(meta->mtu, t[i].mtu);
		CU_ASSERT_EQUAL(meta->l4_off, at);
		CU_ASSERT_EQUAL(meta->l4_len, 8);
		CU_ASSERT_EQUAL(meta->flow_hash, 0);
		CU_ASSERT(ip_addr_eq(&meta->src, &us));
		CU_ASSERT(ip_addr_eq(&meta->dst, &far));
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_icmp_tcp), RTE_DIM(t));
	CU_ASSERT(sent_none());
	host_stop();
}

static void error_quotes(void)
{
	static const struct {
		unsigned proto, off, value; /* of the quoted packet */
	} t[] = {
		{V4, 0, 0x6500},
		{V4, 0, 0x4400},
		{V4, 0, 0x4f00},
		{V4, 8, 64 << 8 | 17},
		{V4, 6, 0x2000},
		{V4, 6, 0x0008},
		{V4, 12, 0x0b00},
		{V4, 16, 0xe000},
		{V6, 0, 0x4000},
		{V6, 6, 17 << 8 | 64},
		{V6, 6, 44 << 8 | 64},
		{V6, 8, 0x2002},
		{V6, 24, 0xff02},
	};
	struct frame f, q;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		unsigned n = quote(&q, t[i].proto, t[i].proto == V4 ? 28 : 48);

		set16(&q, t[i].off, t[i].value);
		icmp(&f, t[i].proto, t[i].proto == V4 ? 0x0304 : 0x0200, 1300, q.b, n);
		dropped(0, &f, NET_STAT_rx_icmp_quote);
	}
	for (unsigned n = 0; n < 48; n++) {
		quote(&q, V6, 0);
		icmp(&f, V6, 0x0200, 1300, q.b, n);
		dropped(0, &f, NET_STAT_rx_icmp_quote);
	}
	for (unsigned n = 0; n < 28; n++) {
		quote(&q, V4, 0);
		icmp(&f, V4, 0x0304, 1300, q.b, n);
		dropped(0, &f, NET_STAT_rx_icmp_quote);
	}
	CU_ASSERT(sent_none());
	host_stop();
}

/* UDP and unknown protocols are refused, byte for byte. */
static void errors_out(void)
{
	static const struct {
		unsigned proto, next, what;
		uint32_t arg;
		enum net_stat code;
	} t[] = {
		{V4, 17, 0x0303, 0, NET_STAT_rx_udp},
		{V4, 132, 0x0302, 0, NET_STAT_rx_protocol},
		{V6, 17, 0x0104, 0, NET_STAT_rx_udp},
		{V6, 132, 0x0401, 6, NET_STAT_rx_protocol},
	};

	host_start();
	know();
	for (unsigned i = 0; i < RTE_DIM(t); i++)
		for (unsigned n = 8; n <= 1408; n += 700) {
			bool v4 = t[i].proto == V4;
			struct frame f, reply;
			unsigned at, part;

			eth(&f, our_mac[0], peer_mac, v4 ? 0x0800 : 0x86dd);
			v4 ? ip4(&f, PEER, US, t[i].next, n) : ip6(&f, PEER6, US6, t[i].next, n);
			put_fill(&f, n);
			dropped(0, &f, t[i].code);
			part = RTE_MIN(f.n - 14, v4 ? 576 - 28u : 1280 - 48u);
			out(&reply, t[i].proto, 8 + part);
			at = reply.n;
			put16(&reply, t[i].what);
			put16(&reply, 0);
			put32(&reply, t[i].arg);
			put(&reply, f.b + 14, part);
			seal(&reply, 14, at, 2, t[i].proto);
			is_frame(sent(0), &reply);
		}
	CU_ASSERT_EQUAL(count(NET_STAT_icmp_error_sent), 12);
	host_stop();
}

/* The field that named the unknown header, behind an extension; an option that asks for an error.
 */
static void parameter_problems(void)
{
	static const struct {
		uint8_t ext[8];
		unsigned what;
		uint32_t arg;
	} t[] = {
		{{132, 0, 1, 4}, 0x0401, 40}, {{17, 0, 1, 1, 0, 0x80, 1}, 0x0402, 45},
		{{6, 0, 0xc0, 4}, 0x0402, 42},
		{{17, 0, 0x40, 4}, 0, 0}, /* to be discarded in silence */
		{{58, 0, 0x80, 4}, 0, 0}, /* could be an error itself */
	};

	host_start();
	know();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		struct rte_mbuf *m;
		struct frame f;
		uint8_t *p;

		eth(&f, our_mac[0], peer_mac, 0x86dd);
		ip6(&f, PEER6, US6, 60, 16);
		put(&f, t[i].ext, 8);
		put_fill(&f, 8);
		dropped(0, &f, i ? NET_STAT_rx_ip6_option : NET_STAT_rx_protocol);
		m = sent(0);
		CU_ASSERT_EQUAL(m != NULL, t[i].what != 0);
		if (!m)
			continue;
		p = rte_pktmbuf_mtod(m, uint8_t *);
		CU_ASSERT_EQUAL(p[54] << 8 | p[55], t[i].what);
		CU_ASSERT_EQUAL(p[61], t[i].arg);
		rte_pktmbuf_free(m);
	}
	host_stop();
}

/* 50 at once, then 100 a second; the packets themselves are counted all. */
static void errors_limited(void)
{
	struct frame f;
	unsigned n = 0;

	host_start();
	know();
	eth(&f, our_mac[0], peer_mac, 0x0800);
	ip4(&f, PEER, US, 17, 8);
	put_fill(&f, 8);
	for (unsigned i = 0; i < 2000; i++, now += CLOCK_US_PER_MS) {
		struct rte_mbuf *m;

		dropped(0, &f, NET_STAT_rx_udp);
		m = sent(0);
		n += m != NULL;
		if (i == 49)
			CU_ASSERT_EQUAL(n, 50);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT(n >= 245 && n <= 255);
	CU_ASSERT_EQUAL(count(NET_STAT_icmp_error_sent), n);
	CU_ASSERT_EQUAL(count(NET_STAT_icmp_error_limited), 2000 - n);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(echo),
	UNIT_CASE(echo_segments),
	UNIT_CASE(bad),
	UNIT_CASE(errors_in),
	UNIT_CASE(error_quotes),
	UNIT_CASE(errors_out),
	UNIT_CASE(parameter_problems),
	UNIT_CASE(errors_limited),
};
UNIT_MAIN(cases)
