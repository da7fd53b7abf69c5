# SPDX-License-Identifier: BSD-3-Clause
"""The appliance as a process: a stop loses no request. Its start is in test_start.py."""
import os
import signal
import subprocess
import time

from lab import DIR, ROOT, S3Case, Wire, noise, penstock_only, wait_for

SIZE = 32 << 20  # more than all buffers on the way hold


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
        self.path = self.put("stop", noise(SIZE), public=True)

    def start(self):
        self.s3.close()
        subprocess.run([ROOT + "/ci/lab/penstock", "stop"], check=False)
        subprocess.run([ROOT + "/ci/lab/penstock", "start", "--wire", self.wire_kind], check=True,
                       stdout=subprocess.DEVNULL)
        type(self).s3 = self.client()

    def said(self, text):
        with open(DIR + "/penstock.log", errors="replace") as file:
            return text in file.read()

    def signal(self, number):
        """And waits until the drain has begun."""
        os.kill(self.pid, number)
        wait_for(lambda: self.said("draining"), "the drain")

    def refused(self):
        try:
            Wire.to(self.host, self.port).close()
        except OSError:
            return True
        return False

    def code(self, limit=False):
        """Its exit code, once it has ended. limit: not before the drain's limit, and only then at it."""
        wait_for(lambda: os.path.exists(DIR + "/penstock.rc") and os.path.getsize(DIR + "/penstock.rc") > 0,
                 "the appliance's end")
        self.assertEqual(self.said("drain limit"), limit)
        with open(DIR + "/penstock.rc") as file:
            return int(file.read())

    def test_drain(self):
        """SIGTERM: the request under way gets every byte, nobody new is let in, the exit code is 0."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        self.signal(signal.SIGTERM)
        wait_for(self.refused, "nobody new is let in")
        self.assertTrue(wire.exactly(SIZE) == noise(SIZE))
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()
        self.assertEqual(self.code(), 0)

    def test_drain_of_idle_clients(self):
        """A client that keeps its idle connection open, as SDKs do, does not hold the end up to the limit."""
        wire = self.wire()
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        self.assertTrue(wire.exactly(SIZE) == noise(SIZE))
        self.signal(signal.SIGTERM)
        self.assertEqual(self.code(), 0)
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()

    def test_drain_has_an_end(self):
        """A client that never reads is cut after `drain`, 10 s in the lab."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self.assertEqual(self.code(limit=True), 0)
        self.assertGreater(time.monotonic() - began, 8)

    def test_interrupted_twice(self):
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        self.signal(signal.SIGINT)
        os.kill(self.pid, signal.SIGINT)
        self.assertNotEqual(self.code(), 0)

    def test_killed(self):
        """What a crash leaves does not hinder the next start."""
        os.kill(self.pid, signal.SIGKILL)
        self.code()
        self.start()
        self.assertTrue(self.call("GET", self.path).body == noise(SIZE))
