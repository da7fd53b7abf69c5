/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request is told in one walk: the method, what host and path name, the sub-resource and
 * parameters of the query; these are the coordinates of its operation in s3_op.def.
 */
#include "s3/s3_priv.h"

static enum s3__method method_of(struct span s)
{
	static const struct span names[S3__OTHER] = {
		[S3__GET] = SPAN_LIT("GET"),
		[S3__HEAD] = SPAN_LIT("HEAD"),
		[S3__PUT] = SPAN_LIT("PUT"),
		[S3__POST] = SPAN_LIT("POST"),
		[S3__DELETE] = SPAN_LIT("DELETE"),
		[S3__OPTIONS] = SPAN_LIT("OPTIONS"),
	};
	enum s3__method m = S3__GET;

	while (m < S3__OTHER && !span_eq(s, names[m]))
		m++;
	return m;
}

static enum s3__with with_of(const struct s3_head *head, const struct s3__query *q)
{
	if (head->copy_source.p)
		return S3__COPY;
	if (S3__VALUE(q, partNumber).p)
		return S3__PART;
	if (S3__VALUE(q, id).p)
		return S3__ID;
	return span_eq(S3__VALUE(q, list_type), SPAN_LIT("2")) ? S3__V2 : S3__PLAIN;
}

/* An operation that is not known does what its method says, and only what is safe (RFC 9110 9.2.1)
 * may be sent twice: a vendor's PUT may append. */
static void set_unknown(struct s3_request *out, enum s3__method m)
{
	static const uint8_t classes[S3__METHODS] = {
		[S3__GET] = S3_READ,
		[S3__HEAD] = S3_READ,
		[S3__PUT] = S3_WRITE,
		[S3__POST] = S3_WRITE,
		[S3__DELETE] = S3_DELETE,
		[S3__OPTIONS] = S3_READ,
		[S3__OTHER] = S3_ADMIN,
	};

	out->op = S3_OP_Unknown;
	out->op_class = classes[m];
	out->flags = m == S3__GET || m == S3__HEAD ? S3_IDEMPOTENT : 0;
}

/* Which of two sub-resources counts is the node's to say: the class is the last in the order of
 * enum s3_class, so that who adds one to PutBucketPolicy is not taken for a writer. */
static void set_class(struct s3_request *out, const struct s3_head *head, const struct s3__query *q,
	enum s3__method m, enum s3__level level)
{
	for (uint64_t set = q->subs; set; set &= set - 1) {
		enum s3__name sub = (enum s3__name)__builtin_ctzll(set);
		enum s3_op op = s3__op_of(m, level, sub, with_of(head, q));

		if (op && s3_op_class(op) > out->op_class)
			out->op_class = (uint8_t)s3_op_class(op);
	}
}

/* A write that differs from the last one by what the first did: with a condition, at an offset, or
 * with a Range, by which vendors update a part of an object, or append to it ("bytes=-1-"). */
static bool is_once(const struct s3_head *head)
{
	return head->conditional || head->range.p;
}

static void set_op(struct s3_request *out, enum s3_op op, const struct s3_head *head)
{
	out->op = (uint8_t)op;
	out->op_class = (uint8_t)s3_op_class(op);
	out->flags = (uint8_t)s3__op_flags(op);
	if (is_once(head) && out->op_class != S3_READ && out->op_class != S3_LIST)
		out->flags &= (uint8_t)~S3_IDEMPOTENT;
}

void s3_request_classify(struct s3_request *out, const struct s3_head *head,
	const char *const *domains, unsigned n_domains)
{
	enum s3__method m = method_of(head->method);
	enum s3_op op = S3_OP_Unknown;
	enum s3__level level;
	struct s3__query q;

	*out = (struct s3_request){0};
	s3__query_parse(&q, head->query);
	level = s3__target_parse(out, head, domains, n_domains);
	if (m == S3__OPTIONS) /* a browser's question before any of them */
		op = S3_OP_OptionsObject;
	else if (!q.conflict)
		op = s3__op_of(m, level, (enum s3__name)q.sub, with_of(head, &q));
	if (op)
		set_op(out, op, head);
	else
		set_unknown(out, m);
	if (!op && q.conflict)
		set_class(out, head, &q, m, level);
	out->version_id = S3__VALUE(&q, versionId);
	out->upload_id = S3__VALUE(&q, uploadId);
	out->part_number = s3__part_number(S3__VALUE(&q, partNumber));
	s3__auth_parse(out, head, &q);
	out->range = s3__range_parse(head->range);
	out->size = (uint8_t)s3__size_of(head, m, &out->range);
}
