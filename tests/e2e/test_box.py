# SPDX-License-Identifier: BSD-3-Clause
"""ci/lab/memif and ci/lab/virtio with a wan in between: up, status, run, down, and what the wan did to the packets."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import small

LAB = os.path.join(small.ROOT, "ci/lab")
PAGES = 500  # hugepages of 2 MB that three processes take over virtio
OPTIONS = "--json --idle sleep --delay 1ms --loss 0.3% --reorder 0.3% --duplicate 0.1%"
# Nodes compare what they are sent, clients what they get. Sizes on either side of a packet and of a super-packet.
GEN = """[global]
include = wire/memif.ini
include = wire/nodes.ini
duration = 60s
warmup = 3s
[clients c]
target = 10.10.0.10:80
workload = w
connections = 8
operations = 200
timeout = 30s
[workload w]
operations = get 50, put 50
sizes = 1 10, 1400 10, 60K-70K 40, 1M 40
keys = 20
"""


def pages_free():
    with open("/proc/meminfo") as file:
        found = dict(re.findall(r"(\w+): +(\d+)", file.read()))
    return int(found["HugePages_Free"]) * int(found["Hugepagesize"]) // 2048


class Box(unittest.TestCase):
    def lab(self, kind, *words, code=0):
        done = subprocess.run([os.path.join(LAB, kind), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, env={**os.environ, "PENSTOCK_BUILD": small.BUILD, "PENSTOCK_BOX_DIR": self.directory})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def begin(self, kind):
        if os.path.exists("/run/netns/p%s-box" % kind[0]):
            self.skipTest("ci/lab/%s is in use" % kind)
        if kind == "virtio" and pages_free() < PAGES:
            self.skipTest("wants %d hugepages of 2 MB" % PAGES)
        self.files = tempfile.mkdtemp(prefix="penstock-box-")
        self.addCleanup(shutil.rmtree, self.files)
        self.directory = os.path.join(self.files, "lab")
        self.addCleanup(self.gone, kind)
        self.addCleanup(self.lab, kind, "down")
        shutil.copytree(os.path.join(small.ROOT, "config/s3gen/wire"), os.path.join(self.files, "wire"))
        with open(os.path.join(self.files, "gen.ini"), "w") as file:
            file.write(GEN)

    def gone(self, kind):
        """After `down` nothing is left."""
        self.assertFalse(os.path.exists("/run/netns/p%s-box" % kind[0]))
        self.assertFalse(os.path.exists(self.directory))

    def pid(self, name):
        with open(os.path.join(self.directory, name + ".pid")) as file:
            return int(file.read())

    def transfers(self, kind):
        results = json.loads(self.lab(kind, "run", os.path.join(self.files, "gen.ini"), "--quiet", "--json", "-"))
        operations = results["clients"][0]["operations"]
        self.assertEqual((results["all"]["failed"], results["all"]["errors"]), (0, {}))
        self.assertNotIn("bytes_wrong", results["counters"]["origin"])
        for name in ("get", "put"):
            self.assertGreater(operations[name]["done"], 20, name)
        return results["counters"]

    def counters(self):
        """What the wan says of both directions at its end."""
        os.kill(self.pid("wan"), signal.SIGTERM)
        small.wait_for(lambda: os.path.exists(os.path.join(self.directory, "wan.rc")), "the wan's end")
        with open(os.path.join(self.directory, "wan.log")) as file:
            return json.loads(file.readlines()[-1]).values()

    def lossy(self, kind):
        """Every byte arrives in its place, though packets are lost."""
        self.begin(kind)
        self.lab(kind, "up", "--wan", OPTIONS)
        self.assertGreater(self.transfers(kind)["tcp"]["retransmits"], 0)

    def test_memif(self):
        """What the wan counted is not asked for: over memif it may end with s3gen (doc/lab.md)."""
        self.lossy("memif")

    def test_virtio(self):
        """Super-packets go in, packets come out, many for each."""
        self.lossy("virtio")
        for way in self.counters():
            for what in ("lost", "reordered"):
                self.assertGreater(way[what], 0, what)
            self.assertEqual(way["too_long"] + way["no_mbuf"] + way["no_room"] + way["unfinished"], 0)
            self.assertLess(way["bytes"] / way["passed"], 1518.1)
            self.assertGreater(way["super_packets"], 100)
            self.assertGreater(way["packets"], 3 * way["super_packets"])

    def test_virtio_guest(self):
        """s3gen as the host: wan and appliance come up with each run."""
        self.begin("virtio")
        self.lab("virtio", "up", "--host", "s3gen", "--wan", OPTIONS)
        for _ in range(2):
            self.transfers("virtio")

    def test_again(self):
        """`up` may be repeated, and mends what has ended."""
        self.begin("virtio")
        words = ("virtio", "up", "--wan", OPTIONS)
        self.lab(*words)
        before = self.pid("wan")
        self.assertEqual(self.lab(*words), "virtio: already up\n")
        self.assertEqual(self.pid("wan"), before)
        self.counters()
        self.assertIn("wan: stopped", self.lab("virtio", "status", code=1))
        self.lab(*words)
        self.assertNotEqual(self.pid("wan"), before)
        self.lab("virtio", "status")
        self.transfers("virtio")

    def test_mistake(self):
        self.begin("virtio")
        self.lab("virtio", "up", "--wan", "--dely 1ms", code=1)
        self.gone("virtio")


if __name__ == "__main__":
    unittest.main()
