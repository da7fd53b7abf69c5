# SPDX-License-Identifier: BSD-3-Clause
"""The box opens: SYN_SENT (RFC 9293 3.10.7.3), simultaneous open, ports (6056). The bench plays the node of a splice."""
import time

import frame
from bench import case

MASK = 0xFFFFFFFF


def connecting(t):
    """(front, the box's SYN, node)."""
    lane = t.lane()
    lane.front.establish()
    s, node = lane.syn()
    return lane.front, s, node


def works(front, node):
    front.write(b"there")
    node.gets(b"there")
    node.write(b"back")
    front.gets(b"back")


def completes(front, s, node):
    """The node answers the box's SYN `s`, and the connection serves."""
    node.accept(s)
    node.expect("A", ack=node.seq)
    works(front, node)


@case("9293 3.5, 3.7.1; 7323; 2018")
def syn_format(t):
    _, s, _ = connecting(t)
    t.check(s.ack == 0 and s.len == 0, "a SYN with ACK number or data")
    t.check(s.mss == (1460 if t.v4 else 1440), "MSS %s" % s.mss)
    t.check(s.ws is not None and s.ws <= 14 and 4 in s.opts and s.ts, "options %s" % s.opts)
    t.check(s.ts[1] == 0, "TSecr %d on the first SYN" % s.ts[1])


@case("9293 3.10.7.3")
def opens(t):
    works(*t.lane().open())


@case("9293 3.10.7.3; 7323 3.2")
def opens_with_timestamps(t):
    front, node = t.lane().open(ts=True)
    works(front, node)
    front.write(b"x")
    t.check(node.expect_data().ts, "data without timestamps")


@case("9293 3.10.7.3; 3.7.1")
def synack_without_options(t):
    """No options: no timestamps, no scale, no SACK, the default MSS."""
    front, s, node = connecting(t)
    node.accept(s, mss=None, ws=None, sack=False)
    node.expect("A", ack=node.seq)
    front.write(b"m" * 4000)
    largest, got = 0, 0
    while got < 4000:
        s = node.expect_data()
        got += 0 if s.old else s.len
        largest = max(largest, s.len)
        t.check(not s.opts, "options %s" % s.opts)
        node.send()
    t.check(largest == (536 if t.v4 else 1220), "segments of %d, the default MSS counts" % largest)


@case("9293 3.10.7.3 first; pitfall 12 (VPP 96acc9b)")
def synack_of_something_else(t):
    """A SYN-ACK that acknowledges what was not sent: RST with its number, and the connect goes on."""
    front, s, node = connecting(t)
    for wrong in (s.seq, s.seq + 2, s.seq + 100000):
        node.send("SA", ack=wrong)
        node.expect("R", seq=wrong)
    completes(front, s, node)


@case("9293 3.10.7.3 first")
def ack_of_something_else(t):
    """A bare ACK from a node that still has an old connection: RST, so that it goes away (figure 10)."""
    front, s, node = connecting(t)
    node.send("A", ack=s.seq - 500)
    node.expect("R", seq=s.seq - 500)
    completes(front, s, node)


@case("9293 3.10.7.3 fifth", slow=2)
def ack_without_syn(t):
    """An acceptable ACK without SYN is dropped."""
    front, s, node = connecting(t)
    node.send("A", ack=s.seq + 1)
    node.send("PA", b"early", ack=s.seq + 1)
    node.quiet(0.2)
    completes(front, s, node)


@case("9293 3.10.7.3 second")
def refused(t):
    """RST+ACK of our SYN: refused; the front learns it."""
    front, s, node = connecting(t)
    node.send("RA", seq=0, ack=s.seq + 1)
    front.expect_end()
    node.quiet(0.2)


@case("9293 3.10.7.3 second; pitfall 12 (smoltcp 552)")
def rst_without_ack(t):
    """In SYN_SENT an RST without ACK, or with a wrong one, proves nothing."""
    front, s, node = connecting(t)
    node.send("R", seq=0)
    node.send("R", seq=s.seq)
    node.send("RA", seq=0, ack=s.seq)
    node.send("RA", seq=0, ack=s.seq + 2)
    t.check(all(x.flags == "S" for x in node.drain(0.2)), "more than a repeated SYN")
    completes(front, s, node)


@case("9293 3.10.7.3 fourth, 3.5 figure 7", slow=2)
def simultaneous_open(t):
    """Both SYNs cross: SYN-ACK with the same ISN, an ACK completes it."""
    front, s, node = connecting(t)
    node.send("S", seq=node.iss, opts=node.syn_options())
    a = node.expect("SA", seq=s.seq, ack=node.iss + 1)
    node.seq = (node.iss + 1) & MASK
    node.learn(s)
    node.box_mss = a.mss
    node.send()
    works(front, node)


@case("9293 3.5 figure 7", slow=2)
def simultaneous_open_by_synack(t):
    """As above, completed by our SYN-ACK."""
    front, s, node = connecting(t)
    node.send("S", seq=node.iss, opts=node.syn_options())
    a = node.expect("SA", seq=s.seq, ack=node.iss + 1)
    node.learn(s)
    node.box_mss = a.mss
    node.send("SA", seq=node.iss, opts=node.syn_options())
    node.seq = (node.iss + 1) & MASK
    node.drain(0.15)
    works(front, node)


@case("9293 3.10.7.4 SYN_RECEIVED second", slow=2)
def simultaneous_open_rst(t):
    """After the SYNs crossed, an exact RST ends the connect."""
    front, s, node = connecting(t)
    node.send("S", seq=node.iss, opts=node.syn_options())
    node.expect("SA", seq=s.seq, ack=node.iss + 1)
    node.rst(seq=node.iss + 1)
    front.expect_end()


@case("9293 3.8.1; 6298 2.1; 1122 4.2.3.5", slow=4, linux="its first four repeats are a second apart (tcp_syn_linear_timeouts)")
def syn_again(t):
    """The SYN is repeated after about 1 s and then later: same ISN."""
    front, s, node = connecting(t)
    a = node.expect("S", 10, seq=s.seq)
    b = node.expect("S", 15, seq=s.seq)
    t.backs_off([a.when - s.when, b.when - a.when], 1.0)
    completes(front, b, node)


@case("1122 4.2.3.5; 9293 3.8.3 R2", slow=45)
def connect_gives_up(t):
    """A node that never answers: the front learns it in less than two minutes."""
    front, _, node = connecting(t)
    front.expect_end(70)
    t.check(len(node.drain(0.1)) >= 3, "fewer than three repeats")


@case("9293 3.10.7.3 fourth; data on SYN-ACK")
def synack_with_data(t):
    """Data on the SYN-ACK is taken or left; it is not lost when it comes again."""
    front, s, node = connecting(t)
    node.accept(s)
    node.host.peers[node.family, node.sport, node.port] = node
    node.expect("A", ack=node.seq)
    works(front, node)
    lane2 = t.peer(front.port).establish()
    s, node = next_syn(t, front)
    node.learn(s)
    node.send("SA", b"hello", opts=node.syn_options())
    node.seq = (node.seq + 1) & MASK
    a = node.expect("A", where=lambda s: s.ack in (node.seq, (node.seq + 5) & MASK))
    if a.ack == node.seq:
        node.write(b"hello")
    lane2.gets(b"hello")


def next_syn(t, front):
    """The SYN of a further connect on the lane that t has."""
    host = t.lane_taken[0]
    s = host.syns[t.family, 9000].get(timeout=10)
    node = type(front)(host, t.family, s.sport, 9000)
    t.peers.append(node)
    return s, node


@case("6056 3; pitfall 17", slow=1, linux="its ports to one destination go up by a few, from a random start (RFC 6056 3.3.4)")
def ports_are_random(t):
    """Source ports of our connects follow no line."""
    front, s, _ = connecting(t)
    ports = [s.sport]
    for _ in range(7):
        t.peer(front.port).establish()
        ports.append(next_syn(t, front)[0].sport)
    steps = {b - a for a, b in zip(ports, ports[1:])}
    t.check(len(set(ports)) == 8, "a port twice: %s" % ports)
    t.check(len(steps) > 3 and all(p >= 1024 for p in ports), "ports %s" % ports)


@case("6528 3; pitfall 14", slow=1)
def isns_are_random(t):
    front, s, _ = connecting(t)
    numbers = [s.seq]
    for _ in range(5):
        t.peer(front.port).establish()
        numbers.append(next_syn(t, front)[0].seq)
    near = [((b - a) & MASK) < 1 << 22 for a, b in zip(numbers, numbers[1:])]
    t.check(sum(near) < 3, "ISNs %s" % numbers)


@case("9293 3.10.7.4; 5961 4.2")
def synack_again(t):
    """Our ACK was lost and the SYN-ACK comes again: acknowledged."""
    front, s, node = connecting(t)
    node.accept(s)
    node.expect("A", ack=node.seq)
    node.send("SA", seq=node.iss, opts=node.syn_options())
    node.expect("A", len=0, ack=node.seq)
    works(front, node)


@case("9293 3.10.7.3; the front is first")
def front_data_before_open(t):
    """What the front sends before the node answers arrives once and in order."""
    lane = t.lane()
    lane.front.establish()
    lane.front.write(b"early bird")
    s, node = lane.syn()
    lane.front.write(b" and more")
    time.sleep(0.1)
    node.accept(s)
    node.gets(b"early bird and more")


@case("9293 3.10.7.3; half-close before open; pitfall 4")
def front_fin_before_open(t):
    """The front sends and half-closes before the node answers: data, then FIN."""
    lane = t.lane()
    lane.front.establish()
    lane.front.fin(b"all I have")
    s, node = lane.syn()
    node.accept(s)
    got, fin = b"", False
    while not fin:
        s = node.expect(None, where=lambda s: s.len or "F" in s.flags, among=True)
        got += b"" if s.old else s.data
        fin = "F" in s.flags
        node.send()
    t.check(got == b"all I have", "%r arrived" % got)


@case("9293 3.9.2.2; 1122 4.2.3.9; 5927 4.1", slow=1)
def unreachable_while_connecting(t):
    """ICMP unreachable that quotes our SYN may end the connect; one that quotes another number must not."""
    front, s, node = connecting(t)
    quote(t, node, s, s.seq + 77777)
    front.quiet(0.3)
    quote(t, node, s, s.seq)
    node.accept(s)
    got = front.drain(0.3)
    failed = any("R" in x.flags or "F" in x.flags for x in got)
    if not failed:
        works(front, node)


def quote(t, node, s, seq):
    """Port unreachable, about a packet of the box with the SYN's ports and that sequence number."""
    head = frame.tcp(s.ip.src, s.ip.dst, sport=s.sport, dport=s.dport, seq=seq, flags=2, opts=b"")[:8]
    ip = frame.packet(s.ip.src, s.ip.dst, frame.TCP, head, length=40 if t.v4 else 20)
    if t.v4:
        node.host.icmp(4, 3, 1, bytes(4) + ip)
    else:
        node.host.icmp(6, 1, 0, bytes(4) + ip)


@case("9293 3.6; 6056; pitfall 17: TIME_WAIT on the back side", slow=2)
def port_not_reused_in_time_wait(t):
    """The box closed first towards the node: while that port is in TIME_WAIT no new connect uses it."""
    lane = t.lane()
    front, node = lane.open()
    front.fin()
    node.expect("FA")
    node.send()
    node.fin()
    node.expect("A", ack=node.seq, among=True)
    front.expect("FA")
    front.send()
    for _ in range(6):
        t.peer(front.port).establish()
        s, _ = next_syn(t, front)
        t.check(s.sport != node.port, "port %d is in TIME_WAIT" % s.sport)


@case("7323 2.3: the node's scale", slow=1)
def node_scale(t):
    """The SYN-ACK's window is not scaled, later ones are."""
    lane = t.lane()
    lane.front.establish()
    s, node = lane.syn()
    node.wnd = 500
    node.accept(s, ws=4)
    node.expect("A", ack=node.seq)
    lane.front.write(b"n" * 4000)
    got = sum(s.len for s in node.burst(1, 0.1))
    t.check(got <= 500, "%d bytes in the SYN-ACK's window of 500" % got)
    node.wnd = 250
    node.send()
    t.check(len(node.read(4000 - got)) == 4000 - got, "altered")
