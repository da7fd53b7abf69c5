/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl_priv.h"
#include "unit.h"

static void grows(void)
{
	struct ctl_text t = {0};

	ctl__text_str(&t, "one ");
	ctl__text_put(&t, "two!", 3);
	ctl__text_printf(&t, " %d", 3);
	CU_ASSERT_EQUAL(t.n, 9);
	CU_ASSERT_EQUAL(memcmp(t.p, "one two 3", 9), 0);
	for (unsigned i = 0; i < 10000; i++)
		ctl__text_printf(&t, "%08u", i);
	CU_ASSERT_EQUAL(t.n, 80009);
	CU_ASSERT_EQUAL(memcmp(t.p + t.n - 8, "00009999", 8), 0);
	CU_ASSERT_FALSE(t.failed);
	ctl__text_fini(&t);
	CU_ASSERT_PTR_NULL(t.p);
}

/* Over the limit nothing more goes in, and what is there stays whole. */
static void has_a_limit(void)
{
	static char block[64 << 10];
	struct ctl_text t = {0};

	for (unsigned i = 0; i < CTL_TEXT_MAX / sizeof(block); i++)
		ctl__text_put(&t, block, sizeof(block));
	CU_ASSERT_FALSE(t.failed);
	CU_ASSERT_EQUAL(t.n, CTL_TEXT_MAX);
	ctl__text_put(&t, "", 0);
	CU_ASSERT_FALSE(t.failed);
	ctl__text_put(&t, "x", 1);
	CU_ASSERT_TRUE(t.failed);
	ctl__text_printf(&t, "x");
	CU_ASSERT_EQUAL(t.n, CTL_TEXT_MAX);
	ctl__text_fini(&t);
}

static const struct unit_case cases[] = {UNIT_CASE(grows), UNIT_CASE(has_a_limit)};
UNIT_MAIN(cases)
