/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON out, strictly (RFC 8259): the caller gives structure and values, syntax comes from here. */
#include <math.h>

#include "base/assert.h"
#include "ctl/ctl_priv.h"

/* Before a value or a key: the comma, unless it is the first or follows its key. */
static void separate(struct ctl_json *j)
{
	if (j->key) {
		j->key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->some[j->depth - 1])
		ctl__text_put(j->out, ",", 1);
	j->some[j->depth - 1] = true;
}

void ctl__json_open(struct ctl_json *j, char bracket)
{
	ASSERT(j->depth < CTL_JSON_DEPTH, "our documents are flat");
	separate(j);
	j->some[j->depth++] = false;
	ctl__text_put(j->out, &bracket, 1);
}

void ctl__json_close(struct ctl_json *j, char bracket)
{
	ASSERT(j->depth > 0 && !j->key, "closes what was opened");
	j->depth--;
	ctl__text_put(j->out, &bracket, 1);
}

/* Bytes of the well-formed UTF-8 sequence at p (RFC 3629 4), 0 when it is none. */
static size_t utf8_length(const uint8_t *p, size_t n)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static void put_char(struct ctl_text *out, const uint8_t *p, size_t len)
{
	if (len == 0)
		ctl__text_str(out, "\\ufffd");
	else if (*p == '"' || *p == '\\')
		ctl__text_printf(out, "\\%c", *p);
	else if (*p == '\n')
		ctl__text_str(out, "\\n");
	else if (*p < 0x20 || *p == 0x7f)
		ctl__text_printf(out, "\\u%04x", *p);
	else
		ctl__text_put(out, p, len);
}

static void put_string(struct ctl_text *out, struct span s)
{
	const uint8_t *p = (const uint8_t *)s.p;

	ctl__text_put(out, "\"", 1);
	for (size_t i = 0, len; i < s.n; i += len ? len : 1) {
		len = utf8_length(p + i, s.n - i);
		put_char(out, p + i, len);
	}
	ctl__text_put(out, "\"", 1);
}

void ctl__json_key(struct ctl_json *j, struct span key)
{
	ASSERT(!j->key, "a key is followed by its value");
	separate(j);
	put_string(j->out, key);
	ctl__text_put(j->out, ":", 1);
	j->key = true;
}

void ctl__json_string(struct ctl_json *j, struct span s)
{
	separate(j);
	put_string(j->out, s);
}

void ctl__json_uint(struct ctl_json *j, uint64_t v)
{
	separate(j);
	ctl__text_printf(j->out, "%llu", (unsigned long long)v);
}

void ctl__json_double(struct ctl_json *j, double v)
{
	separate(j);
	if (isfinite(v))
		ctl__text_printf(j->out, "%.9g", v);
	else
		ctl__text_str(j->out, "null");
}

void ctl__json_bool(struct ctl_json *j, bool v)
{
	separate(j);
	ctl__text_str(j->out, v ? "true" : "false");
}

void ctl__json_null(struct ctl_json *j)
{
	separate(j);
	ctl__text_str(j->out, "null");
}
