/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"
#include "store.h"
#include "unit.h"

static struct store *store;

static void setup(uint32_t objects, uint32_t uploads, uint32_t parts)
{
	store = store_create(&(struct store_config){objects, uploads, parts});
	CU_ASSERT_PTR_NOT_NULL_FATAL(store);
}

static struct request_name name_of(const char *bucket, const char *key)
{
	struct request_name n = {(uint16_t)strlen(bucket), (uint16_t)strlen(key), ""};

	memcpy(n.text, bucket, n.bucket);
	memcpy(n.text + n.bucket, key, n.key);
	return n;
}

/* As good as a hash here. */
static uint64_t id_of(const struct request_name *n)
{
	uint64_t h = n->bucket;

	for (unsigned i = 0; i < n->bucket + n->key; i++)
		h = h * 1099511628211u + (uint8_t)n->text[i];
	return h;
}

static bool put(const char *key, uint64_t size)
{
	struct request_name n = name_of("b", key);

	return store_put(store, id_of(&n), &n, &(struct store_object){.size = size});
}

static bool finds(const char *key, uint64_t size)
{
	struct request_name n = name_of("b", key);
	struct store_object o;

	return store_find(store, id_of(&n), &n, &o) && o.size == size;
}

static bool any(const char *key)
{
	struct request_name n = name_of("b", key);
	struct store_object o;

	return store_find(store, id_of(&n), &n, &o);
}

static bool delete (const char *key)
{
	struct request_name n = name_of("b", key);

	return store_delete(store, id_of(&n), &n);
}

/* The keys of bucket b behind `after`, joined by spaces. */
static const char *list(const char *prefix, const char *after)
{
	static char text[4096];
	struct store_entry e = {.key = span_str(after)};
	char last[REQUEST_NAME_MAX];

	text[0] = '\0';
	for (;;) {
		memcpy(last, e.key.p, e.key.n);
		if (!store_next(store, SPAN_LIT("b"), span_str(prefix),
			    (struct span){last, e.key.n}, &e))
			return text;
		strncat(text, e.key.p, e.key.n);
		strcat(text, " ");
	}
}

static void sizes_in_keys(void)
{
	setup(4, 4, 4);
	CU_ASSERT(finds("x-4096", 4096) && finds("a/b-c-0", 0));
	CU_ASSERT(!any("x") && !any("x-") && !any("x-12k") && !any("4096"));
	CU_ASSERT(!any("x-99999999999999999999"));
	put("x-4096", 5); /* what was put counts */
	CU_ASSERT(finds("x-4096", 5));
	delete ("x-4096");
	CU_ASSERT(!any("x-4096"));
	put("x-4096", 4096);
	CU_ASSERT(finds("x-4096", 4096));
	delete ("never-was");
	CU_ASSERT_STRING_EQUAL(list("", ""), "x-4096 ");
	store_destroy(store);
}

static void in_order(void)
{
	struct request_name other = name_of("c", "a");

	setup(16, 4, 4);
	store_put(store, id_of(&other), &other, &(struct store_object){.size = 1});
	put("b/2", 1);
	put("a", 1);
	put("b/1", 1);
	put("ba", 1);
	put("b", 1);
	put("b/1", 7); /* again: once */
	CU_ASSERT_STRING_EQUAL(list("", ""), "a b b/1 b/2 ba ");
	CU_ASSERT_STRING_EQUAL(list("b/", ""), "b/1 b/2 ");
	CU_ASSERT_STRING_EQUAL(list("b", "b/1"), "b/2 ba ");
	CU_ASSERT_STRING_EQUAL(list("b/", "a"), "b/1 b/2 ");
	CU_ASSERT_STRING_EQUAL(list("b/", "c"), "");
	delete ("b/1");
	CU_ASSERT_STRING_EQUAL(list("", ""), "a b b/2 ba ");
	store_destroy(store);
}

/* The oldest makes room; what is left is found and in order. */
static void bounded(void)
{
	char key[16], want[64];
	unsigned forgot = 0;

	setup(3, 4, 4);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%03u", i * 7 % 1000);
		forgot += put(key, i);
		if (i >= 3) {
			snprintf(key, sizeof(key), "k%03u", (i - 3) * 7 % 1000);
			CU_ASSERT(!any(key));
			snprintf(key, sizeof(key), "k%03u", (i - 2) * 7 % 1000);
			CU_ASSERT(finds(key, i - 2));
		}
	}
	CU_ASSERT_EQUAL(forgot, 997);
	snprintf(want, sizeof(want), "k%03u k%03u k%03u ", 979, 986, 993);
	CU_ASSERT_STRING_EQUAL(list("", ""), want);
	store_destroy(store);
}

static void uploads(void)
{
	uint64_t id, size = 0, part_size = 0;

	setup(4, 2, 4);
	id = store_upload(store, 5, 100);
	CU_ASSERT(id != 0 && store_upload_find(store, id, 5, &part_size) && part_size == 100);
	CU_ASSERT(!store_upload_find(store, id, 6, &part_size));
	CU_ASSERT(!store_upload_find(store, 0, 5, &part_size));
	CU_ASSERT(!store_upload_find(store, id + 2, 5, &part_size));
	CU_ASSERT(store_part(store, id, 1, 10) && store_part(store, id, 10000, 20));
	CU_ASSERT(store_part(store, id, 1, 30)); /* replaces */
	CU_ASSERT(store_part_find(store, id, 1, &size) && size == 30);
	CU_ASSERT(store_part_find(store, id, 10000, &size) && size == 20);
	CU_ASSERT(!store_part_find(store, id, 2, &size));
	CU_ASSERT(store_part(store, id, 2, 1) && store_part(store, id, 3, 1));
	CU_ASSERT(!store_part(store, id, 4, 1)); /* no place */
	store_upload_end(store, id);
	CU_ASSERT(!store_part(store, id, 1, 1) && !store_part_find(store, id, 1, &size));
	/* the oldest makes room, and its parts */
	for (unsigned i = 0; i < 100; i++) {
		id = store_upload(store, i, 0);
		CU_ASSERT(store_part(store, id, 1, i) && store_part(store, id, 2, i));
		CU_ASSERT(store_part_find(store, id, 2, &size) && size == i);
		if (i >= 2)
			CU_ASSERT(!store_upload_find(store, id - 2, i - 2, &part_size));
	}
	store_destroy(store);
}

static const struct unit_case cases[] = {
	UNIT_CASE(sizes_in_keys), UNIT_CASE(in_order), UNIT_CASE(bounded), UNIT_CASE(uploads)};
UNIT_MAIN(cases)
