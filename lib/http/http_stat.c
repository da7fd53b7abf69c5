/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/http.h"

const struct stat_name http_stat_names[HTTP_CODES] = {
#define X(name, text) {#name, text},
#include "http/http_stat.def"
#undef X
};

unsigned http_code_status(enum http_code code)
{
	static const uint16_t status[HTTP_CODES] = {
		[HTTP_E_head_long] = 431, /* RFC 6585 5 */
		[HTTP_E_fields] = 431,
		[HTTP_E_options] = 431,
		[HTTP_E_trailer_long] = 431,
		[HTTP_E_expect] = 417, /* RFC 9110 10.1.1 */
		[HTTP_E_connect] = 501,
		[HTTP_E_coding_unknown] = 501,  /* RFC 9112 6.1 */
		[HTTP_E_version_unknown] = 505, /* RFC 9110 15.6.6 */
		[HTTP_E_status_line] = 502,
		[HTTP_E_switching] = 502,
	};

	if (code <= HTTP_E_ok || code >= HTTP_CODES)
		return 500;
	return status[code] ? status[code] : 400;
}
