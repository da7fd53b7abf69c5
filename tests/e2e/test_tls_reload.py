# SPDX-License-Identifier: BSD-3-Clause
"""Certificates in operation: checked before a start, shown, swapped under running connections, warned of."""
import os
import subprocess
import threading
import time
import unittest

import small
import tls

FILE = tls.HEAD + tls.LISTENER + tls.POOL + """{more}
"""
SECTION = 14  # the line of [certificate s3]


class Certificates(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        self.ca = tls.Authority(self.lab.directory)
        self.ca.issue("s3", "first")

    def start(self, more=""):
        self.process = self.lab.start(self.lab.write("penstock.ini", FILE.format(socket=self.lab.socket, more=more)))
        tls.Node(self)

    def connect(self):
        return tls.connect(self, self.ca.pem)

    def get(self, conn):
        self.assertEqual(tls.answer(conn), (200, tls.BODY))

    def test_reload_swaps_for_new_connections_only(self):
        self.start()
        old = self.connect()
        self.assertEqual(tls.common_name(old), "first")
        self.get(old)
        self.ca.issue("s3", "second", kind=("rsa:2048",))
        done = self.lab.ctl("reload", "certificates")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("RSA 2048", done.stdout)
        new = self.connect()
        self.assertEqual(tls.common_name(new), "second")
        for conn in (old, new, old):
            self.get(conn)
        shown, = self.lab.show("certificates")["certificates"]
        self.assertEqual((shown["subject"], shown["key"]), ("CN=second", "RSA 2048"))
        row, = self.lab.show("tls")["listeners"]
        self.assertEqual((row["name"], row["handshakes"]), ("https", 2))
        fronts = [c for c in self.lab.show("connections")["connections"] if c["side"] == "front"]
        self.assertEqual({c["tls"] for c in fronts}, {"TLSv1.3 TLS_AES_128_GCM_SHA256"})
        worker, = self.lab.show("tls")["workers"]
        self.assertGreater(worker["handshake_p50_us"], 100)
        self.assertGreater(worker["sealed_bytes"], 3 * len(tls.BODY))
        self.assertEqual(self.lab.end(self.process), 0)

    def test_reload_of_a_bad_file_changes_nothing(self):
        self.start()
        key = os.path.join(self.lab.directory, "s3.key")
        self.ca.issue("other", "other")
        os.replace(os.path.join(self.lab.directory, "other.key"), key)
        done = self.lab.ctl("reload", "certificates")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing is changed: %s:%d: [certificate s3] key: " % (
            os.path.join(self.lab.directory, "penstock.ini"), SECTION), done.stderr)
        conn = self.connect()
        self.assertEqual(tls.common_name(conn), "first")
        self.get(conn)
        os.remove(key)
        self.assertEqual(self.lab.ctl("reload", "certificates").returncode, 1)
        self.get(conn)
        self.assertEqual(tls.common_name(self.connect()), "first")

    def test_reload_while_clients_come_and_go(self):
        self.start()
        for turn in range(20):
            self.ca.issue("s3", "turn %d" % turn)
            conn = self.connect()
            self.assertEqual(self.lab.ctl("reload", "certificates").returncode, 0)
            self.get(conn)
            self.assertEqual(tls.common_name(self.connect()), "turn %d" % turn)

    def test_reload_as_fast_as_it_can(self):
        """Five seconds of reloads under running connections and new ones: no request fails."""
        self.start()
        end, answers, faults = time.monotonic() + 5, [], []

        def client(requests):
            """A connection for so many requests, then the next."""
            try:
                while time.monotonic() < end:
                    conn = self.connect()
                    for _ in range(requests):
                        self.get(conn)
                        answers.append(requests)
                        if time.monotonic() > end:
                            break
                    conn.close()
            except (OSError, AssertionError) as error:
                faults.append(repr(error))

        clients = [threading.Thread(target=client, args=(requests,)) for requests in (1, 1, 10, 1 << 30)]
        for thread in clients:
            thread.start()
        reloads = 0
        while time.monotonic() < end:
            done = self.lab.ctl("reload", "certificates")
            self.assertEqual(done.returncode, 0, done.stderr)
            reloads += 1
        for thread in clients:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual(set(answers), {1, 10, 1 << 30})
        self.assertGreater(reloads, 2)
        self.assertEqual(self.lab.end(self.process), 0)

    def test_a_start_says_what_is_wrong_with_a_file(self):
        path = self.lab.write("penstock.ini", FILE.format(socket=self.lab.socket, more=""))
        with open(os.path.join(self.lab.directory, "s3.pem"), "w") as file:
            file.write("nothing\n")
        want = "%s:%d: [certificate s3] chain: " % (path, SECTION)
        checked = subprocess.run([small.BINARY, "--check", path], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(want, checked.stderr)
        process = self.lab.appliance(path)
        self.assertEqual(process.wait(small.WITHIN), 1)
        self.assertIn(want, self.lab.log())

    def test_warnings(self):
        self.ca.issue("s3", "short", days=12)
        self.start("[tls]\nkeylog = keys\n")
        self.assertRegex(self.lab.log(), r"certificate s3\].*expires on .* in 1[12] days")
        self.assertIn("[tls] keylog: the keys of ALL connections are written to", self.lab.log())
        self.get(self.connect())
        with open(os.path.join(self.lab.directory, "keys")) as file:
            self.assertIn("SERVER_TRAFFIC_SECRET_0", file.read())


if __name__ == "__main__":
    unittest.main()
