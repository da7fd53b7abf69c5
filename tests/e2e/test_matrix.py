# SPDX-License-Identifier: BSD-3-Clause
"""What clients see when a node fails: doc/matrix.md, cell by cell, with scripted nodes."""
import contextlib

import matrix
import scripted
import small
from scripted import NODES

RETURNS = 5  # seconds until a node that is back has requests again
# Nothing passes to and from a node, or it cannot say that a connection has ended.
BLACKHOLE = """table inet matrix {
	chain i { type filter hook input priority 0; ip daddr %(at)s drop; }
	chain o { type filter hook output priority 0; ip saddr %(at)s drop; }
}""" % {"at": NODES["a"]}
SILENT = """table inet matrix {
	chain o { type filter hook output priority 0; ip saddr %(at)s tcp flags & (fin | rst) != 0 drop; }
}""" % {"at": NODES["a"]}
AWAY = ("blackhole", "refuse", "return")
# What the appliance counts of a request that it could not save.
FAILED = {"whole": 0, "own": 0, "reset": 1, "502": 1, "504": 1}


class Cells(scripted.Case):
    """Runs a cell, and says what was seen of it."""

    def settled(self, connection):
        """The next request will go to `a`, over an idle connection or a new one."""
        self.nodes["a"].up()
        small.wait_for(lambda: self.warm(connection) and self.member(connection)["state"] == "up", "member a is up")
        if connection == "reused":
            small.wait_for(lambda: self.warm(connection) and self.member(connection)["idle"] > 0, "an idle connection to a")

    def strike(self, fault, connection, stack):
        """Faults that are there before the request is."""
        if fault == "blackhole":
            stack.enter_context(self.filtered(BLACKHOLE))
        elif fault in ("refuse", "return") and connection == "reused":
            with self.filtered(SILENT):
                self.nodes["a"].down()
        elif fault in ("refuse", "return"):
            self.nodes["a"].down()

    def run_cell(self, fault, operation, connection, size=0):
        """(outcome, nodes that got it, nodes that carried it out), once the counters say the same."""
        cell = matrix.cell(fault, operation, connection, size)
        self.settled(connection)
        before = self.lab.relayed()
        with contextlib.ExitStack() as stack:
            self.strike(fault, connection, stack)
            outcome = self.ask(cell, connection)
        after = self.lab.relayed()
        self.assertEqual(cell.altered, [], "signed fields")
        if fault not in AWAY:
            self.assertEqual((cell.seen[0], cell.nth > 1), ("a", connection == "reused"))
        self.compare(cell, outcome, {name: after[name] - before[name] for name in after if after[name] != before[name]})
        if fault == "return":
            self.returns(operation, connection)
        return outcome, len(cell.seen), len(cell.done)

    def compare(self, cell, outcome, counted):
        """What the appliance counted with what happened."""
        said = "%s, but the counters: %r" % (outcome, counted)
        why = {name for name in counted if name.startswith(("retry_", "resume"))}
        self.assertEqual(sum(counted[name] for name in counted if name.startswith("fail_")), FAILED.get(outcome), said)
        self.assertLessEqual(why, matrix.reasons()[cell.fault], said)
        tries = counted.get("retries", 0)
        if cell.fault in AWAY:  # the node that failed saw nothing
            self.assertEqual(tries > 0, outcome == "whole", said)
        else:
            self.assertEqual(tries - counted.get("retry_connect", 0), len(cell.seen) - 1, said)

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


class Matrix(Cells):
    """A fault each, all its operations, on fresh and on reused connections."""

    def row(self, fault):
        for (name, operation, connection), wanted in matrix.expected().items():
            if name == fault:
                with self.subTest(fault=fault, operation=operation, connection=connection):
                    self.assertEqual(self.run_cell(fault, operation, connection), wanted)
        self.nothing_left()


class Gigabyte(Cells):
    """Bodies of 1 GB, where they are 64 MB above."""

    def row(self, fault):
        for operation in ("get-big", "put-big"):
            with self.subTest(operation=operation):
                self.assertEqual(self.run_cell(fault, operation, "fresh", 1 << 30), matrix.expected()[fault, operation, "fresh"])


def _tests(case, faults):
    """A test for each row of the page."""
    for fault in faults:
        def test(self, fault=fault):
            self.row(fault)
        setattr(case, "test_" + fault.replace("-", "_"), test)


_tests(Matrix, [row[0] for row in matrix.rows(["fault", "get"])[1:]])
if matrix.BIG < 1 << 30:
    _tests(Gigabyte, ("crash", "reset-body"))
