# SPDX-License-Identifier: BSD-3-Clause
"""The receiving side of SACK: RFC 2018 and D-SACK (RFC 2883), and when to acknowledge (RFC 5681 4.2)."""
import time

from bench import case


def blocks(p, *pairs):
    """Blocks relative to the first byte that is missing."""
    return [((p.seq + a) & 0xFFFFFFFF, (p.seq + b) & 0xFFFFFFFF) for a, b in pairs]


def island(p, start, n=10, **f):
    p.send("PA", b"s" * n, seq=p.seq + start, **f)


@case("2018 2")
def sack_permitted(t):
    """Offered in the SYN-ACK where the SYN offers it, and only there."""
    p = t.peer()
    p.syn(sack=True)
    t.check(4 in p.expect_synack().opts, "no SACK-permitted")
    q = t.peer()
    q.syn(sack=False)
    t.check(4 not in q.expect_synack().opts, "SACK-permitted unasked")


@case("2018 2, 3")
def no_sack_unasked(t):
    """A duplicate ACK without blocks where SACK was not agreed on."""
    p = t.connect(sack=False).echo()
    island(p, 100)
    s = p.expect("A", ack=p.seq, len=0)
    t.check(not s.sack, "SACK to a peer that did not offer it")


@case("2018 3; 5681 4.2", slow=1)
def out_of_order_at_once(t):
    """Out of order data is acknowledged at once, with its block."""
    p = t.connect().echo()
    p.drain(0.1)
    island(p, 100)
    s = p.expect("A", ack=p.seq, len=0, where=lambda s: s.sack == blocks(p, (100, 110)))
    t.check(s.sack == blocks(p, (100, 110)), "blocks %s" % s.sack)


@case("2018 4")
def latest_first(t):
    """The first block holds the segment that caused the ACK."""
    p = t.connect().echo()
    for start in (100, 300, 200):
        island(p, start)
        s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
        t.check(s.sack[0] == blocks(p, (start, start + 10))[0], "first block %s after %d" % (s.sack, start))
    t.check(sorted(s.sack) == sorted(blocks(p, (100, 110), (200, 210), (300, 310))), "blocks %s" % s.sack)


@case("2018 4")
def recent_blocks_repeated(t):
    """After the first, the most recently reported ones: at least three go with each ACK."""
    p = t.connect().echo()
    for start in (100, 200, 300, 400):
        island(p, start)
        s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
    want = blocks(p, (400, 410), (300, 310), (200, 210))
    t.check(s.sack[:3] == want, "blocks %s, wanted first %s" % (s.sack, want))


@case("2018 3")
def blocks_with_timestamps(t):
    """Beside timestamps three blocks fit, without them four."""
    for ts, most in ((True, 3), (False, 4)):
        p = t.connect(ts=ts)
        p.echo()
        for start in range(100, 700, 100):
            island(p, start)
            s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
        t.check(3 <= len(s.sack) <= most, "%d blocks" % len(s.sack))


@case("2018 4")
def blocks_join(t):
    """Adjacent and overlapping islands are one block, and the block is the whole of it."""
    p = t.connect().echo()
    for start in (100, 120, 110):
        island(p, start)
        s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
    t.check(s.sack == blocks(p, (100, 130)), "blocks %s" % s.sack)
    island(p, 125, 20)
    s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
    # the overlap may be told first, as D-SACK
    t.check(s.sack in (blocks(p, (100, 145)), blocks(p, (125, 130), (100, 145))), "blocks %s" % s.sack)


@case("2018 4; 5681 4.2")
def gap_filled(t):
    """What fills the gap is acknowledged at once, cumulatively, and the block is gone."""
    p = t.connect()
    p.write(b"a" * 10)
    p.read(10)
    p.drain(0.1)
    p.send("PA", b"c" * 10, seq=p.seq + 10)
    p.expect("A", ack=p.seq, len=0, where=lambda s: s.sack)
    p.send("PA", b"b" * 10)
    p.seq += 20
    s = p.expect(None, ack=p.seq, where=lambda s: not s.sack)
    t.check("A" in s.flags, "no ACK")


@case("2018 4")
def gap_filled_in_part(t):
    """One of two gaps filled: the ACK moves to the next gap, with the other block."""
    p = t.connect().echo()
    island(p, 10)
    island(p, 30)
    p.expect("A", ack=p.seq, where=lambda s: len(s.sack) == 2)
    base = p.seq
    island(p, 0)
    s = p.expect(None, ack=base + 20, where=lambda s: len(s.sack) == 1)
    t.check(s.sack == [((base + 30) & 0xFFFFFFFF, (base + 40) & 0xFFFFFFFF)], "blocks %s" % s.sack)


@case("2018 5; 5681 4.2")
def every_out_of_order_segment(t):
    """Each segment above the gap gets its own ACK: the sender counts them."""
    p = t.connect().echo()
    p.drain(0.1)
    for i in range(8):
        island(p, 100 + 10 * i)
        time.sleep(0.02)  # a burst may be answered by fewer
    acks = [s for s in p.drain(0.4) if s.ack == p.seq & 0xFFFFFFFF and s.sack]
    t.check(len(acks) >= 8, "%d ACKs for 8 segments" % len(acks))
    t.check(all(s.len == 0 for s in acks), "duplicate ACKs with data")


@case("2883 4")
def dsack_old_data(t):
    """Data that was already acknowledged comes again: the first block names it."""
    p = t.connect().echo(b"d" * 20)
    p.send("PA", b"d" * 20, seq=p.seq - 20)
    s = p.expect("A", ack=p.seq, len=0)
    t.check(s.sack and s.sack[0] == blocks(p, (-20, 0))[0], "no D-SACK: %s" % s.sack)


@case("2883 4.1")
def dsack_out_of_order_duplicate(t):
    """An island comes twice: D-SACK of it first, then the block that holds it."""
    p = t.connect().echo()
    island(p, 100)
    p.expect("A", where=lambda s: s.sack)
    island(p, 100)
    s = p.expect("A", ack=p.seq)
    t.check(s.sack == blocks(p, (100, 110), (100, 110)), "blocks %s" % s.sack)


@case("2883 4.2")
def dsack_partial_duplicate(t):
    """Old and new in one segment: the old part as D-SACK."""
    p = t.connect().echo(b"o" * 20)
    p.send("PA", b"o" * 10 + b"n" * 10, seq=p.seq - 10)
    old = blocks(p, (-10, 0))[0]
    p.seq += 10
    s = p.expect(None, ack=p.seq)
    t.check(not s.sack or s.sack[0] == old, "blocks %s" % s.sack)


@case("2883 4; once only")
def dsack_not_repeated(t):
    """A D-SACK block is sent in one ACK and not again."""
    p = t.connect().echo(b"d" * 20)
    p.send("PA", b"d" * 20, seq=p.seq - 20)
    p.expect("A", ack=p.seq)
    island(p, 100)
    s = p.expect("A", ack=p.seq, where=lambda s: s.sack)
    t.check(s.sack == blocks(p, (100, 110)), "blocks %s" % s.sack)


@case("2883; 2018: no D-SACK where SACK was not agreed on")
def no_dsack_unasked(t):
    p = t.connect(sack=False).echo(b"d" * 20)
    p.send("PA", b"d" * 20, seq=p.seq - 20)
    s = p.expect("A", ack=p.seq)
    t.check(not s.sack, "SACK to a peer that did not offer it")


@case("2018 3; wraparound, pitfall 10")
def blocks_wrap(t):
    """Blocks across 2^32."""
    p = t.peer()
    p.iss = p.seq = 0xFFFFFFFF - 104
    p.establish()
    island(p, 95, 20)
    s = p.expect("A", where=lambda s: s.sack)
    t.check(s.sack == blocks(p, (95, 115)), "blocks %s" % s.sack)


@case("2018 8; 9293 3.10.7.4; 2525 2.5")
def sacked_data_is_kept(t):
    """What was SACKed and not dropped since need not come again."""
    p = t.connect()
    p.write(b"1" * 10)
    p.read(10)
    p.send("PA", b"3" * 10, seq=p.seq + 10)
    p.expect("A", where=lambda s: s.sack)
    p.send("PA", b"2" * 10)
    p.seq += 20
    t.check(p.read(20) == b"2" * 10 + b"3" * 10, "altered")


@case("5681 4.2; 1122 4.2.3.2; 9293 3.8.6.3")
def delayed_ack(t):
    """A lone segment is acknowledged within half a second."""
    lane = t.lane()
    front, node = lane.open()
    for _ in range(20):  # past the first ones, which are acknowledged at once
        front.write(b"q")
        node.read(1)
    front.drain(0.6)
    front.write(b"lone")
    sent = front.sent_when
    s = front.expect("A", ack=front.seq, len=0)
    t.check(s.when - sent < 0.5 + 1.0, "ACK after %.3f s" % (s.when - sent))


@case("5681 4.2; 1122 4.2.3.2; 2525 2.13")
def every_second_full_segment(t):
    """Of a stream of full segments, at least every second is acknowledged without the timer."""
    front, node = t.lane().open()
    acked = []
    for _ in range(12):
        front.write(b"f" * front.mss)
        time.sleep(0.01)
    acked = front.drain(0.7)
    node.drain(0.1)
    t.check(len(acked) >= 5, "%d ACKs for 12 full segments" % len(acked))
    t.check(acked[-1].ack == front.seq & 0xFFFFFFFF, "the last ones are not acknowledged")
