/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/list.h"
#include "unit.h"

struct item {
	int id;
	struct list link;
};

static struct list head;
static struct item items[4];

static void setup(void)
{
	list_init(&head);
	for (int i = 0; i < 4; i++) {
		items[i].id = i;
		list_init(&items[i].link);
	}
}

/* The ids on the list as a decimal number, checked in both directions. */
static int ids(void)
{
	int n = 0, back = 0, scale = 1;

	list_foreach (l, &head)
		n = n * 10 + container_of_list(l, struct item, link)->id;
	for (struct list *l = head.prev; l != &head; l = l->prev, scale *= 10)
		back += container_of_list(l, struct item, link)->id * scale;
	CU_ASSERT_EQUAL(n, back);
	return n;
}

static void add_and_delete(void)
{
	setup();
	CU_ASSERT_TRUE(list_empty(&head));
	CU_ASSERT_FALSE(list_linked(&items[1].link));
	list_add_tail(&head, &items[2].link);
	list_add_tail(&head, &items[3].link);
	list_add(&head, &items[1].link);
	CU_ASSERT_EQUAL(ids(), 123);
	CU_ASSERT_TRUE(list_linked(&items[1].link));
	list_del(&items[2].link);
	list_del(&items[2].link);
	CU_ASSERT_EQUAL(ids(), 13);
	CU_ASSERT_FALSE(list_linked(&items[2].link));
	list_del(&items[1].link);
	list_del(&items[3].link);
	CU_ASSERT_TRUE(list_empty(&head));
}

static void take_in_order(void)
{
	setup();
	CU_ASSERT_PTR_NULL(list_take(&head));
	for (int i = 1; i < 4; i++)
		list_add_tail(&head, &items[i].link);
	for (int i = 1; i < 4; i++)
		CU_ASSERT_PTR_EQUAL(list_take(&head), &items[i].link);
	CU_ASSERT_PTR_NULL(list_take(&head));
	CU_ASSERT_FALSE(list_linked(&items[1].link));
}

static void unlink_while_walking(void)
{
	int seen = 0;

	setup();
	for (int i = 1; i < 4; i++)
		list_add_tail(&head, &items[i].link);
	list_foreach_safe (l, next, &head) {
		struct item *it = container_of_list(l, struct item, link);

		seen = seen * 10 + it->id;
		if (it->id != 2)
			list_del(l);
	}
	CU_ASSERT_EQUAL(seen, 123);
	CU_ASSERT_EQUAL(ids(), 2);
}

static const struct unit_case cases[] = {
	UNIT_CASE(add_and_delete),
	UNIT_CASE(take_in_order),
	UNIT_CASE(unlink_while_walking),
};

UNIT_MAIN(cases)
