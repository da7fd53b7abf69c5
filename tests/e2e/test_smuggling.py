# SPDX-License-Identifier: BSD-3-Clause
"""Requests that two parsers could read differently: 400, the connection closed, and not a byte to the origin."""
import socket

from lab import WITHIN, RawCase, both_families, penstock_only

HOST = b"Host: h\r\n"
BODY = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"


def post(*lines):
    return b"POST /x HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + BODY


def get(line, rest=HOST):
    return line + b"\r\n" + rest + b"\r\n"


# RFC 9112 sections 2.2, 3, 5, 6.1, 6.3, 7.1 and 11; RFC 9110 sections 5.5 and 7.2.
HEADS = {
    "length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunked and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 6"),
    "two lengths alike": post(b"Content-Length: 5", b"Content-Length: 5"),
    "length list": post(b"Content-Length: 5, 5"),
    "length signed": post(b"Content-Length: +5"),
    "length negative": post(b"Content-Length: -5"),
    "length hex": post(b"Content-Length: 0x5"),
    "length empty": post(b"Content-Length:"),
    "length with letters": post(b"Content-Length: 5a"),
    "length with space": post(b"Content-Length: 5 5"),
    "length too long": post(b"Content-Length: 18446744073709551621"),
    "length of 40 digits": post(b"Content-Length: " + b"9" * 40),
    "space before colon": post(b"Content-Length : 5"),
    "tab before colon": post(b"Transfer-Encoding\t: chunked"),
    "chunked not last": post(b"Transfer-Encoding: chunked, identity"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked"),
    "chunked in two lines": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "unknown coding": post(b"Transfer-Encoding: xchunked"),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked"),
    "coding in quotes": post(b"Transfer-Encoding: \"chunked\""),
    "empty coding": post(b"Transfer-Encoding:"),
    "folded line": post(b"X: a", b" b"),
    "folded coding": post(b"Transfer-Encoding:", b" chunked"),
    "first line folded": b"GET /x HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n",
    "bare CR in value": post(b"X: a\rTransfer-Encoding: chunked"),
    "bare CR in name": post(b"X\r: a"),
    "bare LF line end": b"GET /x HTTP/1.1\nHost: h\n\n",
    "bare LF in value": post(b"X: a\nTransfer-Encoding: chunked"),
    "bare CR line end": b"GET /x HTTP/1.1\r" + HOST + b"\r\n",
    "NUL in value": post(b"X: a\0b"),
    "NUL in name": post(b"X\0: a"),
    "NUL in target": get(b"GET /\0 HTTP/1.1"),
    "control in value": post(b"X: a\x01b"),
    "DEL in value": post(b"X: a\x7fb"),
    "no colon": post(b"Transfer-Encoding chunked"),
    "empty name": post(b": chunked"),
    "name with bracket": post(b"X[a]: b"),
    "name with high byte": post(b"X\xe9: b"),
    "two hosts": get(b"GET /x HTTP/1.1", HOST + b"Host: other\r\n"),
    "no host": get(b"GET /x HTTP/1.1", b""),
    "host with space": get(b"GET /x HTTP/1.1", b"Host: a b\r\n"),
    "host with slash": get(b"GET /x HTTP/1.1", b"Host: a/b\r\n"),
    "two spaces": get(b"GET  /x HTTP/1.1"),
    "tab in line": get(b"GET\t/x HTTP/1.1"),
    "space in target": get(b"GET /x y HTTP/1.1"),
    "no version": get(b"GET /x"),
    "lower-case version": get(b"GET /x http/1.1"),
    "version with letters": get(b"GET /x HTTP/1.1a"),
    "method with colon": get(b"GE:T /x HTTP/1.1"),
    "empty method": get(b" /x HTTP/1.1"),
    "chunked in HTTP/1.0": b"POST /x HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + BODY,
}

# After a sound head with Transfer-Encoding: chunked.
CHUNKS = {
    "empty size": b"\r\nab\r\n",
    "signed size": b"+2\r\nab\r\n",
    "negative size": b"-2\r\nab\r\n",
    "size with 0x": b"0x2\r\nab\r\n",
    "size of letters": b"zz\r\nab\r\n",
    "size too long": b"10000000000000002\r\nab\r\n",
    "size with space before": b" 2\r\nab\r\n",
    "bare LF after size": b"2\nab\r\n",
    "bare CR after size": b"2\rab\r\n",
    "bare LF in extension": b"2;a\nb\r\nab\r\n",
    "data too long": b"2\r\nabc\r\n",
    "bare LF after data": b"2\r\nab\n0\r\n\r\n",
    "NUL in extension": b"2;a\0b\r\nab\r\n",
    "bad trailer": b"0\r\nX : y\r\n\r\n",
    "folded trailer": b"0\r\nX: y\r\n z\r\n\r\n",
    "bare LF in trailer": b"0\r\nX: y\n\r\n",
}


@both_families
@penstock_only
class Smuggling(RawCase):
    def test_heads(self):
        for name, request in HEADS.items():
            with self.subTest(name):
                front = self.connect()
                front.send(request)
                # RFC 9112 6.1: a coding that is not understood is 501.
                self.assertEqual(front.answer().status, 501 if name == "unknown coding" else 400)
                self.assertTrue(front.closed())
        self.assertTrue(self.origin.untouched(), "something reached the origin")

    def test_other_versions(self):
        for line in (b"GET /x HTTP/2.0", b"GET /x HTTP/0.9", b"GET /x HTTP/1.10"):
            with self.subTest(line):
                front = self.connect()
                front.send(get(line))
                self.assertIn(front.answer().status, (400, 505))
                self.assertTrue(front.closed())
        self.assertTrue(self.origin.untouched())

    def test_connect_is_no_tunnel(self):
        self.front.send(b"CONNECT h:80 HTTP/1.1\r\n" + HOST + b"\r\n")
        self.assertIn(self.front.answer().status, (400, 405, 501))
        self.assertTrue(self.origin.untouched())

    def test_chunks(self):
        """The head may have gone to the origin already; it never sees a whole request, the client never a success."""
        for name, chunks in CHUNKS.items():
            with self.subTest(name):
                front = self.connect()
                back = self.arrive(b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", front)
                back.until(b"\r\n\r\n")
                front.send(chunks + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n")
                self.assertEqual(front.answer().status, 400)
                self.assertTrue(front.closed())
                self.assertTrue(self.ended(back))
                self.assertNotIn(b"smuggled", back.buffer)

    @staticmethod
    def ended(back):
        """Whether the origin's connection is closed: it must not be used for another request."""
        back.socket.settimeout(WITHIN)
        try:
            while back.more():
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return False
        return True
