/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relay on the real TCP, between clients and nodes that a test plays by hand:
 *
 *	clients, nodes = lab.out (one tcp)  <--wire-->  lab.tcp + lab.relay (the appliance)
 *
 * Virtual time, 1 ms a step and 1 ms of wire each way. Only the ports and the routes are given:
 * net_* and port_* are defined here.
 *
 * With lab.front_tls or lab.back_tls, or UNIT_TLS=f, b or fb in the environment, TLS is in between:
 * peers are libssl then, and what they send and have got is what is inside.
 */
#ifndef RELAY_LAB_H
#define RELAY_LAB_H

#include "relay/relay_priv.h"
#include "tls/tls_crew.h"
#include "unit.h"

#define LAB_NODES 4
#define LAB_PEERS 256
#define LAB_WIRE  8192

struct peer {
	struct tcp_conn *conn; /* NULL once closed */
	int node;              /* -1: a client */
	char *in;              /* all bytes received, NUL behind */
	size_t n, cap;
	bool up, dead;
	bool eof;  /* FIN; with TLS close_notify */
	bool fin;  /* FIN */
	int error; /* with dead */
	struct peer_tls *tls;
	bool open;      /* TLS is */
	int alert;      /* the last that came; -1: none */
	bool no_read;   /* leave what comes in rx */
	uint32_t lport; /* of the appliance's side, nodes only */
};

struct lab_wire {
	struct rte_mbuf *pkt[LAB_WIRE];
	unsigned n;
	bool hold; /* nothing arrives */
};

struct lab {
	struct conf_listener listener;
	struct conf_pool pool;
	struct conf_member member[LAB_NODES];
	struct conf_port port;
	struct conf conf;
	struct rand_state rnd;
	struct buf_pools pools, out_pools;
	struct tcp *tcp, *out;
	struct lb *lb;
	struct relay *relay;
	clock_us_t now;
	struct lab_wire to_tcp, to_out;
	int listening[LAB_NODES];    /* tcp listener; -1: refuses */
	bool black_hole[LAB_NODES];  /* answers nothing */
	bool unreachable[LAB_NODES]; /* no route */
	unsigned loss;               /* per mille of all packets */
	bool lose_data;              /* segments with payload never reach a node */
	struct peer peer[LAB_PEERS];
	unsigned n_peers;
	struct ip_addr client, back_source;
	uint16_t client_port;
	uint32_t requests, backs; /* of relay_config */
	bool front_tls, back_tls, tls12;
	bool plain_clients;         /* all the same */
	bool plain_node[LAB_NODES]; /* the same */
	struct tls *tls;
	struct aead *aead;
	struct tls_crew *crew;
	uint32_t tls_conns, handshakes, per_source; /* of tls_config */
	uint32_t client_handshakes;                 /* of conf_tls */
	unsigned cut; /* most bytes of TLS that a peer gives to tcp in one step; 0: all */
	uint16_t worker, n_workers;
	bool rss; /* odd source ports arrive at worker 1, even ones at 0 */
};

extern struct lab lab;

/* Defaults into lab: 2 nodes, round robin. Then change what the case wants, then lab_start. */
void lab_init(unsigned nodes);
void lab_v6(void); /* between the two: IPv6 on both sides */
void lab_start(void);
/* Close everything; all records and buffers must be back. */
void lab_stop(void);
void lab_run(unsigned ms);

struct peer *lab_client(void); /* connected */
/* Defaults, started, and a client. */
struct peer *lab_up(unsigned nodes);
/* The oldest connection to a node that was not returned yet, or NULL. Runs a little. */
struct peer *lab_accepted(unsigned node);
/* The same; it must be there. */
struct peer *lab_node(unsigned node);
/* Take all of the appliance's free data mbufs, or give them back. */
void lab_starve(bool on);
void lab_give(unsigned n);         /* give n of them back */
void lab_starve_indirect(bool on); /* the same of the slices */

void peer_bytes(struct peer *p, const void *data, size_t n); /* queued whole, whatever its size */
void peer_raw(struct peer *p, const void *data, size_t n);   /* below TLS */
void peer_send(struct peer *p, const char *text);
void peer_fin(struct peer *p);
void peer_torn(struct peer *p); /* FIN without close_notify */
void peer_bye(struct peer *p);  /* close_notify without FIN */
void peer_key_update(struct peer *p);
bool peer_resumed(const struct peer *p);
void peer_reset(struct peer *p);
void peer_release(struct peer *p); /* as a process that closes or dies: FIN, and RST for more */
/* What came since the last peer_clear is exactly text; clears. */
bool peer_got(struct peer *p, const char *text);
bool peer_has(const struct peer *p, const char *part);
void peer_clear(struct peer *p);

/* Client c sends text, which opens a connection to node: the node's side of it. */
struct peer *lab_ask(struct peer *c, unsigned node, const char *text);
/* Node n sends text, and that is what client c gets. */
void lab_answer(struct peer *n, struct peer *c, const char *text);
/* Client c's GET is answered by node: one idle back. The node's side of it. */
struct peer *lab_one_get(struct peer *c, unsigned node);
/* The same on connections that are there. */
void lab_one_get_on(struct peer *c, struct peer *n);
uint64_t lab_stat(enum relay_stat s);
const struct lb_member *lab_member(unsigned i);
struct relay_info lab_info(void);

/* relay_lab_tls.c */
void lab_tls_start(struct relay_config *cfg);
void lab_tls_stop(void);
void lab_tls_fresh(void); /* another context, as after a reload */
uint64_t lab_tls_stat(enum tls_stat s);
void lab_tls_peer(struct peer *p);
void lab_tls_free(struct peer *p);
void lab_tls_step(struct peer *p);
void lab_tls_write(struct peer *p, const void *data, size_t n);
void lab_tls_fin(struct peer *p);

/* Deterministic bytes, so that a shifted or altered body shows. */
void pattern_fill(char *p, size_t n, unsigned seed);

#define GET  "GET /b/k HTTP/1.1\r\nHost: s3\r\n\r\n"
#define OK_5 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

#endif
