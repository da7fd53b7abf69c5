# SPDX-License-Identifier: BSD-3-Clause
"""What tests of TLS share, in a small lab: an authority, a node that speaks TLS or not, clients that verify."""
import collections
import hashlib
import http.server
import os
import ssl
import subprocess
import threading
import unittest

import small
from lab import Wire, namespace, noise

BODY = bytes(range(256)) * 400
ADDRESS = "10.98.1.10"  # the appliance's

# The parts of a file, for tests that put theirs together.
WIRES = """[global]
workers = 0
idle = sleep
memory = 256M
hugepages = no
socket = {socket}
drain = 2s
[port front]
device = net_af_packet0,iface=front0
address = 10.98.1.10/24
[port back]
device = net_af_packet1,iface=back0
address = 10.98.2.10/24
"""
HEAD = WIRES + """[certificate s3]
chain = s3.pem
key = s3.key
"""
LISTENER = """[listener https]
address = 10.98.1.10:443
certificate = s3
pool = nodes
connections = 1000
"""
POOL = """[pool nodes]
member = a 10.98.2.11:8000
"""


def openssl(*args, **options):
    return small.run("openssl", *args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


class Authority:
    """A CA in a directory, and certificates for one name."""

    def __init__(self, directory, stem="ca"):
        self.directory = directory
        self.pem = os.path.join(directory, stem + ".pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 3650,
                "-subj", "/CN=lab " + stem, "-keyout", self.pem + ".key", "-out", self.pem)

    def server(self, stem):
        """The context of a server that has this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(os.path.join(self.directory, stem + end) for end in (".pem", ".key")))
        return context

    def another(self, stem):
        return Authority(self.directory, stem)

    def issue(self, stem, common, days=365, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
              names="DNS:s3.test,IP:10.98.1.10"):
        """STEM.pem, with the CA's behind it, and STEM.key."""
        path = os.path.join(self.directory, stem)
        with open(path + ".ext", "w") as file:
            file.write("subjectAltName=%s\n" % names)
        openssl("req", "-newkey", *kind, "-nodes", "-subj", "/CN=" + common, "-keyout", path + ".key", "-out", path + ".csr")
        openssl("x509", "-req", "-in", path + ".csr", "-CA", self.pem, "-CAkey", self.pem + ".key", "-CAcreateserial",
                "-days", days, "-extfile", path + ".ext", "-out", path + ".leaf")
        with open(path + ".pem", "w") as out:
            for part in (path + ".leaf", self.pem):
                with open(part) as file:
                    out.write(file.read())

    def revoke(self, stem):
        """A list of those revoked, with this one, beside the CA's own file."""
        path = os.path.join(self.directory, stem)
        with open(path + ".cnf", "w") as file:
            file.write("[ca]\ndefault_ca = d\n[d]\ndatabase = %s.db\ndefault_md = sha256\n" % path)
        with open(path + ".db", "w"):
            pass
        common = ("ca", "-config", path + ".cnf", "-keyfile", self.pem + ".key", "-cert", self.pem)
        openssl(*common, "-revoke", path + ".leaf")
        openssl(*common, "-gencrl", "-crldays", 30, "-out", self.pem[:-4] + ".crl")


class Node(small.Server):
    """Answers every request of every connection with BODY."""

    def serve(self, conn):
        buffer = b""
        while data := conn.recv(65536):
            buffer += data
            while b"\r\n\r\n" in buffer:
                buffer = buffer.partition(b"\r\n\r\n")[2]
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


def connect(case, ca, **options):
    """A connection to the appliance, verified."""
    context = ssl.create_default_context(cafile=ca)
    conn = context.wrap_socket(case.lab.connect(case, 443), server_hostname="s3.test", **options)
    case.addCleanup(conn.close)
    return conn


def common_name(conn):
    """Whose certificate the peer has shown."""
    return dict(pair for rdn in conn.getpeercert()["subject"] for pair in rdn)["commonName"]


def answer(conn):
    """The status of one GET, and its body."""
    wire = Wire(conn)
    wire.send(b"GET /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n")
    status, _, body = wire.answer()
    assert not wire.buffer, wire.buffer[:200]
    return status, body


class Store(http.server.BaseHTTPRequestHandler):
    """GET /N answers the first N bytes of noise(N); PUT keeps what came, decoded of its chunks only, in `kept`."""

    protocol_version = "HTTP/1.1"
    kept = {}

    def do_GET(self):
        body = self.kept.get(self.path)
        if body is None:
            body = noise(int(self.path[1:]))
        self.reply(body)

    def do_PUT(self):
        body = bytearray()
        try:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.part(size)
                    self.part(2)
                self.part(2)
            else:
                body += self.part(int(self.headers["Content-Length"]))
        except (EOFError, OSError):
            self.kept[self.path] = None
            self.close_connection = True
            return
        self.keep(self.path, bytes(body))
        self.reply(b"", [("ETag", '"%s"' % hashlib.md5(body).hexdigest())])

    def keep(self, path, body):
        self.kept[path] = body

    def part(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def reply(self, body, headers=()):
        self.send_response(200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def store(prefix, owner, context=None, kind=Store):
    """A Store in storage, over TLS if there is a context. What it keeps: {path: bytes, or None of a body that did not end}."""
    class Handler(kind):
        kept = {}

    with namespace(prefix + "storage"):
        server = http.server.ThreadingHTTPServer(("10.98.2.11", 8000), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a peer that leaves is no fault
    owner.addCleanup(server.server_close)
    owner.addCleanup(server.shutdown)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return Handler.kept


class Case(unittest.TestCase):
    """Tests that share an appliance with this file, and a store behind it."""

    FILE = HEAD + LISTENER + POOL

    @classmethod
    def setUpClass(cls):
        owner = unittest.TestCase()
        cls.addClassCleanup(owner.doCleanups)
        cls.lab = small.Lab(owner)
        cls.ca = Authority(cls.lab.directory)
        cls.ca.issue("s3", "ecdsa")
        cls.prepare()
        cls.wires()
        cls.process = cls.lab.start(cls.lab.write("penstock.ini", cls.file().format(socket=cls.lab.socket)))
        cls.kept = cls.store(owner)

    @classmethod
    def file(cls):
        return cls.FILE

    @classmethod
    def prepare(cls):
        """More files for the appliance."""

    @classmethod
    def wires(cls):
        """Other wires than the lab's."""

    @classmethod
    def store(cls, owner):
        return store(cls.lab.prefix, owner, cls.node_context())

    @classmethod
    def node_context(cls):
        """For a store that speaks TLS."""

    @classmethod
    def tearDownClass(cls):
        if cls.lab.end(cls.process) != 0:
            raise AssertionError(cls.lab.log()[-3000:])

    def tearDown(self):
        self.assertIsNone(self.process.poll(), self.lab.log()[-3000:])

    def path(self, name):
        return os.path.join(self.lab.directory, name)

    def raw(self, port=443):
        return self.lab.connect(self, port)

    def context(self, **options):
        """A verifying one, to which an end without close_notify is an error."""
        context = ssl.create_default_context(cafile=self.ca.pem)
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def transfer(self, client, size):
        """So many bytes down, and up again in writes that are no whole records."""
        client.write(get(size))
        status, body = client.answer()
        self.assertEqual(status, 200)
        self.assertTrue(body == noise(size), "another body arrived")
        client.write(put("/up", size))
        for at in range(0, size, 100000):
            client.write(noise(size)[at:at + 100000])
        self.assertEqual(client.answer(), (200, b""))
        self.assertTrue(self.kept.pop("/up") == noise(size), "another body arrived")

    def failures(self):
        """Handshakes that failed, by reason."""
        found = collections.Counter()
        for row in self.lab.show("tls")["failures"]:
            found[row["reason"]] += row["count"]
        return found


class Client:
    """TLS in memory over a socket of the test's: records are cut, joined and held back as the test likes."""

    def __init__(self, raw, context, name="s3.test", session=None):
        self.raw = raw
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, server_hostname=name, session=session)

    def records(self):
        """What TLS has to send."""
        return self.out.read()

    def flush(self):
        if data := self.records():
            self.raw.sendall(data)

    def more(self):
        data = self.raw.recv(65536)
        self.into.write(data) if data else self.into.write_eof()

    def do(self, call, *args):
        """Until it neither wants to read nor to write."""
        while True:
            try:
                return call(*args)
            except ssl.SSLWantReadError:
                self.flush()
                self.more()
            finally:
                self.flush()

    def handshake(self):
        self.do(self.tls.do_handshake)
        return self

    def write(self, data):
        self.do(self.tls.write, data)

    def read(self, size=65536):
        """b"" after close_notify; EOFError after an end without it."""
        try:
            return self.do(self.tls.read, size)
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            if error.reason == "UNEXPECTED_EOF_WHILE_READING":
                raise EOFError("closed without close_notify") from None
            raise

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.read(size - len(data))
            if not part:
                raise EOFError("closed %d bytes early" % (size - len(data)))
            data += part
        return bytes(data)

    def answer(self):
        """The status of an answer, and its body."""
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            head += self.exactly(1)
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:"))
        return int(head.split()[1]), self.exactly(length)


def get(size, more=""):
    return b"GET /%d HTTP/1.1\r\nHost: s3.test\r\n%s\r\n" % (size, more.encode())


def put(path, size):
    return b"PUT %s HTTP/1.1\r\nHost: s3.test\r\nContent-Length: %d\r\n\r\n" % (path.encode(), size)
