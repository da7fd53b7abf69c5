/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake is libssl's between two memory BIOs:
 *
 *	records --> piece() --> in --> SSL_do_handshake --> out --> tls_hs_out()
 *
 *	MORE    libssl has been given exactly one record at a time
 *	DONE    the keys are in result, what is in out ends the handshake, and libssl's memory is
 *	        freed (but see tls_session.c)
 *	FAILED  error says why, out ends with an alert; libssl's memory is freed
 *
 * What follows the handshake's last record has never been inside of libssl: a Finished and the
 * first request often come together. Sequence numbers are counted in libssl's message callback,
 * which sees each record's header: a server has sent its tickets under the new keys when the
 * handshake is done, and nothing else tells.
 */
#include <string.h>

#include <openssl/err.h>

#include "base/ip.h"
#include "tls/tls_hs_priv.h"

#define RECORD_MAX  (16384 + 256) /* bytes of the longest record's body, RFC 8446 5.2 */
#define CCS         20
#define HANDSHAKE   22
#define APPLICATION 23

#define SECRET_CLIENT 1
#define SECRET_SERVER 2

/* RFC 8446 6: a fatal alert by ourselves, where libssl would wait for ever. */
static const uint8_t not_tls_alert[] = {21, 3, 1, 0, 2, 2, 70};

static uint32_t be16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

void tls__secret_take(struct tls_hs *h, bool of_server, const uint8_t *secret, size_t n)
{
	struct tls_hs_keys *k = of_server == h->server ? &h->result.tx : &h->result.rx;

	if (n > sizeof(k->secret))
		return;
	memcpy(k->secret, secret, n);
	k->seq = 0;
	h->result.n_secret = (uint8_t)n;
	h->secrets |= of_server ? SECRET_SERVER : SECRET_CLIENT;
}

/* Each record's header, in and out. */
static void on_message(
	int sent, int version, int type, const void *buf, size_t n, SSL *ssl, void *arg)
{
	struct tls_hs *h = arg;
	struct tls_hs_keys *k = sent ? &h->result.tx : &h->result.rx;
	const uint8_t *header = buf;

	if (type != SSL3_RT_HEADER || n < TLS_HEADER)
		return;
	k->seq++;
	if (header[0] == CCS && SSL_version(ssl) < TLS1_3_VERSION) /* RFC 5246 6.1 */
		k->seq = 0;
}

/* TLS 1.2's explicit nonce goes on from that of our Finished (RFC 5288 3: never twice), which
 * libssl began at random. */
static void nonce_find(struct tls_hs *h, const uint8_t *p, size_t n)
{
	while (n >= TLS_HEADER && n - TLS_HEADER >= be16_at(p + 3)) {
		size_t len = TLS_HEADER + be16_at(p + 3);
		uint64_t nonce = 0;

		if (p[0] == HANDSHAKE && h->ccs_sent && len >= TLS_HEADER + 8 + AEAD_TAG) {
			for (unsigned i = 0; i < 8; i++)
				nonce = nonce << 8 | p[TLS_HEADER + i];
			h->result.tx.explicit_nonce = nonce + 1;
		}
		h->ccs_sent |= p[0] == CCS;
		p += len;
		n -= len;
	}
}

/* The server's name: as a client, to be sent (RFC 6066 3: no address) and verified. */
static bool name_set(struct tls_hs *h, const char *name)
{
	struct ip_addr ip;
	bool is_ip;

	if (!name || !*name)
		return !h->ctx->verify; /* never without looking at whom */
	is_ip = ip_addr_parse(name, &ip) == 0;
	strncpy(h->result.name, name, sizeof(h->result.name) - 1);
	if (!is_ip && SSL_set_tlsext_host_name(h->ssl, name) != 1)
		return false;
	if (h->ctx->verify)
		return is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(h->ssl), name) == 1
			     : SSL_set1_host(h->ssl, name) == 1;
	return true;
}

static bool ssl_open(struct tls_hs *h, const char *name)
{
	h->ssl = SSL_new(h->ctx->ssl);
	h->in = BIO_new(BIO_s_mem());
	h->out = BIO_new(BIO_s_mem());
	if (!h->ssl || !h->in || !h->out || !BIO_up_ref(h->out)) {
		BIO_free(h->in);
		return false;
	}
	SSL_set_bio(h->ssl, h->in, h->out);
	SSL_set_app_data(h->ssl, h);
	SSL_set_msg_callback(h->ssl, on_message);
	SSL_set_msg_callback_arg(h->ssl, h);
	if (h->server) {
		SSL_set_accept_state(h->ssl);
		return true;
	}
	SSL_set_connect_state(h->ssl);
	return name_set(h, name) && tls__session_offer(h);
}

struct tls_hs *tls_hs_create(struct tls_ctx *ctx, const char *name)
{
	struct tls_hs *h = OPENSSL_zalloc(sizeof(*h));

	if (!h)
		return NULL;
	h->ctx = tls_ctx_get(ctx);
	h->server = ctx->server;
	if (!ssl_open(h, name)) {
		tls_hs_destroy(h);
		return NULL;
	}
	return h;
}

/* Without the shutdown flags libssl would take the session for broken, and forget it. */
void tls__ssl_close(struct tls_hs *h)
{
	if (!h->ssl)
		return;
	SSL_set_shutdown(h->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(h->ssl);
	h->ssl = NULL;
}

void tls_hs_destroy(struct tls_hs *h)
{
	if (!h)
		return;
	tls__ssl_close(h);
	BIO_free(h->out);
	tls_ctx_put(h->ctx);
	OPENSSL_clear_free(h, sizeof(*h));
}

static void fail(struct tls_hs *h, enum tls_error error)
{
	h->state = TLS_HS_FAILED;
	h->error = (uint8_t)error;
}

static enum tls_error error_of_reason(int reason)
{
	static const struct {
		int reason;
		enum tls_error error;
	} table[] = {
		{SSL_R_HTTP_REQUEST, TLS_E_hs_not_tls},
		{SSL_R_HTTPS_PROXY_REQUEST, TLS_E_hs_not_tls},
		{SSL_R_WRONG_VERSION_NUMBER, TLS_E_hs_not_tls},
		{SSL_R_UNSUPPORTED_PROTOCOL, TLS_E_hs_version},
		{SSL_R_NO_PROTOCOLS_AVAILABLE, TLS_E_hs_version},
		{SSL_R_VERSION_TOO_LOW, TLS_E_hs_version},
		{SSL_R_VERSION_TOO_HIGH, TLS_E_hs_version},
		{SSL_R_NO_SHARED_CIPHER, TLS_E_hs_cipher},
		{SSL_R_NO_SUITABLE_KEY_SHARE, TLS_E_hs_cipher},
		{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_E_hs_cipher},
		{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_E_hs_cipher},
		{SSL_R_NO_APPLICATION_PROTOCOL, TLS_E_hs_alpn},
		{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_E_hs_no_certificate},
		{SSL_R_CERTIFICATE_VERIFY_FAILED, TLS_E_hs_certificate},
		{ERR_R_MALLOC_FAILURE, TLS_E_hs_memory},
	};

	if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
		return TLS_E_hs_peer_alert;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].reason == reason)
			return table[i].error;
	return TLS_E_hs_protocol;
}

/* What libssl itself says first; below it the queue has details of libcrypto. */
static enum tls_error error_take(void)
{
	enum tls_error error = TLS_E_hs_protocol;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
			error = error_of_reason(ERR_GET_REASON(code));
			break;
		}
	ERR_clear_error();
	return error;
}

static uint16_t group_of(SSL *ssl)
{
	switch (SSL_get_negotiated_group(ssl)) {
	case NID_X25519:
		return TLS_X25519;
	case NID_X9_62_prime256v1:
		return TLS_P256;
	case NID_secp384r1:
		return TLS_P384;
	default:
		return 0;
	}
}

/* RFC 2253; a peer that was not verified has none. */
static void subject_take(struct tls_hs *h)
{
	X509 *peer = SSL_get1_peer_certificate(h->ssl);
	BIO *text =
		peer && SSL_get_verify_result(h->ssl) == X509_V_OK ? BIO_new(BIO_s_mem()) : NULL;

	if (text && X509_NAME_print_ex(text, X509_get_subject_name(peer), 0, XN_FLAG_RFC2253) >= 0)
		(void)BIO_read(text, h->result.subject, sizeof(h->result.subject) - 1);
	BIO_free(text);
	X509_free(peer);
}

/* Everything that the record layer needs, before libssl's part goes. */
static bool harvest(struct tls_hs *h)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(h->ssl);
	const struct tls_suite *suite = tls__suite(SSL_CIPHER_get_protocol_id(cipher));
	uint8_t mfl = SSL_SESSION_get_max_fragment_length(SSL_get_session(h->ssl));
	struct tls_hs_result *r = &h->result;

	if (!suite)
		return false;
	r->version = suite->version;
	r->alg = suite->alg;
	r->suite = suite->id;
	r->group = group_of(h->ssl);
	r->fragment = mfl >= 1 && mfl <= 4 ? (uint16_t)(256 << mfl) : 16384; /* RFC 6066 4 */
	r->resumed = SSL_session_reused(h->ssl);
	r->ticket = !h->server && r->version == 3 && !r->resumed && tls__sessions_kept(h);
	subject_take(h);
	if (r->version == 2)
		return tls__keys12(r, h->ssl, h->server);
	return h->secrets == (SECRET_CLIENT | SECRET_SERVER) && tls__keys13(r);
}

static void run(struct tls_hs *h)
{
	int rc;

	ERR_clear_error();
	tls__kdf_watch(h);
	rc = SSL_do_handshake(h->ssl);
	tls__kdf_watch(NULL);
	if (rc == 1 && harvest(h))
		h->state = TLS_HS_DONE;
	else if (rc == 1)
		fail(h, TLS_E_hs_protocol);
	else if (SSL_get_error(h->ssl, rc) != SSL_ERROR_WANT_READ)
		fail(h, error_take());
}

/* How many of the n bytes at p libssl gets now. Of a header that cannot be right only the header,
 * so that libssl makes the alert for it; what it tolerates goes on in pieces. */
static uint32_t piece(struct tls_hs *h, const uint8_t *p, uint32_t n)
{
	uint32_t len;

	if (h->rest)
		return n < h->rest ? n : h->rest;
	if (n && !h->taken && p[0] & 0x80) { /* RFC 5246 E.2: a hello of SSLv2 */
		BIO_write(h->out, not_tls_alert, sizeof(not_tls_alert));
		fail(h, TLS_E_hs_not_tls);
		return 0;
	}
	if (n < TLS_HEADER)
		return 0;
	len = be16_at(p + 3);
	if (p[0] < CCS || p[0] > APPLICATION || p[1] != 3 || len > RECORD_MAX) {
		h->rest = TLS_HEADER + len;
		return TLS_HEADER;
	}
	if (n < TLS_HEADER + len)
		return 0;
	return h->rest = TLS_HEADER + len;
}

static bool feed(struct tls_hs *h, const uint8_t *p, uint32_t n)
{
	h->taken += n;
	h->rest -= n;
	if (h->taken > TLS_HS_IN_MAX)
		fail(h, TLS_E_hs_too_long);
	else if (BIO_write(h->in, p, (int)n) != (int)n)
		fail(h, TLS_E_hs_memory);
	return h->state == TLS_HS_MORE;
}

enum tls_hs_state tls_hs_step(struct tls_hs *h, const uint8_t *in, uint32_t n, uint32_t *used)
{
	const uint8_t *out;
	uint32_t k;

	*used = 0;
	if (h->state != TLS_HS_MORE)
		return h->state;
	(void)BIO_reset(h->out);
	if (!h->server && !h->begun)
		run(h);
	h->begun = true;
	while (h->state == TLS_HS_MORE && *used < n && (k = piece(h, in + *used, n - *used)) > 0) {
		if (feed(h, in + *used, k))
			run(h);
		*used += k;
	}
	out = tls_hs_out(h, &k);
	nonce_find(h, out, k);
	tls__hs_count(&h->ctx->stats, h);
	if (h->state != TLS_HS_MORE && !h->result.ticket)
		tls__ssl_close(h);
	return h->state;
}

const uint8_t *tls_hs_out(const struct tls_hs *h, uint32_t *n)
{
	char *p = NULL;
	long len = BIO_get_mem_data(h->out, &p);

	*n = len > 0 ? (uint32_t)len : 0;
	return (const uint8_t *)p;
}

const struct tls_hs_result *tls_hs_result(const struct tls_hs *h)
{
	return &h->result;
}

enum tls_error tls_hs_error(const struct tls_hs *h)
{
	return h->error;
}
