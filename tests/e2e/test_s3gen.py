# SPDX-License-Identifier: BSD-3-Clause
"""app/s3gen: both ends of an appliance's wire, against peers of the kernel, and the operator's mistakes."""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import small
import tls

S3GEN = os.path.join(small.BUILD, "app/s3gen/penstock-s3gen")
PRESETS = os.path.join(small.ROOT, "config/s3gen")
GLOBAL = "[global]\nmemory = 256M\nhugepages = no\nidle = sleep\nduration = %s\nwarmup = 200ms\n"
# What is asked by default: every operation, a size on either side of each buffer.
WORKLOAD = """[workload w]
operations = get 40, range 10, head 10, put 20, multipart 5, abort 5, delete 5, list 5
sizes = 4K 60, 100K-500K 30, 0 1, 1 1
keys = 200
popularity = zipf 0.9
range = 64K
part = 128K
framing = %s
"""
APPLIANCE = """[global]
workers = 0
control = 0
idle = sleep
memory = 256M
hugepages = no
socket = %(socket)s
[port front]
device = net_memif0,role=server,socket=%(wire)s-front
address = 10.10.0.10/24
[port back]
device = net_memif1,role=server,socket=%(wire)s-back
address = 10.20.0.10/24
[listener s3]
address = 10.10.0.10:80
pool = nodes
[pool nodes]
member = a 10.20.0.11:7480
member = b 10.20.0.12:7480
member = c 10.20.0.13:7480
"""
WIRE = """[port front]
device = net_memif0,role=client,socket=%(wire)s-front
address = 10.10.0.1/24, 10.10.0.2/24
[port back]
device = net_memif1,role=client,socket=%(wire)s-back
address = 10.20.0.11/24, 10.20.0.12/24, 10.20.0.13/24
[origins nodes]
listen = 10.20.0.11:7480, 10.20.0.12:7480, 10.20.0.13:7480
"""
# The same with TLS on both sides of the appliance.
CERTIFICATE = "[certificate s3]\nchain = s3.pem\nkey = s3.key\n"
LISTENS = "10.10.0.10:443\ncertificate = s3\nconnections = 1000\n"
SECURE = {"appliance": APPLIANCE.replace("10.10.0.10:80\n", LISTENS) + "tls = yes\nca = ca.pem\n" + CERTIFICATE,
          "wire": CERTIFICATE + WIRE + "certificate = s3\n"}
CLIENTS = "[clients c]\ntarget = %s\nworkload = w\n"
# On a veth: the client's end of the small lab's front wire is a host with a kernel.
VETH = "[port p]\ndevice = net_af_packet0,iface=front0\naddress = 10.98.1.10/24\n"
HOST = "10.98.1.2"

# A server that answers every request alike, and closes when it is told to.
SERVER = """import socket, sys, threading
answer, close = sys.argv[1].encode().decode("unicode_escape").encode("latin-1"), sys.argv[2] == "close"
listener = socket.create_server(("", 9000)); print("ready", flush=True)
def serve(s):
    data = b""
    while part := s.recv(65536):
        data += part
        while b"\\r\\n\\r\\n" in data:
            data = data.partition(b"\\r\\n\\r\\n")[2]
            s.sendall(answer)
            if close: return s.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        self.names = {"wire": self.lab.prefix + "s3gen", "socket": self.lab.socket}

    def appliance(self, ini):
        """For one run: when one end of a memif goes, the driver at the other may read what was unmapped (doc/lab.md)."""
        self.lab.up(self.lab.appliance(self.lab.write("penstock.ini", ini)))

    def authority(self):
        """With a certificate for every address of appliance and nodes."""
        authority = tls.Authority(self.lab.directory)
        authority.issue("s3", "s3gen", names=",".join("IP:10.%d.0.%d" % at for at in ((10, 10), (20, 11), (20, 12), (20, 13))))
        return authority

    def start(self, text, *options):
        path = self.lab.write("gen.ini", text)
        return self.lab.spawn("appliance", S3GEN, "--quiet", "--json", "-", *options, path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)

    def ended(self, process, code=0, seconds=60):
        """The results as parsed JSON."""
        out, err = process.communicate(timeout=seconds)
        self.assertEqual((process.returncode, err), (code, ""))
        return json.loads(out)

    def play(self, text, code=0):
        return self.ended(self.start(text), code)

    def server(self, answer, close=False):
        process = self.lab.spawn("client", sys.executable, "-c", SERVER, answer, "close" if close else "keep",
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        process.stdout.readline()


class Through(Case):
    """Clients and nodes on one core, the appliance between them."""

    def setUp(self):
        super().setUp()
        self.wire = WIRE % self.names
        self.appliance(APPLIANCE % self.names)

    def text(self, framing="length", clients="connections = 16\n", faults="", duration="3s"):
        return (GLOBAL % duration) + self.wire + faults + CLIENTS % "10.10.0.10:80" + clients + WORKLOAD % framing

    def every_operation(self, framing):
        results = self.play(self.text(framing, "connections = 16\noperations = 500\n", duration="60s"))
        operations, nodes = results["clients"][0]["operations"], results["counters"]["origin"]
        self.assertEqual(results["all"]["failed"], 0)
        self.assertEqual(set(operations) - {"connect"},
                         {"get", "range", "head", "put", "multipart", "abort", "delete", "list"})
        self.assertGreater(results["all"]["bytes_in"], 0)
        self.assertNotIn("bytes_wrong", nodes)
        self.assertNotIn("parts_unverified", nodes)
        self.assertEqual(sum(second["done"] for second in results["series"]), results["all"]["done"])
        self.assertEqual(results["distribution"][-1][1], results["all"]["done"])

    def test_length(self):
        self.every_operation("length")

    def test_chunked(self):
        self.every_operation("chunked")

    def test_aws_chunked(self):
        self.every_operation("aws-chunked")

    def test_open_loop_and_churn(self):
        results = self.play(self.text(clients="connections = 8\nrate = 200\narrival = poisson\nchurn = 5\n"))
        self.assertEqual(results["all"]["failed"], 0)
        self.assertLess(abs(results["all"]["done"] + results["behind"] + results["under_way"] - 600), 120)
        self.assertGreater(results["clients"][0]["operations"]["connect"]["done"], 50)

    def test_ends_with_its_operations(self):
        results = self.play(self.text(clients="operations = 50\n", duration="60s"))
        # and those that were under way at the end of the warm-up
        self.assertIn(results["all"]["done"], range(50, 50 + 16 + 1))
        self.assertLess(results["seconds"], 30)

    def test_faults_are_counted(self):
        faults = "slow-down = 5%\nerror = 5%\nreset = 2%\ntruncate = 2%\ncorrupt = 5%\n"
        results = self.play(self.text(faults=faults), code=3)
        errors = results["all"]["errors"]
        self.assertGreater(results["all"]["done"], 0)
        self.assertIn("corrupt", errors)  # what a proxy cannot see
        self.assertIn("slow_down", errors)
        self.assertEqual(sum(errors.values()), results["all"]["failed"])

    def test_signal(self):
        process = self.start(self.text(duration="1h"))
        small.wait_for(lambda: self.lab.show("connections 100")["connections"], "its connections")
        process.send_signal(signal.SIGTERM)
        self.assertLess(self.ended(process)["seconds"], 60)


class Secure(Case):
    """The same over TLS: s3gen's clients and nodes both speak it, and so does the appliance, to either."""

    def setUp(self):
        super().setUp()
        self.authority().another("other")
        self.wire = SECURE["wire"] % self.names
        self.appliance(SECURE["appliance"] % self.names)

    def text(self, clients, head=""):
        return (GLOBAL % "60s") + head + self.wire + CLIENTS % "10.10.0.10:443" + "tls = yes\n" + clients + WORKLOAD % "aws-chunked"

    def test_every_operation(self):
        results = self.play(self.text("ca = ca.pem\nconnections = 16\noperations = 500\n"))
        counters = results["counters"]
        self.assertEqual(results["all"]["failed"], 0)
        self.assertEqual(len(set(results["clients"][0]["operations"]) - {"connect"}), 8)
        self.assertNotIn("bytes_wrong", counters["origin"])
        self.assertGreater(counters["tls"]["handshakes"], 16)
        self.assertGreater(counters["tls"]["bytes_in"], results["all"]["bytes_in"])

    def test_sessions(self):
        clients = "ca = ca.pem\nconnections = 4\nchurn = 1\noperations = 100\n"
        counters = self.play(self.text(clients))["counters"]["tls"]
        self.assertGreater(counters["resumed"], 90)
        self.assertLessEqual(counters["resumed"], counters["handshakes"])

    def test_not_believed(self):
        results = self.play(self.text("ca = other.pem\nconnections = 2\n").replace("duration = 60s", "duration = 1s"), code=3)
        self.assertEqual(set(results["all"]["errors"]), {"tls"})
        self.assertGreater(results["counters"]["tls"]["fail_hs_certificate"], 1)


class Peers(Case):
    """Kernel peers that are no S3, or are not there."""

    def fail_by(self, kind, clients=""):
        text = (GLOBAL % "2s") + VETH + CLIENTS % (HOST + ":9000") + "connections = 4\ntimeout = 500ms\n" + clients + \
            "[workload w]\noperations = get\nsizes = 100\n"
        results = self.play(text, code=3)
        self.assertEqual(results["all"]["done"], 0)
        self.assertIn(kind, results["all"]["errors"])

    def test_nobody_listens(self):
        self.fail_by("connect")

    def test_no_host(self):
        self.lab.inside("client", "ip", "link", "set", "client0", "arp", "off")
        self.lab.inside("client", "ip", "address", "flush", "dev", "client0")
        self.fail_by("timeout")

    def test_wrong_bytes(self):
        self.server("HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\n" + "x" * 100)
        self.fail_by("corrupt")

    def test_short_body(self):
        self.server("HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\n", close=True)
        self.fail_by("truncated")

    def test_not_http(self):
        self.server("220 ESMTP\\r\\n\\r\\n")
        self.fail_by("malformed")

    def test_denied(self):
        self.server("HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n")
        self.fail_by("status_4xx")

    def test_cannot_prepare(self):
        self.server("HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n")
        process = self.start((GLOBAL % "60s") + VETH + CLIENTS % (HOST + ":9000") + "prepare = yes\n"
                             "[workload w]\noperations = get\nsizes = 100\n")
        err = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 1)
        self.assertIn("[clients c] prepare: ", err)
        self.assertIn("status 4xx", err)


class Mistakes(unittest.TestCase):
    def s3gen(self, *words):
        return subprocess.run([S3GEN, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    def test_presets_are_right(self):
        presets = glob.glob(os.path.join(PRESETS, "*.ini"))
        self.assertEqual(len(presets), 6)
        for preset in presets:
            with self.subTest(preset=os.path.basename(preset)):
                done = self.s3gen("--check", preset)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_arguments(self):
        for words in ((), ("a", "b"), ("--colour", "a"), ("--json",)):
            with self.subTest(words=words):
                done = self.s3gen(*words)
                self.assertEqual(done.returncode, 2)
                self.assertIn("usage: penstock-s3gen", done.stderr)
        self.assertIn("usage:", self.s3gen("--help").stdout)
        self.assertIn("penstock-s3gen ", self.s3gen("--version").stdout)

    def test_file(self):
        self.assertEqual(self.s3gen("/nonexistent.ini").returncode, 2)
        done = self.s3gen("--check", os.path.join(small.ROOT, "config/penstock.ini"))
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"penstock.ini:\d+: \[listener s3\] unknown section, allowed: \[global\]")

    def test_certificates(self):
        head = "[port p]\ndevice = net_null0\naddress = 10.0.0.1/24\n[workload w]\noperations = get\nsizes = 1\n"
        clients = "[clients c]\ntarget = 10.0.0.2:443\nworkload = w\nca = ca.pem\n"
        for text, said in ((clients, ":10: [clients c] ca: has no meaning"),
                           ("[origins o]\nlisten = 10.0.0.1:443\ncertificate = s3\n", ":9: [origins o] certificate: there is no")):
            with self.subTest(said=said), tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
                file.write(head + text)
                file.flush()
                done = self.s3gen("--check", file.name)
                self.assertEqual(done.returncode, 2)
                self.assertIn(said, done.stderr)

    def test_output_that_cannot_be(self):
        done = self.s3gen("--json", "/nonexistent/x.json", os.path.join(PRESETS, "rag.ini"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent/x.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
