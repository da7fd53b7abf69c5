/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "setting.h"

#define DAY (86400.0 * WIRE_NS_PER_S)

static const struct setting_unit units_time[] = {
	{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {0}};
static const struct setting_unit units_share[] = {{"%", WIRE_ALWAYS / 100.0}, {0}};
static const struct setting_unit units_rate[] = {{"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"", 1}, {0}};
static const struct setting_unit units_bytes[] = {
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}, {0}};
const struct setting_unit setting_units_none[] = {{"", 1}, {0}};

static const struct setting_kind kind_time = {
	units_time, 0, WIRE_TIME_MAX, "a time up to 100s, like 20ms"};
static const struct setting_kind kind_share = {units_share, 0, WIRE_ALWAYS, "a share like 0.1%"};
static const struct setting_kind kind_rate = {
	units_rate, 1000, 1e12, "bit/s, 1K to 1000G, like 100M"};
static const struct setting_kind kind_bytes = {
	units_bytes, 0, WIRE_QUEUE_MAX, "bytes up to 1G, like 256K"};
static const struct setting_kind kind_length = {
	setting_units_none, 1, 1e6, "a share and a length, like 1%,5"};
static const struct setting_kind kind_link = {NULL, 0, 1, "up or down"};
const struct setting_kind setting_duration = {units_time, 0, DAY, "a time up to 86400s, like 2.5s"};

/* Before it is rounded. */
static bool number(const struct setting_kind *kind, const char *text, double *out)
{
	size_t n = strspn(text, "0123456789.");
	const struct setting_unit *u = kind->units;
	char *end;

	*out = strtod(text, &end);
	if (n == 0 || end != text + n)
		return false;
	while (u->name && strcmp(u->name, end) != 0)
		u++;
	if (!u->name)
		return false;
	*out *= u->factor;
	return *out >= kind->min && *out <= kind->max;
}

static uint64_t rounded(double v)
{
	return (uint64_t)(v + 0.5);
}

int setting_number(const struct setting_kind *kind, const char *text, uint64_t *out)
{
	double v;

	if (!number(kind, text, &v))
		return -EINVAL;
	*out = rounded(v);
	return 0;
}

static const char *read_number(const struct setting *s, const char *text, uint64_t *out)
{
	return setting_number(s->kind, text, out) < 0 ? s->kind->wanted : NULL;
}

static const char *read_link(const struct setting *s, const char *text, uint64_t *out)
{
	out[0] = strcmp(text, "down") == 0;
	return out[0] || strcmp(text, "up") == 0 ? NULL : s->kind->wanted;
}

/* Share s in bursts of n: leave = 1 / n, and enter such that enter / (enter + leave) is s. */
static const char *read_burst(const struct setting *s, const char *text, uint64_t *out)
{
	const char *comma = strchr(text, ',');
	char word[32] = "";
	double share, n, enter;

	if (comma && comma - text < (int)sizeof(word))
		memcpy(word, text, (size_t)(comma - text));
	if (!number(&kind_share, word, &share) || !number(s->kind, comma + 1, &n))
		return s->kind->wanted;
	share /= WIRE_ALWAYS;
	enter = share / (1 - share) / n;
	if (!(share < 1) || enter > 1)
		return "a share that bursts of this length can reach";
	out[0] = rounded(enter * WIRE_ALWAYS);
	out[1] = rounded(WIRE_ALWAYS / n);
	return NULL;
}

#define AT(field) offsetof(struct wire_conf, field)

_Static_assert(AT(burst_leave) == AT(burst_enter) + sizeof(uint64_t), "a setting's fields are "
								      "next to each other");

const struct setting settings[SETTINGS] = {
	{"link", read_link, &kind_link, AT(down), 1},
	{"delay", read_number, &kind_time, AT(delay), 1},
	{"jitter", read_number, &kind_time, AT(jitter), 1},
	{"loss", read_number, &kind_share, AT(loss), 1},
	{"burst-loss", read_burst, &kind_length, AT(burst_enter), 2},
	{"reorder", read_number, &kind_share, AT(reorder), 1},
	{"reorder-gap", read_number, &kind_time, AT(gap), 1},
	{"duplicate", read_number, &kind_share, AT(duplicate), 1},
	{"corrupt", read_number, &kind_share, AT(corrupt), 1},
	{"rate", read_number, &kind_rate, AT(rate), 1},
	{"queue", read_number, &kind_bytes, AT(queue), 1},
};

const struct setting *setting_find(const char *name)
{
	for (unsigned i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

const char *setting_read(const struct setting *s, const char *text, uint64_t out[SETTING_FIELDS])
{
	memset(out, 0, SETTING_FIELDS * sizeof(*out));
	if (strcmp(text, "off") == 0 && s->kind != &kind_link)
		return NULL;
	return s->read(s, text, out);
}

void setting_put(const struct setting *s, struct wire_conf *c, const uint64_t v[SETTING_FIELDS])
{
	memcpy((char *)c + s->at, v, s->n * sizeof(*v));
}

void setting_get(const struct setting *s, const struct wire_conf *c, uint64_t v[SETTING_FIELDS])
{
	memcpy(v, (const char *)c + s->at, s->n * sizeof(*v));
}

const char *setting_complete(struct wire_conf *c)
{
	if (c->jitter > c->delay)
		return "jitter: more than the delay";
	if (c->queue && !c->rate)
		return "queue: there is none without a rate";
	if (c->rate && !c->queue)
		c->queue = 256 << 10;
	if (c->reorder && !c->gap)
		c->gap = c->delay / 4;
	if (c->reorder && !c->gap)
		return "reorder: needs a delay or a reorder-gap";
	return NULL;
}
