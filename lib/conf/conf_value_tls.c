/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of [certificate NAME] and [tls], of the keys that name them, and names of hosts. */
#include <ctype.h>
#include <stdio.h>

#include "conf/conf_priv.h"

/* A word of the operator's and what it stands for. */
struct word {
	const char *name, *means;
};

/*
 * The cipher of a record, and its suites: of TLS 1.3 (RFC 8446 B.4), and those of TLS 1.2 with
 * forward secrecy (RFC 5289, RFC 7905), for either kind of key.
 */
static const struct word ciphers[] = {
	{"aes-128-gcm", "TLS_AES_128_GCM_SHA256:TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:"
			"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	{"aes-256-gcm", "TLS_AES_256_GCM_SHA384:TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:"
			"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
	{"chacha20-poly1305",
		"TLS_CHACHA20_POLY1305_SHA256:TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:"
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	{NULL, NULL},
};

static const struct word groups[] = {
	{"x25519", "X25519"}, {"p-256", "P-256"}, {"p-384", "P-384"}, {NULL, NULL}};

/* One word more of a list, in the file's order, into a field of what they mean, ':' between. */
static int word_add(struct conf_value *v, const struct word *w)
{
	const char **field = v->field, *old = *field;
	size_t n;
	char *text;

	while (w->name && strcmp(w->name, v->text) != 0)
		w++;
	if (!w->name)
		return conf_bad(v, "'%.64s' is not a choice", v->text);
	if (old && strstr(old, w->means))
		return conf_bad(v, "%s is given twice", v->text);
	n = (old ? strlen(old) + 1 : 0) + strlen(w->means) + 1;
	text = conf_alloc(v->ld, n);
	snprintf(text, n, "%s%s%s", old ? old : "", old ? ":" : "", w->means);
	*field = text;
	return 0;
}

const char *conf_tls_words(const char *means, char *text, size_t n)
{
	size_t used = 0;

	text[0] = '\0';
	while (*means && used < n) {
		const struct word *w = strncmp(means, "TLS_", 4) == 0 ? ciphers : groups;

		while (strncmp(means, w->means, strlen(w->means)) != 0)
			w++;
		used += (size_t)snprintf(text + used, n - used, "%s%s", used ? ", " : "", w->name);
		means += strlen(w->means);
		means += *means == ':';
	}
	return text;
}

int conf_value_cipher(struct conf_value *v)
{
	return word_add(v, ciphers);
}

int conf_value_group(struct conf_value *v)
{
	return word_add(v, groups);
}

int conf_value_version(struct conf_value *v)
{
	struct conf_tls *tls = v->obj;
	bool *flag = strcmp(v->text, "1.2") == 0 ? &tls->v12 : &tls->v13;

	if (flag == &tls->v13 && strcmp(v->text, "1.3") != 0)
		return conf_bad(v, "'%.64s' is not a choice", v->text);
	if (*flag)
		return conf_bad(v, "%s is given twice", v->text);
	*flag = true;
	return 0;
}

int conf_value_handshake_cores(struct conf_value *v)
{
	struct conf_tls *tls = v->obj;

	return conf__cores_add(v, tls->core, &tls->n_core, CONF_HS_CORES_MAX);
}

int conf_value_certificate(struct conf_value *v)
{
	struct conf_listener *l = v->obj;

	if (!conf__name_ok(v->text))
		return conf_bad(v, "'%.64s' is not a name", v->text);
	for (unsigned i = 0; i < l->n_cert; i++)
		if (strcmp(l->cert_name[i], v->text) == 0)
			return conf_bad(v, "%s is given twice", v->text);
	if (l->n_cert == CONF_LISTEN_CERTS_MAX)
		return conf_bad(v, "more than %u certificates", CONF_LISTEN_CERTS_MAX);
	l->cert_name[l->n_cert++] = conf_strdup(v->ld, span_str(v->text));
	return 0;
}

int conf_value_file(struct conf_value *v)
{
	const char *dir = v->sec->at.file, *slash = strrchr(dir, '/');
	size_t n = slash && v->text[0] != '/' ? (size_t)(slash + 1 - dir) : 0;
	char path[CONF__PATH_MAX + CONF__LINE_MAX];

	if (!*v->text)
		return conf_bad(v, "empty");
	snprintf(path, sizeof(path), "%.*s%s", (int)n, dir, v->text);
	if (strlen(path) >= CONF__PATH_MAX)
		return conf_bad(v, "longer than %u bytes", CONF__PATH_MAX - 1);
	*(const char **)v->field = conf_strdup(v->ld, span_str(path));
	return 0;
}

/* RFC 6066 3: a DNS name of a host, no address and no final dot; RFC 1035 2.3.4: its length. */
static bool is_host(const char *text)
{
	size_t n = strlen(text);
	struct ip_addr a;

	return n > 0 && n <= 253 && strspn(text, CONF__ALNUM ".-") == n && text[n - 1] != '.' &&
	       text[0] != '.' && !strstr(text, "..") && ip_addr_parse(text, &a) < 0;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

int conf_value_host(struct conf_value *v)
{
	if (!is_host(v->text))
		return conf_bad(v, "'%.64s' is not the name of a host", v->text);
	*(const char **)v->field = conf_strdup(v->ld, span_str(v->text));
	return 0;
}

int conf_value_domain(struct conf_value *v)
{
	struct conf_listener *l = v->obj;
	char *name = (char *)conf_strdup(v->ld, span_str(v->text)); /* not yet anybody's to read */

	if (!is_host(name))
		return conf_bad(v, "'%.64s' is not the name of a host", name);
	lower(name);
	for (unsigned i = 0; i < l->n_domains; i++)
		if (strcmp(l->domains[i], name) == 0)
			return conf_bad(v, "%s is given twice", name);
	if (l->n_domains == CONF_DOMAINS_MAX)
		return conf_bad(v, "more than %u names", CONF_DOMAINS_MAX);
	((const char **)l->domains)[l->n_domains++] = name;
	return 0;
}

/* "NAME POOL" */
int conf_value_server_name(struct conf_value *v)
{
	struct conf_listener *l = v->obj;
	struct span rest = span_str(v->text), word = span_word(&rest);
	struct conf_server_name *s;
	char *name = (char *)conf_strdup(v->ld, word); /* not yet anybody's to read */

	if (!is_host(strncmp(name, "*.", 2) == 0 ? name + 2 : name))
		return conf_bad(v, "'%.64s' is not the name of a host", name);
	lower(name);
	if (l->n_server_names == CONF_SERVER_NAMES_MAX)
		return conf_bad(v, "more than %u names", CONF_SERVER_NAMES_MAX);
	word = span_trim(rest);
	s = (struct conf_server_name *)&l->server_names[l->n_server_names];
	*s = (struct conf_server_name){.name = name,
		.pool_name = conf_strdup(v->ld, word),
		.at = {v->sec->at.file, v->line}};
	if (!conf__name_ok(s->pool_name))
		return conf_bad(v, "'%.64s' is not the name of a pool", s->pool_name);
	l->n_server_names++;
	return 0;
}

bool conf_server_name_fits(const char *server_name, const char *name)
{
	const char *rest = strchr(name, '.');

	if (server_name[0] != '*')
		return strcmp(server_name, name) == 0;
	return rest && strcmp(server_name + 1, rest) == 0;
}
