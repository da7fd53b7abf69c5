/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mock S3 nodes: the servers' side of s3gen. Every `listen` of an [origins] section is a node; all
 * nodes of all sections serve the same objects, for any bucket:
 *
 *	GET, HEAD       any key that ends with "-SIZE" exists with that size and body_slice()'s
 *	                bytes, unless it was deleted; so does what was put. Ranges, If-Match,
 *	                If-None-Match
 *	PUT             with Content-Length, chunked, aws-chunked; every byte is compared with
 *	                body_check(): 400 BadDigest and `bytes_wrong` where one differs, and nothing
 *	                is stored but name and size
 *	multipart       create, part, complete, abort. Who creates it says ORIGIN_PART_HEADER, the
 *	                bytes of every part but the last, so that a part's place in the object is
 *	                known when it arrives; without it parts are accepted and counted
 *	                `parts_unverified`
 *	DELETE, ListObjectsV2, ListBuckets' empty answer
 *
 * Signatures are not verified.
 */
#ifndef S3GEN_ORIGIN_H
#define S3GEN_ORIGIN_H

#include "s3gen.h"
#include "stat/stat.h"

#define ORIGIN_PART_HEADER "x-amz-meta-part-size"

enum origin_stat {
#define X(name, text) ORIGIN_STAT_##name,
#include "origin_stat.def"
#undef X
	ORIGIN_STAT_N
};

/* Listens at all nodes of g->conf. NULL with e. Uses g->conf, pools, body, net, tcp, now. */
struct origin *origin_create(struct gen *g, struct err *e);
/* Aborts its connections. NULL is fine. */
void origin_destroy(struct origin *o);

/* TCP_EV_ACCEPT: c->owner then begins with a struct gen_owner of GEN_ORIGIN, or c was aborted and
 * must not be looked at again (false). */
bool origin_accept(struct origin *o, struct tcp_conn *c);
void origin_ready(struct origin *o, struct tcp_conn *c, uint8_t events);
/* Each turn: what was delayed or stalled and is due now; nodes that crash or return. */
void origin_tick(struct origin *o, clock_us_t now);
/* When origin_tick() next has work; UINT64_MAX: never, as things stand. */
clock_us_t origin_next(const struct origin *o);
struct stat_block origin_stats(const struct origin *o);

#endif
