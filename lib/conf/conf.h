/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator's file, checked whole: conf_load() gives either an immutable snapshot or the list
 * of everything that is wrong. Nobody writes to a snapshot; a reload makes a new one. All pointers
 * in it live as long as it does. Key "head-limit" is field head_limit; config/penstock.ini explains
 * every key, conf_keys.c has the ranges and defaults.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/log.h"
#include "base/span.h"

#define CONF_NAME_MAX         31 /* characters of a section's or member's name */
#define CONF_WORKERS_MAX      64
#define CONF_PORTS_MAX        16
#define CONF_PORT_ADDRS_MAX   8
#define CONF_STATICS_MAX      256 /* [route-static]: of IP networks */
#define CONF_ROUTES_MAX       256 /* [route]: of requests */
#define CONF_CHECKS_MAX       64
#define CONF_LISTENERS_MAX    256
#define CONF_LISTEN_ADDRS_MAX 8
#define CONF_POOLS_MAX        256
#define CONF_MEMBERS_MAX      256 /* of one pool */
#define CONF_CERTS_MAX        256
#define CONF_LISTEN_CERTS_MAX 32
#define CONF_HS_CORES_MAX     64
#define CONF_SERVER_NAMES_MAX 256 /* of one listener */
#define CONF_DOMAINS_MAX      64  /* of one listener */
#define CONF_PATTERNS_MAX     64  /* of one key of a [route] */
#define CONF_PATTERN_MAX      255 /* bytes */

/* Where a section begins, for later stages that find fault with it. */
struct conf_where {
	const char *file;
	unsigned line;
};

enum conf_idle { CONF_IDLE_POLL, CONF_IDLE_SLEEP };
enum conf_huge { CONF_HUGE_AUTO, CONF_HUGE_YES, CONF_HUGE_NO };
enum conf_mode { CONF_MODE_HTTP, CONF_MODE_SPLICE, CONF_MODE_ECHO, CONF_MODE_SNI };
/* Sets of these: whose clients make requests; have a connection to a member of their own; are bare
 * TCP. */
#define CONF_MODES_HTTP  (1u << CONF_MODE_HTTP)
#define CONF_MODES_PAIRS (1u << CONF_MODE_SPLICE | 1u << CONF_MODE_SNI)
#define CONF_MODES_BARE  (CONF_MODES_PAIRS | 1u << CONF_MODE_ECHO)
enum conf_congestion { CONF_CC_CUBIC, CONF_CC_NEWRENO, CONF_CC_BBR, CONF_CC_DCTCP };
enum conf_ecn { CONF_ECN_ACCEPT, CONF_ECN_YES, CONF_ECN_NO };
enum conf_balance {
	CONF_BALANCE_ROUND_ROBIN,
	CONF_BALANCE_LEAST_CONNECTIONS,
	CONF_BALANCE_RANDOM_TWO,
	CONF_BALANCE_TAIL,
	CONF_BALANCE_HASH
};
enum conf_affinity { CONF_AFFINITY_NONE, CONF_AFFINITY_UPLOAD };
enum conf_check_kind {
	CONF_CHECK_TCP,  /* a connection, with TLS where the pool has it */
	CONF_CHECK_HTTP, /* method, path and the status that is wanted */
	CONF_CHECK_S3,   /* OPTIONS / by default, or HEAD of the bucket, signed where a key is given
			  */
	CONF_CHECK_CANARY /* PUT, GET and DELETE of a small object, signed */
};

struct conf_global {
	struct conf_where at;               /* line 0 when the file has no such section */
	uint16_t workers[CONF_WORKERS_MAX]; /* cores, in the file's order, no core twice */
	unsigned n_workers;                 /* 0: not given, core 1 if there is one, else core 0 */
	uint16_t control;                   /* core of the control thread */
	enum conf_idle idle;
	uint64_t memory; /* bytes, all workers together */
	uint32_t buffer; /* bytes of data that a buffer holds */
	enum conf_huge hugepages;
	const char *socket;         /* admin socket, absolute, fits sun_path */
	struct ip_endpoint metrics; /* port 0: off */
	uint32_t drain_ms;
	uint64_t replay_memory; /* bytes of request bodies held, each worker, of its buffers */
	enum log_level log;
};

struct conf_prefix {
	struct ip_addr addr; /* of a port: its own address, host bits and all */
	uint8_t bits;        /* in the 128-bit form, as ip_in_net() wants it: an IPv4 /24 is 120 */
};

struct conf_port {
	const char *name;
	struct conf_where at;
	const char *device; /* PCI address or vdev string, for EAL */
	struct conf_prefix addr[CONF_PORT_ADDRS_MAX];
	unsigned n_addr;
	struct ip_addr gateway[2]; /* at most one a family, on-link of this port */
	unsigned n_gateway;
	uint16_t mtu;   /* bytes of IP packet */
	uint16_t vlan;  /* 0: untagged */
	uint8_t mac[6]; /* all zero: the device's own */
	bool optional;  /* a missing device is an event, not an error */
	bool promisc;   /* hear frames for any address; no key: app/wan is a wire */
};

/* A network behind a next hop: section [route-static NAME]. */
struct conf_static {
	const char *name;
	struct conf_where at;
	struct conf_prefix to; /* host bits are zero */
	struct ip_addr via;
	unsigned port; /* index of the port that via is on-link of */
};

/* A chain and its private key, of section [certificate NAME]; the files are read later. */
struct conf_certificate {
	const char *name;
	struct conf_where at;
	const char *chain; /* PEM, the server's own first */
	const char *key;   /* PEM */
	const char *ocsp;  /* DER response to staple, or NULL */
};

enum conf_client_cert {
	CONF_CLIENT_CERT_OFF,
	CONF_CLIENT_CERT_OPTIONAL,
	CONF_CLIENT_CERT_REQUIRED
};

/* Where clients go that ask for a name; of all that fit, the first. */
struct conf_server_name {
	const char *name; /* in lower case; "*.example.com": any one label in its place */
	const char *pool_name;
	unsigned pool; /* index */
	struct conf_where at;
};

struct conf_listener {
	const char *name;
	struct conf_where at;
	struct ip_endpoint addr[CONF_LISTEN_ADDRS_MAX]; /* each on a port, no endpoint twice */
	unsigned n_addr;
	enum conf_mode mode;
	const char *const *domains; /* CONF_MODE_HTTP: S3's host names, "bucket." before one is
				       virtual-host style; n_domains 0: path style alone */
	unsigned n_domains;
	const char *pool_name; /* NULL with CONF_MODE_ECHO; and with CONF_MODE_SNI, when only the
				  server names lead somewhere */
	unsigned pool;         /* index; 0 when there is none */
	const struct conf_server_name *server_names; /* these two: CONF_MODE_SNI only */
	unsigned n_server_names;
	bool forwarded; /* this and the next three: CONF_MODE_HTTP only */
	bool request_id;
	uint32_t head_limit; /* bytes */
	uint32_t head_timeout_ms;
	uint32_t idle_timeout_ms;
	uint32_t body_timeout_ms;
	uint32_t connections; /* front connections, each worker */
	enum conf_congestion congestion;
	const struct conf_certificate *cert[CONF_LISTEN_CERTS_MAX]; /* the first is for no SNI */
	const char *cert_name[CONF_LISTEN_CERTS_MAX];
	unsigned
		n_cert; /* 0: plain TCP. This and the next three: CONF_MODE_HTTP and _SPLICE only */
	enum conf_client_cert client_cert;
	const char *client_ca;         /* PEM bundle; given unless client_cert is off */
	const char *client_crl;        /* PEM, or NULL */
	uint32_t handshake_timeout_ms; /* CONF_MODE_SNI: until the hello is there */
};

/* How members are looked at without a client: section [check NAME]. Three exist without being
 * written, with all defaults: tcp, http and s3. */
struct conf_check {
	const char *name;
	struct conf_where at; /* line 0: not written */
	enum conf_check_kind kind;
	uint32_t interval_ms; /* between two checks of a member that is up; jittered by a quarter */
	uint32_t timeout_ms;
	uint32_t rise, fall;              /* good, bad ones in a row until the state changes */
	const char *method;               /* http, s3 */
	const char *path;                 /* http, s3: origin-form, as sent */
	const char *host;                 /* of Host; NULL: the member's endpoint */
	uint16_t status_low, status_high; /* http, s3: wanted */
	const char *bucket;               /* s3, canary; NULL: none */
	const char *prefix;               /* canary: of its objects' keys */
	const char *access_key;           /* NULL: not signed */
	const char *secret_file;          /* a file with the secret key on its first line */
	const char *region;
};

struct conf_member {
	const char *name; /* unique in its pool */
	struct conf_where at;
	struct ip_endpoint endpoint;
	uint32_t weight;  /* 1 to 256 */
	uint8_t priority; /* 0 to 9: the lowest group that has enough members is used */
};

struct conf_pool {
	const char *name;
	struct conf_where at;
	enum conf_balance balance;
	const struct conf_member *members;
	unsigned n_members; /* at least 1 */
	uint32_t connect_timeout_ms;
	uint32_t response_timeout_ms;
	uint32_t retries;
	uint32_t idle_connections; /* each member, each worker */
	uint32_t idle_timeout_ms;
	uint32_t hold_ms;
	/* choice */
	enum conf_affinity affinity;
	uint32_t hash_load;        /* percent of the mean load that a hashed member may have */
	uint32_t slow_start_ms;    /* until a member that came up has its whole share; 0: at once */
	uint32_t panic;            /* percent: when fewer members are usable, all are; 0: never */
	uint32_t eject_limit;      /* percent of the members that may be down by live traffic */
	uint32_t priority_members; /* usable members that a priority group needs to be used */
	/* health: active, and by live traffic */
	const char *check_name; /* NULL: no active checks */
	const struct conf_check *check;
	uint32_t eject_errors; /* failures in a row; 0: never */
	uint32_t eject_ms;     /* first ejection; doubles with each that follows soon */
	uint32_t eject_max_ms;
	uint32_t slow_factor; /* times the pool's median time to first byte; 0: never slow */
	/* throttling */
	uint32_t concurrency; /* requests in flight, each member and worker; 0: no fixed limit */
	bool adaptive;        /* a limit from the gradient of latency besides */
	uint32_t queue;       /* requests that may wait for a member, each worker */
	uint32_t queue_timeout_ms;
	/* recovery */
	uint32_t retry_budget; /* percent of requests */
	uint32_t retry_floor;  /* retries a second that are always allowed, each worker */
	uint64_t replay_body;  /* bytes of a request's body held for another member; 0: none */
	bool resume;           /* GETs that broke in mid-body */
	uint32_t stall_rate;   /* bytes a second: a body below it for stall_ms is failing; 0: any */
	uint32_t stall_ms;
	uint32_t complete_timeout_ms; /* for the answer to CompleteMultipartUpload and its like */
	enum conf_congestion congestion;
	bool tls;        /* re-encrypt to its members; the rest is for that */
	bool verify;     /* the member's certificate, against ca, for sni */
	const char *ca;  /* PEM bundle; NULL: the system's */
	const char *sni; /* NULL: none, and then the member's address is verified */
	const char *cert_name;
	const struct conf_certificate *cert; /* the client's, or NULL */
	bool forget; /* every handshake is a full one: for tests, the file has no such key */
};

enum conf_aead { CONF_AEAD_IPSEC_MB, CONF_AEAD_OPENSSL, CONF_AEAD_CRYPTODEV };

/* What all listeners and pools with TLS have in common. */
struct conf_tls {
	struct conf_where at; /* line 0 when the file has no such section */
	bool v12, v13;        /* versions */
	const char *ciphers;  /* IANA names of 1.3 and 1.2, ':' between, in order of preference */
	const char *groups;   /* as "X25519:P-256:P-384", in order of preference */
	uint16_t threads;     /* that do handshakes; 0: the workers do, on a budget */
	uint16_t core[CONF_HS_CORES_MAX]; /* for these, in turn */
	unsigned n_core;                  /* 0: control's */
	uint32_t handshakes;              /* at a time, each worker */
	uint32_t per_source;              /* of those from one address; 0: no limit */
	const char *ticket_keys; /* file of 80-byte keys, newest first; NULL: drawn, and rotated */
	uint32_t ticket_lifetime_ms;
	enum conf_aead aead;
	const char *aead_device; /* CONF_AEAD_CRYPTODEV: a vdev or PCI address */
	const char *keylog;      /* file, for debugging, or NULL */
};

/* Patterns: '*' any bytes, '?' any one; one of them has to fit. n == 0: anything fits. */
struct conf_patterns {
	const char *const *p;
	unsigned n;
};

struct conf_header_pattern {
	const char *name; /* in lower case */
	const char *pattern;
};

/* Operations by their class; the words of the file are in this order. */
enum conf_s3_class {
	CONF_S3_READ,
	CONF_S3_WRITE,
	CONF_S3_LIST,
	CONF_S3_MULTIPART,
	CONF_S3_DELETE,
	CONF_S3_ADMIN,
	CONF_S3_CLASSES
};

/* Sizes of a request's or its answer's body, as far as the request tells; words in this order. */
enum conf_size_class {
	CONF_SIZE_UNKNOWN,
	CONF_SIZE_TINY,   /* to 64 KiB */
	CONF_SIZE_SMALL,  /* to 1 MiB */
	CONF_SIZE_MEDIUM, /* to 16 MiB */
	CONF_SIZE_LARGE,  /* to 256 MiB */
	CONF_SIZE_HUGE,
	CONF_SIZES
};

enum conf_route_action { CONF_ROUTE_POOL, CONF_ROUTE_ERROR, CONF_ROUTE_REDIRECT };

/* Where requests of listeners of mode http go: section [route NAME]. The first in the file's order
 * of which everything fits; without any, the listener's pool. */
struct conf_route {
	const char *name;
	struct conf_where at;
	const char *const *listener_names; /* n_listeners == 0: all of mode http */
	const uint16_t *listeners;         /* indexes */
	unsigned n_listeners;
	struct conf_patterns host; /* in lower case, without port */
	struct conf_patterns bucket, key, access_key, subject;
	struct conf_patterns operation; /* S3's names, without '*'; the relay knows them */
	struct conf_patterns method;
	uint32_t classes;                 /* bit = enum conf_s3_class; 0: any */
	uint32_t sizes;                   /* bit = enum conf_size_class; 0: any */
	const struct conf_prefix *source; /* host bits are zero; one of them has to fit */
	unsigned n_source;
	const struct conf_header_pattern *header; /* all of them have to fit */
	unsigned n_header;
	enum conf_route_action action;
	const char *pool_name; /* CONF_ROUTE_POOL */
	unsigned pool;
	uint16_t status;      /* ERROR: 4xx or 5xx; REDIRECT: 301, 302, 307 or 308 */
	const char *location; /* REDIRECT: scheme and authority, to which the target is added */
};

struct conf_tcp {
	struct conf_where at;    /* line 0 when the file has no such section */
	uint32_t receive_buffer; /* bytes, each connection */
	uint32_t send_buffer;
	uint32_t keepalive_ms; /* 0: off */
	uint32_t time_wait_ms;
	enum conf_congestion congestion; /* of listeners and pools that give none */
	enum conf_ecn ecn;
};

/* A line of the file, or of one that it includes, as it was read: what the operator wrote. */
struct conf_setting {
	const char *section; /* heading without brackets */
	const char *key, *value;
	struct conf_where at;
};

struct conf {
	const char *path;                    /* that it was loaded from */
	const struct conf_setting *settings; /* in the order of reading */
	unsigned n_settings;
	struct conf_global global;
	struct conf_tcp tcp;
	struct conf_tls tls;
	const struct conf_certificate *certs;
	unsigned n_certs;
	const struct conf_port *ports; /* at least 1 */
	unsigned n_ports;
	const struct conf_static *statics;
	unsigned n_statics;
	const struct conf_route *routes;
	unsigned n_routes;
	const struct conf_check *checks;
	unsigned n_checks;
	const struct conf_listener *listeners;
	unsigned n_listeners;
	const struct conf_pool *pools;
	unsigned n_pools;
};

/* Zeroed is empty; conf_errors_fini() when done. In order of file and line. */
struct conf_errors {
	struct conf_error *list;
	unsigned n;
};

/*
 * Read path and the files it includes, check all of it. The snapshot (owner: the caller,
 * conf_destroy()), or NULL and at least one error. Blocks on the file system: control path only,
 * one caller at a time.
 */
struct conf *conf_load(const char *path, struct conf_errors *errs);

/* The same from memory: n bytes of text, called `name` in errors. `include` is refused. */
struct conf *conf_parse_text(
	const char *name, const char *text, size_t n, struct conf_errors *errs);

void conf_destroy(struct conf *c); /* NULL is fine */

/* ---- reload ---- */

/* What the operator's shell changes without the file: a member that is added or taken out. */
struct conf_edit {
	const char *pool;   /* its name */
	const char *member; /* as in the file, "NAME ADDRESS:PORT [weight=...]"; of one that is
			       taken out the NAME alone */
	bool remove;
};

/* conf_load() of what the file says with these edits, in order; a fault of an edit is an error like
 * one of the file, its place is the heading of its pool. */
struct conf *conf_load_edited(
	const char *path, const struct conf_edit *edits, unsigned n, struct conf_errors *errs);

/*
 * Say each difference of what was written, a line of text each: sections of next in their order,
 * then those that are gone. sign is '+', '-' or '~', text as "[pool rgw] hold = 2s", "[pool rgw]
 * hold: 1s -> 2s" or "[route b] order: behind a -> first". Returns how many there were.
 */
unsigned conf_diff(const struct conf *old, const struct conf *next,
	void (*say)(void *arg, char sign, const char *text), void *arg);

/*
 * What of next a running appliance cannot take: ports, cores, memory, static routes, [tcp], most of
 * [global], [tls], more connections than it has records for; each with its place in the file and
 * "restart to change it". running: the snapshot of the start, from which the records were sized.
 * Returns how many there are, 0: next can be taken.
 */
unsigned conf_reload_check(
	const struct conf *running, const struct conf *next, struct conf_errors *errs);

/* Most front connections, each worker, of the first n listeners whose mode is in the set: what
 * records are made for. No sum is too large: 256 times 10 million at most. */
uint32_t conf_connections(const struct conf *c, unsigned n, unsigned modes);

/* Does all of text fit a pattern of struct conf_patterns? Bytes as they are. O(pattern x text) at
 * worst, O(text) with one '*'. */
bool conf_pattern_fits(const char *pattern, struct span text);
/* Does one of them, or are there none? */
bool conf_patterns_fit(const struct conf_patterns *any, struct span text);
/* The same for names of hosts: patterns in lower case, text in any. */
bool conf_patterns_fit_host(const struct conf_patterns *any, struct span text);

/* as in the file */
const char *conf_balance_name(enum conf_balance b);
const char *conf_check_kind_name(enum conf_check_kind kind);
const char *conf_s3_class_name(enum conf_s3_class c);
const char *conf_size_class_name(enum conf_size_class size);
const char *conf_mode_name(enum conf_mode mode);
const char *conf_congestion_name(enum conf_congestion cc);
const char *conf_ecn_name(enum conf_ecn ecn);
const char *conf_aead_name(enum conf_aead aead);
const char *conf_client_cert_name(enum conf_client_cert c);
/* Does a client's name, in lower case, fit one of a listener's? */
bool conf_server_name_fits(const char *server_name, const char *name);
/* What tls.ciphers or tls.groups stand for, ", " between, into text of n bytes. Returns text. */
const char *conf_tls_words(const char *means, char *text, size_t n);

unsigned conf_errors_count(const struct conf_errors *errs);

/* One line without newline, "file:line: [section] key: what is wrong, what is allowed". */
const char *conf_errors_text(const struct conf_errors *errs, unsigned i);

void conf_errors_fini(struct conf_errors *errs);

#endif
