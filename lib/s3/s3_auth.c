/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a request says it is from. The places (S3 API reference, "Authenticating requests"; S3 user
 * guide, "Authenticating requests using the REST API" for V2):
 *
 *	Authorization: AWS4-HMAC-SHA256 Credential=ID/DAY/REGION/s3/aws4_request,...
 *	               (and AWS4-ECDSA-P256-SHA256)
 *	?X-Amz-Credential=ID%2FDAY...&X-Amz-Signature=...
 *	Authorization: AWS ID:SIGNATURE
 *	?AWSAccessKeyId=ID&Expires=...&Signature=...
 *	Authorization: Bearer TOKEN
 *
 * A request with two of them, or a key given twice, could be read by the node as from another than
 * by us: it has no access key then, so that no rule for a key can be claimed by it.
 */
#include "s3/s3_priv.h"

static bool has_prefix(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_ieq((struct span){s.p, prefix.n}, prefix);
}

/* s without the prefix, if it has it (any case). */
static bool cut_prefix(struct span *s, struct span prefix)
{
	if (!has_prefix(*s, prefix))
		return false;
	*s = (struct span){s->p + prefix.n, s->n - prefix.n};
	return true;
}

/* The id of a credential: up to '/', which is %2F in most queries. */
static struct span credential_id(struct span s)
{
	const char *end = s.n ? s.p + s.n : s.p;

	for (const char *p = s.p; p < end; p++)
		if (*p == '/' ||
			(end - p > 2 && p[0] == '%' && p[1] == '2' && (p[2] | 0x20) == 'f'))
			return (struct span){s.p, (size_t)(p - s.p)};
	return s;
}

/* list: what follows the algorithm. */
static void v4_header(struct s3_request *out, const struct s3_head *head, struct span list)
{
	struct span credential = {NULL, 0}, item;

	out->auth = has_prefix(head->content_sha256, SPAN_LIT("STREAMING-")) ? S3_AUTH_V4_STREAMING
									     : S3_AUTH_V4_HEADER;
	while (span_next(&list, ',', &item)) {
		if (cut_prefix(&item, SPAN_LIT("Credential="))) {
			if (credential.p)
				out->auth = S3_AUTH_OTHER;
			credential = item;
		}
	}
	if (out->auth != S3_AUTH_OTHER)
		out->access_key = credential_id(credential);
}

/* A signature has no colon; an id might. */
static void v2_header(struct s3_request *out, struct span s)
{
	const char *colon = memrchr(s.p, ':', s.n);

	out->auth = S3_AUTH_V2_HEADER;
	out->access_key = (struct span){s.p, colon ? (size_t)(colon - s.p) : 0};
}

static void header(struct s3_request *out, const struct s3_head *head)
{
	struct span rest = head->authorization, scheme = span_word(&rest);

	rest = span_trim(rest);
	if (has_prefix(scheme, SPAN_LIT("AWS4-")))
		v4_header(out, head, rest);
	else if (span_ieq(scheme, SPAN_LIT("AWS")))
		v2_header(out, rest);
	else if (span_ieq(scheme, SPAN_LIT("Bearer")))
		out->auth = S3_AUTH_BEARER;
	else
		out->auth = S3_AUTH_OTHER;
}

void s3__auth_parse(
	struct s3_request *out, const struct s3_head *head, const struct s3__query *query)
{
	struct span v4 = S3__VALUE(query, v4_credential), v2 = S3__VALUE(query, v2_credential);
	bool in_header = head->authorization.p;
	bool in_v4 = v4.p || S3__VALUE(query, v4_signature).p;
	bool in_v2 = v2.p && S3__VALUE(query, v2_signature).p;

	out->auth = S3_AUTH_ANONYMOUS;
	if (in_header + in_v4 + in_v2 > 1 || query->two_keys) {
		out->auth = S3_AUTH_OTHER;
	} else if (in_header) {
		header(out, head);
	} else if (in_v4) {
		out->auth = S3_AUTH_V4_PRESIGNED;
		out->access_key = credential_id(v4);
	} else if (in_v2) {
		out->auth = S3_AUTH_V2_PRESIGNED;
		out->access_key = v2;
	}
}
