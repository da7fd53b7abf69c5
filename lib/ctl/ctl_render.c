/* SPDX-License-Identifier: BSD-3-Clause */
/* A doc as aligned text for people or as JSON for programs. */
#include <string.h>
#include <rte_common.h>

#include "ctl/ctl_priv.h"

static struct span cell_string(const struct ctl_doc *d, const struct ctl_cell *c)
{
	return (struct span){c->len ? d->strings.p + c->at : NULL, c->len};
}

static bool is_number(enum ctl_kind kind)
{
	return kind >= CTL_COUNT && kind <= CTL_SHARE;
}

/* ---- text ---- */

static void put_bytes(struct ctl_text *out, uint64_t v)
{
	static const char unit[] = "KMGTPE";
	double f = (double)v / 1024;
	unsigned u = 0;

	if (v < 1024) {
		ctl__text_printf(out, "%u B", (unsigned)v);
		return;
	}
	for (; f >= 1023.95 && unit[u + 1]; u++)
		f /= 1024;
	ctl__text_printf(out, "%.1f %ciB", f, unit[u]);
}

/* As the operator's file writes it: the largest unit that divides v. */
static void put_exact(struct ctl_text *out, uint64_t v, unsigned base, const char *const *unit)
{
	while (v && v % base == 0 && unit[1])
		v /= base, unit++;
	ctl__text_printf(out, "%llu%s", (unsigned long long)v, *unit);
}

static void put_time(struct ctl_text *out, uint64_t us)
{
	if (us < 1000)
		ctl__text_printf(out, "%u us", (unsigned)us);
	else if (us < 1000000)
		ctl__text_printf(out, "%.2f ms", (double)us / 1e3);
	else
		ctl__text_printf(out, "%.2f s", (double)us / 1e6);
}

static void put_uptime(struct ctl_text *out, uint64_t s)
{
	if (s >= 86400)
		ctl__text_printf(out, "%llud ", (unsigned long long)(s / 86400));
	ctl__text_printf(out, "%02u:%02u:%02u", (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
		(unsigned)(s % 60));
}

/* An item's control characters would move the operator's cursor. */
static void put_clean(struct ctl_text *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		ctl__text_put(out, (uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f ? "?" : s.p + i, 1);
}

static void put_list(struct ctl_text *out, struct span rest)
{
	struct span item;
	const char *comma = "";

	if (rest.n == 0)
		ctl__text_str(out, "-");
	while (rest.n && span_next(&rest, '\n', &item)) {
		ctl__text_str(out, comma);
		put_clean(out, item);
		comma = ", ";
	}
}

static void put_cell(struct ctl_text *out, const struct ctl_doc *d, struct ctl_cell c, bool exact)
{
	static const char *const sizes[] = {"", "K", "M", "G", NULL};
	static const char *const times[] = {"ms", "s", NULL};

	switch (c.kind) {
	case CTL_NONE:
		return ctl__text_str(out, "-");
	case CTL_OFF:
		return ctl__text_str(out, "off");
	case CTL_STRING:
		return put_clean(out, cell_string(d, &c));
	case CTL_LIST:
		return put_list(out, cell_string(d, &c));
	case CTL_COUNT:
		return ctl__text_printf(out, "%llu", (unsigned long long)c.u);
	case CTL_BYTES:
		return exact ? put_exact(out, c.u, 1024, sizes) : put_bytes(out, c.u);
	case CTL_MS:
		return exact ? put_exact(out, c.u, 1000, times) : put_time(out, c.u * 1000);
	case CTL_US:
		return put_time(out, c.u);
	case CTL_SECONDS:
		return put_uptime(out, c.u);
	case CTL_PERCENT:
		return ctl__text_printf(out, "%llu%%", (unsigned long long)c.u);
	case CTL_REAL:
		return ctl__text_printf(out, "%.1f", c.f);
	case CTL_SHARE:
		return ctl__text_printf(out, "%.1f %%", c.f * 100);
	case CTL_BOOL:
		return ctl__text_str(out, c.u ? "yes" : "no");
	}
}

static void put_spaces(struct ctl_text *out, size_t n)
{
	for (; n > 0; n--)
		ctl__text_put(out, " ", 1);
}

/* The column's heading: its own, or the key with spaces. */
static void put_head(struct ctl_text *out, const struct ctl_column *c)
{
	for (const char *s = c->head ? c->head : c->key; *s; s++)
		ctl__text_put(out, !c->head && *s == '_' ? " " : s, 1);
}

/* Terminal cells of text: UTF-8 continuation bytes take none. */
static size_t width(const struct ctl_text *t)
{
	size_t w = 0;

	for (size_t i = 0; i < t->n; i++)
		w += (t->p[i] & 0xc0) != 0x80;
	return w;
}

struct table {
	const struct ctl_doc *doc;
	const struct ctl_section *s;
	struct ctl_text scratch;
	size_t width[CTL_COLUMNS];
	bool right[CTL_COLUMNS]; /* numbers are aligned at their end */
};

static void measure(struct table *t)
{
	for (size_t i = 0; i < t->s->n_columns + t->s->n; i++) {
		size_t col = i % t->s->n_columns, row = i / t->s->n_columns;

		t->scratch.n = 0;
		if (row == 0) {
			put_head(&t->scratch, &t->s->columns[col]);
		} else {
			struct ctl_cell c = ctl__doc_cell(t->doc, t->s, i - t->s->n_columns);

			put_cell(&t->scratch, t->doc, c, false);
			t->right[col] |= is_number(c.kind);
		}
		t->width[col] = RTE_MAX(t->width[col], width(&t->scratch));
	}
}

/* The scratch text as column col; no blanks at the end of a line. */
static void put_column(struct ctl_text *out, const struct table *t, size_t col)
{
	size_t pad = t->width[col] - RTE_MIN(t->width[col], width(&t->scratch));
	bool last = col + 1 == t->s->n_columns;

	if (t->right[col])
		put_spaces(out, pad);
	ctl__text_put(out, t->scratch.p, t->scratch.n);
	if (!t->right[col] && !last)
		put_spaces(out, pad);
	ctl__text_str(out, last ? "\n" : "  ");
}

static void text_table(const struct ctl_doc *d, const struct ctl_section *s, struct ctl_text *out)
{
	struct table t = {.doc = d, .s = s};

	measure(&t);
	for (size_t i = 0; i < s->n_columns + s->n && !out->failed; i++) {
		t.scratch.n = 0;
		if (i < s->n_columns)
			put_head(&t.scratch, &s->columns[i]);
		else
			put_cell(&t.scratch, d, ctl__doc_cell(d, s, i - s->n_columns), false);
		put_column(out, &t, i % s->n_columns);
	}
	out->failed |= t.scratch.failed;
	ctl__text_fini(&t.scratch);
}

static void text_record(const struct ctl_doc *d, const struct ctl_section *s, struct ctl_text *out)
{
	size_t widest = 0;

	for (unsigned i = 0; i < s->n_columns; i++)
		widest = RTE_MAX(widest,
			strlen(s->columns[i].head ? s->columns[i].head : s->columns[i].key));
	for (unsigned i = 0; i < s->n_columns; i++) {
		size_t start = out->n;

		put_head(out, &s->columns[i]);
		put_spaces(out, out->failed ? 0 : widest + 2 - (out->n - start));
		put_cell(out, d, ctl__doc_cell(d, s, i), false);
		ctl__text_str(out, "\n");
	}
}

/* A key as the operator's file writes it. */
static void put_key(struct ctl_text *out, const char *key)
{
	for (; *key; key++)
		ctl__text_put(out, *key == '_' ? "-" : key, 1);
}

static void put_line(struct ctl_text *out, const struct ctl_doc *d, const struct ctl_column *col,
	struct ctl_cell c)
{
	struct span rest = cell_string(d, &c), item = {0};
	bool list = c.kind == CTL_LIST;

	while (!list || (rest.n && span_next(&rest, '\n', &item))) {
		put_key(out, col->head ? col->head : col->key);
		ctl__text_str(out, " = ");
		if (list)
			put_clean(out, item);
		else
			put_cell(out, d, c, true);
		ctl__text_str(out, "\n");
		if (!list)
			return;
	}
}

static void text_blocks(const struct ctl_doc *d, const struct ctl_section *s, struct ctl_text *out)
{
	bool named = s->layout == CTL_BLOCKS;

	for (size_t i = 0; i < s->n && !out->failed; i++) {
		struct ctl_cell c = ctl__doc_cell(d, s, i);
		size_t col = i % s->n_columns;

		if (col == 0) {
			ctl__text_str(out, out->n ? "\n[" : "[");
			put_key(out, s->key);
			ctl__text_str(out, named ? " " : "");
			if (named)
				put_cell(out, d, c, true);
			ctl__text_str(out, "]\n");
		}
		if ((col > 0 || !named) && c.kind != CTL_NONE)
			put_line(out, d, &s->columns[col], c);
	}
}

void ctl__render_text(const struct ctl_doc *d, struct ctl_text *out)
{
	out->failed |= d->cells.failed || d->strings.failed;
	for (unsigned i = 0; i < d->n_sections && !out->failed; i++) {
		const struct ctl_section *s = &d->section[i];

		if (s->layout == CTL_BLOCK || s->layout == CTL_BLOCKS) {
			text_blocks(d, s, out);
			continue;
		}
		if (i > 0)
			ctl__text_str(out, "\n");
		if (s->layout == CTL_TABLE)
			text_table(d, s, out);
		else
			text_record(d, s, out);
	}
}

/* ---- JSON ---- */

static void json_list(struct ctl_json *j, struct span rest)
{
	struct span item;

	ctl__json_open(j, '[');
	while (rest.n && span_next(&rest, '\n', &item))
		ctl__json_string(j, item);
	ctl__json_close(j, ']');
}

static void json_cell(struct ctl_json *j, const struct ctl_doc *d, struct ctl_cell c)
{
	switch (c.kind) {
	case CTL_NONE:
	case CTL_OFF:
		return ctl__json_null(j);
	case CTL_STRING:
		return ctl__json_string(j, cell_string(d, &c));
	case CTL_LIST:
		return json_list(j, cell_string(d, &c));
	case CTL_COUNT:
	case CTL_BYTES:
	case CTL_MS:
	case CTL_US:
	case CTL_SECONDS:
	case CTL_PERCENT:
		return ctl__json_uint(j, c.u);
	case CTL_REAL:
	case CTL_SHARE:
		return ctl__json_double(j, c.f);
	case CTL_BOOL:
		return ctl__json_bool(j, c.u);
	}
}

static void json_section(struct ctl_json *j, const struct ctl_doc *d, const struct ctl_section *s)
{
	bool many = s->layout == CTL_TABLE || s->layout == CTL_BLOCKS;

	ctl__json_key(j, span_str(s->key));
	if (many)
		ctl__json_open(j, '[');
	for (size_t i = 0; i < s->n; i++) {
		size_t col = i % s->n_columns;

		if (col == 0)
			ctl__json_open(j, '{');
		ctl__json_key(j, span_str(s->columns[col].key));
		json_cell(j, d, ctl__doc_cell(d, s, i));
		if (col + 1 == s->n_columns)
			ctl__json_close(j, '}');
	}
	if (many)
		ctl__json_close(j, ']');
}

void ctl__render_json(const struct ctl_doc *d, struct ctl_text *out)
{
	struct ctl_json j = {.out = out};

	out->failed |= d->cells.failed || d->strings.failed;
	if (out->failed)
		return;
	ctl__json_open(&j, '{');
	for (unsigned i = 0; i < d->n_sections; i++)
		json_section(&j, d, &d->section[i]);
	ctl__json_close(&j, '}');
	ctl__text_str(out, "\n");
}
