/* SPDX-License-Identifier: BSD-3-Clause */
/* Every key of the file: a new one is a field in conf.h, a line here, a line in
 * config/penstock.ini. */
#include "conf/conf_priv.h"

#define FIELD      CONF_FIELD
#define NOFIELD    CONF_NOFIELD
#define KIB        1024ull
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define SEC        1000ull
#define HOUR       (3600 * SEC)
#define CONGESTION "cubic | newreno | bbr | dctcp"
#define PEM        "a file in PEM"

static const struct conf_key global_keys[] = {
	{"include", conf_value_include, NOFIELD, .repeat = true, .help = "a file or DIR/*.ini"},
	{"workers", conf_value_cores, NOFIELD, 0, 1023, .list = true,
		.help = "cores by number or range, as 1-3,5"},
	{"control", conf_value_number, FIELD(conf_global, control), 0, 1023, "0"},
	{"idle", conf_value_word, FIELD(conf_global, idle), .def = "poll", .help = "poll | sleep"},
	{"memory", conf_value_bytes, FIELD(conf_global, memory), 64 * MIB, 1024 * GIB, "1G"},
	{"buffer", conf_value_bytes, FIELD(conf_global, buffer), 2 * KIB, 16 * KIB, "2K"},
	{"hugepages", conf_value_word, FIELD(conf_global, hugepages), .def = "auto",
		.help = "auto | yes | no"},
	{"socket", conf_value_path, FIELD(conf_global, socket),
		.def = "/run/penstock/penstock.sock",
		.help = "an absolute path of at most 107 bytes"},
	{"metrics", conf_value_endpoint, FIELD(conf_global, metrics), .help = "ADDRESS:PORT"},
	{"drain", conf_value_ms, FIELD(conf_global, drain_ms), 0, HOUR, "30s"},
	{"replay-memory", conf_value_bytes, FIELD(conf_global, replay_memory), 0, 512 * GIB, "64M"},
	{"log", conf_value_word, FIELD(conf_global, log), .def = "info",
		.help = "error | warn | info | debug"},
};

const struct conf_key conf_port_keys[CONF_PORT_KEYS] = {
	{"device", conf_value_text, FIELD(conf_port, device), .required = true,
		.help = "a PCI address or a vdev, as net_af_xdp0,iface=eth1"},
	{"mtu", conf_value_number, FIELD(conf_port, mtu), 576, 9600, "1500"},
	{"address", conf_value_port_address, NOFIELD, .required = true, .list = true,
		.help = "up to 8 host addresses with prefix length, as 10.0.0.10/24"},
	{"gateway", conf_value_port_gateway, NOFIELD, .list = true,
		.help = "one next hop for IPv4, one for IPv6"},
	{"vlan", conf_value_number, FIELD(conf_port, vlan), 1, 4094},
	{"mac", conf_value_mac, FIELD(conf_port, mac),
		.help = "a unicast address, as 02:00:00:00:00:0a"},
	{"optional", conf_value_bool, FIELD(conf_port, optional), .def = "no"},
};

static const struct conf_key static_keys[] = {
	{"to", conf_value_target, FIELD(conf_static, to), .required = true,
		.help = "NETWORK/LENGTH, as 10.30.0.0/16"},
	{"via", conf_value_addr, FIELD(conf_static, via), .required = true,
		.help = "the address of a next hop"},
};

static const struct conf_key listener_keys[] = {
	{"address", conf_value_listen_address, NOFIELD, .required = true, .list = true,
		.help = "up to 8 of ADDRESS:PORT or [ADDRESS]:PORT"},
	{"mode", conf_value_word, FIELD(conf_listener, mode), .def = "http",
		.help = "http | splice | echo | sni"},
	{"pool", conf_value_name, FIELD(conf_listener, pool_name), .help = "the name of a [pool]"},
	{"domain", conf_value_domain, NOFIELD, .list = true, .help = "up to 64 DNS names"},
	{"server-name", conf_value_server_name, NOFIELD, .repeat = true,
		.help = "NAME POOL, NAME as s3.example.com or *.s3.example.com, up to 256 times"},
	{"forwarded", conf_value_bool, FIELD(conf_listener, forwarded), .def = "no"},
	{"request-id", conf_value_bool, FIELD(conf_listener, request_id), .def = "no"},
	{"head-limit", conf_value_bytes, FIELD(conf_listener, head_limit), KIB, 64 * KIB, "64K"},
	{"head-timeout", conf_value_ms, FIELD(conf_listener, head_timeout_ms), 100, HOUR, "30s"},
	{"idle-timeout", conf_value_ms, FIELD(conf_listener, idle_timeout_ms), 100, HOUR, "60s"},
	{"body-timeout", conf_value_ms, FIELD(conf_listener, body_timeout_ms), 100, HOUR, "60s"},
	{"connections", conf_value_number, FIELD(conf_listener, connections), 1, 10000000,
		"100000"},
	{"congestion", conf_value_word, FIELD(conf_listener, congestion), .help = CONGESTION},
	{"certificate", conf_value_certificate, NOFIELD, .list = true,
		.help = "up to 32 names of a [certificate]"},
	{"client-certificate", conf_value_word, FIELD(conf_listener, client_cert), .def = "off",
		.help = "off | optional | required"},
	{"client-ca", conf_value_file, FIELD(conf_listener, client_ca), .help = PEM},
	{"client-crl", conf_value_file, FIELD(conf_listener, client_crl), .help = PEM},
	{"handshake-timeout", conf_value_ms, FIELD(conf_listener, handshake_timeout_ms), 100, HOUR,
		"10s"},
};

#define PATTERNS "up to 64 of 255 bytes, '*' any bytes, '?' any one"

static const struct conf_key route_keys[] = {
	{"listener", conf_value_route_listener, NOFIELD, .list = true,
		.help = "names of a [listener] of mode = http"},
	{"host", conf_value_host_pattern, FIELD(conf_route, host), .list = true,
		.help = PATTERNS ", no port"},
	{"bucket", conf_value_pattern, FIELD(conf_route, bucket), .list = true, .help = PATTERNS},
	{"key", conf_value_pattern, FIELD(conf_route, key), .list = true, .help = PATTERNS},
	{"operation", conf_value_operation, FIELD(conf_route, operation), .list = true,
		.help = "up to 64 names of S3, as GetObject"},
	{"class", conf_value_bit, FIELD(conf_route, classes), .list = true,
		.help = "read | write | list | multipart | delete | admin"},
	{"method", conf_value_method_pattern, FIELD(conf_route, method), .list = true,
		.help = "methods as they are sent, as GET"},
	{"access-key", conf_value_pattern, FIELD(conf_route, access_key), .list = true,
		.help = PATTERNS},
	{"source", conf_value_source, NOFIELD, .list = true,
		.help = "up to 64 of NETWORK/LENGTH, as 10.30.0.0/16"},
	{"header", conf_value_header, NOFIELD, .repeat = true,
		.help = "NAME PATTERN, '*' any bytes, '?' any one, up to 64 times"},
	{"size", conf_value_bit, FIELD(conf_route, sizes), .list = true,
		.help = "unknown | tiny | small | medium | large | huge"},
	{"subject", conf_value_pattern, FIELD(conf_route, subject), .repeat = true,
		.help = PATTERNS},
	{"pool", conf_value_name, FIELD(conf_route, pool_name), .help = "the name of a [pool]"},
	{"error", conf_value_number, FIELD(conf_route, status), 400, 599},
	{"redirect", conf_value_redirect, NOFIELD,
		.help = "[301 | 302 | 307 | 308] SCHEME://HOST[:PORT], as 307 "
			"https://s3.example.com"},
};

static const struct conf_key pool_keys[] = {
	{"balance", conf_value_word, FIELD(conf_pool, balance), .def = "least-connections",
		.help = "round-robin | least-connections | random-two | tail | hash"},
	{"member", conf_value_member, NOFIELD, 1, 256, .required = true, .repeat = true,
		.help = "NAME ADDRESS:PORT [weight=1..256] [priority=0..9], up to 256 times"},
	{"connect-timeout", conf_value_ms, FIELD(conf_pool, connect_timeout_ms), 10, HOUR, "2s"},
	{"response-timeout", conf_value_ms, FIELD(conf_pool, response_timeout_ms), 100, HOUR,
		"60s"},
	{"retries", conf_value_number, FIELD(conf_pool, retries), 0, 16, "2"},
	{"idle-connections", conf_value_number, FIELD(conf_pool, idle_connections), 0, 65535, "64"},
	{"idle-timeout", conf_value_ms, FIELD(conf_pool, idle_timeout_ms), 100, HOUR, "20s"},
	{"hold", conf_value_ms, FIELD(conf_pool, hold_ms), 0, HOUR, "1s"},
	{"affinity", conf_value_word, FIELD(conf_pool, affinity), .def = "none",
		.help = "none | upload"},
	{"hash-load", conf_value_percent, FIELD(conf_pool, hash_load), 100, 1000, "125%"},
	{"slow-start", conf_value_ms, FIELD(conf_pool, slow_start_ms), 0, HOUR, "0s"},
	{"panic", conf_value_percent, FIELD(conf_pool, panic), 0, 100, "50%"},
	{"eject-limit", conf_value_percent, FIELD(conf_pool, eject_limit), 0, 100, "50%"},
	{"priority-members", conf_value_number, FIELD(conf_pool, priority_members), 1, 256, "1"},
	{"check", conf_value_name, FIELD(conf_pool, check_name), .help = "the name of a [check]"},
	{"eject-errors", conf_value_number, FIELD(conf_pool, eject_errors), 0, 1000, "5"},
	{"eject-time", conf_value_ms, FIELD(conf_pool, eject_ms), 100, HOUR, "10s"},
	{"eject-time-max", conf_value_ms, FIELD(conf_pool, eject_max_ms), 100, 24 * HOUR, "5m"},
	{"slow-factor", conf_value_number, FIELD(conf_pool, slow_factor), 0, 1000, "5"},
	{"concurrency", conf_value_number, FIELD(conf_pool, concurrency), 0, 1000000, "0"},
	{"adaptive", conf_value_bool, FIELD(conf_pool, adaptive), .def = "no"},
	{"queue", conf_value_number, FIELD(conf_pool, queue), 0, 1000000, "1024"},
	{"queue-timeout", conf_value_ms, FIELD(conf_pool, queue_timeout_ms), 1, HOUR, "5s"},
	{"retry-budget", conf_value_percent, FIELD(conf_pool, retry_budget), 0, 100, "20%"},
	{"retry-floor", conf_value_number, FIELD(conf_pool, retry_floor), 0, 100000, "10"},
	{"replay-body", conf_value_bytes, FIELD(conf_pool, replay_body), 0, GIB, "16M"},
	{"resume", conf_value_bool, FIELD(conf_pool, resume), .def = "yes"},
	{"stall-rate", conf_value_bytes, FIELD(conf_pool, stall_rate), 0, GIB, "1K"},
	{"stall-time", conf_value_ms_off, FIELD(conf_pool, stall_ms), 100, HOUR, "10s",
		.help = "off"},
	{"complete-timeout", conf_value_ms, FIELD(conf_pool, complete_timeout_ms), SEC, 24 * HOUR,
		"10m"},
	{"congestion", conf_value_word, FIELD(conf_pool, congestion), .help = CONGESTION},
	{"tls", conf_value_bool, FIELD(conf_pool, tls), .def = "no"},
	{"verify", conf_value_bool, FIELD(conf_pool, verify), .def = "yes"},
	{"ca", conf_value_file, FIELD(conf_pool, ca), .help = PEM},
	{"sni", conf_value_host, FIELD(conf_pool, sni), .help = "a DNS name"},
	{"certificate", conf_value_name, FIELD(conf_pool, cert_name),
		.help = "the name of a [certificate]"},
};

static const struct conf_key check_keys[] = {
	{"kind", conf_value_word, FIELD(conf_check, kind), .required = true,
		.help = "tcp | http | s3 | canary"},
	{"interval", conf_value_ms, FIELD(conf_check, interval_ms), 100, HOUR, "2s"},
	{"timeout", conf_value_ms, FIELD(conf_check, timeout_ms), 10, HOUR, "1s"},
	{"rise", conf_value_number, FIELD(conf_check, rise), 1, 100, "2"},
	{"fall", conf_value_number, FIELD(conf_check, fall), 1, 100, "3"},
	{"method", conf_value_method, FIELD(conf_check, method), .help = "as HEAD"},
	{"path", conf_value_target_path, FIELD(conf_check, path), .help = "as /health?full=1"},
	{"host", conf_value_authority, FIELD(conf_check, host), .help = "HOST[:PORT]"},
	{"status", conf_value_status, NOFIELD, 100, 599, .help = "100 to 599, as 200 or 200-399"},
	{"bucket", conf_value_bucket, FIELD(conf_check, bucket), .help = "the name of a bucket"},
	{"prefix", conf_value_prefix, FIELD(conf_check, prefix),
		.help = "letters, digits and -._~/"},
	{"access-key", conf_value_text, FIELD(conf_check, access_key), .help = "any text"},
	{"secret-file", conf_value_file, FIELD(conf_check, secret_file),
		.help = "a file with the secret key"},
	{"region", conf_value_text, FIELD(conf_check, region), .help = "as us-east-1"},
};

/* They need no writing: their name says it all. */
static const struct conf_preset checks[] = {
	{"tcp", "kind", "tcp"}, {"http", "kind", "http"}, {"s3", "kind", "s3"}};

const struct conf_key conf_certificate_keys[CONF_CERTIFICATE_KEYS] = {
	{"chain", conf_value_file, FIELD(conf_certificate, chain), .required = true, .help = PEM},
	{"key", conf_value_file, FIELD(conf_certificate, key), .required = true, .help = PEM},
	{"ocsp", conf_value_file, FIELD(conf_certificate, ocsp), .help = "a file in DER"},
};

static const struct conf_key tls_keys[] = {
	{"versions", conf_value_version, NOFIELD, .list = true, .def = "1.2, 1.3",
		.help = "1.2 | 1.3"},
	{"ciphers", conf_value_cipher, FIELD(conf_tls, ciphers), .list = true,
		.def = "aes-128-gcm, aes-256-gcm, chacha20-poly1305",
		.help = "aes-128-gcm | aes-256-gcm | chacha20-poly1305"},
	{"groups", conf_value_group, FIELD(conf_tls, groups), .list = true,
		.def = "x25519, p-256, p-384", .help = "x25519 | p-256 | p-384"},
	{"handshake-threads", conf_value_number, FIELD(conf_tls, threads), 0, 64, "1"},
	{"handshake-cores", conf_value_handshake_cores, NOFIELD, 0, 1023, .list = true,
		.help = "cores by number or range, as 1-3,5"},
	{"handshakes", conf_value_number, FIELD(conf_tls, handshakes), 16, 65536, "1024"},
	{"handshakes-per-source", conf_value_number, FIELD(conf_tls, per_source), 0, 65536, "256"},
	{"ticket-keys", conf_value_file, FIELD(conf_tls, ticket_keys),
		.help = "a file of keys of 80 bytes, the newest first"},
	{"ticket-lifetime", conf_value_ms, FIELD(conf_tls, ticket_lifetime_ms), 60 * SEC,
		168 * HOUR, "2h"},
	{"aead", conf_value_word, FIELD(conf_tls, aead), .def = "ipsec_mb",
		.help = "ipsec_mb | openssl | cryptodev"},
	{"aead-device", conf_value_text, FIELD(conf_tls, aead_device),
		.help = "a PCI address or a vdev, as crypto_aesni_gcm0"},
	{"keylog", conf_value_file, FIELD(conf_tls, keylog), .help = "a file, for debugging"},
};

const struct conf_key conf_tcp_keys[CONF_TCP_KEYS] = {
	{"receive-buffer", conf_value_bytes, FIELD(conf_tcp, receive_buffer), 16 * KIB, 64 * MIB,
		"1M"},
	{"send-buffer", conf_value_bytes, FIELD(conf_tcp, send_buffer), 16 * KIB, 64 * MIB, "1M"},
	{"keepalive", conf_value_ms_off, FIELD(conf_tcp, keepalive_ms), SEC, 24 * HOUR, "60s",
		.help = "off"},
	{"time-wait", conf_value_ms, FIELD(conf_tcp, time_wait_ms), SEC, 240 * SEC, "60s"},
	{"congestion", conf_value_word, FIELD(conf_tcp, congestion), .def = "cubic",
		.help = CONGESTION},
	{"ecn", conf_value_word, FIELD(conf_tcp, ecn), .def = "accept",
		.help = "accept | yes | no"},
};

#define KEYS(k)      k, sizeof(k) / sizeof((k)[0])
#define ARRAY(s, a)  CONF_ARRAY(s, conf, a)
#define SINGLE(s, f) CONF_SINGLE(s, conf, f)

static const struct conf_kind kinds[KINDS] = {
	[KIND_GLOBAL] = {"global", KEYS(global_keys), false, 1, SINGLE(conf_global, global)},
	[KIND_PORT] = {"port", KEYS(conf_port_keys), true, CONF_PORTS_MAX, ARRAY(conf_port, ports)},
	[KIND_STATIC] = {"route-static", KEYS(static_keys), true, CONF_STATICS_MAX,
		ARRAY(conf_static, statics)},
	[KIND_LISTENER] = {"listener", KEYS(listener_keys), true, CONF_LISTENERS_MAX,
		ARRAY(conf_listener, listeners), conf__listener_begin},
	[KIND_ROUTE] = {"route", KEYS(route_keys), true, CONF_ROUTES_MAX, ARRAY(conf_route, routes),
		conf__route_begin},
	[KIND_POOL] = {"pool", KEYS(pool_keys), true, CONF_POOLS_MAX, ARRAY(conf_pool, pools),
		conf__pool_begin},
	[KIND_CHECK] = {"check", KEYS(check_keys), true, CONF_CHECKS_MAX, ARRAY(conf_check, checks),
		NULL, KEYS(checks)},
	[KIND_CERTIFICATE] = {"certificate", KEYS(conf_certificate_keys), true, CONF_CERTS_MAX,
		ARRAY(conf_certificate, certs)},
	[KIND_TLS] = {"tls", KEYS(tls_keys), false, 1, SINGLE(conf_tls, tls)},
	[KIND_TCP] = {"tcp", KEYS(conf_tcp_keys), false, 1, SINGLE(conf_tcp, tcp)},
};

const struct conf_table conf__table = {kinds, KINDS, sizeof(struct conf), conf__check};

const struct conf_key *conf__key_find(const struct conf_kind *kind, const char *name)
{
	for (unsigned i = 0; i < kind->n_keys; i++)
		if (strcmp(kind->keys[i].name, name) == 0)
			return &kind->keys[i];
	return NULL;
}
