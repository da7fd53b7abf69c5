# SPDX-License-Identifier: BSD-3-Clause
"""S3 over TLS: to the appliance, and from there on plain or over TLS again; uploads as the SDKs of today frame them."""
import base64
import hashlib
import os
import unittest
import zlib

import tls
from lab import DIR, EMPTY_SHA256, KEYS, Files, S3Case, noise, penstock_only, tool

MB = 1 << 20
CA = os.path.join(DIR, "tls/ca.pem")


@penstock_only
class Termination(S3Case):
    family, tls_port = 6, 443

    @classmethod
    def client(cls, style="path", endpoint=None):
        host = "[%s]" % cls.host if cls.family == 6 else cls.host
        cls.secure = "https://%s:%d" % (host, cls.tls_port)
        return super().client(style, cls.secure, verify=CA)

    def test_boto3(self):
        """Its uploads say UNSIGNED-PAYLOAD over TLS; small, empty, in parts, from two threads."""
        for size in (0, 1, 100000, 3 * MB):
            self.s3.put_object(Bucket=self.bucket, Key="object", Body=noise(size))
            self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="object")["Body"].read(), noise(size))
        files = Files(self)
        source = files.write("source", 20 * MB)
        self.s3.upload_file(source, self.bucket, "parts")
        self.assertIn("-3", self.s3.head_object(Bucket=self.bucket, Key="parts")["ETag"])
        self.s3.download_file(self.bucket, "parts", files / "copy")
        self.assertTrue(files.same(source, files / "copy"))
        part = self.s3.get_object(Bucket=self.bucket, Key="parts", Range="bytes=1000000-2999999")["Body"].read()
        self.assertEqual(part, noise(20 * MB)[1000000:3000000])

    def test_awscli(self):
        def aws(*args):
            return tool("aws", "--endpoint-url", self.secure.replace("[fd00:10::10]", "s3.test"), "--ca-bundle", CA, *args)

        files = Files(self)
        source = files.write("source", 20 * MB)
        aws("s3", "cp", "--only-show-errors", source, "s3://%s/aws" % self.bucket)
        aws("s3", "cp", "--only-show-errors", "s3://%s/aws" % self.bucket, files / "copy")
        self.assertTrue(files.same(source, files / "copy"))
        self.assertIn("aws", aws("s3", "ls", "s3://" + self.bucket))

    def test_curl(self):
        files = Files(self)
        source = files.write("source", 5 * MB)
        url = "%s/%s/curl" % (self.secure, self.bucket)
        with open(source, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        for version, last in (("--tlsv1.2", "1.2"), ("--tlsv1.3", "1.3")):
            def curl(*args):
                return tool("curl", "-sS", "--fail", "-m", "60", "-g", "--cacert", CA, version, "--tls-max", last, "--aws-sigv4",
                            "aws:amz:us-east-1:s3", "-u", "%s:%s" % (KEYS.access_key, KEYS.secret_key), *args)

            curl("-T", source, "-H", "x-amz-content-sha256: " + digest, url)
            curl("-H", "x-amz-content-sha256: " + EMPTY_SHA256, "-o", files / "copy", url)
            self.assertTrue(files.same(source, files / "copy"), version)


@penstock_only
class Both(Termination):
    """The nodes are asked over TLS too."""

    family, tls_port = 4, 8443


class Uploads(tls.Case):
    """What current SDKs send over TLS: no length, aws-chunked, the checksum in a trailer that is body."""

    @staticmethod
    def framed(body, piece):
        """aws-chunked with its trailer, in chunks of HTTP that are cut elsewhere."""
        inner = bytearray()
        for at in range(0, len(body), 65536):
            data = body[at:at + 65536]
            inner += b"%x\r\n" % len(data) + data + b"\r\n"
        sum32 = base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
        inner += b"0\r\nx-amz-checksum-crc32:" + sum32 + b"\r\n\r\n"
        outer = b"".join(b"%x\r\n" % len(part) + part + b"\r\n"
                         for part in (bytes(inner[at:at + piece]) for at in range(0, len(inner), piece)))
        return bytes(inner), outer + b"0\r\n\r\n"

    def test_unsigned_trailer(self):
        client = tls.Client(self.raw(), self.context()).handshake()
        for size, piece in ((0, 1000), (1, 7), (300000, 8192), (5 * MB, 65600), (5 * MB, 1 << 20)):
            inner, outer = self.framed(noise(size), piece)
            client.write(b"PUT /sdk HTTP/1.1\r\nHost: s3.test\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"
                         b"Content-Encoding: aws-chunked\r\nTransfer-Encoding: chunked\r\nx-amz-trailer: x-amz-checksum-crc32\r\n"
                         b"x-amz-decoded-content-length: %d\r\n\r\n" % size)
            for at in range(0, len(outer), 100000):
                client.write(outer[at:at + 100000])
            with self.subTest(size=size, piece=piece):
                self.assertEqual(client.answer(), (200, b""))
                self.assertTrue(self.kept.pop("/sdk") == inner, "another body arrived")


if __name__ == "__main__":
    unittest.main()
