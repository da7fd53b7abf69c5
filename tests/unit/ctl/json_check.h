/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a text exactly one JSON value (RFC 8259)? Written apart from the emitter, to judge it. */
#ifndef CTL_JSON_CHECK_H
#define CTL_JSON_CHECK_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char *json_value(const char *p);

static inline const char *json_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Each returns what follows, or NULL. */
static inline const char *json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		if (*++p == 'u') {
			for (int i = 0; i < 4; i++)
				if (!isxdigit((unsigned char)*++p))
					return NULL;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
	}
	return p + 1;
}

static inline const char *json_digits(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n ? p + n : NULL;
}

static inline const char *json_number(const char *p)
{
	p += *p == '-';
	if (*p == '0' && isdigit((unsigned char)p[1]))
		return NULL;
	p = json_digits(p);
	if (p && *p == '.')
		p = json_digits(p + 1);
	if (p && (*p == 'e' || *p == 'E'))
		p = json_digits(p + 1 + (p[1] == '+' || p[1] == '-'));
	return p;
}

/* An object or an array: elements with commas between. */
static inline const char *json_group(const char *p, char close)
{
	p = json_space(p + 1);
	if (*p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = json_string(json_space(p));
			if (!p || *(p = json_space(p)) != ':')
				return NULL;
			p++;
		}
		p = json_value(p);
		if (!p)
			return NULL;
		p = json_space(p);
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static const char *json_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};

	p = json_space(p);
	if (*p == '{')
		return json_group(p, '}');
	if (*p == '[')
		return json_group(p, ']');
	if (*p == '"')
		return json_string(p);
	for (unsigned i = 0; i < 3; i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	return json_number(p);
}

static inline bool json_valid(const char *text)
{
	const char *end = json_value(text);

	return end && *json_space(end) == '\0';
}

#endif
