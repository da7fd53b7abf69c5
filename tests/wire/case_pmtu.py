# SPDX-License-Identifier: BSD-3-Clause
"""Path MTU: RFC 1191, 8201, 4821, and the checks of ICMP errors in RFC 5927."""
import struct
import time

import frame
from bench import BOX4, case
from peer import diff


def too_big(p, s, mtu, seq=None, bytes_=28, kind=None, code=None, src=None):
    """A router says that segment s was too big; seq: another number in the quotation."""
    body = frame.tcp(s.ip.src, s.ip.dst, sport=s.sport, dport=s.dport, seq=s.seq if seq is None else seq, ack=s.ack, flags=0x10,
                     wnd=s.wnd)
    quoted = frame.packet(s.ip.src, s.ip.dst, frame.TCP, body[:bytes_], length=s.ip.length - (0 if p.family == 4 else 40))
    if p.family == 4:
        p.host.icmp(4, 3 if kind is None else kind, 4 if code is None else code, struct.pack("!HH", 0, mtu) + quoted)
    else:
        p.host.icmp(6, 2 if kind is None else kind, 0 if code is None else code, struct.pack("!I", mtu) + quoted)
    p.host.say("> ICMP too big, MTU %d, quoting seq %d" % (mtu, s.seq if seq is None else seq))


def flight(t):
    """A connection with full segments in flight."""
    p = t.connect(delay=0.3)
    p.write(b"m" * 1400 * 30)
    return p, p.burst(5, 0.1)


def sizes(p, seconds):
    """Largest IP packet with data that comes in that time, 0 for none."""
    return max([s.ip.length for s in p.drain(seconds) if s.len] or [0])


def finish(t, p):
    end = time.monotonic() + 20
    p.ack = p.seen
    p.send()
    while time.monotonic() < end:
        s = p.next(0.5)
        if s is None:
            break
        if s.len:
            p.ack = p.seen
            p.send()
    p.echo(b"still alive")


@case("1191 3, 4")
def df_is_set(t):
    """All our IPv4 packets carry DF, so that we hear of what does not fit."""
    p = t.connect()
    p.write(b"x")
    s = p.expect(None, where=lambda s: s.len)
    t.check(s.ip.frag & 0x4000, "no DF")


@case("1191 6.4, 8201 5.2; pitfall 19")
def smaller_at_once(t):
    """Too big: what is in flight comes again in pieces that fit, at once."""
    p, segs = flight(t)
    too_big(p, segs[0], 1300)
    s = p.expect(None, 3, where=lambda s: s.len and s.old and s.seq == segs[0].seq)
    t.check(s.ip.length <= 1300, "a packet of %d after an MTU of 1300" % s.ip.length)
    t.check(s.ip.length > 1200, "a packet of %d, 1300 would fit" % s.ip.length)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.2) <= 1300, "larger again")
    finish(t, p)


@case("5927 4.1; pitfall 19: forged")
def forged_number(t):
    """A quoted sequence number that is not in flight: forged, ignored."""
    p, segs = flight(t)
    too_big(p, segs[0], 1300, seq=segs[0].seq - 100000)
    too_big(p, segs[0], 1300, seq=p.seen + 100000)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.3) > 1300, "a forged message made packets smaller")
    finish(t, p)


@case("5927 4.1; pitfall 19: forged")
def forged_ports(t):
    """A quotation of a connection that does not exist."""
    p, segs = flight(t)
    s = segs[0]
    s.dport ^= 1
    too_big(p, s, 1300)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.3) > 1300, "a forged message made packets smaller")
    finish(t, p)


@case("1191 3; 8201 4: floor", linux="IPv4: its floor is 552 (min_pmtu)")
def floor(t):
    """An absurdly small MTU is not believed below the minimum: 1280, or 576 for IPv4."""
    p, segs = flight(t)
    too_big(p, segs[0], 68 if t.v4 else 600)
    p.ack = p.seen
    got = [s for s in p.drain(0.3) if s.len]
    p.send()
    got += [s for s in p.drain(0.3) if s.len]
    t.check(max(s.ip.length for s in got) >= (576 if t.v4 else 1280) - 16, "packets of %d" % max(s.ip.length for s in got))
    finish(t, p)


@case("1191 6.4; 8201 4")
def larger_is_ignored(t):
    """A message that tells an MTU we do not exceed changes nothing."""
    p, segs = flight(t)
    too_big(p, segs[0], 9000)
    too_big(p, segs[0], 1500)
    t.check(not [s for s in p.drain(0.15) if s.old], "sent again for nothing")
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.2) > 1400, "packets got smaller")
    finish(t, p)


@case("1191 5: routers of old", families=(4,))
def old_router(t):
    """MTU 0: from a router that does not say; something smaller is tried."""
    p, segs = flight(t)
    too_big(p, segs[0], 0)
    s = p.expect(None, 6, where=lambda s: s.len and s.old and s.seq == segs[0].seq)
    t.check(s.ip.length < 1500, "a packet of %d again" % s.ip.length)
    finish(t, p)


@case("5927 6; 1122 4.2.3.9: soft errors")
def unreachable_does_not_kill(t):
    """Unreachables, hard ones too, end no established connection."""
    p, segs = flight(t)
    for code in range(6 if t.v4 else 7):
        if t.v4 and code == 4:
            continue
        too_big(p, segs[0], 0, kind=3 if t.v4 else 1, code=code)
    too_big(p, segs[0], 0, kind=11 if t.v4 else 3, code=0)
    t.check(not [s for s in p.drain(0.2) if "R" in s.flags], "reset")
    finish(t, p)


@case("792; 6633: source quench", families=(4,))
def source_quench(t):
    p, segs = flight(t)
    too_big(p, segs[0], 0, kind=4, code=0)
    finish(t, p)


@case("1122 3.2.2.1: short quotation")
def quotation_short(t):
    """Less than eight bytes of TCP quoted, and none: ignored."""
    p, segs = flight(t)
    for n in (0, 4, 7):
        too_big(p, segs[0], 1300, bytes_=n)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.2) > 1300, "believed")
    finish(t, p)


@case("1191 6.4: eight bytes are enough")
def quotation_of_eight_bytes(t):
    p, segs = flight(t)
    too_big(p, segs[0], 1300, bytes_=8)
    s = p.expect(None, 3, where=lambda s: s.len and s.old)
    t.check(s.ip.length <= 1300, "a packet of %d" % s.ip.length)
    finish(t, p)


@case("792: a quotation that was not sent by us")
def quotation_of_a_stranger(t):
    """An error about a packet from another address."""
    p, segs = flight(t)
    s = segs[0]
    s.ip.src = frame.ip("10.77.0.11" if t.v4 else "fd00:77::11")
    too_big(p, s, 1300)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.2) > 1300, "believed")
    finish(t, p)


@case("1191; ICMP with a wrong checksum")
def checksum_wrong(t):
    p, segs = flight(t)
    s = segs[0]
    quoted = frame.packet(s.ip.src, s.ip.dst, frame.TCP, frame.tcp(s.ip.src, s.ip.dst, sport=s.sport, dport=s.dport, seq=s.seq, flags=16))
    body = struct.pack("!BBHHH", 3, 4, 0x1234, 0, 1300) + quoted if t.v4 else struct.pack("!BBHI", 2, 0, 0x1234, 1300) + quoted
    p.host.ip(t.family, frame.ICMP4 if t.v4 else frame.ICMP6, body)
    p.ack = p.seen
    p.send()
    t.check(sizes(p, 0.2) > 1300, "believed")
    finish(t, p)


@case("1191: a flood of messages", slow=1)
def flood(t):
    """Many messages do not multiply what is sent."""
    p, segs = flight(t)
    for _ in range(30):
        too_big(p, segs[0], 1300)
    got = [s for s in p.drain(0.3) if s.len]
    t.check(len(got) <= 60, "%d packets for 30 messages" % len(got))
    finish(t, p)


@case("4821 7; 2923 2.1: black hole; pitfall 19", slow=25, linux="tcp_mtu_probing is off by default")
def black_hole(t):
    """Full packets vanish without a word, small ones get through: the box finds out."""
    p = t.connect(delay=0.1)
    p.write(b"h" * 14000)
    end, at, small = time.monotonic() + 40, (p.irs + 1) & 0xFFFFFFFF, False
    p.ack = at
    total = (at + 14000) & 0xFFFFFFFF
    while time.monotonic() < end and diff(total, at) > 0:
        s = p.next(end - time.monotonic())
        if s and s.len and s.ip.length <= 1400:
            small = True
            if s.seq == at:
                at = s.end
                p.ack = at
                p.send()
    t.check(small, "only full packets for 40 s")
    t.check(at == total, "stuck at %d of 14000 bytes" % (14000 - diff(total, at)))


class Narrow:
    """A receiver behind a link of that MTU, which drops what is larger without a word."""

    def __init__(self, p, mtu):
        self.p, self.mtu, self.base, self.at, self.held, self.sent = p, mtu, p.ack, 0, [], []

    def next(self, within=15):
        """The next data segment, arrived or not, and its time; None: none came."""
        end = time.monotonic() + within
        while True:
            s = self.p.next(end - time.monotonic())
            if s is None or s.len:
                break
        if s is None:
            return None
        self.sent.append(s)
        if s.ip.length <= self.mtu:
            self.held.append((diff(s.seq, self.base), diff(s.end, self.base)))
            self.held.sort()
            for begin, end in self.held:
                self.at = max(self.at, end) if begin <= self.at else self.at
            self.held = [h for h in self.held if h[1] > self.at]
        return s

    def answer(self):
        """ACK, with SACK of the highest run beyond a hole."""
        number = lambda n: (self.base + n) & 0xFFFFFFFF
        self.p.ack = number(self.at)
        if not self.held:
            self.p.send()
            return
        begin, end = self.held[-1]
        for b, e in reversed(self.held):
            begin = min(begin, b) if e >= begin else begin
        self.p.sack((number(begin), number(end)))

    def until(self, length, least):
        """The first new segment of more than `least` and at most `length` bytes of IP; all before it are answered."""
        while True:
            s = self.next()
            if s is None:
                self.p.fail("no segment of %d to %d bytes, %d bytes came" % (least, length, self.at))
            if least < s.ip.length <= length and not s.old:
                return s
            self.answer()


def searching(t, mtu=1400):
    """A sender that has fallen into a black hole of that MTU and out of it, and its first probe, not answered yet."""
    p = t.connect(delay=0.3)
    p.write(b"p" * 60000)
    r = Narrow(p, mtu)
    return r, r.until(1400, 1280)


@case("8899 5.2: BASE, SEARCHING; 4821 7.6.1", slow=25, linux="tcp_mtu_probing is off by default")
def probe_acknowledged(t):
    """After a black hole: small segments, then a larger one that goes alone. Others follow when it has arrived."""
    r, s = searching(t)
    t.check(s.ip.length > 1380, "the first probe has %d bytes" % s.ip.length)
    later = [r.next(0.1) for _ in range(3)]
    t.check(all(later), "nothing follows the probe: its loss would not be found")
    t.check(max(x.ip.length for x in later) <= 1280, "larger ones before the probe was acknowledged")
    r.answer()
    r.until(1400, 1380)
    r.answer()
    r.until(1400, 1380)


@case("4821 7.6.2; 8899 3 (7): a lost probe is no congestion", slow=25, linux="tcp_mtu_probing is off by default")
def probe_lost(t):
    """A probe that is lost alone comes again at once in segments that pass; as many as before stay in flight."""
    r, _ = searching(t)
    r.answer()
    s = r.until(1500, 1400)
    t.check(s.ip.length <= 1420, "a probe of %d bytes after one of 1400" % s.ip.length)
    for _ in range(4):
        t.check(r.next(0.1), "nothing follows the probe")
    r.answer()
    began, again = time.monotonic(), None
    while again is None or diff(again.seq, s.seq):
        again = r.next(2)
        t.check(again, "the lost probe did not come again")
    t.check(time.monotonic() - began < 0.2, "it came again after %.2f s: a timeout" % (time.monotonic() - began))
    t.check(again.ip.length <= 1400, "as large as before")
    r.answer()
    while r.at < 60000:
        t.check(r.next(5), "stuck at %d of 60000 bytes" % r.at)
        r.answer()
    t.check(len([x for x in r.sent if x.ip.length == s.ip.length]) <= 3, "more than three probes of a size")


@case("8201 4; 8021: atomic fragments", families=(6,))
def mtu_below_1280_makes_no_fragments(t):
    """A message with less than 1280 does not make us send fragment headers."""
    p, segs = flight(t)
    too_big(p, segs[0], 1000)
    p.ack = p.seen
    p.send()
    for s in p.drain(0.3):
        t.check(s.ip.proto == frame.TCP, "an extension header")
    finish(t, p)


@case("1191 4; 6864", families=(4,))
def no_packet_larger_than_the_wire(t):
    """Nothing exceeds the MTU of the port, whatever MSS the peer offers."""
    p = t.peer()
    p.syn(mss=9000)
    p.expect_synack()
    p.send()
    p.mss = 1400
    p.write(b"m" * 9000)
    largest = max(s.ip.length for s in p.burst(3, 0.2))
    t.check(largest <= 1500, "a packet of %d on a wire of 1500 (%s)" % (largest, BOX4))
