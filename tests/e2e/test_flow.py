# SPDX-License-Identifier: BSD-3-Clause
"""Bodies in motion: slow readers, clients that leave, objects far larger than any buffer."""
import os
import threading
import time

from lab import UNSIGNED, S3Case, Wire, both_families, noise, proxy_only, resident, storage_sent

MB = 1 << 20
BIG = 5 << 30 if os.environ.get("PENSTOCK_E2E_BIG") else 512 << 20
# What may be under way between node and client: both windows of the proxy, the kernel's buffers at both ends.
UNDER_WAY = 12 * MB


@both_families
@proxy_only
class Flow(S3Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.body = noise(64 * MB)
        cls.path = "/%s/flow" % cls.bucket
        cls.s3.put_object(Bucket=cls.bucket, Key="flow", Body=cls.body, ACL="public-read")

    def settled(self):
        """Bytes that the nodes have sent once they send no more; fails if they never stop."""
        last = storage_sent()
        for _ in range(20):
            time.sleep(0.5)
            now = storage_sent()
            if now - last < 100000:
                return now
            last = now
        self.fail("the nodes go on sending")

    def test_slow_reader(self):
        """Who does not read stops the node, not the proxy's memory; who reads again gets every byte."""
        before = storage_sent()
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        got = wire.head() and wire.exactly(MB)
        self.assertLess(self.settled() - before, UNDER_WAY)
        got += wire.exactly(len(self.body) - MB)
        self.assertTrue(got == self.body)

    def test_many_slow_readers(self):
        """Twenty at once: every one holds its own window and no more."""
        before = storage_sent()
        wires = [self.wire(receive_buffer=65536) for _ in range(20)]
        for wire in wires:
            wire.send(self.request("GET", self.path, sign=False))
        self.assertLess(self.settled() - before, 20 * UNDER_WAY)
        for wire in wires:
            wire.close()

    def test_client_leaves(self):
        """A reset or a close in mid-body ends the node's work too."""
        for leave in (Wire.reset, Wire.close):
            with self.subTest(leave=leave.__name__):
                before = storage_sent()
                wire = self.wire()
                wire.send(self.request("GET", self.path, sign=False))
                wire.head()
                wire.exactly(MB)
                leave(wire)
                self.assertLess(self.settled() - before, 40 * MB)
        self.assertTrue(self.call("GET", self.path, sign=False).body == self.body)

    def test_upload_given_up(self):
        """An upload that ends early leaves no object."""
        path = "/%s/given-up" % self.bucket
        for leave in (Wire.reset, Wire.close):
            with self.subTest(leave=leave.__name__):
                wire = self.wire()
                wire.send(self.request("PUT", path, headers={"Content-Length": str(8 * MB)}, payload=UNSIGNED) + noise(MB))
                leave(wire)
                time.sleep(0.5)
                self.assertEqual(self.call("GET", path).status, 404)

    def test_many_at_once(self):
        """Thirty-two clients, mixed sizes, every byte compared."""
        wrong = []

        def client(seed):
            body = noise(1000 * seed * seed + 1, seed=seed)
            path = "/%s/many-%d" % (self.bucket, seed)
            try:
                for _ in range(3):
                    assert self.call("PUT", path, body=body).status == 200
                    assert self.call("GET", path).body == body
            except Exception as error:  # reported by the main thread
                wrong.append((seed, repr(error)))

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(1, 33)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


@proxy_only
class Big(S3Case):
    """One PUT and one GET of 5 GB (512 MB in CI): resident memory stays where it was."""

    # 5 GB take longer than idle-timeout: the appliance has closed the idle connection of the test's own client by then,
    # which only notices with its next request.
    keeps = S3Case.keeps + (("tcp connection FIN_WAIT_2 None",) if BIG > 1 << 30 else ())

    def blocks(self):
        """The object in pieces of 1 MB, each with its own number, made anew and never kept."""
        base = bytearray(noise(MB))
        for i in range(BIG // MB):
            base[:8] = i.to_bytes(8, "big")
            yield base

    def watch(self, sizes, i):
        """Every 64 MB; the first quarter is for buffers to be touched for the first time."""
        if i % 64 == 0 and i > BIG // MB // 4:
            sizes.append(resident())

    def test_put_and_get(self):
        path, sizes = "/%s/big" % self.bucket, []
        with Wire.to(self.host, self.port) as wire:
            wire.send(self.request("PUT", path, headers={"Content-Length": str(BIG)}, payload=UNSIGNED))
            for i, block in enumerate(self.blocks()):
                wire.send(block)
                self.watch(sizes, i)
            self.assertEqual(wire.answer("PUT").status, 200)
            wire.send(self.request("GET", path))
            status, headers = wire.head()
            self.assertEqual((status, int(headers["content-length"])), (200, BIG))
            buffer = bytearray(MB)
            for i, block in enumerate(self.blocks()):
                self.receive(wire, buffer)
                self.assertTrue(buffer == block, "differs in megabyte %d" % i)
                self.watch(sizes, i)
        self.assertLess(max(sizes) - min(sizes), 64 * MB, "resident memory in bytes: %r" % sizes)

    @staticmethod
    def receive(wire, buffer):
        """Fills the buffer, with what came along with the head first."""
        view, had = memoryview(buffer), len(wire.buffer)
        view[:had], wire.buffer = wire.buffer, b""
        while had < len(buffer):
            count = wire.socket.recv_into(view[had:])
            if count == 0:
                raise EOFError("closed early")
            had += count
