# SPDX-License-Identifier: BSD-3-Clause
"""What tests of TLS share, in a small lab: an authority, a node that speaks TLS or not, clients that verify."""
import contextlib
import os
import socket
import ssl
import subprocess
import threading

import small
from lab import namespace

BODY = bytes(range(256)) * 400


def openssl(*args, **options):
    return small.run("openssl", *args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


class Authority:
    """A CA in a directory, and certificates for one name."""

    def __init__(self, directory):
        self.directory = directory
        self.pem = os.path.join(directory, "ca.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 3650,
                "-subj", "/CN=lab CA", "-keyout", self.pem + ".key", "-out", self.pem)

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


class Node:
    """Answers every request of every connection with BODY, in storage; over TLS if there is a context."""

    def __init__(self, case, context=None):
        self.context = context
        with namespace(case.lab.prefix + "storage"):
            self.server = socket.create_server(("10.98.2.11", 8000), backlog=64)
        case.addCleanup(self.server.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.server.accept()[0],), daemon=True).start()

    def serve(self, conn):
        with contextlib.suppress(OSError), conn:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            buffer = b""
            while data := conn.recv(65536):
                buffer += data
                while b"\r\n\r\n" in buffer:
                    buffer = buffer.partition(b"\r\n\r\n")[2]
                    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


def connect(case, ca, **options):
    """A connection to the appliance, verified."""
    context = ssl.create_default_context(cafile=ca)
    with namespace(case.lab.prefix + "client"):
        raw = socket.create_connection(("10.98.1.10", 443), timeout=small.WITHIN)
    conn = context.wrap_socket(raw, server_hostname="s3.test", **options)
    case.addCleanup(conn.close)
    return conn


def answer(conn):
    """The status of one GET, and its body."""
    conn.sendall(b"GET /b/k HTTP/1.1\r\nHost: s3.test\r\n\r\n")
    data = b""
    while b"\r\n\r\n" not in data:
        data += conn.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += conn.recv(65536)
    return int(head.split()[1]), body
