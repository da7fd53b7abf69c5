/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef S3GEN_CLIENT_PRIV_H
#define S3GEN_CLIENT_PRIV_H

#include "base/list.h"
#include "client.h"
#include "exchange.h"
#include "fault.h"
#include "schedule.h"
#include "secure.h"
#include "side.h"
#include "wheel/wheel.h"

#define PREPARE_FAILURES 8 /* of a group, that are tried again */

/* See the table at the head of client.c. */
enum conn_state { CONN_CLOSED, CONN_CONNECT, CONN_IDLE, CONN_THINK, CONN_HEAD, CONN_BODY };

struct conn {
	struct side side; /* first: the loop looks at it; no connection: CONN_CLOSED */
	uint8_t state;    /* enum conn_state */
	uint8_t target;   /* index in the group's */
	bool persists;    /* the answer leaves the connection usable */
	int8_t verdict;   /* of the answer so far: -1 good, else an enum gen_error */
	bool first_seen;  /* a byte of the exchange's answer has come */
	bool owes_head;   /* the request's head is still to be sent */
	bool waits;       /* for 100 Continue, with the body */
	struct group *group;
	struct list link; /* group->idle or ->closed, or all->hungry */
	struct wheel_node timer;
	clock_us_t deadline; /* of what is under way, or the end of a pause */
	clock_us_t intended; /* when the operation should have begun */
	clock_us_t asked;    /* when the exchange was sent; CONN_CONNECT: the SYN */
	clock_us_t first;    /* when the answer's first byte came */
	uint32_t operations; /* on this connection */
	uint64_t in;         /* bytes of the operation's objects that were received and right */
	struct walk walk;
	struct exchange x;
	struct http_body body;
};

struct group {
	struct client *all;
	const struct gen_clients *conf;
	const struct gen_workload *load;
	struct workload *workload;
	struct schedule schedule;
	struct fault_times *think; /* NULL: none */
	struct s3_signer *sign;
	struct tls_ctx *tls; /* NULL: plain */
	char host[GEN_TARGETS_MAX][IP_ENDPOINT_TEXT];
	char addr[GEN_TARGETS_MAX][IP_ADDR_TEXT];
	char *virtual_host; /* bucket and host; NULL: the bucket is in the path */
	struct site site[GEN_TARGETS_MAX];
	struct conn *conns;
	struct upload *uploads; /* of each connection; NULL: none is needed */
	struct list idle;       /* longest first */
	struct list closed;
	clock_us_t until;    /* it asks; UINT64_MAX: to the end of the run */
	uint32_t serial;     /* of the next connection: decides its address and port */
	uint32_t connecting; /* handshakes under way */
	uint32_t open;       /* established */
	uint32_t under_way;  /* operations */
	uint8_t index;

	/* before the start */
	uint32_t prepare_next; /* 0: the bucket, then object prepare_next - 1 */
	uint32_t prepare_end;
	uint32_t preparing; /* under way */
	uint32_t failures;  /* so far */
	uint32_t n_again;   /* that failed and are to be tried again */
	uint32_t again[PREPARE_FAILURES];
	enum gen_error last_failure;
};

struct client {
	struct gen *g;
	struct group *groups;
	unsigned n_groups;
	struct wheel wheel;
	bool begun, started, stopped;
	clock_us_t open_until; /* the start waits so long for connections to open */
	struct list hungry;    /* connections that wait for buffers */
};

#define CLIENT__TICK 6 /* a tick of the wheel is 2^6 us */

/* client_conn.c */
void client__open(struct conn *c); /* c is closed */
void client__abort(struct conn *c);
void client__operation(struct conn *c, clock_us_t intended); /* c is idle: the next one */
/* May another object be prepared now? Then c, which is idle, does it. */
bool client__prepare_due(const struct group *gr);
void client__prepare(struct conn *c);
/* Give tcp what it has room for. False: the connection is no longer what it was. */
bool client__pump(struct conn *c);
void client__timer(struct conn *c);
/* What is under way must make progress until the timeout. */
void client__progress(struct conn *c);
/* The exchange has an answer, all of it, and c->verdict. */
void client__answered(struct conn *c);
/* The operation fails, the connection is reset, another takes its place. */
void client__fail(struct conn *c, enum gen_error why);

/* client_receive.c: take what is in rx. False: the connection is no longer what it was. */
bool client__receive(struct conn *c);
/* The peer sends no more. True: the answer is complete by that. */
bool client__ended(struct conn *c);

#endif
