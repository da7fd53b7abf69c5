# SPDX-License-Identifier: BSD-3-Clause
"""A lab of three scripted nodes (node.py) behind an appliance of its own, which judges by what the test says and no more."""
import contextlib
import threading
import unittest

import matrix
import node
import small
from lab import Wire

NODES = {"a": "10.98.2.11", "b": "10.98.2.12", "c": "10.98.2.13"}
PORT = 9000
FRONT = {"fresh": 8001, "reused": 8002}  # ports of the two listeners, each with its pool
INI = """[global]
idle = sleep
memory = 256M
hugepages = no
socket = %s
replay-memory = 64M
[port front]
device = net_af_packet0,iface=front0,framecnt=4096
address = 10.98.1.10/24
[port back]
device = net_af_packet1,iface=back0,framecnt=4096
address = 10.98.2.10/24
"""
LISTENER = """[listener %(pool)s]
address = 10.98.1.10:%(port)d
pool = %(pool)s
body-timeout = 4s
"""
# `a` has every request first. What it did a moment ago is not held against it.
POOL = """[pool %(pool)s]
balance = round-robin
member = a 10.98.2.11:9000 priority=0
member = b 10.98.2.12:9000 priority=1
member = c 10.98.2.13:9000 priority=1
idle-connections = %(idle)d
connect-timeout = 500ms
response-timeout = 1s
complete-timeout = 2s
hold = 0s
eject-errors = 0
slow-factor = 0
retry-budget = 100%%
retry-floor = 1000
replay-body = 16M
resume = yes
stall-rate = 64K
stall-time = 1s
"""


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.lab = small.Lab(self)
        for at in (NODES["b"], NODES["c"]):
            small.run("ip", "-n", self.lab.prefix + "storage", "address", "add", at + "/24", "dev", "storage0")
        self.cells = {}
        self.nodes = {name: node.Node(name, self.lab.prefix + "storage", (at, PORT), self.cells) for name, at in NODES.items()}
        self.addCleanup(self.end_nodes)
        for one in self.nodes.values():
            one.up()
        self.lab.start(self.lab.write("penstock.ini", self.ini()))

    def ini(self, pool=POOL):
        return INI % self.lab.socket + "".join((LISTENER + pool) % {"pool": name, "port": port, "idle": 8 * (name == "reused")}
                                               for name, port in FRONT.items())

    def end_nodes(self):
        for cell in self.cells.values():
            cell.over.set()
        for one in self.nodes.values():
            one.down()

    # --- the wires ---

    def connect(self, pool):
        return Wire(self.lab.connect(self, FRONT[pool]))

    @contextlib.contextmanager
    def filtered(self, rules):
        """netfilter where the nodes are."""
        self.lab.inside("storage", "nft", "-f", self.lab.write("rules", rules))
        try:
            yield
        finally:
            self.lab.inside("storage", "nft", "delete", "table", "inet", "matrix")

    # --- requests ---

    def ask(self, cell, pool):
        """What the client saw."""
        self.cells[cell.key] = cell
        with self.connect(pool) as wire:
            try:
                return matrix.Client(wire, cell).ask()
            finally:
                cell.over.set()
                small.wait_for(lambda: cell.turns == 0, "the nodes are done with it")

    def upload(self, key, size):
        """A long one, under way: its cell, its thread, and a list for what the client saw."""
        cell, seen = matrix.cell("", "put-big", key, size), []
        thread = threading.Thread(target=lambda: seen.append(self.ask(cell, "fresh")))
        thread.start()
        small.wait_for(lambda: cell.seen, "the upload")
        return cell, thread, seen

    def warm(self, pool):
        """A request that is nobody's: it leaves an idle connection, and a member that was throttled one success more."""
        with self.connect(pool) as wire:
            wire.send(b"HEAD /matrix/warm HTTP/1.1\r\nHost: s3.test\r\n\r\n")
            return wire.answer("HEAD").status == 200

    # --- what the appliance says ---

    def ctl(self, *words):
        done = self.lab.ctl(*words)
        self.assertEqual(done.returncode, 0, done.stderr)

    def member(self, pool, name="a"):
        return next(row for row in self.lab.show("pool " + pool)["members"] if row["name"] == name)

    def nothing_left(self):
        held = {}

        def left():
            held.update({row["name"]: row["in_use"] for row in self.lab.show("memory")["records"]})
            return held["requests"] == 0 and held["fronts"] == 0
        try:
            small.wait_for(left, "all is given back")
        except AssertionError:
            self.fail("left in the appliance: %r" % held)
