/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables against the example, which is the operator's manual of them. */
#include "conf/conf_priv.h"
#include "conf_test.h"

static char example[32768];

static void example_read(void)
{
	FILE *f = fopen(CONF_EXAMPLE, "re");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	example[fread(example, 1, sizeof(example) - 1, f)] = '\0';
	fclose(f);
}

static void example_passes(void)
{
	struct conf_errors errs = {0};
	struct conf *c = conf_load(CONF_EXAMPLE, &errs);

	CU_ASSERT_PTR_NOT_NULL(c);
	errors_take(&errs);
	expect_text("example", errors_text, "");
	conf_destroy(c);
}

/* Also with every key in a comment (";key = ...") made one, but for those that others forbid. */
static void example_passes_in_full(void)
{
	static const char *const not_here[] = {"\n;include", /* not possible from text */
		"\n;aead-device"};
	struct conf *c;

	example_read();
	for (char *p = example; (p = strstr(p, "\n;")) != NULL; p++)
		if (strncmp(p, not_here[0], strlen(not_here[0])) != 0 &&
			strncmp(p, not_here[1], strlen(not_here[1])) != 0)
			p[1] = ' ';
	c = parse(example);
	CU_ASSERT_PTR_NOT_NULL(c);
	expect_text("example", errors_text, "");
	conf_destroy(c);
}

/* The value of a key, in the first section of its kind that shows it; NULL if there is none. */
static const char *example_find(const struct conf_kind *kind, const char *key, bool comment)
{
	char heading[64], line[64];

	snprintf(heading, sizeof(heading), "\n[%s%s", kind->name, kind->named ? " " : "]");
	snprintf(line, sizeof(line), "\n%s%s = ", comment ? ";" : "", key);
	for (const char *from = example; (from = strstr(from, heading)) != NULL; from++) {
		const char *to = strstr(from + 1, "\n["), *hit = strstr(from, line);

		if (hit && (!to || hit < to))
			return hit + strlen(line);
	}
	return NULL;
}

/* A key with a default is shown in a comment, with that default. */
static void example_has_all_keys(void)
{
	example_read();
	for (unsigned i = 0; i < KINDS; i++) {
		for (unsigned k = 0; k < conf__table.kinds[i].n_keys; k++) {
			const struct conf_key *key = &conf__table.kinds[i].keys[k];
			const char *shown = example_find(&conf__table.kinds[i], key->name, true);
			bool given = example_find(&conf__table.kinds[i], key->name, false) != NULL;
			bool ok = key->required ? given : shown || (given && !key->def);

			if (ok && key->def)
				ok = strncmp(shown, key->def, strlen(key->def)) == 0 &&
				     strspn(shown + strlen(key->def), " \n") > 0;
			if (!ok)
				printf("\n[%s] %s is missing or not the default",
					conf__table.kinds[i].name, key->name);
			CU_ASSERT_TRUE(ok);
		}
	}
}

static void tables_are_sound(void)
{
	for (unsigned i = 0; i < KINDS; i++) {
		const struct conf_kind *kind = &conf__table.kinds[i];

		CU_ASSERT(kind->n_keys > 0 && kind->n_keys <= 64);
		for (unsigned k = 0; k < kind->n_keys; k++) {
			const struct conf_key *key = &kind->keys[k];
			char allowed[CONF__ALLOWED_MAX];

			CU_ASSERT_PTR_EQUAL(conf__key_find(kind, key->name), key);
			CU_ASSERT(key->offset + key->size <= kind->size);
			CU_ASSERT(key->min <= key->max);
			CU_ASSERT_FALSE(key->required && key->def);
			CU_ASSERT(*conf__allowed(key, allowed) != '\0');
			if (key->size && key->size < 8 && key->max)
				CU_ASSERT(key->max >> 8 * key->size == 0);
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(example_passes),
	UNIT_CASE(example_passes_in_full),
	UNIT_CASE(example_has_all_keys),
	UNIT_CASE(tables_are_sound),
};

UNIT_MAIN(cases)
