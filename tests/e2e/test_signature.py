# SPDX-License-Identifier: BSD-3-Clause
"""Requests whose signature breaks if a proxy alters a single byte: the node verifies, botocore's signer signs."""
import datetime
import hashlib
import hmac
import re
import socket
from unittest import mock

from lab import KEYS, REGION, TARGET, UNSIGNED, VHOST_DOMAIN, S3Case, Wire, both_families, noise

STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


@both_families
class Signature(S3Case):
    def round_trip(self, key, host=None):
        """PUT, GET and DELETE of /bucket/key with the key exactly as it is written here."""
        path = ("/" if host else "/%s/" % self.bucket) + key
        body = noise(1000, seed=hash(key))
        for method, wanted in (("PUT", 200), ("GET", 200), ("DELETE", 204)):
            answer = self.call(method, path, body=body if method == "PUT" else b"", host=host)
            self.assertEqual(answer.status, wanted, (method, path, answer.body[:500]))
            if method == "GET":
                self.assertTrue(answer.body == body)

    def test_paths(self):
        """Never decoded, never normalised, never merged."""
        for key in ("plain", "a%2Fb", "a+b", "a%2Bb", "a//b", "a///b//", "sp%20ace", "caf%C3%A9", "%E6%97%A5",
                    "lower%2fcase", "a%7Eb~c", "%41", "col:on@at", "semi;colon", "a%3Bb", "par(en)", "s*t!r'",
                    "comma,dollar$", "amp&equal=", "%25", "%2525", "%00x", "trail/", "...", "a/.hidden", "%2E%2E/x"):
            with self.subTest(key=key):
                if key == "%00x":
                    answer = self.call("PUT", "/%s/%s" % (self.bucket, key), body=b"x")
                    self.assertIn(answer.status, (200, 400))
                    if answer.status == 200:
                        self.call("DELETE", "/%s/%s" % (self.bucket, key))
                    continue
                self.round_trip(key)

    def test_dot_segments(self):
        """RFC 3986 would remove them; S3 keys may hold them."""
        for key in ("a/./b", "a/../b", "./a", "a/.."):
            with self.subTest(key=key):
                self.round_trip(key)

    def test_queries(self):
        for query in ("list-type=2&prefix=a%2Fb", "prefix=a+b", "prefix=a%20b", "prefix=&delimiter=%2F", "versions",
                      "empty=&prefix=", "prefix=%E6%97%A5", "prefix=a=b", "list-type=2&start-after=%7E"):
            with self.subTest(query=query):
                answer = self.call("GET", "/%s?%s" % (self.bucket, query))
                self.assertEqual(answer.status, 200, answer.body[:500])
                self.assertIn(b"<List", answer.body)

    def test_headers(self):
        """Signed headers keep their value, whatever a proxy would like to do with them."""
        path = self.put("headers", noise(1000))
        for headers in ({"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip,  zstd;q=0.5"}, {"TE": "trailers"},
                        {"X-Amz-Meta-A": "two  spaces"}, {"Cache-Control": "no-cache"}, {"Range": "bytes=1-2"},
                        {"User-Agent": "x" * 4000}, {"X-Amz-Date-Like": "a,b , c"}, {"Via": "1.1 other"},
                        {"X-Forwarded-For": "192.0.2.1"}, {"X-Custom": ""}, {"Content-Type": "text/plain; a=b"}):
            with self.subTest(headers=headers):
                answer = self.call("GET", path, headers=headers)
                self.assertIn(answer.status, (200, 206), answer.body[:500])

    def test_virtual_host(self):
        self.round_trip("virtual/a%2Fb+c", host="%s.%s" % (self.bucket, VHOST_DOMAIN))
        self.round_trip("virtual/port", host="%s.%s:80" % (self.bucket, VHOST_DOMAIN))

    def test_virtual_host_boto3(self):
        real = socket.getaddrinfo

        def resolve(host, port, *args, **options):
            return real(self.host if str(host).endswith(VHOST_DOMAIN) else host, port, *args, **options)

        with mock.patch("socket.getaddrinfo", resolve):
            s3 = self.client("virtual", "http://%s:%d" % (VHOST_DOMAIN, TARGET.port))
            self.addCleanup(s3.close)
            s3.put_object(Bucket=self.bucket, Key="a b+c", Body=b"virtual")
            self.assertEqual(s3.get_object(Bucket=self.bucket, Key="a b+c")["Body"].read(), b"virtual")

    def stream(self, path, body, chunk=65536, spoil=False):
        """A PUT as the MinIO clients send it: every chunk signed, each signature over the one before it."""
        now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
        pieces = [body[i:i + chunk] for i in range(0, len(body), chunk)] + [b""]
        framed = sum(len("%x" % len(piece)) + len(";chunk-signature=") + 64 + 4 + len(piece) for piece in pieces)
        headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(body)),
                   "Content-Length": str(framed)}
        with mock.patch("botocore.auth.datetime") as clock:
            clock.datetime.utcnow.return_value = datetime.datetime.strptime(now, "%Y%m%dT%H%M%SZ")
            head = self.request("PUT", path, headers=headers, payload=STREAMING)
        scope = "%s/%s/s3/aws4_request" % (now[:8], REGION)
        key = ("AWS4" + KEYS.secret_key).encode()
        for part in (now[:8], REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        last = re.search(rb"Signature=([0-9a-f]{64})", head).group(1).decode()
        out = [head]
        for piece in pieces:
            text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", now, scope, last, hashlib.sha256(b"").hexdigest(),
                              hashlib.sha256(piece).hexdigest()))
            last = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            sent = b"!" + piece[1:] if spoil and piece else piece
            out.append(b"%x;chunk-signature=%s\r\n%s\r\n" % (len(piece), last.encode(), sent))
        return b"".join(out)

    def test_streaming_signature(self):
        path = "/%s/stream" % self.bucket
        body = noise(1000003)
        with Wire.to(self.host, self.port) as wire:
            wire.send(self.stream(path, body))
            answer = wire.answer("PUT")
            self.assertEqual(answer.status, 200, answer.body[:500])
        self.assertTrue(self.call("GET", path).body == body)

    def test_streaming_signature_is_verified(self):
        """The control of the test above: one altered byte of the body and the node refuses it."""
        with Wire.to(self.host, self.port) as wire:
            wire.send(self.stream("/%s/spoilt" % self.bucket, noise(100000), spoil=True))
            self.assertIn(wire.answer("PUT").status, (400, 403))

    def test_unsigned_payload(self):
        path = "/%s/unsigned" % self.bucket
        self.assertEqual(self.call("PUT", path, body=b"unsigned", payload=UNSIGNED).status, 200)
        self.assertEqual(self.call("GET", path).body, b"unsigned")
