/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks go there and back, with threads and without, and none is lost. */
#include <pthread.h>

#include "site.h"
#include "tls/tls_crew.h"

#define WORKERS 2
#define TASKS   8

static struct tls_crew *crew;
static struct tls_conn somebody; /* whose handshakes they are; never looked into */

static void begin(void)
{
	struct err e = {""};

	site();
	crew = tls_crew_create(WORKERS, TASKS, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(crew);
}

static struct tls_task *task_new(struct tls_ctx *ctx, uint16_t worker)
{
	struct tls_task *t = calloc(1, sizeof(*t));

	t->ctx = ctx;
	t->conn = &somebody;
	t->worker = worker;
	strcpy(t->name, "s3.example");
	return t;
}

static void task_free(struct tls_task *t)
{
	tls_hs_destroy(t->hs);
	free(t);
}

static struct tls_task *take(uint16_t worker)
{
	struct tls_task *t;

	while (!(t = tls_crew_take(crew, worker)))
		sched_yield();
	return t;
}

static void by_the_worker(void)
{
	struct tls_ctx *c;
	struct tls_task *t, *t2;

	begin();
	c = site_client();
	t = task_new(c, 0);
	t2 = task_new(c, 1);
	CU_ASSERT_PTR_NULL(tls_crew_take(crew, 0));
	CU_ASSERT_EQUAL(tls_crew_run(crew, 10), 0);
	CU_ASSERT_EQUAL(tls_crew_post(crew, t), 0);
	CU_ASSERT_EQUAL(tls_crew_post(crew, t2), 0);
	CU_ASSERT_EQUAL(tls_crew_waiting(crew), 2);
	CU_ASSERT_PTR_NULL(tls_crew_take(crew, 0));
	CU_ASSERT_EQUAL(tls_crew_run(crew, 1), 1);
	CU_ASSERT_PTR_NULL(tls_crew_take(crew, 1));
	CU_ASSERT_PTR_EQUAL(tls_crew_take(crew, 0), t);
	CU_ASSERT_EQUAL(tls_crew_run(crew, 10), 1);
	CU_ASSERT_PTR_EQUAL(tls_crew_take(crew, 1), t2);
	CU_ASSERT_EQUAL(t->state, TLS_HS_MORE);
	CU_ASSERT_PTR_NOT_NULL(t->hs); /* a client's hello is in it */
	CU_ASSERT_EQUAL(tls_crew_steps(crew)->count, 2);
	task_free(t);
	task_free(t2);
	tls_ctx_put(c);
	tls_crew_destroy(crew);
}

/* Nobody waits any more: libssl's part is freed by the crew, with or without a step before. */
static void cancelled(void)
{
	struct tls_ctx *c;
	struct tls_task *t;

	begin();
	c = site_client();
	t = task_new(c, 0);
	for (int i = 0; i < 2; i++) {
		tls_crew_post(crew, t);
		if (i)
			t->conn = NULL;
		tls_crew_run(crew, 1);
		CU_ASSERT_PTR_EQUAL(tls_crew_take(crew, 0), t);
	}
	CU_ASSERT_PTR_NULL(t->hs);
	CU_ASSERT_EQUAL(t->state, TLS_HS_FAILED);
	t->conn = NULL;
	tls_crew_post(crew, t);
	tls_crew_run(crew, 1);
	CU_ASSERT_PTR_EQUAL(tls_crew_take(crew, 0), t);
	CU_ASSERT_PTR_NULL(t->hs);
	task_free(t);
	tls_ctx_put(c);
	tls_crew_destroy(crew);
}

/* One client and one server task of ours, against each other. */
struct talk {
	struct tls_task *end[2];
	unsigned steps;
};

static bool over(const struct talk *k)
{
	return k->end[0]->state != TLS_HS_MORE && k->end[1]->state != TLS_HS_MORE;
}

/* What `from` said goes to the other, who is posted if there is something for it. */
static void hand_over(struct talk *k, int from)
{
	struct tls_task *to = k->end[!from];
	const uint8_t *out;
	uint32_t n;

	out = tls_hs_out(k->end[from]->hs, &n);
	if (n == 0 || to->state != TLS_HS_MORE)
		return;
	memcpy(to->in, out, n);
	to->n = n;
	CU_ASSERT_EQUAL(tls_crew_post(crew, to), 0);
	CU_ASSERT_PTR_EQUAL(take(to->worker), to);
	CU_ASSERT_EQUAL(to->used, n);
}

static void *worker(void *arg)
{
	struct talk *k = arg;

	tls_crew_post(crew, k->end[0]); /* the client speaks first */
	CU_ASSERT_PTR_EQUAL(take(k->end[0]->worker), k->end[0]);
	for (int from = 0; !over(k) && k->steps < 10; from = !from, k->steps++)
		hand_over(k, from);
	return NULL;
}

static void by_threads(void)
{
	pthread_t thread[2], w[WORKERS];
	struct talk talk[WORKERS] = {0};
	struct tls_ctx *server, *client;
	uint64_t n[TLS_HS_STAT_N];

	begin();
	server = site_server(NULL);
	client = site_client();
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, tls_crew_main, crew);
	for (int round = 0; round < 5; round++) {
		for (uint16_t i = 0; i < WORKERS; i++) {
			talk[i].end[0] = task_new(client, i);
			talk[i].end[1] = task_new(server, i);
			talk[i].steps = 0;
			pthread_create(&w[i], NULL, worker, &talk[i]);
		}
		for (int i = 0; i < WORKERS; i++) {
			const struct tls_hs_result *a, *b;

			pthread_join(w[i], NULL);
			CU_ASSERT_EQUAL(talk[i].end[0]->state, TLS_HS_DONE);
			CU_ASSERT_EQUAL(talk[i].end[1]->state, TLS_HS_DONE);
			a = tls_hs_result(talk[i].end[0]->hs);
			b = tls_hs_result(talk[i].end[1]->hs);
			CU_ASSERT_EQUAL(memcmp(a->tx.key, b->rx.key, AEAD_KEY_MAX), 0);
			CU_ASSERT_EQUAL(memcmp(b->tx.key, a->rx.key, AEAD_KEY_MAX), 0);
			CU_ASSERT_STRING_EQUAL(b->name, "s3.example");
			task_free(talk[i].end[0]);
			task_free(talk[i].end[1]);
		}
	}
	tls_crew_stop(crew);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	tls_crew_stats(crew, n);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_done], 2 * 5 * WORKERS);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_failed], 0);
	tls_ctx_put(server);
	tls_ctx_put(client);
	tls_crew_destroy(crew);
}

/* A ticket comes as a task whose handshake is done. */
static void ticket(void)
{
	struct tls_ctx *c;
	struct tls_task *t;
	SSL_CTX *peer;

	begin();
	c = site_client();
	peer = site_peer_server(TLS1_3_VERSION);
	CU_ASSERT(site_done(c, "s3.example", peer)->ticket);
	t = task_new(c, 0);
	t->hs = p.hs;
	t->state = TLS_HS_DONE;
	t->n = p.n_ticket;
	memcpy(t->in, p.ticket, p.n_ticket);
	tls_crew_post(crew, t);
	tls_crew_run(crew, 1);
	CU_ASSERT_PTR_EQUAL(tls_crew_take(crew, 0), t);
	CU_ASSERT_EQUAL(t->state, TLS_HS_DONE);
	CU_ASSERT_FALSE(tls_hs_result(p.hs)->ticket);
	pair_end(&p);
	CU_ASSERT(site_done(c, "s3.example", peer)->resumed);
	pair_end(&p);
	free(t);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	tls_crew_destroy(crew);
}

static const struct unit_case cases[] = {
	UNIT_CASE(by_the_worker),
	UNIT_CASE(cancelled),
	UNIT_CASE(by_threads),
	UNIT_CASE(ticket),
};
UNIT_MAIN(cases)
