/* SPDX-License-Identifier: BSD-3-Clause */
/* Who signs the checks of a snapshot: one signer for each check that has a key. Its secret is read
 * from a file of its own, so that the configuration can be shown and kept anywhere. Control path.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/relay_priv.h"

#define SECRET_MAX 128

struct probe_keys {
	const struct conf *conf;    /* in control's hands while these are */
	unsigned n;                 /* conf->n_checks */
	struct s3_signer *signer[]; /* as conf->checks; NULL: it is not signed */
};

static int refuse(struct err *e, const struct conf_check *c, const char *why)
{
	return err_set(e, EINVAL, "%s:%u: [check %s] secret-file: %s: %s", c->at.file, c->at.line,
		c->name, c->secret_file, why);
}

/* The first line of the file, without white space at its ends. */
static int read_secret(const struct conf_check *c, char text[SECRET_MAX + 2], struct err *e)
{
	FILE *f = fopen(c->secret_file, "re");
	bool got;
	size_t n;

	if (!f)
		return refuse(e, c, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
	got = fgets(text, SECRET_MAX + 2, f);
	fclose(f);
	n = got ? strcspn(text, "\r\n") : 0;
	if (n == 0 || n > SECRET_MAX)
		return refuse(e, c, "a secret key of 1 to 128 characters was expected");
	text[n] = '\0';
	return 0;
}

static int key_create(struct s3_signer **out, const struct conf_check *c, struct err *e)
{
	char secret[SECRET_MAX + 2];
	int rc = read_secret(c, secret, e);

	if (rc == 0) {
		*out = s3_signer_create(c->access_key, secret, c->region, "s3");
		if (!*out)
			rc = refuse(e, c, "no memory, or access-key or region is too long");
	}
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

struct probe_keys *relay__probe_keys_create(const struct conf *conf, struct err *e)
{
	struct probe_keys *k = calloc(1, sizeof(*k) + conf->n_checks * sizeof(k->signer[0]));

	if (!k) {
		err_set(e, ENOMEM, "relay: no memory for %u checks", conf->n_checks);
		return NULL;
	}
	k->conf = conf;
	k->n = conf->n_checks;
	for (unsigned i = 0; i < conf->n_checks; i++)
		if (conf->checks[i].access_key &&
			key_create(&k->signer[i], &conf->checks[i], e) < 0) {
			relay__probe_keys_destroy(k);
			return NULL;
		}
	return k;
}

void relay__probe_keys_destroy(struct probe_keys *k)
{
	for (unsigned i = 0; k && i < k->n; i++)
		s3_signer_destroy(k->signer[i]);
	free(k);
}

int relay_conf_check(const struct conf *conf, struct err *e)
{
	struct probe_keys *k;

	if (relay__routes_check(conf, e) < 0)
		return -EINVAL;
	k = relay__probe_keys_create(conf, e);
	relay__probe_keys_destroy(k);
	return k ? 0 : -EINVAL;
}

struct s3_signer *relay__probe_keys_find(const struct probe_keys *k, const struct conf_check *c)
{
	return c >= k->conf->checks && c < k->conf->checks + k->conf->n_checks
		       ? k->signer[c - k->conf->checks]
		       : NULL;
}
