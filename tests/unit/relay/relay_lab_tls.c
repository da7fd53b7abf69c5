/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS of the lab: ours as it is, the peers' is libssl in memory. */
#include <openssl/err.h>

#include "aead/drivers.h"
#include "relay_lab.h"
#include "tls/pki.h"
#include "tls/tls_crew.h"
#include "tls/tls_ctx.h"

struct peer_tls {
	SSL *ssl;
	BIO *rd, *wr;
	char *todo; /* given before the handshake was done */
	size_t n_todo;
	bool fin; /* FIN behind what wr holds */
};

static struct pki ca, client, node;
static struct conf_certificate cert;
static const struct conf_certificate *client_cert_conf[1];
static SSL_CTX *client_ctx, *node_ctx;
static SSL_SESSION *session; /* of the last client that got one */
static struct tls_ctx *server, *to_pool, *listener_tls[1], *pool_tls[1];
static struct tls_tickets *tickets;

/* ---- both sides' contexts ---- */

static int on_session(SSL *ssl, SSL_SESSION *s)
{
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

static SSL_CTX *peer_ctx(const SSL_METHOD *m, const struct pki *id)
{
	SSL_CTX *c = SSL_CTX_new(m);

	SSL_CTX_use_certificate(c, id->x);
	SSL_CTX_use_PrivateKey(c, id->key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(c), ca.x);
	SSL_CTX_set_verify(c, m == TLS_client_method() ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (lab.tls12)
		SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	return c;
}

static void pki_start(void)
{
	if (ca.x)
		return;
	ca = pki_make((struct pki_spec){.cn = "CA", .ca = true});
	client = pki_make((struct pki_spec){.cn = "s3", .san = "DNS:s3.test", .issuer = &ca});
	node = pki_make(
		(struct pki_spec){.cn = "node", .san = "DNS:node.test,IP:10.1.0.1", .issuer = &ca});
	cert = pki_conf("s3", pki_chain_file(&client, NULL), pki_key_file(&client));
	client_cert_conf[0] = &cert;
}

static void contexts_start(void)
{
	struct err e = {""};

	lab.conf.tls = (struct conf_tls){.v12 = true,
		.v13 = true,
		.handshakes = lab.client_handshakes,
		.ticket_lifetime_ms = 3600000,
		.ciphers = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:"
			   "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
	tickets = tls_tickets_create(&lab.conf.tls, time(NULL), &e);
	lab.listener.cert[0] = client_cert_conf[0];
	lab.listener.n_cert = lab.front_tls;
	lab.pool.tls = lab.back_tls;
	lab.pool.verify = true;
	lab.pool.ca = pki_chain_file(&ca, NULL);
	if (lab.front_tls)
		server = listener_tls[0] = tls_ctx_server(&lab.conf, &lab.listener, tickets, &e);
	if (lab.back_tls)
		to_pool = pool_tls[0] = tls_ctx_client(&lab.conf, &lab.pool, &e);
	CU_ASSERT_STRING_EQUAL_FATAL(e.text, "");
	client_ctx = peer_ctx(TLS_client_method(), &client);
	node_ctx = peer_ctx(TLS_server_method(), &node);
	SSL_CTX_set_session_cache_mode(
		client_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client_ctx, on_session);
}

void lab_tls_start(struct relay_config *cfg)
{
	struct tls_config tls = {.pools = &lab.pools,
		.conns = lab.tls_conns,
		.handshakes = lab.handshakes,
		.per_source = lab.per_source,
		.socket = SOCKET_ID_ANY};
	struct err e = {""};

	pki_start();
	contexts_start();
	tls.crew = lab.crew = tls_crew_create(1, lab.handshakes, &e);
	tls.aead = lab.aead = aead_create(&aead_openssl, "", 2 * lab.tls_conns, SOCKET_ID_ANY, &e);
	CU_ASSERT_TRUE_FATAL(lab.crew && lab.aead);
	cfg->tls = lab.tls = tls_create(&tls, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.tls);
	cfg->listener_tls = listener_tls;
	cfg->pool_tls = pool_tls;
}

void lab_tls_stop(void)
{
	CU_ASSERT_EQUAL(tls_conns(lab.tls), 0);
	CU_ASSERT_EQUAL(aead_keys_in_use(lab.aead), 0);
	tls_destroy(lab.tls);
	aead_destroy(lab.aead);
	tls_crew_destroy(lab.crew);
	tls_ctx_put(server);
	tls_ctx_put(to_pool);
	tls_tickets_destroy(tickets);
	SSL_CTX_free(client_ctx);
	SSL_CTX_free(node_ctx);
	SSL_SESSION_free(session);
	session = NULL;
	server = to_pool = listener_tls[0] = pool_tls[0] = NULL;
}

void lab_tls_fresh(void)
{
	static struct tls_ctx *again[1];
	struct err e = {""};

	again[0] = tls_ctx_server(&lab.conf, &lab.listener, tickets, &e);
	relay_set_tls(lab.relay, again, pool_tls);
	tls_ctx_put(server);
	server = again[0];
}

uint64_t lab_tls_stat(enum tls_stat s)
{
	return tls_stats(lab.tls)[s];
}

/* ---- peers ---- */

static void on_info(const SSL *ssl, int where, int value)
{
	struct peer *p = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		p->alert = value & 0xff;
}

void lab_tls_peer(struct peer *p)
{
	struct peer_tls *s = calloc(1, sizeof(*s));

	p->tls = s;
	p->alert = -1;
	s->ssl = SSL_new(p->node < 0 ? client_ctx : node_ctx);
	s->rd = BIO_new(BIO_s_mem());
	s->wr = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(s->rd, -1);
	SSL_set_bio(s->ssl, s->rd, s->wr);
	SSL_set_app_data(s->ssl, p);
	SSL_set_info_callback(s->ssl, on_info);
	if (p->node >= 0) {
		SSL_set_accept_state(s->ssl);
		return;
	}
	SSL_set_connect_state(s->ssl);
	SSL_set_tlsext_host_name(s->ssl, "s3.test");
	SSL_set1_host(s->ssl, "s3.test");
	if (session)
		SSL_set_session(s->ssl, session);
}

void lab_tls_free(struct peer *p)
{
	SSL_free(p->tls->ssl);
	free(p->tls->todo);
	free(p->tls);
}

static void feed(struct peer *p)
{
	char bytes[65536];
	uint32_t n;

	while ((n = RTE_MIN(p->conn->rx.bytes, (uint32_t)sizeof(bytes)))) {
		buf_chain_read(&p->conn->rx, 0, n, bytes);
		BIO_write(p->tls->rd, bytes, (int)n);
		buf_chain_consume(&p->conn->rx, n);
	}
	tcp_consumed(lab.out, p->conn);
}

static void put(struct peer *p, const char *bytes, size_t n)
{
	if (p->n + n + 1 > p->cap) {
		p->cap = (p->n + n + 1) * 2;
		p->in = realloc(p->in, p->cap);
	}
	memcpy(p->in + p->n, bytes, n);
	p->n += n;
	p->in[p->n] = 0;
}

static void talk(struct peer *p)
{
	struct peer_tls *s = p->tls;
	char text[16384];
	int n;

	p->open = p->open || SSL_do_handshake(s->ssl) == 1;
	if (!p->open)
		return;
	if (s->n_todo)
		SSL_write(s->ssl, s->todo, (int)s->n_todo);
	s->n_todo = 0;
	while ((n = SSL_read(s->ssl, text, sizeof(text))) > 0)
		put(p, text, (size_t)n);
	p->eof |= p->alert == 0; /* close_notify */
}

/* What TLS wants to say goes to tcp: lab.cut bytes at most a millisecond, so that segments and
 * records end anywhere. */
static void drain(struct peer *p)
{
	size_t n = p->conn->flags & TCP_F_FIN_QUEUED ? 0 : BIO_ctrl_pending(p->tls->wr);
	char *bytes = malloc(n + 1);

	if (lab.cut && n)
		n = RTE_MIN(n, 1 + rand_below(&lab.rnd, lab.cut));
	if (n) {
		BIO_read(p->tls->wr, bytes, (int)n);
		peer_raw(p, bytes, n);
	}
	free(bytes);
	if (p->tls->fin && BIO_ctrl_pending(p->tls->wr) == 0)
		tcp_shutdown(lab.out, p->conn);
}

void lab_tls_step(struct peer *p)
{
	ERR_clear_error();
	if (!p->no_read)
		feed(p);
	talk(p);
	if (p->conn->state != TCP_CLOSED)
		drain(p);
}

void lab_tls_write(struct peer *p, const void *data, size_t n)
{
	struct peer_tls *s = p->tls;

	if (p->open) {
		bool over = s->fin || p->alert >= 0;

		CU_ASSERT_TRUE_FATAL(SSL_write(s->ssl, data, (int)n) == (int)n || over);
	} else {
		s->todo = realloc(s->todo, s->n_todo + n);
		memcpy(s->todo + s->n_todo, data, n);
		s->n_todo += n;
	}
}

void peer_bye(struct peer *p)
{
	SSL_shutdown(p->tls->ssl);
}

void lab_tls_fin(struct peer *p)
{
	peer_bye(p);
	p->tls->fin = true;
}

void peer_key_update(struct peer *p)
{
	SSL_key_update(p->tls->ssl, SSL_KEY_UPDATE_REQUESTED);
}

bool peer_resumed(const struct peer *p)
{
	return SSL_session_reused(p->tls->ssl);
}
