/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client of the admin socket may send: each line is parsed, matched, completed; help is run.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "ctl/ctl_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct ctl_core core;

static void setup(void)
{
	static const char ini[] = "[port p]\ndevice = d\naddress = 10.0.0.1/24\n"
				  "[pool fast]\nmember = a 10.0.0.2:80\n"
				  "[pool fallback]\nmember = a 10.0.0.3:80\n";
	struct conf_errors errs = {0};

	core.sys.conf = conf_parse_text("fuzz", ini, strlen(ini), &errs);
	ASSERT(core.sys.conf, "the file above has no error");
}

static bool inside(struct span outer, struct span s)
{
	return s.p >= outer.p && s.p + s.n <= outer.p + outer.n;
}

static void one_line(struct span line)
{
	struct ctl_request r;
	const struct ctl_command *c;
	struct ctl_text out = {0};
	struct err e = {""};
	struct span arg;
	bool ok;

	if (ctl__request_parse(line, &r, &e) < 0) {
		ASSERT(e.text[0], "an error says why");
		return;
	}
	ASSERT(r.n > 0 && r.n <= CTL_WORDS_MAX, "words are counted");
	for (unsigned i = 0; i < r.n; i++)
		ASSERT(r.word[i].n > 0 && inside(line, r.word[i]), "words are parts of the line");
	ctl__command_complete(&core, &r, &out);
	ctl__text_fini(&out);
	c = ctl__command_find(&r, &arg, &e);
	ASSERT(c || e.text[0], "an error says why");
	ASSERT(!c || arg.n == 0 || inside(line, arg), "so is the argument");
	if (c && c->arg != CTL_ARG_WORDS) /* the others need a running system */
		return;
	ok = ctl__command_run(&core, line, &out);
	ASSERT(ok || out.n > 0, "an error says why");
	ctl__text_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = {(const char *)data, n};

	if (!core.sys.conf)
		setup();
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t len = end ? (size_t)(end - rest.p) : rest.n;
		char *copy = malloc(len ? len : 1); /* so that one byte too far is seen */

		if (!copy)
			abort();
		memcpy(copy, rest.p, len);
		one_line((struct span){copy, len});
		free(copy);
		rest.p += len + (end != NULL);
		rest.n -= len + (end != NULL);
	}
	return 0;
}
