/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/s3 tell each other about a request. */
#ifndef S3_S3_PRIV_H
#define S3_S3_PRIV_H

#include "s3/s3_request.h"

/* ---- s3_op.c ---- */

enum s3__method {
	S3__GET,
	S3__HEAD,
	S3__PUT,
	S3__POST,
	S3__DELETE,
	S3__OPTIONS,
	S3__OTHER, /* no operation has it */
	S3__METHODS
};

enum s3__level { S3__SERVICE, S3__BUCKET, S3__OBJECT, S3__LAMBDA, S3__NOWHERE, S3__LEVELS };

enum s3__with { S3__PLAIN, S3__COPY, S3__PART, S3__ID, S3__V2, S3__WITHS };

/* ---- s3_query.c ---- */

/*
 * Names in a query that mean something, X(n, id, text), n being handed through. First those that
 * choose the operation, the sub-resources: of these append and events are vendors' and have no
 * operation of the S3 API, for what they do (write at an offset, never end) must not be taken for
 * PutObject or ListObjects. Then the parameters whose values count; uploadId is both.
 */
#define S3__NAMES(X, n)                                                                            \
	X(n, abac, "abac")                                                                         \
	X(n, accelerate, "accelerate")                                                             \
	X(n, acl, "acl")                                                                           \
	X(n, analytics, "analytics")                                                               \
	X(n, append, "append")                                                                     \
	X(n, attributes, "attributes")                                                             \
	X(n, cors, "cors")                                                                         \
	X(n, delete, "delete")                                                                     \
	X(n, encryption, "encryption")                                                             \
	X(n, events, "events")                                                                     \
	X(n, intelligent_tiering, "intelligent-tiering")                                           \
	X(n, inventory, "inventory")                                                               \
	X(n, legal_hold, "legal-hold")                                                             \
	X(n, lifecycle, "lifecycle")                                                               \
	X(n, location, "location")                                                                 \
	X(n, logging, "logging")                                                                   \
	X(n, metadataConfiguration, "metadataConfiguration")                                       \
	X(n, metadataInventoryTable, "metadataInventoryTable")                                     \
	X(n, metadataJournalTable, "metadataJournalTable")                                         \
	X(n, metadataTable, "metadataTable")                                                       \
	X(n, metrics, "metrics")                                                                   \
	X(n, notification, "notification")                                                         \
	X(n, object_lock, "object-lock")                                                           \
	X(n, ownershipControls, "ownershipControls")                                               \
	X(n, policy, "policy")                                                                     \
	X(n, policyStatus, "policyStatus")                                                         \
	X(n, publicAccessBlock, "publicAccessBlock")                                               \
	X(n, renameObject, "renameObject")                                                         \
	X(n, replication, "replication")                                                           \
	X(n, requestPayment, "requestPayment")                                                     \
	X(n, restore, "restore")                                                                   \
	X(n, retention, "retention")                                                               \
	X(n, select, "select")                                                                     \
	X(n, session, "session")                                                                   \
	X(n, tagging, "tagging")                                                                   \
	X(n, torrent, "torrent")                                                                   \
	X(n, uploads, "uploads")                                                                   \
	X(n, versioning, "versioning")                                                             \
	X(n, versions, "versions")                                                                 \
	X(n, website, "website")                                                                   \
	X(n, uploadId, "uploadId")                                                                 \
	X(n, versionId, "versionId")                                                               \
	X(n, partNumber, "partNumber")                                                             \
	X(n, id, "id")                                                                             \
	X(n, list_type, "list-type")                                                               \
	X(n, v4_credential, "X-Amz-Credential")                                                    \
	X(n, v4_signature, "X-Amz-Signature")                                                      \
	X(n, v2_credential, "AWSAccessKeyId")                                                      \
	X(n, v2_signature, "Signature")

#define S3__NAME_MAX 22 /* bytes of the longest */

enum s3__name {
	S3__none, /* without any, or no name of these */
#define X(n, id, text) S3__##id,
	S3__NAMES(X, )
#undef X
		S3__N,
	S3__FIRST_PARAM = S3__uploadId,
	S3__SUBS = S3__uploadId + 1
};

struct s3__query {
	uint64_t subs; /* bits of enum s3__name, below S3__SUBS: all sub-resources */
	uint8_t sub;   /* the last of them */
	bool conflict; /* there are two sub-resources: AWS answers 400 */
	bool two_keys; /* a credential is given twice: who knows which one a node takes */
	struct span value[S3__N - S3__FIRST_PARAM]; /* as sent, of the first; p is NULL without */
};

#define S3__VALUE(q, id) ((q)->value[S3__##id - S3__FIRST_PARAM])

void s3__query_parse(struct s3__query *q, struct span query);
uint16_t s3__part_number(struct span value); /* 1 to 10000, or 0 */

/* The operation of a request of this form, or S3_OP_Unknown. */
enum s3_op s3__op_of(enum s3__method m, enum s3__level l, enum s3__name sub, enum s3__with w);
unsigned s3__op_flags(enum s3_op op);

/* ---- s3_target.c ---- */

/* Sets style, bucket and key; says what the path names. */
enum s3__level s3__target_parse(struct s3_request *out, const struct s3_head *head,
	const char *const *domains, unsigned n_domains);

/* ---- s3_auth.c ---- */

/* Sets auth and access_key. */
void s3__auth_parse(
	struct s3_request *out, const struct s3_head *head, const struct s3__query *query);

/* ---- s3_range.c ---- */

struct s3_range s3__range_parse(struct span field);
/* Of the body that the request brings or asks for. */
enum s3_size s3__size_of(
	const struct s3_head *head, enum s3__method method, const struct s3_range *range);

#endif
