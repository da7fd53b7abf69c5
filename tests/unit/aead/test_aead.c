/* SPDX-License-Identifier: BSD-3-Clause */
/* The pages of keys and the rules of their use, with a driver that can be looked into. */
#define BASE_ASSERT_SLOW 1
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../lib/aead/aead.c"
#include "smaps.h"

#define N_KEYS 100

static const uint8_t key[AEAD_KEY_MAX] = "a secret that is nowhere else...";
static const struct aead_spec sealing = {AEAD_AES_256_GCM, true, 5};
static const struct aead_spec opening = {AEAD_AES_256_GCM, false, 5};
static int refuse; /* what key_init returns */
static unsigned inside, ran;

static int glass_create(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	return args[0] ? err_set(e, EINVAL, "no %s", args) : 0;
}

static void glass_destroy(void *ctx)
{
}

static bool glass_does(void *ctx, enum aead_alg alg)
{
	return alg != AEAD_CHACHA20_POLY1305;
}

static int glass_init(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *bytes)
{
	memcpy(mem, bytes, AEAD_KEY_MAX);
	inside += !refuse;
	return refuse;
}

static void glass_fini(void *ctx, void *mem)
{
	CU_ASSERT_EQUAL(memcmp(mem, key, AEAD_KEY_MAX), 0); /* wiped only afterwards */
	inside--;
}

static void glass_run(void *ctx, struct aead_op *op, unsigned n)
{
	ran += n;
}

static const struct aead_driver glass = {
	"glass", glass_create, glass_destroy, glass_does, 128, glass_init, glass_fini, glass_run};

static bool zero(const uint8_t *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return n == 0;
}

static struct aead *instance(void)
{
	struct aead *a = aead_create(&glass, "", N_KEYS, -1, &(struct err){0});

	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	return a;
}

static void slots(void)
{
	struct aead *a = instance();
	struct aead_key *k[N_KEYS];

	for (uint32_t i = 0; i < N_KEYS; i++) {
		k[i] = aead_key_get(a, &sealing, key);
		CU_ASSERT_PTR_NOT_NULL_FATAL(k[i]);
		CU_ASSERT_EQUAL((uintptr_t)k[i] % 64, 0);
		CU_ASSERT_EQUAL(aead_keys_in_use(a), i + 1);
		aead_key_prefetch(a, k[i]);
		for (uint32_t j = 0; j < i; j++)
			CU_ASSERT(k[i] != k[j]);
	}
	CU_ASSERT_PTR_NULL(aead_key_get(a, &sealing, key));
	aead_key_put(a, k[7]);
	CU_ASSERT_TRUE(zero((uint8_t *)k[7], glass.key_size));
	CU_ASSERT_FALSE(zero((uint8_t *)k[8], glass.key_size));
	CU_ASSERT_PTR_EQUAL(aead_key_get(a, &opening, key), k[7]); /* the warm one */
	for (uint32_t i = 0; i < N_KEYS; i++)
		aead_key_put(a, k[i]);
	aead_key_put(a, NULL);
	CU_ASSERT_EQUAL(aead_keys_in_use(a), 0);
	CU_ASSERT_EQUAL(inside, 0);
	CU_ASSERT_TRUE(zero(a->pages, a->bytes));
	aead_destroy(a);
	aead_destroy(NULL);
}

/* What the driver began to write is wiped too, and the slot is not lost. */
static void refused(void)
{
	struct aead *a = instance();

	refuse = -ENOTSUP;
	CU_ASSERT_PTR_NULL(aead_key_get(a, &sealing, key));
	refuse = 0;
	CU_ASSERT_EQUAL(aead_keys_in_use(a), 0);
	CU_ASSERT_TRUE(zero(a->pages, a->bytes));
	aead_destroy(a);
}

static void create(void)
{
	struct err e = {0};
	struct aead *a = instance();

	CU_ASSERT_STRING_EQUAL(aead_name(a), "glass");
	CU_ASSERT_TRUE(aead_does(a, AEAD_AES_128_GCM));
	CU_ASSERT_FALSE(aead_does(a, AEAD_CHACHA20_POLY1305));
	CU_ASSERT_EQUAL(aead_key_bytes(AEAD_AES_128_GCM), 16);
	CU_ASSERT_STRING_EQUAL(aead_alg_name(AEAD_AES_128_GCM), "AES_128_GCM");
	aead_destroy(a);
	CU_ASSERT_PTR_NULL(aead_create(&glass, "such", N_KEYS, -1, &e));
	CU_ASSERT_STRING_EQUAL(e.text, "no such");
	CU_ASSERT_PTR_NULL(aead_create(&glass, "", 0, -1, &e));
}

static void pages(void)
{
	struct aead *a = instance();
	const char *flags = smaps_flags(a->pages);
	struct rlimit lock;

	CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dd")); /* not in core dumps */
	CU_ASSERT_PTR_NOT_NULL(strstr(flags, " dc")); /* not in children */
	getrlimit(RLIMIT_MEMLOCK, &lock);
	CU_ASSERT(strstr(flags, " lo") || lock.rlim_cur < a->bytes);
	aead_destroy(a);
}

/* How a child ends that seals twice with these nonces. */
static int seals(const struct aead_spec *spec, uint8_t first, uint8_t second)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct aead *a = aead_create(&glass, "", N_KEYS, -1, &(struct err){0});
		struct aead_op op = {.key = aead_key_get(a, spec, key), .nonce = {first}};

		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		aead_run(a, &op, 1);
		op.nonce[0] = second;
		aead_run(a, &op, 1);
		_exit(0);
	}
	CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void nonces(void)
{
	CU_ASSERT_EQUAL(seals(&sealing, 1, 2), 0);
	CU_ASSERT_EQUAL(seals(&sealing, 1, 1), SIGABRT);
	CU_ASSERT_EQUAL(seals(&sealing, 0, 0), SIGABRT);
	CU_ASSERT_EQUAL(seals(&opening, 1, 1), 0); /* a peer may send what it likes */
}

static const struct unit_case cases[] = {
	UNIT_CASE(create),
	UNIT_CASE(slots),
	UNIT_CASE(refused),
	UNIT_CASE(pages),
	UNIT_CASE(nonces),
};

UNIT_MAIN(cases)
