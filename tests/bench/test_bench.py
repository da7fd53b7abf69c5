#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benches' own sums: shares of a core, medians, ratios, which rounds count, tables."""
import io
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench  # noqa: E402

STAT = """cpu  1 1 1 1 1 1 1 1 0 0
cpu0 10 5 20 100 5 1 2 3 0 0
cpu10 1 1 1 1 1 1 1 1 0 0
"""
COLUMNS = [["requests/s", "per_s", "%.0f"], ["ratio", "per_s_ratio", "%.2f x"]]


def good(per_s, **more):
    return {"done": 1000000, "failed": 0, "per_s": per_s, **more}


class Cores(unittest.TestCase):
    def test_ticks(self):
        self.assertEqual(bench.ticks(0, STAT), {"user": 15, "system": 20, "softirq": 3, "steal": 3, "idle": 105})
        self.assertRaises(bench.Failure, bench.ticks, 1, STAT)

    def test_use(self):
        before = bench.ticks(0, STAT)
        after = {name: before[name] + n for name, n in zip(before, (10, 20, 30, 15, 25))}
        use = bench.use(before, after)
        self.assertAlmostEqual(use["busy"], 0.6)  # softirq is in it, steal is not
        self.assertAlmostEqual(use["steal"], 0.15)

    def test_no_time(self):
        self.assertEqual(bench.use(bench.ticks(0, STAT), bench.ticks(0, STAT))["busy"], 0)

    def test_per_core(self):
        self.assertEqual(bench.per_core(100, 0.5), 200)
        self.assertIsNone(bench.per_core(100, 0.05))


class Rounds(unittest.TestCase):
    def test_rfc9411(self):
        self.assertEqual(bench.fault({"done": 99999, "failed": 1}), "")
        self.assertEqual(bench.fault({"done": 99998, "failed": 2}), "2 of 100000 failed")
        self.assertEqual(bench.fault({"done": 0, "failed": 0}), "nothing was done")

    def test_not_built(self):
        with self.assertRaisesRegex(bench.Failure, "no_such is not built: ninja -C .* tests/bench/no_such"):
            bench.built("no_such")

    def test_stolen(self):
        self.assertEqual(bench.fault(good(1, load_stolen=0.04), 0.05), "")
        self.assertIn("load's core", bench.fault(good(1, load_stolen=0.06), 0.05))
        self.assertIn("proxy's core", bench.fault(good(1, proxy_stolen=0.06), 0.05))

    def test_median(self):
        self.assertEqual(bench.median([good(3), good(1), good(2)], "per_s"), 2)
        self.assertEqual(bench.median([good(3, busy=None), good(1, busy=0.5)], "busy"), 0.5)
        self.assertIsNone(bench.median([good(3)], "gbit"))

    def test_one_bad_round(self):
        row = bench.summary("a", [good(1), {"done": 10, "failed": 5, "per_s": 9}])
        self.assertEqual((row["valid"], row["why"], row.get("per_s")), (False, "5 of 15 failed", None))
        self.assertFalse(bench.summary("a", [])["valid"])

    def test_in_turns(self):
        order = []

        def broken():
            order.append("b")
            raise bench.Failure("why\nit ended")
        rows = bench.in_turns([("a", lambda: order.append("a") or good(1)), ("b", broken)], 2, log=io.StringIO())
        self.assertEqual(order, ["a", "b", "a", "b"])
        self.assertEqual([(row["valid"], row["why"]) for row in rows], [(True, ""), (False, "it ended")])

    def test_compare(self):
        rows = [bench.summary("a", [good(50)]), bench.summary("b", [good(10)]), bench.summary("c", [])]
        self.assertEqual([row["per_s_ratio"] for row in bench.compare(rows, "per_s", "b")], [5, 1, None])
        self.assertEqual([row["per_s_ratio"] for row in bench.compare(rows, "per_s", "c")], [None] * 3)

    def test_compare_to_the_best(self):
        rows = [bench.summary("haproxy", [good(10)]), bench.summary("haproxy-gso", [good(20)]), bench.summary("ours", [good(60)])]
        self.assertEqual([row["per_s_ratio"] for row in bench.compare(rows, "per_s", "haproxy")], [0.5, 1, 3])


class Tables(unittest.TestCase):
    def test_table(self):
        rows = bench.compare([bench.summary("a", [good(50)]), bench.summary("b", [good(10)], ["x|y"])], "per_s", "a")
        self.assertEqual(bench.table(COLUMNS, rows).splitlines(), [
            "|  | requests/s | ratio |", "| --- | --- | --- |", "| a | 50 | 1.00 x |", "| b | not valid: x/y |  |"])

    def test_markdown(self):
        now = bench.state()
        claim = {"title": "T", "columns": COLUMNS, "rows": [], "notes": ["one"], "conditions": bench.conditions(now, now, rounds=3)}
        self.assertRegex(bench.markdown(claim), r"(?s)^### T\n.*load .* steal 0\.0 %.*rounds 3\.\n\n\| .*\n\n- one\n$")

    def test_generated(self):
        once = bench.replace_generated("# Page\n", "one\n")
        self.assertTrue(once.startswith("# Page\n"))
        self.assertEqual(bench.replace_generated(once + "after\n", "two\n"), once.replace("one", "two") + "after\n")


if __name__ == "__main__":
    unittest.main()
