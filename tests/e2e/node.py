# SPDX-License-Identifier: BSD-3-Clause
"""S3 nodes whose failures are scripted: kernel TCP, a thread each connection, bodies that follow from the key.

A Cell is one request that something happens to: the first node that gets its key plays the fault, the others are well. What
they saw and carried out is written down there.
"""
import contextlib
import fcntl
import functools
import hashlib
import random
import re
import socket
import struct
import termios
import threading
import time
import zlib

from lab import Wire, namespace

UPLOADS = ("put", "put-big", "part")
PIECE = 256 << 10
DRIP = 100  # bytes, ten times a second
SILENCE = 60  # seconds at most
ACKNOWLEDGED = 0.1  # seconds, longer than the kernel delays an ACK
MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


class Ended(Exception):
    """A connection that its node ended."""


@functools.lru_cache(maxsize=8)
def _block(key):
    """Noise of an odd length, twice: what is off by a power of two is seen."""
    return random.Random(zlib.crc32(key.encode())).randbytes((1 << 20) - 3) * 2


def bytes_of(key, offset, size):
    """At most PIECE bytes of an object."""
    at = offset % ((1 << 20) - 3)
    return _block(key)[at:at + size]


def etag_of(key):
    return '"%s"' % hashlib.md5(key.encode()).hexdigest()


def text_of(operation, key):
    """What an operation answers that has no object's bytes to give."""
    if operation == "list":
        return "<ListBucketResult>%s</ListBucketResult>" % "".join("<Contents><Key>%s/%04d</Key></Contents>" % (key, i)
                                                                   for i in range(500))
    if operation == "complete":
        return " " * 4000 + "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>" % etag_of(key)
    return ""


def error_text(code):
    return "<Error><Code>%s</Code><Message>as the script says</Message></Error>" % code


ERRORS = {"error": (500, "InternalError"), "slow-down": (503, "SlowDown"), "inner": (200, "InternalError")}
REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 412: "Precondition Failed", 500: "Internal Server Error",
           503: "Service Unavailable"}


def moment(fault, operation):
    """When it strikes: taking a body, with the whole request, inside the head, or sending a body."""
    if fault in ("crash", "hang", "reset-body", "stall", "drip"):
        if operation in UPLOADS:
            return "taking"
        return "request" if fault in ("crash", "hang") and operation not in ("get-big", "range") else "sending"
    return {"reset-head": "head", "short": "sending", "etag": "sending"}.get(fault)


class Cell:
    """One request: its bytes are `head` and, of an upload, `size` of the object; `signed` may not be altered on the way."""

    def __init__(self, fault, operation, key, size):
        self.fault, self.operation, self.key, self.size = fault, operation, key, size
        self.seen, self.done, self.altered = [], [], []  # names of nodes; fields that came otherwise
        self.turns = 0  # nodes that are at it
        self.nth = 0  # request of its connection, at the first node
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.signed = ()

    def claim(self, node, nth, head):
        """The fault, for the first node that gets it."""
        with self.lock:
            first = not self.seen
            self.nth = self.nth or nth
            self.seen.append(node)
            self.altered += [line for line in self.signed if line.lower() not in head.lower()]
        return self.fault if first else ""

    def turn(self, by):
        with self.lock:
            self.turns += by

    def version(self, node):
        """The name from which the bytes of the object follow: that of a later version, where nodes differ."""
        return self.key + "'" if self.fault == "etag" and node != self.seen[0] else self.key


class Node:
    """Listens at an address of a namespace; `up` and `down` are a process that starts and dies."""

    def __init__(self, name, space, endpoint, cells):
        self.name, self.space, self.endpoint, self.cells = name, space, endpoint, cells
        self.listener, self.lock, self.wires = None, threading.Lock(), set()

    def up(self):
        if self.listener:
            return
        with namespace(self.space):
            self.listener = socket.create_server(self.endpoint, backlog=64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                wire = Wire(listener.accept()[0])
            except OSError:
                return
            with self.lock:
                self.wires.add(wire)
                dead = self.listener is not listener
            if dead:
                wire.reset()
            threading.Thread(target=self.serve, args=(wire,), daemon=True).start()

    def down(self):
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.forget()

    def forget(self):
        """All its connections end with RST."""
        with self.lock:
            wires, self.wires = self.wires, set()
        for wire in wires:
            # Its thread is woken, and closes: close() alone would not wake it.
            with contextlib.suppress(OSError):
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                wire.socket.shutdown(socket.SHUT_RD)

    def serve(self, wire):
        turns = 0
        try:
            while True:
                head = wire.until(b"\r\n\r\n")
                turns += 1
                Turn(self, wire, head, turns).run()
        except (OSError, EOFError, Ended):
            pass
        finally:
            with self.lock:
                self.wires.discard(wire)
            wire.close()


class Turn:
    """One request at a node."""

    def __init__(self, node, wire, head, nth):
        self.node, self.wire = node, wire
        lines = head.decode("latin-1").split("\r\n")
        self.method, target, _ = lines[0].split(" ")
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.cell = node.cells.get(target) or Cell("", "head", target, 0)
        self.fault = self.cell.claim(node.name, nth, head)
        self.moment = moment(self.fault, self.cell.operation)

    def run(self):
        self.cell.turn(1)
        try:
            self.play()
        finally:
            self.cell.turn(-1)

    def play(self):
        whole = self.take()
        if self.moment == "request":
            self.strike()
        if self.fault in ERRORS:
            status, code = ERRORS[self.fault]
            return self.answer(status, error_text(code))
        if self.cell.operation in ("get", "get-big", "range"):
            return self.give()
        if whole and self.cell.operation not in ("list", "head"):
            self.done()
        text = text_of(self.cell.operation, self.cell.key) or ("half of this" if self.fault == "short" else "")
        self.answer(204 if self.cell.operation == "delete" and not text else 200, text)
        if self.cell.operation in ("list", "head"):
            self.done()

    def done(self):
        self.cell.done.append(self.node.name)

    # --- what comes ---

    def take(self):
        """The request's body; whether every byte of it was right."""
        size, at, right = int(self.fields.get("content-length", 0)), 0, True
        while at < size:
            if self.moment == "taking" and at >= size // 2:
                self.strike()
            data = self.wire.buffer or self.wire.more()
            if not data:
                raise EOFError
            n = min(PIECE, (size // 2 if at < size // 2 else size) - at)
            data, self.wire.buffer = data[:n], data[n:]
            if self.cell.operation in UPLOADS:
                right = right and data == bytes_of(self.cell.key, at, len(data))
            at += len(data)
        return right

    # --- what goes ---

    def head(self, status, size, more=()):
        fields = {"x-node": self.node.name, "Content-Length": str(size), "ETag": etag_of(self.cell.version(self.node.name)),
                  "Last-Modified": MODIFIED, "x-amz-request-id": "%016x" % random.getrandbits(64), **dict(more)}
        if status == 204:
            del fields["Content-Length"]
        if status >= 400 or self.cell.operation == "list":
            del fields["ETag"], fields["Last-Modified"]
        lines = ["HTTP/1.1 %d %s" % (status, REASONS[status])] + ["%s: %s" % field for field in fields.items()]
        text = "\r\n".join(lines).encode() + b"\r\n\r\n"
        if self.moment == "head":
            self.wire.send(text[:len(text) // 2])
            self.strike()
        self.wire.send(text)

    def answer(self, status, text):
        body = b"" if self.method == "HEAD" else text.encode()
        self.head(status, len(body) if self.method != "HEAD" else self.cell.size)
        self.send(len(body), lambda at, n: body[at:at + n])

    def give(self):
        """The object, or the range of it that is asked for."""
        key = self.cell.version(self.node.name)
        if self.fields.get("if-match", etag_of(key)) != etag_of(key):
            return self.answer(412, error_text("PreconditionFailed"))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.fields.get("range", ""))
        first = int(asked.group(1)) if asked else 0
        last = int(asked.group(2) or self.cell.size - 1) if asked else self.cell.size - 1
        more = {"Content-Range": "bytes %d-%d/%d" % (first, last, self.cell.size)} if asked else {}
        self.head(206 if asked else 200, last + 1 - first, more)
        self.send(last + 1 - first, lambda at, n: bytes_of(key, first + at, n))
        self.done()

    def send(self, size, piece):
        until = size // 2 if self.moment == "sending" else size
        at = 0
        while at < until:
            n = min(PIECE, until - at)
            self.wire.socket.sendall(piece(at, n))
            at += n
        if self.moment == "sending":
            self.strike(functools.partial(piece, n=DRIP), at)

    # --- what happens ---

    def strike(self, piece=None, at=0):
        """Ends the connection, for whatever reason; `piece` and `at` are the rest of the body that was being sent."""
        if self.moment in ("head", "sending"):
            drained(self.wire.socket)  # or RST overtakes what was sent
        elif self.moment == "request":
            time.sleep(ACKNOWLEDGED)  # what nobody acknowledged may rightly be repeated
        if self.fault == "crash":
            self.node.down()
        elif self.fault in ("hang", "stall"):
            self.cell.over.wait(SILENCE)
        elif self.fault == "drip":
            self.drip(piece, at)
        if self.fault != "short":
            self.wire.reset()
        raise Ended

    def drip(self, piece, at):
        until = time.monotonic() + SILENCE
        while not self.cell.over.wait(0.1) and time.monotonic() < until:
            if piece:
                self.wire.send(piece(at))
                at += DRIP
            elif not self.wire.socket.recv(DRIP):
                raise EOFError


def drained(connected):
    """Waits until the peer has acknowledged all that was sent."""
    until = time.monotonic() + SILENCE
    while struct.unpack("i", fcntl.ioctl(connected, termios.TIOCOUTQ, b"\0" * 4))[0] and time.monotonic() < until:
        time.sleep(0.005)
