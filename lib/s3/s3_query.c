/* SPDX-License-Identifier: BSD-3-Clause */
/* A query, read once from front to back. */
#include "s3/s3_priv.h"

struct name {
	uint8_t n;
	char text[S3__NAME_MAX + 1];
};

static const struct name names[S3__N] = {
#define X(n, id, text) [S3__##id] = {sizeof(text) - 1, text},
	S3__NAMES(X, )
#undef X
};

/*
 * Names of one length, and those of one first letter (its lower 5 bits, so without case), as sets
 * of bits: what is in both is hardly ever more than one name. The compiler fills them in.
 */
#define OF_LENGTH(len, id, text) | (sizeof(text) - 1 == (len) ? 1ull << S3__##id : 0)
#define OF_LETTER(low, id, text) | (((text)[0] & 31) == (low) ? 1ull << S3__##id : 0)
#define LENGTH(len)              0 S3__NAMES(OF_LENGTH, len)
#define LETTER(low)              0 S3__NAMES(OF_LETTER, low)

_Static_assert(S3__N <= 64, "a name is a bit of a set");

/* clang-format off */
static const uint64_t of_length[S3__NAME_MAX + 1] = {
	LENGTH(0), LENGTH(1), LENGTH(2), LENGTH(3), LENGTH(4), LENGTH(5), LENGTH(6), LENGTH(7),
	LENGTH(8), LENGTH(9), LENGTH(10), LENGTH(11), LENGTH(12), LENGTH(13), LENGTH(14),
	LENGTH(15), LENGTH(16), LENGTH(17), LENGTH(18), LENGTH(19), LENGTH(20), LENGTH(21),
	LENGTH(22)};
static const uint64_t of_letter[32] = {
	LETTER(0), LETTER(1), LETTER(2), LETTER(3), LETTER(4), LETTER(5), LETTER(6), LETTER(7),
	LETTER(8), LETTER(9), LETTER(10), LETTER(11), LETTER(12), LETTER(13), LETTER(14),
	LETTER(15), LETTER(16), LETTER(17), LETTER(18), LETTER(19), LETTER(20), LETTER(21),
	LETTER(22), LETTER(23), LETTER(24), LETTER(25), LETTER(26)};
/* clang-format on */

/* Sub-resources and parameters are told apart by case, those of a signature are not: nodes differ
 * there, and a signature that is overlooked would be broken. */
static bool is_name(struct span s, const struct name *name)
{
	struct span text = {name->text, name->n};

	return text.p[0] == 'X' ? span_ieq(s, text) : span_eq(s, text);
}

static enum s3__name find_plain(struct span s)
{
	uint64_t set;

	if (s.n == 0 || s.n > S3__NAME_MAX)
		return S3__none;
	set = of_length[s.n] & of_letter[s.p[0] & 31];
	for (; set; set &= set - 1) {
		enum s3__name id = (enum s3__name)__builtin_ctzll(set);

		if (is_name(s, &names[id]))
			return id;
	}
	return S3__none;
}

/* A name may be percent-encoded, for a node decodes it (RFC 3986 6.2.2.2). */
static enum s3__name find(struct span s)
{
	enum s3__name id = find_plain(s);
	char text[S3__NAME_MAX];
	int n;

	if (id || s.n > 3 * S3__NAME_MAX || !memchr(s.p, '%', s.n))
		return id;
	n = s3_text_decode(s, text, sizeof(text));
	return n < 0 ? S3__none : find_plain((struct span){text, (size_t)n});
}

static void take(struct s3__query *q, enum s3__name id, struct span value)
{
	struct span *slot;

	if (id < S3__SUBS) {
		q->conflict |= q->sub && q->sub != id;
		q->sub = (uint8_t)id;
		q->subs |= 1ull << id;
	}
	if (id < S3__FIRST_PARAM)
		return;
	slot = &q->value[id - S3__FIRST_PARAM];
	q->two_keys |= slot->p && (id == S3__v4_credential || id == S3__v2_credential);
	if (!slot->p)
		*slot = value;
}

void s3__query_parse(struct s3__query *q, struct span query)
{
	const char *p = query.p, *end = query.n ? p + query.n : p;

	*q = (struct s3__query){0};
	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p)), *stop = amp ? amp : end;
		const char *eq = memchr(p, '=', (size_t)(stop - p)), *name_end = eq ? eq : stop;
		const char *value = eq ? eq + 1 : stop;
		enum s3__name id = find((struct span){p, (size_t)(name_end - p)});

		if (id)
			take(q, id, (struct span){value, (size_t)(stop - value)});
		p = stop + 1;
	}
}

uint16_t s3__part_number(struct span value)
{
	unsigned number = 0;

	if (value.n == 0 || value.n > 5)
		return 0;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return 0;
		number = 10 * number + (unsigned)(value.p[i] - '0');
	}
	return number <= 10000 ? (uint16_t)number : 0;
}
