# SPDX-License-Identifier: BSD-3-Clause
"""The matrix of failures: its cells as doc/matrix.md has them, and the client that says what it saw of one."""
import os
import re
import xml.etree.ElementTree

import node
from lab import ROOT, UNSIGNED

PAGE = os.path.join(ROOT, "doc", "matrix.md")
KB, MB = 1 << 10, 1 << 20
BIG = 1 << 30 if os.environ.get("PENSTOCK_E2E_BIG") else 32 * MB
SIZES = {"get": 64 * KB, "get-big": BIG, "range": BIG, "put": 64 * KB, "put-big": BIG, "part": 8 * MB, "complete": 200,
         "list": 0, "head": 64 * KB, "delete": 0}
RANGE = (MB + 1, 2 * MB)  # first and last byte
METHODS = {"get": "GET", "get-big": "GET", "range": "GET", "put": "PUT", "put-big": "PUT", "part": "PUT", "complete": "POST",
           "list": "GET", "head": "HEAD", "delete": "DELETE"}
QUERIES = {"part": "?partNumber=2&uploadId=u1", "complete": "?uploadId=u1", "list": "?list-type=2&prefix=p"}
CELL = re.compile(r"(\w+) (\d)/(\d)")


def rows(heading):
    """The lines of the page's table that begins so, as lists of cells."""
    with open(PAGE) as file:
        lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else None for line in file]
    at = lines.index(next(line for line in lines if line and line[:len(heading)] == heading))
    end = lines.index(None, at)
    return lines[at:at + 1] + lines[at + 2:end]


def expected():
    """{(fault, operation, connection): (outcome, nodes that get it, nodes that carry it out)} of all that can happen."""
    head, *lines = rows(["fault", "get"])
    found = {}
    for fault, *cells in lines:
        for operation, cell in zip(head[1:], cells):
            both = cell.split("; ") if cell != "-" else []
            for connection, text in zip(("fresh", "reused"), both * 2 if len(both) == 1 else both):
                outcome, seen, done = CELL.fullmatch(text).groups()
                found[fault, operation, connection] = (outcome, int(seen), int(done))
    return found


def reasons():
    """{fault: the counters that may say why a request was tried again}"""
    return {row[0]: set(re.findall(r"`(\w+)`", row[3])) for row in rows(["fault", "is"])[1:]}


def cell(fault, operation, connection, size=0):
    path = "/matrix/%s-%s-%s" % (fault, operation, connection)
    return node.Cell(fault, operation, path + QUERIES.get(operation, ""), size or SIZES[operation])


class Client:
    """Asks for one cell, as an S3 client would that signs with SigV4, and compares every byte."""

    def __init__(self, wire, what):
        self.wire, self.cell = wire, what

    def fields(self):
        c = self.cell
        fields = {"Host": "s3.test", "x-amz-content-sha256": UNSIGNED, "x-amz-date": "20260101T000000Z"}
        if c.operation == "range":  # which signers sign: nothing may be added to it
            fields["Range"] = "bytes=%d-%d" % RANGE
        c.signed = [("%s: %s\r\n" % field).encode() for field in fields.items()]
        fields["Authorization"] = "AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s" % (
            ";".join(sorted(name.lower() for name in fields)), "0" * 64)
        if METHODS[c.operation] in ("PUT", "POST"):
            fields["Content-Length"] = str(c.size)
        return fields

    def ask(self):
        """What it saw, in the words of the page; what is in none of them is said at length."""
        try:
            try:
                self.send()
            except (ConnectionResetError, BrokenPipeError):
                pass  # there may be an answer all the same
            return self.read()
        except (ConnectionResetError, EOFError):
            return "reset"
        except OSError as error:
            return repr(error)

    def send(self):
        c = self.cell
        lines = ["%s %s HTTP/1.1" % (METHODS[c.operation], c.key)] + ["%s: %s" % field for field in self.fields().items()]
        self.wire.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        if c.operation == "complete":
            self.wire.send(b"<CompleteMultipartUpload/>".ljust(c.size))
        for at in range(0, c.size if c.operation in node.UPLOADS else 0, node.PIECE):
            self.wire.send(node.bytes_of(c.key, at, min(node.PIECE, c.size - at)))

    def read(self):
        c = self.cell
        status, fields = self.wire.head()
        if c.operation in ("get", "get-big", "range") and status in (200, 206) and fields.get("etag"):
            return self.whole(status, fields)
        size = int(fields.get("content-length", 0)) if METHODS[c.operation] != "HEAD" else 0
        text = self.wire.exactly(size).decode()
        if "x-node" not in fields:
            return self.refused(status, text)
        if c.fault in node.ERRORS and status == node.ERRORS[c.fault][0]:
            said = node.error_text(node.ERRORS[c.fault][1]) if METHODS[c.operation] != "HEAD" else ""
            return "own" if text == said else "%d %r" % (status, text[:100])
        right = status in (200, 204) and text == node.text_of(c.operation, c.key)
        return "whole" if right else "%d %r" % (status, text[:100])

    def whole(self, status, fields):
        """An object, or a range of it: not a byte else than what was asked for."""
        c = self.cell
        first, last = RANGE if c.operation == "range" else (0, c.size - 1)
        if int(fields["content-length"]) != last + 1 - first or status != (206 if c.operation == "range" else 200):
            text = self.wire.exactly(min(int(fields["content-length"]), 1000))
            return "own" if text.decode("latin-1") == node.error_text("InternalError") else "%d of %s bytes" % (
                status, fields["content-length"])
        at = first
        while at <= last:
            data = self.wire.buffer or self.wire.more()
            if not data:
                raise EOFError
            data, self.wire.buffer = data[:node.PIECE], data[node.PIECE:]
            if data != node.bytes_of(c.key, at, len(data)):
                return "wrong bytes at %d" % at
            at += len(data)
        if at != last + 1 or fields["etag"] != node.etag_of(c.key):
            return "%d bytes too many, or the ETag %s" % (at - last - 1, fields["etag"])
        return "whole"

    def refused(self, status, text):
        """Penstock's own answer."""
        if text and xml.etree.ElementTree.fromstring(text).tag != "Error":
            return "%d %r" % (status, text[:100])
        return str(status)
