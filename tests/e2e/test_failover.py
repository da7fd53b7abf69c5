# SPDX-License-Identifier: BSD-3-Clause
"""Nodes that die, come back and are taken out for maintenance while clients work: nobody notices."""
import itertools
import os
import time

import matrix
import scripted
import small
from load import Load

UPLOAD = (5 << 30) if os.environ.get("PENSTOCK_E2E_BIG") else (512 << 20)  # bytes
OPERATIONS = ("get", "put", "range", "head", "delete", "part")  # those that are saved at any moment


class Failover(scripted.Case):
    def load(self, pool="reused"):
        numbers = itertools.count()

        def turn():
            number = next(numbers)
            cell = matrix.cell("", OPERATIONS[number % len(OPERATIONS)], "load-%d" % number)
            if cell.operation == "range":
                cell.size = 4 * matrix.MB
            outcome = self.ask(cell, pool)
            return None if outcome == "whole" else (cell.operation, outcome, cell.seen)
        return Load(turn, 6)

    def state(self, pool="fresh", name="a"):
        return self.member(pool, name)["state"]

    def test_node_dies_and_returns_under_load(self):
        with self.load() as load:
            for name in ("a", "b", "a", "c"):
                self.nodes[name].down()
                load.more(40)
                self.nodes[name].up()
                load.more(40)
        self.assertEqual(load.wrong(), [])
        self.nothing_left()

    def test_two_of_three_die_under_load(self):
        with self.load() as load:
            self.nodes["a"].down()
            self.nodes["b"].down()
            load.more(60)
        self.assertEqual(load.wrong(), [])

    def test_drain_under_an_upload(self):
        """The upload goes on and ends at its member; nobody else comes there."""
        cell, upload, seen = self.upload("drained", UPLOAD)
        self.ctl("drain", "fresh/a")
        others = [matrix.cell("", "get", "beside-%d" % i) for i in range(20)]
        self.assertEqual({self.ask(other, "fresh") for other in others}, {"whole"})
        self.assertTrue(upload.is_alive(), "the upload was over before the others: nothing is shown")
        self.assertNotIn("a", [name for other in others for name in other.seen])
        upload.join()
        self.assertEqual((seen, cell.seen, cell.done), (["whole"], ["a"], ["a"]))
        self.assertEqual(self.state(), "drain")
        self.again("a")

    def test_drain_of_a_pool_s_members_under_load(self):
        """One after the other, as for an upgrade of all nodes."""
        with self.load("fresh") as load:
            for name in "abc":
                self.ctl("drain", "fresh/" + name)
                small.wait_for(lambda: self.member("fresh", name)["active"] == 0, "nothing runs there")
                self.nodes[name].down()
                load.more(20)
                self.nodes[name].up()
                self.ctl("undrain", "fresh/" + name)
                load.more(20)
        self.assertEqual(load.wrong(), [])

    def test_maintenance(self):
        self.ctl("maintenance", "fresh/a", "on")
        self.assertEqual(self.state(), "maintenance")
        cell = matrix.cell("", "get", "maintenance")
        self.assertEqual((self.ask(cell, "fresh"), cell.seen == ["a"]), ("whole", False))
        self.again("a")

    def again(self, name):
        self.ctl("undrain", "fresh/" + name)
        until, cell = time.monotonic() + small.WITHIN, None
        while not cell or cell.seen != [name]:
            self.assertLess(time.monotonic(), until, "no request at the member that is back")
            cell = matrix.cell("", "get", "again-%f" % time.monotonic())
            self.assertEqual(self.ask(cell, "fresh"), "whole")
