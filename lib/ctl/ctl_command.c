/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's language: one table of verbs and nouns; help, abbreviations, completion and the
 * errors all come from it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_common.h>

#include "ctl/ctl_priv.h"

static int run_help(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e);

static const struct ctl_command commands[] = {
	{{"show", "version"}, NULL, "version, start and uptime", .run = ctl__show_version},
	{{"show", "ports"}, NULL, "ports: device, link, traffic, offloads", .run = ctl__show_ports},
	{{"show", "workers"}, NULL, "workers: core, busy share, packets a burst",
		.run = ctl__show_workers},
	{{"show", "cycles"}, NULL, "cycles a packet of each stage", .run = ctl__show_cycles},
	{{"show", "listeners"}, NULL, "listeners: connections, requests, statuses",
		.run = ctl__show_listeners},
	{{"show", "pools"}, NULL, "pools and their members: state and load",
		.run = ctl__show_pools},
	{{"show", "pool"}, "NAME", "one pool: its members' traffic, failures, latency",
		CTL_ARG_POOL, true, ctl__show_pool},
	{{"show", "connections"}, "[LIMIT]", "connections, at most LIMIT (100)", CTL_ARG_LIMIT,
		.run = ctl__show_connections},
	{{"show", "routes"}, NULL, "routes", .run = ctl__show_routes},
	{{"show", "neighbours"}, NULL, "neighbours (ARP and ND) of each worker",
		.run = ctl__show_neighbours},
	{{"show", "counters"}, "[all]", "counters that are not zero, or all", CTL_ARG_ALL,
		.run = ctl__show_counters},
	{{"show", "memory"}, NULL, "buffers and records: in use and size", .run = ctl__show_memory},
	{{"show", "config"}, NULL, "the configuration in effect, defaults included",
		.run = ctl__show_config},
	{{"show", "tls"}, NULL, "TLS: handshakes, why they failed, records", .run = ctl__show_tls},
	{{"show", "certificates"}, NULL, "certificates: names, key, until when",
		.run = ctl__show_certificates},
	{{"show", "snapshots"}, NULL, "what runs, and what a rollback may go to",
		.run = ctl__show_snapshots},
	{{"show", "events"}, NULL, "members that changed state, operators' acts",
		.run = ctl__show_events},
	{{"diff"}, NULL, "what a reload would change", .run = ctl__do_diff},
	{{"reload"}, NULL, "read the file again and use it, whole or not at all",
		.run = ctl__do_reload},
	{{"reload", "certificates"}, NULL, "read all certificates again, for new connections",
		.run = ctl__reload_certificates},
	{{"rollback"}, "[SNAPSHOT]", "use what ran before, or that snapshot again", CTL_ARG_LIMIT,
		.run = ctl__do_rollback},
	{{"drain"}, "POOL[/MEMBER] [TIME [cut]]",
		"no new requests; those that run end, or are cut after TIME", CTL_ARG_MEMBER_REST,
		true, ctl__do_drain},
	{{"undrain"}, "POOL[/MEMBER]", "take drain or maintenance back", CTL_ARG_MEMBER_REST, true,
		ctl__do_undrain},
	{{"maintenance"}, "POOL/MEMBER on|off", "as drain, and no checks", CTL_ARG_MEMBER_REST,
		true, ctl__do_maintenance},
	{{"weight"}, "POOL/MEMBER N", "another weight, 0 to 256", CTL_ARG_MEMBER_REST, true,
		ctl__do_weight},
	{{"add", "member"}, "POOL NAME ADDRESS:PORT [weight=N]",
		"one member more, until the next reload", CTL_ARG_POOL_REST, true,
		ctl__do_add_member},
	{{"remove", "member"}, "POOL/MEMBER", "one less; what runs on it ends in its time",
		CTL_ARG_MEMBER_REST, true, ctl__do_remove_member},
	{{"help"}, "[WORD...]", "the commands, or those that begin with WORD...", CTL_ARG_WORDS,
		.run = run_help},
};

#define N_COMMANDS RTE_DIM(commands)
#define N_WORDS    RTE_DIM(commands[0].word)

/* Rows that the words so far allow, as bits. */
_Static_assert(N_COMMANDS <= 32, "a uint32_t holds the rows");
#define ALL ((uint32_t)((1ull << N_COMMANDS) - 1))

#define UNKNOWN "\"%.*s\": unknown; expected %.*s"

static bool in_set(uint32_t set, unsigned i)
{
	return set >> i & 1;
}

/* The rows of set whose word at level is w, or begins with it. */
static uint32_t narrow(uint32_t set, unsigned level, struct span w, bool whole)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < N_COMMANDS; i++) {
		const char *word = commands[i].word[level];

		if (!in_set(set, i) || !word || strncmp(word, w.p, w.n) != 0)
			continue;
		if (!whole || word[w.n] == '\0')
			out |= 1u << i;
	}
	return out;
}

/* The distinct words of set at level, with `between` between them, into out. Returns how many. */
static unsigned list_words(uint32_t set, unsigned level, const char *between, struct ctl_text *out)
{
	const char *last = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < N_COMMANDS; i++) {
		const char *word = commands[i].word[level];

		if (!in_set(set, i) || !word || (last && strcmp(last, word) == 0))
			continue; /* rows of one verb stand together */
		if (n++ > 0)
			ctl__text_str(out, between);
		ctl__text_str(out, word);
		last = word;
	}
	return n;
}

/* "WHAT LIST" with the words of set at level. */
static int fail_words(struct err *e, uint32_t set, unsigned level, const char *fmt, struct span w)
{
	struct ctl_text list = {0};

	list_words(set, level, ", ", &list);
	err_set(e, EINVAL, fmt, ctl__shown(w), w.p ? w.p : "", (int)list.n, list.p ? list.p : "");
	ctl__text_fini(&list);
	return -EINVAL;
}

/* One word further: narrow *set to it. Whole words win over longer ones that begin with them. */
static int match_word(uint32_t *set, unsigned level, struct span w, struct err *e)
{
	uint32_t hits = narrow(*set, level, w, true);
	struct ctl_text unused = {0};
	unsigned n;

	if (!hits)
		hits = narrow(*set, level, w, false);
	if (!hits)
		return fail_words(e, *set, level, UNKNOWN, w);
	n = list_words(hits, level, "", &unused);
	ctl__text_fini(&unused);
	if (n > 1)
		return fail_words(e, hits, level, "\"%.*s\": ambiguous; it may be %.*s", w);
	*set = hits;
	return 0;
}

/* The row of set that ends before level, if there is one, else any: all of them agree on the words
 * so far. */
static const struct ctl_command *row_at(uint32_t set, unsigned level)
{
	for (unsigned i = 0; level < N_WORDS && i < N_COMMANDS; i++)
		if (in_set(set, i) && !commands[i].word[level])
			return &commands[i];
	return &commands[__builtin_ctz(set)];
}

static bool goes_on(uint32_t set, unsigned level)
{
	for (unsigned i = 0; level < N_WORDS && i < N_COMMANDS; i++)
		if (in_set(set, i) && commands[i].word[level])
			return true;
	return false;
}

/* Match words until a row has no more of them; *level is how many were taken. */
static int match(const struct span *word, unsigned n, uint32_t *set, unsigned *level, struct err *e)
{
	*set = ALL;
	for (*level = 0; *level < n && goes_on(*set, *level); ++*level)
		if (match_word(set, *level, word[*level], e) < 0)
			return -EINVAL;
	return 0;
}

const struct ctl_command *ctl__command_find(
	const struct ctl_request *r, struct span *arg, struct err *e)
{
	const struct ctl_command *c;
	uint32_t set;
	unsigned level;

	*arg = (struct span){0};
	if (match(r->word, r->n, &set, &level, e) < 0)
		return NULL;
	c = row_at(set, level);
	if (level < N_WORDS && c->word[level]) {
		fail_words(
			e, set, level, "\"%.*s\": incomplete; expected %.*s", r->word[level - 1]);
		return NULL;
	}
	if (level == r->n && c->needs_arg) {
		err_set(e, EINVAL, "\"%s%s%s\": incomplete; expected %s", c->word[0],
			c->word[1] ? " " : "", c->word[1] ? c->word[1] : "", c->arg_text);
		return NULL;
	}
	if (level == r->n)
		return c;
	*arg = r->word[level];
	if (c->arg >= CTL_ARG_WORDS) /* the rest of the line */
		arg->n = (size_t)(r->word[r->n - 1].p + r->word[r->n - 1].n - arg->p);
	else if (c->arg == CTL_ARG_NONE || r->n > level + 1) {
		struct span odd = r->word[level + (c->arg != CTL_ARG_NONE)];

		err_set(e, EINVAL, "\"%.*s\": unexpected; nothing may follow here", ctl__shown(odd),
			odd.p);
		return NULL;
	}
	return c;
}

/* ---- help ---- */

static int run_help(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"command"}, {"help", "does"}};
	struct ctl_request r = {0};
	uint32_t set = ALL;

	if (arg.n && ctl__request_parse(arg, &r, e) < 0)
		return -EINVAL;
	for (unsigned level = 0; level < r.n && level < N_WORDS; level++) {
		uint32_t hits = narrow(set, level, r.word[level], false);

		if (!hits)
			return fail_words(e, set, level, UNKNOWN, r.word[level]);
		set = hits;
	}
	CTL_SECTION(out, "commands", CTL_TABLE, columns);
	for (unsigned i = 0; i < N_COMMANDS; i++) {
		const struct ctl_command *c = &commands[i];

		if (!in_set(set, i))
			continue;
		ctl__doc_string(out, "%s%s%s%s%s", c->word[0], c->word[1] ? " " : "",
			c->word[1] ? c->word[1] : "", c->arg_text ? " " : "",
			c->arg_text ? c->arg_text : "");
		ctl__doc_string(out, "%s", c->help);
	}
	return 0;
}

/* ---- completion ---- */

/* MEMBER too, where all of a pool's may be meant: the text of the argument tells. */
static bool takes_pool(const struct ctl_command *c)
{
	return c->arg == CTL_ARG_POOL || c->arg == CTL_ARG_POOL_REST ||
	       (c->arg == CTL_ARG_MEMBER_REST && strncmp(c->arg_text, "POOL[", 5) == 0);
}

static void complete_member(const struct conf_pool *p, struct span w, struct ctl_text *out)
{
	char name[2 * CONF_NAME_MAX + 2];

	for (unsigned m = 0; m < p->n_members; m++) {
		snprintf(name, sizeof(name), "%s/%s", p->name, p->members[m].name);
		if (strncmp(name, w.p, w.n) == 0)
			ctl__text_printf(out, "%s\n", name);
	}
}

static void complete_arg(const struct ctl_core *core, const struct ctl_command *c, struct span w,
	struct ctl_text *out)
{
	const struct conf *conf = core->sys.conf;

	if (c->arg == CTL_ARG_ALL && strncmp("all", w.p, w.n) == 0)
		ctl__text_str(out, "all\n");
	for (unsigned i = 0; takes_pool(c) && i < conf->n_pools; i++)
		if (strncmp(conf->pools[i].name, w.p, w.n) == 0)
			ctl__text_printf(out, "%s\n", conf->pools[i].name);
	for (unsigned i = 0; c->arg == CTL_ARG_MEMBER_REST && i < conf->n_pools; i++)
		complete_member(&conf->pools[i], w, out);
}

void ctl__command_complete(
	const struct ctl_core *core, const struct ctl_request *r, struct ctl_text *out)
{
	const struct span *word = r->word + 1; /* behind "complete" */
	unsigned n = r->n - 1, before = r->open || n == 0 ? n : n - 1, level;
	struct span last = before < n ? word[before] : (struct span){"", 0};
	struct err e;
	uint32_t set;

	if (match(word, before, &set, &level, &e) < 0)
		return;
	if (row_at(set, level)->arg == CTL_ARG_WORDS && level == 1) { /* help takes commands */
		struct ctl_request rest = {.n = r->n - 1, .open = r->open};

		memcpy(rest.word, r->word + 1, sizeof(rest.word) - sizeof(rest.word[0]));
		return ctl__command_complete(core, &rest, out);
	}
	if (goes_on(set, level) && before == level) {
		if (list_words(narrow(set, level, last, false), level, "\n", out) > 0)
			ctl__text_str(out, "\n");
	} else if (before == level) {
		complete_arg(core, row_at(set, level), last, out);
	}
}

/* ---- one line, one answer ---- */

static int answer(
	const struct ctl_core *core, struct span line, struct ctl_text *out, struct err *e)
{
	const struct ctl_command *c;
	struct ctl_request r;
	struct ctl_doc doc = {0};
	struct span arg;
	int rc;

	if (ctl__request_parse(line, &r, e) < 0)
		return -EINVAL;
	if (span_eq(r.word[0], SPAN_LIT("complete"))) {
		ctl__command_complete(core, &r, out);
		return 0;
	}
	c = ctl__command_find(&r, &arg, e);
	if (!c)
		return -EINVAL;
	rc = c->run(core, arg, &doc, e);
	if (rc == 0 && r.json)
		ctl__render_json(&doc, out);
	else if (rc == 0)
		ctl__render_text(&doc, out);
	ctl__doc_fini(&doc);
	return rc;
}

bool ctl__command_run(const struct ctl_core *core, struct span line, struct ctl_text *out)
{
	struct err e;

	if (answer(core, line, out, &e) == 0) {
		if (!out->failed)
			return true;
		err_set(&e, ENOMEM, "the answer does not fit into %u MiB", CTL_TEXT_MAX >> 20);
	}
	ctl__text_fini(out);
	ctl__text_printf(out, "%s\n", e.text);
	return false;
}
