/* SPDX-License-Identifier: BSD-3-Clause */
/* Values: text to a field, units written out, ranges from the table, nothing rounded or guessed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* The largest first: that is the one to print. */
static const struct unit units_ms[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {0}};
static const struct unit units_bytes[] = {
	{"T", 1ull << 40}, {"G", 1ull << 30}, {"M", 1ull << 20}, {"K", 1ull << 10}, {"", 1}, {0}};
static const struct unit units_percent[] = {{"%", 1}, {" %", 1}, {0}};
static const struct unit units_none[] = {{"", 1}, {0}};

static const struct unit *units_of(const struct conf_key *key)
{
	if (key->parse == conf_value_ms || key->parse == conf_value_ms_off)
		return units_ms;
	if (key->parse == conf_value_percent)
		return units_percent;
	return key->parse == conf_value_bytes ? units_bytes : units_none;
}

static int amount_text(char *text, size_t n, uint64_t amount, const struct unit *u)
{
	while (u->factor > 1 && (amount % u->factor || amount < u->factor))
		u++;
	return snprintf(text, n, "%llu%s", (unsigned long long)(amount / u->factor), u->name);
}

const char *conf__allowed(const struct conf_key *key, char *text)
{
	const struct unit *u = units_of(key);
	size_t n = 0;

	text[0] = '\0';
	if (key->parse == conf_value_bool)
		return "yes | no";
	if (key->size && key->max) {
		n += (size_t)amount_text(text, 32, key->min, u);
		n += (size_t)snprintf(text + n, 8, " to ");
		n += (size_t)amount_text(text + n, 32, key->max, u);
	}
	if (key->help)
		snprintf(text + n, CONF__ALLOWED_MAX - n, "%s%s", n ? ", or " : "", key->help);
	return text;
}

/* Decimal digits and a unit. 0, -EINVAL, or -ERANGE when it does not fit 64 bits. */
static int amount_parse(const char *text, const struct unit *u, uint64_t *out)
{
	unsigned long long v;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	while (u->factor && strcmp(u->name, end) != 0)
		u++;
	if (!u->factor)
		return -EINVAL;
	return __builtin_mul_overflow(v, u->factor, out) ? -ERANGE : 0;
}

/* A number into the value's field of 2, 4 or 8 bytes. */
static void store(struct conf_value *v, uint64_t x)
{
	switch (v->key->size) {
	case 2:
		*(uint16_t *)v->field = (uint16_t)x;
		break;
	case 4:
		*(uint32_t *)v->field = (uint32_t)x;
		break;
	default:
		ASSERT(v->key->size == 8, "a number's field has 2, 4 or 8 bytes");
		*(uint64_t *)v->field = x;
	}
}

static int amount(struct conf_value *v, const char *what)
{
	uint64_t x;
	int rc = amount_parse(v->text, units_of(v->key), &x);

	if (rc == -EINVAL)
		return conf_bad(v, "'%.64s' is not %s", v->text, what);
	if (rc < 0 || x < v->key->min || x > v->key->max)
		return conf_bad(v, "%.64s is out of range", v->text);
	store(v, x);
	return 0;
}

int conf_bytes_parse(const char *text, uint64_t *out)
{
	return amount_parse(text, units_bytes, out);
}

int conf_value_number(struct conf_value *v)
{
	return amount(v, "a number");
}

int conf_value_ms(struct conf_value *v)
{
	return amount(v, "a duration with a unit (ms, s, m, h)");
}

int conf_value_ms_off(struct conf_value *v)
{
	if (strcmp(v->text, "off") != 0)
		return conf_value_ms(v);
	store(v, 0);
	return 0;
}

int conf_value_bytes(struct conf_value *v)
{
	return amount(v, "a size in bytes (units K, M, G, T)");
}

int conf_value_percent(struct conf_value *v)
{
	return amount(v, "a share in percent, as 50%");
}

int conf_value_bool(struct conf_value *v)
{
	bool yes = strcmp(v->text, "yes") == 0;

	if (!yes && strcmp(v->text, "no") != 0)
		return conf_bad(v, "'%.64s' is not a choice", v->text);
	*(bool *)v->field = yes;
	return 0;
}

/* The index of the word among those of help, or -1, the error reported. */
static int word_index(struct conf_value *v)
{
	struct span rest = span_str(v->key->help), word;

	for (int i = 0; span_next(&rest, '|', &word); i++)
		if (span_eq(word, span_str(v->text)))
			return i;
	conf_bad(v, "'%.64s' is not a choice", v->text);
	return -1;
}

int conf_value_word(struct conf_value *v)
{
	int i = word_index(v);

	if (i < 0)
		return -EINVAL;
	store(v, (unsigned)i);
	return 0;
}

int conf_value_bit(struct conf_value *v)
{
	uint32_t *bits = v->field;
	int i = word_index(v);

	if (i < 0)
		return -EINVAL;
	if (*bits & 1u << i)
		return conf_bad(v, "%s is given twice", v->text);
	*bits |= 1u << i;
	return 0;
}

static int text_store(struct conf_value *v)
{
	*(const char **)v->field = conf_strdup(v->ld, span_str(v->text));
	return 0;
}

int conf_value_text(struct conf_value *v)
{
	return *v->text ? text_store(v) : conf_bad(v, "empty");
}

bool conf__name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= CONF_NAME_MAX && strspn(name, CONF__ALNUM) > 0 &&
	       strspn(name, CONF__ALNUM "._-") == n;
}

int conf_value_name(struct conf_value *v)
{
	return conf__name_ok(v->text) ? text_store(v)
				      : conf_bad(v, "'%.64s' is not a name", v->text);
}

int conf_value_path(struct conf_value *v)
{
	if (v->text[0] != '/' || strlen(v->text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return conf_bad(v, "'%.128s' does not fit", v->text);
	return text_store(v);
}

static int core_add(struct conf_value *v, uint16_t *core, unsigned *n, unsigned max, uint64_t x)
{
	for (unsigned i = 0; i < *n; i++)
		if (core[i] == x)
			return conf_bad(v, "core %u is given twice", (unsigned)x);
	if (*n == max)
		return conf_bad(v, "more than %u cores", max);
	core[(*n)++] = (uint16_t)x;
	return 0;
}

int conf__cores_add(struct conf_value *v, uint16_t *core, unsigned *n, unsigned max)
{
	const char *dash = strchr(v->text, '-');
	char from[24];
	uint64_t a, b;

	snprintf(from, sizeof(from), "%.*s", (int)(dash ? dash - v->text : 23), v->text);
	if (amount_parse(from, units_none, &a) < 0 ||
		amount_parse(dash ? dash + 1 : from, units_none, &b) < 0 || a > b)
		return conf_bad(v, "'%.64s' is not a core or a range", v->text);
	if (b > v->key->max)
		return conf_bad(v, "core %llu is out of range, the last is %llu",
			(unsigned long long)b, (unsigned long long)v->key->max);
	for (; a <= b; a++)
		if (core_add(v, core, n, max, a) < 0)
			return -EINVAL;
	return 0;
}

int conf_value_cores(struct conf_value *v)
{
	struct conf_global *g = v->obj;

	return conf__cores_add(v, g->workers, &g->n_workers, CONF_WORKERS_MAX);
}

int conf_value_mac(struct conf_value *v)
{
	static const uint8_t none[6];
	unsigned b[6];
	uint8_t *mac = v->field;
	int end = 0;

	if (strlen(v->text) != 17 || strspn(v->text, "0123456789abcdefABCDEF:") != 17 ||
		sscanf(v->text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
			&b[5], &end) != 6 ||
		end != 17)
		return conf_bad(v, "'%.64s' is not a MAC address", v->text);
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	if ((mac[0] & 1) || memcmp(mac, none, 6) == 0)
		return conf_bad(v, "%s is not unicast", v->text);
	return 0;
}

/* What an address is for other than one host, or NULL. */
static const char *addr_special(const struct ip_addr *a)
{
	static const struct ip_addr loop6 = {.b = {[15] = 1}};

	if (ip_is_unspecified(a))
		return "unspecified";
	if (ip_is_multicast(a))
		return "multicast";
	if (ip_is_v4(a) ? a->b[12] == 127 : ip_addr_eq(a, &loop6))
		return "loopback";
	if (ip_is_v4(a) && a->b[12] >= 240)
		return "reserved";
	return NULL;
}

/* A host's address into *out. */
static int host_parse(struct conf_value *v, const char *text, struct ip_addr *out)
{
	const char *special;

	if (ip_addr_parse(text, out) < 0)
		return conf_bad(v, "'%.64s' is not an IP address", v->text);
	special = addr_special(out);
	return special ? conf_bad(v, "%s is %s", v->text, special) : 0;
}

int conf_value_addr(struct conf_value *v)
{
	return host_parse(v, v->text, v->field);
}

int conf_value_endpoint(struct conf_value *v)
{
	if (ip_endpoint_parse(v->text, v->field) < 0)
		return conf_bad(v, "'%.64s' is not an address and port", v->text);
	return 0;
}

/* "ADDRESS/LENGTH". host: the address is a host's. */
static int prefix_parse(struct conf_value *v, struct conf_prefix *out, bool host)
{
	const char *slash = strchr(v->text, '/');
	char addr[IP_ADDR_TEXT];
	uint64_t bits;
	bool v4;

	if (!slash || slash - v->text >= IP_ADDR_TEXT ||
		amount_parse(slash + 1, units_none, &bits) < 0)
		return conf_bad(v, "'%.64s' is not an address with prefix length", v->text);
	snprintf(addr, sizeof(addr), "%.*s", (int)(slash - v->text), v->text);
	if (host ? host_parse(v, addr, &out->addr) < 0 : ip_addr_parse(addr, &out->addr) < 0)
		return host ? -EINVAL : conf_bad(v, "'%.64s' is not an IP address", addr);
	v4 = ip_is_v4(&out->addr);
	if (bits < host || bits > (v4 ? 32 : 128))
		return conf_bad(v, "/%llu is not a length from %d to %d", (unsigned long long)bits,
			host, v4 ? 32 : 128);
	out->bits = (uint8_t)(bits + (v4 ? 96 : 0));
	return 0;
}

/* The part of an address that is the host's, all ones (1), all zeros (0) or neither (-1). */
static int host_bits(const struct conf_prefix *p)
{
	unsigned ones = 0, n = 128u - p->bits;

	for (unsigned i = p->bits; i < 128; i++)
		ones += p->addr.b[i / 8] >> (7 - i % 8) & 1;
	return ones == 0 ? 0 : ones == n ? 1 : -1;
}

int conf_value_target(struct conf_value *v)
{
	struct conf_prefix *p = v->field;

	if (prefix_parse(v, p, false) < 0)
		return -EINVAL;
	if (host_bits(p) != 0)
		return conf_bad(v, "%s has bits set beyond its length", v->text);
	return ip_is_multicast(&p->addr) ? conf_bad(v, "%s is multicast", v->text) : 0;
}

static int port_address_check(struct conf_value *v, const struct conf_prefix *p)
{
	const struct ip_addr *a = &p->addr;

	/* the port makes its own from its MAC (RFC 4291 2.5.6) */
	if (!ip_is_v4(a) && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80)
		return conf_bad(v, "%s is link-local", v->text);
	/* RFC 3021: a /31 has no network or broadcast address; RFC 4291 2.6.1: subnet anycast */
	if (p->bits < 127 && host_bits(p) == 0)
		return conf_bad(v, "%s is the subnet's own address", v->text);
	if (p->bits < 127 && ip_is_v4(a) && host_bits(p) == 1)
		return conf_bad(v, "%s is the subnet's broadcast address", v->text);
	return 0;
}

int conf_value_port_address(struct conf_value *v)
{
	struct conf_port *port = v->obj;
	struct conf_prefix p = {0};

	if (prefix_parse(v, &p, true) < 0 || port_address_check(v, &p) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < port->n_addr; i++)
		if (ip_addr_eq(&port->addr[i].addr, &p.addr))
			return conf_bad(v, "%s is given twice", v->text);
	if (port->n_addr == CONF_PORT_ADDRS_MAX)
		return conf_bad(v, "more than %u addresses", CONF_PORT_ADDRS_MAX);
	port->addr[port->n_addr++] = p;
	return 0;
}

int conf_value_port_gateway(struct conf_value *v)
{
	struct conf_port *port = v->obj;
	struct ip_addr a;

	if (host_parse(v, v->text, &a) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < port->n_gateway; i++)
		if (ip_is_v4(&port->gateway[i]) == ip_is_v4(&a))
			return conf_bad(v, "%s is a second one for %s", v->text,
				ip_is_v4(&a) ? "IPv4" : "IPv6");
	port->gateway[port->n_gateway++] = a;
	return 0;
}

int conf_value_listen_address(struct conf_value *v)
{
	struct conf_listener *l = v->obj;
	struct ip_endpoint e;

	if (ip_endpoint_parse(v->text, &e) < 0)
		return conf_bad(v, "'%.64s' is not an address and port", v->text);
	if (l->n_addr == CONF_LISTEN_ADDRS_MAX)
		return conf_bad(v, "more than %u addresses", CONF_LISTEN_ADDRS_MAX);
	l->addr[l->n_addr++] = e;
	return 0;
}

#define PRIORITY_MAX   9u
#define PRIORITY_UNSET 0xffu

/* "weight=N" or "priority=N" into its field. */
static int member_option(struct conf_value *v, struct conf_member *m, struct span opt)
{
	bool heavy = opt.n >= 7 && memcmp(opt.p, "weight=", 7) == 0;
	bool ranked = opt.n >= 9 && memcmp(opt.p, "priority=", 9) == 0;
	const char *what = heavy ? "weight" : "priority";
	size_t skip = heavy ? 7 : 9;
	char text[24];
	uint64_t x;

	if (!heavy && !ranked)
		return conf_bad(
			v, "'%.*s' is not an option", (int)(opt.n < 64 ? opt.n : 64), opt.p);
	if (heavy ? m->weight > 0 : m->priority != PRIORITY_UNSET)
		return conf_bad(v, "%s is given twice", what);
	snprintf(text, sizeof(text), "%.*s", (int)(opt.n - skip < 23 ? opt.n - skip : 23),
		opt.p + skip);
	if (amount_parse(text, units_none, &x) < 0 || x > (heavy ? v->key->max : PRIORITY_MAX) ||
		(heavy && x < v->key->min))
		return conf_bad(v, "'%s' is not a %s", text, what);
	if (heavy)
		m->weight = (uint32_t)x;
	else
		m->priority = (uint8_t)x;
	return 0;
}

/* "NAME ADDRESS:PORT [weight=N] [priority=N]" */
static int member_fill(struct conf_value *v, struct conf_member *m)
{
	struct span rest = span_str(v->text), word = span_word(&rest);
	char where[IP_ENDPOINT_TEXT];

	m->at = (struct conf_where){v->sec->at.file, v->line};
	m->priority = PRIORITY_UNSET;
	m->name = conf_strdup(v->ld, word);
	if (!conf__name_ok(m->name))
		return conf_bad(v, "'%.64s' is not a name", m->name);
	word = span_word(&rest);
	snprintf(where, sizeof(where), "%.*s", (int)(word.n < 53 ? word.n : 53), word.p);
	if (ip_endpoint_parse(where, &m->endpoint) < 0)
		return conf_bad(v, "'%.64s' is not an address and port", where);
	if (addr_special(&m->endpoint.addr))
		return conf_bad(v, "%s is %s", where, addr_special(&m->endpoint.addr));
	while ((word = span_word(&rest)).n)
		if (member_option(v, m, word) < 0)
			return -EINVAL;
	if (!m->weight)
		m->weight = 1;
	if (m->priority == PRIORITY_UNSET)
		m->priority = 0;
	return 0;
}

int conf_value_member(struct conf_value *v)
{
	struct conf_pool *pool = v->obj;
	struct conf_member m = {0}, *slot;

	if (member_fill(v, &m) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < pool->n_members; i++)
		if (strcmp(pool->members[i].name, m.name) == 0)
			return conf_bad(v, "%s is given twice, first at line %u", m.name,
				pool->members[i].at.line);
	if (pool->n_members == CONF_MEMBERS_MAX)
		return conf_bad(v, "more than %u members", CONF_MEMBERS_MAX);
	/* const for readers of the snapshot, not yet for us */
	slot = (struct conf_member *)&pool->members[pool->n_members++];
	*slot = m;
	return 0;
}

int conf_value_include(struct conf_value *v)
{
	return *v->text ? 0 : conf_bad(v, "empty");
}
