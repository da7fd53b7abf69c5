/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   TEXT --<--> OPEN --?--> PROLOG --?>--> TEXT
 *                |-----/--> NAME --space--> ATTR <--> VALUE (quoted)
 *                `--char--> NAME --/------> EMPTY --'
 *                            `---->---------`--------> TEXT, the tag is done
 * DONE and BAD are final. `depth` counts the elements around TEXT.
 */
#include <string.h>

#include "complete.h"

enum state { TEXT, OPEN, PROLOG, PROLOG_END, NAME, ATTR, VALUE, EMPTY, DONE, BAD };

#define ROOT "CompleteMultipartUpload"

void complete_init(struct complete *c)
{
	memset(c, 0, sizeof(*c));
}

static bool space(char x)
{
	return x == ' ' || x == '\t' || x == '\r' || x == '\n';
}

static bool is(const struct complete *c, const char *name)
{
	return c->n_name == strlen(name) && memcmp(c->name, name, c->n_name) == 0;
}

static bool number(struct complete *c)
{
	uint32_t v = 0;
	unsigned digits = 0;

	for (unsigned i = 0; i < c->n_text; i++) {
		if (space(c->text[i]))
			continue;
		if (c->text[i] < '0' || c->text[i] > '9' || ++digits > 5)
			return false;
		v = v * 10 + (uint32_t)(c->text[i] - '0');
	}
	c->number = v;
	c->got_number = true;
	return digits > 0;
}

/* Without quotes, however they are written. */
static bool etag(struct complete *c)
{
	static const char *const quotes[] = {"\"", "&quot;", "&#34;", "&#x22;", " "};
	unsigned n = 0;

	c->text[c->n_text] = '\0';
	for (const char *p = c->text; *p;) {
		size_t skip = 0;

		for (unsigned i = 0; skip == 0 && i < sizeof(quotes) / sizeof(quotes[0]); i++)
			if (strncmp(p, quotes[i], strlen(quotes[i])) == 0)
				skip = strlen(quotes[i]);
		if (skip == 0)
			c->etag[n++] = *p++;
		p += skip;
	}
	c->etag[n] = '\0';
	c->got_etag = true;
	return n > 0;
}

static enum complete_progress start_tag(struct complete *c)
{
	static const char *const at_depth[] = {ROOT, "Part"};

	if (c->depth >= 4 || (c->depth < 2 && !is(c, at_depth[c->depth])))
		return COMPLETE_BAD;
	c->depth++;
	c->n_text = 0;
	if (c->depth == 2)
		c->got_number = c->got_etag = false;
	return COMPLETE_MORE;
}

static enum complete_progress end_tag(struct complete *c)
{
	static const char *const at_depth[] = {NULL, ROOT, "Part"};

	if (c->depth == 0 || (c->depth < 3 && !is(c, at_depth[c->depth])))
		return COMPLETE_BAD;
	c->depth--;
	if (c->depth == 0)
		return COMPLETE_DONE;
	if (c->depth == 1)
		return c->got_number && c->got_etag ? COMPLETE_PART : COMPLETE_BAD;
	if (c->depth == 2 && is(c, "PartNumber") && !number(c))
		return COMPLETE_BAD;
	if (c->depth == 2 && is(c, "ETag") && !etag(c))
		return COMPLETE_BAD;
	return COMPLETE_MORE;
}

/* The tag is complete. */
static enum complete_progress tag(struct complete *c, bool empty)
{
	enum complete_progress done = c->end ? COMPLETE_MORE : start_tag(c);

	c->state = TEXT;
	if (done == COMPLETE_MORE && (c->end || empty))
		done = end_tag(c);
	return done;
}

static void text(struct complete *c, char x)
{
	if (c->depth < 3) {
		if (!space(x))
			c->state = BAD;
	} else if (c->n_text < COMPLETE_TEXT_MAX) {
		c->text[c->n_text++] = x;
	} else if (is(c, "PartNumber") || is(c, "ETag")) {
		c->state = BAD;
	}
}

static void open_tag(struct complete *c, char x)
{
	c->n_name = 0;
	c->end = x == '/';
	c->state = NAME;
	if (x == '?' && c->depth == 0)
		c->state = PROLOG;
	else if (x == '!' || x == '?' || x == '>' || space(x))
		c->state = BAD;
	else if (!c->end)
		c->name[c->n_name++] = x;
}

static void name(struct complete *c, char x)
{
	if (space(x))
		c->state = ATTR;
	else if (x == '/')
		c->state = c->end ? BAD : EMPTY;
	else if (c->n_name < COMPLETE_NAME_MAX)
		c->name[c->n_name++] = x;
}

static void attr(struct complete *c, char x)
{
	if (x == '/') {
		c->state = EMPTY;
	} else if (x == '"' || x == '\'') {
		c->quote = x;
		c->state = VALUE;
	}
}

static enum complete_progress step(struct complete *c, char x)
{
	switch ((enum state)c->state) {
	case TEXT:
		if (x == '<')
			c->state = OPEN;
		else
			text(c, x);
		break;
	case OPEN:
		open_tag(c, x);
		break;
	case PROLOG:
		c->state = x == '?' ? PROLOG_END : PROLOG;
		break;
	case PROLOG_END:
		c->state = x == '>' ? TEXT : x == '?' ? PROLOG_END : PROLOG;
		break;
	case NAME:
		if (x == '>')
			return tag(c, false);
		name(c, x);
		break;
	case ATTR:
		if (x == '>')
			return tag(c, false);
		attr(c, x);
		break;
	case VALUE:
		c->state = x == c->quote ? ATTR : VALUE;
		break;
	case EMPTY:
		return x == '>' ? tag(c, true) : COMPLETE_BAD;
	case DONE:
		return COMPLETE_DONE;
	case BAD:
		return COMPLETE_BAD;
	}
	return c->state == BAD ? COMPLETE_BAD : COMPLETE_MORE;
}

enum complete_progress complete_feed(struct complete *c, const char **p, const char *end)
{
	enum complete_progress done = c->state == DONE  ? COMPLETE_DONE
				      : c->state == BAD ? COMPLETE_BAD
							: COMPLETE_MORE;

	while (*p < end && done == COMPLETE_MORE)
		done = step(c, *(*p)++);
	if (done == COMPLETE_DONE)
		c->state = DONE;
	if (done == COMPLETE_BAD)
		c->state = BAD;
	return done;
}
