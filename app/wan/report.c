/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "bridge.h"

static const char *const dir_text[2] = {"a to b", "b to a"};
static const char *const dir_key[2] = {"a_to_b", "b_to_a"};

/* Packets that the port could not send: they were on the wire, and are in no count of its own. */
static uint64_t unsent(const struct bridge *b, unsigned d)
{
	const uint64_t *tx = port_stats(b->port[!d], 0).values;

	return tx[PORT_STAT_tx_full] + tx[PORT_STAT_tx_gone] + tx[PORT_STAT_tx_tso] +
	       tx[PORT_STAT_tx_nombuf] + tx[PORT_STAT_tx_long] + tx[PORT_STAT_tx_bad];
}

static void line(const struct bridge *b, unsigned d)
{
	const uint64_t *v = wire_stats(b->wire[d]).values;

	printf("%s: %lu packets, %lu passed (%lu bytes), %lu lost, %lu dropped by the queue, "
	       "%lu without room, %lu reordered, %lu duplicated, %lu corrupted, %lu unsent, "
	       "%u left\n",
		dir_text[d], v[WIRE_STAT_packets], v[WIRE_STAT_passed], v[WIRE_STAT_bytes],
		v[WIRE_STAT_lost], v[WIRE_STAT_queue_full], v[WIRE_STAT_no_room],
		v[WIRE_STAT_reordered], v[WIRE_STAT_duplicated], v[WIRE_STAT_corrupted],
		unsent(b, d), wire_held(b->wire[d]));
}

static void object(const struct bridge *b, unsigned d)
{
	struct stat_block s = wire_stats(b->wire[d]);

	printf("%s\"%s\": {", d ? ", " : "{", dir_key[d]);
	for (unsigned i = 0; i < s.n; i++)
		printf("\"%s\": %lu, ", s.names[i].name, s.values[i]);
	printf("\"unsent\": %lu, \"left\": %u}%s", unsent(b, d), wire_held(b->wire[d]),
		d ? "}\n" : "");
}

void report(const struct bridge *b, bool json)
{
	for (unsigned d = 0; d < 2; d++) {
		if (json)
			object(b, d);
		else
			line(b, d);
	}
	fflush(stdout);
}
