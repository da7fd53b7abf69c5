# SPDX-License-Identifier: BSD-3-Clause
"""How connections begin: CLOSED, LISTEN, SYN_RECEIVED (RFC 9293 3.10.7.1, .2, .4; 3.1 options)."""
import random

import frame
from bench import CLOSED, case


@case("9293 3.5 figure 6")
def handshake(t):
    p = t.peer()
    p.syn()
    s = p.expect_synack()
    t.check(s.mss is not None and s.len == 0, "no MSS option on the SYN-ACK")
    p.send()
    p.quiet(0.2)
    p.echo(b"hello")


@case("9293 3.10.7.1")
def closed_port_syn(t):
    p = t.peer(CLOSED)
    p.send("S", seq=p.iss, opts=p.syn_options())
    p.expect("RA", seq=0, ack=p.iss + 1)


@case("9293 3.10.7.1")
def closed_port_syn_data_fin(t):
    """SEG.LEN counts text, SYN and FIN."""
    p = t.peer(CLOSED)
    p.send("SF", b"12345", seq=p.iss)
    p.expect("RA", seq=0, ack=p.iss + 7)


@case("9293 3.10.7.1")
def closed_port_ack(t):
    p = t.peer(CLOSED)
    p.send("A", b"data", seq=5, ack=0x12345678)
    p.expect("R", seq=0x12345678, ack=0, len=0)


@case("9293 3.10.7.1")
def closed_port_rst(t):
    """An RST is never answered by an RST."""
    p = t.peer(CLOSED)
    p.send("R")
    p.send("RA")
    p.quiet(0.4)


@case("9293 3.10.7.2 first")
def listen_rst(t):
    p = t.peer()
    p.send("R")
    p.quiet(0.3)
    p.establish().echo()


@case("9293 3.10.7.2 second")
def listen_ack(t):
    p = t.peer()
    p.send("A", ack=0xDEADBEEF)
    p.expect("R", seq=0xDEADBEEF)


@case("9293 3.10.7.2 second")
def listen_synack(t):
    p = t.peer()
    p.send("SA", ack=77)
    p.expect("R", seq=77)


@case("9293 3.10.7.2 fourth")
def listen_fin(t):
    """Neither SYN nor ACK: dropped, or answered as if CLOSED; never taken."""
    p = t.peer()
    p.send("F")
    got = p.drain(0.4)
    t.check(all("R" in s.flags for s in got), "a FIN to LISTEN was taken")


@case("9293 3.10.7.2 third; 1025 SYN+FIN")
def listen_syn_fin(t):
    """A FIN on a SYN must not open and close at once: nothing, an RST, or a SYN-ACK of the SYN (and FIN) alone."""
    p = t.peer()
    p.send("SF", seq=p.iss, opts=p.syn_options())
    for s in p.drain(0.4):
        t.check("R" in s.flags or set(s.flags) == set("SA"), "SYN+FIN answered by %s" % s.flags)


@case("9293 3.10.7.2 third; 4987 3.6")
def syn_with_data(t):
    """Data on the SYN may be ignored, but then it must not be acknowledged, and it arrives when it comes again."""
    p = t.peer()
    p.offer = {"mss": 1460, "ws": 7, "sack": True, "ts": False}
    p.send("S", b"early", seq=p.iss, opts=p.syn_options())
    s = p.expect("SA")
    t.check(s.ack in ((p.iss + 1) & 0xFFFFFFFF, (p.iss + 6) & 0xFFFFFFFF), "ACK of neither the SYN nor its data")
    p.ack, p.seq = (s.seq + 1) & 0xFFFFFFFF, p.iss + 1
    p.seen = p.ack
    p.write(b"early")
    t.check(p.read(5) == b"early", "the data did not come back once")


@case("9293 3.8.1 retransmission of SYN-ACK; 6298 2.1", slow=5)
def synack_again(t):
    """The SYN-ACK is repeated after about 1 s, then 2 s: backoff."""
    p = t.peer()
    p.syn()
    a = p.expect_synack()
    b = p.expect("SA", 6, seq=a.seq, ack=a.ack)
    c = p.expect("SA", 9, seq=a.seq, ack=a.ack)
    t.backs_off([b.when - a.when, c.when - b.when], 1.0)
    p.send()
    p.echo()


@case("9293 3.10.7.4 SYN_RECEIVED; 1122 4.2.2.13")
def syn_again(t):
    """The same SYN again: the same SYN-ACK again."""
    p = t.peer()
    p.syn()
    a = p.expect_synack()
    p.syn()
    b = p.expect("SA")
    t.check(a.seq == b.seq and a.ack == b.ack, "another ISN for the same SYN")
    p.send()
    p.echo()


@case("9293 3.10.7.4 SYN_RECEIVED fifth")
def syn_rcvd_bad_ack(t):
    """An ACK of something else than our SYN: RST with SEQ=SEG.ACK, and the handshake still stands."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.send("A", ack=p.ack + 1000)
    p.expect("R", seq=p.ack + 1000)
    p.send()
    p.echo()


@case("9293 3.10.7.4 SYN_RECEIVED fifth")
def syn_rcvd_old_ack(t):
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.send("A", ack=p.ack - 1)
    p.expect("R", seq=p.ack - 1)


@case("9293 3.10.7.4 SYN_RECEIVED second")
def syn_rcvd_rst(t):
    """An exact RST forgets the half-open connection."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.send("R", seq=p.seq)
    p.quiet(0.2)
    p.send()
    p.expect("R", seq=p.ack)


@case("5961 3.2 in SYN_RECEIVED")
def syn_rcvd_rst_inexact(t):
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.send("R", seq=p.seq + 100)
    p.send()
    p.echo()


@case("9293 3.10.7.4 SYN_RECEIVED first")
def syn_rcvd_rst_outside(t):
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.send("R", seq=p.seq - 1)
    p.send("R", seq=p.seq + (1 << 30))
    p.send()
    p.echo()


@case("9293 3.10.7.4 SYN_RECEIVED")
def ack_with_data(t):
    """The third segment may carry data."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.echo(b"the handshake's ACK is this")


@case("9293 3.10.7.4 SYN_RECEIVED")
def ack_with_fin(t):
    """Data and FIN on the third segment: echoed and closed."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.fin(b"all")
    got = b""
    while True:
        s = p.expect(None, where=lambda s: s.len or "F" in s.flags)
        got += s.data
        if "F" in s.flags:
            break
    t.check(got == b"all" and s.ack == p.seq, "%r came back" % got)
    p.send()
    p.dead()


@case("9293 3.10.7.4 SYN_RECEIVED", slow=2)
def data_without_ack_of_handshake(t):
    """The handshake's ACK is lost, the data after it completes the handshake."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    p.write(b"x" * 3000)
    t.check(p.read(3000) == b"x" * 3000, "altered")


@case("9293 3.2; 1122 4.2.2.5")
def unknown_options(t):
    """Options that nobody knows are skipped by their length."""
    p = t.peer()
    p.syn(opts=b"\xfd\x08ABCDEF" + frame.opt_mss(1000) + b"\xfe\x04\x12\x34" + frame.OPT_SACK_OK)
    s = p.expect_synack()
    t.check(4 in s.opts, "what follows an unknown option was not read")
    p.send()
    p.echo()


@case("5482 3: user timeout option")
def user_timeout_option(t):
    """UTO is advice; a stack that does not take it skips it."""
    p = t.peer()
    p.syn(opts=b"\x1c\x04\x80\x01" + frame.opt_mss(1000))
    p.expect_synack()
    p.send()
    p.echo()


@case("9293 3.2; pitfall 13", linux="malformed options end the parse; the SYN itself is taken")
def option_length_zero(t):
    """An option of length 0 must neither loop nor crash: the segment is dropped."""
    p = t.peer()
    p.send("S", seq=p.iss, opts=b"\x08\x00\x00\x00")
    p.send("S", seq=p.iss, opts=b"\x05\x01\x01\x01")
    p.quiet(0.3)
    t.connect().echo()


@case("9293 3.2; pitfall 13", linux="malformed options end the parse; the SYN itself is taken")
def option_beyond_header(t):
    p = t.peer()
    p.send("S", seq=p.iss, opts=b"\x01\x01\x08\x0a")
    p.quiet(0.3)
    t.connect().echo()


@case("9293 3.1; pitfall 13")
def data_offset_small(t):
    """A data offset below 5 words is no header."""
    p = t.peer()
    for off in (0, 1, 4):
        p.send("S", seq=p.iss, off=off, opts=b"")
    p.quiet(0.3)
    t.connect().echo()


@case("9293 3.1; pitfall 13")
def data_offset_large(t):
    """A data offset beyond the segment."""
    p = t.peer()
    p.send("S", seq=p.iss, off=15, opts=b"")
    p.quiet(0.3)
    t.connect().echo()


@case("9293 3.1")
def reserved_bits(t):
    """Reserved bits are ignored."""
    p = t.peer()
    p.syn(reserved=0x0E)
    p.expect_synack()
    p.send(reserved=0x0E)
    p.echo()


@case("9293 3.1; pitfall 16")
def checksum_wrong(t):
    p = t.peer()
    p.send("S", seq=p.iss, opts=p.syn_options(), sum=1)
    p.quiet(0.3)
    p.establish()
    p.send("PA", b"corrupt", sum=0x0100)
    p.quiet(0.2)
    p.echo(b"correct")


@case("9293 3.10.7.4; pitfall 16")
def checksum_zero_is_not_special(t):
    """Unlike UDP: a checksum field of 0 is wrong unless it happens to be right."""
    p = t.peer().establish()
    body = p.segment("PA", b"zero sum")
    p.host.ip(t.family, frame.TCP, body[:16] + b"\0\0" + body[18:])
    p.quiet(0.2)
    p.echo(b"zero sum")


@case("9293 3.7.1; 6691 2; 879")
def mss_offered(t):
    """We offer the MTU less fixed headers, whatever options follow."""
    p = t.peer()
    p.syn(ts=True)
    s = p.expect_synack()
    t.check(s.mss == (1460 if t.v4 else 1440), "MSS %s offered on a wire of 1500" % s.mss)


@case("9293 3.7.1 MUST-15; 879")
def mss_default(t):
    """Without an MSS option: 536 for IPv4, 1220 for IPv6."""
    p = t.connect(mss=None)
    p.mss = 1400
    p.write(b"m" * 5000)
    largest, got = 0, 0
    while got < 5000:
        s = p.expect(None, where=lambda s: s.len > 0)
        got += 0 if s.old else s.len
        largest = max(largest, s.len)
        p.send()
    most = 536 if t.v4 else 1220
    t.check(largest <= most, "a segment of %d, the default MSS is %d" % (largest, most))
    t.check(largest == most, "no full segment among 5000 bytes: %d" % largest)


@case("9293 3.7.1; 6691 2; 2525 2.18")
def mss_kept(t):
    """No segment is larger than the peer's MSS; options come off it (RFC 6691)."""
    p = t.connect(mss=700, ts=True)
    p.write(b"m" * 6000)
    got, largest = 0, 0
    while got < 6000:
        s = p.expect(None, where=lambda s: s.len > 0)
        got += 0 if s.old else s.len
        largest = max(largest, s.len + 12)
        p.send()
    t.check(largest == 700, "payload and timestamps are %d bytes, the MSS is 700" % largest)


@case("9293 3.7.1; CVE-2019-11479; pitfall 10", linux="its floor is tcp_min_snd_mss = 48")
def mss_tiny(t):
    """A tiny MSS is raised, so that one byte a segment cannot be asked for."""
    p = t.connect(mss=8)
    p.mss = 500
    p.write(b"m" * 1000)
    got, largest = 0, 0
    while got < 1000:
        s = p.expect(None, where=lambda s: s.len > 0)
        got += 0 if s.old else s.len
        largest = max(largest, s.len)
        p.send()
    t.check(64 <= largest, "segments of at most %d bytes" % largest)


@case("9293 3.7.1")
def mss_zero(t):
    p = t.connect(mss=None)
    q = t.peer()
    q.syn(opts=frame.opt_mss(0))
    q.expect_synack()
    q.send()
    q.mss = 400
    q.echo(b"z" * 400)
    p.echo()


@case("9293 3.4.1; 6528; pitfall 14")
def isn_differs(t):
    """ISNs of different 4-tuples share no difference that one could extrapolate."""
    h, numbers = t.host(), []
    for sport in random.sample(range(10000, 60000), 12):
        p = t.peer(host=h, sport=sport)
        p.syn()
        numbers.append(p.expect_synack().seq)
    steps = [(b - a) & 0xFFFFFFFF for a, b in zip(numbers, numbers[1:])]
    t.check(len(set(numbers)) == 12, "an ISN came twice")
    t.check(sum(1 for s in steps if s < 1 << 24) < 4, "ISNs of neighbours are near: %s" % steps)


@case("6528 3; 9293 3.4.1; 6191")
def isn_grows_for_a_tuple(t):
    """The same 4-tuple again: its ISN moves on with the clock, so that old segments do not fit."""
    h = t.host()
    numbers = []
    for _ in range(2):
        p = t.peer(host=h, sport=30000)
        p.syn()
        numbers.append(p.expect_synack().seq)
        p.rst(seq=p.seq)
        p.quiet(0.25)
    grown = (numbers[1] - numbers[0]) & 0xFFFFFFFF
    t.check(0 < grown < 1 << 28, "ISN moved by %d" % grown)


@case("9293 3.10.7; 1122 4.2.3.10")
def syn_to_broadcast_frame(t):
    """A SYN in a broadcast frame, or from a group address, is dropped silently."""
    p = t.peer()
    body = p.segment("S", seq=p.iss, opts=p.syn_options())
    p.host.ip(t.family, frame.TCP, body, mac=frame.BROADCAST)
    p.quiet(0.3)
    bad = frame.ip("224.0.0.9" if t.v4 else "ff02::9")
    q = t.peer()
    q.host.ip(t.family, frame.TCP, q.segment("S", seq=q.iss, opts=q.syn_options(), src=bad), src=bad)
    q.quiet(0.2)
    t.connect().echo()


@case("9293 3.10.7.4", slow=1)
def many_ports_of_a_host(t):
    """A hundred connections of one host, each with its own bytes."""
    h = t.host()
    peers = [t.peer(host=h, sport=21000 + i).establish() for i in range(100)]
    for i, p in enumerate(peers):
        p.write(b"port %d" % i)
    for i, p in enumerate(peers):
        t.check(p.read(len(b"port %d" % i)) == b"port %d" % i, "bytes of another connection")
