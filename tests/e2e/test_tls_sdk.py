# SPDX-License-Identifier: BSD-3-Clause
"""Uploads of the SDKs of today over TLS: aws-chunked, the checksum in a trailer that is body, often no length at all.

The store behind checks what a node would: the framing, the decoded length, the checksum, and that no signed field was altered.
AWS's SDK for JavaScript is what sdk/package-lock.json pins, installed by sdk/install; boto3 is what this Python has.
"""
import base64
import os
import shutil
import sys
import unittest
import zlib

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import tls
from lab import tool
from small import BUILD

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk")
SIZES = (1, 65536, 300001, 9 << 20)
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def signature(method, url, headers):
    """Of a request that came, by the fields that it says were signed."""
    words = dict(word.strip(" ,").split("=", 1) for word in headers["Authorization"].split(" ")[1:])
    scope = words["Credential"].split("/")
    request = AWSRequest(method, url, headers={name: headers[name] for name in words["SignedHeaders"].split(";")})
    request.context["timestamp"] = headers["X-Amz-Date"]
    signer = S3SigV4Auth(Credentials("key", "secret"), scope[3], scope[2])
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request), words["Signature"]


class Node(tls.Store):
    """Takes what a current node takes, and nothing that is wrong."""

    protocol_version = "HTTP/1.1"
    kept = {}
    framings, faults = [], []

    @staticmethod
    def decoded(body):
        """The body within aws-chunked, and its trailer."""
        data, at = bytearray(), 0
        while True:
            end = body.index(b"\r\n", at)
            size = int(body[at:end].split(b";")[0], 16)
            if size == 0:
                return bytes(data), body[end + 2:]
            data += body[end + 2:end + 2 + size]
            at = end + 4 + size
            if body[at - 2:at] != b"\r\n":
                raise ValueError("a chunk of another length")

    def do_GET(self):
        self.path = self.path.split("?")[0]
        super().do_GET()

    def keep(self, path, body):
        fault, said = None, self.headers.get("x-amz-checksum-crc32")
        if self.headers["x-amz-content-sha256"] == UNSIGNED:
            body, trailer = self.decoded(body)
            said = trailer.partition(b"x-amz-checksum-crc32:")[2].strip().decode()
            if len(body) != int(self.headers["x-amz-decoded-content-length"]):
                fault = "another length"
        if said and zlib.crc32(body).to_bytes(4, "big") != base64.b64decode(said):
            fault = "another checksum"
        ours, theirs = signature("PUT", "https://%s%s" % (self.headers["Host"], self.path), self.headers)
        if ours != theirs:
            fault = "another signature"
        self.framings.append((self.headers["x-amz-content-sha256"], self.headers.get("Transfer-Encoding"), bool(said)))
        if fault:
            self.faults.append("%s: %s: %s" % (path, fault, self.headers))
        super().keep(path.split("?")[0], body)


class Sdk(tls.Case):
    @classmethod
    def store(cls, owner):
        cls.node = type("Seen", (Node,), {"kept": {}, "framings": [], "faults": []})
        return tls.store(cls.lab.prefix, owner, kind=cls.node)

    def setUp(self):
        self.node.framings.clear()

    def client(self, *command, **environment):
        """What it says, in the client's namespace."""
        said = tool("ip", "netns", "exec", self.lab.prefix + "client", *command, **environment)
        self.assertEqual(said.strip().splitlines()[-1:], ["same"])
        self.assertEqual(self.node.faults, [])

    def test_javascript(self):
        """A buffer goes with its length; a stream, whose checksum is not known before, as a trailer without a length."""
        there = os.path.join(BUILD, "e2e-sdk")
        if not os.path.exists(os.path.join(there, "done")):
            self.skipTest("sdk/install did not install it: no npm (Debian 12's Node is without), or no way out")
        shutil.copy(os.path.join(HERE, "round.mjs"), there)
        self.client("node", os.path.join(there, "round.mjs"), "https://" + tls.ADDRESS, *SIZES, NODE_EXTRA_CA_CERTS=self.ca.pem)
        self.assertEqual(len(self.node.framings), 3 * len(SIZES))
        trailers = [framing for framing in self.node.framings if framing[0] == UNSIGNED]
        self.assertEqual(trailers, [(UNSIGNED, "chunked", True)] * 2 * len(SIZES))

    def test_boto3(self):
        """From 1.36 on every upload over TLS ends with its checksum."""
        self.client(sys.executable, os.path.join(HERE, "round.py"), "https://" + tls.ADDRESS, self.ca.pem, *SIZES)
        self.assertEqual(len(self.node.framings), 2 * len(SIZES))
        if tuple(map(int, boto3.__version__.split(".")[:2])) >= (1, 36):
            self.assertEqual({framing[0] for framing in self.node.framings}, {UNSIGNED})


if __name__ == "__main__":
    unittest.main()
