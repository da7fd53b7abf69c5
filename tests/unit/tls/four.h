/* SPDX-License-Identifier: BSD-3-Clause */
/* A site of four certificates, two of them for one name. */
#ifndef FOUR_H
#define FOUR_H

#include "site.h"

static struct pki other, wild, rsa;
static struct conf_certificate other_conf, wild_conf, rsa_conf;

/* A listener of four: s3.example in ECDSA and RSA, other.example, *.wild.example. */
static inline void four(void)
{
	site();
	if (!other.x) {
		other = pki_make((struct pki_spec){
			.cn = "other", .san = "DNS:Other.Example", .issuer = &ca});
		wild = pki_make((struct pki_spec){
			.cn = "wild", .san = "DNS:*.wild.example", .issuer = &ca});
		rsa = pki_make((struct pki_spec){
			.cn = "rsa", .san = "DNS:s3.example", .issuer = &ca, .rsa = true});
		other_conf = pki_conf("other", pki_chain_file(&other, NULL), pki_key_file(&other));
		wild_conf = pki_conf("wild", pki_chain_file(&wild, NULL), pki_key_file(&wild));
		rsa_conf = pki_conf("rsa", pki_chain_file(&rsa, NULL), pki_key_file(&rsa));
	}
	listener.cert[1] = &other_conf;
	listener.cert[2] = &wild_conf;
	listener.cert[3] = &rsa_conf;
	listener.n_cert = 4;
}

#endif
