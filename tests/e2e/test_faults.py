# SPDX-License-Identifier: BSD-3-Clause
"""Nodes that die, hang and come back, with clients at work."""
import time
import xml.etree.ElementTree

from lab import NODES, RESPONSE_TIMEOUT, TARGET, WITHIN, S3Case, Wire, nodes, noise, penstock_only, proxy_only, wait_for
from load import Load


@proxy_only
class Faults(S3Case):
    def setUp(self):
        super().setUp()
        self.body = noise(65536)
        self.path = self.put("fault", self.body, public=True)
        self.addCleanup(self.all_nodes_again)

    def load(self):
        """Clients that GET one object over and over, a new connection each time, and compare every byte."""
        def turn():
            try:
                answer = self.call("GET", self.path, sign=False)
            except (EOFError, OSError) as error:
                return repr(error)
            return None if answer.status == 200 and answer.body == self.body else answer.status
        return Load(turn, 4)

    @staticmethod
    def all_nodes_again():
        for n in NODES:
            nodes("ensure", n)

    def test_node_killed_under_load(self):
        """Nobody notices; with HAProxy, nobody but who had a request on the dead node in that moment."""
        with self.load() as load:
            nodes("signal", 2, "KILL")
            killed = time.monotonic()
            time.sleep(3)
            nodes("restart", 2)
            load.more(50)
        self.assertEqual(load.wrong(killed), [])
        self.assertLessEqual(len(load.wrong()), len(load.threads) if TARGET.name == "haproxy" else 0)

    def test_refused_connection_goes_to_the_next_member(self):
        nodes("signal", 1, "KILL")
        nodes("signal", 3, "KILL")
        for i in range(12):
            self.assertTrue(self.call("GET", self.path).body == self.body)
            self.s3.put_object(Bucket=self.bucket, Key="while-down-%d" % i, Body=b"x")

    @penstock_only
    def test_all_nodes_down(self):
        """503 in the words of S3: a client can read Code, Message, Resource and RequestId, and when to come back."""
        for n in NODES:
            nodes("signal", n, "KILL")
        answer = self.call("GET", self.path)
        self.assertEqual(answer.status, 503)
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        self.assertIn("xml", answer.headers["content-type"])
        error = xml.etree.ElementTree.fromstring(answer.body)
        self.assertEqual(error.tag, "Error")
        self.assertIn(error.findtext("Code"), ("ServiceUnavailable", "SlowDown"))
        self.assertEqual(error.findtext("Resource"), self.path)
        self.assertTrue(error.findtext("Message") and error.findtext("RequestId"))
        answer = self.call("HEAD", self.path)
        self.assertEqual((answer.status, answer.body), (503, b""))

    def test_nodes_come_back(self):
        for n in NODES:
            nodes("signal", n, "KILL")
        self.assertIn(self.call("GET", self.path).status, (502, 503))
        self.all_nodes_again()
        wait_for(lambda: self.call("GET", self.path).status == 200, "they are used again")
        self.assertTrue(self.call("GET", self.path).body == self.body)

    @penstock_only
    def test_hanging_nodes(self):
        """504 when two of the three had the pool's response-timeout, in the words of S3; then all is well again."""
        for n in NODES:
            nodes("signal", n, "STOP")
        began = time.monotonic()
        answer = self.call("GET", self.path)
        lasted = time.monotonic() - began
        for n in NODES:
            nodes("signal", n, "CONT")
        self.assertEqual(answer.status, 504)
        self.assertTrue(2 * RESPONSE_TIMEOUT - 1 < lasted < 3 * RESPONSE_TIMEOUT, lasted)
        self.assertEqual(xml.etree.ElementTree.fromstring(answer.body).tag, "Error")
        for _ in range(6):
            self.assertTrue(self.call("GET", self.path).body == self.body)

    def test_pause_shorter_than_the_timeout(self):
        """A node that hangs for 2 s delays its requests and fails none."""
        with self.load() as load:
            nodes("signal", 1, "STOP")
            time.sleep(2)
            nodes("signal", 1, "CONT")
            load.more(20)
        self.assertEqual(load.wrong(), [])

    def test_upload_to_a_node_that_dies(self):
        """The client gets an error or a closed connection, soon, and no half object is left."""
        size = 64 << 20
        head = self.request("PUT", "/%s/cut" % self.bucket, headers={"Content-Length": str(size)}, payload="UNSIGNED-PAYLOAD")
        with Wire.to(self.host, self.port) as wire:
            wire.send(head + noise(4 << 20))
            for n in NODES:
                nodes("signal", n, "KILL")
            wire.socket.settimeout(WITHIN)
            try:
                while len(wire.socket.recv(65536)) > 0:
                    pass
            except ConnectionResetError:
                pass
        self.all_nodes_again()
        wait_for(lambda: self.call("GET", self.path).status == 200, "the nodes are used again")
        self.assertEqual(self.call("GET", "/%s/cut" % self.bucket).status, 404)
