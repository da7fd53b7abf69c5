/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a message ends (RFC 9112 6.3, 7.1). Bodies that are counted (a length, a chunk's data,
 * until close) are never read. The framing of a chunked body runs through one table:
 *
 *   SIZE0 --hex--> SIZE --CR--> SIZE_LF --LF--> DATA --counted--> DATA_CR --CR--> DATA_LF --LF--.
 *     ^             `--;--> EXT_* --CR--> SIZE_LF                                               |
 *     `-----------------------------------------------------------------------------------------'
 *   SIZE_LF --LF, size 0--> TRAILER0 --name--> NAME --:--> VALUE --CR--> VALUE_LF --LF--> TRAILER0
 *                           TRAILER0 --CR--> END_LF --LF--> DONE
 *
 * SIZE0: left and digits are 0. SIZE to SIZE_LF: left is the chunk's size as far as it was read.
 * DATA, LENGTH: left > 0 bytes are due. DATA_CR to END_LF: left is 0. DATA, LENGTH and CLOSE take
 * any bytes and are no rows of the table. FINAL: progress says which end, code is set if BAD.
 *
 * RFC SAYS (7.1.1): white space around an extension's ";" and "=" is parsed and removed; (2.2) a
 * bare LF may end a line. WE DO: refuse both; they serve only to disagree about a chunk's size.
 */
#include "http/http_priv.h"

enum state {
	NOWHERE, /* the byte has no place here */
	SIZE0,
	SIZE,
	EXT_NAME0, /* behind ";" */
	EXT_NAME,
	EXT_VALUE0, /* behind "=" */
	EXT_VALUE,
	EXT_QUOTED,
	EXT_ESCAPE, /* behind a backslash in a quoted string */
	EXT_QUOTED_END,
	SIZE_LF,
	DATA_CR,
	DATA_LF,
	TRAILER0,
	NAME,
	VALUE,
	VALUE_LF,
	END_LF,
	STATES, /* those of the table */
	DATA = STATES,
	LENGTH,
	CLOSE,
	FINAL, /* done, or refused */
};

enum kind { CTL, HEX, TOKEN, SPACE, SEMI, EQUAL, COLON, QUOTE, SLASH, TEXT, CR, LF, KINDS };

#define WORD(to) [HEX] = to, [TOKEN] = to
#define MOST(to) WORD(to), [SPACE] = to, [SEMI] = to, [EQUAL] = to, [COLON] = to, [TEXT] = to

/* clang-format off */
static const uint8_t next[STATES][KINDS] = {
	[SIZE0]          = {[HEX] = SIZE},
	[SIZE]           = {[HEX] = SIZE, [SEMI] = EXT_NAME0, [CR] = SIZE_LF},
	[EXT_NAME0]      = {WORD(EXT_NAME)},
	[EXT_NAME]       = {WORD(EXT_NAME), [EQUAL] = EXT_VALUE0, [SEMI] = EXT_NAME0,
			    [CR] = SIZE_LF},
	[EXT_VALUE0]     = {WORD(EXT_VALUE), [QUOTE] = EXT_QUOTED},
	[EXT_VALUE]      = {WORD(EXT_VALUE), [SEMI] = EXT_NAME0, [CR] = SIZE_LF},
	[EXT_QUOTED]     = {MOST(EXT_QUOTED), [SLASH] = EXT_ESCAPE, [QUOTE] = EXT_QUOTED_END},
	[EXT_ESCAPE]     = {MOST(EXT_QUOTED), [SLASH] = EXT_QUOTED, [QUOTE] = EXT_QUOTED},
	[EXT_QUOTED_END] = {[SEMI] = EXT_NAME0, [CR] = SIZE_LF},
	[SIZE_LF]        = {[LF] = DATA},
	[DATA_CR]        = {[CR] = DATA_LF},
	[DATA_LF]        = {[LF] = SIZE0},
	[TRAILER0]       = {WORD(NAME), [CR] = END_LF},
	[NAME]           = {WORD(NAME), [COLON] = VALUE},
	[VALUE]          = {MOST(VALUE), [SLASH] = VALUE, [QUOTE] = VALUE, [CR] = VALUE_LF},
	[VALUE_LF]       = {[LF] = TRAILER0},
	[END_LF]         = {[LF] = FINAL},
};

/* Why a byte that has no place is refused. */
static const uint8_t fault[STATES] = {
	[SIZE0] = HTTP_E_chunk_size,
	[SIZE] = HTTP_E_chunk_size,
	[EXT_NAME0 ... EXT_QUOTED_END] = HTTP_E_chunk_ext,
	[SIZE_LF] = HTTP_E_bare_cr,
	[DATA_CR] = HTTP_E_chunk_end,
	[DATA_LF] = HTTP_E_chunk_end,
	[TRAILER0 ... VALUE] = HTTP_E_trailer,
	[VALUE_LF] = HTTP_E_bare_cr,
	[END_LF] = HTTP_E_bare_cr,
};
/* clang-format on */

static enum kind kind_of(char c)
{
	static const uint8_t special[256] = {[' '] = SPACE,
		['\t'] = SPACE,
		[';'] = SEMI,
		['='] = EQUAL,
		[':'] = COLON,
		['"'] = QUOTE,
		['\\'] = SLASH,
		['\r'] = CR,
		['\n'] = LF};

	if (special[(uint8_t)c])
		return special[(uint8_t)c];
	if (http__is(c, HTTP__HEX))
		return HEX;
	if (http__is(c, HTTP__TCHAR))
		return TOKEN;
	return http__is(c, HTTP__TEXT) ? TEXT : CTL;
}

static void finish(struct http_body *b)
{
	b->state = FINAL;
	b->progress = HTTP_BODY_DONE;
}

static void set(struct http_body *b, enum http_framing framing, enum state state, uint64_t left)
{
	*b = (struct http_body){.framing = framing, .state = state, .left = left};
	if (framing == HTTP_BODY_NONE || (framing == HTTP_BODY_LENGTH && left == 0))
		finish(b);
}

void http_body_init_req(struct http_body *b, const struct http_head *h)
{
	if (h->chunked)
		set(b, HTTP_BODY_CHUNKED, SIZE0, 0);
	else if (h->content_length >= 0)
		set(b, HTTP_BODY_LENGTH, LENGTH, (uint64_t)h->content_length);
	else
		set(b, HTTP_BODY_NONE, FINAL, 0);
}

void http_body_init_rsp(struct http_body *b, const struct http_head *h, bool to_head)
{
	if (to_head || h->status < 200 || h->status == 204 || h->status == 304)
		set(b, HTTP_BODY_NONE, FINAL, 0);
	else if (h->chunked || h->content_length >= 0)
		http_body_init_req(b, h);
	else
		set(b, HTTP_BODY_UNTIL_CLOSE, CLOSE, 0);
}

static int refuse(struct http_body *b, enum http_code code)
{
	b->code = (uint8_t)code;
	b->progress = HTTP_BODY_BAD;
	b->state = FINAL;
	return -(int)code;
}

static int add_digit(struct http_body *b, char c)
{
	unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;

	if (++b->digits > 16)
		return refuse(b, HTTP_E_chunk_size);
	b->left = b->left << 4 | digit;
	return b->left > 1ull << 62 ? refuse(b, HTTP_E_chunk_big) : 0;
}

/* The chunk's line is complete. Data pays off extension bytes, so that a body of large chunks
 * with short extensions may go on for ever, and one that is all extensions may not. */
static void end_of_size(struct http_body *b)
{
	b->excess = b->left < b->excess ? b->excess - (uint32_t)b->left : 0;
	b->state = b->left ? DATA : TRAILER0;
}

/* One framing byte of a chunked body. 0, or -code: the byte was not consumed. */
static int step(struct http_body *b, char c)
{
	uint8_t was = b->state;

	b->state = next[was][kind_of(c)];
	switch (b->state) {
	case NOWHERE:
		return refuse(b, fault[was]);
	case SIZE:
		return add_digit(b, c);
	case SIZE0:
		b->left = 0;
		b->digits = 0;
		return 0;
	case EXT_NAME0 ... EXT_QUOTED_END:
		return ++b->excess > HTTP_EXT_MAX ? refuse(b, HTTP_E_chunk_ext_long) : 0;
	case TRAILER0 ... END_LF:
		return ++b->trailer > HTTP_TRAILER_MAX ? refuse(b, HTTP_E_trailer_long) : 0;
	case DATA:
		end_of_size(b);
		return 0;
	case FINAL:
		finish(b);
		return 0;
	}
	return 0;
}

/* Count n > 0 bytes that need no look. Returns how many belong to the message. */
static size_t count(struct http_body *b, size_t n)
{
	if (b->state == CLOSE)
		return n;
	if (n > b->left)
		n = (size_t)b->left;
	b->left -= n;
	if (b->left == 0 && b->state == DATA)
		b->state = DATA_CR;
	else if (b->left == 0)
		finish(b);
	return n;
}

size_t http_body_feed(struct http_body *b, const void *p, size_t n)
{
	const char *bytes = p;
	size_t at = 0;

	while (at < n && b->progress == HTTP_BODY_MORE) {
		if (b->state >= DATA)
			at += count(b, n - at);
		else if (step(b, bytes[at]) == 0)
			at++;
	}
	b->passed += at;
	return at;
}

uint64_t http_body_data(const struct http_body *b)
{
	if (b->state == CLOSE)
		return UINT64_MAX;
	return b->state == DATA || b->state == LENGTH ? b->left : 0;
}

int http_body_eof(struct http_body *b)
{
	if (b->state == CLOSE)
		finish(b);
	if (b->progress == HTTP_BODY_MORE)
		return refuse(b, HTTP_E_truncated);
	return -b->code;
}
