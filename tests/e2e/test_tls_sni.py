# SPDX-License-Identifier: BSD-3-Clause
"""mode = sni: TLS passed on by the name that the client asks for. The handshake is between client and node; the
appliance has no certificate."""
import contextlib
import socket
import ssl
import unittest

import small
import tls
from lab import noise

MB = 1 << 20
FILE = tls.WIRES + """[listener names]
address = 10.98.1.10:443
mode = sni
server-name = one.test one
server-name = *.two.test two
handshake-timeout = 2s
connections = 1000
{more}
[pool one]
member = a 10.98.2.11:8001
[pool two]
member = a 10.98.2.11:8002
[pool rest]
member = a 10.98.2.11:8003
"""
PORTS = {"one": 8001, "two": 8002, "rest": 8003}


class Echo(small.Server):
    """Sends every byte back."""

    def serve(self, conn):
        while data := conn.recv(65536):
            conn.sendall(data)


class Sni(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        self.ca = tls.Authority(self.lab.directory)

    def start(self, more=""):
        for stem, port in PORTS.items():
            self.ca.issue(stem, stem, names="DNS:one.test,DNS:a.two.test,DNS:other.test")
            Echo(self, port, self.ca.server(stem))
        self.lab.start(self.lab.write("penstock.ini", FILE.format(socket=self.lab.socket, more=more)))

    def raw(self):
        return self.lab.connect(self, 443)

    def connect(self, name, version=ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=self.ca.pem)
        context.minimum_version = context.maximum_version = version
        context.check_hostname = name is not None
        conn = context.wrap_socket(self.raw(), server_hostname=name)
        self.addCleanup(conn.close)
        return conn

    def test_by_name(self):
        self.start("pool = rest")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name, node in (("one.test", "one"), ("a.two.test", "two"), ("other.test", "rest"), (None, "rest")):
                with self.subTest(version=version, name=name):
                    conn = self.connect(name, version)
                    self.assertEqual(tls.common_name(conn), node)
                    conn.sendall(b"ping")
                    self.assertEqual(conn.recv(4), b"ping")
        listeners = self.lab.show("listeners")
        self.assertEqual([(row["server_name"], row["pool"]) for row in listeners["server_names"]],
                         [("one.test", "one"), ("*.two.test", "two")])
        row, = listeners["listeners"]
        self.assertEqual((row["mode"], row["pool"], row["connections"]), ("sni", "rest", 8))
        states = {row["state"] for row in self.lab.show("connections")["connections"]}
        self.assertEqual(states, {"sni"})

    def test_every_byte(self):
        self.start()
        conn = self.connect("one.test")
        data, got = noise(8 * MB), bytearray()
        for at in range(0, len(data), 1 << 16):  # by turns: libssl takes no two threads on a connection
            conn.sendall(data[at:at + (1 << 16)])
            while len(got) < min(at + (1 << 16), len(data)):
                part = conn.recv(1 << 16)
                self.assertTrue(part)
                got += part
        self.assertTrue(got == data)

    def test_an_unknown_name_is_refused(self):
        self.start()
        for name in ("other.test", "b.a.two.test", None):
            with self.subTest(name=name), self.assertRaises(ssl.SSLError) as caught:
                self.connect(name)
            self.assertIn("UNRECOGNIZED_NAME", caught.exception.reason)
        self.assertEqual(self.lab.counter("fail_name"), 3)

    def test_what_is_not_tls(self):
        self.start("pool = rest")
        raw = self.raw()
        raw.sendall(b"GET / HTTP/1.1\r\nHost: one.test\r\n\r\n")
        self.assertEqual(raw.recv(100), b"\x15\x03\x03\x00\x02\x02\x0a")
        self.assertEqual(raw.recv(100), b"")
        with self.assertRaises(ConnectionResetError):
            self.raw().recv(1)  # says nothing for handshake-timeout
        self.assertEqual(self.lab.counter("fail_hello"), 2)

    def test_slow_hello(self):
        """In segments of a few bytes, the last of them late."""
        self.start()
        context = ssl.create_default_context(cafile=self.ca.pem)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inside = context.wrap_bio(incoming, outgoing, server_hostname="one.test")
        raw = self.raw()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.assertRaises(ssl.SSLWantReadError):
            inside.do_handshake()
        hello = outgoing.read()
        for at in range(0, len(hello), 7):
            raw.sendall(hello[at:at + 7])
        while True:
            incoming.write(raw.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                inside.do_handshake()
                break
        self.assertEqual(tls.common_name(inside), "one")


if __name__ == "__main__":
    unittest.main()
