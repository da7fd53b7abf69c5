/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

/* A frame with n bytes of extension headers, the first of type next, then 40 bytes of TCP. */
static void extended(struct frame *f, unsigned next, const uint8_t *ext, unsigned n)
{
	eth(f, our_mac[0], peer_mac, 0x86dd);
	ip6(f, PEER6, US6, next, n + 40);
	put(f, ext, n);
	tcp(f, 14, 40);
}

static void meta(void)
{
	struct ip_addr src = addr(PEER6), dst = addr(US6);
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp6(&f, 120);
	f.b[15] = 0x30; /* CE */
	put_fill(&f, 9);
	m = feed_frame(0, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT(ip_addr_eq(&pkt_meta(m)->src, &src));
	CU_ASSERT(ip_addr_eq(&pkt_meta(m)->dst, &dst));
	CU_ASSERT_EQUAL(pkt_meta(m)->l3_off, 14);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_off, 54);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_len, 120);
	CU_ASSERT_EQUAL(pkt_meta(m)->flags, PKT_F_ECN_CE);
	CU_ASSERT_EQUAL(m->pkt_len, f.n - 9);
	rte_pktmbuf_free(m);
	f.b[30] ^= 1;
	dropped(0, &f, NET_STAT_rx_tcp_checksum);
	host_stop();
}

static void truncated(void)
{
	struct frame f;

	host_start();
	tcp6(&f, 60);
	for (unsigned n = 0, full = f.n; n < full; n++) {
		f.n = n;
		dropped(0, &f, n < 54 ? NET_STAT_rx_runt : NET_STAT_rx_ip6_length);
	}
	tcp6(&f, 20);
	f.b[14] = 0x40;
	dropped(0, &f, NET_STAT_rx_ip6_header);
	host_stop();
}

static void addresses(void)
{
	static const char *const martian[] = {"::1", "::", "ff02::1", "::ffff:10.0.0.2", US6};
	static const char *const other[] = {"2001:db8::11", "fd00:1::10", "::", "::1", "fe80::2"};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(martian); i++) {
		struct ip_addr a = addr(martian[i]);

		tcp6(&f, 20);
		memcpy(f.b + 14 + 8, a.b, 16);
		seal(&f, 14, 54, 16, 6);
		dropped(0, &f, NET_STAT_rx_ip6_martian);
	}
	for (unsigned i = 0; i < RTE_DIM(other); i++) {
		tcp6(&f, 20);
		memcpy(f.b + 14 + 24, addr(other[i]).b, 16);
		seal(&f, 14, 54, 16, 6);
		dropped(0, &f, NET_STAT_rx_ip6_other);
	}
	tcp6(&f, 20); /* the mapped form of our IPv4 address */
	memcpy(f.b + 14 + 24, addr(US).b, 16);
	seal(&f, 14, 54, 16, 6);
	dropped(0, &f, NET_STAT_rx_ip6_other);
	tcp6(&f, 20); /* our link-local address, made of the MAC */
	memcpy(f.b + 14 + 24, addr("fe80::ff:fe00:1").b, 16);
	seal(&f, 14, 54, 16, 6);
	passed(0, &f, 20);
	host_stop();
}

static void groups(void)
{
	static const struct {
		const char *dst;
		enum net_stat code;
	} t[] = {
		{"ff02::1", NET_STAT_rx_ip6_multicast},
		{"ff02::2", NET_STAT_rx_ip6_multicast},
		{"ff02::1:ff00:10", NET_STAT_rx_ip6_multicast},
	};
	static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) { /* no TCP to a group, no error back */
		tcp6(&f, 20);
		memcpy(f.b, mac, 6);
		memcpy(f.b + 14 + 24, addr(t[i].dst).b, 16);
		seal(&f, 14, 54, 16, 6);
		dropped(0, &f, t[i].code);
		f.b[14 + 6] = 17;
		dropped(0, &f, t[i].code);
	}
	CU_ASSERT(sent_none());
	host_stop();
}

static void extensions(void)
{
	static const struct {
		unsigned next, n;
		uint8_t b[64];
		enum net_stat code; /* 0: passes */
	} t[] = {
		{0, 8, {6, 0, 1, 4}, 0},                         /* PadN */
		{0, 8, {6, 0, 0, 0, 0, 0, 0, 0}, 0},             /* Pad1 */
		{0, 8, {6, 0, 5, 2, 0, 0, 0, 0}, 0},             /* router alert: skipped */
		{60, 8, {6, 0, 0x1e, 4}, 0},                     /* experiment, action 00 */
		{0, 8, {6, 0, 1, 5}, NET_STAT_rx_ip6_extension}, /* PadN beyond the end */
		{0, 8, {6, 0, 0, 0, 0, 0, 0, 1}, NET_STAT_rx_ip6_extension}, /* no length */
		{0, 8, {6, 0, 0x40, 4}, NET_STAT_rx_ip6_option},
		{60, 8, {6, 0, 0x80, 4}, NET_STAT_rx_ip6_option},
		{60, 8, {6, 0, 0xc2, 4}, NET_STAT_rx_ip6_option},
		{0, 16, {60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, 0},
		{60, 16, {0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, NET_STAT_rx_ip6_extension},
		{60, 16, {6, 1, 1, 12}, 0},
		{60, 8, {6, 9, 1, 4}, NET_STAT_rx_ip6_extension}, /* longer than the packet */
		{60, 8, {6, 255, 1, 4}, NET_STAT_rx_ip6_extension},
		{43, 8, {6, 0, 0, 0}, NET_STAT_rx_ip6_routing},
		{43, 8, {6, 0, 0, 1}, NET_STAT_rx_ip6_routing},
		{43, 8, {6, 0, 4, 1}, NET_STAT_rx_ip6_routing},
		{43, 8, {6, 0, 4, 0}, 0}, /* at its end: of no concern */
		{44, 8, {6, 0, 0, 1}, NET_STAT_rx_ip6_fragment},
		{44, 8, {6, 0, 0, 0}, NET_STAT_rx_ip6_fragment}, /* atomic */
		{60, 16, {44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 1}, NET_STAT_rx_ip6_fragment},
		{59, 0, {0}, NET_STAT_rx_protocol}, /* no next header */
		{50, 0, {0}, NET_STAT_rx_protocol},
	};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		extended(&f, t[i].next, t[i].b, t[i].n);
		if (t[i].code)
			dropped(0, &f, t[i].code);
		else
			passed(0, &f, 40);
	}
	sent_none();
	host_stop();
}

static void extension_limits(void)
{
	uint8_t ext[280] = {0};
	struct frame f;

	host_start();
	for (unsigned n = 1; n <= 10; n++) {
		for (unsigned i = 0; i < n; i++)
			ext[8 * i] = i + 1 < n ? 60 : 6;
		extended(&f, 60, ext, 8 * n);
		if (n <= 8)
			passed(0, &f, 40);
		else
			dropped(0, &f, NET_STAT_rx_ip6_extension);
	}
	for (unsigned n = 248; n <= 264; n += 8) {
		memset(ext, 0, sizeof(ext));
		ext[0] = 6;
		ext[1] = (uint8_t)(n / 8 - 1);
		extended(&f, 60, ext, n);
		if (n <= 256)
			passed(0, &f, 40);
		else
			dropped(0, &f, NET_STAT_rx_ip6_extension);
	}
	host_stop();
}

/* Extension headers cut by the packet's end, or by that of the first segment. */
static void extensions_truncated(void)
{
	static const uint8_t ext[16] = {60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4};
	struct frame f;

	host_start();
	for (unsigned n = 0; n < 16; n++) {
		eth(&f, our_mac[0], peer_mac, 0x86dd);
		ip6(&f, PEER6, US6, 0, n);
		put(&f, ext, n);
		dropped(0, &f, NET_STAT_rx_ip6_extension);
	}
	extended(&f, 0, ext, 16);
	for (unsigned first = 0; first < f.n; first++) {
		struct rte_mbuf *m = feed(0, mbuf(&f, first));

		CU_ASSERT_EQUAL(m != NULL, first >= 54 + 16 + 20);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_split), 54 + 16 + 20);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(meta),
	UNIT_CASE(truncated),
	UNIT_CASE(addresses),
	UNIT_CASE(groups),
	UNIT_CASE(extensions),
	UNIT_CASE(extension_limits),
	UNIT_CASE(extensions_truncated),
};
UNIT_MAIN(cases)
