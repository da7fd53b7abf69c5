/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Received packets into the wan's cutter. An input is a control byte (1 merged, 2 sum unfinished, 4
 * sum bad, 8 in mbufs of 61 bytes), tso_segsz in two bytes, a length in KB to which the frame is
 * stretched, and the frame.
 *
 * Asserted: what comes out is no longer than the wire takes; each packet is passed, cut or counted;
 * nothing leaks.
 */
#include <rte_eal.h>
#include <rte_ether.h>

#include "base/assert.h"
#include "buf/buf.h"
#include "cutter.h"

#define MTU  1500
#define HEAD 4
#define MAX  65536

static struct buf_pools pools;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = {"fuzz_wan_cutter", "--no-huge", "--no-pci", "--no-shconf", "-m", "64",
		"--log-level", "error", "--no-telemetry"};

	ASSERT(rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) >= 0, "the EAL starts");
	ASSERT(buf_pools_create(&pools, "fuzz", 8192, SOCKET_ID_ANY) == 0, "memory for pools");
	return 0;
}

/* The n bytes at p and zeroes up to `all`, `room` bytes an mbuf. */
static struct rte_mbuf *packet(const uint8_t *p, uint32_t n, uint32_t all, uint32_t room)
{
	struct rte_mbuf *m = NULL;

	for (uint32_t at = 0; at < all || !m; at += room) {
		struct rte_mbuf *part = rte_pktmbuf_alloc(pools.data);
		uint32_t len = RTE_MIN(room, all - at), have = at < n ? RTE_MIN(len, n - at) : 0;
		uint8_t *to = (uint8_t *)rte_pktmbuf_append(part, (uint16_t)len);

		memcpy(to, p + at, have);
		memset(to + have, 0, len - have);
		if (m)
			ASSERT(rte_pktmbuf_chain(m, part) == 0, "a chain of the longest packet");
		else
			m = part;
	}
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cutter c;
	struct rte_mbuf *m;
	uint32_t n, out = 0;

	if (size < HEAD || size > MAX)
		return 0;
	cutter_init(&c, MTU, pools.data);
	n = (uint32_t)size - HEAD;
	m = packet(data + HEAD, n, RTE_MAX(n, data[3] % 64 * 1024u), data[0] & 8 ? 61 : 2048);
	m->ol_flags = data[0] & 1 ? RTE_MBUF_F_RX_LRO : 0;
	m->ol_flags |= data[0] & 2 ? RTE_MBUF_F_RX_L4_CKSUM_NONE : 0;
	m->ol_flags |= data[0] & 4 ? RTE_MBUF_F_RX_L4_CKSUM_BAD : 0;
	m->tso_segsz = (uint16_t)(data[1] << 8 | data[2]);
	cutter_put(&c, m);
	while ((m = cutter_take(&c)) != NULL) {
		ASSERT(m->pkt_len <= MTU + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN, "fits");
		rte_pktmbuf_free(m);
		out++;
	}
	ASSERT(c.stat[CUTTER_STAT_super_packets] ? out > 1
						 : out + c.stat[CUTTER_STAT_too_long] == 1,
		"each packet has one fate");
	ASSERT(c.stat[CUTTER_STAT_no_mbuf] == 0, "the pool is large");
	ASSERT(buf_pools_in_use(&pools) == 0, "nothing leaks");
	return 0;
}
