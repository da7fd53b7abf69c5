# SPDX-License-Identifier: BSD-3-Clause
"""RFC 7323: window scale and timestamps, PAWS."""
import time

import frame
from bench import case

MASK = 0xFFFFFFFF


@case("7323 3.2")
def negotiated(t):
    """TS in the SYN-ACK where the SYN had it, echoing its value."""
    p = t.peer()
    p.syn(ts=True, opts=frame.opt_mss(1460) + frame.opt_ts(0xCAFE0001, 0))
    s = p.expect_synack()
    t.check(s.ts and s.ts[1] == 0xCAFE0001, "TSecr %s" % (s.ts,))


@case("7323 3.2")
def not_unasked(t):
    p = t.connect(ts=False)
    p.write(b"x")
    s = p.expect_data()
    t.check(not s.ts, "timestamps unasked")


@case("7323 3.2; echo on SYN")
def tsecr_of_syn_is_ignored(t):
    p = t.peer()
    p.syn(ts=True, opts=frame.opt_ts(1, 0xFFFFFFFF))
    p.expect_synack()
    p.send(opts=frame.opt_ts(2, 0))
    p.ts = False
    p.quiet(0.1)


@case("7323 3.2")
def in_every_segment(t):
    """Data, ACK, FIN: all carry timestamps once agreed."""
    p = t.connect(ts=True)
    p.write(b"data")
    t.check(p.expect_data().ts, "data without")
    p.send()
    p.send("PA", b"ooo", seq=p.seq + 50)
    t.check(p.expect("A").ts, "ACK without")
    q = t.connect(ts=True)
    q.fin()
    t.check(q.expect("FA").ts, "FIN without")


@case("7323 4.1", slow=3)
def clock_rate(t):
    """The clock ticks between 1 ms and 1 s, forwards."""
    p = t.connect(ts=True)
    values = []
    for _ in range(4):
        p.write(b"t")
        s = p.expect_data()
        values.append((s.when, s.ts[0]))
        p.send()
        time.sleep(0.3)
    rates = [((b[1] - a[1]) & MASK) / (b[0] - a[0]) for a, b in zip(values, values[1:])]
    t.check(all(0.9 <= r <= 1500 for r in rates), "ticks a second: %s" % rates)


@case("7323 5.4, 7.1")
def offset_differs(t):
    """Each connection's clock has its own offset: uptime does not leak."""
    values = []
    for _ in range(4):
        p = t.peer()
        p.syn(ts=True)
        values.append(p.expect_synack().ts[0])
    near = [abs(a - b) < 100000 for a, b in zip(values, values[1:])]
    t.check(not all(near), "TSvals of strangers are near: %s" % values)


@case("7323 4.3 (3)")
def tsecr_of_data(t):
    """The echo is the TSval of what is acknowledged."""
    p = t.connect(ts=True)
    for _ in range(3):
        p.send("PA", b"e", opts=frame.opt_ts(p.tsval() + 500, p.ts_ecr) + b"\1\1")
        sent = (p.tsval() + 500) & MASK
        p.seq += 1
        s = p.expect_data()
        t.check(((sent - s.ts[1]) & MASK) < 50, "TSecr %d, sent %d" % (s.ts[1], sent))
        p.send(opts=frame.opt_ts(sent, p.ts_ecr) + b"\1\1")


@case("7323 4.3 (2)")
def tsecr_out_of_order(t):
    """A segment beyond a gap does not move TS.Recent; what fills the gap does."""
    p = t.connect(ts=True).echo()
    p.send("PA", b"a", opts=frame.opt_ts(p.tsval() + 10, p.ts_ecr) + b"\1\1")
    p.seq += 1
    a = p.expect_data()
    p.send(opts=frame.opt_ts(a.ts[1], a.ts[0]) + b"\1\1")
    p.send("PA", b"c", seq=p.seq + 1, opts=frame.opt_ts(p.tsval() + 5000, p.ts_ecr) + b"\1\1")
    s = p.expect("A", len=0, ack=p.seq, where=lambda s: s.sack)
    t.check(s.ts[1] == a.ts[1], "TSecr moved to %d with a segment out of order" % s.ts[1])
    fill = (p.tsval() + 6000) & MASK
    p.send("PA", b"b", opts=frame.opt_ts(fill, p.ts_ecr) + b"\1\1")
    p.seq += 2
    s = p.expect(None, ack=p.seq)
    t.check(s.ts[1] == fill, "TSecr %d after the gap was filled by %d" % (s.ts[1], fill))


@case("7323 4.3; delayed ACKs")
def tsecr_of_first_unacknowledged(t):
    """Two segments, one ACK: it echoes the earlier one, so that the delay is measured."""
    front, node = t.lane().open(front={"ts": True})
    for _ in range(20):
        front.write(b"q")
        node.read(1)
    front.drain(0.6)
    first = front.tsval()
    front.send("PA", b"1", opts=frame.opt_ts(first, front.ts_ecr) + b"\1\1")
    front.send("PA", b"2", seq=front.seq + 1, opts=frame.opt_ts(first + 3, front.ts_ecr) + b"\1\1")
    front.seq += 2
    got = [s for s in front.drain(0.7) if s.ack == front.seq & MASK]
    t.check(got, "no ACK of both")
    t.check(got[0].ts[1] in (first & MASK, (first + 3) & MASK), "TSecr %d" % got[0].ts[1])


@case("7323 5.3 R1; pitfall: PAWS")
def paws_old_data(t):
    """An older timestamp: dropped, answered by an ACK."""
    p = t.connect(ts=True).echo()
    p.send("PA", b"old", opts=frame.opt_ts(p.tsval() - 100000, p.ts_ecr) + b"\1\1")
    p.expect("A", len=0, ack=p.seq)
    p.echo(b"new")


@case("7323 5.3 R1")
def paws_old_ack_only(t):
    """A pure ACK with an older timestamp changes nothing."""
    p = t.connect(ts=True).echo()
    for _ in range(5):
        p.send("A", opts=frame.opt_ts(p.tsval() - 100000, p.ts_ecr) + b"\1\1", wnd=0)
    p.drain(0.1)
    p.echo(b"the window is not shut")


@case("7323 5.2: RST is exempt")
def paws_rst(t):
    """An RST is not subject to PAWS."""
    p = t.connect(ts=True).echo()
    p.send("R", opts=frame.opt_ts(p.tsval() - 100000, 0) + b"\1\1")
    p.quiet(0.15)
    p.send("A")
    p.expect("R", seq=p.ack)


@case("7323 3.2: RST without timestamps")
def rst_without(t):
    p = t.connect(ts=True).echo()
    p.send("R", opts=b"")
    p.quiet(0.15)
    p.send("A")
    p.expect("R", seq=p.ack)


@case("7323 3.2: SHOULD drop", linux="segments without timestamps are taken, for peers that forget them")
def data_without(t):
    """Once agreed, a segment without timestamps (and without RST) is dropped."""
    p = t.connect(ts=True).echo()
    p.send("PA", b"bare", opts=b"")
    got = p.drain(0.3)
    t.check(not any(s.len for s in got), "a segment without timestamps was taken")
    p.echo()


@case("7323 5.3; equal is not older")
def paws_equal(t):
    p = t.connect(ts=True).echo()
    same = p.tsval()
    for _ in range(3):
        p.send("PA", b"same", opts=frame.opt_ts(same, p.ts_ecr) + b"\1\1")
        p.seq += 4
        t.check(p.read(4, ack=False) == b"same", "altered")


@case("7323 5.2; wraparound")
def tsval_wraps(t):
    """Our clock passes 2^32 within the connection."""
    p = t.peer()
    p.ts_base = (0xFFFFFFFF - 150 - int(time.monotonic() * 1000)) & MASK
    p.establish(ts=True)
    for _ in range(6):
        p.echo(b"wrap")
        time.sleep(0.06)


@case("7323 5.3; reordering within a window")
def paws_forgives_reordering(t):
    """A segment with an older value than an out-of-order one, but not older than TS.Recent, is taken."""
    p = t.connect(ts=True).echo()
    now = p.tsval()
    p.send("PA", b"later", seq=p.seq + 6, opts=frame.opt_ts(now + 50, p.ts_ecr) + b"\1\1")
    p.send("PA", b"sooner", opts=frame.opt_ts(now + 20, p.ts_ecr) + b"\1\1")
    p.seq += 11
    t.check(p.read(11, ack=False) == b"soonerlater", "altered")


@case("7323 2.2, 2.3")
def scale_only_in_syn(t):
    """Our SYN-ACK carries a window scale where the SYN did, and only there."""
    p = t.peer()
    p.syn(ws=3)
    t.check(p.expect_synack().ws is not None, "no window scale")
    q = t.peer()
    q.syn(ws=None)
    t.check(q.expect_synack().ws is None, "window scale unasked")
    p.send()
    p.write(b"x")
    t.check(p.expect_data().ws is None, "window scale outside the SYN")


@case("7323 2.2")
def scale_not_on_syn(t):
    """The window of a SYN is never scaled: the peer's first window holds until its ACK."""
    p = t.peer()
    p.syn(ws=7, wnd=100)
    p.expect_synack()
    p.wnd = 20  # 2560 bytes
    p.send()
    p.write(b"w" * 2500)
    t.check(p.read(2500) == b"w" * 2500, "altered")


@case("7323 2.3")
def scale_above_14(t):
    """A shift above 14 counts as 14."""
    p = t.peer()
    p.syn(ws=15, wnd=1000)
    p.expect_synack()
    p.wnd = 1  # 16384 bytes by 14
    p.send()
    p.write(b"w" * 30000)
    got = sum(s.len for s in p.burst(1, 0.15))
    t.check(got <= 16384, "%d bytes in a window of 16384" % got)
    t.check(got > 8192, "only %d bytes in a window of 16384" % got)


@case("7323 2.3; the peer has no scale")
def no_scale_no_large_window(t):
    """Without window scale neither side's windows are scaled."""
    p = t.connect(ws=None)
    p.wnd = 3000
    p.send()
    p.write(b"w" * 6000)
    got = sum(s.len for s in p.burst(1, 0.15))
    t.check(got <= 3000, "%d bytes in a window of 3000" % got)


@case("7323 2.3; window of the box")
def box_window_scaled(t):
    """With scale the box's window after the handshake is beyond 64 KB, or can be: shift times 65535."""
    p = t.connect(ws=7)
    p.write(b"x")
    s = p.expect_data()
    t.check(p.box_ws <= 14, "shift %d" % p.box_ws)
    t.check((s.wnd << p.box_ws) >= 16000, "window %d << %d" % (s.wnd, p.box_ws))


@case("7323 4.1; RFC 6298 RTTM", slow=2)
def tsecr_zero_is_harmless(t):
    """A peer that echoes nonsense: no RTT from it, no stall."""
    p = t.connect(ts=True)
    for ecr in (0, 1, 0xFFFFFFFF):
        p.send("PA", b"x", opts=frame.opt_ts(p.tsval(), ecr) + b"\1\1")
        p.seq += 1
        t.check(p.read(1, ack=False) == b"x", "altered")
        p.send(opts=frame.opt_ts(p.tsval(), ecr) + b"\1\1")
    p.echo()
