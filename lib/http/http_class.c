/* SPDX-License-Identifier: BSD-3-Clause */
/* The class table, written as the grammar is written and evaluated by the compiler. */
#include "http/http_priv.h"

#define ANY2(c, a, b)       ((c) == (a) || (c) == (b))
#define ANY4(c, a, b, d, e) (ANY2(c, a, b) || ANY2(c, d, e))

#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define ALPHA(c) (((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define HEX(c)   (DIGIT(c) || ((c) >= 'A' && (c) <= 'F') || ((c) >= 'a' && (c) <= 'f'))
#define VCHAR(c) ((c) > 0x20 && (c) < 0x7f)

#define TCHAR(c)                                                                                   \
	(DIGIT(c) || ALPHA(c) || ANY4(c, '!', '#', '$', '%') || ANY4(c, '&', '\'', '*', '+') ||    \
		ANY4(c, '-', '.', '^', '_') || ANY2(c, '`', '|') || (c) == '~')
#define TEXT(c) (VCHAR(c) || ANY2(c, ' ', '\t') || (c) >= 0x80)
/*
 * RFC SAYS (9112 3, 3986 2): a target holds unreserved, reserved and percent-encoded characters.
 * WE DO: pass every byte that cannot end the target or the line (raw UTF-8, quotes, braces), as it
 * came: no parser frames them differently, some clients send them and the node answers for
 * them. A fragment is never sent (RFC 9112 3.2) and is refused.
 */
#define TARGET(c) ((VCHAR(c) && (c) != '#') || (c) >= 0x80)
/* unreserved, sub-delims, and the % of pct-encoded */
#define HOST(c)                                                                                    \
	(DIGIT(c) || ALPHA(c) || ANY4(c, '-', '.', '_', '~') || ANY4(c, '!', '$', '&', '\'') ||    \
		ANY4(c, '(', ')', '*', '+') || ANY4(c, ',', ';', '=', '%'))

#define C1(c)                                                                                      \
	((TCHAR(c) ? HTTP__TCHAR : 0) | (TEXT(c) ? HTTP__TEXT : 0) |                               \
		(TARGET(c) ? HTTP__TARGET : 0) | (HOST(c) ? HTTP__HOST : 0) |                      \
		(HEX(c) ? HTTP__HEX : 0))
#define C4(c)  C1(c), C1((c) + 1), C1((c) + 2), C1((c) + 3)
#define C16(c) C4(c), C4((c) + 4), C4((c) + 8), C4((c) + 12)
#define C64(c) C16(c), C16((c) + 16), C16((c) + 32), C16((c) + 48)

const uint8_t http__class[256] = {C64(0), C64(64), C64(128), C64(192)};
