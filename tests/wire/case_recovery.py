# SPDX-License-Identifier: BSD-3-Clause
"""Loss recovery as a sender: RFC 5681, 3042, 6582, 6675, 2018, 2883, 8985 (RACK-TLP), 5682 (F-RTO), 6937 (PRR).

flight() makes the box send a first window of data over a path that it takes for long (0.3 s), so that its probes and
timeouts are far behind what the case does: "at once" is then well before any timer.
"""
import time

from bench import case
from peer import diff

RTT = 0.3
MASK = 0xFFFFFFFF
SOON = 0.25  # seconds within which a retransmission that needs no timer is seen; the RTO is 0.5 s at least


def flight(t, total=40, **offer):
    """A connection, and the segments of its first flight, none acknowledged; `total` segments are queued in the box."""
    p = t.connect(delay=RTT, **offer)
    p.piece = min(p.mss, 1460 if t.v4 else 1440) - len(p.options())
    p.write(b"%c" % (ord("a") + 1) * (total * p.piece))
    segs = p.burst(9, 0.12)
    t.check(len(segs) >= 9, "%d segments in the first flight" % len(segs))
    p.base = segs[0].seq
    return p, segs


def measured(t, **offer):
    """A connection whose round trip the box has measured with data, as some do not with the handshake."""
    p = t.connect(delay=RTT, **offer)
    for _ in range(2):
        p.write(b"rtt")
        p.expect(None, where=lambda s: s.len and not s.old)
        time.sleep(RTT)
        p.send()
    return p


def again(p, seg, within):
    """Wait for seg's first byte to come again; the segment, or None."""
    end = time.monotonic() + within
    while True:
        s = p.next(end - time.monotonic())
        if s is None:
            return None
        if "R" in s.flags:
            p.fail("reset")
        if s.len and diff(seg.seq, s.seq) >= 0 and diff(s.end, seg.seq) > 0 and s.old:
            return s


def sack_behind_first(p, segs, ends):
    """SACKs of all behind the first segment, up to each of these."""
    for i in ends:
        p.sack((segs[1].seq, segs[i].end), ack=segs[0].seq)


def finish(t, p):
    """Everything is acknowledged in the end, and the connection is as good as new."""
    end = time.monotonic() + 30
    last = p.irs + p.seq - p.iss  # of what we sent the last byte that comes back
    p.ack_all()
    while diff(last, p.seen) > 0 and time.monotonic() < end:
        s = p.next(0.5)
        if s and s.len:
            p.ack_all()
    p.echo(b"still alive")


@case("5681 3.2; 6582 3.2; no SACK", linux="the first ACK behind data counts as a window update, not as a duplicate: it takes four")
def fast_retransmit(t):
    """Three duplicate ACKs: the first segment again, without the timer."""
    p, segs = flight(t, sack=False)
    for _ in range(3):
        p.send(ack=segs[0].seq)
    s = again(p, segs[0], SOON)
    t.check(s is not None, "no fast retransmission")
    t.check(s.seq == segs[0].seq, "another segment")
    finish(t, p)


@case("5681 3.2; pitfall 9")
def two_duplicates_do_nothing(t):
    """One or two duplicate ACKs are reordering, for now."""
    p, segs = flight(t, sack=False)
    for _ in range(2):
        p.send(ack=segs[0].seq)
    s = again(p, segs[0], 0.04)
    t.check(s is None, "retransmitted after two duplicate ACKs")
    finish(t, p)


@case("3042 2", slow=1)
def limited_transmit(t):
    """The first two duplicate ACKs let new data out."""
    p, segs = flight(t, sack=True)
    sack_behind_first(p, segs, (1, 2))
    new = p.new_data(0.15)
    t.check(1 <= len(new) <= 3, "%d new segments for two duplicate ACKs" % len(new))
    finish(t, p)


@case("2018 5; 6675 5; 8985 6.2")
def sack_recovery(t):
    """The first is lost, three above it are SACKed: it comes again at once."""
    p, segs = flight(t)
    sack_behind_first(p, segs, (1, 2, 3))
    s = again(p, segs[0], SOON)
    t.check(s is not None, "not retransmitted")
    finish(t, p)


@case("6675 5; 2018 5")
def holes_only(t):
    """Two holes among SACKed data: both come again, nothing that was SACKed."""
    p, segs = flight(t)
    blocks = [(segs[5].seq, segs[8].end), (segs[1].seq, segs[3].end)]
    p.sack((segs[1].seq, segs[3].end), ack=segs[0].seq)
    p.sack(*blocks, ack=segs[0].seq)
    got, end = set(), time.monotonic() + 0.4
    while len(got) < 2 and time.monotonic() < end:
        s = p.next(end - time.monotonic())
        if s and s.len and s.old:
            got.add(s.seq)
            p.sack(*blocks, ack=segs[0].seq)
    sacked = [g for g in got if any(diff(g, a) >= 0 and diff(b, g) > 0 for a, b in blocks)]
    t.check(not sacked, "SACKed data again")
    t.check(segs[0].seq in got and segs[4].seq in got, "holes %s, came %s" % ([segs[0].seq, segs[4].seq], sorted(got)))
    finish(t, p)


@case("6675 5; no repeat of the repeat", slow=1)
def each_hole_once(t):
    """Within a round trip each hole is filled once."""
    p, segs = flight(t)
    sack_behind_first(p, segs, range(1, 9))
    old = p.old_data(0.25)
    t.check(len(old) == 1, "%d retransmissions of one hole" % len(old))
    finish(t, p)


@case("6582 3.2 partial ACK; no SACK", slow=1)
def newreno_partial_ack(t):
    """Two losses without SACK: the partial ACK brings the second at once."""
    p, segs = flight(t, sack=False)
    for _ in range(6):
        p.send(ack=segs[0].seq)
    t.check(again(p, segs[0], SOON) is not None, "no fast retransmission")
    p.send(ack=segs[4].seq)
    s = again(p, segs[4], SOON)
    t.check(s is not None, "the partial ACK did not bring the next hole")
    finish(t, p)


@case("6582 3.2, 4: recover", slow=1)
def no_second_fast_retransmit(t):
    """Duplicate ACKs that belong to the old recovery begin no new one."""
    p, segs = flight(t, sack=False)
    for _ in range(5):
        p.send(ack=segs[0].seq)
    t.check(again(p, segs[0], SOON) is not None, "no fast retransmission")
    p.ack_all()
    p.drain(0.02)
    for _ in range(2):
        p.send()
    t.check(not p.old_data(0.15), "retransmitted what was acknowledged")
    finish(t, p)


@case("5681 2: duplicate ACK", slow=1)
def window_updates_are_no_duplicates(t):
    """ACKs that change the window, or carry data, are not duplicates."""
    p, segs = flight(t, sack=False)
    p.wnd = 40000
    p.send(ack=segs[0].seq)
    for i in range(4):
        p.wnd += 1000
        p.send(ack=segs[0].seq)
    t.check(again(p, segs[0], 0.05) is None, "window updates were taken for duplicate ACKs")
    finish(t, p)


@case("5681 2: duplicate ACK", slow=1)
def data_is_no_duplicate(t):
    p, segs = flight(t, sack=False)
    for _ in range(4):
        p.send("PA", b"d", ack=segs[0].seq)
        p.seq += 1
    t.check(again(p, segs[0], 0.05) is None, "segments with data were taken for duplicate ACKs")
    finish(t, p)


@case("8985 6.2; pitfall 9 (gvisor 7406, 9778)", slow=1)
def reordering_forgiven(t):
    """The first segment is late by less than a quarter of the RTT: nothing is sent again."""
    p, segs = flight(t)
    p.sack((segs[1].seq, segs[1].end), ack=segs[0].seq)
    time.sleep(0.02)
    p.send(ack=segs[1].end)
    t.check(again(p, segs[0], 0.15) is None, "a spurious retransmission")
    finish(t, p)


@case("8985 6.2: time, not counting", slow=1)
def rack_by_time(t):
    """Only the last segment is SACKed: after a reordering window those before it are lost, before any timeout."""
    p, segs = flight(t)
    last = segs[8]
    p.sack((last.seq, last.end), ack=segs[0].seq)
    sent = time.monotonic()
    s = again(p, segs[0], 0.45)
    t.check(s is not None, "no retransmission within %.2f s" % (time.monotonic() - sent))
    finish(t, p)


@case("8985 6.2, 3.1: lost retransmission", slow=2)
def rack_lost_retransmission(t):
    """The retransmission is lost too; what was sent after it is SACKed: again, without RTO."""
    p, segs = flight(t)
    sack_behind_first(p, segs, range(1, 9))
    first = again(p, segs[0], SOON)
    t.check(first is not None, "no fast retransmission")
    new = p.new_data(0.12)
    t.check(new, "no new data during recovery")
    time.sleep(0.15)
    p.sack((segs[1].seq, new[-1].end), ack=segs[0].seq)
    second = again(p, segs[0], 0.4)
    t.check(second is not None, "the lost retransmission waits for the timeout")
    finish(t, p)


@case("8985 7.2, 7.3: TLP", slow=2)
def tail_loss_probe(t):
    """The whole tail is lost: before the timeout the last segment comes again, or new data."""
    p = measured(t)
    p.write(b"t" * 5000)
    segs = p.burst(4, 0.1)
    first = p.expect_data(4)
    t.check(first.seq == segs[-1].seq or not first.old, "the first repeat is %d, no probe" % diff(first.seq, segs[0].seq))
    p.ack_all()
    p.echo()


@case("8985 7.4: TLP and SACK", slow=2)
def tail_loss_probe_repairs(t):
    """The probe's SACK shows the hole before it, which is filled without a timeout."""
    p = measured(t)
    p.write(b"t" * 5000)
    segs = p.burst(4, 0.1)
    p.send(ack=segs[2].seq)
    probe = p.expect_data(4)
    t.check(probe.seq == segs[3].seq, "no probe of the last segment")
    time.sleep(RTT)  # an answer sooner than a round trip could be of the first transmission (8985 6.2 step 2)
    p.sack((segs[3].seq, segs[3].end), ack=segs[2].seq)
    s = again(p, segs[2], 0.45)
    t.check(s is not None, "the hole was not filled")
    p.ack_all()
    p.echo()


@case("2018 8; pitfall 10", slow=6)
def reneging(t):
    """The peer throws SACKed data away: after timeouts the box sends it again."""
    p, segs = flight(t, total=9)
    p.sack((segs[1].seq, segs[-1].end), ack=segs[0].seq)
    t.check(again(p, segs[0], 4) is not None, "the hole was not filled")
    at, end = segs[0].end, time.monotonic() + 25
    p.send(ack=at)  # only the first one: the others are gone
    while at != segs[-1].end and time.monotonic() < end:
        s = p.next(end - time.monotonic())
        if s and s.len and s.seq == at:
            at = s.end
            p.send(ack=at)
    t.check(at == segs[-1].end, "stuck: SACKed data was never sent again")
    p.ack = p.seen
    p.echo()


@case("2018 5; pitfall 10", slow=1)
def sack_below_una(t):
    """Blocks below SND.UNA mean nothing (or D-SACK)."""
    p, segs = flight(t)
    p.send(ack=segs[3].seq)
    p.drain(0.05)
    for _ in range(5):
        p.sack((segs[0].seq, segs[1].end), ack=segs[3].seq)
    t.check(again(p, segs[3], 0.05) is None, "retransmitted for blocks that are old")
    finish(t, p)


@case("2018 5; pitfall 10", slow=1)
def sack_above_nxt(t):
    """Blocks beyond what was sent mean nothing."""
    p, segs = flight(t)
    for i in range(4):
        p.sack((segs[0].seq + (1 << 24) + i, segs[0].seq + (1 << 24) + 1000), ack=segs[0].seq)
    t.check(again(p, segs[0], 0.05) is None, "retransmitted for blocks beyond SND.NXT")
    finish(t, p)


@case("2018; pitfall 10 (VPP 3b95409)", slow=1)
def sack_malformed(t):
    """Empty, inverted, nested, odd-sized blocks: no crash, no stall."""
    p, segs = flight(t)
    a, b, c = segs[2].seq, segs[4].seq, segs[6].seq
    for blocks in (((a, a),), ((b, a),), ((a, c), (a, b), (b, c)), ((c, a), (b, b)), ((a - (1 << 31), a),)):
        p.sack(*blocks, ack=segs[0].seq)
    p.send("A", more=b"\x05\x07" + b"12345\x01", ack=segs[0].seq)
    p.send("A", more=b"\x05\x02\x01\x01", ack=segs[0].seq)
    finish(t, p)


@case("CVE-2019-11477; pitfall 10", slow=3)
def sack_panic(t):
    """Many tiny SACKed islands: bounded work, and an end in order."""
    p, segs = flight(t)
    for i in range(400):
        at = segs[0].seq + 3 + 20 * i
        p.sack((at, at + 2), (at + 8, at + 10), (at + 14, at + 16), ack=segs[0].seq)
    p.drain(0.3)
    t.connect().echo()
    finish(t, p)


@case("2883 5; pitfall 10", slow=1)
def dsack_is_no_loss(t):
    """A D-SACK of what was acknowledged reports a duplicate, not a loss."""
    p, segs = flight(t)
    p.send(ack=segs[4].seq)
    p.drain(0.05)
    p.sack((segs[1].seq, segs[1].end), ack=segs[4].seq)
    p.sack((segs[2].seq, segs[2].end), ack=segs[4].seq)
    p.sack((segs[3].seq, segs[3].end), ack=segs[4].seq)
    t.check(again(p, segs[4], 0.08) is None, "a D-SACK was taken for a loss")
    finish(t, p)


@case("5682 2; 8985", slow=4)
def spurious_timeout(t):
    """A timeout that was only a delay: the ACKs of the first transmissions arrive, and nothing more is repeated."""
    p, segs = flight(t, ts=True)
    first = None
    end = time.monotonic() + 6
    while first is None and time.monotonic() < end:
        s = p.next(end - time.monotonic())
        if s and s.len and s.seq == segs[0].seq:
            first = s
    t.check(first is not None, "no timeout")
    echo = segs[0].ts[0]  # the ACKs are of the first transmissions
    p.ts_ecr = echo
    p.send(ack=segs[1].end)
    p.ts_ecr = echo
    p.send(ack=segs[3].end)
    p.ts_ecr = echo
    p.send(ack=segs[5].end)
    old = [s for s in p.drain(0.2) if s.len and s.old and diff(s.seq, segs[5].end) >= 0]
    t.check(len(old) <= 2, "%d segments repeated after a spurious timeout" % len(old))
    finish(t, p)


@case("6298 5; 5681 3.1; 2525 2.2", slow=5)
def timeout_then_slow_start(t):
    """After a timeout the window is one segment; each ACK opens it by about one more."""
    p, segs = flight(t, sack=False)
    s = again(p, segs[0], 6)
    while s is not None and s.seq != segs[0].seq:
        s = again(p, segs[0], 6)
    t.check(s is not None, "no timeout")
    p.drain(0.02)
    p.send(ack=segs[1].seq)
    got = [x for x in p.drain(0.12) if x.len]
    t.check(1 <= len(got) <= 4, "%d segments after the first ACK" % len(got))
    finish(t, p)


@case("5681 3.1; 9438 4.6: window after loss; 2525 2.8", slow=2)
def window_reduced_after_loss(t):
    """After a loss less is in flight: at most 0.8 of what was."""
    p, segs = flight(t, total=80)
    sack_behind_first(p, segs, range(1, 9))
    p.drain(0.2)
    before = len(segs)
    p.ack_all()
    got = p.new_data(0.15)
    t.check(len(got) <= before * 0.9 + 1, "%d in flight before the loss, %d after" % (before, len(got)))
    finish(t, p)


@case("6937 3 (PRR); 6675 5: conservation", slow=1)
def recovery_does_not_burst(t):
    """During recovery a segment is sent for a segment delivered, about; never a burst."""
    p, segs = flight(t, total=80)
    sent = 0
    for i in range(1, 9):
        p.sack((segs[1].seq, segs[i].end), ack=segs[0].seq)
        sent += sum(1 for s in p.drain(0.01) if s.len)
    sent += sum(1 for s in p.drain(0.1) if s.len)
    t.check(1 <= sent <= 11, "%d segments for eight delivered" % sent)
    finish(t, p)


@case("5681 3.2; pitfall 9 (smoltcp 225): counter", slow=2)
def many_duplicates(t):
    """Six hundred duplicate ACKs: no overflow, no flood."""
    p, segs = flight(t, sack=False)
    for _ in range(600):
        p.send(ack=segs[0].seq)
    old = p.old_data(0.15)
    t.check(len(old) <= 4, "%d retransmissions" % len(old))
    finish(t, p)


@case("3465; 2525 2.6: ACK division", slow=1)
def ack_division(t):
    """One segment acknowledged in ten pieces opens the window by one segment, not by ten."""
    p, segs = flight(t, total=80)
    before = p.seen
    for i in range(1, 11):
        p.send(ack=segs[0].seq + i * 100)
        time.sleep(0.002)
    new = p.new_data(0.12)
    t.check(sum(s.len for s in new) <= 3 * p.piece, "%d bytes for 1000 acknowledged" % diff(p.seen, before))
    finish(t, p)


@case("6928 2; 5681 3.1; 2525 2.1, 2.3")
def initial_window(t):
    """Ten segments at first (and perhaps a tail probe)."""
    p = t.connect(delay=RTT)
    p.write(b"i" * 1400 * 60)
    segs = p.burst(9, 0.15)
    t.check(9 <= len(segs) <= 12, "a first flight of %d segments" % len(segs))
    finish(t, p)


@case("6928 2; small segments")
def initial_window_bytes(t):
    """With a small MSS the first flight is ten of those."""
    p = t.connect(delay=RTT, mss=536 if t.v4 else 600)
    p.write(b"i" * 30000)
    segs = p.burst(9, 0.15)
    t.check(9 <= len(segs) <= 12, "a first flight of %d segments" % len(segs))
    finish(t, p)


@case("5681 3.1: slow start", slow=2)
def slow_start(t):
    """Each round trip about doubles the flight, and never more than that."""
    p, segs = flight(t, total=75)
    sizes = [len(segs)]
    for _ in range(2):
        p.ack_all()
        # one ACK for all: growth is limited by what RFC 3465 allows, or doubles
        got = p.burst(1, 0.12)
        sizes.append(len(got))
        t.check(sizes[-1] <= 2 * sizes[-2] + 4, "flights of %s" % sizes)
    t.check(sizes[-1] > sizes[0], "no growth: %s" % sizes)
    finish(t, p)


@case("5681 4.1; 7661 4.4: idle", slow=6)
def idle_restart(t):
    """After an idle time of many timeouts no burst larger than the initial window, about: less, or paced."""
    p, segs = flight(t, total=80)
    for _ in range(12):
        p.ack_all()
        if not p.drain(0.1):
            break
    time.sleep(4)
    p.write(b"z" * 1400 * 60)
    when = [s.when for s in p.burst(1, 0.12)]
    most = max(sum(1 for y in when if 0 <= y - x < 0.005) for x in when)
    t.check(most <= 16, "%d segments in 5 ms after four idle seconds" % most)
    finish(t, p)


@case("7661 4.3; 9438 5.8: application-limited", slow=3)
def unused_window_does_not_grow(t):
    """Many small exchanges do not open the window: the next bulk begins with the initial one, about."""
    p = t.connect(delay=0.1)
    for _ in range(40):
        p.echo(b"tiny")
    p.write(b"z" * 1400 * 70)
    got = p.burst(5, 0.05)
    t.check(len(got) <= 24, "%d segments at once" % len(got))
    finish(t, p)


@case("5681 3.1; 9293 3.10.7.4 fifth: ACKs of what was not sent", slow=1)
def optimistic_ack(t):
    """An ACK beyond what was sent opens nothing."""
    p, segs = flight(t)
    top = p.seen
    for i in range(1, 6):
        p.send(ack=top + i * 1400)
    new = p.new_data(0.12)
    t.check(len(new) <= 2, "%d new segments for ACKs of what was not sent" % len(new))
    finish(t, p)


@case("pitfall 2: retransmission of live buffers; 2525 2.4", slow=2)
def retransmitted_bytes_are_the_same(t):
    """Every retransmission carries the same bytes, however it is cut."""
    p = t.connect(delay=RTT)
    data = bytes(range(256)) * 80
    p.write(data)
    segs = p.burst(5, 0.12)
    base = segs[0].seq
    for _ in range(4):
        p.send(ack=base)
    p.send(ack=base + 700)
    for s in p.drain(1.5):
        if s.len:
            at = diff(s.seq, base)
            t.check(s.data == data[at:at + s.len], "other bytes at %d" % at)
    finish(t, p)
