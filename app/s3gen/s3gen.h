/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * s3gen: clients and mock S3 nodes on one core, on the appliance's own stack.
 *
 *	file    INI -> struct gen_conf, checked whole
 *	eal     DPDK on one core
 *	loop    struct gen: ports, net, tcp; one turn is the eight steps of worker_poll() with
 *		clients and origins in place of the relay
 *	side    a connection, plain or TLS (relay/stream.h); secure: certificates, keys, handshakes
 *	client  a connection that asks; schedule: when; workload: for what
 *	origin  a connection that answers; fault: how badly
 *	body    the bytes of an object from its name and an offset, on either side
 *	report  what happened, each second and at the end
 *
 * An object's size is part of its key, so that a client may ask for what nobody has put: a key ends
 * with "-" and its size in bytes, in decimal ("train/000017-4194304").
 */
#ifndef S3GEN_S3GEN_H
#define S3GEN_S3GEN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/rand.h"
#include "buf/buf.h"
#include "conf/conf.h"
#include "net/net.h"
#include "port/port.h"
#include "relay/stream.h"
#include "tcp/tcp.h"

#define GEN_SECTIONS_MAX 16 /* of a kind: ports, clients, origins, workloads */
#define GEN_TARGETS_MAX  16
#define GEN_LISTEN_MAX   32
#define GEN_SIZES_MAX    16
#define GEN_SEATS_MAX    256
#define GEN_ANY_CORE     UINT32_MAX
#define GEN_CLOSING      1024u        /* of a group of clients, beside as many as are open */
#define GEN_FLOWS        16384u       /* connections of origins */
#define GEN_CHANCE       (1ull << 32) /* the chance that is certainty, as in app/wan */

/* ---- the file ---- */

/* A time that is drawn anew each time: "5ms", "exponential 5ms", "lognormal 5ms 1.5". */
enum gen_dist { GEN_FIXED, GEN_EXPONENTIAL, GEN_LOGNORMAL };

struct gen_time {
	uint32_t us;   /* fixed: it; else the mean (exponential), the median (lognormal) */
	float sigma;   /* of lognormal: of the logarithm */
	uint8_t shape; /* enum gen_dist */
};

struct gen_global {
	struct conf_where at;
	uint32_t core;   /* GEN_ANY_CORE: where the process is */
	uint64_t memory; /* bytes */
	uint32_t buffer; /* bytes of data that a buffer holds */
	enum conf_huge hugepages;
	enum conf_idle idle;
	uint64_t seed;
	uint32_t duration_ms; /* of the measured run; it ends by itself */
	uint32_t warmup_ms;   /* before it: not in the results */
};

enum gen_op {
	GEN_GET,
	GEN_RANGE, /* a GET with Range */
	GEN_HEAD,
	GEN_PUT,
	GEN_MULTIPART, /* create, parts, complete: one operation */
	GEN_ABORT,     /* create, one part, abort */
	GEN_DELETE,
	GEN_LIST, /* ListObjectsV2, one page */
	GEN_OPS
};

/* How the body of a PUT is framed. */
enum gen_framing { GEN_LENGTH, GEN_CHUNKED, GEN_AWS_CHUNKED };
/* Which ranges a connection asks for: of any object at random, or all of one object in order. */
enum gen_ranges { GEN_RANDOM, GEN_WALK };
/* At equal distances, or as many independent askers would. */
enum gen_arrival { GEN_CONSTANT, GEN_POISSON };
/* Where the bucket is: in the path, or in front of Host's name. */
enum gen_style { GEN_PATH, GEN_VIRTUAL };
enum gen_popularity { GEN_UNIFORM, GEN_ZIPF, GEN_HOT, GEN_SHUFFLE, GEN_SEQUENCE };

struct gen_size {
	uint64_t min, max; /* bytes; uniform in the logarithm between them */
	uint32_t weight;
};

struct gen_workload {
	const char *name;
	struct conf_where at;
	const char *bucket;
	const char *prefix;   /* of keys; may hold '/' */
	uint32_t op[GEN_OPS]; /* weights */
	struct gen_size size[GEN_SIZES_MAX];
	unsigned n_size;
	uint32_t keys; /* objects that are asked for */
	enum gen_popularity popularity;
	float skew; /* zipf: the exponent; hot: the share that goes to object 0 */
	enum gen_framing framing;
	bool expect;    /* uploads wait for 100 Continue before they send the body */
	uint64_t range; /* bytes that one GEN_RANGE asks for */
	enum gen_ranges ranges;
	uint64_t part;      /* bytes of a part of a multipart upload */
	uint32_t list_keys; /* max-keys */
};

struct gen_clients {
	const char *name;
	struct conf_where at;
	const char *workload_name;
	unsigned workload;                          /* index */
	struct ip_endpoint target[GEN_TARGETS_MAX]; /* in turn */
	unsigned n_target;
	uint32_t connections; /* closed loop: so many at all times; open: at most */
	uint64_t rate;        /* operations a second for an open loop, in 1/1000; 0: closed loop */
	enum gen_arrival arrival; /* open loop */
	struct gen_time think;    /* closed loop: between an answer and the next question */
	bool tls;                 /* the rest of TLS is for that */
	bool verify;              /* the target's certificate, against ca, for sni */
	bool resume;              /* offer the session of the connection before */
	const char *ca;           /* PEM; NULL: the system's */
	const char *sni;          /* NULL: none, and the target's address is verified */
	uint32_t churn;           /* operations on a connection before it is closed; 0: no limit */
	uint32_t timeout_ms;      /* of an operation without progress */
	uint64_t operations;      /* after which it is done; 0: only the duration ends it */
	uint32_t duration_ms;     /* after which it asks no more; 0: the run's */
	bool prepare;     /* put the workload's objects first: the target does not make them up */
	const char *host; /* of Host and the signature; NULL: the target's endpoint */
	enum gen_style style;
	const char *access_key, *secret_key, *region; /* NULL: unsigned */
};

/* What goes wrong at an origin; chances of GEN_CHANCE for each request. */
struct gen_faults {
	uint32_t slow_down;  /* 503 SlowDown */
	uint32_t error;      /* 500 InternalError */
	uint32_t inner;      /* 200 with an <Error> in it */
	uint32_t reset_head; /* RST in the middle of the response's head */
	uint32_t etag;       /* the ETag of another version */
	uint32_t reset;      /* RST in mid-body */
	uint32_t truncate;   /* FIN in mid-body */
	uint32_t stall;      /* silence in mid-body ... */
	uint32_t stall_ms;   /* ... for so long */
	uint32_t drip;       /* the body goes out slowly ... */
	uint64_t drip_rate;  /* ... bytes a second */
	uint32_t corrupt;    /* one byte of the body is wrong */
	uint32_t refuse;     /* connections, not requests: reset as soon as they are there */
	uint32_t blackhole;  /* connections, not requests: never answered */
	uint32_t crash_ms;   /* all its connections are reset, none accepted ... */
	uint32_t return_ms;  /* ... until then, since the start; 0, 0: never */
};

struct gen_origins {
	const char *name;
	struct conf_where at;
	struct ip_endpoint listen[GEN_LISTEN_MAX]; /* each a node; all serve the same objects */
	unsigned n_listen;
	const char *cert_name; /* NULL: plain TCP */
	const struct conf_certificate *cert;
	uint32_t seats;          /* requests that a node serves at a time; 0: any number */
	uint32_t patience_us;    /* who would wait longer for a seat gets 503 SlowDown at once */
	struct gen_time service; /* from a whole request to the first byte of its response */
	struct gen_faults fault;
};

struct gen_conf {
	struct gen_global global;
	struct conf_tcp tcp;
	struct conf_tls tls;
	struct conf_port *ports;
	unsigned n_ports;
	struct gen_clients *clients;
	unsigned n_clients;
	struct gen_origins *origins;
	unsigned n_origins;
	struct gen_workload *workloads;
	unsigned n_workloads;
	struct conf_certificate *certs;
	unsigned n_certs;
};

/* ---- one core ---- */

struct body;
struct client;
struct origin;
struct report;
struct secure;

/* Connections of a group at a time: one that is closing has left its place to the next. */
static inline uint32_t gen_client_conns(const struct gen_clients *c)
{
	return 2 * c->connections + GEN_CLOSING;
}

struct gen {
	const struct gen_conf *conf;
	struct buf_pools pools;
	struct port *port[GEN_SECTIONS_MAX];
	struct body *body; /* of both roles: body_create() with the seed */
	struct net *net;
	struct tcp *tcp;       /* of both roles; its ready list is the loop's */
	struct secure *secure; /* NULL: all is plain */
	struct streams streams;
	struct rand_state rnd;
	clock_us_t now; /* of this turn */
	bool full;      /* a device had no room for what was sent last */
	uint64_t tsc_start, tsc_last, us_per_cycle; /* the latter of 2^32 */
	uint64_t tsc_long;                          /* cycles of a turn that is looked at */
	struct client *clients;                     /* NULL: the file has none */
	struct origin *origins;
	struct report *report;
	const volatile sig_atomic_t *stop; /* set by a signal: end now */
	uint32_t conns;                    /* of tcp */
	uint32_t empty;                    /* turns that moved nothing, in a row */
	uint64_t busy, cycles;             /* TSC: of turns that moved packets, and of all */
	uint64_t stolen;                   /* TSC: of turns that others had the core in */
	long switches;                     /* that the kernel made without being asked */
	clock_us_t look_at;                /* when to look at the links again */
};

/* The origins' side, called by the loop: origin.h. */

#endif
