/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycles to tell what a request wants. */
#include <stdio.h>
#include <x86intrin.h>

#include "s3/s3_request.h"

#define ROUNDS 1000
#define TRIES  500
#define V4                                                                                         \
	"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "    \
	"SignedHeaders=host;x-amz-content-sha256;x-amz-date, "                                     \
	"Signature=418acf1dc4419b54df5ecb60e4832954c94f5bac239e351a8d0bc969afabc70c"
#define PRESIGNED                                                                                  \
	"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"     \
	"us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"           \
	"X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c2659" \
	"57d157751f604d404"
#define UPLOAD_ID                                                                                  \
	"VCVsb2FkIElEIGZvciBlbZZpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZR~2~c3VwZXJsb25naWRlbnRpZmllcg"
#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *const domains[] = {"s3.example.com"};

static const struct sample {
	const char *name;
	struct s3_head head;
} samples[] = {
	{"GET path", {.method = SPAN_LIT("GET"),
			     .path = SPAN_LIT("/bkt/train/shard-00042.tar"),
			     .host = SPAN_LIT("10.0.0.1:9000"),
			     .authorization = SPAN_LIT(V4),
			     .content_sha256 = SPAN_LIT(HASH),
			     .content_length = -1}},
	{"GET virtual, range", {.method = SPAN_LIT("GET"),
				       .path = SPAN_LIT("/train/shard-00042.tar"),
				       .query = SPAN_LIT("x-id=GetObject"),
				       .host = SPAN_LIT("bkt.s3.example.com"),
				       .authorization = SPAN_LIT(V4),
				       .content_sha256 = SPAN_LIT(HASH),
				       .range = SPAN_LIT("bytes=8388608-16777215"),
				       .content_length = -1}},
	{"GET presigned", {.method = SPAN_LIT("GET"),
				  .path = SPAN_LIT("/bkt/train/shard-00042.tar"),
				  .query = SPAN_LIT(PRESIGNED),
				  .host = SPAN_LIT("s3.example.com"),
				  .content_length = -1}},
	{"UploadPart", {.method = SPAN_LIT("PUT"),
			       .path = SPAN_LIT("/ckpt/step-1000/rank-7.bin"),
			       .query = SPAN_LIT("partNumber=42&uploadId=" UPLOAD_ID),
			       .host = SPAN_LIT("s3.example.com"),
			       .authorization = SPAN_LIT(V4),
			       .content_sha256 = SPAN_LIT("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
			       .decoded_length = SPAN_LIT("67108864"),
			       .content_length = 67192000}},
	{"ListObjectsV2", {.method = SPAN_LIT("GET"),
				  .path = SPAN_LIT("/bkt/"),
				  .query = SPAN_LIT("delimiter=%2F&encoding-type=url&list-type=2&"
						    "max-keys=1000&prefix=train%2F"),
				  .host = SPAN_LIT("s3.example.com"),
				  .authorization = SPAN_LIT(V4),
				  .content_length = -1}},
};

/* The best of many short tries: what the code costs, not what disturbed it. */
static uint64_t cycles(const struct s3_head *head, struct s3_request *r)
{
	uint64_t best = UINT64_MAX, start;

	for (int try = 0; try < TRIES; try++) {
		start = __rdtsc();
		for (int i = 0; i < ROUNDS; i++)
			s3_request_classify(r, head, domains, 1);
		start = __rdtsc() - start;
		best = start < best ? start : best;
	}
	return best / ROUNDS;
}

int main(void)
{
	printf("%-20s %-16s %6s   TSC cycles\n", "request", "operation", "tell");
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct s3_request r;
		uint64_t n = cycles(&samples[i].head, &r);

		printf("%-20s %-16s %6lu\n", samples[i].name, s3_op_name((enum s3_op)r.op), n);
	}
	return 0;
}
