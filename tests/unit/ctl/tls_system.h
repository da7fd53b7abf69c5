/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system with TLS: a listener with two certificates, a pool that is re-encrypted, and their
 * files, made here. The workers' relays have no TLS: what a context does is counted by running a
 * crew.
 */
#ifndef TLS_SYSTEM_H
#define TLS_SYSTEM_H

#include "../tls/pki.h"
#include "system.h"
#include "tls/tls_crew.h"

static struct tls_system {
	struct pki ca, ec, rsa;
	const char *ca_file, *ec_chain, *ec_key, *rsa_chain, *rsa_key;
	struct tls_crew *crew;
	struct tls *tls[SYSTEM_WORKERS];
	char ini[4096];
	char said[4096]; /* "error: ...\nwarn: ...\n" */
} ts;

static inline void tls_say(void *arg, enum log_level level, const char *text)
{
	size_t n = strlen(ts.said);

	snprintf(ts.said + n, sizeof(ts.said) - n, "%s: %s\n",
		level == LOG_LEVEL_ERROR ? "error" : "warn", text);
}

/* Other bytes in a file of pki.h's: those of another. */
static inline void tls_file_copy(const char *from, const char *to)
{
	static char bytes[16384];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");

	CU_ASSERT_FATAL(in && out);
	fwrite(bytes, 1, fread(bytes, 1, sizeof(bytes), in), out);
	fclose(in);
	fclose(out);
}

/* more: lines of the file behind the rest. */
static inline void tls_files(int days, const char *more)
{
	ts.said[0] = '\0';
	ts.ca = pki_make((struct pki_spec){.cn = "ca", .ca = true});
	ts.ec = pki_make((struct pki_spec){.cn = "s3",
		.san = "DNS:s3.example,DNS:*.s3.example",
		.issuer = &ts.ca,
		.days = days});
	ts.rsa = pki_make((struct pki_spec){
		.cn = "s3", .san = "DNS:s3.example,IP:10.0.0.10", .issuer = &ts.ca, .rsa = true});
	ts.ca_file = pki_chain_file(&ts.ca, NULL);
	ts.ec_chain = pki_chain_file(&ts.ec, &ts.ca, NULL);
	ts.ec_key = pki_key_file(&ts.ec);
	ts.rsa_chain = pki_chain_file(&ts.rsa, &ts.ca, NULL);
	ts.rsa_key = pki_key_file(&ts.rsa);
	snprintf(ts.ini, sizeof(ts.ini),
		SYSTEM_INI
		"[certificate ec]\nchain = %s\nkey = %s\n[certificate rsa]\nchain = %s\nkey = %s\n"
		"[listener https]\naddress = 10.0.0.10:443\npool = fast\ncertificate = ec, rsa\n"
		"[pool sealed]\nmember = a 10.1.0.14:443\ntls = yes\nca = %s\nsni = s3.example\n%s",
		ts.ec_chain, ts.ec_key, ts.rsa_chain, ts.rsa_key, ts.ca_file, more);
}

static inline void tls_files_free(void)
{
	pki_free(&ts.ca);
	pki_free(&ts.ec);
	pki_free(&ts.rsa);
}

/* Without a cipher: no connection is opened. */
static inline void tls_workers_up(void)
{
	struct tls_config cfg = {.conns = 4, .handshakes = 2, .socket = -1};
	struct err e = {""};

	cfg.crew = ts.crew = tls_crew_create(SYSTEM_WORKERS, 2, &e);
	sys.core.sys.crew = ts.crew;
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		cfg.pools = &sys.worker[w].pools;
		cfg.worker = (uint16_t)w;
		sys.views[w].tls = ts.tls[w] = tls_create(&cfg, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(ts.tls[w]);
	}
}

static inline void tls_system_up(int days, const char *more)
{
	tls_files(days, more);
	system_up_with(ts.ini);
	tls_workers_up();
	sys.core.sys.tls = ctl_tls_create(sys.conf, tls_say, NULL);
	if (!sys.core.sys.tls)
		CU_FAIL_FATAL(ts.said);
}

static inline void tls_system_down(void)
{
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++)
		tls_destroy(ts.tls[w]);
	tls_crew_destroy(ts.crew);
	ctl_tls_destroy(sys.core.sys.tls);
	system_down();
	tls_files_free();
}

/* A client of the listener that speaks no TLS. */
static inline void tls_fail_one(struct tls_ctx *ctx)
{
	static struct tls_task task;
	static const char text[] = "GET / HTTP/1.1\r\n\r\n";

	memset(&task, 0, sizeof(task));
	task.ctx = ctx;
	task.conn = (struct tls_conn *)&task; /* somebody waits for it */
	task.n = sizeof(text) - 1;
	memcpy(task.in, text, task.n);
	CU_ASSERT_EQUAL_FATAL(tls_crew_post(ts.crew, &task), 0);
	CU_ASSERT_EQUAL(tls_crew_run(ts.crew, 1), 1);
	CU_ASSERT_PTR_EQUAL(tls_crew_take(ts.crew, 0), &task);
	CU_ASSERT_EQUAL(task.state, TLS_HS_FAILED);
	tls_hs_destroy(task.hs);
}

#endif
