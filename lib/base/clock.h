/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time is an argument. The worker reads the TSC once a poll and hands `now` down; tests hand
 * down what they like. Microseconds since an arbitrary start, never going back.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t clock_us_t;

#define CLOCK_US_PER_MS 1000u
#define CLOCK_US_PER_S  1000000u

#endif
