# SPDX-License-Identifier: BSD-3-Clause
"""What is not TLS, and what breaks it: the right alert, the end of the connection, and nothing else disturbed."""
import contextlib
import hashlib
import hmac
import os
import select
import ssl
import struct
import time
import unittest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import small
import tls
from lab import noise

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ALERT, HANDSHAKE, DATA = 21, 22, 23
UNEXPECTED, BAD_MAC, OVERFLOW, ILLEGAL, DECODE, VERSION = 10, 20, 22, 47, 50, 70
# what libssl, as the client, calls an alert of the server's
NAMES = {"SSLV3_ALERT_UNEXPECTED_MESSAGE": UNEXPECTED, "SSLV3_ALERT_BAD_RECORD_MAC": BAD_MAC,
         "TLSV1_ALERT_RECORD_OVERFLOW": OVERFLOW, "SSLV3_ALERT_ILLEGAL_PARAMETER": ILLEGAL,
         "TLSV1_ALERT_DECODE_ERROR": DECODE, "TLSV1_ALERT_PROTOCOL_VERSION": VERSION}


def expand_label(secret, label, size):
    label = b"tls13 " + label
    info = struct.pack("!HB", size, len(label)) + label + b"\0\1"
    return hmac.new(secret, info, hashlib.sha256).digest()[:size]


class Forger(tls.Client):
    """A client of TLS 1.3 that has its own keys, and so seals what no library would."""

    def __init__(self, case, *args):
        self.keylog = case.path("keys-of-client")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.keylog)
        super().__init__(case.raw(), case.context(minimum_version=V13, keylog_filename=self.keylog), *args)
        self.handshake()
        with open(self.keylog) as file:
            secret, = [bytes.fromhex(line.split()[2]) for line in file if line.startswith("CLIENT_TRAFFIC_SECRET_0")]
        case.assertEqual(self.tls.cipher()[0], "TLS_AES_128_GCM_SHA256")
        self.keyed(secret)

    def keyed(self, secret):
        self.secret, self.number = secret, 0
        self.key, self.iv = AESGCM(expand_label(secret, b"key", 16)), expand_label(secret, b"iv", 12)

    def seal(self, kind, text, padding=0):
        inner = text + (bytes((kind,)) if kind is not None else b"") + bytes(padding)
        head = b"\x17\3\3" + struct.pack("!H", len(inner) + 16)
        nonce = bytes(a ^ b for a, b in zip(self.iv, self.number.to_bytes(12, "big")))
        self.number += 1
        return head + self.key.encrypt(nonce, inner, head)

    def update(self, ask=0):
        """A KeyUpdate, and the next key."""
        record = self.seal(HANDSHAKE, b"\x18\0\0\1" + bytes((ask,)))
        self.keyed(expand_label(self.secret, b"traffic upd", 32))
        return record

    def flush(self):
        """Once the keys are ours libssl's own words would be out of number."""
        if not hasattr(self, "key"):
            super().flush()

    def alert(self):
        """The alert that ends the connection: 0 is close_notify, None an end without one."""
        try:
            while self.read():
                pass
            return 0
        except EOFError:
            return None
        except ssl.SSLError as error:
            return NAMES.get(error.reason, error.reason)
        except ConnectionResetError:
            return "reset"


class Records(tls.Case):
    def ends(self, alert, client, *records):
        """These records are answered by this alert, and the connection ends."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.raw.sendall(b"".join(records))
        self.assertEqual(client.alert(), alert)
        client.raw.close()

    def works(self, client, *records):
        """After these records it still answers."""
        client.raw.sendall(b"".join(records) + client.seal(DATA, tls.get(3000)))
        self.assertEqual(client.answer(), (200, noise(3000)))

    def forger(self):
        return Forger(self)

    def test_padding_and_key_updates(self):
        client = self.forger()
        self.works(client, client.seal(DATA, tls.get(3000), 1000))
        self.assertEqual(client.answer(), (200, noise(3000)))
        self.works(client, client.seal(DATA, b"", 16384))
        for ask in (0, 1, 0, 1, 1):
            self.works(client, client.update(ask))
        self.works(client, client.update(1), client.update(1), client.update(0))

    def test_not_authentic(self):
        for place in (5, 40, -1):
            client = self.forger()
            record = bytearray(client.seal(DATA, tls.get(100)))
            record[place] ^= 1
            with self.subTest(place):
                self.ends(BAD_MAC, client, record)
        client = self.forger()
        record = client.seal(DATA, tls.get(0))
        client.raw.sendall(record)
        client.answer()
        self.ends(BAD_MAC, client, record)
        client = self.forger()
        client.seal(DATA, b"lost")
        self.ends(BAD_MAC, client, client.seal(DATA, b"the next"))

    def test_lengths(self):
        for length, alert in ((16384 + 257, OVERFLOW), (65535, OVERFLOW), (0, BAD_MAC), (16, BAD_MAC)):
            with self.subTest(length):
                self.ends(alert, self.forger(), b"\x17\3\3" + struct.pack("!H", length) + bytes(length))
        longest = tls.put("/long", 16000) + noise(16000)
        for padding in (0, 16384 - len(longest)):
            client = self.forger()
            client.raw.sendall(client.seal(DATA, longest, padding))
            self.assertEqual(client.answer(), (200, b""))
        self.ends(OVERFLOW, client, client.seal(DATA, bytes(16385)))

    def test_types(self):
        for kind in (20, ALERT, HANDSHAKE, 24, 0, 255):
            with self.subTest(outer=kind):
                self.ends(UNEXPECTED, self.forger(), bytes((kind,)) + b"\3\3\0\1\1")
        for kind in (20, 24, 255):
            client = self.forger()
            with self.subTest(inner=kind):
                self.ends(UNEXPECTED, client, client.seal(kind, b"\1"))
        for record in (lambda c: c.seal(None, bytes(100)), lambda c: c.seal(HANDSHAKE, b""), lambda c: c.seal(ALERT, b"")):
            client = self.forger()
            self.ends(UNEXPECTED, client, record(client))

    def test_floods(self):
        client = self.forger()
        self.works(client, *(client.seal(DATA, b"") for _ in range(32)))
        self.works(client, *(client.seal(DATA, b"") for _ in range(32)))
        self.ends(UNEXPECTED, client, *(client.seal(DATA, b"") for _ in range(33)))
        client = self.forger()
        self.ends(UNEXPECTED, client, *(client.update() for _ in range(100)))
        client = self.forger()
        self.ends(UNEXPECTED, client, *(client.update(1) for _ in range(100)))

    def test_alerts(self):
        """RFC 8446 6: of any level, what is fatal is fatal, and not answered."""
        for text, alert in ((b"\2", DECODE), (b"\2\0\0", DECODE), (b"\2\x14", None), (b"\5\x0a", None), (b"\1\0", 0)):
            client = self.forger()
            with self.subTest(text):
                self.ends(alert, client, client.seal(ALERT, text))
        client = self.forger()
        self.works(client, client.seal(ALERT, b"\1\x5a"))  # user_canceled

    def test_messages(self):
        update = b"\x18\0\0\1"
        for texts, alert in (([update + b"\2"], ILLEGAL), ([b"\x18\0\0\2\0\0"], DECODE), ([update + b"\0\0"], UNEXPECTED),
                             ([b"\1\0\0\2\3\3"], UNEXPECTED), ([b"\x0b\0\0\0"], UNEXPECTED), ([b"\4\0\0\0"], UNEXPECTED)):
            client = self.forger()
            with self.subTest(texts):
                self.ends(alert, client, *(client.seal(HANDSHAKE, text) for text in texts))
        client = self.forger()
        self.ends(UNEXPECTED, client, client.seal(HANDSHAKE, update), client.seal(DATA, tls.get(100)))

    def test_tls_12(self):
        def client():
            return tls.Client(self.raw(), self.context(maximum_version=V12)).handshake()

        def ends(alert, one, data):
            one.raw.sendall(data)
            self.assertEqual(Forger.alert(one), alert)

        one = client()
        one.tls.write(tls.get(100))
        record = bytearray(one.records())
        record[-1] ^= 1
        ends(BAD_MAC, one, record)
        ends(OVERFLOW, client(), b"\x17\3\3" + struct.pack("!H", 16384 + 2049) + bytes(20))
        ends(BAD_MAC, client(), b"\x17\3\3\0\x17" + bytes(23))
        ends(UNEXPECTED, client(), b"\x63\3\3\0\1\1")
        ends(VERSION, client(), b"\x17\3\1\0\x28" + bytes(40))

    def test_others_are_not_disturbed(self):
        other = tls.Client(self.raw(), self.context()).handshake()
        client = self.forger()
        self.ends(BAD_MAC, client, client.seal(DATA, b"x")[:-1] + b"x")
        other.write(tls.get(100000))
        self.assertEqual(other.answer(), (200, noise(100000)))


def hello(context, name="s3.test"):
    """What a client says first."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


class Strangers(tls.Case):
    FILE = tls.HEAD + tls.LISTENER + "handshake-timeout = 3s\n" + tls.POOL + "[tls]\nhandshakes-per-source = 8\n"

    def said(self, conn):
        """All that comes before the end, and after how long that is."""
        began, data = time.monotonic(), b""
        with contextlib.suppress(ConnectionResetError):
            while part := conn.recv(65536):
                data += part
        return data, time.monotonic() - began

    def ends(self, alert, data):
        conn = self.raw()
        conn.sendall(data)
        said, took = self.said(conn)
        self.assertLess(took, 2.5)
        if alert is None:
            self.assertEqual(said, b"")
        else:
            self.assertEqual((said[0], said[3:]), (ALERT, b"\0\2\2" + bytes((alert,))))

    def works(self):
        client = tls.Client(self.raw(), self.context()).handshake()
        client.write(tls.get(100))
        self.assertEqual(client.answer(), (200, noise(100)))

    def test_strangers(self):
        first = hello(self.context())
        sslv2 = b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + bytes(37)
        for what, data, alert in (
                ("HTTP", tls.get(100), None), ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", None), ("SSLv2", sslv2, VERSION),
                ("version", b"\x16\5\5\0\5\1\0\0\1\0", None), ("long", b"\x16\3\1\xff\xff" + bytes(100), OVERFLOW),
                ("data", b"\x17\3\3\0\5hello", UNEXPECTED), ("an alert", b"\x15\3\1\0\2\2\x28", UNEXPECTED),
                ("empty", b"\x16\3\1\0\0" * 40, UNEXPECTED), ("no hello", b"\x16\3\1\0\4\x0e\0\0\0", UNEXPECTED),
                ("garbage hello", first[:60] + bytes(len(first) - 60), DECODE),
                ("data after the hello", first + b"\x17\3\3\0\5hello", "later")):
            with self.subTest(what):
                if alert == "later":
                    conn = self.raw()
                    conn.sendall(data)
                    said, took = self.said(conn)
                    self.assertEqual(said[0], HANDSHAKE)
                    self.assertLess(took, 2.5)
                else:
                    self.ends(alert, data)
        self.works()

    def test_hellos_without_end(self):
        """A hello a byte every while: the handshake's time runs from its first byte."""
        conn, data = self.raw(), hello(self.context())
        began = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for byte in data:
                conn.sendall(bytes((byte,)))
                time.sleep(0.05)
        self.assertTrue(2.5 < time.monotonic() - began < 10)
        self.works()

    def test_no_answer_to_our_flight(self):
        conn = self.raw()
        conn.sendall(hello(self.context()))
        _, took = self.said(conn)
        self.assertTrue(2 < took < 10, took)

    def test_too_many_of_a_source(self):
        small.wait_for(lambda: self.shaking() == 0, "no handshakes")
        data, conns = hello(self.context()), []
        for _ in range(12):
            with contextlib.suppress(ConnectionResetError):
                conns.append(self.raw())
        for conn in conns:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                conn.sendall(data[:-1])
        small.wait_for(lambda: len(conns) - len(select.select(conns, (), (), 0)[0]) == 8, "four refused")
        self.assertEqual(self.shaking(), 8)
        small.run("ip", "-n", self.lab.prefix + "client", "address", "add", "10.98.1.3/24", "dev", "client0")
        tls.Client(self.lab.connect(self, 443, source_address=("10.98.1.3", 0)), self.context()).handshake()
        for conn in conns:
            conn.close()
        small.wait_for(lambda: self.shaking() == 0, "no handshakes")
        self.works()

    def shaking(self):
        return sum(row["handshakes"] for row in self.lab.show("tls")["workers"])


class WithoutThreads(Strangers):
    """The worker makes the handshakes itself."""

    FILE = Strangers.FILE + "handshake-threads = 0\n"


if __name__ == "__main__":
    unittest.main()
