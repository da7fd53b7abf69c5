/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a new snapshot comes from: the file on disk (reload), the file with a member more or less
 * (add member, remove member), or a snapshot that ran before (rollback). And diff, which only
 * looks.
 *
 * An edit changes the snapshot that runs, not the file. It is made only where the file still says
 * what it said, so that it brings nothing else along; the next reload says what the file says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_common.h>

#include "ctl/ctl_priv.h"

#define EDITS_MAX 256 /* beside one file */

static const char *path_of(const struct ctl_core *core)
{
	return core->sys.conf->path;
}

/* ---- what differs ---- */

struct diff {
	struct ctl_doc *out; /* NULL: only counted */
	bool log;
};

static void say_change(void *arg, char sign, const char *text)
{
	const struct diff *d = arg;

	if (d->log)
		log_info("conf", "%c %s", sign, text);
	if (!d->out)
		return;
	ctl__doc_string(d->out, "%c", sign);
	ctl__doc_string(d->out, "%s", text);
}

static unsigned put_changes(
	const struct conf *old, const struct conf *next, struct ctl_doc *out, bool log)
{
	static const struct ctl_column columns[] = {{"sign", ""}, {"change"}};
	struct diff d = {out, log};

	CTL_SECTION(out, "changes", CTL_TABLE, columns);
	return conf_diff(old, next, say_change, &d);
}

int ctl__do_diff(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct conf_errors errs = {0};
	struct conf *file = conf_load(path_of(core), &errs);

	if (!file)
		return ctl__conf_errors_say(&errs, e);
	conf_errors_fini(&errs);
	put_changes(core->sys.conf, file, out, false);
	conf_destroy(file);
	return 0;
}

/* ---- a new snapshot ---- */

static void note(struct ctl_snapshots *s, const char *from, int rc, const struct err *e)
{
	s->reloads++;
	s->tried_at = time(NULL);
	s->refused_last = rc < 0 && rc != -EINPROGRESS;
	s->refused += s->refused_last;
	if (rc == 0)
		ctl__event_note(s->core, LOG_LEVEL_INFO, NULL, NULL, "%s: snapshot %u runs", from,
			s->now->number);
	else
		ctl__event_note(s->core, LOG_LEVEL_ERROR, NULL, NULL, "%s: %s", from, e->text);
}

/* Use src (taken; NULL: no memory), and say what it changed. */
static int use(const struct ctl_core *core, struct ctl_source *src, const char *from,
	struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"snapshot"}, {"from"}, {"listeners"},
		{"pools"}, {"edits_dropped", "edits dropped"}};
	struct ctl_snapshots *s = core->sys.snapshots;
	const struct ctl_snapshot *before = s->now;
	unsigned had = before->source->n_edits, has = src ? src->n_edits : 0;
	int rc = src ? ctl__snapshot_apply(s, src, from, e)
		     : err_set(e, ENOMEM, "nothing is changed: no memory");

	note(s, from, rc, e);
	ctl__source_put(src);
	if (rc < 0)
		return rc;
	CTL_SECTION(out, "reload", CTL_RECORD, columns);
	ctl__doc_number(out, CTL_COUNT, s->now->number);
	ctl__doc_string(out, "%s", from);
	ctl__doc_number(out, CTL_COUNT, core->sys.conf->n_listeners);
	ctl__doc_number(out, CTL_COUNT, core->sys.conf->n_pools);
	ctl__doc_number(out, CTL_COUNT, had > has ? had - has : 0);
	put_changes(before->conf, s->now->conf, out, true);
	return 0;
}

/* The file could not be read, or is not good. */
static int refuse(
	const struct ctl_core *core, const char *from, struct conf_errors *errs, struct err *e)
{
	struct err why;
	int rc = ctl__conf_errors_say(errs, &why);

	err_set(e, EINVAL, "nothing is changed: %.490s", why.text);
	note(core->sys.snapshots, from, rc, e);
	return rc;
}

int ctl__do_reload(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct conf_errors errs = {0};
	struct conf *file = conf_load(path_of(core), &errs);

	if (!file)
		return refuse(core, "reload", &errs, e);
	conf_errors_fini(&errs);
	return use(core, ctl__source_create(file), "reload", out, e);
}

/* ---- rollback ---- */

/* The one that ran before, or the one of that number. */
static struct ctl_snapshot *wanted(const struct ctl_snapshots *s, struct span arg, struct err *e)
{
	struct ctl_text list = {0};
	unsigned i = 0;

	for (struct ctl_snapshot *at = s->now; at && i < CTL_SNAPSHOTS_KEPT; at = at->next, i++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", at->number);
		if (i > 0 && (arg.n == 0 || span_eq(arg, span_str(number)))) {
			ctl__text_fini(&list);
			return at;
		}
		if (i > 0)
			ctl__text_printf(&list, "%s%s", i > 1 ? ", " : "", number);
	}
	if (list.n == 0)
		err_set(e, ENOENT, "there is no snapshot before this one");
	else
		err_set(e, ENOENT, "\"%.*s\": no such snapshot; expected %.*s", ctl__shown(arg),
			arg.p, (int)list.n, list.p);
	ctl__text_fini(&list);
	return NULL;
}

int ctl__do_rollback(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	const struct ctl_snapshot *to = wanted(core->sys.snapshots, arg, e);
	char from[64];

	if (!to)
		return -ENOENT;
	snprintf(from, sizeof(from), "rollback to %u", to->number);
	to->source->refs++;
	return use(core, to->source, from, out, e);
}

/* ---- edits ---- */

/* Those of the running snapshot and one more (NULL: none), for lib/conf. How many. */
static unsigned edits_of(
	const struct ctl_source *src, const struct conf_edit *more, struct conf_edit out[EDITS_MAX])
{
	unsigned n = 0;

	for (; n < src->n_edits; n++)
		out[n] = (struct conf_edit){
			src->edits[n].pool, src->edits[n].member, src->edits[n].remove};
	if (more)
		out[n++] = *more;
	return n;
}

/* Would an edit bring along what was changed in the file meanwhile? */
static int same_file(const struct ctl_core *core, struct conf_errors *errs, struct err *e)
{
	struct conf_edit edits[EDITS_MAX];
	unsigned n = edits_of(core->sys.snapshots->now->source, NULL, edits);
	struct conf *file = conf_load_edited(path_of(core), edits, n, errs);
	struct diff quiet = {0};
	unsigned differences;

	if (!file) {
		ctl__conf_errors_say(errs, e);
		return -EINVAL;
	}
	differences = conf_diff(core->sys.conf, file, say_change, &quiet);
	conf_destroy(file);
	if (differences == 0)
		return 0;
	return err_set(e, EBUSY,
		"nothing is changed: the file says something else than what runs (see diff): "
		"reload first");
}

/* The source of what runs with one more edit. NULL with *e set. */
static struct ctl_source *edited(
	const struct ctl_core *core, const struct conf_edit *edit, struct err *e)
{
	const struct ctl_source *now = core->sys.snapshots->now->source;
	struct conf_edit edits[EDITS_MAX];
	struct conf_errors errs = {0};
	struct ctl_source *src;
	struct conf *conf;
	unsigned n;
	int rc = 0;

	if (now->n_edits == EDITS_MAX) {
		err_set(e, ENOSPC, "nothing is changed: too many edits beside the file");
		return NULL;
	}
	n = edits_of(now, edit, edits);
	conf = conf_load_edited(path_of(core), edits, n, &errs);
	if (!conf) {
		ctl__conf_errors_say(&errs, e);
		return NULL;
	}
	conf_errors_fini(&errs);
	src = ctl__source_create(conf);
	for (unsigned i = 0; src && rc == 0 && i < n; i++)
		rc = ctl__source_edit(src, &edits[i]);
	if (src && rc == 0)
		return src;
	ctl__source_put(src);
	err_set(e, ENOMEM, "nothing is changed: no memory");
	return NULL;
}

static int edit_use(const struct ctl_core *core, const struct conf_edit *edit, const char *from,
	struct ctl_doc *out, struct err *e)
{
	struct conf_errors errs = {0};
	struct ctl_source *src;
	int rc = same_file(core, &errs, e);

	conf_errors_fini(&errs);
	if (rc < 0)
		return rc;
	src = edited(core, edit, e);
	return src ? use(core, src, from, out, e) : -EINVAL;
}

/* w as a string of n bytes. */
static void word_copy(struct span w, char *out, size_t n)
{
	snprintf(out, n, "%.*s", (int)w.n, w.p);
}

int ctl__do_add_member(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	char pool[CTL_LINE_MAX], member[CTL_LINE_MAX], from[80];
	struct conf_edit edit = {.pool = pool, .member = member};
	struct ctl_request r;

	if (ctl__request_parse(arg, &r, e) < 0)
		return -EINVAL;
	if (r.n < 3)
		return err_set(e, EINVAL,
			"\"add member\": incomplete; expected POOL NAME ADDRESS:PORT [weight=N]");
	if (ctl__pool_find(core, r.word[0], e) < 0)
		return -ENOENT;
	word_copy(r.word[0], pool, sizeof(pool));
	/* the rest is as a line of the file */
	snprintf(member, sizeof(member), "%.*s",
		(int)(r.word[r.n - 1].p + r.word[r.n - 1].n - r.word[1].p), r.word[1].p);
	snprintf(from, sizeof(from), "add member %.30s/%.*s", pool,
		(int)RTE_MIN(r.word[1].n, (size_t)CONF_NAME_MAX), r.word[1].p);
	return edit_use(core, &edit, from, out, e);
}

int ctl__do_remove_member(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct ctl_target t;
	struct conf_edit edit = {.remove = true};
	char from[80];

	if (ctl__member_find(core, arg, &t, e) < 0)
		return -ENOENT;
	edit.pool = core->sys.conf->pools[t.pool].name;
	edit.member = core->sys.conf->pools[t.pool].members[t.member].name;
	snprintf(from, sizeof(from), "remove member %s/%s", edit.pool, edit.member);
	return edit_use(core, &edit, from, out, e);
}
