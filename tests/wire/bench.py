# SPDX-License-Identifier: BSD-3-Clause
"""Where the cases run: two namespaces, a veth pair, the box in one of them (the appliance, or Linux's own TCP for
comparison), the bench's raw socket in the other.

    px-bench  px0 ==== px1  px-box        hosts 10.77.0.0/16 and fd00:77::/64, the box is .10 and ::10
"""
import ctypes
import fcntl
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

import frame
from peer import Failed, Peer
from wire import Wire

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BOX4, BOX6 = "10.77.0.10", "fd00:77::10"
ECHO, CLOSED, LANE, NODE = 7, 9, 8000, 9000
LANES = 6  # a family
LOCK = "/run/penstock-wire.lock"
TIME_WAIT, KEEPALIVE = 2, 10  # seconds, as the appliance is configured


def lane_member(family, i):
    return "10.77.1.%d" % (i + 1) if family == 4 else "fd00:77::2:%x" % (i + 1)


def lane_port(family, i):
    return LANE + i + (0 if family == 4 else 100)


def endpoint(addr, port):
    return "%s:%d" % ("[%s]" % addr if ":" in addr else addr, port)


def configuration(directory):
    text = """[global]
idle = sleep
memory = 256M
hugepages = no
socket = %s/sock
drain = 1s

[port wire]
device = net_af_packet0,iface=px1,framecnt=8192
address = %s/16, %s/64

[tcp]
receive-buffer = 256K
send-buffer = 256K
keepalive = %ds
time-wait = %ds

[listener echo]
address = %s, %s
mode = echo
connections = 10000
""" % (directory, BOX4, BOX6, KEEPALIVE, TIME_WAIT, endpoint(BOX4, ECHO), endpoint(BOX6, ECHO))
    for family, box in ((4, BOX4), (6, BOX6)):
        for i in range(LANES):
            text += """
[listener lane%d-%d]
address = %s
mode = splice
connections = 1000
pool = lane%d-%d

[pool lane%d-%d]
member = node %s
connect-timeout = 60s
retries = 0
""" % (family, i, endpoint(box, lane_port(family, i)), family, i, family, i, endpoint(lane_member(family, i), NODE))
    return text


def shell(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Bench:
    """The namespaces, the box and the wire. Made and taken down once for all cases."""

    def __init__(self, target, build):
        self.target, self.build, self.process, self.locked = target, build, None, None
        self.directory = tempfile.mkdtemp(prefix="penstock-wire-")
        self.lanes = {4: queue.Queue(), 6: queue.Queue()}

    def up(self):
        self.lock()
        self.namespaces_delete()
        for ns in ("px-bench", "px-box"):
            shell("ip", "netns", "add", ns)
        shell("ip", "link", "add", "px0", "netns", "px-bench", "type", "veth", "peer", "name", "px1", "netns", "px-box")
        for ns, dev in (("px-bench", "px0"), ("px-box", "px1")):
            # A real wire carries neither unfinished checksums nor packets longer than its MTU.
            shell("ip", "netns", "exec", ns, "ethtool", "-K", dev, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
            shell("ip", "-n", ns, "link", "set", "lo", "up")
        self.bare("px-bench", "px0")
        if self.target == "linux":
            self.linux_up()
        else:
            self.bare("px-box", "px1")
            self.spawn(self.build + "/app/penstock/penstock", "--config", self.write("wire.ini", configuration(self.directory)))
        enter("px-bench")
        self.wire = Wire("px0", BOX4, BOX6)
        if not self.wire.find_box(20.0) or not self.listens(20.0):
            raise RuntimeError("the box does not answer; its log:\n" + self.log())
        for family in (4, 6):
            for i in range(LANES):
                member = frame.ip(lane_member(family, i))
                host = self.wire.host(ip4=member if family == 4 else None, ip6=member if family == 6 else None)
                self.lanes[family].put((host, lane_port(family, i)))

    def lock(self):
        """The namespaces are one pair a machine: a second run waits until the first has ended."""
        file = open(LOCK, "w", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run has the namespaces: waiting for its end", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        self.locked = file  # until this process ends

    def listens(self, within):
        """Wait for a SYN-ACK of the last listener of each family."""
        host, end = self.wire.host(), time.monotonic() + within
        for family, port in ((4, ECHO), (6, lane_port(6, LANES - 1))):
            while True:
                p = Peer(host, family, port)
                p.syn()
                s = p.next(0.5)
                p.close()
                if s and s.flags == "SA":
                    break
                if time.monotonic() > end or not self.alive():
                    return False
                time.sleep(0.1)
        return True

    @staticmethod
    def bare(ns, dev):
        """The kernel keeps silent on this device: neither IPv6 nor ARP."""
        shell("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % dev)
        shell("ip", "-n", ns, "link", "set", dev, "arp", "off", "up")

    def linux_up(self):
        for word in ("ipv4.tcp_no_metrics_save=1", "ipv4.tcp_keepalive_time=%d" % KEEPALIVE, "ipv4.tcp_keepalive_intvl=5",
                     "ipv4.tcp_ecn=1", "ipv4.icmp_ratelimit=0", "ipv6.icmp.ratelimit=0"):
            shell("ip", "netns", "exec", "px-box", "sysctl", "-qw", "net." + word)
        shell("ip", "-n", "px-box", "address", "add", BOX4 + "/16", "dev", "px1")
        shell("ip", "-n", "px-box", "address", "add", BOX6 + "/64", "dev", "px1", "nodad")
        shell("ip", "-n", "px-box", "link", "set", "px1", "up")
        self.spawn(sys.executable, os.path.join(HERE, "kernel.py"))

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def spawn(self, *words):
        with open(os.path.join(self.directory, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(("ip", "netns", "exec", "px-box") + words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def log(self):
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-3000:]

    def alive(self):
        return self.process.poll() is None

    def ctl(self, *words):
        """What the appliance's shell says, or "" for another box."""
        if self.target != "penstock":
            return ""
        done = subprocess.run((self.build + "/app/penstockctl/penstockctl", "-s", self.directory + "/sock") + words,
                              capture_output=True, text=True, timeout=30, check=False)
        return done.stdout

    def down(self):
        """The box's exit code, 0 where it ended as it should."""
        rc = 0
        if self.process:
            self.process.terminate()
            try:
                rc = self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                rc = self.process.wait()
        if self.locked:
            self.namespaces_delete()
        return rc if self.target == "penstock" else 0

    @staticmethod
    def namespaces_delete():
        for ns in ("px-bench", "px-box"):
            if not os.path.exists("/run/netns/" + ns):
                continue
            pids = subprocess.run(("ip", "netns", "pids", ns), capture_output=True, text=True, check=False).stdout.split()
            for pid in pids:
                if int(pid) != os.getpid():
                    subprocess.run(("kill", "-9", pid), stderr=subprocess.DEVNULL, check=False)
            subprocess.run(("ip", "netns", "delete", ns), check=False)


def enter(ns):
    """This thread, and the sockets it opens, into the namespace."""
    with open("/run/netns/" + ns, encoding="ascii") as f:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(f.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + ns)


class Lane:
    """A splice listener with one member, which we play: front is our client, syn() waits for the box's connect."""

    def __init__(self, t, host, port):
        self.t, self.host = t, host
        self.front = t.peer(port)
        self.queue = host.syns[t.family, NODE] = queue.Queue()

    def syn(self, within=10.0):
        """The SYN of the box as a segment, and a Peer that may answer it."""
        try:
            s = self.queue.get(timeout=within)
        except queue.Empty:
            raise Failed("the box does not connect within %.0f s" % within) from None
        node = Peer(self.host, self.t.family, s.sport, NODE)
        self.t.peers.append(node)
        return s, node

    def open(self, front=None, **node):
        """Both sides established; returns (front, node). front and node are offers of options."""
        self.front.establish(**(front or {}))
        s, peer = self.syn()
        peer.accept(s, **node)
        peer.expect("A", seq=peer.ack, ack=peer.seq)
        return self.front, peer


class Case:
    """What a case is given."""

    def __init__(self, bench, family):
        self.bench, self.family, self.wire = bench, family, bench.wire
        self.hosts, self.peers, self.lane_taken = [], [], None
        self.v4 = family == 4
        self.linux = bench.target == "linux"

    def host(self, **about):
        """A station; fresh: one that the box has never heard of."""
        h = self.wire.host(**about)
        self.hosts.append(h)
        return h

    def peer(self, port=ECHO, host=None, sport=None):
        p = Peer(host or self.host(), self.family, port, sport)
        self.peers.append(p)
        return p

    def connect(self, **offer):
        """An established connection with the echo listener."""
        return self.peer().establish(**offer)

    def lane(self):
        self.lane_taken = self.bench.lanes[self.family].get()
        host, port = self.lane_taken
        host.trace.clear()
        self.hosts.append(host)
        return Lane(self, host, port)

    def check(self, holds, text):
        if not holds:
            raise Failed(text)

    def backs_off(self, gaps, first=0.2):
        """Each of these times between repeats, seconds, is at least twice the one before, the first known. A busy
        machine makes any of them longer, so they are not compared with one another."""
        self.check(all(gap > 0.9 * first * 2**i for i, gap in enumerate(gaps)), "no backoff: %s" % gaps)

    def trace(self):
        lines = []
        for h in self.hosts:
            lines += ["    " + line for line in h.trace[:12] + h.trace[12:][-26:]]
        return "\n".join(sorted(lines, key=lambda line: float(line.split()[0])))

    def end(self):
        for p in self.peers:
            p.close()
        if self.lane_taken:
            host = self.lane_taken[0]
            time.sleep(0.05)
            host.old.extend(p.port for p in self.peers if p.host is host)
            host.peers.clear()
            host.syns.clear()
            self.bench.lanes[self.family].put(self.lane_taken)
        for h in self.hosts:
            if not self.lane_taken or h is not self.lane_taken[0]:
                self.wire.forget(h)


# The list of cases, filled by @case as the modules are read.
cases = []
lock = threading.Lock()


def case(rfc, **about):
    """A case: rfc is what it shows, by section ("9293 3.10.7.1"). about: families (default both), linux (why Linux
    differs), ours (False: nothing that Linux could be asked), alone (True: no other case may run), slow (seconds)."""
    def add(function):
        for family in about.get("families", (4, 6)):
            cases.append({"name": "%s.%s/%d" % (function.__module__, function.__name__, family), "function": function,
                          "family": family, "rfc": rfc, **about})
        return function
    return add
