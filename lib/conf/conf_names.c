/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of the file, from the numbers of conf.h. */
#include "conf/conf.h"

const char *conf_balance_name(enum conf_balance b)
{
	static const char *const names[] = {[CONF_BALANCE_ROUND_ROBIN] = "round-robin",
		[CONF_BALANCE_LEAST_CONNECTIONS] = "least-connections",
		[CONF_BALANCE_RANDOM_TWO] = "random-two",
		[CONF_BALANCE_TAIL] = "tail",
		[CONF_BALANCE_HASH] = "hash"};

	return names[b];
}

const char *conf_check_kind_name(enum conf_check_kind kind)
{
	static const char *const names[] = {[CONF_CHECK_TCP] = "tcp",
		[CONF_CHECK_HTTP] = "http",
		[CONF_CHECK_S3] = "s3",
		[CONF_CHECK_CANARY] = "canary"};

	return names[kind];
}

const char *conf_s3_class_name(enum conf_s3_class c)
{
	static const char *const names[] = {[CONF_S3_READ] = "read",
		[CONF_S3_WRITE] = "write",
		[CONF_S3_LIST] = "list",
		[CONF_S3_MULTIPART] = "multipart",
		[CONF_S3_DELETE] = "delete",
		[CONF_S3_ADMIN] = "admin"};

	return names[c];
}

const char *conf_size_class_name(enum conf_size_class size)
{
	static const char *const names[] = {[CONF_SIZE_UNKNOWN] = "unknown",
		[CONF_SIZE_TINY] = "tiny",
		[CONF_SIZE_SMALL] = "small",
		[CONF_SIZE_MEDIUM] = "medium",
		[CONF_SIZE_LARGE] = "large",
		[CONF_SIZE_HUGE] = "huge"};

	return names[size];
}

const char *conf_mode_name(enum conf_mode mode)
{
	static const char *const names[] = {[CONF_MODE_HTTP] = "http",
		[CONF_MODE_SPLICE] = "splice",
		[CONF_MODE_ECHO] = "echo",
		[CONF_MODE_SNI] = "sni"};

	return names[mode];
}

const char *conf_congestion_name(enum conf_congestion cc)
{
	static const char *const names[] = {[CONF_CC_CUBIC] = "cubic",
		[CONF_CC_NEWRENO] = "newreno",
		[CONF_CC_BBR] = "bbr",
		[CONF_CC_DCTCP] = "dctcp"};

	return names[cc];
}

const char *conf_ecn_name(enum conf_ecn ecn)
{
	static const char *const names[] = {
		[CONF_ECN_ACCEPT] = "accept", [CONF_ECN_YES] = "yes", [CONF_ECN_NO] = "no"};

	return names[ecn];
}

const char *conf_aead_name(enum conf_aead aead)
{
	static const char *const names[] = {[CONF_AEAD_IPSEC_MB] = "ipsec_mb",
		[CONF_AEAD_OPENSSL] = "openssl",
		[CONF_AEAD_CRYPTODEV] = "cryptodev"};

	return names[aead];
}

const char *conf_client_cert_name(enum conf_client_cert c)
{
	static const char *const names[] = {[CONF_CLIENT_CERT_OFF] = "off",
		[CONF_CLIENT_CERT_OPTIONAL] = "optional",
		[CONF_CLIENT_CERT_REQUIRED] = "required"};

	return names[c];
}
