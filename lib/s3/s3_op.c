/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of operations, read both ways: from the form of a request, and by name. */
#include "s3/s3_priv.h"

struct op {
	const char *name;
	uint8_t op_class, flags;
};

static const struct op ops[S3_OPS] = {
	[S3_OP_Unknown] = {"Unknown", S3_ADMIN, 0},
#define X(name, method, level, sub, with, class, flags) [S3_OP_##name] = {#name, S3_##class, flags},
#include "s3/s3_op.def"
#undef X
};

/* Two operations of one form would be an initialiser given twice, which the compiler reports. */
static const uint8_t forms[S3__METHODS][S3__LEVELS][S3__SUBS][S3__WITHS] = {
#define X(name, method, level, sub, with, class, flags)                                            \
	[S3__##method][S3__##level][S3__##sub][S3__##with] = S3_OP_##name,
#include "s3/s3_op.def"
#undef X
};

_Static_assert(S3_OPS <= 256, "an operation is a byte in forms and in struct s3_request");

enum s3_op s3__op_of(enum s3__method m, enum s3__level l, enum s3__name sub, enum s3__with w)
{
	const uint8_t *form = forms[m][l][sub];

	return form[w] ? form[w] : form[S3__PLAIN];
}

unsigned s3__op_flags(enum s3_op op)
{
	return ops[op].flags;
}

const char *s3_op_name(enum s3_op op)
{
	return op < S3_OPS ? ops[op].name : ops[S3_OP_Unknown].name;
}

enum s3_class s3_op_class(enum s3_op op)
{
	return op < S3_OPS ? ops[op].op_class : ops[S3_OP_Unknown].op_class;
}

int s3_op_find(struct span name)
{
	for (int op = 0; op < S3_OPS; op++)
		if (span_eq(name, span_str(ops[op].name)))
			return op;
	return -1;
}
