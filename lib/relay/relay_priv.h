/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the relay. Four records, each in a pool made at start:
 *
 *	front    a client's HTTP connection, all its life            front.c
 *	request  from its complete head to its response's last byte  request.c, response.c
 *	back     a connection to a member, busy or idle              back.c, relay_connect.c
 *	splice   a client's connection of bare bytes and its         splice.c
 *	         connection to a member, all their lives
 *
 *	front->req != NULL  <=>  front->state == FRONT_BUSY, and then front->req->front == front
 *	request->back != NULL  <=>  its state is past REQ_QUEUE, and then back->req == request
 *	back->req == NULL  <=>  the back is on its member's idle list
 */
#ifndef RELAY_RELAY_PRIV_H
#define RELAY_RELAY_PRIV_H

#include "base/list.h"
#include "base/seq.h"
#include "relay/relay.h"
#include "relay/stream.h"
#include "s3/s3.h"
#include "s3/s3_request.h"
#include "s3/s3_sign.h"
#include "wheel/wheel.h"

#define RELAY_RESOURCE_MAX 168 /* bytes of a request's path kept for an error's XML */
#define RELAY_EDIT_ROOM    512 /* what a head may grow by: added fields */

/* The first byte of whatever a tcp_conn's owner points at, and the kind of its timer. */
enum relay_kind { RELAY_FRONT = 1, RELAY_BACK, RELAY_SPLICE, RELAY_PROBE };

/* What a step of a state machine says. */
enum run {
	RUN_WAIT,  /* nothing to do until the next event */
	RUN_AGAIN, /* the state changed: run it */
	RUN_GONE,  /* the record was freed */
};

enum front_state {
	FRONT_HANDSHAKE,
	FRONT_IDLE,
	FRONT_HEAD,
	FRONT_BUSY,
	FRONT_LINGER,
	FRONT_STATES
};

struct front {
	uint8_t kind;          /* RELAY_FRONT */
	uint8_t state;         /* enum front_state */
	bool eof;              /* the client sends no more than what is in rx */
	uint32_t since;        /* when the state began, ms */
	uint32_t moved;        /* LINGER: when bytes last came or left, ms */
	uint32_t head;         /* bytes of the request's head at the start of rx; 0: taken */
	uint32_t discard_left; /* unwanted bytes that we still swallow */
	uint32_t requests;     /* begun on this connection */
	struct relay_listener *listener;
	struct stream end; /* none: this record is free */
	struct request *req;
	struct http_scan scan;   /* of the head that is arriving; 0 seen otherwise */
	struct wheel_node timer; /* at or before the deadline, always armed */
	struct front *next_free;
};

_Static_assert(sizeof(struct front) <= 128, "an idle client costs two cache lines here");

struct back {
	uint8_t kind; /* RELAY_BACK */
	bool up;      /* established, with TLS and all */
	bool reused;  /* it has carried a request before this one */
	bool eof;     /* FIN came */
	bool dead;    /* DEAD or TORN came: only rx and tx are left */
	uint32_t requests;
	uint32_t since;           /* idle since, ms */
	struct lb_member *member; /* held */
	struct stream end;        /* none: this record is free */
	struct request *req;
	struct list link;        /* idle list of the member, newest first */
	struct wheel_node timer; /* armed while idle */
	struct back *next_free;
};

_Static_assert(sizeof(struct back) <= 128, "an idle member connection costs two cache lines");

enum side { SIDE_FRONT, SIDE_BACK, SIDES };
enum splice_state { SPLICE_HANDSHAKE, SPLICE_HELLO, SPLICE_CONNECT, SPLICE_OPEN, SPLICE_STATES };

struct splice {
	uint8_t kind;             /* RELAY_SPLICE */
	uint8_t state;            /* enum splice_state */
	uint8_t ends;             /* 2; an echo has 1: the front */
	uint8_t retries;          /* other members tried */
	uint8_t why;              /* enum relay_stat: what was lost first; 0: nothing */
	bool stalled;             /* no buffer: once more in a millisecond */
	bool eof[SIDES];          /* FIN came */
	bool dead[SIDES];         /* DEAD or TORN came: only rx and tx are left */
	uint16_t member;          /* with a back: its index in pool */
	uint32_t moved;           /* when a byte last moved or was acknowledged, ms */
	uint16_t need;            /* HELLO: bytes in rx before it is looked at again */
	struct stream end[SIDES]; /* no front: record is free; no back: no member */
	struct relay_listener *listener;
	struct lb_pool *pool;  /* held; NULL: HELLO and echo */
	uint64_t given[SIDES]; /* bytes handed to that end */
	struct lb_tried tried;
	clock_us_t begun;        /* when it was accepted */
	struct wheel_node timer; /* at or before the deadline, always armed */
	struct splice *next_free;
};

_Static_assert(sizeof(struct splice) <= 160, "little more than two cache lines an idle pair");
_Static_assert(sizeof(struct splice) + 2 * sizeof(struct tcp_conn) <= 1024,
	"an idle relay costs 1 KB at most");

/* What a member was given of a request, held to be given to another one: hold.c. */
struct hold {
	struct buf_chain bytes; /* on: all that was given to this back, by reference */
	struct list link;       /* on relay->holding, as long as there are any */
	uint32_t first;         /* sequence number at which they begin on the wire */
	bool on;
	bool beyond; /* the first acknowledgement too, within the limits */
};

/* One direction of a request: what leaves one end's rx for the other's tx. */
struct flow {
	struct http_body body; /* counts what may be taken */
	struct buf_chain out;  /* taken or built, not yet accepted by the other end */
	uint64_t given;        /* bytes accepted by it, on this back */
	struct request *holds; /* that holds what is given; NULL: none does */
};

/* A body that moves too slowly, for a window of the pool's stall time: floor.c. */
struct floor {
	uint32_t since; /* the window began, ms */
	uint32_t mark;  /* bytes moved by then, modulo 2^32 */
	uint32_t there; /* bytes that could move in it at most */
	bool clients;   /* of a response: it is the client that is waited for */
};

#define RELAY_ETAG_MAX 80 /* bytes: S3's have at most 72, quotes included */
#define RELAY_DATE_MAX 40 /* RFC 9110 5.6.7 has 29 */
#define RELAY_PEEK_MAX 128

#define RELAY_RESUME_FIELDS 2
#define RELAY_RANGE_TEXT    56

/* What another answer to the same GET has to agree with: resume.c. */
struct resume {
	uint64_t first;  /* place in the object of the answer's first byte */
	uint64_t length; /* of the answer's body */
	uint64_t total;  /* of the object; UINT64_MAX: not told */
	uint64_t skip;   /* bytes still to come from this back that the client has already */
	uint64_t good;   /* bytes that the client had when a back last broke */
	uint16_t status;
	uint8_t etag_n, date_n;
	char etag[RELAY_ETAG_MAX], date[RELAY_DATE_MAX];
};

/* The beginning of an answer that may say <Error>: peek.c. */
struct peek {
	struct http_body body; /* what was looked at */
	uint32_t ahead;        /* bytes of it that are still in rx */
	uint8_t n;
	char text[RELAY_PEEK_MAX];
};

/* Why a request is given to a member again. */
enum retry { RETRY_CONNECT, RETRY_LOST, RETRY_TIMEOUT, RETRY_STALL, RETRIES };

enum req_state { REQ_BUILD, REQ_QUEUE, REQ_CONNECT, REQ_WAIT, REQ_RESPONSE, REQ_STATES };

struct request {
	struct front *front;
	struct back *back;
	struct list stalled; /* on relay->stalled while it waits for a buffer */
	struct list waiting; /* in its pool's line while it waits for a member */
	struct flow req, rsp;
	struct hold hold;      /* of req */
	struct floor floor;    /* of the body that moves now */
	struct http_scan scan; /* of the response head that is arriving */
	struct lb_tried tried;
	clock_us_t begun; /* when its head was complete, or it was given to this member */
	clock_us_t sent;  /* when this member was given all of it; 0: not yet */
	clock_us_t ttfb;  /* us from begun to the response's head */
	uint64_t id;
	uint32_t moved;       /* when a byte last moved or was acknowledged, ms */
	struct lb_pool *pool; /* held; NULL: not routed yet */
	uint64_t hash;        /* of the object, or of its upload */
	uint16_t member;      /* with a back: its index in pool */
	int16_t next;         /* member that it shall be given to; -1: as lb says */
	uint16_t status;      /* of this member's final response; 0: not yet */
	uint16_t retry_after; /* s, of a SlowDown */
	uint8_t state;        /* enum req_state */
	uint8_t retries;      /* other members tried */
	uint8_t minor;        /* of the client's HTTP/1.x */
	uint8_t op;           /* enum s3_op */
	uint8_t op_flags;     /* enum s3_flag */
	uint8_t size;         /* enum s3_size */
	bool writes;          /* neither reads nor lists, and no GET or HEAD */
	bool upload;          /* of an upload's parts: hash is its id's */
	bool called;          /* REQ_QUEUE: look for a member once more */
	bool to_head;         /* HEAD */
	bool safe;            /* GET, HEAD or OPTIONS without a body: may be sent twice */
	bool expect;          /* the client waits for 100 Continue */
	uint8_t fail;         /* enum relay_stat: its end when no member is left */
	bool get;             /* GET without a body */
	bool answered;        /* the client got the response's head: no other answer can follow */
	bool resumable;       /* answered, head kept, resume is filled */
	bool continued;       /* the client got a 100 Continue */
	bool second;          /* an answer was dropped for that of another member */
	bool slow_down;       /* this member said SlowDown */
	bool silence;         /* a member did not answer in time */
	bool slow_told;       /* its head did: beyond doubt */
	bool inner_error;     /* it said <Error> in a 200 */
	bool peeks;           /* peek is filled */
	bool again;           /* it was given to a member before */
	bool fresh;           /* an idle connection was dead: only new ones from now on */
	bool close;           /* the front ends after this response */
	bool back_close;      /* the back ends after this response */
	uint8_t resource_n;
	/* from here on nothing is set until it is wanted */
	char resource[RELAY_RESOURCE_MAX]; /* resource_n bytes */
	union {
		struct resume resume;
		struct peek peek;
	};
	struct request *next_free;
};

#define PROBE_BODY_N 64 /* bytes of a canary */

struct probe {
	uint8_t kind;  /* RELAY_PROBE */
	uint8_t state; /* enum in probe.c, as step */
	uint8_t step;
	bool up, eof, dead;       /* as of a back */
	bool other;               /* the body is not the one that was put */
	uint16_t status;          /* of the final head */
	struct lb_check check;    /* holds its pool, and so the snapshot of signer */
	struct s3_signer *signer; /* NULL: not signed */
	struct stream end;
	struct http_scan scan;
	struct http_body http;
	char body[PROBE_BODY_N]; /* what a canary puts */
	struct wheel_node timer; /* armed all its life */
	struct probe *next_free;
};

/* relay_listener.c says how it lives. */
struct relay_listener {
	const struct conf_listener *conf; /* of snap */
	struct relay_snapshot *snap;      /* the newest that has it */
	uint16_t index;                   /* there */
	bool gone;                        /* the newest of all has it not */
	uint32_t fronts;
	uint64_t *stat; /* own, or relay->rest when it is gone */
	uint64_t own[RELAY_STAT_N];
	struct list link; /* done: on relay->done */
};

/* relay_snapshot.c likewise. */
struct relay_snapshot {
	struct list link; /* on relay->snapshots */
	const struct conf *conf;
	struct tls_ctx *const *listener_tls, *const *pool_tls; /* as in conf; NULL: all plain */
	uint32_t refs; /* listeners that are gone, and one for being the newest */
	unsigned n_listeners;
	struct relay_listener **listener; /* as in conf->listeners */
	unsigned n_pools;                 /* held: all as long as refs, then none */
	struct lb_pool **pool;            /* as in conf->pools */
	struct probe_keys *keys;          /* of its checks */
};

struct relay_address {
	struct ip_endpoint at;
	int tcp; /* its listener index */
};

struct relay {
	struct relay_config cfg;
	struct streams streams;
	clock_us_t now;
	uint32_t now_ms;
	uint32_t head_max; /* longest head of any listener, and of responses */
	bool draining;
	bool room;          /* see relay_queue.c */
	uint32_t lb_ms;     /* when lb_tick was last called */
	struct wheel wheel; /* ms */
	struct list stalled;
	struct list holding;         /* of hold: those with bytes, oldest first */
	struct list waiting;         /* of lb_pool: those whose requests wait for a member */
	struct relay_snapshot *snap; /* the newest; cfg.conf is its conf */
	struct list snapshots;       /* all that are in use, newest first */
	struct list done;            /* of relay_listener: for control to free */
	struct relay_address address[TCP_LISTENERS];
	unsigned n_address;
	uint32_t splice_backs_max, tls_max; /* see relay_splices_max, relay_tls_max */
	uint64_t rest[RELAY_STAT_N];        /* counted for no listener, or one that is gone */
	struct front *fronts, *front_free;
	struct back *backs, *back_free;
	struct request *requests, *request_free;
	struct splice *splices, *splice_free;
	struct probe probes[RELAY_PROBES], *probe_free;
	struct relay_info info;
	uint64_t refused_req[HTTP_CODES], refused_rsp[HTTP_CODES];
	struct http_head head;  /* scratch: the head being looked at */
	struct s3_head s3_head; /* and what lib/s3 says of it, when it is a request's */
	struct s3_request s3;
	char *in, *out; /* scratch: head_max, and head_max + RELAY_EDIT_ROOM bytes */
};

#define FRONT_COUNT(r, f, name) ((f)->listener->stat[RELAY_STAT_##name]++)

static inline const struct conf_listener *front_conf(const struct relay *r, const struct front *f)
{
	return f->listener->conf;
}

/* Are l's clients to go when what they have begun is done? */
static inline bool relay__ends(const struct relay *r, const struct relay_listener *l)
{
	return r->draining || l->gone;
}

/* The pool that l's conf, or a [route] beside it, means by an index. */
static inline struct lb_pool *relay__pool(const struct relay_listener *l, unsigned index)
{
	return l->snap->pool[index];
}

static inline const struct conf_pool *request_pool(const struct relay *r, const struct request *q)
{
	return q->pool->conf;
}

/* relay.c */
void relay__set_now(struct relay *r, clock_us_t now);
/* Look at the bytes of rx that s has not seen: as http_scan. */
int relay__scan(struct http_scan *s, const struct buf_chain *rx);
/* Move what belongs to the message from `from` to `to` as long as there is room; *moved bytes were
 * taken. 0, or -ENOMEM: try again next poll. The end and errors are in w->body.progress. */
int relay__flow_move(
	struct relay *r, struct flow *w, struct stream *from, struct stream *to, uint32_t *moved);
/* Hand w->out to `to`. 0 (also when `to` takes no more: its death will be told), or -ENOMEM. */
int relay__flow_flush(struct relay *r, struct flow *w, struct stream *to);

/* front.c */
/* A client of l, whose limit holds: a record is free. */
void relay__front_accept(
	struct relay *r, struct relay_listener *l, const struct stream *e, uint8_t events);
void relay__front_event(struct relay *r, struct front *f, uint8_t events);
void relay__front_run(struct relay *r, struct front *f);
void relay__front_expired(struct relay *r, struct front *f);
void relay__front_drain(struct relay *r, struct front *f);
/* The response is in tx: wait for the next request. */
enum run relay__front_next(struct relay *r, struct front *f);
/* No more goes out: FIN behind tx, swallow what the client still sends, then let go. */
enum run relay__front_close(struct relay *r, struct front *f);
/* RST. */
enum run relay__front_abort(struct relay *r, struct front *f);
/* Drop what is in rx, within the limit. */
void relay__front_discard(struct relay *r, struct front *f);

/* relay_route.c */
/* What q wants, and which pool it goes to; r->head is its head. True: q->pool is set; false: the
 * operator's file has an answer for it, and *answered is how giving it went. */
bool relay__route(struct relay *r, struct request *q, enum run *answered);

/* Are the operations that routes name known? 0, or -EINVAL with e. */
int relay__routes_check(const struct conf *conf, struct err *e);

/* relay_queue.c */
/* All members that q might go to have enough to do: it waits, or is told SlowDown. */
enum run relay__queue_wait(struct relay *r, struct request *q);
/* It waits no longer; nothing if it did not. */
void relay__queue_leave(struct request *q);
/* Call those that wait, if there may be room for them. */
void relay__queue_run(struct relay *r);

/* request.c */
enum run relay__request_begin(struct relay *r, struct front *f);
enum run relay__request_run(struct relay *r, struct front *f);
/* When, in ms, the request fails if nothing moves; and of what. */
uint32_t relay__request_deadline(
	const struct relay *r, const struct request *q, enum relay_stat *fail);
enum run relay__request_expired(struct relay *r, struct request *q);
/* Tell lb how the try on q's member ended; q has no back afterwards. reuse: keep the connection. */
void relay__request_leave(struct relay *r, struct request *q, enum lb_outcome outcome, bool reuse);
void relay__request_put(struct relay *r, struct request *q);
/* Take the kept head out of front.rx: from now on q cannot be built again. */
void relay__request_take_head(struct relay *r, struct request *q);
/* No buffer: run q again with the next relay_step. */
void relay__request_stall(struct relay *r, struct request *q);

/* What the choice of its member depends on. */
struct lb_ask relay__request_ask(const struct request *q);
/* Begin the way to a member: the one that q->next says, else the one that lb does. */
enum run relay__request_route(struct relay *r, struct request *q);
/* Has its member been given all of it? */
static inline bool request_is_sent(const struct request *q)
{
	return q->req.body.progress == HTTP_BODY_DONE && q->req.out.bytes == 0;
}

/* retry.c */
/* May q be carried out twice, by its kind (RFC 9110 9.2.2)? */
bool relay__repeatable(const struct request *q);
/* Leave the member, which failed, for another one, or fail. */
enum run relay__retry(struct relay *r, struct request *q, enum retry why);
/* The back ended before the final response's head. */
enum run relay__retry_lost(struct relay *r, struct request *q);
/* The member's final head said q->status: is there another member to ask? Then q has left, and its
 * state or relay__request_route() says how it goes on. */
bool relay__retry_answer(struct relay *r, struct request *q);
/* One more try of q, after its member: within the pool's retries and budget, both of which it takes
 * from? */
bool relay__retry_allowed(struct relay *r, struct request *q);

/* resume.c */
/* Note what the answer, whose final head r->head is, is known by. */
void relay__resume_note(struct relay *r, struct request *q);
/* The back broke in mid-body: fetch the rest, or fail with `fail`. */
enum run relay__resume(
	struct relay *r, struct request *q, enum lb_outcome outcome, enum relay_stat fail);
/* Fields with which r->head, which is q's, asks for the rest only: how many, at most
 * RELAY_RESUME_FIELDS. text, of RELAY_RANGE_TEXT bytes, has what they say. */
unsigned relay__resume_fields(
	struct relay *r, const struct request *q, struct http_add *add, char *text);
/* The final head, r->head, of an answer that shall go on with the first: 0, or it does not, and the
 * counter for that. */
enum relay_stat relay__resume_fits(struct relay *r, struct request *q);
/* Drop what the client has already: how many bytes. */
uint32_t relay__resume_skip(struct relay *r, struct request *q);

/* hold.c */
/* Nothing was given to q's back yet: hold what will be. */
void relay__hold_begin(struct relay *r, struct request *q);
/* The same bytes as in q->req.out, which is about to be given: into same, if they shall be held. */
void relay__hold_share(struct relay *r, struct request *q, struct buf_chain *same);
/* And they were given: same is taken. */
void relay__hold_add(struct relay *r, struct request *q, struct buf_chain *same);
/* Bytes were acknowledged: hold on to what was given? */
void relay__hold_acked(struct relay *r, struct request *q);
/* Nothing of what was given was acknowledged. */
bool relay__hold_untouched(const struct request *q);
/* Put what is held in front of q->req.out; nothing is held afterwards. 0 or -ENOMEM. */
int relay__hold_take(struct relay *r, struct request *q);
void relay__hold_drop(struct relay *r, struct request *q);
/* Buffers run short: the oldest goes. */
void relay__hold_shed(struct relay *r);

/* floor.c */
/* A window begins. */
void relay__floor_begin(const struct relay *r, struct request *q);
/* The response's body moved as far as it goes. */
void relay__floor_watch(const struct relay *r, struct request *q);
/* When the window ends, ms; false: there is none. */
bool relay__floor_due(const struct relay *r, const struct request *q, uint32_t *at);
/* At its end: has too little moved? */
bool relay__floor_below(const struct relay *r, const struct request *q);

/* peek.c */
/* A body whose beginning tells: look at it as it comes. */
void relay__peek_begin(struct request *q);
/* Before bytes are taken out of the back's rx. */
void relay__peek(struct relay *r, struct request *q);
/* And after n of them were. */
static inline void peek_moved(struct request *q, uint32_t n)
{
	q->peek.ahead -= n;
}
/* How the member's final head, r->head, says that it has too much to do. */
void relay__peek_head(struct relay *r, struct request *q, uint32_t head);

/* response.c */
/* sent: the member has got the whole request. */
enum run relay__response_head(struct relay *r, struct request *q, bool sent);
enum run relay__response_body(struct relay *r, struct request *q);

/* probe.c */
/* Begin the checks that are due. */
void relay__probes_begin(struct relay *r);
void relay__probe_event(struct relay *r, struct probe *p, uint8_t events);
void relay__probe_expired(struct relay *r, struct probe *p);
void relay__probe_abort(struct relay *r, struct probe *p);

/* probe_keys.c */
/* Signers for the checks of conf, which is borrowed: NULL with e set, which has the place in the
 * file. Reads the files with the secrets. */
struct probe_keys *relay__probe_keys_create(const struct conf *conf, struct err *e);
void relay__probe_keys_destroy(struct probe_keys *k); /* NULL is fine */
/* Of a check of that conf; NULL: it is not signed. */
struct s3_signer *relay__probe_keys_find(const struct probe_keys *k, const struct conf_check *c);

/* back.c */
void relay__back_event(struct relay *r, struct back *b, uint8_t events);
void relay__back_expired(struct relay *r, struct back *b);
/* An idle connection to the member, the newest, or NULL. */
struct back *relay__back_reuse(struct relay *r, struct lb_member *m);
/* A blank record, making room if need be, or NULL. */
struct back *relay__back_get(struct relay *r, struct lb_member *m);
void relay__back_put(struct relay *r, struct back *b);
/* Keep it for another request if it is fit and the pool has room for it, else close it. */
void relay__back_idle(struct relay *r, struct back *b, const struct conf_pool *pool);
/* Close it: RST when it is in the middle of something. */
enum run relay__back_close(struct relay *r, struct back *b, bool abort);

/* splice.c */
/* As relay__front_accept. */
void relay__splice_accept(
	struct relay *r, struct relay_listener *l, const struct stream *e, uint8_t events);
/* Which end of s is c? */
static inline struct stream *splice_end(struct splice *s, const struct tcp_conn *c)
{
	return &s->end[s->end[SIDE_FRONT].conn == c ? SIDE_FRONT : SIDE_BACK];
}
void relay__splice_event(struct relay *r, struct tcp_conn *c, uint8_t events);
void relay__splice_expired(struct relay *r, struct splice *s);
/* RST to both ends. */
enum run relay__splice_abort(struct relay *r, struct splice *s);

/* relay_connect.c */
/* A new connection of owner's to the member: 0, or an errno value as below. */
int relay__connect_end(
	struct relay *r, struct lb_pool *p, unsigned member, void *owner, struct stream *e);
/* May yet another member be tried after this one? Notes this one. */
bool relay__another(
	const struct lb_pool *p, struct lb_tried *tried, uint8_t *retries, unsigned member);
/* A new connection to the member, not yet established; NULL: *error is EHOSTUNREACH, EADDRINUSE (no
 * free port) or ENOMEM. */
struct back *relay__connect(struct relay *r, struct lb_pool *p, unsigned member, int *error);
/* What tcp needs for connections accepted at `at`. 0, or -EADDRNOTAVAIL: it is on no port. */
int relay__listen_path(const struct relay *r, const struct ip_endpoint *at, enum conf_congestion cc,
	struct tcp_path *out);

/* relay_listener.c */
/* Listener `index` of s, NULL: no memory. */
struct relay_listener *relay__listener_create(
	const struct relay *r, struct relay_snapshot *s, unsigned index);
/* The newest snapshot is without it. */
void relay__listener_gone(struct relay *r, struct relay_listener *l);
/* One of its fronts ended. */
void relay__listener_leave(struct relay *r, struct relay_listener *l);
/* Accept at the newest snapshot's addresses and at no others: 0, or -errno of the first that cannot
 * be had, with e set. */
int relay__listen(struct relay *r, struct err *e);
void relay__unlisten(struct relay *r);

/* relay_snapshot.c */
/* relay_prepare() without a look at whether it fits. */
struct relay_snapshot *relay__snapshot_create(const struct relay *r, const struct conf *conf,
	struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls, struct err *e);
/* One of its refs ended. */
void relay__snapshot_leave(struct relay *r, struct relay_snapshot *s);
/* All of them, with their listeners. No front is left. */
void relay__snapshots_destroy(struct relay *r);
/* For new connections to p's members; NULL: plain. */
struct tls_ctx *relay__pool_tls(const struct relay *r, const struct lb_pool *p);

/* relay_error.c */
/* What a member has to do with that end. */
enum lb_outcome relay__outcome(enum relay_stat why);
/* The request failed for this reason: count, leave its member, answer or abort the client. status:
 * 0, or the answer's in place of the reason's own. */
enum run relay__request_fail(
	struct relay *r, struct request *q, enum relay_stat why, unsigned status);
/* The same before there is a request. */
enum run relay__front_fail(struct relay *r, struct front *f, enum relay_stat why, unsigned status);
/* A [route] says so: its error, or its redirect. */
enum run relay__request_turn_away(struct relay *r, struct request *q, const struct conf_route *to);
/* Refused by lib/http with this code. */
enum run relay__front_refuse(struct relay *r, struct front *f, int code);
enum run relay__request_refuse(struct relay *r, struct request *q, int code);
enum run relay__response_refuse(struct relay *r, struct request *q, int code);
void relay__count_status(struct relay *r, const struct front *f, unsigned status);

#endif
