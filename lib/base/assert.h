/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asserts state our own promises, never what a peer may send. ASSERT stays in release builds;
 * ASSERT_SLOW only where BASE_ASSERT_SLOW is defined to 1 (debug and sanitizer builds).
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#ifndef BASE_ASSERT_SLOW
#define BASE_ASSERT_SLOW 0
#endif

/* Print the broken promise and abort: a wrong appliance must not go on forwarding. */
void base_assert_fail(const char *cond, const char *why, const char *file, int line)
	__attribute__((noreturn, cold));

#define ASSERT(cond, why)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			base_assert_fail(#cond, why, __FILE__, __LINE__);                          \
	} while (0)

#define ASSERT_SLOW(cond, why)                                                                     \
	do {                                                                                       \
		if (BASE_ASSERT_SLOW && !(cond))                                                   \
			base_assert_fail(#cond, why, __FILE__, __LINE__);                          \
	} while (0)

#endif
