/* SPDX-License-Identifier: BSD-3-Clause */
#include "file.h"
#include "unit.h"

#define PORT     "[port p]\ndevice = net_null0\naddress = 10.0.0.1/24\ngateway = 10.0.0.254\n"
#define WORKLOAD "[workload w]\noperations = get\nsizes = 4K\n"
#define CLIENTS  "[clients c]\ntarget = 10.0.0.2:9000\nworkload = w\n"

static struct conf_errors errs;

static struct gen_conf *parse(const char *text)
{
	return file_parse("t", text, strlen(text), &errs);
}

static struct gen_conf *good(const char *text)
{
	struct gen_conf *c = parse(text);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		fprintf(stderr, "%s\n", conf_errors_text(&errs, i));
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	conf_errors_fini(&errs);
	return c;
}

static void defaults(void)
{
	struct gen_conf *c = good(PORT WORKLOAD CLIENTS);

	CU_ASSERT_EQUAL(c->global.core, GEN_ANY_CORE);
	CU_ASSERT_EQUAL(c->global.duration_ms, 10000);
	CU_ASSERT_EQUAL(c->global.warmup_ms, 1000);
	CU_ASSERT_EQUAL(c->tcp.receive_buffer, 1 << 20);
	CU_ASSERT_EQUAL(c->clients[0].connections, 16);
	CU_ASSERT_EQUAL(c->clients[0].rate, 0);
	CU_ASSERT_EQUAL(c->clients[0].think.us, 0);
	CU_ASSERT_EQUAL(c->clients[0].timeout_ms, 10000);
	CU_ASSERT_STRING_EQUAL(c->workloads[0].bucket, "s3gen");
	CU_ASSERT_EQUAL(c->workloads[0].part, 8 << 20);
	file_free(c);
}

static void clients(void)
{
	struct gen_conf *c = good(PORT WORKLOAD
		"[workload v]\noperations = put\nsizes = 1M\n"
		"[clients c]\ntarget = 10.0.0.2:9000-9003, 10.9.0.3:80\nworkload = v\n"
		"connections = 100\nrate = 0.5\narrival = poisson\nchurn = 10\noperations = 7\n"
		"timeout = 2s\nprepare = yes\nhost = s3.example.com\naccess-key = A\n"
		"secret-key = S\n"
		"[clients d]\ntarget = 10.0.0.2:9000\nworkload = w\nthink = lognormal 5ms 1.5\n");
	const struct gen_clients *cl = c->clients;

	CU_ASSERT_EQUAL(cl[0].n_target, 5);
	CU_ASSERT_EQUAL(cl[0].target[3].port, 9003);
	CU_ASSERT_EQUAL(cl[0].workload, 1);
	CU_ASSERT_EQUAL(cl[1].workload, 0);
	CU_ASSERT_EQUAL(cl[0].rate, 500);
	CU_ASSERT_EQUAL(cl[0].arrival, GEN_POISSON);
	CU_ASSERT(cl[0].churn == 10 && cl[0].operations == 7 && cl[0].prepare);
	CU_ASSERT_STRING_EQUAL(cl[0].region, "us-east-1");
	CU_ASSERT(cl[1].think.shape == GEN_LOGNORMAL && cl[1].think.us == 5000);
	CU_ASSERT(cl[1].think.sigma == 1.5f);
	file_free(c);
}

static void workloads(void)
{
	struct gen_conf *c = good(PORT CLIENTS
		"[workload w]\noperations = get 90, put 8%, list\nbucket = b\nprefix =\n"
		"sizes = 4K 70%, 100K-10M 30, 0\nkeys = 5\npopularity = hot 90%\n"
		"framing = aws-chunked\nrange = 1M\nranges = sequence\npart = 64K\n");
	const struct gen_workload *w = c->workloads;

	CU_ASSERT(w->op[GEN_GET] == 90 && w->op[GEN_PUT] == 8 && w->op[GEN_LIST] == 1);
	CU_ASSERT_EQUAL(w->n_size, 3);
	CU_ASSERT(w->size[1].min == 100 << 10 && w->size[1].max == 10 << 20);
	CU_ASSERT(w->size[0].weight == 70 && w->size[1].weight == 30 && w->size[2].weight == 1);
	CU_ASSERT(w->popularity == GEN_HOT && w->skew > 0.899f && w->skew < 0.901f);
	CU_ASSERT(w->framing == GEN_AWS_CHUNKED && w->ranges == GEN_WALK);
	CU_ASSERT_PTR_NULL(w->prefix);
	file_free(c);
}

static void origins(void)
{
	struct gen_conf *c =
		good("[port p]\ndevice = net_null0\naddress = 10.0.0.1/24, fd00::1/64\n"
		     "[origins o]\nlisten = 10.0.0.1:9000-9007, [fd00::1]:9000\n"
		     "service = exponential 200us\nslow-down = 1%\nreset = 0.1%\n"
		     "capacity = 32 100ms\ninner = 2%\nreset-head = 2%\netag = 100%\nrefuse = "
		     "1%\nblackhole = 1%\n"
		     "stall = 2% 5s\ndrip = 3% 64K\ncrash = 2s\nreturn = 4s\n");
	const struct gen_origins *o = c->origins;

	CU_ASSERT_EQUAL(o->n_listen, 9);
	CU_ASSERT(o->service.shape == GEN_EXPONENTIAL && o->service.us == 200);
	CU_ASSERT_EQUAL(o->fault.slow_down, (uint32_t)(GEN_CHANCE / 100));
	CU_ASSERT_EQUAL(o->fault.reset, (uint32_t)(GEN_CHANCE / 1000));
	CU_ASSERT_EQUAL(o->fault.stall, (uint32_t)(GEN_CHANCE / 50));
	CU_ASSERT(o->seats == 32 && o->patience_us == 100000);
	CU_ASSERT(o->fault.inner == o->fault.stall && o->fault.reset_head == o->fault.stall);
	CU_ASSERT(o->fault.refuse == o->fault.slow_down && o->fault.blackhole == o->fault.refuse);
	CU_ASSERT_EQUAL(o->fault.etag, UINT32_MAX);
	CU_ASSERT(o->fault.stall_ms == 5000 && o->fault.drip_rate == 64 << 10);
	CU_ASSERT(o->fault.crash_ms == 2000 && o->fault.return_ms == 4000);
	file_free(c);
}

static void tls(void)
{
	struct gen_conf *c = good(PORT WORKLOAD CLIENTS
		"tls = yes\nca = pki/ca.pem\nsni = s3.test\nresume = no\n"
		"[tls]\nversions = 1.3\nciphers = aes-256-gcm\naead = openssl\n"
		"[certificate s3]\nchain = s3.pem\nkey = s3.key\n"
		"[origins o]\nlisten = 10.0.0.1:1\ncertificate = s3\n"
		"[origins q]\nlisten = 10.0.0.1:2\n");

	CU_ASSERT(c->clients[0].tls && c->clients[0].verify && !c->clients[0].resume);
	CU_ASSERT_STRING_EQUAL(c->clients[0].ca, "pki/ca.pem");
	CU_ASSERT_STRING_EQUAL(c->clients[0].sni, "s3.test");
	CU_ASSERT(c->tls.v13 && !c->tls.v12 && c->tls.aead == CONF_AEAD_OPENSSL);
	CU_ASSERT(strstr(c->tls.ciphers, "AES_256_GCM") && !strstr(c->tls.ciphers, "CHACHA"));
	CU_ASSERT_PTR_EQUAL(c->origins[0].cert, &c->certs[0]);
	CU_ASSERT_PTR_NULL(c->origins[1].cert_name);
	file_free(c);
	c = good(PORT WORKLOAD CLIENTS);
	CU_ASSERT(!c->clients[0].tls && c->tls.v12 && c->tls.v13);
	CU_ASSERT_EQUAL(c->tls.aead, CONF_AEAD_IPSEC_MB);
	file_free(c);
}

static const struct {
	const char *text, *why;
} bad[] = {
	{PORT, "there is nobody"},
	{PORT WORKLOAD "[clients c]\nworkload = w\n", "target: missing"},
	{PORT WORKLOAD "[clients c]\ntarget = 10.0.0.2\nworkload = w\n",
		"t:9: [clients c] target: '10.0.0.2' is not an address and port"},
	{PORT WORKLOAD "[clients c]\ntarget = 10.0.0.2:9-8\nworkload = w\n",
		"is not a range of ports"},
	{PORT WORKLOAD "[clients c]\ntarget = 10.0.0.2:1-99\nworkload = w\n", "more than 16"},
	{PORT WORKLOAD "[clients c]\ntarget = 10.0.0.1:9000\nworkload = w\n",
		"is an address of a [port] here"},
	{"[port p]\ndevice = n\naddress = 10.0.0.1/24\n" WORKLOAD
	 "[clients c]\ntarget = 10.1.0.1:9000\nworkload = w\n",
		"10.1.0.1:9000 cannot be reached"},
	{PORT WORKLOAD "[clients c]\ntarget = 10.0.0.2:9000\nworkload = v\n",
		"there is no [workload v]"},
	{PORT WORKLOAD CLIENTS "rate = 0\n", "0 is out of range"},
	{PORT WORKLOAD CLIENTS "rate = 5/s\n", "'5/s' is not a number"},
	{PORT WORKLOAD CLIENTS "rate = 5\nthink = 1ms\n", "has no meaning with a rate"},
	{PORT WORKLOAD CLIENTS "arrival = poisson\n", "has no meaning without a rate"},
	{PORT WORKLOAD CLIENTS "think = 5\n", "'5' is not a time"},
	{PORT WORKLOAD CLIENTS "style = virtual\n", "has no name to put the bucket before"},
	{PORT WORKLOAD CLIENTS "style = host\n", "path | virtual"},
	{PORT WORKLOAD CLIENTS "duration = 0ms\n", "out of range"},
	{PORT WORKLOAD CLIENTS "think = lognormal 5ms\n", "is not a distribution"},
	{PORT WORKLOAD CLIENTS "think = exponential 5ms 1\n", "is not a distribution"},
	{PORT WORKLOAD CLIENTS "access-key = A\n", "secret-key: missing"},
	{PORT WORKLOAD CLIENTS "connections = 0\n", "allowed: 1 to 1000000"},
	{PORT WORKLOAD CLIENTS "colour = red\n", "unknown key"},
	{PORT CLIENTS "[workload w]\noperations = get, fetch\nsizes = 1\n",
		"'fetch' is not an operation and a weight"},
	{PORT CLIENTS "[workload w]\noperations = get 0\nsizes = 1\n",
		"'get 0' is not an operation"},
	{PORT CLIENTS "[workload w]\noperations = get 1.5\nsizes = 1\n",
		"is not an operation and a weight"},
	{PORT CLIENTS "[workload w]\noperations = get, get 2\nsizes = 1\n", "get is given twice"},
	{PORT CLIENTS "[workload w]\noperations = get\nsizes = 9-3\n", "'9-3' is not a size"},
	{PORT CLIENTS "[workload w]\noperations = get\nsizes = 6T\n", "'6T' is not a size"},
	{PORT CLIENTS "[workload w]\noperations = get\nsizes = 4K 1 2\n",
		"is not a size and a weight"},
	{PORT CLIENTS WORKLOAD "popularity = zipf\n", "lacks its number"},
	{PORT CLIENTS WORKLOAD "popularity = uniform 1\n", "has one too many"},
	{PORT CLIENTS WORKLOAD "popularity = hot 101%\n", "lacks its number"},
	{PORT CLIENTS WORKLOAD "prefix = a b\n", "would have to be escaped"},
	{PORT CLIENTS "[workload w]\noperations = multipart\nsizes = 1T\npart = 1M\n",
		"more than 10000 parts"},
	{PORT "[origins o]\nlisten = 10.0.0.9:9000\n", "is on no port"},
	{PORT WORKLOAD CLIENTS "sni = s3.test\n",
		"t:11: [clients c] sni: has no meaning without TLS"},
	{PORT WORKLOAD CLIENTS "resume = no\n", "resume: has no meaning without TLS"},
	{PORT WORKLOAD CLIENTS "tls = yes\nverify = no\nca = a.pem\n",
		"ca: has no meaning where nothing is verified"},
	{PORT WORKLOAD CLIENTS "tls = yes\nsni = 10.0.0.2\n", "is not the name of a host"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\ncertificate = s3\n",
		"t:7: [origins o] certificate: there is no [certificate s3]"},
	{PORT WORKLOAD CLIENTS "[certificate s3]\nchain = a.pem\n", "key: missing"},
	{PORT WORKLOAD CLIENTS "[tls]\nversions = 1.1\n", "'1.1' is not a choice"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\n[origins q]\nlisten = 10.0.0.1:1\n",
		"given twice, first by [origins o]"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\nslow-down = 1\n", "'1' is not a share"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\nstall = 1%\n", "is not a share and a time"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\ndrip = 1% 0\n", "is not a share and bytes"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\nreturn = 5s\n", "without a crash"},
	{PORT "[origins o]\nlisten = 10.0.0.1:1\ncrash = 5s\nreturn = 5s\n",
		"is not after the crash"},
	{"[global]\ncore = 2000\n" PORT WORKLOAD CLIENTS, "2000 is out of range"},
	{"[global]\nduration = 0s\n" PORT WORKLOAD CLIENTS, "out of range"},
};

static void refused(void)
{
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		const char *said;

		CU_ASSERT_PTR_NULL(parse(bad[i].text));
		CU_ASSERT_EQUAL(conf_errors_count(&errs), 1);
		said = conf_errors_text(&errs, 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(said, bad[i].why));
		if (!strstr(said, bad[i].why) || conf_errors_count(&errs) != 1)
			fprintf(stderr, "case %u: '%s', wanted '%s'\n", i, said, bad[i].why);
		conf_errors_fini(&errs);
	}
}

static void operation_names(void)
{
	CU_ASSERT_STRING_EQUAL(file_op_name(GEN_GET), "get");
	CU_ASSERT_STRING_EQUAL(file_op_name(GEN_LIST), "list");
}

static const struct unit_case cases[] = {
	UNIT_CASE(defaults),
	UNIT_CASE(clients),
	UNIT_CASE(workloads),
	UNIT_CASE(origins),
	UNIT_CASE(tls),
	UNIT_CASE(refused),
	UNIT_CASE(operation_names),
};
UNIT_MAIN(cases)
