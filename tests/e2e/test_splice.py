# SPDX-License-Identifier: BSD-3-Clause
"""Bare TCP through the appliance (mode = splice, mode = echo), with Linux at both ends: every byte is compared."""
import socket
import threading
import time
import unittest

import small
from lab import Wire, namespace, noise

MB = 1 << 20
ECHO, SPLICE = 7, 2222
MEMBERS = (2001, 2002)
BACK = {4: "10.98.2.11", 6: "fd00:98:2::11"}
FILE = """[global]
workers = 0
idle = sleep
memory = 128M
hugepages = no
socket = {socket}
drain = {drain}
[port front]
device = net_af_packet0,iface=front0
address = 10.98.1.10/24, fd00:98:1::10/64
[port back]
device = net_af_packet1,iface=back0
address = 10.98.2.10/24, fd00:98:2::10/64
[tcp]
send-buffer = 256K
receive-buffer = 256K
[listener echo]
address = 10.98.1.10:7, [fd00:98:1::10]:7
mode = echo
connections = 1000
[listener four]
address = 10.98.1.10:2222
mode = splice
pool = four
connections = 1000
[listener six]
address = [fd00:98:1::10]:2222
mode = splice
pool = six
connections = 1000
[pool four]
balance = round-robin
member = a 10.98.2.11:2001
member = b 10.98.2.11:2002
[pool six]
balance = round-robin
member = a [fd00:98:2::11]:2001
member = b [fd00:98:2::11]:2002
"""


def in_background(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


def rest(wire):
    """All bytes up to FIN."""
    while wire.more():
        pass
    data, wire.buffer = wire.buffer, b""
    return data


class Bare(unittest.TestCase):
    drain = "5s"

    def setUp(self):
        self.lab = small.Lab(self)
        self.process = self.lab.start(
            self.lab.write("penstock.ini", FILE.format(socket=self.lab.socket, drain=self.drain)))

    def connect(self, port, family=4, **options):
        with namespace(self.lab.prefix + "client"):
            wire = Wire.to(self.lab.FRONT[family], port, **options)
        self.addCleanup(wire.close)
        return wire

    def listen(self, port, family=4):
        with namespace(self.lab.prefix + "storage"):
            server = socket.create_server((BACK[family], port), backlog=256,
                                          family=socket.AF_INET6 if family == 6 else socket.AF_INET)
        server.settimeout(small.WITHIN)
        self.addCleanup(server.close)
        return server

    def accept(self, server):
        wire = Wire(server.accept()[0])
        self.addCleanup(wire.close)
        return wire

    def pair(self, family=4):
        """A client and its server."""
        with self.listen(MEMBERS[0], family) as server:
            return self.connect(SPLICE, family), self.accept(server)

    def listener(self, name):
        return next(row for row in self.lab.show("listeners")["listeners"] if row["name"] == name)

    def at_rest(self):
        """Every record and buffer has been given back."""
        def used():
            memory = self.lab.show("memory")
            return sum(row["in_use"] for row in memory["buffers"]) + sum(
                row["in_use"] for row in memory["records"] if row["name"] in ("connections", "splices"))
        small.wait_for(lambda: used() == 0, "everything is given back")


class Echo(Bare):
    def test_sizes(self):
        for family in (4, 6):
            wire = self.connect(ECHO, family)
            for size in (1, 2, 100, 1447, 1448, 1449, 4096, 65535, 65536, 300001, 2 * MB):
                with self.subTest(family=family, size=size):
                    data = noise(size, seed=size)
                    sender = in_background(wire.send, data)
                    self.assertTrue(wire.exactly(size) == data)
                    sender.join()
            wire.close()
        self.assertEqual(self.listener("echo")["mode"], "echo")
        self.at_rest()

    def test_half_close(self):
        """FIN comes back behind the last byte."""
        wire = self.connect(ECHO)
        def send():
            wire.send(noise(3 * MB))
            wire.socket.shutdown(socket.SHUT_WR)
        sender = in_background(send)
        self.assertTrue(rest(wire) == noise(3 * MB))
        sender.join()
        small.wait_for(lambda: self.lab.counter("spliced") == 1, "both have closed")
        self.at_rest()

    def test_slow_reader(self):
        """Who does not read is held up after a few buffers, and gets everything in the end."""
        wire = self.connect(ECHO, receive_buffer=8192)
        sender = in_background(wire.send, noise(12 * MB))
        time.sleep(2)
        self.assertTrue(sender.is_alive())
        self.assertLess(self.listener("echo")["bytes_req"], MB)
        self.assertTrue(wire.exactly(12 * MB) == noise(12 * MB))
        sender.join()
        wire.close()
        self.at_rest()

    def test_reset(self):
        wire = self.connect(ECHO)
        wire.send(noise(20000))
        wire.exactly(1000)
        wire.reset()
        self.at_rest()


class Splice(Bare):
    def test_server_first(self):
        for family in (4, 6):
            client, server = self.pair(family)
            server.send(b"220 ready\r\n")
            self.assertEqual(client.until(b"\r\n"), b"220 ready")
            client.send(b"QUIT\r\n")
            self.assertEqual(server.until(b"\r\n"), b"QUIT")
            server.close()
            self.assertEqual(rest(client), b"")
            client.close()
        self.at_rest()

    def test_both_ways_at_once(self):
        client, server = self.pair()
        there, back = noise(8 * MB, seed=1), noise(8 * MB, seed=2)
        for wire, data in ((client, there), (server, back)):
            in_background(lambda wire=wire, data=data: (wire.send(data), wire.socket.shutdown(socket.SHUT_WR)))
        got = []
        reader = in_background(lambda: got.append(rest(server)))
        self.assertTrue(rest(client) == back)
        reader.join()
        self.assertTrue(got[0] == there)
        row = self.listener("four")
        self.assertEqual((row["mode"], row["bytes_req"], row["bytes_rsp"]), ("splice", 8 * MB, 8 * MB))
        self.at_rest()
        self.assertEqual(self.lab.counter("spliced"), 1)

    def test_half_close(self):
        """Each direction ends by itself."""
        for first in (0, 1):
            with self.subTest(first=("client", "server")[first]):
                client, server = self.pair()
                one, other = (server, client) if first else (client, server)
                one.send(b"question")
                one.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(rest(other), b"question")
                time.sleep(0.5)
                for part in (b"long ", b"answer"):
                    other.send(part)
                    self.assertEqual(one.exactly(len(part)), part)
                other.close()
                self.assertEqual(rest(one), b"")
                self.at_rest()

    def test_slow_reader(self):
        server = self.listen(MEMBERS[0])
        client = self.connect(SPLICE, receive_buffer=8192)
        server = self.accept(server)
        sender = in_background(server.send, noise(16 * MB))
        time.sleep(2)
        self.assertTrue(sender.is_alive())
        self.assertLess(self.listener("four")["bytes_rsp"], MB)
        self.assertTrue(client.exactly(16 * MB) == noise(16 * MB))
        sender.join()

    def test_last_words(self):
        """A server that resets behind its answer: the answer arrives, then the reset."""
        client, server = self.pair()
        client.send(noise(100000))
        server.exactly(1000)
        server.send(b"sorry")
        server.close()  # unread bytes: Linux sends RST
        self.assertEqual(client.exactly(5), b"sorry")
        with self.assertRaises(ConnectionResetError):
            rest(client)
        self.at_rest()

    def test_member_down(self):
        server = self.listen(MEMBERS[1])
        for _ in range(4):
            client = self.connect(SPLICE)
            client.send(b"early")
            self.assertEqual(self.accept(server).exactly(5), b"early")
        members = {row["name"]: row for row in self.lab.show("pool four")["connections"]}
        self.assertGreater(members["a"]["connect_failures"], 0)
        self.assertEqual(members["b"]["connects"], 4)

    def test_all_members_down(self):
        for family in (4, 6):
            with self.assertRaises(ConnectionResetError):
                self.connect(SPLICE, family).more()
        self.assertEqual(self.lab.counter("fail_no_member"), 2)
        self.at_rest()

    def test_two_hundred(self):
        """All at once, over both members, each with bytes of its own."""
        def serve(server):
            while True:
                try:
                    wire = self.accept(server)
                except OSError:
                    return
                in_background(lambda wire=wire: wire.send(rest(wire)) or wire.close())
        for port in MEMBERS:
            in_background(serve, self.listen(port))
        clients = [self.connect(SPLICE) for _ in range(200)]
        small.wait_for(lambda: self.listener("four")["connections"] == 200, "all are there")
        for i, client in enumerate(clients):
            client.send(noise(1000 + 37 * i, seed=i))
            client.socket.shutdown(socket.SHUT_WR)
        for i, client in enumerate(clients):
            self.assertTrue(rest(client) == noise(1000 + 37 * i, seed=i), i)
        self.at_rest()
        self.assertEqual(self.lab.counter("spliced"), 200)
        members = self.lab.show("pool four")["connections"]
        self.assertEqual([row["connects"] for row in members], [100, 100])


class Drain(Bare):
    drain = "60s"

    def refused(self):
        try:
            self.connect(SPLICE).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_goes_on_then_ends(self):
        """SIGTERM: nobody new, the others go on; when they have closed, so does the process."""
        client, server = self.pair()
        self.process.terminate()
        small.wait_for(lambda: "draining" in self.lab.log(), "the drain")
        for _ in range(3):
            server.send(b"still here")
            self.assertEqual(client.exactly(10), b"still here")
            time.sleep(0.2)
        small.wait_for(self.refused, "nobody new is let in")
        client.close()
        server.close()
        self.assertEqual(self.process.wait(small.WITHIN), 0)
        self.assertNotIn("drain limit", self.lab.log())


class DrainLimit(Bare):
    drain = "1s"

    def test_limit(self):
        client, server = self.pair()
        echo = self.connect(ECHO)
        self.assertEqual(self.lab.end(self.process), 0)
        self.assertIn("drain limit", self.lab.log())
        for wire in (client, server, echo):
            with self.assertRaises(ConnectionResetError):
                wire.more()


if __name__ == "__main__":
    unittest.main()
