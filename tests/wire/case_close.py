# SPDX-License-Identifier: BSD-3-Clause
"""How connections end: RFC 9293 3.6 and the rows of 3.10.7.4 for the closing states, TIME_WAIT (1337, 6191).

Where the box is to close first, a splice lane's node says FIN, and the box passes it on to the front.
"""
import random
import time

from bench import TIME_WAIT, case


def fin_wait_1(t, **offer):
    """(front, node) with the box's FIN to the front sent but not acknowledged; the node has half-closed."""
    front, node = t.lane().open(front=offer)
    node.fin()
    front.fin_seen = front.expect("FA")
    return front, node


def fin_wait_2(t, **offer):
    front, node = fin_wait_1(t, **offer)
    front.send()
    return front, node


def time_wait(t, **offer):
    """front, whose connection is in TIME_WAIT in the box."""
    front, node = fin_wait_2(t, **offer)
    front.fin()
    front.expect("A", ack=front.seq, len=0)
    node.expect("FA")
    node.send()
    return front


@case("9293 3.6 case 2; 2525 2.15")
def peer_closes_first(t):
    """FIN, the box's ACK and FIN, our ACK, and nothing is left."""
    p = t.connect().echo()
    p.fin()
    p.expect("FA", ack=p.seq)
    p.send()
    p.gone(0.15)


@case("9293 3.6; pitfall 4")
def fin_behind_all_data(t):
    """We half-close at once; all bytes come back before the box's FIN."""
    p = t.connect()
    data = random.randbytes(60000)
    p.write(data[:-1])
    p.fin(data[-1:])
    t.check(p.read_to_fin() == data, "altered")
    p.send()
    p.dead()


@case("9293 3.6; pitfalls 4, 6", slow=2)
def fin_waits_for_window(t):
    """Our window is shut: neither data nor FIN beyond it; all of it when it opens."""
    p = t.connect()
    p.shut()
    base = p.ack
    p.write(b"held back")
    p.fin()
    got = p.drain(0.6)
    p.ack = base
    t.check(not any("F" in s.flags for s in got), "a FIN beyond a shut window")
    t.check(not any(s.len > 1 for s in got), "data beyond a shut window")
    p.wnd = 65535
    p.send()
    t.check(p.read_to_fin() == b"held back", "altered")


@case("9293 3.10.7.4 LAST_ACK; 6298 5", slow=4)
def last_ack_fin_again(t):
    """A FIN that is not acknowledged is repeated, further and further apart."""
    p = t.connect().echo()
    p.fin()
    a = p.expect("FA", ack=p.seq)
    times = [a.when]
    while len(times) < 5:
        times.append(p.expect("FA", 15, seq=a.seq).when)
    gaps = [y - x for x, y in zip(times, times[1:])]
    t.backs_off(gaps[1:])  # the first may be a tail probe
    p.send()
    p.dead()


@case("9293 3.10.7.4 LAST_ACK fifth")
def last_ack_old_ack(t):
    """An ACK that does not cover the FIN leaves LAST_ACK as it is."""
    p = t.connect().echo()
    p.fin()
    s = p.expect("FA", ack=p.seq)
    p.send(ack=s.seq)
    p.expect("FA", 10, seq=s.seq)
    p.send()
    p.dead()


@case("9293 3.10.7.4 LAST_ACK second")
def last_ack_rst(t):
    p = t.connect().echo()
    p.fin()
    p.expect("FA", ack=p.seq)
    p.rst()
    p.gone(0.15)


@case("9293 3.10.7.4 CLOSE_WAIT")
def close_wait_sends_on(t):
    """In CLOSE_WAIT the box still sends: the node's bytes reach a front that has half-closed."""
    front, node = t.lane().open()
    front.fin()
    node.expect("FA")
    node.send()
    node.write(b"w" * 4000)
    t.check(front.read(4000) == b"w" * 4000, "altered")
    node.fin()
    front.expect("FA", ack=front.seq)
    front.send()
    front.dead()


@case("9293 3.6; pitfall 5")
def halves_close_separately(t):
    """The front half-closes, the node answers for a while, then half-closes: each FIN passes by itself."""
    front, node = t.lane().open()
    front.write(b"question")
    node.gets(b"question")
    front.fin()
    node.expect("FA")
    node.send()
    front.drain(0.1)
    front.quiet(0.3)
    node.write(b"answer")
    front.gets(b"answer")
    node.fin()
    front.expect("FA")
    front.send()
    front.dead()


@case("9293 3.10.7.4 FIN_WAIT_1 fifth, FIN_WAIT_2")
def fin_wait_2_takes_data(t):
    """The box has closed its half; what the front still sends reaches the node."""
    front, node = fin_wait_2(t)
    front.write(b"d" * 3000)
    t.check(node.read(3000) == b"d" * 3000, "altered")
    front.fin()
    front.expect("A", ack=front.seq)
    node.expect("FA")


@case("9293 3.10.7.4 FIN_WAIT_1 seventh")
def fin_wait_1_takes_data(t):
    """Data that does not acknowledge our FIN."""
    front, node = fin_wait_1(t)
    front.write(b"before I saw your FIN", ack=front.fin_seen.seq)
    node.gets(b"before I saw your FIN")
    front.send()
    front.fin()
    front.expect("A", ack=front.seq, among=True)


@case("9293 3.10.7.4 FIN_WAIT_1 fifth")
def fin_wait_1_fin_and_ack(t):
    """Their FIN acknowledges ours: straight to TIME_WAIT."""
    front, _ = fin_wait_1(t)
    front.fin()
    front.expect("A", ack=front.seq, len=0)
    front.send("FA", seq=front.seq - 1)
    front.expect("A", ack=front.seq, len=0)


@case("9293 3.6 figure 13, 3.10.7.4 CLOSING")
def simultaneous_close(t):
    """Both FINs cross: CLOSING, and TIME_WAIT once ours is acknowledged."""
    front, _ = fin_wait_1(t)
    front.fin(ack=front.fin_seen.seq)
    s = front.expect(None, ack=front.seq, where=lambda s: "A" in s.flags)
    t.check("R" not in s.flags, "reset")
    front.send()
    front.drain(0.1)
    front.send("FA", seq=front.seq - 1)
    front.expect("A", ack=front.seq, len=0)


@case("9293 3.10.7.4 CLOSING", slow=3)
def closing_fin_again(t):
    """In CLOSING our FIN is still repeated until it is acknowledged."""
    front, _ = fin_wait_1(t)
    front.fin(ack=front.fin_seen.seq)
    front.expect("FA", 10, seq=front.fin_seen.seq, ack=front.seq)
    front.send()
    front.drain(0.1)
    front.quiet(0.6)


@case("9293 3.10.7.4 FIN_WAIT_1; 6298 5", slow=3)
def fin_wait_1_fin_again(t):
    front, _ = fin_wait_1(t)
    a = front.expect("FA", 10, seq=front.fin_seen.seq)
    b = front.expect("FA", 10, seq=front.fin_seen.seq)
    t.check(b.when > a.when, "order")
    front.send()
    front.quiet(0.3)


@case("9293 3.10.7.4 FIN_WAIT_1 second")
def fin_wait_1_rst(t):
    front, node = fin_wait_1(t)
    front.rst()
    front.gone(0.15)
    node.expect(None, where=lambda s: "R" in s.flags or "F" in s.flags)


@case("9293 3.10.7.4 FIN_WAIT_2 second; 5961 3.2")
def fin_wait_2_rst_inexact(t):
    front, node = fin_wait_2(t)
    front.rst(seq=front.seq + 7)
    front.expect("A", ack=front.seq)
    front.write(b"alive")
    node.gets(b"alive")


@case("9293 3.10.7.4 TIME_WAIT")
def time_wait_fin_again(t):
    """A repeated FIN is acknowledged again."""
    front = time_wait(t)
    for _ in range(2):
        front.send("FA", seq=front.seq - 1)
        front.expect("A", seq=front.ack, ack=front.seq, len=0)


@case("9293 3.10.7.4 TIME_WAIT first")
def time_wait_old_data(t):
    front = time_wait(t)
    front.send("PA", b"old", seq=front.seq - 4)
    front.expect("A", seq=front.ack, ack=front.seq, len=0)


@case("9293 3.10.7.4 TIME_WAIT; pitfall 11")
def time_wait_pure_ack(t):
    """A pure ACK in TIME_WAIT makes no noise."""
    front = time_wait(t)
    front.send()
    front.quiet(0.25)


@case("1337 3 F1; 5961", linux="tcp_rfc1337 is off by default: an RST ends TIME_WAIT")
def time_wait_rst(t):
    """TIME_WAIT assassination: an RST does not end it."""
    front = time_wait(t)
    front.rst()
    front.send("FA", seq=front.seq - 1)
    front.expect("A", seq=front.ack, ack=front.seq, len=0)


@case("6191 2; 9293 3.6.1; pitfall 17")
def time_wait_new_syn(t):
    """A SYN beyond the old numbers begins a new connection, with an ISN beyond the old ones."""
    front = time_wait(t)
    q = t.peer(front.port, host=front.host, sport=front.sport)
    q.iss = q.seq = front.seq + 100000
    q.syn()
    s = q.expect_synack()
    t.check(0 < ((s.seq - front.ack) & 0xFFFFFFFF) < 1 << 31, "the ISN is not beyond the old connection's numbers")
    q.send()
    q.quiet(0.1)


@case("6191 2 with timestamps; pitfall 17")
def time_wait_new_syn_timestamp(t):
    """A newer timestamp lets a SYN in, though its number is old."""
    front = time_wait(t, ts=True)
    q = t.peer(front.port, host=front.host, sport=front.sport)
    q.iss = q.seq = (front.seq - 100000) & 0xFFFFFFFF
    q.ts_base = front.ts_base + 1000
    q.syn(ts=True)
    q.expect_synack()


@case("6191 2; 1337; pitfall 17")
def time_wait_old_syn(t):
    """An old duplicate of a SYN begins nothing."""
    front = time_wait(t)
    q = t.peer(front.port, host=front.host, sport=front.sport)
    q.iss = q.seq = (front.seq - 100000) & 0xFFFFFFFF
    q.syn()
    s = q.expect(None)
    t.check(s.flags == "A" and s.ack == front.seq, "%s in answer to an old SYN" % s.flags)


@case("9293 3.10.7.4; 2 MSL is configured", slow=TIME_WAIT + 4, linux="TIME_WAIT is 60 s and cannot be configured")
def time_wait_ends(t):
    """TIME_WAIT lasts what the file says, from the last FIN on."""
    front = time_wait(t)
    time.sleep(TIME_WAIT * 0.6)
    front.send("FA", seq=front.seq - 1)
    front.expect("A", ack=front.seq)
    time.sleep(TIME_WAIT * 0.6)
    front.send("FA", seq=front.seq - 1)
    front.expect("A", ack=front.seq)
    time.sleep(TIME_WAIT + 1.5)
    front.send()
    front.expect("R", seq=front.ack)


@case("9293 3.10.7.4 TIME_WAIT; ten in a row", slow=2)
def time_wait_port_again(t):
    """The same client port, ten connections in a row, each beyond the one before."""
    host = t.host()
    seq = random.getrandbits(32)
    for _ in range(10):
        p = t.peer(host=host, sport=33333)
        p.iss = p.seq = seq
        p.establish()
        p.echo()
        p.fin()
        p.expect("FA", ack=p.seq)
        p.send()
        seq = (p.seq + 70000) & 0xFFFFFFFF


@case("9293 3.6.1; 2525 2.17; 2525 2.16")
def rst_passes_through(t):
    """The front resets: the node must not wait for ever."""
    front, node = t.lane().open()
    front.write(b"x")
    node.gets(b"x")
    front.rst()
    s = node.expect(None, where=lambda s: "R" in s.flags or "F" in s.flags)
    t.check(s.seq == node.ack or "F" in s.flags, "an RST that the node will not take")


@case("9293 3.6.1", linux="the stand-in is a program that passes a reset on as FIN")
def rst_passes_back(t):
    """The node resets: the front hears of it, and not by an orderly FIN."""
    front, node = t.lane().open()
    node.rst()
    front.expect_rst(seq=front.ack)


@case("9293 3.10.5; 2525 2.17")
def refused_node_is_no_end_of_stream(t):
    """The node refuses: the front gets an RST or FIN, never silence."""
    lane = t.lane()
    lane.front.establish()
    s, node = lane.syn()
    node.send("RA", seq=0, ack=s.seq + 1)
    lane.front.expect(None, where=lambda s: "R" in s.flags or "F" in s.flags)


@case("9293 3.10.7.4; data and FIN and RST")
def rst_after_fin(t):
    """FIN, then an RST, before the box has closed: gone at once."""
    front, node = t.lane().open()
    front.fin()
    node.expect("FA")
    front.drain(0.1)
    front.rst()
    front.gone(0.2)


@case("9293 3.6; pitfall 4; a node's last bytes", slow=1)
def node_sends_and_closes(t):
    """The node sends 50 KB and its FIN at once; the front gets every byte, then the FIN."""
    front, node = t.lane().open()
    data = random.randbytes(50000)
    for at in range(0, 50000, 10000):
        node.write(data[at:at + 10000])
        node.drain(0.02)
    node.fin()
    t.check(front.read_to_fin() == data, "altered")
    front.send()
