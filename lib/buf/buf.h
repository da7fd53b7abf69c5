/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers. A chain is a queue of mbufs, each one slice of a byte stream: a direct mbuf, or an
 * indirect one attached to part of another's data. Who holds the chain owns its mbufs.
 *
 * 1. A payload mbuf is never modified once it has been transmitted: not its data, offsets or next.
 *    So consuming and acknowledging move the chain's head_off, never the mbuf's data_off.
 * 2. Every mbuf in a chain holds at least one byte; the head at least head_off + 1.
 * 3. A packet on the wire is a header mbuf from `hdr` and indirect mbufs attached to the payload;
 *    the driver may free them later than the chain frees the payload (the refcount decides).
 */
#ifndef BUF_BUF_H
#define BUF_BUF_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "base/ip.h"

/* One worker's pools. Header packets have a pool of their own: data cannot take the reserve that
 * ACKs, probes and ARP need. */
struct buf_pools {
	struct rte_mempool *data;     /* received frames and heads built by us */
	struct rte_mempool *hdr;      /* packet headers and packets without payload */
	struct rte_mempool *indirect; /* no data room */
	uint32_t room;                /* bytes that a data mbuf holds behind its headroom */
};

#define BUF_ROOM     2048  /* of data: a packet of 1500 */
#define BUF_ROOM_MAX 16384 /* where ports merge and cut segments: fewer buffers of more */
#define BUF_HDR_ROOM (RTE_PKTMBUF_HEADROOM + 128)

/* What a packet's verdict may be while it walks down the stages. */
enum pkt_verdict { PKT_DROP, PKT_TCP, PKT_OUT, PKT_HELD };

#define PKT_F_ECN_CE   0x01 /* IP ECN field is CE (RFC 3168 5) */
#define PKT_F_LRO      0x02 /* several segments merged by the device or by us */
#define PKT_F_ICMP_ERR 0x04 /* an ICMP error about one of our TCP packets: see l4_off */

/* A packet's parsed state, in the mbuf's private area: written once by net_input (or by
 * tcp_output for packets going out), read by all later stages. */
struct pkt_meta {
	struct ip_addr src, dst; /* v4-mapped for IPv4 */
	uint32_t flow_hash;      /* of addresses and ports; 0 when the port gave none */
	uint16_t l3_off;         /* bytes from the start of data to the IP header */
	uint16_t l4_off;         /* to the TCP header (for PKT_F_ICMP_ERR: the quoted one) */
	uint16_t l4_len;         /* TCP header and payload as the IP header says, bytes */
	uint16_t mtu;            /* PKT_F_ICMP_ERR: the next hop's MTU or 0 */
	uint8_t port;            /* index of the port it came from or goes to */
	uint8_t verdict;         /* enum pkt_verdict */
	uint8_t flags;           /* PKT_F_* */
	uint8_t ecn;             /* out: IP ECN field to send (0 Not-ECT, 2 ECT(0)) */
	uint16_t vlan;           /* VLAN id, 0 untagged */
	uint8_t icmp_type, icmp_code;
	uint8_t pad[8];
};

_Static_assert(sizeof(struct pkt_meta) == 64, "one cache line");

static inline struct pkt_meta *pkt_meta(struct rte_mbuf *m)
{
	return (struct pkt_meta *)rte_mbuf_to_priv(m);
}

/* Create a worker's three pools on a NUMA socket. n_data mbufs of data; the others follow from
 * it. name is unique per worker. 0, or -ENOMEM with nothing left behind. */
int buf_pools_create(struct buf_pools *p, const char *name, uint32_t n_data, int socket);
/* The same with data mbufs of `room` bytes, BUF_ROOM to BUF_ROOM_MAX. */
int buf_pools_create_room(
	struct buf_pools *p, const char *name, uint32_t n_data, uint32_t room, int socket);
/* Bytes of memory that a data mbuf of such pools takes, with its share of the other two. */
uint32_t buf_pools_cost(uint32_t room);
void buf_pools_destroy(struct buf_pools *p);
/* mbufs in use over all three pools: 0 when nothing leaks. */
uint32_t buf_pools_in_use(const struct buf_pools *p);

struct buf_chain {
	struct rte_mbuf *head, *tail; /* NULL when empty */
	uint32_t head_off;            /* bytes of head already consumed */
	uint32_t bytes;               /* unconsumed bytes in the chain */
	uint32_t truesize;            /* memory that the chain's mbufs pin, bytes */
};

/* A position in a chain: byte off of seg. {NULL, 0} is the end of the chain. */
struct buf_cursor {
	struct rte_mbuf *seg;
	uint32_t off;
};

static inline void buf_chain_init(struct buf_chain *c)
{
	*c = (struct buf_chain){0};
}

/* Memory pinned by one mbuf, bytes. */
uint32_t buf_truesize(const struct rte_mbuf *m);

/* Append all segments of m (taken), each as one slice; empty segments are freed. */
void buf_chain_append(struct buf_chain *c, struct rte_mbuf *m);
/* Move all of src behind dst by pointer; src is empty afterwards. src->head_off must be 0 or dst
 * empty; otherwise the head is re-sliced with one indirect mbuf. 0 or -ENOMEM (nothing moved). */
int buf_chain_move(struct buf_chain *dst, struct buf_chain *src, struct rte_mempool *indirect);
/* Copy all of src, which is freed, into the room behind dst's last mbuf, so that small segments do
 * not pin a buffer each. dst was never transmitted. False, nothing changed: dst is empty, its last
 * mbuf is indirect or shared, or the room too small. */
bool buf_chain_squeeze(struct buf_chain *dst, struct buf_chain *src);
/* Move exactly the first n <= src->bytes bytes of src behind dst. A boundary inside an mbuf costs
 * one indirect mbuf. 0 or -ENOMEM (nothing moved). */
int buf_chain_split(
	struct buf_chain *dst, struct buf_chain *src, uint32_t n, struct rte_mempool *indirect);
/* Unlink the first mbuf of a chain that is not empty: the caller's, of which the first head_off
 * bytes are consumed. */
struct rte_mbuf *buf_chain_take(struct buf_chain *c);
/* Append all bytes of src to dst, as slices of its mbufs: both chains hold them then. 0 or -ENOMEM
 * (nothing appended). */
int buf_chain_share(
	struct buf_chain *dst, const struct buf_chain *src, struct rte_mempool *indirect);
/* Free the first n <= bytes bytes. */
void buf_chain_consume(struct buf_chain *c, uint32_t n);
/* Keep only the first n <= bytes bytes and free the rest. The chain's mbufs are fresh: never
 * transmitted, not shared. */
void buf_chain_cut(struct buf_chain *c, uint32_t n);
/* Free everything. */
void buf_chain_free(struct buf_chain *c);
/* Copy n bytes from offset off of the chain to out; off + n <= bytes. */
void buf_chain_read(const struct buf_chain *c, uint32_t off, uint32_t n, void *out);
/* The first n <= bytes bytes in one piece: a pointer into the head mbuf when they lie in it, else
 * copied to scratch (n bytes). Valid until the chain changes. */
const void *buf_chain_peek(const struct buf_chain *c, uint32_t n, void *scratch);
/* Append n bytes copied from data in fresh mbufs of pool. 0 or -ENOMEM (nothing appended). */
int buf_chain_write(struct buf_chain *c, const void *data, uint32_t n, struct rte_mempool *pool);

/* The position of byte off <= bytes of the chain; the end when off == bytes. */
struct buf_cursor buf_chain_seek(const struct buf_chain *c, uint32_t off);
/* Attach the n bytes at *at behind the packet pkt (a header mbuf) as indirect mbufs, adjust its
 * pkt_len and nb_segs and advance *at. 0, or -ENOMEM: pkt is as before. */
int buf_slice(
	struct rte_mbuf *pkt, struct buf_cursor *at, uint32_t n, struct rte_mempool *indirect);

/* One's complement sum (RFC 1071), not complemented, of n bytes of the packet m from offset off on;
 * off + n <= pkt_len. As 16-bit words in memory's order. */
uint16_t buf_csum(const struct rte_mbuf *m, uint32_t off, uint32_t n);

#endif
