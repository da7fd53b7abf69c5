# SPDX-License-Identifier: BSD-3-Clause
"""Re-encryption: members that speak TLS, whom the appliance verifies, and who may verify it."""
import ssl
import unittest

import small
import tls

FILE = tls.HEAD + tls.LISTENER + tls.POOL + """tls = yes
{more}
"""


class Pool(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        self.ca = tls.Authority(self.lab.directory)
        self.ca.issue("s3", "the appliance")
        self.ca.issue("node", "a node", names="DNS:node.test,IP:10.98.2.11")
        self.asked = []

    def get(self, more, wants_certificate=False):
        """The status of a GET by way of a pool with these lines."""
        context = self.ca.server("node")
        context.sni_callback = lambda _conn, name, _context: self.asked.append(name)
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca.pem)
        self.lab.start(self.lab.write("penstock.ini", FILE.format(socket=self.lab.socket, more=more)))
        tls.Node(self, context=context)
        conn = tls.connect(self, self.ca.pem)
        status, body = tls.answer(conn)
        if status == 200:
            self.assertEqual(body, tls.BODY)
            self.assertEqual(tls.answer(conn), (200, tls.BODY))
        return status

    def shown(self):
        row, = self.lab.show("tls")["pools"]
        return row["handshakes"], row["failed"]

    def test_by_name(self):
        self.assertEqual(self.get("ca = ca.pem\nsni = node.test\n"), 200)
        self.assertEqual(self.asked, ["node.test"])
        self.assertEqual(self.shown(), (1, 0))

    def test_by_address(self):
        self.assertEqual(self.get("ca = ca.pem\n"), 200)
        self.assertEqual(self.asked, [None])

    def test_another_name_is_refused(self):
        self.assertEqual(self.get("ca = ca.pem\nsni = other.test\n"), 503)
        failure, = self.lab.show("tls")["failures"]
        self.assertEqual((failure["of"], failure["reason"]), ("pool nodes", "certificate"))

    def test_an_unknown_authority_is_refused(self):
        self.assertEqual(self.get("sni = node.test\n"), 503)

    def test_unverified(self):
        self.assertEqual(self.get("verify = no\nsni = other.test\n"), 200)

    def test_with_a_certificate_of_ours(self):
        self.assertEqual(self.get("ca = ca.pem\nsni = node.test\ncertificate = s3\n", wants_certificate=True), 200)

    def test_without_the_certificate_that_is_wanted(self):
        self.assertEqual(self.get("ca = ca.pem\nsni = node.test\n", wants_certificate=True), 503)


if __name__ == "__main__":
    unittest.main()
