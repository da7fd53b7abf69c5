/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole files: every value of a good one, and those that cannot be read at all. */
#include <errno.h>
#include <sys/stat.h>

#include "conf_test.h"

static struct conf *load(const char *path)
{
	struct conf_errors errs = {0};
	struct conf *c;

	CU_ASSERT_EQUAL_FATAL(chdir(CONF_TEST_DATA), 0);
	c = conf_load(path, &errs);
	CU_ASSERT_EQUAL(c == NULL, conf_errors_count(&errs) > 0);
	errors_take(&errs);
	if (!c)
		printf("\n%s", errors_text);
	return c;
}

static void expect_addr(const struct ip_addr *a, const char *want)
{
	char text[IP_ADDR_TEXT];

	CU_ASSERT_STRING_EQUAL(ip_addr_text(a, text), want);
}

static void expect_endpoint(const struct ip_endpoint *e, const char *want)
{
	char text[IP_ENDPOINT_TEXT];

	CU_ASSERT_STRING_EQUAL(ip_endpoint_text(e, text), want);
}

static void good_global(void)
{
	struct conf *c = load("good.ini");
	const struct conf_global *g;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	g = &c->global;
	expect_at(&g->at, "good.ini", 3);
	CU_ASSERT_EQUAL(g->n_workers, 4);
	CU_ASSERT_EQUAL(g->workers[0], 1);
	CU_ASSERT_EQUAL(g->workers[1], 2);
	CU_ASSERT_EQUAL(g->workers[2], 5);
	CU_ASSERT_EQUAL(g->workers[3], 7);
	CU_ASSERT_EQUAL(g->control, 3);
	CU_ASSERT_EQUAL(g->idle, CONF_IDLE_SLEEP);
	CU_ASSERT_EQUAL(g->memory, 512ull << 20);
	CU_ASSERT_EQUAL(g->hugepages, CONF_HUGE_NO);
	CU_ASSERT_STRING_EQUAL(g->socket, "/tmp/p.sock");
	expect_endpoint(&g->metrics, "[::1]:9465");
	CU_ASSERT_EQUAL(g->drain_ms, 120000);
	CU_ASSERT_EQUAL(g->log, LOG_LEVEL_DEBUG);
	conf_destroy(c);
}

static void good_ports(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 10, 11, 12};
	struct conf *c = load("good.ini");
	const struct conf_port *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_ports, 2);
	p = &c->ports[0];
	CU_ASSERT_STRING_EQUAL(p->name, "front");
	expect_at(&p->at, "good.ini", 17);
	CU_ASSERT_STRING_EQUAL(p->device, "net_af_packet0,iface=front0;x");
	CU_ASSERT_EQUAL_FATAL(p->n_addr, 3);
	expect_addr(&p->addr[0].addr, "10.10.0.10");
	CU_ASSERT_EQUAL(p->addr[0].bits, 120);
	expect_addr(&p->addr[1].addr, "fd00:10::10");
	CU_ASSERT_EQUAL(p->addr[1].bits, 64);
	expect_addr(&p->addr[2].addr, "10.10.0.11");
	CU_ASSERT_EQUAL_FATAL(p->n_gateway, 2);
	expect_addr(&p->gateway[0], "fe80::1");
	expect_addr(&p->gateway[1], "10.10.0.1");
	CU_ASSERT_EQUAL(p->mtu, 9000);
	CU_ASSERT_EQUAL(p->vlan, 100);
	CU_ASSERT_EQUAL(memcmp(p->mac, mac, 6), 0);
	CU_ASSERT_TRUE(p->optional);
	p = &c->ports[1];
	CU_ASSERT_STRING_EQUAL(p->name, "back");
	expect_at(&p->at, "conf.d/a.ini", 2);
	CU_ASSERT_EQUAL(p->n_gateway, 0);
	CU_ASSERT_EQUAL_FATAL(c->n_statics, 1);
	CU_ASSERT_STRING_EQUAL(c->statics[0].name, "r");
	expect_addr(&c->statics[0].to.addr, "10.30.0.0");
	CU_ASSERT_EQUAL(c->statics[0].to.bits, 112);
	expect_addr(&c->statics[0].via, "10.20.0.1");
	CU_ASSERT_EQUAL(c->statics[0].port, 1);
	conf_destroy(c);
}

static void good_listener(void)
{
	struct conf *c = load("good.ini");
	const struct conf_listener *l;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_listeners, 1);
	l = &c->listeners[0];
	CU_ASSERT_STRING_EQUAL(l->name, "s3");
	CU_ASSERT_EQUAL_FATAL(l->n_addr, 2);
	expect_endpoint(&l->addr[0], "10.10.0.10:80");
	expect_endpoint(&l->addr[1], "[fd00:10::10]:8080");
	CU_ASSERT_EQUAL(l->mode, CONF_MODE_HTTP);
	CU_ASSERT_STRING_EQUAL(l->pool_name, "second");
	CU_ASSERT_EQUAL(l->pool, 1);
	CU_ASSERT_TRUE(l->forwarded);
	CU_ASSERT_TRUE(l->request_id);
	CU_ASSERT_EQUAL(l->head_limit, 16384);
	CU_ASSERT_EQUAL(l->head_timeout_ms, 250);
	CU_ASSERT_EQUAL(l->idle_timeout_ms, 3600000);
	CU_ASSERT_EQUAL(l->body_timeout_ms, 90000);
	CU_ASSERT_EQUAL(l->connections, 1000);
	CU_ASSERT_EQUAL(c->tcp.receive_buffer, 16384);
	CU_ASSERT_EQUAL(c->tcp.send_buffer, 2 << 20);
	CU_ASSERT_EQUAL(c->tcp.keepalive_ms, 0);
	CU_ASSERT_EQUAL(c->tcp.time_wait_ms, 1000);
	CU_ASSERT_EQUAL(l->congestion, CONF_CC_NEWRENO);
	CU_ASSERT_EQUAL(c->tcp.congestion, CONF_CC_BBR);
	CU_ASSERT_EQUAL(c->tcp.ecn, CONF_ECN_YES);
	conf_destroy(c);
}

static void good_pools(void)
{
	struct conf *c = load("good.ini");
	const struct conf_pool *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_pools, 2);
	CU_ASSERT_EQUAL(c->pools[0].n_members, 1);
	p = &c->pools[1];
	CU_ASSERT_STRING_EQUAL(p->name, "second");
	CU_ASSERT_EQUAL(p->balance, CONF_BALANCE_RANDOM_TWO);
	CU_ASSERT_EQUAL_FATAL(p->n_members, 2);
	CU_ASSERT_STRING_EQUAL(p->members[0].name, "a");
	expect_endpoint(&p->members[0].endpoint, "10.20.0.11:7480");
	CU_ASSERT_EQUAL(p->members[0].weight, 1);
	expect_at(&p->members[0].at, "conf.d/b.ini", 9);
	CU_ASSERT_STRING_EQUAL(p->members[1].name, "b");
	expect_endpoint(&p->members[1].endpoint, "[fd00:10::12]:7480");
	CU_ASSERT_EQUAL(p->members[1].weight, 256);
	CU_ASSERT_EQUAL(p->connect_timeout_ms, 10);
	CU_ASSERT_EQUAL(p->response_timeout_ms, 5000);
	CU_ASSERT_EQUAL(p->retries, 0);
	CU_ASSERT_EQUAL(p->idle_connections, 0);
	CU_ASSERT_EQUAL(p->idle_timeout_ms, 60000);
	CU_ASSERT_EQUAL(p->hold_ms, 0);
	CU_ASSERT_EQUAL(p->congestion, CONF_CC_DCTCP);
	CU_ASSERT_EQUAL(c->pools[0].congestion, CONF_CC_BBR); /* as [tcp] has it */
	conf_destroy(c);
}

/* Paths are relative to the file that has them. */
static void good_certificates(void)
{
	struct conf *c = load("good.ini");
	const struct conf_listener *l;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_certs, 2);
	CU_ASSERT_STRING_EQUAL(c->certs[0].name, "one");
	CU_ASSERT_STRING_EQUAL(c->certs[0].chain, "one.pem");
	CU_ASSERT_STRING_EQUAL(c->certs[0].key, "/etc/one.key");
	CU_ASSERT_PTR_NULL(c->certs[0].ocsp);
	expect_at(&c->certs[1].at, "conf.d/b.ini", 23);
	CU_ASSERT_STRING_EQUAL(c->certs[1].chain, "conf.d/../two.pem");
	CU_ASSERT_STRING_EQUAL(c->certs[1].key, "conf.d/two.key");
	CU_ASSERT_STRING_EQUAL(c->certs[1].ocsp, "conf.d/two.der");
	l = &c->listeners[0];
	CU_ASSERT_EQUAL_FATAL(l->n_cert, 2);
	CU_ASSERT_PTR_EQUAL(l->cert[0], &c->certs[1]);
	CU_ASSERT_PTR_EQUAL(l->cert[1], &c->certs[0]);
	CU_ASSERT_EQUAL(l->client_cert, CONF_CLIENT_CERT_OPTIONAL);
	CU_ASSERT_STRING_EQUAL(l->client_ca, "/etc/ca.pem");
	CU_ASSERT_STRING_EQUAL(l->client_crl, "crl.pem");
	CU_ASSERT_EQUAL(l->handshake_timeout_ms, 3000);
	CU_ASSERT_TRUE(c->pools[0].tls && c->pools[0].verify);
	CU_ASSERT_STRING_EQUAL(c->pools[0].ca, "conf.d/ca.pem");
	CU_ASSERT_PTR_NULL(c->pools[0].sni);
	CU_ASSERT_PTR_NULL(c->pools[0].cert);
	CU_ASSERT_TRUE(c->pools[1].tls && !c->pools[1].verify);
	CU_ASSERT_PTR_NULL(c->pools[1].ca);
	CU_ASSERT_STRING_EQUAL(c->pools[1].sni, "s3.example.com");
	CU_ASSERT_PTR_EQUAL(c->pools[1].cert, &c->certs[0]);
	conf_destroy(c);
}

static void good_tls(void)
{
	struct conf *c = load("good.ini");
	const struct conf_tls *t;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	t = &c->tls;
	CU_ASSERT_TRUE(t->v13 && !t->v12);
	CU_ASSERT_STRING_EQUAL(t->ciphers,
		"TLS_CHACHA20_POLY1305_SHA256:TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:"
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:"
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	CU_ASSERT_STRING_EQUAL(t->groups, "P-384:X25519");
	CU_ASSERT_EQUAL(t->threads, 3);
	CU_ASSERT_EQUAL_FATAL(t->n_core, 3);
	CU_ASSERT_EQUAL(t->core[0], 4);
	CU_ASSERT_EQUAL(t->core[1], 5);
	CU_ASSERT_EQUAL(t->core[2], 0);
	CU_ASSERT_EQUAL(t->handshakes, 16);
	CU_ASSERT_EQUAL(t->per_source, 0);
	CU_ASSERT_STRING_EQUAL(t->ticket_keys, "tickets");
	CU_ASSERT_EQUAL(t->ticket_lifetime_ms, 60000);
	CU_ASSERT_EQUAL(t->aead, CONF_AEAD_CRYPTODEV);
	CU_ASSERT_STRING_EQUAL(t->aead_device, "crypto_aesni_gcm0,socket_id=0");
	CU_ASSERT_STRING_EQUAL(t->keylog, "/tmp/keys");
	conf_destroy(c);
}

/* What the shortest file gives. */
static void defaults(void)
{
	struct conf *c = parse(PORT "[listener l]\naddress=10.0.0.1:80\npool=p\n"
				    "[pool p]\nmember = a 10.0.0.2:80");

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.at.line, 0);
	CU_ASSERT_EQUAL(c->global.n_workers, 0);
	CU_ASSERT_EQUAL(c->global.control, 0);
	CU_ASSERT_EQUAL(c->global.idle, CONF_IDLE_POLL);
	CU_ASSERT_EQUAL(c->global.memory, 1ull << 30);
	CU_ASSERT_EQUAL(c->global.hugepages, CONF_HUGE_AUTO);
	CU_ASSERT_STRING_EQUAL(c->global.socket, "/run/penstock/penstock.sock");
	CU_ASSERT_EQUAL(c->global.metrics.port, 0);
	CU_ASSERT_EQUAL(c->global.drain_ms, 30000);
	CU_ASSERT_EQUAL(c->global.log, LOG_LEVEL_INFO);
	CU_ASSERT_EQUAL(c->ports[0].mtu, 1500);
	CU_ASSERT_EQUAL(c->ports[0].vlan, 0);
	CU_ASSERT_FALSE(c->ports[0].optional);
	CU_ASSERT_FALSE(c->listeners[0].forwarded);
	CU_ASSERT_FALSE(c->listeners[0].request_id);
	CU_ASSERT_EQUAL(c->listeners[0].head_limit, 65536);
	CU_ASSERT_EQUAL(c->listeners[0].head_timeout_ms, 30000);
	CU_ASSERT_EQUAL(c->listeners[0].idle_timeout_ms, 60000);
	CU_ASSERT_EQUAL(c->listeners[0].body_timeout_ms, 60000);
	CU_ASSERT_EQUAL(c->listeners[0].connections, 100000);
	CU_ASSERT_EQUAL(c->pools[0].balance, CONF_BALANCE_LEAST_CONNECTIONS);
	CU_ASSERT_EQUAL(c->pools[0].connect_timeout_ms, 2000);
	CU_ASSERT_EQUAL(c->pools[0].response_timeout_ms, 60000);
	CU_ASSERT_EQUAL(c->pools[0].retries, 2);
	CU_ASSERT_EQUAL(c->pools[0].idle_connections, 64);
	CU_ASSERT_EQUAL(c->pools[0].idle_timeout_ms, 20000);
	CU_ASSERT_EQUAL(c->pools[0].hold_ms, 1000);
	CU_ASSERT_EQUAL(c->tcp.receive_buffer, 1 << 20);
	CU_ASSERT_EQUAL(c->tcp.send_buffer, 1 << 20);
	CU_ASSERT_EQUAL(c->tcp.keepalive_ms, 60000);
	CU_ASSERT_EQUAL(c->tcp.time_wait_ms, 60000);
	CU_ASSERT_EQUAL(c->tcp.congestion, CONF_CC_CUBIC);
	CU_ASSERT_EQUAL(c->tcp.ecn, CONF_ECN_ACCEPT);
	CU_ASSERT_EQUAL(c->listeners[0].congestion, CONF_CC_CUBIC);
	CU_ASSERT_EQUAL(c->pools[0].congestion, CONF_CC_CUBIC);
	conf_destroy(c);
}

/* A snapshot does not point into what it was read from. */
static void owns_its_text(void)
{
	char text[] = PORT "[pool p]\nmember = a 10.0.0.2:80\n";
	struct conf *c = parse(text);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	memset(text, 'x', sizeof(text));
	CU_ASSERT_STRING_EQUAL(c->ports[0].name, "p");
	CU_ASSERT_STRING_EQUAL(c->ports[0].device, "d");
	CU_ASSERT_STRING_EQUAL(c->pools[0].members[0].name, "a");
	conf_destroy(c);
}

static void unreadable(const char *path, const char *want)
{
	struct conf_errors errs = {0};

	CU_ASSERT_EQUAL_FATAL(chdir(CONF_TEST_DATA), 0);
	CU_ASSERT_PTR_NULL(conf_load(path, &errs));
	errors_take(&errs);
	expect_text(path, errors_text, want);
}

static void no_such_file(void)
{
	unreadable("none.ini", "none.ini: cannot be read: No such file or directory\n");
	unreadable("conf.d", "conf.d: cannot be read: Is a directory\n");
	unreadable("/dev/null", "/dev/null: cannot be read: Invalid argument\n");
}

/* Must not wait for a writer. */
static void fifo(void)
{
	char path[] = "/tmp/test_conf.XXXXXX", want[128];
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	unlink(path);
	CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
	snprintf(want, sizeof(want), "%s: cannot be read: Invalid argument\n", path);
	unreadable(path, want);
	unlink(path);
}

/* The directory of a file is no pattern, even when it looks like one. */
static void include_beside(void)
{
	char dir[] = "/tmp/test_[conf]?.XXXXXX", path[64], other[64];
	struct conf *c;
	FILE *f;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/main.ini", dir);
	snprintf(other, sizeof(other), "%s/port.ini", dir);
	f = fopen(path, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs("[global]\ninclude = p*.ini\n", f);
	fclose(f);
	f = fopen(other, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(PORT, f);
	fclose(f);
	c = load(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->ports[0].at.file, other);
	conf_destroy(c);
	unlink(path);
	unlink(other);
	rmdir(dir);
}

static const struct unit_case cases[] = {
	UNIT_CASE(good_global),
	UNIT_CASE(good_ports),
	UNIT_CASE(good_listener),
	UNIT_CASE(good_pools),
	UNIT_CASE(good_certificates),
	UNIT_CASE(good_tls),
	UNIT_CASE(defaults),
	UNIT_CASE(owns_its_text),
	UNIT_CASE(no_such_file),
	UNIT_CASE(fifo),
	UNIT_CASE(include_beside),
};

UNIT_MAIN(cases)
