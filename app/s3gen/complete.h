/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of parts in the body of CompleteMultipartUpload, read as it comes and kept nowhere:
 *
 *	<CompleteMultipartUpload ...> { <Part> <PartNumber>1</PartNumber> <ETag>"..."</ETag> ...
 *</Part> }
 *	</CompleteMultipartUpload>
 *
 * As much of XML as any client writes there: tags with attributes, a prolog, references for quotes;
 * unknown elements in a Part are passed over; no comments, CDATA or DOCTYPE.
 */
#ifndef S3GEN_COMPLETE_H
#define S3GEN_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPLETE_NAME_MAX 32 /* of an element; longer ones are unknown and cut */
#define COMPLETE_TEXT_MAX 80 /* of an element that counts; longer ones are bad */

enum complete_progress { COMPLETE_MORE, COMPLETE_PART, COMPLETE_DONE, COMPLETE_BAD };

struct complete {
	uint8_t state; /* enum in complete.c */
	uint8_t depth; /* elements that are open, at most 4 */
	uint8_t n_name, n_text;
	bool end; /* the tag is an end tag */
	bool got_number, got_etag;
	char quote;                   /* of an attribute's value */
	char name[COMPLETE_NAME_MAX]; /* of the tag */
	char text[COMPLETE_TEXT_MAX + 1];
	uint32_t number;                  /* of the part */
	char etag[COMPLETE_TEXT_MAX + 1]; /* without quotes */
};

void complete_init(struct complete *c);
/* Read on at *p, up to end. PART: number and etag are those of the next part; go on with the rest.
 * MORE: all was read. DONE: the rest is nobody's. */
enum complete_progress complete_feed(struct complete *c, const char **p, const char *end);

#endif
