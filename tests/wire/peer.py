# SPDX-License-Identifier: BSD-3-Clause
"""One end of a TCP connection played by hand. It sends what the case says, right or wrong, and has no timers.

`seq` is the next number to send, `ack` the next one expected from the box. What arrives in order moves `ack`; nothing
is acknowledged unless the case says so.
"""
import queue
import random
import time

import frame
import wire

MASK = 0xFFFFFFFF
WITHIN = 8.0  # seconds until what must come at once has come, on a machine that has much else to do


class Failed(AssertionError):
    pass


def lt(a, b):
    return ((a - b) & MASK) >> 31 == 1


def leq(a, b):
    return a == b or lt(a, b)


def diff(a, b):
    d = (a - b) & MASK
    return d - (1 << 32) if d >> 31 else d


class Peer:
    """A connection of `host` with the box's `port`."""

    def __init__(self, host, family, port, sport=None):
        self.host, self.family, self.port = host, family, port
        self.sport = sport or random.randrange(20000, 60000)
        self.inbox = queue.Queue()
        self.iss = self.seq = random.getrandbits(32)
        self.irs = self.ack = 0
        self.wnd, self.mss, self.ws, self.box_ws, self.box_mss = 65535, 1460, 0, 0, None
        self.ts, self.ts_base, self.ts_ecr = False, random.getrandbits(32), 0
        self.seen = None  # highest number that the box has sent
        self.sent_when = 0.0
        self.ecn = 0  # of the packets we send
        host.peers[family, self.sport, port] = self

    # sending

    def tsval(self):
        return (self.ts_base + int(time.monotonic() * 1000)) & MASK

    def options(self):
        return b"\x01\x01" + frame.opt_ts(self.tsval(), self.ts_ecr) if self.ts else b""

    def segment(self, flags="A", data=b"", **f):
        """Bytes of a segment; f overrides any field of frame.tcp."""
        f.setdefault("seq", self.seq)
        f.setdefault("ack", self.ack if "A" in flags else 0)
        f.setdefault("wnd", self.wnd)
        f.setdefault("opts", self.options() + f.pop("more", b""))
        return frame.tcp(f.pop("src", self.host.addr(self.family)), self.host.wire.box_addr(self.family), sport=self.sport,
                         dport=self.port, flags=frame.flag_bits(flags), data=data, **f)

    def send(self, flags="A", data=b"", ip=None, **f):
        """Send one segment as it is said; does not move seq."""
        self.host.say("> %s seq %d len %d ack %d%s" % (flags, f.get("seq", self.seq) & MASK, len(data), f.get("ack", self.ack) & MASK,
                                                     "".join(" %s=%s" % (k, v.hex() if isinstance(v, bytes) else v)
                                                             for k, v in f.items() if k not in ("seq", "ack"))))
        body = self.segment(flags, data, **f)
        self.sent_when = time.time()
        self.host.ip(self.family, frame.TCP, body, **dict({"tos": self.ecn}, **(ip or {})))

    def write(self, data, flags="PA", **f):
        """Send data in order, in segments of the MSS."""
        room = min(self.mss, self.box_mss or self.mss) - len(self.options())
        for at in range(0, len(data), room):
            part = data[at:at + room]
            self.send(flags if at + room >= len(data) else "A", part, **f)
            self.seq = (self.seq + len(part)) & MASK
            if at // room % 8 == 7:
                time.sleep(0.001)  # a veth drops what its receiver has no time for, and nobody here repeats it

    def fin(self, data=b"", **f):
        self.send("FA", data, **f)
        self.seq = (self.seq + len(data) + 1) & MASK

    def rst(self, **f):
        self.send("R", **f)

    def syn_options(self, mss=1460, ws=7, sack=True, ts=False):
        opts = frame.opt_mss(mss) if mss else b""
        if sack:
            opts += frame.OPT_SACK_OK
        if ts:
            opts += frame.opt_ts(self.tsval(), self.ts_ecr)
        if ws is not None:
            opts += b"\x01" + frame.opt_ws(ws)
        return opts

    def syn(self, mss=1460, ws=7, sack=True, ts=False, flags="S", **f):
        self.offer = {"mss": mss, "ws": ws, "sack": sack, "ts": ts}
        self.mss, self.ws = mss or 536, ws
        self.send(flags, **dict({"seq": self.iss, "opts": self.syn_options(mss, ws, sack, ts)}, **f))
        self.seq = (self.iss + 1) & MASK

    # receiving

    def next(self, within=WITHIN):
        """The next segment, or None. Takes it: `ack` moves when it is in order."""
        try:
            s = self.inbox.get(timeout=max(0.0005, within))
        except queue.Empty:
            return None
        s.old = self.seen is not None and s.end != s.seq and leq(s.end, self.seen)
        self.seen = s.end if self.seen is None or lt(self.seen, s.end) else self.seen
        if s.ts:
            self.ts_ecr = s.ts[0]
        if "S" not in s.flags and "R" not in s.flags and leq(s.seq, self.ack) and lt(self.ack, s.end):
            self.ack = s.end
        return s

    def fail(self, text):
        raise Failed(text)

    def expect(self, flags=None, within=WITHIN, where=None, among=False, **want):
        """The segment that comes next must have these flags and fields (seq, ack, len, data, wnd, sack, urg). Pure
        ACKs and repeats that were not asked for are passed over: they depend on how busy we are; among: so is all
        else but an RST."""
        end = time.monotonic() + within
        wanted = " ".join([flags or "any"] + ["%s=%r" % i for i in want.items()] + (["and more"] if where else []))
        while True:
            s = self.next(end - time.monotonic())
            if s is None:
                self.fail("nothing within %.1f s, expected %s" % (within, wanted))
            if self.fits(s, flags, want) and (not where or where(s)):
                return s
            if not (s.flags in ("A", "AE") and s.len == 0 or s.old or among and "R" not in s.flags):
                self.fail("got %s, expected %s" % (wire.text(s), wanted))

    @staticmethod
    def fits(s, flags, want):
        if flags is not None and set(s.flags) - set("P") != set(flags) - set("P"):
            return False
        for key, value in want.items():
            if isinstance(value, int):
                value &= MASK
            if getattr(s, key) != value:
                return False
        return True

    def drain(self, seconds):
        """All that comes in that time."""
        end, got = time.monotonic() + seconds, []
        while True:
            s = self.next(end - time.monotonic())
            if s is None:
                return got
            got.append(s)

    def new_data(self, seconds):
        """Of all that comes in that time the segments with data that was not sent before."""
        return [s for s in self.drain(seconds) if s.len and not s.old]

    def old_data(self, seconds):
        """The same of data that comes again."""
        return [s for s in self.drain(seconds) if s.len and s.old]

    def quiet(self, seconds=0.3):
        """Nothing at all may come."""
        s = self.next(seconds)
        if s:
            self.fail("got %s, expected nothing" % wire.text(s))

    def confirms(self):
        """A bare ACK that says where both sides are."""
        return self.expect("A", len=0, seq=self.ack, ack=self.seq)

    def expect_data(self, within=WITHIN):
        """A segment with data, whether new or again."""
        return self.expect(None, within, where=lambda s: s.len)

    def expect_end(self, within=WITHIN):
        """A FIN or an RST."""
        return self.expect(None, within, where=lambda s: "R" in s.flags or "F" in s.flags)

    def learn(self, s):
        """The box's numbers begin behind its SYN `s`."""
        self.irs, self.ack, self.seen = s.seq, (s.seq + 1) & MASK, (s.seq + 1) & MASK

    def expect_synack(self, within=WITHIN, flags="SA", **want):
        s = self.expect(flags, within, ack=self.iss + 1, **want)
        self.learn(s)
        self.ts = bool(self.offer["ts"] and s.ts)
        self.box_mss, self.box_ws = s.mss, (s.ws or 0) if self.offer["ws"] is not None else 0
        if s.ws is None:
            self.ws = 0
        return s

    def establish(self, delay=0, tries=1, **offer):
        """The three-way handshake; returns self. With a delay (seconds) the box takes us to be so far away, and gives
        us that much time before it suspects a loss. tries: SYNs, a second apart, for a wire that drops frames."""
        for left in reversed(range(tries)):
            self.syn(**offer)
            try:
                self.expect_synack(1.5 if left else WITHIN)
                break
            except Failed:
                if not left:
                    raise
        time.sleep(delay)
        self.send()
        return self

    def accept(self, s, **offer):
        """Answer the box's SYN `s` by a SYN-ACK."""
        self.learn(s)
        self.box_mss, self.box_ws = s.mss, s.ws or 0
        offer = dict({"mss": 1460, "ws": 7, "sack": True, "ts": False}, **offer)
        extra = {k: offer.pop(k) for k in list(offer) if k not in ("mss", "ws", "sack", "ts")}
        self.ts_ecr = s.ts[0] if s.ts else 0
        self.ts = bool(offer["ts"] and s.ts)
        self.mss, self.ws = offer["mss"] or 536, offer["ws"] or 0
        self.send("SA", **dict({"seq": self.iss, "opts": self.syn_options(**offer)}, **extra))
        self.seq = (self.iss + 1) & MASK
        return self

    def read(self, n, ack=True, within=WITHIN):
        """The next n bytes of the stream, in order, acknowledged as they come."""
        got, end = b"", time.monotonic() + within
        while len(got) < n:
            at = self.ack
            s = self.next(end - time.monotonic())
            if s is None:
                self.fail("only %d of %d bytes within %.1f s" % (len(got), n, within))
            if "R" in s.flags or "S" in s.flags and not s.old or lt(at, s.seq):
                self.fail("got %s, expected data at %d" % (wire.text(s), at))
            if s.len and lt(at, s.end):
                got += s.data[diff(at, s.seq):]
                if ack:
                    self.send()
            elif s.len and ack:
                self.send()  # a repeat: our ACK was late
        return got

    def gets(self, data, within=WITHIN):
        """These bytes come next in the stream."""
        if self.read(len(data), within=within) != data:
            self.fail("%d bytes came altered" % len(data))

    def shut(self, n=1):
        """Shut our window, with the ACK of bytes that came, so that it surely counts."""
        self.write(b"!" * n)
        self.wnd = 0
        self.read(n)

    def opens(self):
        """Open it, as wide as it goes without a scale."""
        self.wnd = 65535
        self.send()

    def read_to_fin(self):
        """All bytes up to the box's FIN, acknowledged."""
        got = b""
        while True:
            at = self.ack
            s = self.expect(None, where=lambda s: s.len or "F" in s.flags)
            if s.seq == at:
                got += s.data
                self.send()
                if "F" in s.flags:
                    return got

    def echo(self, data=b"ping", within=WITHIN):
        """Bytes go there and come back: the connection lives, and this is all it has to say. Returns self."""
        self.write(data)
        self.gets(data, within)
        return self

    def burst(self, least=1, pause=0.15, within=WITHIN):
        """Segments of new data as they come, not acknowledged, until none comes for `pause`; at least `least`."""
        got, end = [], time.monotonic() + within
        while True:
            s = self.next(pause if len(got) >= least else end - time.monotonic())
            if s is None and len(got) >= least:
                return got
            if s is None:
                self.fail("%d segments of new data within %.1f s, expected %d" % (len(got), within, least))
            if "R" in s.flags:
                self.fail("got %s, expected data" % wire.text(s))
            if s.len and not s.old:
                got.append(s)

    def ack_all(self):
        """An ACK of all that the box has sent."""
        self.ack = self.seen
        self.send()

    def sack(self, *blocks, **f):
        """An ACK of what came in order as far as `ack` says, with SACK blocks."""
        self.send("A", more=b"\x01\x01" + frame.opt_sack(*blocks), **f)

    def expect_rst(self, within=WITHIN, **want):
        return self.expect(None, within, where=lambda s: "R" in s.flags, **want)

    def dead(self):
        """The box knows no such connection: an ACK is answered by RST (RFC 9293 3.10.7.1)."""
        self.send("A", ack=self.ack)
        self.expect("R", seq=self.ack)

    def gone(self, pause):
        """The box has let the connection go, without a word."""
        self.quiet(pause)
        self.dead()

    def close(self):
        """Leave nothing behind in the box."""
        for number in {self.seq, self.seq + 1}:
            self.send("RA", seq=number)
        self.host.peers.pop((self.family, self.sport, self.port), None)
