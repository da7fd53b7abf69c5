/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers as they lie on the wire. */
#ifndef NET_NET_WIRE_H
#define NET_NET_WIRE_H

#include <stdint.h>

#include "base/be.h"

#define ETH_IP4  0x0800
#define ETH_ARP  0x0806
#define ETH_VLAN 0x8100
#define ETH_IP6  0x86dd

#define PROTO_HBH      0 /* hop-by-hop options */
#define PROTO_ICMP4    1
#define PROTO_TCP      6
#define PROTO_UDP      17
#define PROTO_ROUTING  43
#define PROTO_FRAGMENT 44
#define PROTO_ICMP6    58
#define PROTO_DSTOPTS  60

struct wire_eth {
	uint8_t dst[6], src[6];
	struct be16 type;
} __attribute__((packed));

struct wire_vlan { /* behind the EtherType 0x8100 */
	struct be16 tci;
	struct be16 type;
} __attribute__((packed));

struct wire_arp { /* RFC 826, for IPv4 over Ethernet */
	struct be16 htype, ptype;
	uint8_t hlen, plen;
	struct be16 op;
	uint8_t sha[6], spa[4], tha[6], tpa[4];
} __attribute__((packed));

struct wire_ip4 { /* RFC 791 3.1 */
	uint8_t ver_ihl;
	uint8_t tos; /* the low two bits are ECN */
	struct be16 len, id, frag;
	uint8_t ttl, proto;
	struct be16 csum;
	uint8_t src[4], dst[4];
} __attribute__((packed));

#define IP4_DF   0x4000
#define IP4_FRAG 0x3fff /* more fragments, or an offset */

struct wire_ip6 {        /* RFC 8200 3 */
	struct be32 vtf; /* version 4, traffic class 8, flow label 20 bits */
	struct be16 len;
	uint8_t proto, hops;
	uint8_t src[16], dst[16];
} __attribute__((packed));

struct wire_ext { /* hop-by-hop, destination options, routing */
	uint8_t next;
	uint8_t len;  /* in units of 8 bytes, without the first 8 */
	uint8_t type; /* of a routing header */
	uint8_t left; /* segments, of a routing header */
} __attribute__((packed));

struct wire_tcp { /* RFC 9293 3.1, as much as is looked at here */
	struct be16 sport, dport;
	struct be32 seq, ack;
	uint8_t off, flags; /* off: high 4 bits, in words */
	struct be16 wnd, csum, urg;
} __attribute__((packed));

struct wire_icmp { /* RFC 792, RFC 4443 2.1 */
	uint8_t type, code;
	struct be16 csum;
	struct be32 arg; /* echo id and sequence, MTU, pointer: by type */
} __attribute__((packed));

enum { ICMP4_ECHO_REPLY = 0, ICMP4_UNREACH = 3, ICMP4_ECHO = 8, ICMP4_TIME = 11, ICMP4_PARAM = 12 };
enum { ICMP4_UNREACH_PROTO = 2, ICMP4_UNREACH_PORT = 3, ICMP4_UNREACH_FRAG = 4 };
enum {
	ICMP6_UNREACH = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME = 3,
	ICMP6_PARAM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_NS = 135,
	ICMP6_NA = 136,
	ICMP6_MLD2 = 143
};
enum { ICMP6_UNREACH_PORT = 4, ICMP6_PARAM_NEXT = 1, ICMP6_PARAM_OPTION = 2 };

struct wire_nd {               /* NS and NA: RFC 4861 4.3, 4.4 */
	struct wire_icmp icmp; /* arg: R, S, O flags in the high 3 bits of an NA */
	uint8_t target[16];
} __attribute__((packed));

struct wire_lla { /* RFC 4861 4.6.1 for Ethernet */
	uint8_t type, len;
	uint8_t mac[6];
} __attribute__((packed));

enum { ND_OPT_SOURCE = 1, ND_OPT_TARGET = 2 };
#define ND_SOLICITED 0x40000000u
#define ND_OVERRIDE  0x20000000u

#endif
