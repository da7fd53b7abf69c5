/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshakes a second on one core, the server's CPU time only: a task through the crew, from its
 * first byte to its keys, against libssl alone between two memory BIOs. The two take turns,
 * handshake by handshake, so that what disturbs one disturbs the other. The client is libssl both
 * times, its time is not counted.
 */
#include <time.h>
#include <rte_common.h>

#include "../unit/tls/pki.h"
#include "tls/tls_crew.h"
#include "tls/tls_ctx.h"

#define ROUNDS 400 /* of each, a case */

static const struct bench_case {
	const char *name;
	int version;
	bool rsa, resume;
	const char *group;
} cases[] = {
	{"1.3 ECDSA X25519", TLS1_3_VERSION, false, false, "X25519:P-256"},
	{"1.3 ECDSA P-256", TLS1_3_VERSION, false, false, "P-256"},
	{"1.3 RSA-2048 X25519", TLS1_3_VERSION, true, false, "X25519"},
	{"1.3 resumed X25519", TLS1_3_VERSION, false, true, "X25519:P-256"},
	{"1.2 ECDSA X25519", TLS1_2_VERSION, false, false, "X25519:P-256"},
	{"1.2 RSA-2048 X25519", TLS1_2_VERSION, true, false, "X25519"},
	{"1.2 resumed", TLS1_2_VERSION, false, true, "X25519:P-256"},
};

static struct tls_crew *crew;
static struct tls_ctx *ours;
static struct tls_task task;
static struct tls_conn nobody;
static SSL_CTX *plain, *client;
static SSL_SESSION *session;

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_tls_hs: %s\n", what);
	exit(1);
}

static int on_session(SSL *ssl, SSL_SESSION *s)
{
	SSL_SESSION_free(session);
	session = s;
	return 1;
}

/* A client, and the bytes that it says first. */
static SSL *client_new(BIO **in, BIO **out, SSL_SESSION *offer)
{
	SSL *c = SSL_new(client);

	*in = BIO_new(BIO_s_mem());
	*out = BIO_new(BIO_s_mem());
	SSL_set_bio(c, *in, *out);
	SSL_set_connect_state(c);
	if (offer)
		SSL_set_session(c, offer);
	SSL_do_handshake(c);
	return c;
}

static void client_end(SSL *c, bool resumed)
{
	uint8_t none;

	(void)SSL_read(c, &none, 1); /* tickets */
	must(SSL_is_init_finished(c), "the client is not done");
	must(SSL_session_reused(c) == resumed, "resumed, or not, against the plan");
	SSL_set_shutdown(c, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c);
}

/* ns of the server's thread for one handshake. */
static uint64_t one_ours(SSL_SESSION *offer)
{
	BIO *in, *out;
	SSL *c = client_new(&in, &out, offer);
	uint64_t ns = 0, start;
	const uint8_t *said;
	uint32_t n;

	task.hs = NULL;
	task.state = TLS_HS_MORE;
	while (task.state == TLS_HS_MORE) {
		task.n = (uint32_t)BIO_read(out, task.in, sizeof(task.in));
		start = cpu_ns();
		tls_crew_post(crew, &task);
		tls_crew_run(crew, 1);
		tls_crew_take(crew, 0);
		said = tls_hs_out(task.hs, &n);
		ns += cpu_ns() - start;
		BIO_write(in, said, (int)n);
		SSL_do_handshake(c);
	}
	must(task.state == TLS_HS_DONE, "our handshake failed");
	start = cpu_ns();
	tls_hs_destroy(task.hs);
	ns += cpu_ns() - start;
	client_end(c, offer != NULL);
	return ns;
}

static uint64_t one_plain(SSL_SESSION *offer)
{
	BIO *in, *out, *rx, *tx;
	SSL *c = client_new(&in, &out, offer), *s;
	uint64_t start = cpu_ns(), ns;
	char buf[16384];
	int n, rc = 0;

	s = SSL_new(plain);
	rx = BIO_new(BIO_s_mem());
	tx = BIO_new(BIO_s_mem());
	SSL_set_bio(s, rx, tx);
	SSL_set_accept_state(s);
	ns = cpu_ns() - start;
	while (rc != 1) {
		n = BIO_read(out, buf, sizeof(buf));
		start = cpu_ns();
		BIO_write(rx, buf, n);
		rc = SSL_do_handshake(s);
		n = BIO_read(tx, buf, sizeof(buf));
		ns += cpu_ns() - start;
		must(rc == 1 || SSL_get_error(s, rc) == SSL_ERROR_WANT_READ, "libssl failed");
		if (n > 0)
			BIO_write(in, buf, n);
		SSL_do_handshake(c);
	}
	start = cpu_ns();
	SSL_set_shutdown(s, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(s);
	ns += cpu_ns() - start;
	client_end(c, offer != NULL);
	return ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(uint64_t *ns)
{
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	return (double)ns[ROUNDS / 2] / 1000;
}

/* A session of a full handshake, to be offered again and again. */
static SSL_SESSION *session_of(uint64_t (*one)(SSL_SESSION *))
{
	SSL_SESSION *s;

	one(NULL);
	must(session != NULL, "no session came");
	s = session;
	session = NULL;
	return s;
}

static void run(const struct bench_case *b)
{
	static uint64_t ns[2][ROUNDS];
	SSL_SESSION *mine = b->resume ? session_of(one_ours) : NULL;
	SSL_SESSION *theirs = b->resume ? session_of(one_plain) : NULL;
	double us[2];

	for (int i = 0; i < ROUNDS; i++) {
		SSL_SESSION *a = mine ? SSL_SESSION_dup(mine) : NULL;
		SSL_SESSION *p = theirs ? SSL_SESSION_dup(theirs) : NULL;

		ns[0][i] = one_ours(a);
		ns[1][i] = one_plain(p);
		SSL_SESSION_free(a);
		SSL_SESSION_free(p);
	}
	us[0] = median_us(ns[0]);
	us[1] = median_us(ns[1]);
	printf("%-22s %8.1f %8.0f %8.1f %8.0f %6.2f\n", b->name, us[0], 1e6 / us[0], us[1],
		1e6 / us[1], us[1] / us[0]);
	SSL_SESSION_free(mine);
	SSL_SESSION_free(theirs);
}

static void clients_set(const struct bench_case *b)
{
	client = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(client, b->version);
	SSL_CTX_set_max_proto_version(client, b->version);
	SSL_CTX_set1_groups_list(client, b->group);
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, on_session);
}

/* libssl with what it needs for the same handshake and nothing else. */
static void plain_set(const struct pki *leaf)
{
	plain = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_options(plain, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_ciphersuites(plain, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
	SSL_CTX_set_cipher_list(plain, "ECDHE+AES128+AESGCM");
	SSL_CTX_set1_groups_list(plain, "X25519:P-256:P-384");
	SSL_CTX_set_num_tickets(plain, 1);
	SSL_CTX_set_session_cache_mode(plain, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(plain, (const uint8_t *)"x", 1);
	SSL_CTX_use_cert_and_key(plain, leaf->x, leaf->key, NULL, 1);
}

static void bench(const struct bench_case *b)
{
	struct pki leaf =
		pki_make((struct pki_spec){.cn = "s3", .san = "DNS:s3.example", .rsa = b->rsa});
	struct conf_certificate cert =
		pki_conf("s3", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
	struct conf conf = {.tls = {.v12 = true, .v13 = true, .ticket_lifetime_ms = 7200000}};
	struct conf_listener l = {.name = "s3", .cert = {&cert}, .n_cert = 1};
	struct err e = {""};
	struct tls_tickets *tickets = tls_tickets_create(&conf.tls, time(NULL), &e);

	ours = tickets ? tls_ctx_server(&conf, &l, tickets, &e) : NULL;
	must(ours != NULL, e.text);
	task.ctx = ours;
	plain_set(&leaf);
	clients_set(b);
	run(b);
	tls_ctx_put(ours);
	tls_tickets_destroy(tickets);
	SSL_CTX_free(plain);
	SSL_CTX_free(client);
	pki_free(&leaf);
}

int main(void)
{
	struct err e = {""};

	crew = tls_crew_create(1, 1, &e);
	must(crew != NULL, e.text);
	task.conn = &nobody;
	printf("%-22s %8s %8s %8s %8s %6s\n", "handshake", "us", "a second", "libssl", "a second",
		"ratio");
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		bench(&cases[i]);
	tls_crew_destroy(crew);
	return 0;
}
