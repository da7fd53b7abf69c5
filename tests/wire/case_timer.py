# SPDX-License-Identifier: BSD-3-Clause
"""Timers: RTO (RFC 6298), R1 and R2, keepalive, half-open connections. What waits for a timer may be late here, never
early."""
import time

from bench import KEEPALIVE, case

MASK = 0xFFFFFFFF


def repeats(p, seq, n, within=20):
    """Times of the first n segments that begin at seq, the first transmission included."""
    times, end = [], time.monotonic() + within
    while len(times) < n:
        s = p.next(end - time.monotonic())
        if s is None:
            p.fail("%d transmissions of %d within %.0f s" % (len(times), seq, within))
        if s.len and s.seq == seq & MASK:
            times.append(s.when)
    return times


@case("6298 5.4, 5.5; 1122 4.2.3.1; 2525 2.10", slow=8)
def rto_backs_off(t):
    """A segment without answer is repeated, each time after about twice the time."""
    p = t.connect(delay=0.2)
    p.write(b"unheard")
    times = repeats(p, p.irs + 1, 5, 40)
    gaps = [b - a for a, b in zip(times, times[1:])]
    t.check(gaps[0] >= 0.15, "first repeat after %.3f s" % gaps[0])
    t.backs_off(gaps[1:])
    p.send(ack=p.ack)
    p.echo()


@case("6298 2.2, 2.3; 1122 4.2.3.1; 2525 2.7", slow=3)
def rto_follows_rtt(t):
    """Round trips of a third of a second: no repeat before that."""
    p = t.connect(delay=0.35)
    for _ in range(3):
        p.write(b"far away")
        first = p.expect(None, where=lambda s: s.len and not s.old)
        again = [s for s in p.drain(0.3) if s.len]
        t.check(not again or again[0].when - first.when > 0.34, "a repeat within the round-trip time")
        p.send()


@case("6298 2.4; pitfall 8 (gvisor 6113): RTT near 0", slow=2)
def rto_has_a_floor(t):
    """After many instant round trips the RTO is still 200 ms or more (a tail probe may be earlier, once)."""
    p = t.connect()
    for _ in range(30):
        p.echo(b"fast")
    p.write(b"then silence")
    times = repeats(p, p.ack, 4, 20)
    gaps = [b - a for a, b in zip(times, times[1:])]
    t.check(sum(g < 0.18 for g in gaps) <= 1, "repeats after %s s" % gaps)


@case("6298 5.3; pitfall 8 (smoltcp 62)", slow=3)
def old_acks_do_not_restart(t):
    """ACKs of nothing new, window updates among them, do not hold the retransmission back."""
    p = t.connect().echo(b"some")
    p.write(b"lost")
    first = p.expect_data()
    base, again, end = first.seq, None, time.monotonic() + 6
    while again is None and time.monotonic() < end:
        p.wnd = 60000 + int(time.monotonic() * 100) % 1000
        p.send(ack=base)
        s = p.next(0.04)
        if s and s.len and s.seq == base:
            again = s
    t.check(again is not None, "no repeat in 6 s of old ACKs")
    p.ack = first.end
    p.send()


@case("6298 5.3", slow=2)
def partial_ack_restarts(t):
    """An ACK of a part restarts the timer for the rest; the rest is what comes again."""
    p = t.connect(delay=0.2)
    p.write(b"p" * 2800)
    got = p.burst(2, 0.02)
    p.send(ack=got[0].end)
    s = p.expect(None, 10, where=lambda s: s.len, seq=got[1].seq)
    t.check(s.len, "order")
    p.ack = got[-1].end
    p.send()
    p.echo()


@case("6298 5; 9293 3.8.1", slow=2)
def all_acked_no_repeat(t):
    """What was acknowledged is not repeated."""
    p = t.connect().echo(b"done" * 100)
    p.quiet(1.2)


@case("6298 5; the repeat is the first unacknowledged one; 2525 2.14", slow=3)
def rto_repeats_the_oldest(t):
    """After a timeout the oldest segment goes first, and alone (a tail probe apart)."""
    p = t.connect(delay=0.2)
    p.write(b"o" * 14000)
    got = p.burst(8, 0.05)
    old = [s for s in p.drain(2.0) if s.old]
    t.check(old, "no repeat")
    starts = [s for s in old if s.seq == got[0].seq]
    t.check(starts, "the oldest was not repeated: %s" % [s.seq for s in old])
    early = [s for s in old if s.when < starts[0].when]
    t.check(len(early) <= 1, "%d repeats before the oldest" % len(early))
    close = [s for s in old if 0 <= s.when - starts[0].when < 0.05]
    t.check(len(close) <= 2, "%d segments in one timeout" % len(close))


@case("6298 5.7; 9293 3.8.1", slow=6)
def synack_lost_slow_start(t):
    """Repeats of data whose SYN-ACK was repeated begin no sooner than a second after."""
    p = t.peer()
    p.syn()
    a = p.expect_synack()
    p.expect("SA", 6, seq=a.seq)
    p.write(b"x" * 500)
    times = repeats(p, p.ack, 2, 15)
    t.check(times[1] - times[0] > 0.9, "repeated after %.2f s" % (times[1] - times[0]))


@case("9293 3.10.7.4 SYN_RECEIVED; pitfall 15", slow=32, linux="five repeats of the SYN-ACK: a minute")
def half_open_is_reaped(t):
    """A half-open connection is forgotten within half a minute."""
    p = t.peer()
    p.syn()
    p.expect_synack()
    n = len(p.drain(30))
    t.check(2 <= n <= 6, "%d repeats of the SYN-ACK in 30 s" % n)
    p.send()
    p.expect("R", seq=p.ack)


@case("1122 4.2.3.6; 9293 3.8.4; 2525 2.9", slow=KEEPALIVE + 8)
def keepalive(t):
    """After the configured silence a probe; answered, the connection lives on."""
    p = t.connect().echo()
    began = time.time()
    s = p.expect("A", KEEPALIVE + 15, where=lambda s: s.seq == (p.ack - 1) & MASK)
    t.check(s.when - began >= KEEPALIVE - 0.5, "a probe after %.1f s" % (s.when - began))
    t.check(s.len <= 1, "a probe of %d bytes" % s.len)
    p.send()
    p.quiet(3)
    p.echo()


@case("1122 4.2.3.6; 9293 3.8.4; 2525 2.11", slow=KEEPALIVE + 50, linux="nine probes by default: 55 s")
def keepalive_dead_peer(t):
    """Probes without answer: the connection is ended, with an RST."""
    p = t.connect().echo()
    probes, end = 0, time.monotonic() + KEEPALIVE + 45
    while time.monotonic() < end:
        s = p.next(end - time.monotonic())
        if s is None:
            break
        if "R" in s.flags:
            break
        probes += 1
    t.check(s is not None and "R" in s.flags, "no RST after %d probes" % probes)
    t.check(2 <= probes <= 10, "%d probes" % probes)
    p.dead()


@case("1122 4.2.3.5; 9293 3.8.3: R1", slow=22)
def not_given_up_early(t):
    """Data is repeated for 20 s at least (R2 is at least 100 s), then heard, and all is well."""
    p = t.connect()
    p.write(b"are you there")
    first = p.expect_data()
    got = p.drain(20)
    t.check(not any("R" in s.flags for s in got), "given up")
    t.check(4 <= sum(s.len > 0 for s in got) <= 12, "%d repeats" % sum(s.len > 0 for s in got))
    p.ack = first.end
    p.send()
    p.echo()


@case("6298 5; timer off when nothing is in flight", slow=2)
def idle_is_silent(t):
    """A connection without data in flight sends nothing."""
    p = t.connect()
    p.quiet(1.5)
    p.echo()
    p.quiet(1.0)


@case("6298 2, 3: Karn", slow=4)
def karn(t):
    """The ACK of a repeated segment does not make the RTO small: the next loss is not repeated sooner than 200 ms."""
    p = t.connect(delay=0.1)
    p.write(b"k" * 100)
    base = p.ack
    repeats(p, base, 3, 20)
    p.ack = (base + 100) & MASK
    p.send()  # at once after the repeat
    p.write(b"l" * 100)
    times = repeats(p, base + 100, 3, 20)
    gaps = [b - a for a, b in zip(times, times[1:])]
    t.check(gaps[1] > 0.18, "repeats after %s" % gaps)
    p.send(ack=base + 200)
