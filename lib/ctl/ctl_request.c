/* SPDX-License-Identifier: BSD-3-Clause */
/* One request line: words of printable ASCII between blanks, "json" before them. A pure function.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "ctl/ctl_priv.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cut the next word off *rest; false at the end of the line. */
static bool next_word(struct span *rest, struct span *word)
{
	while (rest->n && blank(*rest->p))
		rest->p++, rest->n--;
	*word = (struct span){rest->p, 0};
	while (rest->n && !blank(*rest->p))
		rest->p++, rest->n--, word->n++;
	return word->n > 0;
}

int ctl__request_parse(struct span line, struct ctl_request *r, struct err *e)
{
	struct span word;

	*r = (struct ctl_request){.open = line.n == 0 || blank(line.p[line.n - 1])};
	for (size_t i = 0; i < line.n; i++)
		if (!blank(line.p[i]) && !isgraph((uint8_t)line.p[i]))
			return err_set(e, EINVAL,
				"byte %zu: 0x%02x is no printable ASCII character", i + 1,
				(uint8_t)line.p[i]);
	while (next_word(&line, &word)) {
		if (r->n == 0 && !r->json && span_eq(word, SPAN_LIT("json"))) {
			r->json = true;
			continue;
		}
		if (r->n == CTL_WORDS_MAX)
			return err_set(e, EINVAL, "\"%.*s\": too many words; at most %d",
				ctl__shown(word), word.p, CTL_WORDS_MAX);
		r->word[r->n++] = word;
	}
	if (r->n == 0)
		return err_set(e, EINVAL, "empty request; \"help\" lists the commands");
	return 0;
}
