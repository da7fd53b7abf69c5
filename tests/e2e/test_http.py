# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/1.1 seen from both ends: what goes in at the client comes out at the origin, and back."""
import socket
import threading
import time

from lab import HEAD_LIMIT, RESPONSE_TIMEOUT, Origin, RawCase, both_families, noise, penstock_only, proxy_only

GET = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@both_families
class Http(RawCase):
    def served(self, back=None, request=GET, response=OK, method="GET"):
        """One whole exchange on self.front; returns the origin's connection for the next."""
        self.front.send(request)
        back = back or self.origin.accept()
        back.until(b"\r\n\r\n")
        back.send(response)
        self.answered = self.front.answer(method)
        return back

    @penstock_only
    def test_head_arrives_as_it_was_sent(self):
        """Names keep their case, values their spaces, lines their order; HAProxy fails here."""
        lines = [b"GET /B/a%2Fb//c+d/./e/../f%7e?x=1&x=2&&y=%C3%A9&z HTTP/1.1", b"Host: s3.Example:80", b"X-AMZ-Date: 1",
                 b"x-Amz-Meta-Twice: a", b"Accept-Encoding:identity", b"x-amz-meta-twice: b ", b"TE: trailers",
                 b"Empty:", b"Authorization: AWS4-HMAC-SHA256 Credential=A/b,  SignedHeaders=host, Signature=0",
                 b"X-Latin: caf\xe9", b"Cookie: a=b; c=d"]
        back = self.arrive(b"\r\n".join(lines) + b"\r\n\r\n")
        self.assertEqual(back.until(b"\r\n\r\n").split(b"\r\n"), lines)
        back.send(OK)
        self.assertEqual(self.front.answer().body, b"ok")

    @penstock_only
    def test_response_arrives_as_it_was_sent(self):
        lines = [b"HTTP/1.1 299 Some Thing", b"ETag: \"a\"", b"x-AMZ-request-id: tx1", b"Set-Cookie: a", b"Set-Cookie: b",
                 b"Content-Length: 0", b"Server: Origin"]
        back = self.arrive(GET)
        back.send(b"\r\n".join(lines) + b"\r\n\r\n")
        self.assertEqual(self.front.until(b"\r\n\r\n").split(b"\r\n"), lines)

    def test_odd_targets(self):
        back = None
        for target in (b"/", b"/?", b"/a?b?c", b"/%", b"/%zz", b"/a%00b", b"//", b"/;p", b"/a:b", b"/" + b"x" * 8000, b"/~!$&'()*+,;=@"):
            with self.subTest(target=target):
                self.front.send(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
                back = back or self.origin.accept()
                self.assertEqual(back.until(b"\r\n"), b"GET " + target + b" HTTP/1.1")
                back.until(b"\r\n\r\n")
                back.send(OK)
                self.assertEqual(self.front.answer().status, 200)

    def test_keep_alive_reuses_the_back_connection(self):
        back = self.served()
        for _ in range(10):
            self.served(back)
            self.assertEqual(self.answered.body, b"ok")

    @penstock_only
    def test_another_client_reuses_the_back_connection(self):
        back = self.served()
        self.front = self.connect()
        self.served(back)
        self.assertEqual(self.answered.body, b"ok")

    def test_head_in_pieces(self):
        for byte in b"GET /slow HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n":
            self.front.send(bytes((byte,)))
        back = self.origin.accept()
        self.assertIn(b"GET /slow HTTP/1.1", back.until(b"\r\n\r\n"))
        for byte in OK:
            back.send(bytes((byte,)))
        self.assertEqual(self.front.answer().body, b"ok")

    @proxy_only
    def test_pipeline_is_answered_in_order(self):
        self.front.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(20)))
        back = self.origin.accept()
        for i in range(20):
            head = back.until(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"GET /%d HTTP/1.1\r\n" % i), head)
            back.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d" % i)
        for i in range(20):
            self.assertEqual(self.front.answer().body, b"%02d" % i)

    def test_pipeline_with_bodies(self):
        """A body ends where its length says, and the next request begins there."""
        first, second = noise(100000, seed=1), b"GET /not-a-request HTTP/1.1\r\nHost: h\r\n\r\n"
        request = b"PUT /%d HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
        back = self.arrive(request % (1, len(first)) + first + request % (2, len(second)) + second + GET)
        for body in (first, second):
            back.until(b"\r\n\r\n")
            self.assertTrue(back.exactly(len(body)) == body)
            back.send(OK)
        self.assertTrue(back.until(b"\r\n\r\n").startswith(b"GET /x "))
        back.send(OK)
        self.assertEqual([self.front.answer().body for _ in range(3)], [b"ok"] * 3)

    def test_no_body(self):
        """HEAD, 204 and 304 have none, whatever Content-Length says."""
        back = None
        for method, response in (("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                                 ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
                                 ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 1000\r\n\r\n"),
                                 ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                                 ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n")):
            with self.subTest(method=method, response=response):
                back = self.served(back, method.encode() + GET[3:], response, method)
                self.assertEqual(self.answered.status, int(response[9:12]))
                self.served(back)
                self.assertEqual(self.answered.body, b"ok")

    def test_expect_is_the_origins_to_answer(self):
        """The proxy neither invents a 100 nor keeps the origin's back."""
        back = self.arrive(b"PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        self.assertIn(b"expect: 100-continue", back.until(b"\r\n\r\n").lower())
        self.assertTrue(self.front.silent())
        back.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(self.front.answer("PUT").status, 100)
        self.front.send(b"body")
        self.assertEqual(back.exactly(4), b"body")
        back.send(OK)
        self.assertEqual(self.front.answer("PUT").body, b"ok")

    def test_expect_refused(self):
        """A final answer instead of 100: the client gets it without having sent a byte of its body."""
        back = self.arrive(b"PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n")
        answer = self.front.answer("PUT")
        self.assertEqual((answer.status, answer.headers["location"]), (307, "http://other/"))

    def test_interim_answers(self):
        back = self.arrive(GET)
        back.send(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK)
        self.assertEqual([self.front.answer().status for _ in range(3)], [102, 103, 200])

    def test_chunked_request(self):
        """Sizes in either case, extensions, trailers: the body arrives whole, and so do the trailers."""
        pieces = [noise(1, 1), noise(10, 2), noise(70000, 3), noise(15, 4)]
        body = b"".join(b"%X;name=\"v;a\"\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        back = self.arrive(b"PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: x-amz-checksum-crc32\r\n\r\n" +
                           body + b"0\r\nx-amz-checksum-crc32: AAAA\r\nOther: 1\r\n\r\n" + GET)
        back.until(b"\r\n\r\n")
        got = b""
        while True:
            size = int(back.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            got += back.exactly(size)
            self.assertEqual(back.exactly(2), b"\r\n")
        self.assertTrue(got == b"".join(pieces))
        self.assertEqual(back.until(b"\r\n\r\n").lower(), b"x-amz-checksum-crc32: aaaa\r\nother: 1")
        back.send(OK)
        self.assertTrue(back.until(b"\r\n\r\n").startswith(b"GET /x "))
        back.send(OK)
        self.assertEqual([self.front.answer().body for _ in range(2)], [b"ok"] * 2)

    def test_chunked_response(self):
        body = noise(200000)
        back = self.arrive(GET)
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(0, len(body), 30000):
            back.send(b"%x\r\n%s\r\n" % (len(body[i:i + 30000]), body[i:i + 30000]))
        back.send(b"0\r\nx-trailer: t\r\n\r\n")
        status, headers = self.front.head()
        self.assertEqual((status, headers["transfer-encoding"]), (200, "chunked"))
        got = b""
        while size := int(self.front.until(b"\r\n"), 16):
            got += self.front.exactly(size)
            self.front.exactly(2)
        self.assertTrue(got == body)
        self.assertEqual(self.front.until(b"\r\n\r\n").lower(), b"x-trailer: t")
        self.served(back)

    def test_response_until_close(self):
        body = noise(100000)
        back = self.arrive(GET)
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        back.close()
        self.assertTrue(self.front.answer().body == body)

    def test_client_wants_to_close(self):
        self.served(request=b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                    response=b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual(self.answered.body, b"ok")
        if self.proxied():
            self.assertTrue(self.front.closed())

    def proxied(self):
        return self.front.socket.getpeername()[0] != Origin.ADDRESS[0]

    def test_http_1_0_client(self):
        self.served(request=b"GET /x HTTP/1.0\r\n\r\n")
        self.assertEqual(self.answered.body, b"ok")
        if self.proxied():
            self.assertTrue(self.front.closed())

    def test_half_closed_client(self):
        """The client has said all it will say; its answer still arrives whole."""
        body = noise(3000000)
        back = self.arrive(GET)
        self.front.socket.shutdown(socket.SHUT_WR)
        back.until(b"\r\n\r\n")
        time.sleep(0.2)
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        sender = threading.Thread(target=back.send, args=(answer,))  # more than all buffers on the way hold
        sender.start()
        self.assertTrue(self.front.answer().body == body)
        sender.join()

    def test_answer_before_the_body_ends(self):
        back = self.arrive(b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n" + noise(10000))
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        self.assertEqual(self.front.answer("PUT").status, 413)

    @proxy_only
    def test_truncated_answer_is_not_completed(self):
        """The client must be able to tell; a clean end would be a lie."""
        back = self.arrive(GET)
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        back.close()
        with self.assertRaises((EOFError, ConnectionResetError)):
            self.front.answer()

    @proxy_only
    def test_bad_answers(self):
        """What the origin may not say becomes 502, and its connection is not used again."""
        for response in (b"garbage\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                         b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                         b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n", b""):
            with self.subTest(response=response):
                self.front = self.connect()
                back = self.arrive(GET)
                back.until(b"\r\n\r\n")
                back.send(response)
                back.close()
                self.assertIn(self.front.answer().status, (502, 503))

    @proxy_only
    def test_answer_with_two_lengths(self):
        """RFC 9112 6.3: Transfer-Encoding together with Content-Length is an attack or an error."""
        back = self.arrive(GET)
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        answer = self.front.answer()
        self.assertTrue(answer.status == 502 or (answer.body == b"ok" and "content-length" not in answer.headers), answer)

    @proxy_only
    def test_answer_too_late(self):
        """The pool's response-timeout, 2 s here, and not that of the other pool."""
        began = time.monotonic()
        self.arrive(GET)
        self.assertEqual(self.front.answer().status, 504)
        self.assertTrue(1.5 < time.monotonic() - began < RESPONSE_TIMEOUT)

    @proxy_only
    def test_origin_closes_an_idle_connection(self):
        back = self.served()
        back.close()
        time.sleep(0.1)
        self.served()
        self.assertEqual(self.answered.body, b"ok")

    @penstock_only
    def test_reset_of_a_reused_connection_is_hidden(self):
        """The idle race: the origin closes just when a GET is on its way. A new connection serves it."""
        back = self.served()
        self.front.send(GET)
        back.until(b"\r\n\r\n")
        back.reset()
        again = self.origin.accept()
        again.until(b"\r\n\r\n")
        again.send(OK)
        self.assertEqual(self.front.answer().body, b"ok")

    @proxy_only
    def test_origin_is_not_there(self):
        self.origin.socket.close()
        self.front.send(GET)
        self.assertEqual(self.front.answer().status, 503)

    @penstock_only
    def test_head_limit(self):
        """Just under the limit passes as it is, more is refused with 431."""
        filler = b"X-Filler: " + b"f" * 1000 + b"\r\n"
        fits = b"GET /x HTTP/1.1\r\nHost: h\r\n" + filler * ((HEAD_LIMIT - 2000) // len(filler)) + b"\r\n"
        back = self.arrive(fits)
        self.assertEqual(back.until(b"\r\n\r\n").count(b"X-Filler"), fits.count(b"X-Filler"))
        back.send(OK)
        self.assertEqual(self.front.answer().body, b"ok")
        self.front.send(b"GET /x HTTP/1.1\r\nHost: h\r\n" + filler * (HEAD_LIMIT // len(filler) + 2))
        self.assertEqual(self.front.answer().status, 431)
        self.assertTrue(self.front.closed())

    @penstock_only
    def test_head_timeout(self):
        """A head that never ends: 408 or a plain close, after the listener's 3 s."""
        began = time.monotonic()
        self.front.send(b"GET /x HTTP/1.1\r\nHost: h\r\n")
        try:
            self.assertEqual(self.front.answer().status, 408)
        except (EOFError, ConnectionResetError):
            pass
        self.assertTrue(2 < time.monotonic() - began < 10, "10 s would be its idle-timeout")

    def test_large_bodies_both_ways(self):
        """10 MB in and out on one connection, every byte."""
        body = noise(10000000)
        self.front.send(b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body))
        back = self.origin.accept()
        back.until(b"\r\n\r\n")
        for i in range(0, len(body), 500000):
            self.front.send(body[i:i + 500000])
            self.assertTrue(back.exactly(500000) == body[i:i + 500000])
        back.send(OK)
        self.assertEqual(self.front.answer("PUT").body, b"ok")
        self.front.send(GET)
        back.until(b"\r\n\r\n")
        back.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for i in range(0, len(body), 500000):
            back.send(body[i:i + 500000])
            if i == 0:
                self.front.head()
            self.assertTrue(self.front.exactly(500000) == body[i:i + 500000])
