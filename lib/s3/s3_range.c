/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bytes a request asks for or brings: its Range (RFC 9110 14.1), its size class. */
#include "s3/s3_priv.h"

/* Digits at the beginning of *s, taken off. False: none, or too many. */
static bool take_number(struct span *s, uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (s->n == 0)
		return false;
	for (i = 0; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		if (i == 19) /* 10^19 - 1 fits, and no object is larger */
			return false;
		v = 10 * v + (uint64_t)(s->p[i] - '0');
	}
	*value = v;
	*s = (struct span){s->p + i, s->n - i};
	return i > 0;
}

static bool take_char(struct span *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = (struct span){s->p + 1, s->n - 1};
	return true;
}

struct s3_range s3__range_parse(struct span field)
{
	static const struct s3_range none = {0};
	struct span unit = SPAN_LIT("bytes="), s;
	struct s3_range r = {.given = true, .last = UINT64_MAX};

	if (field.n <= unit.n || !span_ieq((struct span){field.p, unit.n}, unit))
		return none;
	s = span_trim((struct span){field.p + unit.n, field.n - unit.n});
	if (take_char(&s, '-')) {
		r.suffix = true;
		return take_number(&s, &r.last) && r.last && s.n == 0 ? r : none;
	}
	if (!take_number(&s, &r.first) || !take_char(&s, '-'))
		return none;
	if (s.n && (!take_number(&s, &r.last) || r.last < r.first || s.n))
		return none;
	return r;
}

static enum s3_size class_of(uint64_t bytes)
{
	static const uint64_t limits[] = {
		[S3_SIZE_TINY] = 64 << 10,
		[S3_SIZE_SMALL] = 1 << 20,
		[S3_SIZE_MEDIUM] = 16 << 20,
		[S3_SIZE_LARGE] = 256 << 20,
	};
	enum s3_size size = S3_SIZE_TINY;

	while (size < S3_SIZE_HUGE && bytes > limits[size])
		size++;
	return size;
}

static enum s3_size asked_for(const struct s3_range *range)
{
	if (!range->given || (!range->suffix && range->last == UINT64_MAX))
		return S3_SIZE_UNKNOWN;
	return class_of(range->suffix ? range->last : range->last - range->first + 1);
}

enum s3_size s3__size_of(
	const struct s3_head *head, enum s3__method method, const struct s3_range *range)
{
	struct span decoded = head->decoded_length;
	uint64_t bytes;

	if (method == S3__GET)
		return asked_for(range);
	if (method == S3__HEAD || method == S3__DELETE || method == S3__OPTIONS)
		return S3_SIZE_TINY;
	if (take_number(&decoded, &bytes) && decoded.n == 0)
		return class_of(bytes);
	return head->content_length < 0 ? S3_SIZE_UNKNOWN
					: class_of((uint64_t)head->content_length);
}
