/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finds the end of a head in a stream of segments. Lines end with CRLF only: RFC 9112 2.2 lets a
 * recipient take a bare LF, and that liberty is where two parsers part (11.2), so it is refused.
 *
 *   LEAD --CR--> LEAD_CR --LF--> LEAD          empty lines before the start line
 *   LEAD --text--> LINE --CR--> LINE_CR --LF--> BOL --text--> LINE
 *                                               BOL --CR--> END_CR --LF--> DONE
 *
 * LEAD, BOL: at the first byte of a line. LINE: the line has a byte. *_CR: the last byte was CR.
 * seen is the count of bytes before the next one in all states; DONE and BAD are final.
 */
#include "http/http_priv.h"

enum state { LEAD, LEAD_CR, LINE, LINE_CR, BOL, END_CR, DONE, BAD = 0x80 }; /* BAD | code */
enum kind { TEXT, CR, LF, CTL, KINDS };

#define NO(code) (BAD | HTTP_E_##code)

static const uint8_t next[DONE][KINDS] = {
	[LEAD] = {LINE, LEAD_CR, NO(bare_lf), NO(ctl)},
	[LEAD_CR] = {NO(bare_cr), NO(bare_cr), LEAD, NO(bare_cr)},
	[LINE] = {LINE, LINE_CR, NO(bare_lf), NO(ctl)},
	[LINE_CR] = {NO(bare_cr), NO(bare_cr), BOL, NO(bare_cr)},
	[BOL] = {LINE, END_CR, NO(bare_lf), NO(ctl)},
	[END_CR] = {NO(bare_cr), NO(bare_cr), DONE, NO(bare_cr)},
};

static enum kind kind_of(char c)
{
	if (c == '\r')
		return CR;
	if (c == '\n')
		return LF;
	return http__is(c, HTTP__TEXT) ? TEXT : CTL;
}

void http_scan_init(struct http_scan *s, uint32_t limit, bool request)
{
	*s = (struct http_scan){.limit = limit, .lead_max = request ? HTTP_LEAD_MAX : 0};
}

/* One byte; the head has room for it. */
static void step(struct http_scan *s, char c)
{
	uint8_t was = s->state;

	s->state = next[was][kind_of(c)];
	if (was == LEAD_CR && s->state == LEAD) {
		s->lead += 2;
		if (s->lead > 2 * s->lead_max)
			s->state = NO(lead_crlf);
	}
}

/* In LINE at c: how far only lines follow that are neither empty nor odd. Still in LINE there: what
 * step() would do byte by byte at each CRLF. */
static const char *skip_lines(const char *c, const char *end)
{
	c = http__skip_text(c, end);
	while (end - c > 2 && c[0] == '\r' && c[1] == '\n' && http__is(c[2], HTTP__TEXT))
		c = http__skip_text(c + 3, end);
	return c;
}

int http_scan(struct http_scan *s, const void *p, size_t n)
{
	const char *c = p, *end = c + n, *stop;
	uint32_t room;

	while (c < end && s->state < DONE) {
		room = s->limit + s->lead - s->seen;
		if (room == 0) {
			s->state = NO(head_long);
			break;
		}
		stop = (size_t)(end - c) > room ? c + room : end;
		if (s->state == LINE)
			stop = skip_lines(c, stop);
		if (s->state != LINE || stop == c) {
			step(s, *c);
			stop = c + 1;
		}
		s->seen += (uint32_t)(stop - c);
		c = stop;
	}
	if (s->state & BAD)
		return -(s->state & ~BAD);
	return s->state == DONE ? (int)s->seen : 0;
}
