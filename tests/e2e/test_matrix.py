# SPDX-License-Identifier: BSD-3-Clause
"""What clients see when a node fails: doc/matrix.md, cell by cell, with scripted nodes."""
import contextlib
import os
import unittest

import matrix
import node
import small
from lab import Wire, namespace

FRONT = {"fresh": 8001, "reused": 8002}  # ports of the two listeners
NODES = {"a": "10.98.2.11", "b": "10.98.2.12", "c": "10.98.2.13"}
PORT = 9000
RETURNS = 5  # seconds until a node that is back has requests again
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
# `a` has every request first. What it did a cell ago is not held against it: that is test_failover.py's.
POOL = """[listener %s]
address = 10.98.1.10:%d
pool = %s
body-timeout = 4s
[pool %s]
balance = round-robin
member = a 10.98.2.11:9000 priority=0
member = b 10.98.2.12:9000 priority=1
member = c 10.98.2.13:9000 priority=1
idle-connections = %d
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
# netfilter in the nodes' namespace: nothing passes, or no RST and FIN leave.
BLACKHOLE = """table inet matrix {
	chain i { type filter hook input priority 0; ip daddr %(at)s drop; }
	chain o { type filter hook output priority 0; ip saddr %(at)s drop; }
}"""
SECRET = """table inet matrix {
	chain o { type filter hook output priority 0; ip saddr %(at)s tcp flags & (fin | rst) != 0 drop; }
}"""
# What the appliance counts of a request that it could not save.
FAILED = {"whole": 0, "own": 0, "reset": 1, "502": 1, "504": 1}


class Matrix(unittest.TestCase):
    """A fault each, all its operations, on fresh and on reused connections."""

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
        ini = INI % self.lab.socket + "".join(POOL % (name, port, name, name, 8 if name == "reused" else 0)
                                              for name, port in FRONT.items())
        self.lab.up(self.lab.appliance(self.lab.write("penstock.ini", ini)))
        self.lab.links_up()

    def end_nodes(self):
        for cell in self.cells.values():
            cell.over.set()
        for one in self.nodes.values():
            one.down()

    # --- the wires ---

    def connect(self, connection):
        with namespace(self.lab.prefix + "client"):
            wire = Wire.to(self.lab.FRONT[4], FRONT[connection])
        self.addCleanup(wire.close)
        return wire

    @contextlib.contextmanager
    def filtered(self, rules):
        path = self.lab.write("rules", rules % {"at": NODES["a"]})
        self.lab.inside("storage", "nft", "-f", path)
        try:
            yield
        finally:
            self.lab.inside("storage", "nft", "delete", "table", "inet", "matrix")

    # --- what the appliance says ---

    def counters(self):
        return {row["counter"]: row["value"] for row in self.lab.show("counters all")["counters"] if row["lib"] == "relay"}

    def member(self, connection):
        return next(row for row in self.lab.show("pool " + connection)["members"] if row["name"] == "a")

    def settled(self, connection):
        """The next request will go to `a`, over an idle connection or a new one."""
        self.nodes["a"].up()
        small.wait_for(lambda: self.member(connection)["state"] == "up", "member a is up")
        if connection == "reused":
            with self.connect(connection) as wire:
                wire.send(b"HEAD /matrix/warm HTTP/1.1\r\nHost: s3.test\r\n\r\n")
                self.assertEqual(wire.answer("HEAD").status, 200)
            small.wait_for(lambda: self.member(connection)["idle"] > 0, "an idle connection to a")

    # --- a cell ---

    def ask(self, cell, connection):
        self.cells[cell.key] = cell
        with self.connect(connection) as wire:
            try:
                return matrix.Client(wire, cell).ask()
            finally:
                cell.over.set()
                small.wait_for(lambda: cell.turns == 0, "the nodes are done with it")

    def strike(self, fault, connection, stack):
        """Faults that are there before the request is."""
        if fault == "blackhole":
            stack.enter_context(self.filtered(BLACKHOLE))
        elif fault in ("refuse", "return") and connection == "reused":
            with self.filtered(SECRET):
                self.nodes["a"].down()
        elif fault in ("refuse", "return"):
            self.nodes["a"].down()

    def run_cell(self, fault, operation, connection, size=0):
        """(outcome, nodes that got it, nodes that carried it out), and whether the counters say the same."""
        cell = matrix.cell(fault, operation, connection, size)
        self.settled(connection)
        before = self.counters()
        with contextlib.ExitStack() as stack:
            self.strike(fault, connection, stack)
            outcome = self.ask(cell, connection)
        after = self.counters()
        self.assertEqual(cell.altered, [], "signed fields")
        if fault not in ("blackhole", "refuse", "return"):
            self.assertEqual((cell.seen[0], cell.nth > 1), ("a", connection == "reused"))
        failed = sum(after[name] - before[name] for name in after if name.startswith("fail_"))
        self.assertEqual(failed, FAILED.get(outcome), "%s, but the counters: %r" % (
            outcome, {name: after[name] - before[name] for name in after if after[name] != before[name]}))
        if fault == "return":
            self.returns(operation, connection)
        return outcome, len(cell.seen), len(cell.done)

    def returns(self, operation, connection):
        """`a` is back, and has requests again."""
        self.nodes["a"].up()
        found = []

        def asked():
            cell = matrix.cell("", operation, "%s-%d" % (connection, len(found)))
            found.append((self.ask(cell, connection), cell.seen))
            return found[-1] == ("whole", ["a"])
        small.wait_for(asked, "requests at the node that is back", RETURNS)
        self.assertEqual({outcome for outcome, _ in found}, {"whole"})

    def row(self, fault):
        for (name, operation, connection), wanted in matrix.expected().items():
            if name == fault:
                with self.subTest(fault=fault, operation=operation, connection=connection):
                    self.assertEqual(self.run_cell(fault, operation, connection), wanted)
        self.nothing_left()

    def nothing_left(self):
        held = {}

        def left():
            held.update({row["name"]: row["in_use"] for row in self.lab.show("memory")["records"]})
            return held["requests"] == 0 and held["fronts"] == 0
        try:
            small.wait_for(left, "all is given back")
        except AssertionError:
            self.fail("left in the appliance: %r" % held)


def _tests():
    """A test for each row of the page."""
    for fault, *_ in matrix.rows(["fault", "get"])[1:]:
        def test(self, fault=fault):
            self.row(fault)
        setattr(Matrix, "test_" + fault.replace("-", "_"), test)


_tests()


class Gigabyte(Matrix):
    """Bodies of 1 GB, where they are 64 MB above."""

    def row(self, fault):
        if matrix.BIG == 1 << 30 or fault not in ("crash", "reset-body"):
            self.skipTest("as above")
        for operation in ("get-big", "put-big"):
            with self.subTest(operation=operation):
                self.assertEqual(self.run_cell(fault, operation, "fresh", 1 << 30), matrix.expected()[fault, operation, "fresh"])


if __name__ == "__main__":
    if os.geteuid() != 0:
        raise SystemExit("must run as root")
    unittest.main()
