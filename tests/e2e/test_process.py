# SPDX-License-Identifier: BSD-3-Clause
"""The appliance as a process: a stop loses no request. Its start is in test_start.py."""
import os
import signal
import subprocess
import time

from lab import DIR, ROOT, S3Case, Wire, noise, penstock_only, wait_for

MB = 1 << 20


@penstock_only
class Stop(S3Case):
    """Ends the lab's own appliance and starts it again."""

    def setUp(self):
        super().setUp()
        with open(DIR + "/wire") as file:
            self.wire_kind = file.read().strip()
        with open(DIR + "/penstock.pid") as file:
            self.pid = int(file.read())
        self.addCleanup(self.start)
        self.path = self.put("stop", noise(64 * MB), public=True)

    def start(self):
        self.s3.close()
        subprocess.run([ROOT + "/ci/lab/penstock", "stop"], check=False)
        subprocess.run([ROOT + "/ci/lab/penstock", "start", "--wire", self.wire_kind], check=True,
                       stdout=subprocess.DEVNULL)
        type(self).s3 = self.client()

    def code(self, seconds):
        """Its exit code, once it has ended."""
        wait_for(lambda: os.path.exists(DIR + "/penstock.rc"), seconds, "the appliance's end")
        with open(DIR + "/penstock.rc") as file:
            return int(file.read())

    def test_drain(self):
        """SIGTERM: the request under way gets every byte, nobody new is let in, the exit code is 0."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        os.kill(self.pid, signal.SIGTERM)
        time.sleep(0.5)
        with self.assertRaises(OSError):
            Wire.to(self.host, self.port)
        self.assertTrue(wire.exactly(64 * MB) == noise(64 * MB))
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()
        self.assertEqual(self.code(5), 0)

    def test_drain_of_idle_clients(self):
        """A client that keeps its idle connection open, as SDKs do, does not hold the end up to the limit."""
        wire = self.wire()
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        self.assertTrue(wire.exactly(64 * MB) == noise(64 * MB))
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.code(6), 0)
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()

    def test_drain_has_an_end(self):
        """A client that never reads is cut after `drain`, 10 s in the lab."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.code(15), 0)
        self.assertGreater(time.monotonic() - began, 8)

    def test_interrupted_twice(self):
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        os.kill(self.pid, signal.SIGINT)
        time.sleep(0.3)
        os.kill(self.pid, signal.SIGINT)
        self.assertNotEqual(self.code(3), 0)

    def test_killed(self):
        """What a crash leaves does not hinder the next start."""
        os.kill(self.pid, signal.SIGKILL)
        self.code(5)
        self.start()
        self.assertTrue(self.call("GET", self.path).body == noise(64 * MB))
