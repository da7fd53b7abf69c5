# SPDX-License-Identifier: BSD-3-Clause
"""Rows of doc/matrix.md with three real S3 nodes: all operations are under way when one of the nodes fails."""
import contextlib
import subprocess
import threading
import time

import matrix
from lab import NODES, S3Case, Wire, nodes, noise, penstock_only, show, wait_for

PORT = 8081  # of the listener whose pool has node 1 first
BIG, PART, SMALL = 64 << 20, 8 << 20, 64 << 10
BEGUN = 0.3  # seconds in which a request comes to a node that is stopped
BLACKHOLE = """table inet matrix {
	chain i { type filter hook input priority 0; ip daddr 10.20.0.11 drop; }
	chain o { type filter hook output priority 0; ip saddr 10.20.0.11 drop; }
}
"""
LATER = ("get", "put", "complete", "list", "head", "delete")  # which a node would have done at once


class Operation:
    """A request that stops in its middle, and is finished later."""

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.wire = Wire.to(case.host, PORT)
        case.addCleanup(self.wire.close)
        self.method, self.path, self.upload, self.wanted, self.fields = case.asked(name)

    def begin(self):
        """The whole request, or half an upload; and half of a large answer."""
        head = self.case.request(self.method, self.path, headers=dict(self.fields, **{"Content-Length": str(len(self.upload))})
                                 if self.method in ("PUT", "POST") else self.fields, payload="UNSIGNED-PAYLOAD")
        self.sent = len(self.upload) // 2 if len(self.upload) >= PART else len(self.upload)
        self.wire.send(head + self.upload[:self.sent])
        self.got = b""
        if self.name in ("get-big", "range"):
            self.status, self.headers = self.wire.head()
            self.got = self.wire.exactly(len(self.wanted) // 4)

    def finish(self):
        """What the client saw, in the words of the page."""
        try:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                self.wire.send(self.upload[self.sent:])
            if self.got:
                self.got += self.wire.exactly(len(self.wanted) - len(self.got))
                return "whole" if self.got == self.wanted and self.status in (200, 206) else "other bytes"
            answer = self.wire.answer(self.method)
        except (EOFError, ConnectionResetError):
            return "reset"
        if answer.status in (200, 204) and (self.wanted is None or answer.body == self.wanted):
            return "whole"
        return str(answer.status)

    def run(self, outcomes):
        outcomes[self.name] = self.finish()


@penstock_only
class RealNodes(S3Case):
    def setUp(self):
        super().setUp()
        for n in NODES:
            nodes("ensure", n)
        self.addCleanup(lambda: [nodes("ensure", n) for n in NODES])
        for key, size in (("big", BIG), ("small", SMALL), ("gone", 10)):
            self.put(key, noise(size))
        self.uploads = [self.s3.create_multipart_upload(Bucket=self.bucket, Key="parts-%d" % i)["UploadId"] for i in range(2)]
        etag = self.s3.upload_part(Bucket=self.bucket, Key="parts-1", UploadId=self.uploads[1], PartNumber=1, Body=noise(10))["ETag"]
        self.parts = ("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>" % etag).encode()
        wait_for(lambda: self.member()["state"] == "up", "the first node is up")

    @staticmethod
    def member():
        return next(row for row in show("pool rgw-first")["members"] if row["name"] == "a")

    def asked(self, name):
        """(method, path, what is uploaded, what is to come or None, more fields)"""
        at = "/" + self.bucket + "/"
        return {
            "get": ("GET", at + "small", b"", noise(SMALL), {}),
            "get-big": ("GET", at + "big", b"", noise(BIG), {}),
            "range": ("GET", at + "big", b"", noise(BIG)[1000:1000 + PART], {"Range": "bytes=1000-%d" % (999 + PART)}),
            "put": ("PUT", at + "put", noise(SMALL, 2), None, {}),
            "put-big": ("PUT", at + "put-big", noise(BIG), None, {}),
            "part": ("PUT", at + "parts-0?partNumber=1&uploadId=" + self.uploads[0], noise(PART), None, {}),
            "complete": ("POST", at + "parts-1?uploadId=" + self.uploads[1], self.parts, None, {}),
            "list": ("GET", "/%s?list-type=2&prefix=small" % self.bucket, b"", None, {}),
            "head": ("HEAD", at + "small", b"", b"", {}),
            "delete": ("DELETE", at + "gone", b"", b"", {}),
        }[name]

    def outcomes(self, strike, before=None):
        """All operations, of which `strike` meets the middle; `before` the beginning of those that have none."""
        under_way, found = [Operation(self, name) for name in matrix.SIZES], {}
        for operation in under_way:
            if operation.name not in LATER:
                operation.begin()
        if before:
            before()
        for operation in under_way:
            if operation.name in LATER:
                operation.begin()
        time.sleep(BEGUN)
        strike()
        threads = [threading.Thread(target=operation.run, args=(found,)) for operation in under_way]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def row(self, fault, strike, before=None):
        self.compare(fault, self.outcomes(strike, before))

    def compare(self, fault, found):
        self.assertEqual(found, {operation: outcome[0] for (name, operation, connection), outcome in matrix.expected().items()
                                 if (name, connection) == (fault, "fresh")})
        for n in NODES:
            nodes("ensure", n)
        self.assertTrue(self.call("GET", "/%s/put" % self.bucket).body == noise(SMALL, 2))
        self.assertEqual(self.call("GET", "/%s/gone" % self.bucket).status, 404)

    def test_crash(self):
        self.row("crash", lambda: nodes("signal", 1, "KILL"), lambda: nodes("signal", 1, "STOP"))

    def test_hang(self):
        self.row("hang", lambda: None, lambda: nodes("signal", 1, "STOP"))

    def test_refuse(self):
        nodes("signal", 1, "KILL")
        self.row("refuse", lambda: None)

    def test_blackhole(self):
        nft = ["ip", "netns", "exec", "ps-storage", "nft"]
        subprocess.run([*nft, "-f", "-"], input=BLACKHOLE.encode(), check=True)
        self.addCleanup(subprocess.run, [*nft, "delete", "table", "inet", "matrix"], check=False, stderr=subprocess.DEVNULL)
        found = self.outcomes(lambda: None)
        subprocess.run([*nft, "delete", "table", "inet", "matrix"], check=True)
        self.compare("blackhole", found)

    def test_return(self):
        nodes("signal", 1, "KILL")
        self.row("return", lambda: nodes("restart", 1))
        before = self.member()["requests"]

        def used():
            with Wire.to(self.host, PORT) as wire:
                wire.send(self.request("GET", "/%s/small" % self.bucket))
                self.assertTrue(wire.answer().body == noise(SMALL))
            return self.member()["requests"] > before
        wait_for(used, "the node that is back has requests")
