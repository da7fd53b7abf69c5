/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests for the tests of lib/s3, written as short as they can be. */
#ifndef ASK_H
#define ASK_H

#include "s3/s3_request.h"
#include "unit.h"

static const char *const ask_domains[] = {"example.com", "s3.example.com"};

static inline struct span ask_span(const char *text)
{
	return text ? span_str(text) : (struct span){NULL, 0};
}

/* Splits target into path and query. */
static inline struct s3_head ask_head(const char *method, const char *host, const char *target)
{
	const char *mark = strchr(target, '?');

	return (struct s3_head){.method = span_str(method),
		.host = ask_span(host),
		.path = {target, mark ? (size_t)(mark - target) : strlen(target)},
		.query = ask_span(mark ? mark + 1 : NULL),
		.content_length = -1};
}

static inline struct s3_request ask_with(struct s3_head head)
{
	struct s3_request r;

	s3_request_classify(&r, &head, ask_domains, RTE_DIM(ask_domains));
	return r;
}

static inline struct s3_request ask(const char *method, const char *host, const char *target)
{
	return ask_with(ask_head(method, host, target));
}

#define IS(span, text) CU_ASSERT(span_eq(span, span_str(text)))

#endif
