# SPDX-License-Identifier: BSD-3-Clause
"""The operator's file read anew while requests run: what runs goes on, what is wrong changes nothing."""
import os
import re
import time

import matrix
import scripted
import test_s3gen

SECONDS = 300 if os.environ.get("PENSTOCK_E2E_BIG") else 60
UPLOAD = (5 << 30) if os.environ.get("PENSTOCK_E2E_BIG") else (256 << 20)  # bytes
# What a file may become from one second to the next: members leave and come, the choice and the limits are others.
CHANGES = (
    lambda text: text.replace("member = c 10.20.0.13:7480\n", ""),
    lambda text: text.replace("member = a 10.20.0.11:7480", "member = a 10.20.0.11:7480 weight=7"),
    lambda text: text + "balance = round-robin\n",
    lambda text: text.replace("[listener s3]\n", "[listener s3]\nhead-limit = 32K\nrequest-id = yes\n"),
    lambda text: text.replace("= 2000", "= 1500") + "[listener second]\naddress = 10.10.0.10:81\npool = nodes\nconnections = 500\n",
    lambda text: text.replace("[pool nodes]", "[pool others]").replace("pool = nodes", "pool = others"),
    lambda text: text + "[route r]\nlistener = s3\nkey = o/*\npool = more\n[pool more]\nmember = b 10.20.0.12:7480\n",
)


class UnderLoad(test_s3gen.Case):
    def setUp(self):
        super().setUp()
        self.wire = test_s3gen.WIRE % self.names
        self.file = (test_s3gen.APPLIANCE % self.names).replace("[listener s3]\n", "[listener s3]\nconnections = 2000\n")
        self.appliance(self.file)

    def test_every_second(self):
        process = self.start((test_s3gen.GLOBAL % ("%ds" % SECONDS)) + self.wire + test_s3gen.CLIENTS % "10.10.0.10:80" +
                             "connections = 16\n" + test_s3gen.WORKLOAD % "length")
        began = time.monotonic()
        for n in range(SECONDS - 2):
            time.sleep(max(0, began + n - time.monotonic()))
            self.lab.write("penstock.ini", CHANGES[n % len(CHANGES)](self.file))
            done = self.lab.ctl("reload")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        results = self.ended(process, seconds=SECONDS)
        self.assertEqual(results["all"]["failed"], 0)
        self.assertGreater(results["all"]["done"], 10 * SECONDS)
        self.assertNotIn("bytes_wrong", results["counters"]["origin"])


class Reload(scripted.Case):
    def reload(self, text, code=0):
        self.lab.write("penstock.ini", text)
        done = self.lab.ctl("reload")
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr if code else done.stdout

    def test_upload_goes_on_when_its_pool_and_listener_are_gone(self):
        cell, upload, seen = self.upload("old", UPLOAD)
        parts = re.split(r"(?m)^(?=\[listener )", self.ini())
        self.reload(parts[0] + parts[2])
        self.assertTrue(upload.is_alive(), "the upload was over before the reload: nothing is shown")
        with self.assertRaises(OSError):
            self.connect("fresh")
        self.assertEqual(self.ask(matrix.cell("", "get", "other"), "reused"), "whole")
        upload.join()
        self.assertEqual((seen, cell.done), (["whole"], ["a"]))
        self.nothing_left()

    def test_bad_file_changes_nothing(self):
        before = self.lab.show("config")
        said = self.reload(self.ini() + "[pool broken]\nbalance = best\nmember = a 10.98.2.11:9000\n", 1)
        self.assertRegex(said, r"penstock\.ini:\d+: \[pool broken\] balance: ")
        self.assertEqual(self.lab.show("config"), before)
        self.assertEqual(self.ask(matrix.cell("", "get", "still"), "fresh"), "whole")

    def test_what_wants_a_restart_is_said(self):
        said = self.reload(self.ini().replace("memory = 256M", "memory = 300M"), 1)
        self.assertRegex(said, r"penstock\.ini:\d+: \[global\] memory: .*restart")

    def test_members_come_and_go(self):
        without = re.sub(r"(?m)^member = a .*\n", "", self.ini())
        self.reload(without)
        cell = matrix.cell("", "get", "without-a")
        self.assertEqual((self.ask(cell, "fresh"), "a" in cell.seen), ("whole", False))
        self.reload(self.ini())
        cell = matrix.cell("", "get", "with-a")
        self.assertEqual((self.ask(cell, "fresh"), cell.seen), ("whole", ["a"]))

    def test_rollback(self):
        self.reload(re.sub(r"(?m)^member = a .*\n", "", self.ini()))
        self.assertEqual(self.lab.ctl("rollback").returncode, 0)
        cell = matrix.cell("", "get", "rolled-back")
        self.assertEqual((self.ask(cell, "fresh"), cell.seen), ("whole", ["a"]))

    def test_diff_says_what_a_reload_would_change(self):
        before = self.lab.show("config")
        self.lab.write("penstock.ini", self.ini().replace("hold = 0s", "hold = 3s"))
        done = self.lab.ctl("diff")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^~ +\[pool fresh\] hold: 0s -> 3s$")
        self.assertEqual(self.lab.show("config"), before)
