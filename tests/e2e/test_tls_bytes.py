# SPDX-License-Identifier: BSD-3-Clause
"""Every byte over TLS: records of any size, cut and joined anywhere, and the ends of connections."""
import random
import socket
import ssl
import time
import unittest

import small
import tls
from lab import noise

SIZE = 64 << 20
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Cutter:
    """Sends what it is given in pieces of a byte, of some, of many: never as the records lie."""

    def __init__(self, raw, seed):
        self.raw, self.rng = raw, random.Random(seed)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = bytearray()

    def send(self, data):
        self.held += data
        while len(self.held) > 65536:
            self.piece()

    def piece(self):
        kind = self.rng.random()
        size = 1 if kind < 0.05 else self.rng.randrange(1, 2000) if kind < 0.2 else self.rng.randrange(2000, 60000)
        self.raw.sendall(self.held[:size])
        del self.held[:size]

    def end(self):
        while self.held:
            self.piece()


class Bytes(tls.Case):
    def client(self, version=V13, **options):
        context = self.context(minimum_version=version, maximum_version=version)
        return tls.Client(self.raw(), context, **options).handshake()

    def put_cut(self, version):
        body = noise(SIZE, 7)
        client, rng = self.client(version), random.Random(version)
        cutter = Cutter(client.raw, 3)
        client.tls.write(tls.put("/cut", SIZE))
        at, view = 0, memoryview(body)
        while at < SIZE:
            size = rng.choice((1, 17, 100, 1448, 16384, 16384, 16384, 16384, rng.randrange(1, 16385)))
            client.tls.write(view[at:at + size])
            at += size
            cutter.send(client.records())
        cutter.end()
        self.assertEqual(client.answer(), (200, b""))
        self.assertTrue(self.kept.pop("/cut") == body, "another body arrived")

    def test_put_in_records_of_any_size(self):
        self.put_cut(V13)

    def test_put_in_records_of_any_size_12(self):
        self.put_cut(V12)

    def get_cut(self, version):
        client, rng = self.client(version), random.Random(5)
        client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.write(tls.get(SIZE))
        more = client.raw.recv
        client.more = lambda: client.into.write(more(rng.choice((1, 5, 1000, 65536, 262144, 262144))))
        status, body = client.answer()
        self.assertEqual(status, 200)
        self.assertTrue(body == noise(SIZE), "another body arrived")

    def test_get(self):
        self.get_cut(V13)

    def test_get_12(self):
        self.get_cut(V12)

    def test_a_byte_at_a_time(self):
        """The hello, the handshake's end, requests: a segment and a turn of the appliance for each byte."""
        for version in (V12, V13):
            context = self.context(minimum_version=version, maximum_version=version)
            client = tls.Client(self.raw(), context)
            client.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def flush():
                for byte in client.records():
                    client.raw.sendall(bytes((byte,)))

            client.flush = flush
            client.handshake()
            client.write(tls.get(30000))
            self.assertEqual(client.answer(), (200, noise(30000)))
            client.write(tls.put("/byte", 300) + noise(300))
            self.assertEqual(client.answer(), (200, b""))
            self.assertEqual(self.kept.pop("/byte"), noise(300))

    def test_a_record_a_byte(self):
        client = self.client()
        for byte in tls.get(2000) + tls.put("/records", 900) + noise(900):
            client.tls.write(bytes((byte,)))
        client.flush()
        self.assertEqual(client.answer(), (200, noise(2000)))
        self.assertEqual(client.answer(), (200, b""))
        self.assertEqual(self.kept.pop("/records"), noise(900))

    def test_with_the_handshake(self):
        """A client's last flight and its first requests, in one segment: in 1.3, and in a resumed 1.2."""
        for version in (V13, V12):
            context = self.context(minimum_version=version, maximum_version=version)
            session = tls.Client(self.raw(), context).handshake().tls.session if version == V12 else None
            client = tls.Client(self.raw(), context, session=session)
            while True:
                try:
                    client.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.flush()
                    client.more()
            self.assertEqual(client.tls.session_reused, version == V12)
            client.tls.write(tls.get(5000) * 2)
            client.flush()
            for _ in range(2):
                self.assertEqual(client.answer(), (200, noise(5000)))

    def test_pipelined(self):
        client, sizes = self.client(), [n * n * 37 for n in range(60)]
        client.write(b"".join(map(tls.get, sizes)))
        for size in sizes:
            self.assertEqual(client.answer(), (200, noise(size)))

    def ended(self, client):
        """What it reads until the end; b"cut" is one without close_notify."""
        data = b""
        try:
            while part := client.read():
                data += part
            return data
        except (EOFError, ConnectionResetError):
            return data + b"cut"

    def test_close_notify_is_answered(self):
        for version in (V12, V13):
            client = self.client(version)
            client.write(tls.get(100))
            self.assertEqual(client.answer(), (200, noise(100)))
            client.do(client.tls.unwrap)
            self.assertEqual(client.raw.recv(1), b"")

    def test_close_notify_after_the_last_answer(self):
        client = self.client()
        client.write(tls.get(70000, "Connection: close\r\n"))
        self.assertEqual(client.answer(), (200, noise(70000)))
        self.assertEqual(self.ended(client), b"")

    def truncate(self, path, head, body, end):
        """Half a request and an end; neither side may take it for a whole one."""
        client = self.client()
        client.write(head + body)
        small.wait_for(lambda: any(c["side"] == "back" and c["state"] != "idle"
                                   for c in self.lab.show("connections")["connections"]), "the request at the node")
        end(client)
        self.assertRegex(self.ended(client), rb"^(|HTTP/1.1 400 (?s:.*))(cut)?$")
        small.wait_for(lambda: path in self.kept, "its end at the node")
        self.assertIsNone(self.kept.pop(path))

    def test_truncated(self):
        """An attacker's FIN, in the middle of a body whose end only its last chunk tells, or its length."""
        chunked = b"PUT /c HTTP/1.1\r\nHost: s3.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.truncate("/c", chunked, b"3e8\r\n" + noise(1000) + b"\r\n", lambda c: c.raw.shutdown(socket.SHUT_WR))
        self.truncate("/l", tls.put("/l", 100000), noise(50000), lambda c: c.raw.shutdown(socket.SHUT_WR))

    def test_closed_early(self):
        def close(client):
            try:
                client.tls.unwrap()
            except ssl.SSLWantReadError:
                client.flush()
        self.truncate("/e", tls.put("/e", 100000), noise(50000), close)

    def test_half_a_record(self):
        client = self.client()
        client.tls.write(tls.get(100))
        client.raw.sendall(client.records()[:-1])
        client.raw.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        self.assertIn(self.ended(client), (b"", b"cut"))
        self.assertLess(time.monotonic() - began, 5)


if __name__ == "__main__":
    unittest.main()
