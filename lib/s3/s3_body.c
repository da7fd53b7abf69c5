/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A 200 that is an error. S3 API reference, CompleteMultipartUpload: "because a request could fail
 * after the initial 200 OK response has been sent"; white space is sent meanwhile, before or after
 * the XML declaration. CopyObject and UploadPartCopy say the like.
 */
#include "s3/s3_request.h"

#define MARK "\xef\xbb\xbf" /* UTF-8's byte order mark */

static struct span cut(struct span s, size_t n)
{
	return (struct span){s.p + n, s.n - n};
}

static struct span skip_space(struct span s)
{
	while (s.n && memchr(" \t\r\n", s.p[0], 4))
		s = cut(s, 1);
	return s;
}

/* Does s begin with text? -1: it may, there is too little of it. */
static int begins(struct span s, struct span text)
{
	size_t n = s.n < text.n ? s.n : text.n;

	if (n && memcmp(s.p, text.p, n) != 0)
		return 0;
	return s.n < text.n ? -1 : 1;
}

/* Skip the byte order mark, if there is one. -1: its end is not there yet. */
static int skip_mark(struct span *s)
{
	int is = begins(*s, SPAN_LIT(MARK));

	if (is == 1)
		*s = cut(*s, sizeof(MARK) - 1);
	return is < 0 ? -1 : 0;
}

/* Skip the declaration, if there is one. -1: its end is not there yet. */
static int skip_declaration(struct span *s)
{
	int is = begins(*s, SPAN_LIT("<?xml"));
	const char *end;

	if (is <= 0)
		return is;
	end = memmem(s->p, s->n, "?>", 2);
	if (!end)
		return -1;
	*s = skip_space(cut(*s, (size_t)(end + 2 - s->p)));
	return 0;
}

static int root_is_error(struct span *s)
{
	int is = begins(*s, SPAN_LIT("<Error"));

	if (is <= 0)
		return is;
	*s = cut(*s, 6);
	return s->n ? memchr("> \t\r\n/", s->p[0], 6) != NULL : -1;
}

static struct span text_of_code(struct span s)
{
	const char *p = memmem(s.p, s.n, "<Code>", 6), *end;

	if (!p)
		return (struct span){NULL, 0};
	p += 6;
	end = memchr(p, '<', (size_t)(s.p + s.n - p));
	return (struct span){p, end ? (size_t)(end - p) : 0};
}

int s3_body_is_error(const char *p, size_t n, struct span *code)
{
	struct span s = {p, n};
	int is;

	*code = (struct span){NULL, 0};
	is = skip_mark(&s);
	s = skip_space(s);
	if (is == 0)
		is = skip_declaration(&s);
	if (is == 0)
		is = root_is_error(&s);
	if (is == 1)
		*code = text_of_code(s);
	return is < 0 && n >= S3_ERROR_PEEK ? 0 : is;
}
