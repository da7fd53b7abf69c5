# SPDX-License-Identifier: BSD-3-Clause
"""Floods: RFC 4987, and that others are served meanwhile. These run alone."""
import json
import random
import time

import frame
from bench import ECHO, case

SYNS = 20000  # beyond the table of half-open connections, whatever its size here


def in_use(t, name):
    """How many of these buffers or records are in use, by `show memory`."""
    tables = json.loads(t.bench.ctl("--json", "show", "memory"))
    return sum(row["in_use"] for table in tables.values() for row in table if row["name"] == name)


def flood(t, n, port=ECHO):
    """SYNs from as many ports of a station that never answers; how many SYN-ACKs came."""
    h = t.host()
    src, dst = h.addr(t.family), t.wire.box_addr(t.family)
    opts = frame.opt_mss(1460) + frame.OPT_SACK_OK + b"\1" + frame.opt_ws(7) + b"\1"
    for i in range(n):
        h.ip(t.family, frame.TCP, frame.tcp(src, dst, sport=1024 + i % 64000, dport=port, seq=random.getrandbits(32), flags=2, opts=opts))
        if i % 64 == 63:
            time.sleep(0.001)
    return h


@case("4987 3.6; pitfall 15", alone=True, slow=5)
def client_in_flood(t):
    """While SYNs fill the table a client still gets in, and its bytes flow."""
    flood(t, SYNS)
    for _ in range(5):
        p = t.connect(tries=5)
        p.echo(b"let in")


@case("4987 3.6; pitfall 15: mtcp 23, dpvs PR 899", alone=True, slow=5)
def cookie_keeps_options(t):
    """A client let in by cookie keeps, by its timestamp, window scale and SACK."""
    flood(t, SYNS)
    p = t.connect(tries=5, ts=True, ws=9)
    p.wnd = 4  # 2048 bytes by the scale of 9, 4 without
    p.write(b"o" * 1500)
    got = sum(s.len for s in p.burst(1, 0.2))
    t.check(got >= 1000, "%d bytes: the window scale was lost" % got)
    p.send()
    p.send("PA", b"x", seq=p.seq + 10)
    s = p.expect("A", where=lambda s: s.sack)
    t.check(s.sack, "SACK was lost")


@case("4987 3.6: cookies without timestamps", alone=True, slow=5, linux="IPv6: its cookies know no MSS below 1220")
def cookie_without_timestamps(t):
    """Without timestamps only the MSS is kept, roughly: never more than offered."""
    flood(t, SYNS)
    p = t.connect(tries=5, mss=700, ts=False)
    p.mss = 600
    p.write(b"o" * 3000)
    largest = max(s.len for s in p.burst(2, 0.2))
    t.check(largest <= 700, "a segment of %d, the MSS is 700" % largest)


@case("4987 3.6: forged cookies", alone=True, slow=5)
def forged_cookies(t):
    """ACKs with guessed numbers open nothing: RST."""
    flood(t, SYNS)
    p = t.peer()
    p.ack = random.getrandbits(32)
    opened = 0
    for i in range(200):
        p.send("A", seq=random.getrandbits(32), ack=random.getrandbits(32))
    for s in p.drain(0.5):
        opened += "R" not in s.flags
    t.check(opened == 0, "%d answers that were no RST" % opened)


@case("4987; pitfall 15: reaped", alone=True, slow=40, families=(4,))
def table_empties(t):
    """After the flood the half-open connections go, and a SYN is served by the table again."""
    flood(t, 2000)
    time.sleep(20)
    p = t.connect(ts=False, ws=5)
    p.wnd = 100
    p.write(b"o" * 2500)
    got = sum(s.len for s in p.burst(1, 0.2))
    t.check(got >= 2000, "%d bytes in a window of 3200: still by cookie" % got)


@case("pitfall 3: slow peers pin all buffers", alone=True, slow=30, families=(4,), ours=True)
def slow_readers_fill_the_pool(t):
    """Peers that send, never read and leave holes take all buffers they can get: the shell answers, a client gets in,
    and afterwards all buffers are back."""
    before, host, peers = in_use(t, "data"), t.host(), []
    for i in range(400):
        p = t.peer(host=host, sport=20000 + i)
        peers.append(p)
        p.establish(tries=5)
        p.shut()
    for p in peers:
        for k in range(60):  # the first thirty wait for our window, the others for what is missing before them
            p.send("A", b"p" * 1400, seq=p.seq + 1400 * k + (k >= 30))
        p.seq += 1400 * 30
        host.trace.clear()
    peak = in_use(t, "data")
    t.check(peak > before + 1000, "%d buffers in use, then %d: nothing was pinned" % (before, peak))
    t.connect(tries=10).echo(b"served")
    for p in peers:
        p.close()
        time.sleep(0.002)
    end = time.monotonic() + 15
    while in_use(t, "data") > before + 500 and time.monotonic() < end:
        time.sleep(0.5)
    after = in_use(t, "data")
    t.check(after <= before + 500, "%d buffers in use before, %d at the peak, %d afterwards" % (before, peak, after))


@case("9293 3.10.7.1: RST flood", alone=True, slow=2)
def rst_for_all(t):
    """A flood of ACKs for no connection is answered by RSTs or silence, and others are served."""
    h = t.host()
    p = t.connect()
    for i in range(5000):
        h.ip(t.family, frame.TCP, frame.tcp(h.addr(t.family), t.wire.box_addr(t.family), sport=1024 + i, dport=ECHO, seq=i, ack=i, flags=16))
    p.echo(b"still here")


@case("1122 4.2; connections come and go; pitfall 20", alone=True, slow=10)
def no_leak(t):
    """A thousand connections, closed in every way: nothing is left behind in the box's tables."""
    h = t.host()
    for i in range(500):
        p = t.peer(host=h, sport=10000 + i)
        p.establish()
        if i % 3 == 0:
            p.rst()
        elif i % 3 == 1:
            p.fin()
            p.expect("FA")
            p.send()
        else:
            p.write(b"x")
            p.rst(seq=p.seq)
        p.host.peers.clear()
    time.sleep(1.0)
    if not t.linux:
        t.check(in_use(t, "connections") < 50, "%d connections in use" % in_use(t, "connections"))
    t.connect().echo()
