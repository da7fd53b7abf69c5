/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intrusive doubly linked ring. An unlinked node points at itself, so that list_del() may be
 * called twice and list_linked() costs one compare.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline bool list_linked(const struct list *node)
{
	return node->next != node;
}

static inline void list_add(struct list *head, struct list *node)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	list_add(head->prev, node);
}

static inline void list_del(struct list *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	list_init(node);
}

/* First node, unlinked from the list, or NULL. */
static inline struct list *list_take(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_del(node);
	return node;
}

#define container_of_list(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define list_foreach(pos, head)                                                                    \
	for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

/* As list_foreach, and the body may unlink pos. */
#define list_foreach_safe(pos, tmp, head)                                                          \
	for (struct list *pos = (head)->next, *tmp = pos->next; pos != (head);                     \
		pos = tmp, tmp = pos->next)

#endif
