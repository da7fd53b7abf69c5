/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by origin.c (nodes and connections), origin_flow.c (a request and its response, in time),
 * serve.c (what to answer) and list.c.
 */
#ifndef S3GEN_ORIGIN_PRIV_H
#define S3GEN_ORIGIN_PRIV_H

#include "base/list.h"
#include "body.h"
#include "complete.h"
#include "fault.h"
#include "http/http.h"
#include "origin.h"
#include "payload.h"
#include "request.h"
#include "secure.h"
#include "side.h"
#include "store.h"
#include "wheel/wheel.h"

#define ORIGIN_TICK_SHIFT 6 /* a tick of the wheel: 64 us */
#define ORIGIN_HEAD_MAX   (64u << 10)
#define ORIGIN_TEXT_MAX   (1u << 20) /* of one response that is built as text: a listing */

struct node {
	const struct gen_origins *conf;
	struct ip_endpoint at;
	struct tcp_path path;
	int listener; /* -1: down */
	struct list flows;
	const struct fault_times *service;
	struct fault_seats seats;
	struct tls_ctx *tls; /* NULL: plain */
};

enum flow_state { FLOW_HEAD, FLOW_BODY, FLOW_WAIT, FLOW_SEND, FLOW_CLOSE, FLOW_DEAF, FLOW_STATES };

/* A connection; origin_flow.c has its states. */
struct flow {
	struct side side; /* first: the loop looks at it */
	uint8_t state;    /* enum flow_state */
	uint8_t op;       /* enum request_op */
	uint8_t fault;    /* enum fault_kind of this request */
	bool to_head;     /* the method is HEAD: no body in the response */
	bool eof;         /* the client sends no more */
	bool close;       /* after this response */
	bool expects;     /* a client that waits for 100 Continue: a final status closes */
	bool again;       /* the timer is for a try that lacked buffers */
	struct node *node;
	struct list link; /* of node->flows */
	struct wheel_node timer;
	struct http_scan scan;
	clock_us_t due; /* WAIT, SEND: not before */

	/* the request's body */
	struct payload payload;
	uint64_t object; /* body_object(); also of the response's */
	uint64_t off;    /* in the object, of the next byte to compare, or to send */
	uint64_t wrong;  /* bytes from the first wrong one on */
	bool compare;
	uint32_t part;
	uint64_t upload, announced; /* announced: bytes of content, UINT64_MAX: not */
	struct complete complete;
	uint32_t n_parts;
	uint64_t total;
	bool bad_list; /* COMPLETE: `list_code` says why */
	uint8_t list_code;
	struct request_name name;

	/* the response */
	struct buf_chain out;  /* head and text, to be sent before the object's bytes */
	uint64_t left;         /* bytes of the object still to be sent */
	uint64_t until_strike; /* of these before the fault strikes; UINT64_MAX: it will not */
	struct flow *next_free;
};

struct origin {
	struct gen *g;
	struct store *store;
	struct node *node;
	unsigned n_node;
	struct fault_times *service; /* one a section */
	struct flow *flow, *free;
	struct wheel wheel;
	clock_us_t now, crash_look;
	uint64_t serial; /* of requests */
	uint64_t stat[ORIGIN_STAT_N];
	struct http_head head;
	struct request req; /* of the head that was parsed last */
	char head_text[ORIGIN_HEAD_MAX];
	char text[ORIGIN_TEXT_MAX];
};

/* What a step of a connection's machine leaves. */
enum run { RUN_AGAIN, RUN_WAIT, RUN_GONE };

/* origin_flow.c */
void flow_begin(struct flow *f);
void flow_run(struct origin *o, struct flow *f);

/* origin.c: the connection is released (or aborted) and its record free. */
enum run origin_drop(struct origin *o, struct flow *f, bool abort);
void origin_arm(struct origin *o, struct flow *f, clock_us_t at);

/*
 * serve.c. All three: false is "no buffers". serve_head(): o->req was parsed with that code,
 * o->head is its head; where the response does not depend on a body it is in f->out afterwards,
 * with what follows of the object in off and left. serve_end(): the body is over; if there is no
 * response in f->out yet, there is one now.
 */
bool serve_head(struct origin *o, struct flow *f, enum answer_code code);
bool serve_end(struct origin *o, struct flow *f);
/* A piece of the body. */
void serve_content(struct origin *o, struct flow *f, struct span piece);
/* A response without content, or an error with its XML, into f->out. */
bool serve_answer(struct origin *o, struct flow *f, struct answer *a);

/* list.c: the XML that answers o->req. */
void list_build(const struct origin *o, struct sink *out);

static inline void origin_count(struct origin *o, enum origin_stat what)
{
	o->stat[what]++;
}

#endif
