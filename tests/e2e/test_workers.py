# SPDX-License-Identifier: BSD-3-Clause
"""Two workers on wires of every kind: whatever queue a packet arrives on, it finds the worker that it belongs to."""
import hashlib
import os
import random
import subprocess
import sys
import unittest

import small

SIZE = 10 << 20
PARALLEL = 8
FILE = """[global]
workers = 0,1
idle = sleep
memory = 256M
hugepages = no
socket = {socket}
drain = 5s
[port front]
device = {front}
address = 10.98.1.10/24, fd00:98:1::10/64
[port back]
device = {back}
address = 10.98.2.10/24, fd00:98:2::10/64
[listener four]
connections = 1000
address = 10.98.1.10:80
pool = four
[listener six]
connections = 1000
address = [fd00:98:1::10]:80
pool = six
[pool four]
member = a 10.98.2.11:8000
[pool six]
member = a [fd00:98:2::11]:8000
"""
# HTTP/1.1 keeps connections, so that requests of many clients share those to the origin.
ORIGIN = """
import functools, http.server, socket, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 64
Server(("::", 8000), functools.partial(Handler, directory=sys.argv[1])).serve_forever()
"""


class Workers:
    """What the kinds of wire share. devices: the front's and the back's."""

    queues = 2

    def setUp(self):
        self.lab = small.Lab(self, self.queues)
        data = random.Random(7).randbytes(SIZE)
        self.digest = hashlib.sha256(data).hexdigest()
        os.mkdir(self.lab.directory + "/www")
        with open(self.lab.directory + "/www/data", "wb") as file:
            file.write(data)
        self.lab.spawn("storage", sys.executable, "-c", ORIGIN, self.lab.directory + "/www")
        text = FILE.format(socket=self.lab.socket, front=self.devices[0], back=self.devices[1])
        self.process = self.lab.appliance(self.lab.write("penstock.ini", text))
        self.joined()
        self.lab.up(self.process)
        self.lab.links_up()

    def joined(self):
        pass

    def fetch(self, family, count):
        """That many downloads at once; each is compared."""
        host = self.lab.FRONT[family]
        url = "http://%s/data" % ("[%s]" % host if family == 6 else host)
        out = [self.lab.directory + "/%d-%d" % (family, i) for i in range(count)]
        clients = [self.lab.spawn("client", "curl", "-sS", "--fail", "--retry", "0", "--max-time", "120", "-o", path, url,
                                  stderr=subprocess.PIPE) for path in out]
        for client, path in zip(clients, out):
            said = client.communicate(timeout=150)[1]
            self.assertEqual(client.returncode, 0, said)
            with open(path, "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), self.digest)
            os.unlink(path)

    def in_use(self):
        """Buffers, besides those in the receive rings of devices, and records of requests."""
        memory = self.lab.show("memory")
        return sum(row["in_use"] for row in memory["buffers"] if row["name"] != "data"), sum(
            row["in_use"] for row in memory["records"] if row["name"] in ("fronts", "requests", "out_of_order"))

    def test_downloads(self):
        for family in (4, 6):
            with self.subTest(family=family):
                self.fetch(family, 1)
                self.fetch(family, PARALLEL)
        self.show()
        for worker in self.lab.show("workers")["workers"]:
            self.assertGreater(worker["bursts"], 1000, "both work")
        small.wait_for(lambda: self.in_use() == (0, 0), "everything is given back")
        self.assertEqual(self.lab.counter("handed_over"), self.lab.counter("taken_over"))
        # All windows together may be wider than a ring, so a worker that its core does not run for long may lose some.
        # A ring that leaks or is never emptied loses nearly all.
        self.assertLessEqual(self.lab.counter("drop_ring_full"), self.lab.counter("handed_over") // 50)
        self.assertEqual(self.lab.end(self.process), 0)
        self.assertNotIn("libxdp", self.lab.log())

    def show(self):
        if os.environ.get("PENSTOCK_E2E_VERBOSE"):
            for noun in ("workers", "counters", "connections"):
                print(self.lab.ctl("show", noun).stdout)


class WorkersAfPacket(Workers, unittest.TestCase):
    devices = ("net_af_packet0,iface=front0", "net_af_packet1,iface=back0")


class WorkersAfXdp(Workers, unittest.TestCase):
    devices = ("net_af_xdp0,iface=front0", "net_af_xdp1,iface=back0")


class WorkersTap(Workers, unittest.TestCase):
    devices = ("net_tap0,iface=tap-front", "net_tap1,iface=tap-back")

    def joined(self):
        self.lab.join("tap-front", "front0")
        self.lab.join("tap-back", "back0")


if __name__ == "__main__":
    unittest.main()
