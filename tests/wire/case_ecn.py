# SPDX-License-Identifier: BSD-3-Clause
"""ECN: RFC 3168 6.1."""
from bench import case

ECT1, ECT0, CE = 1, 2, 3


def agreed(t, **offer):
    """A connection that agreed on ECN; its peer sends ECT(0)."""
    p = t.peer()
    p.syn(flags="SEC", **offer)
    p.expect_synack(flags="SAE")
    p.send()
    p.ecn = ECT0
    return p


@case("3168 6.1.1")
def negotiated(t):
    """An ECN-setup SYN is answered by an ECN-setup SYN-ACK: ECE without CWR."""
    p = t.peer()
    p.syn(flags="SEC")
    s = p.expect_synack(flags="SAE")
    t.check(s.ip.ecn == 0, "a SYN-ACK with ECT")
    p.send()
    p.echo()


@case("3168 6.1.1")
def not_unasked(t):
    p = t.peer()
    p.syn()
    p.expect_synack(flags="SA")
    p.send()
    p.write(b"x")
    s = p.expect("PA", where=lambda s: s.len)
    t.check(s.ip.ecn == 0, "ECT without agreement")


@case("3168 6.1.1.1: robustness")
def half_setup(t):
    """ECE or CWR alone on a SYN is no ECN-setup SYN."""
    for flags in ("SE", "SC"):
        p = t.peer()
        p.syn(flags=flags)
        s = p.expect("SA")
        t.check("E" not in s.flags and "C" not in s.flags, "%s answered by %s" % (flags, s.flags))


@case("9768 3.1.2")
def accurate_ecn_falls_back(t):
    """A SYN that offers accurate ECN (AE, CWR and ECE set) is answered as by RFC 3168, with AE clear."""
    p = t.peer()
    p.syn(flags="SEC", reserved=1)
    s = p.expect_synack(flags="SAE")
    t.check(s.reserved == 0, "AE or a reserved bit in the answer")
    p.send()
    p.echo()


@case("3168 6.1.1.1: SYN again without ECN")
def syn_again_without(t):
    """The SYN is repeated without ECN, because a middlebox dropped it: either answer, and it works."""
    p = t.peer()
    p.syn(flags="SEC")
    p.expect_synack(flags="SAE")
    p.syn(flags="S")
    p.expect(None, where=lambda s: s.flags in ("SA", "SAE"))
    p.send()
    p.echo()


@case("3168 6.1.2, 6.1.4")
def ect_on_data_only(t):
    """New data is ECT(0); pure ACKs are not ECT."""
    p = agreed(t)
    p.write(b"x" * 100)
    s = p.expect_data()
    t.check(s.ip.ecn == ECT0, "data with ECN field %d" % s.ip.ecn)
    p.send()
    p.send("PA", b"ooo", seq=p.seq + 10)
    s = p.expect("A", len=0, where=lambda s: s.sack)
    t.check(s.ip.ecn == 0, "a pure ACK with ECN field %d" % s.ip.ecn)


@case("3168 6.1.5", slow=2)
def retransmission_not_ect(t):
    p = agreed(t)
    p.write(b"x" * 100)
    s = p.expect_data()
    again = p.expect(None, where=lambda r: r.len and r.seq == s.seq)
    t.check(again.ip.ecn == 0, "a retransmission with ECN field %d" % again.ip.ecn)


@case("3168 6.1.6", slow=4)
def window_probe_not_ect(t):
    p = agreed(t)
    p.shut()
    p.write(b"x" * 100)
    probe = p.expect(None, 15, where=lambda s: s.len == 1 or s.flags == "A" and s.seq != p.ack)
    t.check(probe.ip.ecn == 0, "a window probe with ECN field %d" % probe.ip.ecn)


@case("3168 6.1.3")
def ce_echoed_until_cwr(t):
    """CE: ECE on every ACK until CWR; then no more."""
    p = agreed(t)
    p.echo()
    p.ecn = CE
    p.write(b"congested")
    s = p.expect_data()
    t.check("E" in s.flags, "no ECE after CE: %s" % s.flags)
    p.ecn = ECT0
    p.send()
    for _ in range(3):
        p.write(b"go on")
        s = p.expect(None, where=lambda s: s.len and not s.old)
        t.check("E" in s.flags, "ECE ended before CWR")
        p.send()
    p.write(b"reduced", flags="PAC")
    p.expect(None, where=lambda s: s.len and not s.old)
    p.send()
    p.write(b"after")
    s = p.expect(None, where=lambda s: s.len and not s.old)
    t.check("E" not in s.flags, "ECE after CWR")


@case("3168 6.1.3; CE on the segment with CWR")
def cwr_and_ce(t):
    """A segment with CWR that is itself marked: ECE goes on."""
    p = agreed(t)
    p.echo()
    p.ecn = CE
    p.write(b"one")
    p.expect(None, where=lambda s: s.len and "E" in s.flags)
    p.send()
    p.write(b"two", flags="PAC")
    s = p.expect(None, where=lambda s: s.len and not s.old)
    t.check("E" in s.flags, "CE on a CWR segment was lost")


@case("3168 6.1.3: only when agreed")
def ce_without_agreement(t):
    """CE on a connection without ECN changes nothing."""
    p = t.connect()
    p.ecn = CE
    p.write(b"marked")
    s = p.expect_data()
    t.check("E" not in s.flags, "ECE without agreement")


@case("3168 6.1.2")
def ece_brings_cwr(t):
    """ECE from the peer: the next new data carries CWR, once."""
    p = agreed(t)
    p.echo(b"x" * 1000)
    p.write(b"y" * 1000)
    s = p.expect_data()
    p.send("AE")
    p.write(b"z" * 1000, flags="PAE")
    s = p.expect(None, where=lambda s: s.len and not s.old)
    t.check("C" in s.flags, "no CWR after ECE: %s" % s.flags)
    p.send()
    p.write(b"w" * 1000)
    s = p.expect(None, where=lambda s: s.len and not s.old)
    t.check("C" not in s.flags, "CWR again without ECE")


@case("3168 6.1.2: once a window", slow=2)
def ece_reduces_once(t):
    """ECE reduces the window as a loss would, and once a round trip: data goes on."""
    p = agreed(t)
    p.write(b"e" * 1400 * 60)
    segs = p.burst(9, 0.1)
    for s in segs:
        p.send("AE", ack=s.end)
    got = p.new_data(0.2)
    t.check(len(got) <= len(segs) + 3, "%d new segments for %d ACKs with ECE" % (len(got), len(segs)))
    p.ack_all()
    t.check(p.burst(1, 0.1), "stopped")


@case("3168 6.1.1: the box as client")
def client_offer(t):
    """Where the box offers ECN it uses it if the node agrees; a plain SYN-ACK leaves it off."""
    lane = t.lane()
    lane.front.establish()
    s, node = lane.syn()
    offers = "E" in s.flags and "C" in s.flags
    t.check(offers or ("E" not in s.flags and "C" not in s.flags), "half an ECN-setup SYN: %s" % s.flags)
    t.check(s.ip.ecn == 0, "a SYN with ECT")
    node.accept(s)
    node.expect("A", ack=node.seq)
    lane.front.write(b"x")
    d = node.expect_data()
    t.check(d.ip.ecn == 0, "ECT though the node did not agree")


@case("3168 6.1.1: the box as client")
def client_agreed(t):
    lane = t.lane()
    lane.front.establish()
    s, node = lane.syn()
    node.irs, node.ack, node.seen = s.seq, (s.seq + 1) & 0xFFFFFFFF, (s.seq + 1) & 0xFFFFFFFF
    node.send("SAE", seq=node.iss, opts=node.syn_options())
    node.seq = (node.iss + 1) & 0xFFFFFFFF
    node.expect("A", ack=node.seq)
    lane.front.write(b"x")
    d = node.expect(None, where=lambda x: x.len)
    offered = "E" in s.flags and "C" in s.flags
    t.check(d.ip.ecn == (ECT0 if offered else 0), "ECN field %d, offered: %s" % (d.ip.ecn, offered))


@case("3168 6.1.1; 8311")
def syn_with_ce(t):
    """A SYN with CE in its IP header: a connection all the same."""
    p = t.peer()
    p.ecn = CE
    p.syn(flags="SEC")
    p.expect(None, where=lambda s: "S" in s.flags and "A" in s.flags)
