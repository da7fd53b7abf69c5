/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/assert.h"
#include "base/csum.h"
#include "buf/buf.h"

/*
 * A segment that begins at an odd distance contributes its bytes swapped. rte_raw_cksum_mbuf() of
 * DPDK 22.11 is not used: it swaps the low half of an unfolded sum there and loses the carries.
 */
uint16_t buf_csum(const struct rte_mbuf *m, uint32_t off, uint32_t n)
{
	uint32_t sum = 0, done = 0;

	ASSERT(off + n <= m->pkt_len, "lengths are checked before sums");
	for (; off > 0 && off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; done < n; m = m->next, off = 0) {
		uint32_t part = RTE_MIN(m->data_len - off, n - done);
		uint16_t s = csum_sum(rte_pktmbuf_mtod_offset(m, const char *, off), part);

		sum += done & 1 ? __builtin_bswap16(s) : s;
		sum = (sum & 0xffff) + (sum >> 16);
		done += part;
	}
	return (uint16_t)sum;
}
