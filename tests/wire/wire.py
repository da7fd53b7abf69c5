# SPDX-License-Identifier: BSD-3-Clause
"""The bench's end of the wire: one raw socket, many hosts on it.

Each case has hosts of its own, with MAC and addresses that nobody else has, so that cases run side by side. A thread
takes what the box sends and hands it to the host it is for; ARP and ND are answered there, unless a case forbids it.
"""
import collections
import errno
import itertools
import queue
import socket
import struct
import threading
import time

import frame

SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
SOL_PACKET, PACKET_STATISTICS, PACKET_IGNORE_OUTGOING = 263, 6, 23
NS, NA = 135, 136


class Host:
    """A station on the wire."""

    def __init__(self, wire, number, ip4=None, ip6=None):
        self.wire, self.number, self.borrowed = wire, number, bool(ip4 or ip6)
        self.mac = struct.pack("!HI", 0x0277, number)
        self.ip4 = ip4 or bytes((10, 77, 4 + number // 250, 1 + number % 250))
        self.ip6 = ip6 or frame.ip("fd00:77::") [:12] + struct.pack("!I", 0x10000 + number)
        self.answers = True  # to ARP and ND
        self.peers = {}  # (family, our port, the box's port) -> Peer
        self.syns = {}  # (family, our port) -> queue of SYNs that no peer waits for
        self.old = collections.deque(maxlen=40)  # the box's ports that earlier cases saw: their SYNs may come again
        self.others = queue.Queue()  # Packets other than TCP, and ARP as bytes
        self.trace = []  # what came and went, for the message of a failure

    def addr(self, family):
        return self.ip4 if family == 4 else self.ip6

    def say(self, text, when=None):
        self.trace.append("%9.3f  %s" % ((when or time.time()) - self.wire.began, text))

    def ether(self, kind, body, dst=None):
        self.wire.send(frame.ether(self.mac, dst or self.wire.box_mac, kind, body))

    def ip(self, family, proto, body, dst=None, mac=None, **f):
        """An IP packet to the box from this host."""
        src, dst = f.pop("src", self.addr(family)), dst or self.wire.box_addr(family)
        self.ether(frame.IP4 if family == 4 else frame.IP6, frame.packet(src, dst, proto, body, **f), mac)

    def icmp(self, family, kind, code, rest, **f):
        src, dst = f.get("src", self.addr(family)), f.get("dst") or self.wire.box_addr(family)
        self.ip(family, frame.ICMP4 if family == 4 else frame.ICMP6, frame.icmp(src, dst, kind, code, rest), **f)

    def take(self, wanted, within=8.0):
        """The next packet that is no TCP and for which wanted(packet) holds; None when the time is over."""
        end = time.monotonic() + within
        while True:
            try:
                got = self.others.get(timeout=max(0.001, end - time.monotonic()))
            except queue.Empty:
                return None
            if wanted(got):
                return got

    def advertise(self, target, dst, flags=0x60000000, hops=255, option=True):
        body = struct.pack("!I", flags) + target + (b"\x02\x01" + self.mac if option else b"")
        self.ip(6, frame.ICMP6, frame.icmp(target, dst, NA, 0, body), dst=dst, src=target, ttl=hops)


class Wire:
    """The raw socket on `interface`, which the calling thread's namespace must have."""

    def __init__(self, interface, ip4, ip6):
        self.ip4, self.ip6, self.box_mac = frame.ip(ip4), frame.ip(ip6), frame.BROADCAST
        self.began = time.time()
        self.hosts, self.by_addr, self.lock = {}, {}, threading.Lock()
        self.numbers, self.free = itertools.count(1), collections.deque()
        self.faults = []  # frames of the box that are wrong in themselves
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)  # whatever rmem_max says
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.sock.bind((interface, 3))
        threading.Thread(target=self.run, daemon=True).start()

    def box_addr(self, family):
        return self.ip4 if family == 4 else self.ip6

    def host(self, ip4=None, ip6=None, fresh=False):
        with self.lock:
            # The box keeps some thousand neighbours: stations come again, with the same MAC, after a good while.
            number = self.free.popleft() if len(self.free) > 150 and not fresh else next(self.numbers)
            h = Host(self, number, ip4, ip6)
            self.hosts[h.mac] = self.by_addr[h.ip4] = self.by_addr[h.ip6] = h
        return h

    def forget(self, host):
        """The case is over. The station goes on answering ARP and ND, or the box would take it for dead; not so for an
        address that it borrowed."""
        with self.lock:
            host.peers, host.syns, host.answers = {}, {}, True
            if host.borrowed:
                self.by_addr.pop(host.ip4, None)
                self.by_addr.pop(host.ip6, None)
            else:
                self.free.append(host.number)

    def send(self, data, within=5.0):
        """While the other end's backlog is full, the kernel takes nothing: it is asked again."""
        until = time.monotonic() + within
        while True:
            try:
                self.sock.send(data if len(data) >= 60 else data + bytes(60 - len(data)))
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS or time.monotonic() > until:
                    raise
                time.sleep(0.001)

    def dropped(self):
        """Frames for which there was no room here; reading sets it to 0."""
        return struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]

    def find_box(self, within=10.0):
        """Learn the box's MAC by ARP. False: it does not answer."""
        h = self.host()
        end = time.monotonic() + within
        while time.monotonic() < end:
            h.ether(frame.ARP, frame.arp(1, h.mac, h.ip4, bytes(6), self.ip4), frame.BROADCAST)
            got = h.take(lambda p: isinstance(p, bytes) and p[20:22] == b"\x00\x02", 0.3)
            if got:
                self.box_mac = got[22:28]
                return True
        return False

    def run(self):
        while True:
            try:
                data, control, _, _ = self.sock.recvmsg(65536, 64)
            except OSError:
                return  # the wire was taken down
            when = time.time()
            if control:
                sec, nsec = struct.unpack("qq", control[0][2][:16])
                when = sec + nsec / 1e9
            try:
                self.frame_input(data, when)
            except (ValueError, struct.error, IndexError) as e:
                self.faults.append("%s: %s" % (e, data[:120].hex()))
                host = self.hosts.get(data[:6])
                if host:
                    host.say("BAD FRAME: %s" % e, when)

    def frame_input(self, data, when):
        kind = struct.unpack("!H", data[12:14])[0]
        if kind == frame.ARP:
            self.arp_input(data)
        elif kind in (frame.IP4, frame.IP6):
            p = frame.Packet(data)
            if p.proto == frame.TCP:
                self.tcp_input(p, when)
            else:
                self.other_input(p)

    def arp_input(self, data):
        host = self.hosts.get(data[:6]) or self.by_addr.get(data[38:42])
        if not host:
            return
        host.others.put(data)
        if host.answers and data[20:22] == b"\x00\x01" and data[28:32] == self.ip4 and data[38:42] == host.ip4:
            host.ether(frame.ARP, frame.arp(2, host.mac, host.ip4, data[22:28], data[28:32]), data[22:28])

    def other_input(self, p):
        host = self.hosts.get(p.mac_dst) or self.by_addr.get(p.dst)
        if p.proto == frame.ICMP6 and p.body[0] == NS:
            host = self.by_addr.get(p.body[8:24])
            if host and host.answers:
                host.advertise(host.ip6, p.src)
        for h in [host] if host else list(self.hosts.values()) if p.mac_dst[0] & 1 else []:
            h.others.put(p)

    def tcp_input(self, p, when):
        host = self.hosts.get(p.mac_dst)
        if not host:
            return
        s = frame.Segment(p, time.monotonic(), when)
        family = 4 if len(p.src) == 4 else 6
        host.say("< " + text(s), when)
        peer = host.peers.get((family, s.dport, s.sport))
        if peer:
            peer.inbox.put(s)
        elif s.flags.startswith("S") and "A" not in s.flags and (family, s.dport) in host.syns and s.sport not in host.old:
            host.syns[family, s.dport].put(s)


def text(s):
    opts = []
    if s.mss:
        opts.append("mss %d" % s.mss)
    if s.ws is not None:
        opts.append("ws %d" % s.ws)
    if 4 in s.opts:
        opts.append("sackok")
    if s.sack:
        opts.append("sack " + " ".join("%d-%d" % b for b in s.sack))
    if s.ts:
        opts.append("ts %d/%d" % s.ts)
    return "%d>%d %s seq %d len %d ack %d wnd %d%s%s" % (
        s.sport, s.dport, s.flags, s.seq, s.len, s.ack, s.wnd, " <%s>" % ", ".join(opts) if opts else "",
        " ecn %d" % s.ip.ecn if s.ip.ecn else "")
