# SPDX-License-Identifier: BSD-3-Clause
"""Windows: RFC 9293 3.8.6, zero-window probes and silly windows, on both sides."""
import random
import time

from bench import case
from peer import diff, lt

MASK = 0xFFFFFFFF


def edge(p, s):
    return (s.ack + (s.wnd << p.box_ws)) & MASK


def room(p, s):
    return max(0, diff(edge(p, s), p.seq))


def stalled(t, **offer):
    """A connection whose peer takes nothing back."""
    p = t.connect(**offer)
    p.shut()
    return p


def edge_watch(t, p):
    """To be called with each segment of the box: its right edge never moves left, but for what the scale rounds."""
    right = [None]

    def seen(s):
        now, unit = edge(p, s), 1 << p.box_ws
        if right[0] is not None:
            t.check(not lt((now + unit) & MASK, right[0]), "the right edge moved left by %d" % diff(right[0], now))
        right[0] = now if right[0] is None or lt(right[0], now) else right[0]
    return seen


def shut_box(p, seen=lambda s: None):
    """Write until the box's window is shut: the last segment, which says so, and how many bytes that took."""
    last, stall, total, end = None, 0, 0, time.monotonic() + 25
    while time.monotonic() < end and stall < 3:
        s = p.next(0.002 if last is None or room(p, last) > 0 else 0.3)
        if s:
            seen(s)
            last, stall = s, 0
        elif last is None or room(p, last) > 0:
            n = min(1400, room(p, last) if last else 1400)
            p.send("PA", b"f" * n)
            p.seq = (p.seq + n) & MASK
            total += n
        else:
            stall += 1
    if diff(p.seq, last.ack) > 0:
        p.fail("%d bytes that lay within the window were not taken" % diff(p.seq, last.ack))
    if room(p, last) >= 1460:
        p.fail("the window is not shut after %d bytes" % total)
    return last, total


def take_all(p, total, seen=lambda s: None):
    """Acknowledge what comes until total bytes have; fails where less does."""
    got, end = 0, time.monotonic() + 20
    while got < total and time.monotonic() < end:
        s = p.next(1)
        if s:
            seen(s)
            got += s.len if not s.old else 0
            if s.len:
                p.send()
    if got < total - 1:  # a probe may have brought a byte before
        p.fail("only %d of %d bytes came" % (got, total))


@case("9293 3.8.6; pitfall 7", slow=6)
def never_shrinks(t):
    """While the box fills up its right edge never moves left, and in the end its window is shut."""
    p = stalled(t)
    seen = edge_watch(t, p)
    _, total = shut_box(p, seen)
    p.opens()
    take_all(p, total, seen)


@case("9293 3.8.6.1; 1122 4.2.2.17; pitfall 6", slow=8)
def zero_window_probed(t):
    """Our window is shut: probes of at most a byte, further and further apart, for as long as we answer."""
    p = stalled(t)
    base = p.ack
    p.write(b"waiting for a window")
    times = []
    end = time.monotonic() + 30
    while len(times) < 5 and time.monotonic() < end:
        s = p.next(12)
        t.check(s is not None, "no probe within 12 s after %d" % len(times))
        if s.len == 0 and s.seq == base and not times:
            continue  # the ACK of what we wrote
        t.check(s.len <= 1, "%d bytes into a shut window" % s.len)
        times.append(s.when)
        p.ack = base
        p.send()
    gaps = [b - a for a, b in zip(times, times[1:])]
    t.backs_off(gaps)
    p.opens()
    p.gets(b"waiting for a window")


@case("9293 3.10.7.4 fifth: SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK")
def shut_without_news(t):
    """A pure ACK that only shuts the window, with numbers that were seen before, counts."""
    p = t.connect().echo()
    p.wnd = 0
    p.send()
    p.write(b"not now")
    for s in p.drain(0.15):
        t.check(s.len <= 1, "%d bytes into a shut window" % s.len)


@case("9293 3.8.6.1; pitfall 6: lost update; 2525 2.12", slow=4)
def window_update_lost(t):
    """The update that opens our window is lost; the next probe finds out."""
    p = stalled(t)
    base = p.ack
    p.write(b"deadlock?")
    p.drain(0.8)
    p.ack = base
    p.wnd = 65535  # and nothing is said until the box asks
    end = time.monotonic() + 20
    got = b""
    while len(got) < 9 and time.monotonic() < end:
        s = p.next(end - time.monotonic())
        t.check(s is not None, "no probe")
        if s.len and s.seq == (base + len(got)) & MASK:
            got += s.data
        p.ack = (base + len(got)) & MASK
        p.send()
    t.check(got == b"deadlock?", "%r came" % got)


@case("9293 3.8.6.1", slow=1)
def opens_at_once(t):
    """When the window opens, data follows without waiting for the next probe."""
    p = stalled(t)
    base = p.ack
    p.write(b"ready")
    p.drain(0.3)
    p.ack = base
    p.opens()
    s = p.expect_data()
    t.check(s.when - p.sent_when < 3, "%.1f s after the window opened" % (s.when - p.sent_when))


@case("9293 3.8.6; 1122 4.2.2.16")
def peer_shrinks(t):
    """Our window shrinks below what is in flight: no new data beyond it, and nothing breaks."""
    p = t.connect(delay=0.2)
    p.write(b"s" * 40000)
    first = p.burst(5, 0.12)
    p.wnd = 0
    p.send(ack=p.irs + 1)
    for s in p.drain(0.3):
        t.check(s.old or s.len == 0, "new data beyond a shut window")
    p.wnd = 65535
    p.ack = first[-1].end
    p.send()
    left = 40000 - diff(p.ack, p.irs + 1)
    p.read(left)


@case("9293 3.8.6")
def peer_window_respected(t):
    """Never more than the window beyond what we acknowledged."""
    p = t.connect(ws=0)
    p.wnd = 4000
    p.send()
    data = random.randbytes(30000)
    got = b""
    for at in range(0, 30000, 5000):
        p.write(data[at:at + 5000])
        part = b""
        while len(part) < 5000:
            base = p.ack
            for s in p.burst(1, 0.03):
                t.check(diff(s.end, base) <= 4000, "data %d beyond what was acknowledged" % diff(s.end, base))
                part += s.data
            p.send()
        got += part
    t.check(got == data, "altered")


@case("9293 3.8.6; scaled window")
def peer_scaled_window_respected(t):
    p = t.connect(ws=5)
    p.wnd = 50  # 1600 bytes
    p.send()
    p.write(b"s" * 8000)
    got = sum(s.len for s in p.burst(1, 0.15))
    t.check(1000 < got <= 1600, "%d bytes in a window of 1600" % got)


@case("9293 3.8.6.2.1; 1122 4.2.3.4; pitfall 7 (gvisor 1398)", slow=1)
def sender_avoids_silly_windows(t):
    """While data is in flight a window that opens by a few bytes is not used at once."""
    p = t.connect(ws=0, delay=0.3)
    p.wnd = 2920 if t.v4 else 2880
    p.mss = 1400
    p.send()
    p.write(b"s" * 20000)
    first = p.burst(2, 0.1)
    p.wnd -= first[0].len - 50  # the first is acknowledged, the edge moves by 50 bytes
    p.send(ack=first[0].end)
    for s in p.drain(0.15):
        t.check(s.old or s.len == 0 or s.len >= 700, "a segment of %d bytes, with others in flight" % s.len)


@case("9293 3.8.6.2.1; pitfall 6 (VPP 1fe4a74)", slow=2)
def window_below_mss(t):
    """A peer whose whole window is smaller than the MSS gets its data all the same."""
    p = t.connect(ws=0)
    p.wnd = 300
    p.send()
    p.write(b"s" * 3000)
    t.check(p.read(3000, within=20) == b"s" * 3000, "altered")


@case("9293 3.8.6.2.2; 1122 4.2.3.3; pitfall 7", slow=8)
def receiver_avoids_silly_windows(t):
    """The box's window, once shut, opens by an MSS (or half its buffer) at least, though we take its bytes one by one."""
    p = stalled(t)
    last, _ = shut_box(p)
    shut = edge(p, last)
    p.wnd, edges = 1, {shut}
    for _ in range(30):
        p.send()
        edges |= {edge(p, s) for s in p.drain(0.02)}
    steps = sorted(diff(e, shut) for e in edges)
    small = [b - a for a, b in zip(steps, steps[1:]) if 0 < b - a < 1000]
    t.check(not small, "the window opened by %s bytes" % small)


@case("9293 3.10.7.4 first; pitfall 6 (gvisor 10243)", slow=6)
def shut_box_answers_probes(t):
    """A probe of the box's shut window, of no byte or of one, is answered by an ACK."""
    p = stalled(t)
    last, _ = shut_box(p)
    p.drain(0.2)
    p.send("A", seq=p.seq - 1)
    p.expect("A", len=0, ack=p.seq, among=True)
    p.send("PA", b"\0" * (room(p, last) + 1))
    p.expect("A", len=0, among=True, where=lambda s: diff(s.ack, p.seq) in (0, room(p, last)))


@case("9293 3.10.7.4 first: special allowance", slow=6)
def shut_box_takes_acks(t):
    """With its window shut the box still takes our ACKs: its data moves on."""
    p = stalled(t)
    _, total = shut_box(p)
    p.drain(0.2)
    p.opens()
    take_all(p, total)


@case("9293 3.10.7.4 fifth: SND.WL1, SND.WL2")
def old_segment_does_not_set_window(t):
    """An older segment that arrives late does not shut the window."""
    p = t.connect().echo(b"12345678")
    p.send("A", seq=p.seq - 4, ack=p.ack - 4, wnd=0)
    p.drain(0.1)
    p.write(b"w" * 3000)
    got = sum(s.len for s in p.burst(2, 0.1))
    t.check(got >= 2000, "%d bytes: an old segment set the window" % got)


@case("9293 3.8.6: window of the ACK that fills", slow=1)
def window_opens_again(t):
    """After a pause the box, drained, announces a window as wide as before."""
    p = t.connect().echo(b"x")
    p.write(b"y")
    before = p.expect_data()
    p.send()
    for _ in range(10):
        p.echo(b"z" * 9000)
    p.write(b"y")
    after = p.expect_data()
    t.check((after.wnd << p.box_ws) >= (before.wnd << p.box_ws) // 2, "window %d then %d" % (before.wnd, after.wnd))


@case("9293 3.8.6.1; 1122 4.2.2.17; pitfall 6 (libudx 297)", slow=15)
def zero_window_for_long(t):
    """A shut window that is acknowledged each time is no reason to give up."""
    p = stalled(t)
    base = p.ack
    p.write(b"patience")
    end, probes = time.monotonic() + 14, 0
    while time.monotonic() < end:
        s = p.next(end - time.monotonic())
        if s:
            t.check("R" not in s.flags, "reset")
            probes += 1
            p.ack = base
            p.send()
    t.check(probes >= 3, "%d probes in 14 s" % probes)
    p.opens()
    p.gets(b"patience")


@case("9293 3.8.6: back-pressure through a splice", slow=6)
def slow_node_slows_front(t):
    """A node that shuts its window shuts the front's, in the end, and frees it again."""
    front, node = t.lane().open()
    front.write(b"first")
    node.wnd = 0
    node.read(5)
    base = node.ack
    _, total = shut_box(front)
    node.drain(0.05)
    node.ack, node.wnd = base, 65535
    node.send()
    take_all(node, total)
