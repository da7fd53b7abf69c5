# SPDX-License-Identifier: BSD-3-Clause
"""What an operator does while traffic runs: reload, rollback, drain, weight, members more and less. Nothing is lost."""
import contextlib
import json
import os
import signal
import threading
import unittest

import small
import tls
from lab import Wire

PIECE = bytes(range(256)) * 256  # 64 KiB
PIECES = 160  # of a long body

HEAD = tls.WIRES + """[listener s3]
address = 10.98.1.10:80
pool = nodes
"""
NODES = """[pool nodes]
member = a 10.98.2.11:8000
member = b 10.98.2.11:8001
"""


class Node(small.Server):
    """Says its name; a long answer and a long upload go on piece by piece, as `steps` allows."""

    def __init__(self, case, port, name):
        self.name, self.requests, self.uploaded = name, 0, None
        self.steps = threading.Semaphore(0)
        super().__init__(case, port)

    def serve(self, conn):
        with conn.makefile("rb") as lines:
            while request := lines.readline():
                length = 0
                while (line := lines.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.requests += 1
                self.answer(conn, request, lines, length)

    def answer(self, conn, request, lines, length):
        if request.startswith(b"PUT"):
            got = 0
            while got < length:
                self.steps.acquire()
                got += len(lines.read(min(len(PIECE), length - got)))
            self.uploaded = got
        if b"/long" in request and request.startswith(b"GET"):
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(PIECE) * PIECES))
            for _ in range(PIECES):
                self.steps.acquire()
                conn.sendall(PIECE)
            return
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.name), self.name.encode()))

    def go_on(self, steps=PIECES):
        self.steps.release(steps)


class Operate(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        self.a, self.b = Node(self, 8000, "a"), Node(self, 8001, "b")
        self.file(HEAD + NODES)
        self.process = self.lab.start(self.path)

    def file(self, text):
        self.path = self.lab.write("penstock.ini", text.format(socket=self.lab.socket))

    def ctl(self, *words, fails=False):
        done = self.lab.ctl("--json", *words)
        self.assertEqual(done.returncode, 1 if fails else 0, done.stderr)
        return done.stderr if fails else json.loads(done.stdout)

    def connect(self, port=80):
        return Wire(self.lab.connect(self, port))

    def ask(self, wire, target="/b/k"):
        wire.send(b"GET %s HTTP/1.1\r\nHost: s3\r\n\r\n" % target.encode())

    def get(self, wire=None):
        wire = wire or self.connect()
        self.ask(wire)
        answer = wire.answer()
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def upload(self):
        """A long one to member a, under way: its connection, and the thread that sends."""
        self.ctl("weight", "nodes/b", "0")
        wire = self.connect()
        wire.send(b"PUT /b/up HTTP/1.1\r\nHost: s3\r\nContent-Length: %d\r\n\r\n" % (len(PIECE) * PIECES))
        sender = threading.Thread(target=self.push, args=(wire,), daemon=True)
        sender.start()
        small.wait_for(lambda: self.member("a")["active"] == 1, "the upload began")
        return wire, sender

    def push(self, wire):
        with contextlib.suppress(OSError):
            wire.send(PIECE * PIECES)

    def served(self, n=8):
        return {self.get() for _ in range(n)}

    def member(self, name, pool="nodes"):
        return next(m for m in self.lab.show("pools")["members"] if (m["pool"], m["name"]) == (pool, name))

    def running(self):
        return self.lab.show("snapshots")["snapshots"][0]

    def only_one_in_use(self):
        small.wait_for(lambda: [s["used"] for s in self.lab.show("snapshots")["snapshots"]].count(True) == 1,
                       "older snapshots are not used any more")

    def test_reload_while_a_transfer_runs(self):
        kept, long = self.connect(), self.connect()
        self.get(kept)
        self.ask(long, "/b/long")
        small.wait_for(lambda: self.a.steps._value == 0 and self.a.requests + self.b.requests == 2, "the transfer began")
        self.a.go_on(PIECES // 4)
        self.b.go_on(PIECES // 4)
        # all that it goes through is gone: its listener, its address, its pool, its members
        Node(self, 8002, "c")
        self.file(tls.WIRES + "[listener other]\naddress = 10.98.1.10:81\npool = more\n"
                  "[pool more]\nmember = c 10.98.2.11:8002\n")
        self.assertEqual(self.ctl("reload")["reload"]["snapshot"], 2)
        self.assertEqual(self.get(self.connect(81)), "c")
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.assertEqual((kept.buffer, kept.more()), (b"", b""))  # it was idle
        self.assertEqual([s["used"] for s in self.lab.show("snapshots")["snapshots"]], [True, True])
        self.a.go_on()
        self.b.go_on()
        answer = long.answer()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, PIECE * PIECES)
        self.assertEqual((long.buffer, long.more()), (b"", b""))
        long.close()
        self.only_one_in_use()
        self.assertEqual(self.lab.end(self.process), 0)

    def test_same_listener_keeps_its_clients(self):
        wire = self.connect()
        self.get(wire)
        for n in range(2, 12):
            self.ctl("reload")
            self.assertEqual(self.running()["snapshot"], n)
            self.get(wire)
        self.only_one_in_use()
        self.assertLessEqual(len(self.lab.show("snapshots")["snapshots"]), 5)
        listener, = self.lab.show("listeners")["listeners"]
        self.assertEqual((listener["accepted"], listener["requests"]), (1, 11))

    def test_a_bad_file_changes_nothing(self):
        self.file(HEAD + NODES + "[pool nodes]\n")
        self.assertIn("nothing is changed: %s:" % self.path, self.ctl("reload", fails=True))
        self.file(HEAD + NODES.replace("pool nodes", "pool others"))
        self.ctl("reload", fails=True)
        self.file((HEAD + NODES).replace("memory = 256M", "memory = 300M"))
        self.assertIn("restart to change it", self.ctl("reload", fails=True))
        os.remove(self.path)
        self.assertIn("nothing is changed", self.ctl("reload", fails=True))
        self.assertEqual(self.running()["snapshot"], 1)
        self.assertEqual(self.served(), {"a", "b"})

    def test_diff_and_rollback(self):
        self.assertEqual(self.ctl("diff")["changes"], [])
        self.file(HEAD + NODES.replace("member = b 10.98.2.11:8001\n", "hold = 7s\n"))
        changes = self.ctl("diff")["changes"]
        self.assertEqual(len(changes), 2, changes)
        self.assertEqual(self.ctl("reload")["changes"], changes)
        self.assertEqual(self.served(), {"a"})
        self.assertEqual(self.ctl("diff")["changes"], [])
        self.ctl("rollback")
        self.assertEqual(self.running()["from"], "rollback to 1")
        self.assertEqual(self.served(), {"a", "b"})
        self.ctl("rollback", "2")
        self.assertEqual(self.served(), {"a"})
        self.assertIn('"7": no such snapshot; expected 3, 2, 1', self.ctl("rollback", "7", fails=True))

    def test_hangup_reloads(self):
        self.file(HEAD + NODES.replace("member = b 10.98.2.11:8001\n", ""))
        pid = self.lab.show("version")["version"]["pid"]
        os.kill(pid, signal.SIGHUP)
        small.wait_for(lambda: self.running()["snapshot"] == 2, "a reload")
        self.assertEqual(self.served(), {"a"})
        self.file("nonsense")
        os.kill(pid, signal.SIGHUP)
        small.wait_for(lambda: "nothing is changed" in self.lab.log(), "an error in the log")
        self.assertEqual(self.served(), {"a"})

    def test_drain_under_an_upload(self):
        wire, sender = self.upload()
        self.ctl("weight", "nodes/b", "1")
        self.ctl("drain", "nodes/a", "1h")
        self.assertEqual(self.member("a")["state"], "drain")
        self.assertEqual(self.served(), {"b"})
        self.a.go_on()
        self.assertEqual(wire.answer().status, 200)
        sender.join()
        self.assertEqual(self.a.uploaded, len(PIECE) * PIECES)
        small.wait_for(lambda: "nodes/a: drained" in self.lab.log(), "the drain's end")
        self.ctl("undrain", "nodes/a")
        self.assertEqual(self.served(), {"a", "b"})

    def test_drain_cuts_when_told_to(self):
        self.upload()
        self.ctl("drain", "nodes/a", "1s", "cut")
        small.wait_for(lambda: self.member("a")["active"] == 0, "the cut")
        self.assertIn("1 connections are cut", self.lab.log())

    def test_members_more_and_less(self):
        Node(self, 8002, "c")
        self.ctl("add", "member", "nodes", "c", "10.98.2.11:8002", "weight=2")
        self.assertEqual(self.served(), {"a", "b", "c"})
        self.ctl("remove", "member", "nodes/a")
        self.assertEqual(self.served(), {"b", "c"})
        self.assertEqual(self.running()["edits"], 2)
        self.file(HEAD + NODES + "hold = 9s\n")
        self.assertIn("reload first", self.ctl("add", "member", "nodes", "d", "10.98.2.11:8003", fails=True))
        self.assertEqual(self.ctl("reload")["reload"]["edits_dropped"], 2)
        self.assertEqual(self.served(), {"a", "b"})

    def test_maintenance(self):
        self.ctl("maintenance", "nodes/a", "on")
        self.assertEqual(self.member("a")["state"], "maintenance")
        self.assertEqual(self.served(), {"b"})
        self.ctl("reload")
        self.assertEqual(self.member("a")["state"], "maintenance")  # what the operator said stays
        self.ctl("maintenance", "nodes/a", "off")
        self.assertEqual(self.served(), {"a", "b"})
        events = self.ctl("show", "events")["events"]
        self.assertTrue(any(e["of"] == "nodes/a" and e["to"] == "maintenance" for e in events), events)

    def test_errors_name_the_word(self):
        for words, error in (
                (("drain", "nodes/x"), '"x": no such member of pool nodes; expected a, b'),
                (("drain", "none/a"), '"none": no such pool; expected nodes'),
                (("drain", "nodes/a", "soon"), '"soon": unexpected; expected a time, as 90s, 10m or 1h'),
                (("weight", "nodes/a", "257"), '"257": unexpected; expected 0 to 256'),
                (("maintenance", "nodes/a", "maybe"), '"maybe": unexpected; expected on, off')):
            self.assertIn(error, self.ctl(*words, fails=True))


class Workers(unittest.TestCase):
    """Two of them, on queues that know nothing of flows: packets are handed over all the time."""

    FILE = HEAD.replace("workers = 0", "workers = 0, 1") + "connections = {connections}\n"

    def setUp(self):
        self.lab = small.Lab(self, queues=2)
        self.nodes = [Node(self, 8000, "a"), Node(self, 8001, "b")]
        self.write(NODES, 2000)
        self.process = self.lab.start(self.path)
        self.done, self.answers, self.faults = threading.Event(), 0, []

    connect, ask, get = Operate.connect, Operate.ask, Operate.get

    def write(self, more, connections):
        self.path = self.lab.write("penstock.ini",
                                   (self.FILE + more).format(socket=self.lab.socket, connections=connections))

    def load(self, fresh):
        wire = None
        while not self.done.is_set():
            try:
                wire = self.connect() if fresh or not wire else wire
                self.assertIn(self.get(wire), ("a", "b", "c"))
                self.answers += 1
                if fresh:
                    wire.close()
            except (EOFError, OSError, AssertionError) as fault:
                self.faults.append(repr(fault))
                wire = None

    def test_reload_under_load_fails_nobody(self):
        Node(self, 8002, "c")
        clients = [threading.Thread(target=self.load, args=(n % 2 == 0,)) for n in range(4)]
        for client in clients:
            client.start()
        for n in range(20):
            self.write((NODES, NODES + "member = c 10.98.2.11:8002\n", NODES.replace("8001", "8002"))[n % 3] +
                       ("[listener more]\naddress = 10.98.1.10:%d\npool = nodes\nconnections = 1000\n" % (81 + n)
                        if n % 2 else ""), 1000)
            done = self.lab.ctl("reload")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.done.wait(0.1)
        self.done.set()
        for client in clients:
            client.join()
        self.assertEqual(self.faults, [])
        self.assertGreater(self.answers, 100)
        small.wait_for(lambda: len(self.lab.show("snapshots")["snapshots"]) == 5, "the others are freed")
        self.assertEqual(self.lab.end(self.process), 0)


if __name__ == "__main__":
    unittest.main()
