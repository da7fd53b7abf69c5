/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#define NS        135
#define NA        136
#define S         0x40000000u
#define O         0x20000000u
#define NO_OPTION 0

static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 0x10};
static const char *const group = "ff02::1:ff00:10";
static const char *const our_ll = "fe80::ff:fe00:1";

/* NS or NA; option is its type, with the sender's MAC, or none. */
static void nd(struct frame *f, const uint8_t *const mac[2], const char *const ip[2], unsigned type,
	uint32_t flags, const char *target, unsigned option)
{
	eth(f, mac[1], mac[0], 0x86dd);
	ip6(f, ip[0], ip[1], 58, option ? 32 : 24);
	put16(f, type << 8);
	put16(f, 0);
	put32(f, flags);
	put_addr(f, target);
	if (option) {
		put16(f, option << 8 | 1);
		put(f, mac[0], 6);
	}
	seal(f, 14, 54, 2, 58);
}

static void solicit(struct frame *f)
{
	nd(f, (const uint8_t *[]){peer_mac, group_mac}, (const char *[]){PEER6, group}, NS, 0, US6,
		1);
}

static void advertise(struct frame *f, uint32_t flags, unsigned option)
{
	nd(f, (const uint8_t *[]){peer_mac, our_mac[0]}, (const char *[]){PEER6, US6}, NA, flags,
		PEER6, option);
}

static void answers(void)
{
	struct frame f;

	host_start();
	solicit(&f);
	dropped(0, &f, NET_STAT_rx_nd_done);
	nd(&f, (const uint8_t *[]){our_mac[0], peer_mac}, (const char *[]){US6, PEER6}, NA, S | O,
		US6, 2);
	is_frame(sent(0), &f);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER6).mac, peer_mac, 6), 0);
	CU_ASSERT(sent_none());
	host_stop();
}

/* From and about link-local addresses, and unicast without an option. */
static void answers_link_local(void)
{
	static const uint8_t ll_group[6] = {0x33, 0x33, 0xff, 0, 0, 1};
	struct frame f;

	host_start();
	nd(&f, (const uint8_t *[]){peer_mac, ll_group},
		(const char *[]){"fe80::2", "ff02::1:ff00:1"}, NS, 0, our_ll, 1);
	dropped(0, &f, NET_STAT_rx_nd_done);
	nd(&f, (const uint8_t *[]){our_mac[0], peer_mac}, (const char *[]){our_ll, "fe80::2"}, NA,
		S | O, our_ll, 2);
	is_frame(sent(0), &f);
	nd(&f, (const uint8_t *[]){other_mac, our_mac[0]}, (const char *[]){PEER6, US6}, NS, 0, US6,
		NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_done);
	nd(&f, (const uint8_t *[]){our_mac[0], other_mac}, (const char *[]){US6, PEER6}, NA, S | O,
		US6, 2);
	is_frame(sent(0), &f);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_FREE);
	host_stop();
}

/* RFC 4861 7.2.4: duplicate address detection of another is told to all. */
static void duplicate(void)
{
	static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct frame f;

	host_start();
	nd(&f, (const uint8_t *[]){peer_mac, group_mac}, (const char *[]){"::", group}, NS, 0, US6,
		NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_done);
	nd(&f, (const uint8_t *[]){our_mac[0], all_nodes}, (const char *[]){US6, "ff02::1"}, NA, O,
		US6, 2);
	is_frame(sent(0), &f);
	nd(&f, (const uint8_t *[]){peer_mac, group_mac}, (const char *[]){"::", group}, NS, 0,
		"2001:db8::99:10", NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_bad); /* not the target's group */
	nd(&f, (const uint8_t *[]){peer_mac, group_mac}, (const char *[]){"::", group}, NS, 0,
		"2001:db8::9900:10", NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_other);
	nd(&f, (const uint8_t *[]){peer_mac, group_mac}, (const char *[]){"::", group}, NS, 0, US6,
		1);
	dropped(0, &f, NET_STAT_rx_nd_bad); /* an option, and no address */
	nd(&f, (const uint8_t *[]){peer_mac, our_mac[0]}, (const char *[]){"::", US6}, NS, 0, US6,
		NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_bad); /* not to a group */
	CU_ASSERT(sent_none());
	host_stop();
}

/* RFC 4861 7.1.1 and 7.1.2, each rule broken in turn. */
static void forged(void)
{
	static const struct {
		unsigned off, value;
		enum net_stat code;
	} t[] = {
		{14 + 6, 58 << 8 | 254, NET_STAT_rx_nd_bad}, /* from beyond a router */
		{54, NS << 8 | 1, NET_STAT_rx_nd_bad}, {54, NA << 8 | 1, NET_STAT_rx_nd_bad},
		{62, 0xff02, NET_STAT_rx_nd_bad}, /* target a group */
		{78, 0x0100, NET_STAT_rx_nd_bad}, /* option of no length */
		{78, 0x0102, NET_STAT_rx_nd_bad}, /* longer than the packet */
		{80, 0x0300, NET_STAT_rx_nd_bad}, /* a group as MAC */
		{14 + 8, 0x2002, NET_STAT_rx_nd_offlink}, {14 + 8, 0xff02, NET_STAT_rx_ip6_martian},
		{62, 0x2002, NET_STAT_rx_nd_other},
		{78, 0x0e01, NET_STAT_rx_nd_bad}, /* to a group without source MAC */
	};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		solicit(&f);
		set16(&f, t[i].off, t[i].value);
		seal(&f, 14, 54, 2, 58);
		dropped(0, &f, t[i].code);
	}
	solicit(&f);
	f.b[70] ^= 1;
	dropped(0, &f, NET_STAT_rx_icmp_checksum);
	solicit(&f); /* the mapped form of our IPv4 address */
	memcpy(f.b + 62, addr(US).b, 16);
	seal(&f, 14, 54, 2, 58);
	dropped(0, &f, NET_STAT_rx_nd_bad);
	CU_ASSERT(sent_none());
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	host_stop();
}

static void truncated(void)
{
	struct frame f;

	host_start();
	for (unsigned n = 0; n < 32; n++) {
		if (n == 24)
			continue; /* a message of its own right */
		solicit(&f);
		f.n = 54 + n;
		set16(&f, 14 + 4, n);
		if (n >= 8)
			seal(&f, 14, 54, 2, 58);
		dropped(0, &f, n < 8 ? NET_STAT_rx_icmp_header : NET_STAT_rx_nd_bad);
	}
	solicit(&f);
	for (unsigned first = 54; first < f.n; first++)
		CU_ASSERT_PTR_NULL(feed(0, mbuf(&f, first)));
	CU_ASSERT_EQUAL(count(NET_STAT_rx_split), f.n - 54);
	CU_ASSERT(sent_none());
	host_stop();
}

static void resolves(void)
{
	static const uint8_t peer_group[6] = {0x33, 0x33, 0xff, 0, 0, 2};
	struct frame f;

	host_start();
	send_segment(US6, PEER6, 20);
	nd(&f, (const uint8_t *[]){our_mac[0], peer_group}, (const char *[]){US6, "ff02::1:ff00:2"},
		NS, 0, PEER6, 1);
	is_frame(sent(0), &f);
	advertise(&f, S | O, NO_OPTION); /* RFC 4861 7.2.5: of no use while incomplete */
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_INCOMPLETE);
	CU_ASSERT(sent_none());
	advertise(&f, S | O, 2);
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_REACHABLE);
	CU_ASSERT(!sent_none());
	host_stop();
}

/* RFC 4861 7.2.5, and appendix C for what becomes of the state. */
static void advertised(void)
{
	struct frame f;

	host_start();
	advertise(&f, S | O, 2);
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0); /* nobody asked */
	teach(0, PEER6, other_mac, KNOWN);
	advertise(&f, 0, 2); /* another MAC, no override: doubt, nothing more */
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER6).mac, other_mac, 6), 0);
	advertise(&f, O, 2);
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER6).mac, peer_mac, 6), 0);
	advertise(&f, S, NO_OPTION);
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(neigh(PEER6).state, NET_NEIGH_REACHABLE);
	nd(&f, (const uint8_t *[]){other_mac, our_mac[0]}, (const char *[]){PEER6, "ff02::1"}, NA,
		S | O, PEER6, 2);
	dropped(0, &f, NET_STAT_rx_nd_bad); /* solicited, to a group */
	nd(&f, (const uint8_t *[]){other_mac, our_mac[0]}, (const char *[]){PEER6, US6}, NA, O, US6,
		2);
	dropped(0, &f, NET_STAT_rx_nd_done);
	CU_ASSERT_EQUAL(count(NET_STAT_addr_conflict), 1);
	nd(&f, (const uint8_t *[]){other_mac, our_mac[0]}, (const char *[]){PEER6, US6}, NA, O,
		"2002::1", 2);
	dropped(0, &f, NET_STAT_rx_nd_offlink);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER6).mac, peer_mac, 6), 0);
	host_stop();
}

/* Routers are configured, never believed. */
static void no_routers(void)
{
	static const unsigned type[] = {133, 134, 137, 130};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(type); i++) {
		solicit(&f);
		memcpy(f.b, our_mac[0], 6);
		memcpy(f.b + 14 + 24, addr(US6).b, 16);
		f.b[54] = (uint8_t)type[i];
		seal(&f, 14, 54, 2, 58);
		dropped(0, &f, NET_STAT_rx_icmp_ignored);
	}
	CU_ASSERT(sent_none());
	host_stop();
}

static void announces(void)
{
	static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1},
			     mld[6] = {0x33, 0x33, 0, 0, 0, 0x16};
	static const uint8_t alert[8] = {58, 0, 5, 2, 0, 0, 1, 0}, no_mac[6];
	struct frame f;

	host_start();
	net_announce(host, 0, now);
	eth(&f, mld, our_mac[0], 0x86dd);
	ip6(&f, our_ll, "ff02::16", 0, 8 + 8 + 40);
	f.b[14 + 7] = 1;
	put(&f, alert, 8);
	put32(&f, 0x8f000000);
	put32(&f, 2);
	put32(&f, 0x04000000);
	put_addr(&f, group);
	put32(&f, 0x04000000);
	put_addr(&f, "ff02::1:ff00:1");
	seal(&f, 14, 62, 2, 58);
	is_frame(sent(0), &f);
	arp(&f, all_mac, 1, our_mac[0], US, no_mac, US);
	is_frame(sent(0), &f);
	nd(&f, (const uint8_t *[]){our_mac[0], all_nodes}, (const char *[]){US6, "ff02::1"}, NA, O,
		US6, 2);
	is_frame(sent(0), &f);
	nd(&f, (const uint8_t *[]){our_mac[0], all_nodes}, (const char *[]){our_ll, "ff02::1"}, NA,
		O, our_ll, 2);
	is_frame(sent(0), &f);
	CU_ASSERT(sent_none());
	CU_ASSERT_EQUAL(count(NET_STAT_nd_sent), 3);
	CU_ASSERT_EQUAL(count(NET_STAT_arp_sent), 1);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(answers),
	UNIT_CASE(answers_link_local),
	UNIT_CASE(duplicate),
	UNIT_CASE(forged),
	UNIT_CASE(truncated),
	UNIT_CASE(resolves),
	UNIT_CASE(advertised),
	UNIT_CASE(no_routers),
	UNIT_CASE(announces),
};
UNIT_MAIN(cases)
