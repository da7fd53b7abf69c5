/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The board: one word a member, on which the worker that checks it writes what it found, for all
 * workers to read. Control hands the words out, by a hash of who the member is, so that all
 * workers and the next snapshot find the same one. Open addressing; a slot that nobody uses any
 * more keeps its place in the chains that go through it, and is used again.
 */
#include <errno.h>
#include <stdlib.h>

#include "lb/lb_priv.h"

#define SLOTS (CONF_POOLS_MAX * CONF_MEMBERS_MAX * 2) /* twice as many as members can be */

struct slot {
	uint64_t key; /* 0: never used */
	uint32_t refs;
	uint32_t word; /* the only part that workers touch */
};

struct lb_board {
	struct slot slot[SLOTS];
};

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "a mask finds the slot");

struct lb_board *lb_board_create(struct err *e)
{
	struct lb_board *b = calloc(1, sizeof(*b)); /* pages that nobody touches cost nothing */

	if (!b)
		err_set(e, ENOMEM, "lb: no memory for the board of checks");
	return b;
}

void lb_board_destroy(struct lb_board *b)
{
	free(b);
}

uint32_t *lb__board_take(struct lb_board *b, uint64_t key)
{
	struct slot *reuse = NULL;

	key = key ? key : 1;
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &b->slot[(key + i) & (SLOTS - 1)];

		if (s->key == key) {
			if (s->refs++ == 0) /* what was found of it long ago is not known now */
				__atomic_store_n(&s->word, 0, __ATOMIC_RELAXED);
			return &s->word;
		}
		if (!reuse && s->refs == 0)
			reuse = s;
		if (s->key == 0)
			break;
	}
	if (!reuse)
		return NULL;
	reuse->key = key;
	reuse->refs = 1;
	__atomic_store_n(&reuse->word, 0, __ATOMIC_RELAXED);
	return &reuse->word;
}

void lb__board_give(uint32_t *word)
{
	struct slot *s = container_of_list(word, struct slot, word);

	ASSERT(s->refs > 0, "each give ends one take");
	s->refs--;
}
