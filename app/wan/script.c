/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines become changes of one setting, changes become steps of a whole wire. True while lines are
 * read:
 *   changes are in order of time, and of their lines where that is the same;
 *   base is what each setting is where no `for` holds it, and goes back to;
 *   until[d][s] is when the last `for` on a setting ends: no line touches it before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "setting.h"

#define LINE    200 /* bytes, with the newline */
#define WORDS   8
#define CHANGES (SCRIPT_LINES * 2 * 2) /* both directions, there and back */

struct change {
	uint64_t at;
	unsigned line, dir;
	const struct setting *setting;
	uint64_t value[SETTING_FIELDS];
};

struct reader {
	const char *name;
	unsigned line;
	uint64_t at, end; /* of the line; no event is later */
	struct wire_conf base[2];
	uint64_t until[2][SETTINGS];
	unsigned holder[2][SETTINGS]; /* the line of that `for` */
	struct change *changes;
	unsigned n;
	struct err *e;
};

/* The words of a line, as they are read one after the other. */
struct words {
	char *word[WORDS + 1]; /* NULL: the end */
	unsigned n, next;
};

static int refuse(const struct reader *r, const char *found, const char *wanted)
{
	return err_set(r->e, EINVAL, "%s:%u: '%s': %s is wanted", r->name, r->line,
		found ? found : "", wanted);
}

static bool is_unit(const char *word)
{
	static const char *const units[] = {"%", "ns", "us", "ms", "s", "K", "M", "G"};

	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i], word) == 0)
			return true;
	return false;
}

/* Cut line at blanks; a unit apart from its number joins it. False: too many. */
static bool words_cut(struct words *w, char *line)
{
	char *rest, *word;

	*w = (struct words){0};
	line[strcspn(line, "#\r\n")] = '\0';
	for (word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (w->n && is_unit(word) && strchr("0123456789", *w->word[w->n - 1])) {
			char *before = w->word[w->n - 1];

			memmove(before + strlen(before), word, strlen(word) + 1);
			continue;
		}
		if (w->n == WORDS)
			return false;
		w->word[w->n++] = word;
	}
	return true;
}

static char *word_take(struct words *w)
{
	return w->next < w->n ? w->word[w->next++] : NULL;
}

static bool word_is(struct words *w, const char *text)
{
	bool is = w->next < w->n && strcmp(w->word[w->next], text) == 0;

	w->next += is;
	return is;
}

static int read_time(const struct reader *r, const char *word, uint64_t *out)
{
	if (!word || setting_number(&setting_duration, word, out) < 0)
		return refuse(r, word, setting_duration.wanted);
	return 0;
}

/* Behind all that are not later. */
static void change_add(struct reader *r, const struct change *c)
{
	unsigned i = r->n++;

	for (; i && c->at < r->changes[i - 1].at; i--)
		r->changes[i] = r->changes[i - 1];
	r->changes[i] = *c;
}

/* Direction d has setting c from now on, or for so long. */
static int event_add(struct reader *r, struct change c, uint64_t length)
{
	unsigned i = (unsigned)(c.setting - settings), d = c.dir;

	if (c.at < r->until[d][i])
		return err_set(r->e, EINVAL, "%s:%u: %s: line %u holds it until %gs", r->name,
			r->line, c.setting->name, r->holder[d][i],
			(double)r->until[d][i] / WIRE_NS_PER_S);
	change_add(r, &c);
	if (!length) {
		setting_put(c.setting, &r->base[d], c.value);
		return 0;
	}
	c.at += length;
	setting_get(c.setting, &r->base[d], c.value);
	change_add(r, &c);
	r->until[d][i] = c.at;
	r->holder[d][i] = r->line;
	return 0;
}

static int read_length(struct reader *r, struct words *w, uint64_t *length)
{
	int rc = 0;

	*length = 0;
	if (word_is(w, "for")) {
		const char *word = word_take(w);

		rc = read_time(r, word, length);
		if (rc == 0 && *length == 0)
			rc = refuse(r, word, "more than no time");
	}
	if (rc == 0 && w->next < w->n)
		rc = refuse(r, w->word[w->next], "'for TIME' or the end of the line");
	return rc;
}

static int read_when(struct reader *r, struct words *w)
{
	const char *word = word_take(w);
	uint64_t at;
	int rc = read_time(r, word, &at);

	if (rc < 0)
		return rc;
	if (at < r->at)
		return refuse(r, word, "a time not before that of an earlier line");
	if (r->end && at > r->end)
		return refuse(r, word, "a time within --duration");
	r->at = at;
	return 0;
}

static int read_words(struct reader *r, struct words *w)
{
	struct change c = {.line = r->line};
	bool only[2] = {false, false};
	const char *word, *wanted;
	uint64_t length;
	int rc = read_when(r, w);

	if (rc < 0)
		return rc;
	c.at = r->at;
	only[0] = word_is(w, "a-to-b");
	only[1] = !only[0] && word_is(w, "b-to-a");
	if (!only[0] && !only[1])
		(void)word_is(w, "both");
	word = word_take(w);
	c.setting = word ? setting_find(word) : NULL;
	if (!c.setting)
		return refuse(r, word, "a-to-b, b-to-a, both or a setting, like link or loss");
	word = word_take(w);
	wanted = setting_read(c.setting, word ? word : "", c.value);
	if (wanted)
		return refuse(r, word, wanted);
	rc = read_length(r, w, &length);
	for (c.dir = 0; rc == 0 && c.dir < 2; c.dir++)
		if (!only[!c.dir])
			rc = event_add(r, c, length);
	return rc;
}

static int read_lines(struct reader *r, FILE *f)
{
	char line[LINE];
	struct words w;
	int rc = 0;

	while (rc == 0 && fgets(line, sizeof(line), f)) {
		r->line++;
		if (!strchr(line, '\n') && !feof(f))
			return err_set(r->e, EINVAL, "%s:%u: not a line of text, or a long one",
				r->name, r->line);
		if (r->line > SCRIPT_LINES)
			return err_set(r->e, EINVAL, "%s:%u: more than %u lines", r->name, r->line,
				SCRIPT_LINES);
		if (!words_cut(&w, line))
			return err_set(r->e, EINVAL, "%s:%u: too many words", r->name, r->line);
		if (w.n)
			rc = read_words(r, &w);
	}
	if (rc == 0 && ferror(f))
		rc = err_set(r->e, EIO, "%s: cannot be read", r->name);
	return rc;
}

/* What is settled at one instant is checked together: neither line of two alone need make sense. */
static int steps_make(struct script *s, const struct reader *r, struct wire_conf now[2])
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct change *c = &r->changes[i];
		struct script_step *step = &s->steps[s->n];

		setting_put(c->setting, &now[c->dir], c->value);
		if (i + 1 < r->n && c[1].at == c->at)
			continue;
		*step = (struct script_step){c->at, c->line, {now[0], now[1]}};
		for (unsigned d = 0; d < 2; d++) {
			const char *why = setting_complete(&step->conf[d]);

			if (why)
				return err_set(r->e, EINVAL, "%s:%u: at %gs %s", r->name, c->line,
					(double)c->at / WIRE_NS_PER_S, why);
		}
		s->n++;
	}
	return 0;
}

int script_read(struct script *s, FILE *f, const char *name, const struct wire_conf start[2],
	uint64_t end, struct err *e)
{
	struct reader r = {.name = name, .end = end, .base = {start[0], start[1]}, .e = e};
	struct wire_conf now[2] = {start[0], start[1]};
	int rc;

	*s = (struct script){0};
	r.changes = calloc(CHANGES, sizeof(*r.changes));
	s->steps = calloc(CHANGES, sizeof(*s->steps));
	if (!r.changes || !s->steps)
		rc = err_set(e, ENOMEM, "%s: no memory", name);
	else
		rc = read_lines(&r, f);
	if (rc == 0)
		rc = steps_make(s, &r, now);
	free(r.changes);
	return rc;
}

const struct script_step *script_take(struct script *s, uint64_t elapsed)
{
	if (s->next == s->n || s->steps[s->next].at > elapsed)
		return NULL;
	return &s->steps[s->next++];
}

void script_destroy(struct script *s)
{
	free(s->steps);
	*s = (struct script){0};
}
