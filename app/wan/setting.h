/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be set on a wire, in the same words on the command line and in a script. */
#ifndef WAN_SETTING_H
#define WAN_SETTING_H

#include "wire.h"

/* How a number is written, and its least and greatest value. */
struct setting_unit {
	const char *name; /* NULL: the end of the list */
	double factor;
};

struct setting_kind {
	const struct setting_unit *units;
	double min, max;
	const char *wanted; /* to end "... is wanted" */
};

extern const struct setting_unit setting_units_none[];
extern const struct setting_kind setting_duration; /* ns, of a run or to an event, up to a day */

/* Digits, perhaps with a point, and a unit of the kind. 0 with *out rounded, or -EINVAL. */
int setting_number(const struct setting_kind *kind, const char *text, uint64_t *out);

#define SETTING_FIELDS 2 /* of struct wire_conf that one setting has at most */

struct setting {
	const char *name;
	const char *(*read)(const struct setting *s, const char *text, uint64_t *out);
	const struct setting_kind *kind;
	size_t at;  /* of the first field in struct wire_conf; each is a uint64_t */
	unsigned n; /* fields, next to each other */
};

#define SETTINGS 11
extern const struct setting settings[SETTINGS];

/* NULL: there is none of that name. */
const struct setting *setting_find(const char *name);
/* The value of s that text says; "off" is none of it. NULL, or what is wanted instead. */
const char *setting_read(const struct setting *s, const char *text, uint64_t out[SETTING_FIELDS]);
void setting_put(const struct setting *s, struct wire_conf *c, const uint64_t v[SETTING_FIELDS]);
void setting_get(const struct setting *s, const struct wire_conf *c, uint64_t v[SETTING_FIELDS]);

/* Fill in what follows from other settings (the queue of a rate, the gap of reordering). NULL, or
 * why these settings do not go together. */
const char *setting_complete(struct wire_conf *c);

#endif
