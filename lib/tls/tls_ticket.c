/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of session tickets. */
#include "tls/tls_hs_priv.h"

void tls__tickets_use(SSL_CTX *ssl, struct tls_tickets *t)
{
	(void)t;
	SSL_CTX_set_num_tickets(ssl, 0);
	SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
}
