# SPDX-License-Identifier: BSD-3-Clause
"""Each driver that can encrypt, behind the same bytes, on both sides; handshakes with threads and without."""
import ssl
import unittest

import tls

SIZE = 4 << 20


class IpsecMb(tls.Case):
    """Front and back are TLS."""

    TLS, CIPHERS = "aead = ipsec_mb\n", 3

    @classmethod
    def file(cls):
        return super().file() + "tls = yes\nca = ca.pem\nsni = node.test\n[tls]\n" + cls.TLS

    @classmethod
    def prepare(cls):
        cls.ca.issue("node", "a node", names="DNS:node.test")

    @classmethod
    def node_context(cls):
        return cls.ca.server("node")

    def cipher(self, context):
        """The one that a transfer used."""
        client = tls.Client(self.raw(), context).handshake()
        self.transfer(client, SIZE)
        return client.tls.cipher()[0]

    def test_every_cipher(self):
        used = [self.cipher(self.context())]
        for name in ("ECDHE+AESGCM:!AES256", "AES256+ECDHE+AESGCM", "ECDHE+CHACHA20")[:self.CIPHERS]:
            context = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(name)
            used.append(self.cipher(context))
        self.assertEqual(used, ["TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                "ECDHE-ECDSA-CHACHA20-POLY1305"][:1 + self.CIPHERS])
        pool, = self.lab.show("tls")["pools"]
        self.assertEqual((pool["failed"], pool["handshakes"] > 0), (0, True))


class Openssl(IpsecMb):
    TLS = "aead = openssl\n"


class Cryptodev(IpsecMb):
    TLS, CIPHERS = "aead = cryptodev\naead-device = crypto_aesni_gcm0\nciphers = aes-128-gcm, aes-256-gcm\n", 2


class WithoutThreads(IpsecMb):
    """The worker makes the handshakes itself, with clients and with the node."""

    TLS = "handshake-threads = 0\n"


if __name__ == "__main__":
    unittest.main()
