# SPDX-License-Identifier: BSD-3-Clause
"""What every end-to-end test uses: the target, signed requests, a raw HTTP client, the lab's own controls."""
import collections
import filecmp
import functools
import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

import small
from small import ROOT, WITHIN, namespace, wait_for  # noqa: F401, for the tests too

DIR = os.environ.get("PENSTOCK_LAB_DIR", "/run/penstock-lab")
SOCKET = os.path.join(DIR, "penstock.sock")
REGION = "us-east-1"
NODES = (1, 2, 3)
VHOST_DOMAIN = "s3.test"  # rgw_dns_name of the nodes
RESPONSE_TIMEOUT = 8  # seconds, of the pool in config/lab.ini
HEAD_LIMIT = 65536  # bytes, of the listener in config/lab.ini

# The same addresses and keys as in ci/lab/common.sh.
Target = collections.namedtuple("Target", "name hosts port namespace")
TARGETS = {
    "penstock": Target("penstock", {4: "10.10.0.10", 6: "fd00:10::10"}, 80, "ps-client"),
    "haproxy": Target("haproxy", {4: "10.11.0.10", 6: "fd00:11::10"}, 80, "ps-client"),
    "node": Target("node", {4: "10.20.0.11", 6: "fd00:20::11"}, 7480, "ps-storage"),
}
TARGET = TARGETS[os.environ.get("PENSTOCK_E2E_TARGET", "penstock")]
KEYS = Credentials(os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY"))

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


def only(*names):
    """Skips a test where the target cannot show what it is about."""
    return unittest.skipUnless(TARGET.name in names, "only for " + " and ".join(names))


penstock_only = only("penstock")
proxy_only = only("penstock", "haproxy")


def both_families(cls):
    """Repeats a class of tests over IPv6."""
    twin = type(cls.__name__ + "6", (cls,), {"family": 6, "__module__": cls.__module__})
    setattr(sys.modules[cls.__module__], twin.__name__, twin)
    return cls


@functools.lru_cache(maxsize=4)
def noise(size, seed=1):
    """The same bytes for the same arguments, so that a failure can be repeated."""
    return random.Random(seed).randbytes(size)


def nodes(*args):
    subprocess.run([os.path.join(ROOT, "ci/lab/nodes"), *map(str, args)], check=True, stdout=subprocess.DEVNULL)


ctl, show = functools.partial(small.ctl, SOCKET), functools.partial(small.show, SOCKET)


def held():
    """What the appliance holds that a silent appliance would not hold, as {name: count}."""
    found = collections.Counter()
    for row in show("connections 10000")["connections"]:
        if row["state"] != "idle":
            found["%s connection %s %s" % (row["side"], row["tcp_state"], row["state"])] += 1
    memory = show("memory")
    for row in memory["records"]:
        if row["name"] in ("fronts", "half_open", "requests"):
            found[row["name"]] += row["in_use"]
    for row in memory["buffers"]:
        found[row["name"] + " buffers"] += max(0, row["in_use"] - in_rings())
    return +found


@functools.lru_cache(maxsize=1)
def in_rings():
    """Buffers that a driver may hold: af_xdp fills its rings by the batch, the others give all back."""
    with open(os.path.join(DIR, "wire")) as file:
        return 2 * (2048 + 128) if file.read().strip() == "af_xdp" else 0


@functools.lru_cache(maxsize=1)
def at_rest():
    """What it holds before the first test."""
    return held()


class Case(unittest.TestCase):
    """A test after which nothing may be left in the appliance."""

    longMessage = True
    keeps = ()  # what a class may hold from one test to the next

    @classmethod
    def setUpClass(cls):
        if TARGET.name == "penstock":
            at_rest()

    def setUp(self):
        self.addCleanup(self.nothing_left, self.keeps)

    @classmethod
    def nothing_left(cls, keeps=()):
        if TARGET.name != "penstock":
            return
        end = time.monotonic() + WITHIN
        while True:
            left = {name: count for name, count in (held() - at_rest()).items() if name not in keeps}
            if not left:
                return
            if time.monotonic() > end:
                raise AssertionError("left in the appliance: %r" % left)
            time.sleep(0.1)


def storage_sent():
    """Bytes that the nodes have put on the wire to the proxy, as the kernel counts them."""
    link = {"penstock": "storage0", "haproxy": "storage1"}[TARGET.name]
    out = subprocess.run(["ip", "-n", "ps-storage", "-s", "-j", "link", "show", "dev", link],
                         check=True, capture_output=True)
    return json.loads(out.stdout)[0]["stats64"]["tx"]["bytes"]


def resident():
    """Resident memory of the proxy in bytes, shared pages included."""
    with open(os.path.join(DIR, TARGET.name + ".pid")) as file:
        pid = int(file.read())
    with open("/proc/%d/status" % pid) as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["VmRSS"].split()[0]) * 1024


def tool(*args, **environment):
    """Runs a client of another's making; what it said is the message of its failure."""
    done = subprocess.run([str(arg) for arg in args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, env=dict(os.environ, **environment))
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise AssertionError("%s: exit code %d\n%s" % (args[0], done.returncode, text[-2000:]))
    return text


class Files:
    """A directory of a test: `write` makes a file of noise, `same` compares."""

    def __init__(self, case):
        directory = tempfile.TemporaryDirectory(prefix="penstock-e2e-")
        case.addCleanup(directory.cleanup)
        self.path = directory.name

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, size):
        with open(self / name, "wb") as file:
            file.write(noise(size))
        return self / name

    @staticmethod
    def same(one, two):
        return filecmp.cmp(one, two, shallow=False)


Response = collections.namedtuple("Response", "status headers body")


class Wire:
    """One end of an HTTP/1.1 connection: sends exactly the bytes it is given and reads strictly."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    @classmethod
    def to(cls, host, port, receive_buffer=0):
        client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(WITHIN)
        client.connect((host, port))
        return cls(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(262144)
        self.buffer += data
        return data

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise EOFError("closed after %r" % self.buffer[:200])
        part, self.buffer = self.buffer.split(mark, 1)
        return part

    def exactly(self, size):
        pieces, self.buffer = [self.buffer[:size]], self.buffer[size:]
        missing = size - len(pieces[0])
        while missing > 0:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise EOFError("closed %d bytes early" % missing)
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def head(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        assert version == "HTTP/1.1", lines[0]
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return int(status), headers

    def chunked(self):
        body = b""
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self.until(b"\r\n"):
                    pass
                return body
            body += self.exactly(size)
            assert self.exactly(2) == b"\r\n"

    def answer(self, method="GET"):
        status, headers = self.head()
        if method == "HEAD" or status in (204, 304) or status < 200:
            return Response(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Response(status, headers, self.chunked())
        if "content-length" in headers:
            return Response(status, headers, self.exactly(int(headers["content-length"])))
        while self.more():
            pass
        body, self.buffer = self.buffer, b""
        return Response(status, headers, body)

    def silent(self, seconds=0.3):
        """Whether nothing at all arrives for so long."""
        self.socket.settimeout(seconds)
        try:
            self.more()
        except socket.timeout:
            pass
        self.socket.settimeout(60)
        return not self.buffer

    def closed(self, seconds=WITHIN):
        """Whether the other side ends the connection in time without another byte."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and self.more() == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False


def canonical(path):
    """The path and query as a node takes them into its signature: decoded, then encoded anew."""
    path, mark, query = path.partition("?")
    pairs = [[quote(unquote_plus(text), safe="-_.~") for text in pair.partition("=")[::2]] for pair in query.split("&")]
    return quote(unquote_to_bytes(path), safe="/-_.~") + (mark and "?" + "&".join("=".join(pair) for pair in pairs))


class _Signer(S3SigV4Auth):
    """botocore's own signer, for a payload hash that the test has chosen."""

    def __init__(self, payload):
        super().__init__(KEYS, "s3", REGION)
        self.chosen = payload

    def payload(self, request):
        return self.chosen


class Origin:
    """A server in ps-storage whose every byte is the test's own; the proxy's pool `raw` leads to it."""

    ADDRESS = ("10.20.0.1", 8080)

    def __init__(self, case):
        with namespace("ps-storage"):
            self.socket = socket.create_server(self.ADDRESS, backlog=64)
        self.case = case
        case.addCleanup(self.socket.close)

    def accept(self, seconds=WITHIN):
        self.socket.settimeout(seconds)
        wire = Wire(self.socket.accept()[0])
        self.case.addCleanup(wire.close)
        return wire

    def untouched(self, seconds=0.2):
        """Whether nobody connects for so long."""
        try:
            self.accept(seconds)
        except socket.timeout:
            return True
        return False


class RawCase(Case):
    """Tests that hold both ends: `front` is the client's connection, `origin` the server behind the proxy."""

    family = 4

    def setUp(self):
        super().setUp()
        self.origin = Origin(self)
        self.host = TARGET.hosts[self.family]
        self.front = self.connect()

    def connect(self):
        wire = Wire.to(*(Origin.ADDRESS if TARGET.name == "node" else (self.host, 8080)))
        self.addCleanup(wire.close)
        return wire

    def arrive(self, request, front=None):
        """Sends a request and returns the origin's end of it, its head still unread."""
        (front or self.front).send(request)
        return self.origin.accept()


class S3Case(Case):
    """Tests with a bucket of their own, made and removed through the target."""

    family = 4
    keeps = ("fronts",)  # those of cls.s3, kept alive by boto3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host, cls.port = TARGET.hosts[cls.family], TARGET.port
        bracketed = "[%s]" % cls.host if cls.family == 6 else cls.host
        cls.authority = bracketed if cls.port == 80 else "%s:%d" % (bracketed, cls.port)
        cls.url = "http://" + cls.authority
        # Some clients take no IPv6 address in a URL; the runner gives this name the target's.
        cls.named = "s3.test:%d" % cls.port if cls.family == 6 else cls.authority
        cls.s3 = cls.client()
        cls.bucket = "%s-%x" % (cls.__name__.lower(), int(time.time() * 1000))
        cls.s3.create_bucket(Bucket=cls.bucket)

    @classmethod
    def tearDownClass(cls):
        for page in cls.s3.get_paginator("list_objects_v2").paginate(Bucket=cls.bucket):
            for item in page.get("Contents", ()):
                cls.s3.delete_object(Bucket=cls.bucket, Key=item["Key"])
        uploads = cls.s3.list_multipart_uploads(Bucket=cls.bucket).get("Uploads", ())
        for upload in uploads:
            cls.s3.abort_multipart_upload(Bucket=cls.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        cls.s3.delete_bucket(Bucket=cls.bucket)
        cls.s3.close()
        cls.nothing_left()

    @classmethod
    def client(cls, style="path", endpoint=None, **options):
        """One try only: a retry of the client's would hide what the proxy did."""
        config = Config(signature_version="s3v4", s3={"addressing_style": style}, retries={"max_attempts": 0},
                        connect_timeout=WITHIN, read_timeout=60, max_pool_connections=8)
        return boto3.client("s3", endpoint_url=endpoint or cls.url, region_name=REGION, config=config, **options)

    def wire(self, **options):
        wire = Wire.to(self.host, self.port, **options)
        self.addCleanup(wire.close)
        return wire

    def request(self, method, path, headers=(), body=b"", sign=True, payload=None, host=None):
        """The bytes of a request, signed over exactly this path. `payload` replaces the body's hash."""
        fields = {"Host": host or self.authority}
        if method in ("PUT", "POST"):
            fields["Content-Length"] = str(len(body))
        fields.update(headers)
        fields = {name: value for name, value in fields.items() if value is not None}
        if sign:
            fields = self.signed(method, path, fields, payload or hashlib.sha256(body).hexdigest())
        lines = ["%s %s HTTP/1.1" % (method, path)] + ["%s: %s" % field for field in fields.items()]
        return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body

    @staticmethod
    def signed(method, path, fields, payload):
        fields = dict(fields, **{"x-amz-content-sha256": payload})
        request = AWSRequest(method, "http://" + fields["Host"] + canonical(path), headers=fields)
        _Signer(payload).add_auth(request)
        return dict(request.headers.items())

    def call(self, method, path, **options):
        with Wire.to(self.host, self.port) as wire:
            wire.send(self.request(method, path, **options))
            return wire.answer(method)

    def put(self, key, body, public=False):
        options = {"ACL": "public-read"} if public else {}
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **options)
        return "/%s/%s" % (self.bucket, key)
