/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Host and path name (S3 user guide, "Virtual hosting of general purpose buckets"):
 *
 *	Host: DOMAIN          /BUCKET/KEY    path style; so is every host that fits no domain
 *	Host: BUCKET.DOMAIN   /KEY           virtual-host style; a bucket may have dots
 *
 * Slashes within a key are kept, also at its beginning and in a row: they are part of its name.
 */
#include "s3/s3_priv.h"

#define LAMBDA_PATH "WriteGetObjectResponse"

/* Host without port and the root's dot. Empty for an IPv6 literal, which has no buckets. */
static struct span host_name(struct span host)
{
	const char *colon;

	if (host.n == 0 || host.p[0] == '[')
		return (struct span){host.p, 0};
	colon = memrchr(host.p, ':', host.n);
	if (colon)
		host.n = (size_t)(colon - host.p);
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

/* What stands before the longest domain that host ends with; empty without. */
static struct span host_bucket(struct span host, const char *const *domains, unsigned n_domains)
{
	size_t best = 0;

	for (unsigned i = 0; i < n_domains; i++) {
		struct span d = span_str(domains[i]);

		if (d.n > best && d.n <= host.n &&
			span_ieq((struct span){host.p + host.n - d.n, d.n}, d) &&
			(d.n == host.n || host.p[host.n - d.n - 1] == '.'))
			best = d.n;
	}
	return (struct span){host.p, best && best < host.n ? host.n - best - 1 : 0};
}

/*
 * The bytes of a bucket's name at the beginning of path. %2F ends it as '/' does: no bucket has a
 * slash in its name, and nodes that decode before they split read it so.
 */
static struct span path_bucket(struct span path, size_t *separator)
{
	const char *slash = memchr(path.p, '/', path.n);
	size_t n = slash ? (size_t)(slash - path.p) : path.n;
	const char *p = memchr(path.p, '%', n), *end = path.p + n;

	*separator = slash ? 1 : 0;
	for (; p && p < end; p = memchr(p + 1, '%', (size_t)(end - p - 1)))
		if (end - p > 2 && p[1] == '2' && (p[2] | 0x20) == 'f') {
			*separator = 3;
			return (struct span){path.p, (size_t)(p - path.p)};
		}
	return (struct span){path.p, n};
}

enum s3__level s3__target_parse(struct s3_request *out, const struct s3_head *head,
	const char *const *domains, unsigned n_domains)
{
	struct span path = head->path;
	size_t separator;

	out->bucket = host_bucket(host_name(head->host), domains, n_domains);
	out->style = out->bucket.n ? S3_VIRTUAL_HOST : S3_PATH;
	if (path.n && path.p[0] != '/')
		return S3__NOWHERE; /* the asterisk-form of OPTIONS (RFC 9112 3.2.4) */
	if (path.n)
		path = (struct span){path.p + 1, path.n - 1};
	if (out->style == S3_PATH) {
		if (path.n == 0)
			return S3__SERVICE;
		if (span_eq(path, SPAN_LIT(LAMBDA_PATH)))
			return S3__LAMBDA;
		out->bucket = path_bucket(path, &separator);
		if (out->bucket.n == 0)
			return S3__NOWHERE;
		separator += out->bucket.n;
		path = (struct span){path.p + separator, path.n - separator};
	}
	out->key = path;
	return path.n ? S3__OBJECT : S3__BUCKET;
}
