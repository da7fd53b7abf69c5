/* SPDX-License-Identifier: BSD-3-Clause */
/* The model behind an answer: sections of typed cells. No memory: the texts are marked failed, and
 * the answer becomes an error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "ctl/ctl_priv.h"

void ctl__doc_section(struct ctl_doc *d, const char *key, enum ctl_layout layout,
	const struct ctl_column *columns, unsigned n)
{
	ASSERT(d->n_sections < CTL_SECTIONS && n <= CTL_COLUMNS, "answers are small");
	d->section[d->n_sections++] = (struct ctl_section){
		.key = key,
		.layout = layout,
		.columns = columns,
		.n_columns = n,
		.first = d->cells.n / sizeof(struct ctl_cell),
	};
}

static void add(struct ctl_doc *d, struct ctl_cell cell)
{
	ctl__text_put(&d->cells, &cell, sizeof(cell));
	if (!d->cells.failed)
		d->section[d->n_sections - 1].n++;
}

void ctl__doc_none(struct ctl_doc *d)
{
	add(d, (struct ctl_cell){.kind = CTL_NONE});
}

static void add_string(struct ctl_doc *d, enum ctl_kind kind, const char *s, size_t n)
{
	size_t at = d->strings.n;

	ctl__text_put(&d->strings, s, n);
	add(d, (struct ctl_cell){.kind = kind, .len = (uint32_t)n, .at = at});
}

void ctl__doc_string(struct ctl_doc *d, const char *fmt, ...)
{
	char s[512]; /* names, addresses, a device string */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	add_string(d, CTL_STRING, s, strlen(s));
}

void ctl__doc_list(struct ctl_doc *d, const struct ctl_text *items)
{
	d->strings.failed |= items->failed;
	add_string(d, CTL_LIST, items->p, items->n);
}

void ctl__doc_number(struct ctl_doc *d, enum ctl_kind kind, uint64_t v)
{
	add(d, (struct ctl_cell){.kind = kind, .u = v});
}

void ctl__doc_real(struct ctl_doc *d, enum ctl_kind kind, double v)
{
	add(d, (struct ctl_cell){.kind = kind, .f = v});
}

void ctl__doc_addr(struct ctl_doc *d, const struct ip_addr *a)
{
	char text[IP_ADDR_TEXT];

	ctl__doc_string(d, "%s", ip_addr_text(a, text));
}

void ctl__doc_endpoint(struct ctl_doc *d, const struct ip_endpoint *e)
{
	char text[IP_ENDPOINT_TEXT];

	ctl__doc_string(d, "%s", ip_endpoint_text(e, text));
}

#define PREFIX_TEXT (IP_ADDR_TEXT + 4)

static const char *prefix_text(const struct ip_addr *a, unsigned bits, char *out)
{
	char text[IP_ADDR_TEXT];

	snprintf(out, PREFIX_TEXT, "%s/%u", ip_addr_text(a, text),
		ip_is_v4(a) && bits >= 96 ? bits - 96 : bits);
	return out;
}

void ctl__doc_prefix(struct ctl_doc *d, const struct ip_addr *a, unsigned bits)
{
	char text[PREFIX_TEXT];

	ctl__doc_string(d, "%s", prefix_text(a, bits, text));
}

void ctl__doc_prefixes(struct ctl_doc *d, const struct conf_prefix *p, unsigned n)
{
	struct ctl_text list = {0};
	char text[PREFIX_TEXT];

	for (unsigned i = 0; i < n; i++)
		ctl__text_printf(
			&list, "%s%s", i ? "\n" : "", prefix_text(&p[i].addr, p[i].bits, text));
	ctl__doc_list(d, &list);
	ctl__text_fini(&list);
}

void ctl__doc_endpoints(struct ctl_doc *d, const struct ip_endpoint *p, unsigned n)
{
	struct ctl_text list = {0};
	char text[IP_ENDPOINT_TEXT];

	for (unsigned i = 0; i < n; i++)
		ctl__text_printf(&list, "%s%s", i ? "\n" : "", ip_endpoint_text(&p[i], text));
	ctl__doc_list(d, &list);
	ctl__text_fini(&list);
}

struct ctl_cell ctl__doc_cell(const struct ctl_doc *d, const struct ctl_section *s, size_t i)
{
	struct ctl_cell cell;

	memcpy(&cell, d->cells.p + (s->first + i) * sizeof(cell), sizeof(cell));
	return cell;
}

void ctl__doc_fini(struct ctl_doc *d)
{
	ctl__text_fini(&d->cells);
	ctl__text_fini(&d->strings);
}
