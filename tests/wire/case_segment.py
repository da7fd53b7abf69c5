# SPDX-License-Identifier: BSD-3-Clause
"""Segments for an established connection, in the order of RFC 9293 3.10.7.4, and RFC 5961 against blind ones."""
import random
import time

import frame
from bench import case

BIG = 1 << 30  # outside every window


def edge(p, s):
    """The right edge that segment s announces."""
    return (s.ack + (s.wnd << p.box_ws)) & 0xFFFFFFFF


@case("9293 3.10.7.4 first")
def keepalive_probe_answered(t):
    """Empty, one below RCV.NXT: not acceptable, so it is answered by an ACK."""
    p = t.connect().echo()
    p.send("A", seq=p.seq - 1)
    p.confirms()


@case("9293 3.10.7.4 first; 1122 4.2.3.6")
def keepalive_probe_with_byte(t):
    """The same with a garbage byte."""
    p = t.connect().echo()
    p.send("A", b"\0", seq=p.seq - 1)
    p.confirms()
    p.echo()


@case("9293 3.10.7.4 first, seventh")
def old_data(t):
    """What was received is acknowledged again and not delivered again."""
    p = t.connect().echo(b"once")
    p.send("PA", b"once", seq=p.seq - 4)
    p.expect("A", len=0, ack=p.seq)
    p.echo(b"twice")


@case("9293 3.10.7.4 seventh")
def overlap_left(t):
    """Of a segment that is partly old only the new part is taken."""
    p = t.connect().echo(b"abcdef")
    p.send("PA", b"defghi", seq=p.seq - 3)
    p.seq += 3
    t.check(p.read(3) == b"ghi", "other bytes than the new ones")


@case("9293 3.10.7.4 first")
def beyond_window(t):
    """Right of the window: answered by an ACK, not taken."""
    p = t.connect().echo()
    p.send("PA", b"far", seq=p.seq + BIG)
    s = p.expect("A", len=0, ack=p.seq)
    t.check(not s.sack, "SACK of what is outside the window")
    p.echo()


@case("9293 3.10.7.4 first", linux="a segment that begins in the window is kept whole, bytes beyond the announced edge too")
def across_right_edge(t):
    """What lies in the window may be taken, what lies beyond must not."""
    p = t.connect().echo()
    p.send("A", seq=p.seq - 1)
    right = edge(p, p.expect("A", ack=p.seq))
    p.send("PA", b"i" * 10 + b"o" * 10, seq=right - 10)
    s = p.expect("A", ack=p.seq)
    t.check(s.sack in ([], [((right - 10) & 0xFFFFFFFF, right)]), "bytes beyond the window are kept: %s" % s.sack)
    p.echo()


@case("9293 3.10.7.4 second; 5961 3.2")
def rst_exact(t):
    p = t.connect().echo()
    p.rst()
    p.gone(0.2)


@case("5961 3.2; pitfall 12")
def rst_in_window(t):
    """In the window but not exact: a challenge ACK, and the connection lives."""
    p = t.connect().echo()
    p.rst(seq=p.seq + 1)
    p.confirms()
    p.echo()


@case("9293 3.10.7.4 first; pitfall 12")
def rst_outside_window(t):
    """Outside the window an RST is dropped without a word."""
    p = t.connect().echo()
    for far in (-1, -1000, BIG, -BIG):
        p.rst(seq=p.seq + far)
    p.quiet(0.3)
    p.echo()


@case("5961 3.2")
def rst_with_data(t):
    """An RST may carry text (1122 4.2.2.12)."""
    p = t.connect().echo()
    p.send("R", b"why")
    p.gone(0.2)


@case("9293 3.10.7.4 second")
def rst_ack_exact(t):
    p = t.connect().echo()
    p.send("RA")
    p.gone(0.2)


@case("5961 4.2; pitfall 11")
def syn_in_window(t):
    p = t.connect().echo()
    p.send("S", seq=p.seq + 5, opts=p.syn_options())
    p.confirms()
    p.echo()


@case("5961 4.2")
def syn_outside_window(t):
    p = t.connect().echo()
    p.send("S", seq=p.seq + BIG, opts=p.syn_options())
    p.confirms()
    p.echo()


@case("5961 4.2; 9293 3.5.1 half-open discovery")
def syn_after_peer_restart(t):
    """The peer lost its state and begins anew: challenge ACK, its RST, and then it gets in."""
    p = t.connect().echo()
    q = t.peer(host=p.host, sport=p.sport)
    q.syn()
    s = q.expect("A")
    t.check(s.ack == p.seq, "the challenge does not say where we are")
    q.rst(seq=s.ack)
    q.quiet(0.15)
    q.syn()
    q.expect_synack()
    q.send()
    q.echo()


@case("5961 4.2")
def synack_in_established(t):
    """A duplicate of a SYN-ACK is answered by an ACK and changes nothing."""
    p = t.connect().echo()
    p.send("SA", opts=p.syn_options())
    p.confirms()
    p.echo()


@case("5961 7; pitfall 11")
def challenge_limited(t):
    """Challenge ACKs are limited: a flood of inexact RSTs is not answered one by one."""
    p = t.connect().echo()
    for i in range(200):
        p.rst(seq=p.seq + 1 + i)
    acks = len(p.drain(1.0))
    t.check(1 <= acks <= 40, "%d challenge ACKs for 200 RSTs" % acks)
    p.echo()


@case("5961 7; pitfall 11 (smoltcp 1162)")
def challenge_limit_spares_data(t):
    """While challenges are limited, old data is still acknowledged: its sender needs it."""
    p = t.connect().echo(b"data")
    for i in range(50):
        p.rst(seq=p.seq + 1 + i)
    p.drain(0.3)
    for _ in range(3):
        p.send("PA", b"data", seq=p.seq - 4)
        p.expect("A", 2.0, ack=p.seq, len=0)


@case("5961 7; CVE-2016-5696; pitfall 11", slow=2)
def challenge_limit_is_no_channel(t):
    """A flood on one connection does not use up another's challenges."""
    p, q = t.connect(), t.connect()
    p.echo()
    q.echo()
    for i in range(400):
        p.rst(seq=p.seq + 1 + i)
    q.rst(seq=q.seq + 9)
    q.expect("A", len=0, ack=q.seq)


@case("9293 3.10.7.4 fifth")
def no_ack_flag(t):
    """Without ACK a segment is dropped."""
    p = t.connect().echo()
    p.send("P", b"naked", ack=0)
    p.quiet(0.3)
    p.echo()


@case("9293 3.10.7.4 fifth; 5961 5.2; pitfall 12")
def ack_of_unsent(t):
    """An ACK of what was never sent: an ACK in answer, the text is dropped."""
    p = t.connect().echo()
    p.send("PA", b"wrong", ack=p.ack + 1)
    p.confirms()
    p.echo()


@case("5961 5.2; pitfall 12")
def ack_too_old(t):
    """An ACK from before the largest window: blind injection, dropped with a challenge."""
    p = t.connect().echo()
    p.send("PA", b"blind", ack=p.ack - BIG)
    p.confirms()
    p.echo()


@case("9293 3.10.7.4 fifth; pitfall 12 (smoltcp 12)")
def ack_old_with_data(t):
    """An old ACK within the window is a duplicate; text with it is taken."""
    p = t.connect().echo(b"x" * 100)
    p.send("PA", b"late ack", ack=p.ack - 50)
    p.seq += 8
    p.gets(b"late ack")


@case("9293 3.10.7.4 sixth; 6093 3; pitfall: URG as data")
def urgent_is_data(t):
    """Urgent bytes stay in line."""
    p = t.connect()
    p.write(b"abcdef", "PAU", urg=3)
    t.check(p.read(6) == b"abcdef", "an urgent byte was taken out of line")


@case("6093 3")
def urgent_pointer_at_end(t):
    p = t.connect()
    p.write(b"abcdef", "PAU", urg=6)
    t.check(p.read(6) == b"abcdef", "an urgent byte was taken out of line")


@case("6093 3.2")
def urgent_pointer_wild(t):
    """A pointer beyond the data, and one without the flag, mean nothing."""
    p = t.connect()
    p.write(b"abc", "PAU", urg=60000)
    p.gets(b"abc")
    p.send("PA", b"def", urg=2)
    p.seq += 3
    p.gets(b"def")


@case("9293 3.10.7.4 eighth")
def fin_out_of_order(t):
    """A FIN that overtakes data waits for it."""
    p = t.connect()
    p.send("FA", b"def", seq=p.seq + 3)
    t.check(not any("F" in s.flags or s.len for s in p.drain(0.2)), "the FIN was taken before its data")
    p.send("PA", b"abc")
    p.seq += 7
    t.check(p.read_to_fin() == b"abcdef", "altered")


@case("9293 3.10.7.4 eighth")
def fin_in_order_without_its_data(t):
    """FIN alone, beyond a hole."""
    p = t.connect()
    p.send("FA", seq=p.seq + 5)
    t.check(not any("F" in s.flags for s in p.drain(0.2)), "the FIN was taken before its data")
    p.send("PA", b"12345")
    p.seq += 6
    t.check(p.read_to_fin() == b"12345", "altered")


@case("9293 3.10.7.4 seventh")
def data_after_fin(t):
    """Text beyond the peer's own FIN is not taken."""
    p = t.connect()
    p.fin()
    p.expect("FA", ack=p.seq)
    p.send("PA", b"more")
    got = p.drain(0.3)
    t.check(not any(s.len for s in got), "text behind the FIN was echoed")


@case("9293 3.10.7.4 eighth")
def fin_again(t):
    """The FIN comes again because our ACK was lost."""
    p = t.connect()
    p.fin()
    s = p.expect("FA", ack=p.seq)
    p.send("FA", seq=p.seq - 1, ack=s.seq)
    p.expect(None, ack=p.seq, where=lambda s: "A" in s.flags)
    p.send()
    p.dead()


@case("9293 3.10.7.4; no ACK of an ACK; pitfall 11")
def acks_are_not_answered(t):
    """Duplicates of an acceptable ACK get no answer: two such ends would never stop."""
    p = t.connect().echo()
    p.drain(0.1)
    for _ in range(20):
        p.send()
    p.quiet(0.3)


@case("9293 3.4; pitfall 10 wraparound", slow=1)
def sequence_wraps(t):
    """Our numbers wrap in mid-stream."""
    p = t.peer()
    p.iss = p.seq = 0xFFFFFFFF - 3000
    p.establish()
    data = random.randbytes(20000)
    p.echo(data)
    p.rst()
    p.gone(0.1)


@case("9293 3.4; pitfall 10 wraparound")
def sequence_wraps_in_reassembly(t):
    p = t.peer()
    p.iss = p.seq = 0xFFFFFFFF - 10
    p.establish()
    data = random.randbytes(40)
    for at in (30, 20, 10, 0):
        p.send("PA", data[at:at + 10], seq=p.seq + at)
    p.seq = (p.seq + 40) & 0xFFFFFFFF
    p.gets(data)


@case("9293 3.10.7.4 seventh; 1122 4.2.2.20")
def reversed_order(t):
    """Forty segments, the last first."""
    p = t.connect()
    data = random.randbytes(20000)
    for at in range(19500, -1, -500):
        p.send("PA", data[at:at + 500], seq=p.seq + at)
    p.seq += 20000
    p.gets(data)


@case("9293 3.10.7.4 seventh")
def random_order_and_overlap(t):
    """Pieces of random place and length, every byte several times."""
    p = t.connect()
    data, base = random.randbytes(8000), p.seq
    pieces = [(a, 700) for a in range(0, 8000, 350)] + [(random.randrange(7900), random.randrange(1, 900)) for _ in range(40)]
    random.shuffle(pieces)
    for at, n in pieces:
        p.send("PA", data[at:at + n], seq=base + at)
        time.sleep(0.001)
    # out of order data is kept as far as there is room for its pieces; what was dropped comes again
    for at in range(0, 8000, 1000):
        p.send("PA", data[at:at + 1000], seq=base + at)
    p.seq = base + 8000
    p.gets(data)


@case("9293 3.10.7.4 seventh; overlap")
def overlap_conflict(t):
    """Overlapping segments that disagree: one of the two, for good; never both."""
    p = t.connect()
    p.send("PA", b"BBBB", seq=p.seq + 4)
    p.send("PA", b"bbbb", seq=p.seq + 4)
    p.send("PA", b"AAAAxx")
    p.seq += 8
    got = p.read(8)
    t.check(got[:4] == b"AAAA" and got[4:] in (b"BBBB", b"bbbb", b"xxBB", b"xxbb"), "%r came back" % got)


@case("CVE-2018-5390; pitfall 10 (SegmentSmack)", slow=3)
def tiny_out_of_order_flood(t):
    """Thousands of one-byte islands: bounded memory and work, and the connection goes on."""
    p = t.connect()
    for i in range(3000):
        p.send("A", b"i", seq=p.seq + 2 + 2 * i)
    p.drain(0.5)
    t.connect().echo(b"others are served")
    p.write(b"w" * 6002)
    t.check(set(p.read(6002)) <= set(b"wi"), "altered")


@case("9293 3.10.7.4 seventh", slow=1)
def duplicated_bulk(t):
    """Every segment three times."""
    p = t.connect()
    data = random.randbytes(14000)
    for at in range(0, 14000, 1400):
        for _ in range(3):
            p.send("PA", data[at:at + 1400], seq=p.seq + at)
    p.seq += 14000
    p.gets(data)


@case("9293 3.10.7.4 seventh")
def bulk_echo(t):
    """A hundred kilobytes, by segments of the MSS, come back as they went."""
    p = t.connect()
    data = random.randbytes(100000)
    back = b""
    for at in range(0, 100000, 10000):
        p.write(data[at:at + 10000])
        back += p.read(10000)
    t.check(back == data, "altered")


@case("9293 3.10.7.4 seventh; small segments")
def byte_by_byte(t):
    """Three hundred segments of one byte."""
    p = t.connect()
    data = random.randbytes(300)
    for b in data:
        p.write(bytes((b,)))
    p.gets(data)


@case("9293 3.9.1.2; pitfall 18")
def last_piece_is_pushed(t):
    """The end of what was written carries PSH, and no timer holds it back."""
    p = t.connect()
    began = time.time()
    p.write(b"n" * 2000)
    got, last = 0, None
    while got < 2000:
        last = p.expect_data()
        got += 0 if last.old else last.len
    t.check("P" in last.flags, "no PSH at the end")
    t.check(last.when - began < 5, "held back %.1f s" % (last.when - began))


@case("1122 4.2.3.4; pitfall 18 (Nagle and delayed ACKs)")
def small_writes_do_not_wait(t):
    """Small answers go out though earlier ones are not acknowledged: Nagle is off."""
    p = t.connect()
    for i in range(4):
        p.write(b"%d" % i)
        s = p.expect(None, where=lambda s: s.len > 0 and not s.old)
        t.check(s.data == b"%d" % i, "%r came" % s.data)


@case("9293 3.1; URG and unknown flag bits")
def all_flags_lit(t):
    """A "Christmas tree" segment kills nothing and nobody."""
    p = t.connect().echo()
    p.send("FSRPAUEC", b"x", seq=p.seq + BIG)
    p.drain(0.2)
    p.echo()
    q = t.peer()
    q.send("FSRPAUEC", b"x")
    q.quiet(0.2)


@case("9293 3.1; no flags")
def no_flags(t):
    p = t.connect().echo()
    p.send("", b"null")
    p.quiet(0.3)
    p.echo()


@case("9293 3.2; options in every segment")
def options_in_data(t):
    """Unknown options on data are skipped; malformed ones do not make it loop."""
    p = t.connect()
    p.send("PA", b"ok", opts=b"\xfd\x06abcd\x01\x01")
    p.seq += 2
    p.gets(b"ok")
    p.send("PA", b"bad", opts=b"\xfd\x00\x01\x01")
    p.drain(0.2)
    t.connect().echo()


@case("9293 3.2; SYN options outside a SYN")
def syn_options_in_data(t):
    """MSS, window scale and SACK-permitted count on a SYN only."""
    p = t.connect(ws=0)
    p.send("PA", b"opt", opts=frame.opt_mss(100) + b"\x01" + frame.opt_ws(14) + frame.OPT_SACK_OK + b"\x01\x01")
    p.seq += 3
    p.gets(b"opt")
    p.write(b"s" * 1200)
    s = p.expect(None, where=lambda s: s.len > 0)
    t.check(s.len > 500, "the MSS changed after the SYN: a segment of %d" % s.len)


@case("9293 3.8.6; padding of the frame")
def ethernet_padding(t):
    """What pads a short frame is not data."""
    p = t.connect()
    p.write(b"1")  # padded to 60 bytes by the bench
    p.gets(b"1")
    p.quiet(0.2)
    p.echo()
