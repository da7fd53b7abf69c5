# SPDX-License-Identifier: BSD-3-Clause
"""Kernel TCP and ours over a bad wire, both ways at once: client0 -- front0 -- app/wan -- w0 -- w1 -- Penstock.

Penstock is in the namespace storage: net_af_packet numbers its groups of sockets by process and interface, and two
processes in one namespace may get the same number.
"""
import os
import subprocess
import sys
import unittest

import small

WAN = os.path.join(small.BUILD, "app/wan/penstock-wan")
INI = """[global]
workers = 0
idle = sleep
hugepages = no
memory = 160M
socket = %s

[tcp]
congestion = %s

[port front]
device = net_af_packet0,iface=w1,framecnt=4096
address = 10.98.1.10/24, fd00:98:1::10/64

[listener echo]
address = 10.98.1.10:7, [fd00:98:1::10]:7
mode = echo
"""
# Some connections, each with bytes of its own; all of them must come back in their place.
ECHO = """import random, socket, sys, threading
host, flows, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
wrong = []
def one(seed):
    data = random.Random(seed).randbytes(size)
    with socket.create_connection((host, 7), timeout=100) as s:
        sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        sender.start()
        back = bytearray()
        while part := s.recv(1 << 20):
            back += part
        sender.join()
        if back != data:
            wrong.append((seed, len(back)))
threads = [threading.Thread(target=one, args=(i,)) for i in range(flows)]
[t.start() for t in threads]
[t.join() for t in threads]
print("same" if not wrong else wrong)
"""


class Interop(unittest.TestCase):
    """Every byte comes back, whatever the wire does to the packets of either side."""

    def begin(self, congestion, *options):
        self.lab = small.Lab(self)
        self.lab.wire("storage", "w1", "w0", ())
        self.lab.inside("storage", "sysctl", "-qw", "net.ipv6.conf.w1.disable_ipv6=1")
        wan = self.lab.spawn("appliance", WAN, "--packets", 8192, "--idle", "sleep", "--seed", 7, *options,
                             "net_af_packet0,iface=front0", "net_af_packet1,iface=w0", stdout=subprocess.PIPE, text=True)
        self.assertEqual(wan.stdout.readline(), "ready\n")
        ini = self.lab.write("penstock.ini", INI % (self.lab.socket, congestion))
        with open(os.path.join(self.lab.directory, "log"), "ab") as log:
            self.box = self.lab.spawn("storage", small.BINARY, "--config", ini, stderr=log)
        self.lab.up(self.box)

    def echo(self, flows, size):
        for family in (4, 6):
            process = self.lab.spawn("client", sys.executable, "-c", ECHO, small.Lab.FRONT[family], flows, size,
                                     stdout=subprocess.PIPE, text=True)
            self.assertEqual(process.communicate(timeout=150)[0], "same\n")
        self.assertEqual(self.lab.end(self.box), 0)

    def test_everything_at_once(self):
        self.begin("cubic", "--delay", "3ms", "--jitter", "1ms", "--loss", "1%", "--reorder", "1%", "--duplicate", "1%",
                   "--corrupt", "0.5%")
        self.echo(4, 1000000)

    def test_bursts(self):
        self.begin("newreno", "--delay", "2ms", "--burst-loss", "1%,5")
        self.echo(4, 1000000)

    def test_narrow(self):
        self.begin("cubic", "--delay", "5ms", "--rate", "30M", "--queue", "48K")
        self.echo(8, 400000)

    def test_bbr(self):
        self.begin("bbr", "--delay", "5ms", "--rate", "50M", "--queue", "128K", "--loss", "2%", "--reorder", "1%")
        self.echo(4, 1000000)


if __name__ == "__main__":
    unittest.main()
