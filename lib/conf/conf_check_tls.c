/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS in the whole file: certificates by name, and keys that mean nothing without another. */
#include <stdio.h>

#include "conf/conf_priv.h"

void conf__stray(
	struct conf_reader *ld, struct conf_section *sec, const char *key, const char *without)
{
	if (conf_key_given(sec, key))
		conf_key_error(ld, sec, conf_line_of(sec, key, 0), key,
			"has no meaning without %s, allowed: with it", without);
}

static void strays(struct conf_reader *ld, struct conf_section *sec, const char *const *keys,
	const char *without)
{
	for (; *keys; keys++)
		conf__stray(ld, sec, *keys, without);
}

void conf__need(struct conf_reader *ld, struct conf_section *sec, const char *key, const char *with)
{
	char allowed[CONF__ALLOWED_MAX];

	if (!conf_key_given(sec, key))
		conf_key_error(ld, sec, sec->at.line, key, "missing with %s, allowed: %s", with,
			conf__allowed(conf__key_find(sec->kind, key), allowed));
}

/* What the i-th name of the section's key `certificate` leads to. NULL: nothing, and that is an
 * error. */
static const struct conf_certificate *certificate(
	struct conf_reader *ld, struct conf_section *sec, const char *name, unsigned i)
{
	const struct conf *c = ld->root;
	unsigned k = conf__find(ld, KIND_CERTIFICATE, sec, "certificate",
		conf_line_of(sec, "certificate", i), name);

	return k < c->n_certs ? &c->certs[k] : NULL;
}

void conf__check_listener_tls(struct conf_reader *ld, struct conf_section *sec)
{
	static const char *const tls[] = {
		"client-certificate", "client-ca", "client-crl", "handshake-timeout", NULL};
	static const char *const client[] = {"client-ca", "client-crl", NULL};
	struct conf_listener *l = sec->obj;

	if (!conf_key_given(sec, "certificate")) {
		strays(ld, sec, tls, "certificate");
		return;
	}
	for (unsigned i = 0; conf_key_ok(sec, "certificate") && i < l->n_cert; i++)
		l->cert[i] = certificate(ld, sec, l->cert_name[i], i);
	if (!conf_key_ok(sec, "client-certificate"))
		return;
	if (l->client_cert == CONF_CLIENT_CERT_OFF)
		strays(ld, sec, client, "client-certificate");
	else
		conf__need(ld, sec, "client-ca", "client-certificate");
}

/* The bytes that go there are the client's TLS. */
static void sni_pool(struct conf_reader *ld, struct conf_section *sec, const char *key,
	unsigned line, unsigned pool)
{
	const struct conf *c = ld->root;

	conf__check_bare_pool(ld, sec, key, line, pool);
	if (pool < c->n_pools && c->pools[pool].tls)
		conf_key_error(ld, sec, line, key,
			"[pool %s] has tls = yes, and would be given TLS within TLS, "
			"allowed: a pool with tls = no",
			c->pools[pool].name);
}

/* A name that an earlier one always takes. */
static void sni_twin(struct conf_reader *ld, struct conf_section *sec, unsigned i)
{
	const struct conf_listener *l = sec->obj;
	const struct conf_server_name *s = &l->server_names[i];

	for (const struct conf_server_name *o = l->server_names; o < s; o++)
		if (conf_server_name_fits(o->name, s->name)) {
			conf_key_error(ld, sec, s->at.line, "server-name",
				"%s is never met behind %s of line %u, allowed: before it", s->name,
				o->name, o->at.line);
			return;
		}
}

void conf__check_listener_sni(struct conf_reader *ld, struct conf_section *sec)
{
	const struct conf_listener *l = sec->obj;

	if (l->pool_name && conf_key_ok(sec, "pool"))
		sni_pool(ld, sec, "pool", conf_line_of(sec, "pool", 0), l->pool);
	for (unsigned i = 0; i < l->n_server_names; i++) {
		/* const for readers of the snapshot, not yet for us */
		struct conf_server_name *s = (struct conf_server_name *)&l->server_names[i];

		s->pool = conf__find(ld, KIND_POOL, sec, "server-name", s->at.line, s->pool_name);
		sni_pool(ld, sec, "server-name", s->at.line, s->pool);
		sni_twin(ld, sec, i);
	}
}

void conf__check_pool_tls(struct conf_reader *ld, struct conf_section *sec)
{
	static const char *const tls[] = {"verify", "ca", "sni", "certificate", NULL};
	struct conf_pool *p = sec->obj;

	if (!conf_key_ok(sec, "tls"))
		return;
	if (!p->tls) {
		strays(ld, sec, tls, "tls = yes");
		return;
	}
	if (p->cert_name && conf_key_ok(sec, "certificate"))
		p->cert = certificate(ld, sec, p->cert_name, 0);
	if (conf_key_ok(sec, "verify") && !p->verify)
		conf__stray(ld, sec, "ca", "verify = yes");
}

void conf__check_tls(struct conf_reader *ld)
{
	struct conf_section *sec = conf_section_at(ld, KIND_TLS, 0);
	const struct conf *c = ld->root;

	if (!sec)
		return;
	if (conf_key_ok(sec, "aead") && c->tls.aead != CONF_AEAD_CRYPTODEV)
		conf__stray(ld, sec, "aead-device", "aead = cryptodev");
	if (conf_key_ok(sec, "aead") && c->tls.aead == CONF_AEAD_CRYPTODEV)
		conf__need(ld, sec, "aead-device", "aead = cryptodev");
	if (conf_key_ok(sec, "handshake-threads") && c->tls.threads == 0)
		conf__stray(ld, sec, "handshake-cores", "handshake-threads");
}
