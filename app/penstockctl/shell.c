/* SPDX-License-Identifier: BSD-3-Clause */
/* The interactive shell, on libedit: history in ~/.penstock_history, completion by the server. */
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "penstockctl.h"

#define HISTORY_LINES 1000

static char *prompt(EditLine *el)
{
	static char text[] = "penstock> ";

	return text;
}

/* ---- completion ---- */

/* Candidates for the last word, one a line. */
struct candidates {
	char text[4096];
	size_t n;
};

static void add(struct candidates *c, const char *word, size_t n)
{
	if (c->n + n + 2 > sizeof(c->text))
		return;
	memcpy(c->text + c->n, word, n);
	c->n += n;
	c->text[c->n++] = '\n';
	c->text[c->n] = '\0';
}

static void collect(const struct options *o, const char *line, struct candidates *c)
{
	struct options plain = {.socket = o->socket};
	size_t n = strlen(line);
	struct answer a;
	char ask_line[1024] = "complete ";

	if (n >= sizeof(ask_line) - strlen(ask_line))
		return;
	memcpy(ask_line + strlen(ask_line), line, n + 1);
	if (ask(&plain, ask_line, &a, false) == 0) {
		for (char *p = a.text, *end; a.ok && (end = strchr(p, '\n')) != NULL; p = end + 1)
			add(c, p, (size_t)(end - p));
		answer_fini(&a);
	}
	for (const char *const *w = own_words; *w && !strchr(line, ' '); w++)
		if (strncmp(*w, line, n) == 0)
			add(c, *w, strlen(*w));
}

/* How many bytes all candidates begin with; *one: there is but one. */
static size_t common(const struct candidates *c, bool *one)
{
	size_t n = strcspn(c->text, "\n");

	*one = c->text[n] && !c->text[n + 1];
	for (const char *p = c->text; *p; p += strcspn(p, "\n") + 1) {
		size_t same = 0;

		while (same < n && p[same] == c->text[same])
			same++;
		n = same;
	}
	return n;
}

static unsigned char offer(EditLine *el, const struct candidates *c, size_t typed)
{
	char more[256];
	bool one;
	size_t n = common(c, &one);

	if (n < typed || n - typed + 2 > sizeof(more))
		return CC_ERROR;
	if (n == typed && !one) {
		printf("\n%s", c->text);
		return CC_REDISPLAY;
	}
	snprintf(more, sizeof(more), "%.*s%s", (int)(n - typed), c->text + typed, one ? " " : "");
	return el_insertstr(el, more) == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char complete(EditLine *el, int ch)
{
	const LineInfo *info = el_line(el);
	struct candidates c = {0};
	const struct options *o;
	const char *last;
	char line[1024], *p = line;

	if ((size_t)(info->cursor - info->buffer) >= sizeof(line))
		return CC_ERROR;
	snprintf(line, sizeof(line), "%.*s", (int)(info->cursor - info->buffer), info->buffer);
	p += strspn(p, " ");
	if (strncmp(p, "check ", 6) == 0)
		return _el_fn_complete(el, ch); /* file names */
	if (strncmp(p, "watch ", 6) == 0)
		p += 6 + strspn(p + 6, " ");
	el_get(el, EL_CLIENTDATA, &o);
	collect(o, p, &c);
	last = strrchr(p, ' ');
	return c.n ? offer(el, &c, strlen(last ? last + 1 : p)) : CC_ERROR;
}

/* ---- the loop ---- */

/* Owner: the caller; NULL without a home. */
static char *history_path(void)
{
	const char *home = getenv("HOME");
	char *path;

	if (!home || asprintf(&path, "%s/.penstock_history", home) < 0)
		return NULL;
	return path;
}

static int read_lines(const struct options *o, EditLine *el, History *hist)
{
	HistEvent ev;
	int rc = EXIT_OK, n;

	while (rc != EXIT_QUIT) {
		const char *line = el_gets(el, &n);

		if (!line && n < 0 && errno == EINTR) { /* Ctrl-C: a fresh line */
			putchar('\n');
			el_reset(el);
			continue;
		}
		if (!line)
			break;
		if (line[strspn(line, " \t\n")])
			history(hist, &ev, H_ENTER, line);
		rc = run_line(o, line);
	}
	if (rc != EXIT_QUIT)
		putchar('\n');
	return EXIT_OK;
}

int shell(const struct options *o)
{
	EditLine *el = el_init("penstockctl", stdin, stdout, stderr);
	History *hist = history_init();
	char *path = history_path();
	HistEvent ev;
	int rc;

	if (!el || !hist) {
		fprintf(stderr, "no line editing: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	history(hist, &ev, H_SETSIZE, HISTORY_LINES);
	history(hist, &ev, H_SETUNIQUE, 1);
	if (path)
		history(hist, &ev, H_LOAD, path);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_HIST, history, hist);
	el_set(el, EL_CLIENTDATA, o);
	el_wset(el, EL_ADDFN, L"complete", L"complete the word", complete); /* el_set would leak */
	el_set(el, EL_BIND, "^I", "complete", NULL);
	el_source(el, NULL);
	rc = read_lines(o, el, hist);
	umask(077);
	if (path)
		history(hist, &ev, H_SAVE, path);
	free(path);
	history_end(hist);
	el_end(el);
	return rc;
}
