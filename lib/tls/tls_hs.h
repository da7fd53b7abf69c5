/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One handshake: libssl over memory BIOs, fed exactly one record at a time, no I/O, no thread of
 * its own. It goes with its task (tls_crew.h): whoever holds that may touch it.
 */
#ifndef TLS_TLS_HS_H
#define TLS_TLS_HS_H

#include "aead/aead.h"
#include "base/clock.h"
#include "base/ip.h"
#include "tls/tls.h"

#define TLS_HS_IN_MAX  (32 * 1024) /* bytes of a peer's whole handshake, its certificates too */
#define TLS_HS_NAME    256
#define TLS_HS_SUBJECT 256

/* One direction after the handshake. */
struct tls_hs_keys {
	uint8_t secret[48];        /* 1.3: application_traffic_secret_0; n_secret bytes */
	uint8_t key[AEAD_KEY_MAX]; /* of the AEAD; 1.3: derived from the secret */
	uint8_t iv[AEAD_NONCE];    /* 1.2 GCM: the first 4 bytes are the salt */
	uint64_t seq;              /* of the next record */
	uint64_t explicit_nonce;   /* 1.2 GCM, sending: of the next record */
};

/* What libssl leaves to the record layer. Wiped with its handshake. */
struct tls_hs_result {
	uint8_t version;  /* 2 or 3 */
	uint8_t n_secret; /* bytes of the hash: 32 or 48 */
	enum aead_alg alg;
	uint16_t suite;    /* IANA's number */
	uint16_t group;    /* IANA's number, 0 unknown */
	uint16_t fragment; /* most bytes of plaintext in a record that we send: RFC 6066 4 */
	bool resumed;
	bool ticket; /* keep the handshake for tls_hs_ticket(); else it may be destroyed at once */
	struct tls_hs_keys rx, tx;
	char name[TLS_HS_NAME];       /* SNI */
	char subject[TLS_HS_SUBJECT]; /* of the peer's verified certificate, RFC 2253 */
};

enum tls_hs_state { TLS_HS_MORE, TLS_HS_DONE, TLS_HS_FAILED };

enum tls_hs_stat {
#define X(name, text) TLS_HS_STAT_##name,
#include "tls/tls_hs_stat.def"
#undef X
	TLS_HS_STAT_N
};
extern const struct stat_name tls_hs_stat_names[TLS_HS_STAT_N];

struct tls_hs; /* tls_hs_priv.h */

/* A handshake, to be stepped by any one thread at a time. name: of a client, the SNI to send or an
 * address, to be verified; NULL or "" only where nothing is verified. NULL: no memory, no name. */
struct tls_hs *tls_hs_create(struct tls_ctx *ctx, const char *name);
/* Frees libssl's part and wipes what is secret. NULL is fine. */
void tls_hs_destroy(struct tls_hs *h);

/* Feed n bytes as they came; *used of them were taken (whole records, up to the handshake's last:
 * what follows is the record layer's). A client is stepped once with n = 0 to begin. The bytes to
 * be sent are tls_hs_out() until the next step. */
enum tls_hs_state tls_hs_step(struct tls_hs *h, const uint8_t *in, uint32_t n, uint32_t *used);
const uint8_t *tls_hs_out(const struct tls_hs *h, uint32_t *n);
/* After DONE. The secrets are h's until it is destroyed. */
const struct tls_hs_result *tls_hs_result(const struct tls_hs *h);
/* After FAILED. */
enum tls_error tls_hs_error(const struct tls_hs *h);

/* After DONE, of a client whose result says `ticket`: n bytes of NewSessionTicket (RFC 8446 4.6.1)
 * as the record layer opened them. The session is kept for the next handshake with that name. */
void tls_hs_ticket(struct tls_hs *h, const uint8_t *message, uint32_t n);

/* As show has them: "TLS_AES_128_GCM_SHA256", "x25519"; "" when it is none of ours. */
const char *tls_suite_name(uint16_t suite);
const char *tls_group_name(uint16_t group);

#endif
