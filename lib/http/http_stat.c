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

const char *http_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} known[] = {
		{100, "Continue"},
		{200, "OK"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{408, "Request Timeout"},
		{417, "Expectation Failed"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].phrase;
	return "Error";
}
