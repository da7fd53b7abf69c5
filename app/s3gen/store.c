/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects lie in a ring of records in the order in which they first came; a hash finds them, and
 * `sorted` holds the indices of all in order of bucket and key. A deleted object keeps its record,
 * so that what its key says of a size no longer holds.
 *
 * Uploads lie in a ring too: id n is in place n modulo the ring's size, until n + size comes.
 */
#include <stdlib.h>

#include "base/assert.h"
#include "store.h"

#define NONE UINT32_MAX

struct record {
	uint64_t object;
	struct store_object info;
	uint32_t next; /* of the hash bucket */
	bool deleted;
	struct request_name name;
};

struct upload {
	uint64_t id; /* 0: none */
	uint64_t object;
	uint64_t part_size;
	uint32_t parts; /* list of its parts */
};

struct part {
	uint64_t upload;
	uint64_t size;
	uint32_t number;
	uint32_t hash_next, upload_next; /* the latter: of free ones too */
};

struct store {
	struct store_config cfg;
	struct record *record;
	uint64_t puts; /* records ever begun; the ring's next place is puts % objects */
	uint32_t *bucket, *sorted, n_sorted;
	struct upload *upload;
	uint64_t last_id;
	struct part *part;
	uint32_t *part_bucket, part_free;
};

/* ---- start and end ---- */

static uint32_t *indices(uint32_t n)
{
	uint32_t *at = malloc(n * sizeof(*at));

	for (uint32_t i = 0; at && i < n; i++)
		at[i] = NONE;
	return at;
}

struct store *store_create(const struct store_config *cfg)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = *cfg;
	s->record = calloc(cfg->objects, sizeof(*s->record));
	s->bucket = indices(cfg->objects);
	s->sorted = indices(cfg->objects);
	s->upload = calloc(cfg->uploads, sizeof(*s->upload));
	s->part = calloc(cfg->parts, sizeof(*s->part));
	s->part_bucket = indices(cfg->parts);
	if (!s->record || !s->bucket || !s->sorted || !s->upload || !s->part || !s->part_bucket) {
		store_destroy(s);
		return NULL;
	}
	s->part_free = NONE;
	for (uint32_t i = cfg->parts; i > 0; i--) {
		s->part[i - 1].upload_next = s->part_free;
		s->part_free = i - 1;
	}
	return s;
}

void store_destroy(struct store *s)
{
	if (!s)
		return;
	free(s->record);
	free(s->bucket);
	free(s->sorted);
	free(s->upload);
	free(s->part);
	free(s->part_bucket);
	free(s);
}

/* ---- objects ---- */

static struct record *find(const struct store *s, uint64_t object)
{
	uint32_t i = s->puts ? s->bucket[object % s->cfg.objects] : NONE;

	while (i != NONE && s->record[i].object != object)
		i = s->record[i].next;
	return i == NONE ? NULL : &s->record[i];
}

bool store_find(const struct store *s, uint64_t object, const struct request_name *name,
	struct store_object *out)
{
	const struct record *r = find(s, object);

	if (r) {
		*out = r->info;
		return !r->deleted;
	}
	out->parts = 0;
	return request_size(request_key(name), &out->size);
}

static int compare(struct span a, struct span b)
{
	size_t n = RTE_MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* The first place in `sorted` whose object is not below bucket and key, or (above) is above. */
static uint32_t lower(const struct store *s, struct span bucket, struct span key, bool above)
{
	uint32_t low = 0, high = s->n_sorted;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct request_name *n = &s->record[s->sorted[mid]].name;
		int c = compare(request_bucket(n), bucket);

		if (c == 0)
			c = compare(request_key(n), key);
		if (c < 0 || (c == 0 && above))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void forget(struct store *s, uint32_t index)
{
	struct record *r = &s->record[index];
	uint32_t *at = &s->bucket[r->object % s->cfg.objects];
	uint32_t place = lower(s, request_bucket(&r->name), request_key(&r->name), false);

	while (*at != index)
		at = &s->record[*at].next;
	*at = r->next;
	ASSERT(s->sorted[place] == index, "a name is in `sorted` once");
	s->n_sorted--;
	memmove(&s->sorted[place], &s->sorted[place + 1],
		(s->n_sorted - place) * sizeof(*s->sorted));
}

/* A record for a new name; the oldest may have to go. */
static struct record *begin(
	struct store *s, uint64_t object, const struct request_name *name, bool *forgot)
{
	uint32_t index = (uint32_t)(s->puts % s->cfg.objects), place;
	struct record *r = &s->record[index];
	uint32_t *bucket = &s->bucket[object % s->cfg.objects];

	*forgot = s->puts >= s->cfg.objects;
	if (*forgot)
		forget(s, index);
	s->puts++;
	*r = (struct record){.object = object, .next = *bucket};
	*bucket = index;
	r->name.bucket = name->bucket;
	r->name.key = name->key;
	memcpy(r->name.text, name->text, (size_t)name->bucket + name->key);
	place = lower(s, request_bucket(name), request_key(name), false);
	memmove(&s->sorted[place + 1], &s->sorted[place],
		(s->n_sorted - place) * sizeof(*s->sorted));
	s->sorted[place] = index;
	s->n_sorted++;
	return r;
}

bool store_put(struct store *s, uint64_t object, const struct request_name *name,
	const struct store_object *put)
{
	struct record *r = find(s, object);
	bool forgot = false;

	if (!r)
		r = begin(s, object, name, &forgot);
	r->info = *put;
	r->deleted = false;
	return forgot;
}

bool store_delete(struct store *s, uint64_t object, const struct request_name *name)
{
	struct record *r = find(s, object);
	bool forgot = false;
	uint64_t size;

	if (!r && request_size(request_key(name), &size))
		r = begin(s, object, name, &forgot);
	if (r)
		r->deleted = true;
	return forgot;
}

bool store_next(const struct store *s, struct span bucket, struct span prefix, struct span after,
	struct store_entry *out)
{
	bool behind = after.n > 0 && compare(after, prefix) >= 0;
	uint32_t at = lower(s, bucket, behind ? after : prefix, behind);

	for (; at < s->n_sorted; at++) {
		const struct record *r = &s->record[s->sorted[at]];
		struct span key = request_key(&r->name);

		if (!span_eq(request_bucket(&r->name), bucket) || key.n < prefix.n ||
			(prefix.n && memcmp(key.p, prefix.p, prefix.n) != 0))
			return false;
		if (r->deleted)
			continue;
		*out = (struct store_entry){key, r->object, r->info};
		return true;
	}
	return false;
}

/* ---- multipart uploads ---- */

static struct upload *upload_at(const struct store *s, uint64_t id)
{
	struct upload *u = &s->upload[id % s->cfg.uploads];

	return id != 0 && u->id == id ? u : NULL;
}

uint64_t store_upload(struct store *s, uint64_t object, uint64_t part_size)
{
	uint64_t id = ++s->last_id;
	struct upload *u = &s->upload[id % s->cfg.uploads];

	store_upload_end(s, u->id);
	*u = (struct upload){id, object, part_size, NONE};
	return id;
}

bool store_upload_find(const struct store *s, uint64_t id, uint64_t object, uint64_t *part_size)
{
	const struct upload *u = upload_at(s, id);

	if (!u || u->object != object)
		return false;
	*part_size = u->part_size;
	return true;
}

static uint32_t *part_bucket(const struct store *s, uint64_t id, uint32_t number)
{
	return &s->part_bucket[(id * (REQUEST_PART_MAX + 1) + number) % s->cfg.parts];
}

/* The link that leads to the part, or the last one of its bucket. */
static uint32_t *part_link(const struct store *s, uint64_t id, uint32_t number)
{
	uint32_t *at = part_bucket(s, id, number);

	while (*at != NONE && (s->part[*at].upload != id || s->part[*at].number != number))
		at = &s->part[*at].hash_next;
	return at;
}

bool store_part(struct store *s, uint64_t id, uint32_t number, uint64_t size)
{
	struct upload *u = upload_at(s, id);
	uint32_t *at = u ? part_link(s, id, number) : NULL, i;

	if (!at || (*at == NONE && s->part_free == NONE))
		return false;
	if (*at == NONE) {
		i = s->part_free;
		s->part_free = s->part[i].upload_next;
		s->part[i] = (struct part){
			.upload = id, .number = number, .hash_next = NONE, .upload_next = u->parts};
		u->parts = i;
		*at = i;
	}
	s->part[*at].size = size;
	return true;
}

bool store_part_find(const struct store *s, uint64_t id, uint32_t number, uint64_t *size)
{
	uint32_t i = upload_at(s, id) ? *part_link(s, id, number) : NONE;

	if (i == NONE)
		return false;
	*size = s->part[i].size;
	return true;
}

void store_upload_end(struct store *s, uint64_t id)
{
	struct upload *u = upload_at(s, id);

	if (!u)
		return;
	while (u->parts != NONE) {
		struct part *p = &s->part[u->parts];
		uint32_t i = u->parts, *at = part_link(s, id, p->number);

		*at = p->hash_next;
		u->parts = p->upload_next;
		p->upload_next = s->part_free;
		s->part_free = i;
	}
	u->id = 0;
}
