# SPDX-License-Identifier: BSD-3-Clause
"""app/wan between two hosts: what it does to their packets, and the operator's mistakes."""
import json
import os
import re
import signal
import subprocess
import sys
import unittest

import small

WAN = os.path.join(small.BUILD, "app/wan/penstock-wan")
A, B = "net_af_packet0,iface=front0", "net_af_packet1,iface=back0"
ONE, OTHER = "10.98.3.1", "10.98.3.2"

# Two ends of one transfer: every byte tells its place.
SEND = """import socket, sys
data = b"".join(i.to_bytes(8, "big") for i in range(int(sys.argv[1]) // 8))
with socket.create_connection((sys.argv[2], 9000)) as s:
    s.sendall(data); s.shutdown(socket.SHUT_WR); s.recv(1)
"""
RECEIVE = """import socket, sys, time
s = socket.create_server(("", 9000)); print("ready", flush=True); s = s.accept()[0]
began, data = time.monotonic(), bytearray()
while (part := s.recv(1 << 20)): data += part
took = time.monotonic() - began
print(data == b"".join(i.to_bytes(8, "big") for i in range(int(sys.argv[1]) // 8)), took)
"""
# Frames that no IP stack would have: two tags, no IP, a broadcast, the shortest and the longest.
FRAMES = """
FRAMES = [bytes.fromhex("020000000009" "020000000008") + rest for rest in (
    b"\\x81\\x00\\x20\\x07\\x81\\x00\\x00\\x09\\x88\\xb5" + b"double" * 9, b"\\x81\\x00\\xe0\\x07\\x88\\xb5" + b"tagged" * 9,
    b"\\x88\\xb5" + b"s" * 46, b"\\x88\\xb5" + b"l" * 1500)]
FRAMES.append(b"\\xff" * 6 + FRAMES[2][6:])
"""
SEND_RAW = FRAMES + """
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("client0", 0))
for f in FRAMES: s.send(f)
"""
RECEIVE_RAW = FRAMES + """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("storage0", 3)); s.settimeout(30)
s.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel keeps the outer tag there
print("ready", flush=True)
want = list(FRAMES)
while want:
    data, aux = s.recvmsg(2000, 100)[:2]
    status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", aux[0][2])
    if status & 0x10: data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    if data in want: want.remove(data)
print("all")
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        for name, device, address in (("client", "client0", ONE), ("storage", "storage0", OTHER)):
            small.run("ip", "-n", self.lab.prefix + name, "address", "add", address + "/24", "dev", device)

    def wan(self, *options):
        """Starts it and waits until it forwards."""
        command = (WAN, "--json", "--packets", 8192, *options, A, B)
        process = self.lab.spawn("appliance", *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def end(self, process, how=signal.SIGTERM):
        """Its counters, which must add up."""
        process.send_signal(how)
        return self.ended(process)[0]

    def ended(self, process):
        """((a to b, b to a), the lines of --stats)"""
        out, err = process.communicate(timeout=small.WITHIN)
        self.assertEqual((process.returncode, err), (0, ""))
        *lines, counters = [json.loads(line) for line in out.splitlines()]
        for way in counters.values():
            self.assertEqual(way["packets"] + way["duplicated"],
                             sum(way[fate] for fate in ("passed", "lost", "burst_lost", "link_down", "queue_full", "no_room",
                                                        "left")))
            # The kernel gives a sent buffer back when the receiver has it, which a busy machine may put off.
            self.assertLessEqual(way["unsent"], way["packets"] // 100)
        return (counters["a_to_b"], counters["b_to_a"]), lines

    def script(self, text):
        path = os.path.join(self.lab.directory, "day.wan")
        with open(path, "w") as file:
            file.write(text)
        return path

    def ping(self, *options):
        """Times in ms, the shortest first."""
        out = self.lab.inside("client", "ping", *options, OTHER, stdout=subprocess.PIPE, text=True).stdout
        return sorted(float(word) for word in re.findall(r" time=([\d.]+) ms", out))

    def promiscuous(self):
        links = json.loads(small.run("ip", "-n", self.lab.prefix + "appliance", "-j", "-d", "link",
                                     stdout=subprocess.PIPE).stdout)
        return {link["ifname"]: link["promiscuity"] for link in links}

    def python(self, name, text, *words):
        return self.lab.spawn(name, sys.executable, "-c", text, *words, stdout=subprocess.PIPE, text=True)

    def transfer(self, size):
        """Seconds that it took; every byte must arrive in its place."""
        receiver = self.python("storage", RECEIVE, size)
        receiver.stdout.readline()
        sender = self.python("client", SEND, size, OTHER)
        same, took = receiver.communicate(timeout=120)[0].split()
        self.assertEqual(same, "True")
        sender.communicate(timeout=small.WITHIN)
        return float(took)


class Wan(Case):
    def test_delay(self):
        process = self.wan("--delay", "20ms", "--idle", "sleep")
        self.ping("-c", "1")  # whose ARP takes a round trip too
        times = self.ping("-c", "30", "-i", "0.03")
        self.assertGreaterEqual(times[0], 40)
        self.assertLess(times[0], 42)
        self.assertLess(times[len(times) // 2], 50)
        self.end(process)

    def test_one_way_each(self):
        process = self.wan("--a-to-b", "--delay", "5ms", "--b-to-a", "--delay", "15ms", "--jitter", "5ms", "--both",
                           "--duplicate", "100%", "--idle", "sleep")
        self.ping("-c", "1")
        times = self.ping("-c", "50", "-i", "0.02")
        self.assertGreaterEqual(times[0], 15)
        self.assertGreater(times[-1] - times[0], 4)
        there, back = self.end(process)
        self.assertEqual(there["duplicated"], there["packets"])
        self.assertGreater(back["packets"], 50)

    def test_loss(self):
        process = self.wan("--a-to-b", "--loss", "20%", "--idle", "sleep")
        subprocess.run(["ip", "netns", "exec", self.lab.prefix + "client", "ping", "-q", "-c", "500", "-i", "0.002", OTHER],
                       stdout=subprocess.DEVNULL)
        there, back = self.end(process)
        self.assertAlmostEqual(there["lost"] / there["packets"], 0.2, delta=0.08)
        self.assertEqual(back["lost"], 0)

    def test_transfer(self):
        process = self.wan("--delay", "1ms", "--loss", "1%", "--reorder", "2%", "--duplicate", "1%", "--corrupt", "1%",
                           "--idle", "sleep")
        self.transfer(4 << 20)
        there, back = self.end(process, signal.SIGINT)
        for what in ("lost", "reordered", "duplicated", "corrupted"):
            self.assertGreater(there[what], 0, what)

    def test_rate(self):
        """Never faster; and not much slower, 1.8 s at the full rate, in one of three tries."""
        tries = []
        while len(tries) < 3 and not any(took < 4 for took in tries):
            process = self.wan("--rate", "20M", "--queue", "64K", "--idle", "sleep")
            tries.append(self.transfer(4 << 20))
            there, _ = self.end(process)
            self.assertGreater(tries[-1], there["bytes"] * 8 / 20e6 - 0.1)
        self.assertLess(min(tries), 4)

    def test_link_down(self):
        process = self.wan("--idle", "sleep", "--stats", "--duration", "3.5s", "--script",
                           self.script("1s link down for 1s\n3s b-to-a delay 30ms # and then it ends\n"))
        self.ping("-c", "1")
        self.lab.inside("client", "ping", "-q", "-c", "30", "-i", "0.1", OTHER, stdout=subprocess.DEVNULL)
        (there, back), lines = self.ended(process)
        self.assertTrue(5 <= there["link_down"] <= 20, there)  # kernels have a word of their own now and then
        self.assertGreater(there["passed"], 10)
        self.assertEqual([(line["time"], line["line"]) for line in lines if "line" in line], [(1, 1), (2, 1), (3, 2)])
        seconds = [line for line in lines if "a_to_b" in line]
        self.assertEqual([int(line["time"]) for line in seconds], [1, 2, 3])
        self.assertEqual(seconds[1]["a_to_b"]["dropped"], there["link_down"])
        self.assertGreaterEqual(back["delay_us"]["max"], 30000)
        self.assertLess(there["delay_us"]["p50"], 1000)

    def test_rate_drops(self):
        process = self.wan("--idle", "sleep", "--rate", "50M", "--queue", "64K", "--script",
                           self.script("200 ms a-to-b rate 4M\n"))
        took = self.transfer(2 << 20)
        there, _ = self.end(process)
        self.assertGreater(took, 0.2 + (2 * 2**20 - 0.2 * 50e6 / 8) * 8 / 4e6 - 0.2)
        self.assertLess(took, 6)
        self.assertTrue(10 << 10 <= there["queue_peak"] <= 64 << 10, there)  # a sender may leave room
        self.assertGreater(there["delay_us"]["max"], 20000)  # 10 KiB at the new rate; at the old one it is 1600

    def test_any_frame(self):
        process = self.wan()
        self.assertEqual([self.promiscuous()[name] for name in ("front0", "back0")], [1, 1])
        receiver = self.python("storage", RECEIVE_RAW)
        receiver.stdout.readline()
        self.python("client", SEND_RAW).wait()
        self.assertEqual(receiver.communicate(timeout=2 * small.WITHIN)[0], "all\n")
        self.end(process)

    def test_device_goes(self):
        process = self.wan("--idle", "sleep")
        small.run("ip", "-n", self.lab.prefix + "client", "link", "delete", "client0")
        _, err = process.communicate(timeout=small.WITHIN)
        self.assertEqual((process.returncode, err), (1, "penstock-wan: port a: the device is gone\n"))


class Mistakes(Case):
    def test_one_line(self):
        before = self.promiscuous()
        day = self.script("1s link down\n1s loss 2\n")
        for code, line, *words in (
                (2, "two devices are wanted, 1 given", A),
                (2, "--delay: '20': a time up to 100s, like 20ms is wanted", "--delay", "20", A, B),
                (2, day + ":2: '2': a share like 0.1% is wanted", "--script", day, A, B),
                (2, "--script: nosuch: No such file or directory", "--script", "nosuch", A, B),
                (1, "port b: there is no interface 'nosuch'", A, "net_af_packet1,iface=nosuch"),
                (1, "port b: device net_af_packet0 is in use by another port", A, "net_af_packet0,iface=back0"),
                (1, "port a: DPDK has no driver for device 'nosuch': a PCI address or DRIVER,ARGUMENTS is wanted", "nosuch", B),
                (1, "--core: core 1000 does not exist or may not be used", "--core", "1000", A, B)):
            with self.subTest(line):
                done = subprocess.run(["ip", "netns", "exec", self.lab.prefix + "appliance", WAN, *words],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * small.WITHIN)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "", "penstock-wan: %s\n" % line))
                self.assertEqual(self.promiscuous(), before)


if __name__ == "__main__":
    unittest.main()
