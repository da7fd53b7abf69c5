# SPDX-License-Identifier: BSD-3-Clause
"""Below TCP: ARP (826, 5227), ND (4861, 4862), ICMP (792, 4443, 1122 3.2.2), IPv4 and IPv6 headers (791, 8200, 7112)."""
import struct
import time

import frame
from bench import ECHO, case

UNSPECIFIED = bytes(16)
MULTICAST_BOX = frame.ip("ff02::1:ff00:10")  # solicited-node group of the box
ALL_NODES = frame.ip("ff02::1")


def arp_reply(p):
    return isinstance(p, bytes) and p[20:22] == b"\x00\x02"


def arp_request(p):
    return isinstance(p, bytes) and p[20:22] == b"\x00\x01"


def icmp_of(*kinds):
    return lambda p: not isinstance(p, bytes) and p.proto in (frame.ICMP4, frame.ICMP6) and p.body[0] in kinds


def advertisement(h):
    """To h itself, not to all nodes."""
    return lambda p: icmp_of(136)(p) and p.mac_dst == h.mac


def group_mac(group):
    return b"\x33\x33" + group[12:]


def solicit(h, target, dst, src=None, hops=255, option=True, code=0, mac=None, **f):
    """A neighbour solicitation."""
    src = h.ip6 if src is None else src
    rest = bytes(4) + target + ((b"\x01\x01" + h.mac) if option is True else (option or b""))
    h.ip(6, frame.ICMP6, frame.icmp(src, dst, 135, code, rest), src=src, dst=dst, ttl=hops,
         mac=mac or (group_mac(dst) if dst[0] == 255 else None), **f)


@case("826", families=(4,))
def arp_answered(t):
    """A request for our address is answered to the one who asked, with our MAC."""
    h = t.host()
    h.ether(frame.ARP, frame.arp(1, h.mac, h.ip4, bytes(6), t.wire.ip4), frame.BROADCAST)
    got = h.take(arp_reply)
    t.check(got, "no answer")
    t.check(got[:6] == h.mac and got[22:28] == t.wire.box_mac and got[28:32] == t.wire.ip4 and got[38:42] == h.ip4, got.hex())


@case("826", families=(4,))
def arp_for_others(t):
    """A request for another address is not ours to answer."""
    h = t.host()
    h.ether(frame.ARP, frame.arp(1, h.mac, h.ip4, bytes(6), frame.ip("10.77.0.11")), frame.BROADCAST)
    t.check(not h.take(arp_reply, 0.3), "answered for another")


@case("826; malformed", families=(4,), linux="hardware type 6 (IEEE 802) is taken for Ethernet")
def arp_malformed(t):
    h = t.host()
    good = frame.arp(1, h.mac, h.ip4, bytes(6), t.wire.ip4)
    for at, value in ((0, b"\0\6"), (2, b"\x86\xdd"), (4, b"\x08"), (5, b"\x10"), (6, b"\0\7")):
        h.ether(frame.ARP, good[:at] + value + good[at + len(value):], frame.BROADCAST)
    h.wire.send(frame.ether(h.mac, frame.BROADCAST, frame.ARP, good)[:30])
    t.check(not h.take(arp_reply, 0.3), "a malformed request was answered")
    h.ether(frame.ARP, good, frame.BROADCAST)
    t.check(h.take(arp_reply), "no answer to a good one")


@case("5227 2.1.1: probe", families=(4,))
def arp_probe(t):
    """A probe (sender 0.0.0.0) for our address is answered: it is taken."""
    h = t.host()
    h.ether(frame.ARP, frame.arp(1, h.mac, bytes(4), bytes(6), t.wire.ip4), frame.BROADCAST)
    got = h.take(arp_reply, 3.0)
    t.check(got, "no answer to a probe")


@case("5227 2.4: conflict", families=(4,), linux="it does not defend its address by itself (that is left to a daemon)")
def arp_conflict(t):
    """Somebody claims our address: we keep it, and say so."""
    h, watcher = t.host(), t.host(ip4=t.wire.ip4)
    h.ether(frame.ARP, frame.arp(2, h.mac, t.wire.ip4, h.mac, t.wire.ip4), frame.BROADCAST)
    got = watcher.take(lambda p: isinstance(p, bytes) and p[28:32] == t.wire.ip4 and p[38:42] == t.wire.ip4, 3)
    t.check(got, "no announcement in defence")
    t.connect().echo()


@case("826; 1122 2.3.2.2: a neighbour is asked for", families=(4,))
def arp_asked_once_packets_wait(t):
    """The first packet to an unknown neighbour waits for ARP, and goes when it is answered."""
    p = t.peer(host=t.host(fresh=True))
    p.host.answers = False
    p.syn()
    ask = p.host.take(arp_request)
    t.check(ask and ask[38:42] == p.host.ip4, "no ARP request")
    p.quiet(0.2)
    p.host.ether(frame.ARP, frame.arp(2, p.host.mac, p.host.ip4, t.wire.box_mac, t.wire.ip4))
    p.expect_synack()
    p.host.answers = True
    p.send()
    p.echo()


@case("1122 2.3.2.1: ARP flood", families=(4,), slow=4)
def arp_requests_limited(t):
    """A silent neighbour is asked about once a second, not for every packet."""
    p = t.peer(host=t.host(fresh=True))
    p.host.answers = False
    for i in range(20):
        q = t.peer(host=p.host, sport=40000 + i)
        q.syn()
    time.sleep(2.5)
    n = 0
    while p.host.take(arp_request, 0.05):
        n += 1
    t.check(1 <= n <= 6, "%d requests in 2.5 s" % n)
    p.host.answers = True


@case("826; a station moves", families=(4,))
def arp_mac_changes(t):
    """A neighbour with a new MAC is followed when it says so."""
    p = t.connect().echo()
    old = p.host.mac
    moved = t.host()
    moved.ether(frame.ARP, frame.arp(1, moved.mac, p.host.ip4, bytes(6), t.wire.ip4), frame.BROADCAST)
    moved.take(arp_reply)
    moved.peers = p.host.peers
    p.host.mac = moved.mac
    p.echo(b"over there")
    p.host.mac = old  # and back again, for who has this station next
    p.host.ether(frame.ARP, frame.arp(1, old, p.host.ip4, bytes(6), t.wire.ip4), frame.BROADCAST)
    t.check(p.host.take(arp_reply), "no answer after moving back")


@case("4861 7.2.4", families=(6,))
def ns_answered(t):
    """A multicast solicitation: solicited, override, our MAC as option, hop limit 255."""
    h = t.host()
    solicit(h, t.wire.ip6, MULTICAST_BOX)
    got = h.take(advertisement(h))
    t.check(got, "no advertisement")
    flags = got.body[4] & 0xE0
    t.check(got.ttl == 255 and got.body[8:24] == t.wire.ip6 and flags == 0x60, "hop limit %d, flags %02x" % (got.ttl, flags))
    t.check(got.body[24:26] == b"\x02\x01" and got.body[26:32] == t.wire.box_mac, "no target option")


@case("4861 7.2.4: unicast", families=(6,))
def ns_unicast(t):
    h = t.host()
    solicit(h, t.wire.ip6, t.wire.ip6)
    t.check(h.take(advertisement(h)), "no advertisement")


@case("4861 7.1.1; 3756: hop limit", families=(6,))
def ns_hop_limit(t):
    """Less than 255 came over a router: forged."""
    h = t.host()
    for hops in (254, 64, 1, 0):
        solicit(h, t.wire.ip6, MULTICAST_BOX, hops=hops)
    t.check(not h.take(advertisement(h), 0.3), "answered a solicitation from beyond a router")


@case("4861 7.1.1", families=(6,))
def ns_malformed(t):
    """Code, multicast target, option of length 0, option cut short, too short."""
    h = t.host()
    solicit(h, t.wire.ip6, MULTICAST_BOX, code=1)
    solicit(h, ALL_NODES, MULTICAST_BOX)
    solicit(h, t.wire.ip6, MULTICAST_BOX, option=b"\x01\x00" + h.mac)
    solicit(h, t.wire.ip6, MULTICAST_BOX, option=b"\x01\x02" + h.mac)
    h.ip(6, frame.ICMP6, frame.icmp(h.ip6, MULTICAST_BOX, 135, 0, bytes(4) + t.wire.ip6[:12]), dst=MULTICAST_BOX, ttl=255,
         mac=group_mac(MULTICAST_BOX))
    t.check(not h.take(advertisement(h), 0.3), "a malformed solicitation was answered")


@case("4861 7.1.1; checksum", families=(6,))
def ns_checksum(t):
    h = t.host()
    body = bytearray(frame.icmp(h.ip6, MULTICAST_BOX, 135, 0, bytes(4) + t.wire.ip6 + b"\x01\x01" + h.mac))
    body[2] ^= 1
    h.ip(6, frame.ICMP6, bytes(body), dst=MULTICAST_BOX, ttl=255, mac=group_mac(MULTICAST_BOX))
    t.check(not h.take(advertisement(h), 0.3), "answered in spite of a wrong checksum")


@case("4862 5.4.3: DAD", families=(6,))
def dad_answered(t):
    """Duplicate address detection for our address is answered to all nodes."""
    h = t.host()
    solicit(h, t.wire.ip6, MULTICAST_BOX, src=UNSPECIFIED, option=None)
    got = h.take(lambda p: icmp_of(136)(p) and p.body[8:24] == t.wire.ip6 and p.dst == ALL_NODES)
    t.check(got, "no advertisement to all nodes")
    t.check(not got.body[4] & 0x40, "solicited flag in answer to DAD")


@case("4861 7.1.1: DAD with an option", families=(6,))
def dad_with_option(t):
    """With an unspecified source a link-layer option is forbidden."""
    h = t.host()
    solicit(h, t.wire.ip6, MULTICAST_BOX, src=UNSPECIFIED, option=True)
    got = h.take(advertisement(h), 0.3)
    t.check(not got, "answered")


@case("4861 7.2.5; 6980", families=(6,), slow=1)
def na_asked_packets_wait(t):
    """As for ARP: the SYN-ACK waits for the advertisement; one with a low hop limit does not count."""
    p = t.peer(host=t.host(fresh=True))
    p.host.answers = False
    p.syn()
    t.check(p.host.take(icmp_of(135)), "no solicitation")
    p.host.advertise(p.host.ip6, t.wire.ip6, hops=64)
    p.quiet(0.2)
    p.host.advertise(p.host.ip6, t.wire.ip6)
    p.expect_synack()
    p.host.answers = True
    p.send()
    p.echo()


@case("4861 7.2.3, 4.3: our solicitations", families=(6,))
def ns_of_ours(t):
    """What the box asks: hop limit 255, to the solicited-node group, with its MAC."""
    p = t.peer(host=t.host(fresh=True))
    p.host.answers = False
    p.syn()
    got = p.host.take(icmp_of(135))
    t.check(got, "no solicitation")
    t.check(got.ttl == 255, "hop limit %d" % got.ttl)
    t.check(got.dst == frame.ip("ff02::1:ff00:0")[:13] + p.host.ip6[13:], "to %s" % frame.show_ip(got.dst))
    t.check(got.mac_dst == group_mac(got.dst), "to MAC %s" % got.mac_dst.hex())
    t.check(got.body[8:24] == p.host.ip6 and got.body[24:26] == b"\x01\x01", "target or option")
    p.host.answers = True


@case("4861 6.1.2, 8.1: routers and redirects", families=(6,))
def ra_and_redirect_ignored(t):
    """Router advertisements and redirects change nothing for a connection."""
    p = t.connect().echo()
    h = p.host
    h.icmp(6, 134, 0, bytes(12) + b"\x05\x01\0\0\0\0\x04\xc4", dst=ALL_NODES, mac=group_mac(ALL_NODES), ttl=255)
    h.icmp(6, 137, 0, bytes(4) + frame.ip("fd00:77::bad") + h.ip6, ttl=255)
    time.sleep(0.1)
    p.write(b"z" * 2000)
    t.check(max(s.ip.length for s in p.burst(1, 0.1)) > 1300, "an advertisement changed the MTU")


@case("792; 4443 4.1; 1122 3.2.2.6")
def echo_answered(t):
    """Ping, with its identifier, number and every byte of data."""
    h, data = t.host(), bytes(range(256)) * 4
    h.icmp(t.family, 8 if t.v4 else 128, 0, b"\x12\x34\x00\x07" + data)
    got = h.take(icmp_of(0 if t.v4 else 129))
    t.check(got and got.body[4:] == b"\x12\x34\x00\x07" + data, "no reply, or another")
    t.check(got.src == t.wire.box_addr(t.family), "from another address")


@case("792; 4443 2.3: checksum")
def echo_checksum(t):
    h = t.host()
    addr = t.wire.box_addr(t.family)
    body = bytearray(frame.icmp(h.addr(t.family), addr, 8 if t.v4 else 128, 0, b"\0\1\0\1data"))
    body[3] ^= 0x40
    h.ip(t.family, frame.ICMP4 if t.v4 else frame.ICMP6, bytes(body))
    t.check(not h.take(icmp_of(0, 129), 0.3), "answered in spite of a wrong checksum")


@case("1122 3.2.2.6; smurf", families=(4,))
def echo_to_broadcast(t):
    """Ping to a broadcast or group address is not answered."""
    h = t.host()
    for dst in ("255.255.255.255", "10.77.255.255", "224.0.0.1"):
        h.icmp(4, 8, 0, b"\0\1\0\1data", dst=frame.ip(dst), mac=frame.BROADCAST)
    t.check(not h.take(icmp_of(0), 0.3), "answered")


@case("792; 4443 3.1: port unreachable")
def udp_unreachable(t):
    """UDP to nobody: port unreachable, quoting the packet."""
    h = t.host()
    src, dst = h.addr(t.family), t.wire.box_addr(t.family)
    udp = struct.pack("!HHHH", 4000, 4001, 12, 0) + b"data"
    udp = udp[:6] + struct.pack("!H", frame.csum(frame.pseudo(src, dst, frame.UDP, 12) + udp)) + udp[8:]
    h.ip(t.family, frame.UDP, udp)
    got = h.take(icmp_of(3 if t.v4 else 1))
    t.check(got and got.body[1] == (3 if t.v4 else 4), "no port unreachable")
    t.check(got.body[8 + (20 if t.v4 else 40):].startswith(udp[:8]), "the packet is not quoted")


@case("1122 3.2.2.1; 4443 3.4: protocol")
def unknown_protocol(t):
    h = t.host()
    h.ip(t.family, 253, b"whatever is this")
    got = h.take(icmp_of(3 if t.v4 else 4))
    t.check(got and got.body[1] == (2 if t.v4 else 1), "no protocol unreachable or parameter problem")
    if not t.v4:
        t.check(struct.unpack("!I", got.body[4:8])[0] == 6, "pointer %s" % got.body[4:8].hex())


@case("1122 3.2.2; 4443 2.4 e: no error for")
def no_error_for_error(t):
    """No ICMP error about an ICMP error, a group's packet, a fragment."""
    h = t.host()
    src, dst = h.addr(t.family), t.wire.box_addr(t.family)
    inner = frame.packet(dst, src, frame.UDP, struct.pack("!HHHH", 1, 2, 8, 0))
    h.icmp(t.family, 3 if t.v4 else 1, 3 if t.v4 else 4, bytes(4) + inner)
    h.icmp(t.family, 99 if t.v4 else 100, 0, bytes(8))
    udp = struct.pack("!HHHH", 4000, 4001, 8, 0)
    group = frame.ip("224.0.0.1" if t.v4 else "ff02::1")
    h.ip(t.family, frame.UDP, udp, dst=group, mac=b"\x01\0\x5e\0\0\1" if t.v4 else group_mac(group))
    h.ip(t.family, frame.UDP, udp, mac=frame.BROADCAST)
    if t.v4:
        h.ip(4, frame.UDP, udp, frag=0x0004)  # not the first fragment
    got = h.take(icmp_of(3, 11, 12) if t.v4 else icmp_of(1, 2, 3, 4), 0.4)
    t.check(not got, "ICMP error type %s" % (got and got.body[0]))


@case("1812 4.3.2.8; 4443 2.4 f: rate", slow=2, alone=True)
def errors_limited(t):
    """ICMP errors are limited in number."""
    h = t.host()
    for i in range(1500):
        h.ip(t.family, 253, struct.pack("!I", i))
    n, end = 0, time.monotonic() + 1.0
    while time.monotonic() < end:
        n += h.take(icmp_of(3, 4), 0.1) is not None
    t.check(n < 1500 or t.linux, "%d errors for 1500 packets" % n)


@case("791 3.1; 1122 3.2.1: header", families=(4,))
def ip4_header_checked(t):
    """Version, header length, total length, header checksum."""
    p = t.peer()
    good = {"opts": p.syn_options(), "seq": p.iss}
    for bad in ({"version": 5}, {"ihl": 4}, {"ihl": 15}, {"length": 10}, {"length": 1400}, {"sum": 1}):
        p.host.ip(4, frame.TCP, p.segment("S", **dict(good)), **bad)
    p.quiet(0.3)
    p.syn()
    p.expect_synack()


@case("8200 3: header", families=(6,))
def ip6_header_checked(t):
    p = t.peer()
    seg = p.segment("S", opts=p.syn_options(), seq=p.iss)
    raw = frame.packet(p.host.ip6, t.wire.ip6, frame.TCP, seg)
    for bad in (b"\x50" + raw[1:], raw[:4] + b"\xff\xff" + raw[6:], raw[:4] + b"\0\x08" + raw[6:], raw[:30]):
        p.host.ether(frame.IP6, bad)
    p.quiet(0.3)
    p.syn()
    p.expect_synack()


@case("791; padding and trailing bytes")
def trailing_bytes(t):
    """What follows the IP packet in the frame does not belong to it."""
    p = t.connect()
    seg = p.segment("PA", b"inside")
    raw = frame.packet(p.host.addr(t.family), t.wire.box_addr(t.family), frame.TCP, seg)
    p.host.ether(frame.IP4 if t.v4 else frame.IP6, raw + b"outside" * 10)
    p.seq += 6
    p.gets(b"inside")
    p.quiet(0.1)


@case("791 3.1; 1122 3.2.1.8: options", families=(4,))
def ip4_options(t):
    """IP options (router alert, NOPs) are stepped over."""
    p = t.peer()
    p.host.ip(4, frame.TCP, p.segment("S", seq=p.iss, opts=p.syn_options()), options=b"\x94\x04\0\0")
    p.offer, p.seq = {"mss": 1460, "ws": 7, "sack": True, "ts": False}, (p.iss + 1) & 0xFFFFFFFF
    p.ws = 7
    p.expect_synack()


@case("1122 3.2.1.8; 7126: source routes", families=(4,))
def ip4_source_route(t):
    """A source-routed packet is dropped, or answered straight; never forwarded."""
    p = t.peer()
    p.host.ip(4, frame.TCP, p.segment("S", seq=p.iss, opts=p.syn_options()),
              options=b"\x83\x07\x04" + frame.ip("10.77.0.99") + b"\0")
    for s in p.drain(0.3):
        t.check(s.ip.dst == p.host.ip4, "sent along the route")


@case("1122 3.2.1.3; 5735: sources that cannot be", families=(4,))
def ip4_martians(t):
    p = t.peer()
    for src in ("0.0.0.0", "127.0.0.1", "224.0.0.5", "255.255.255.255", "10.77.255.255", "10.77.0.10"):
        a = frame.ip(src)
        p.host.ip(4, frame.TCP, p.segment("S", seq=p.iss, opts=p.syn_options(), src=a), src=a)
    p.quiet(0.3)
    t.connect().echo()


@case("4291 2.5.3; 5156: sources that cannot be", families=(6,))
def ip6_martians(t):
    p = t.peer()
    for src in ("::", "::1", "ff02::1", "::ffff:10.77.0.99", "fd00:77::10"):
        a = frame.ip(src)
        p.host.ip(6, frame.TCP, p.segment("S", seq=p.iss, opts=p.syn_options(), src=a), src=a)
    p.quiet(0.3)
    t.connect().echo()


@case("791; fragments", families=(4,))
def ip4_fragments(t):
    """Fragments are dropped, or put together below us (af_packet's fan-out does); nothing is taken by halves."""
    p = t.connect()
    seg = p.segment("PA", b"f" * 64)
    p.host.ip(4, frame.TCP, seg[:40], frag=0x2000, ident=7)
    p.host.ip(4, frame.TCP, seg[40:], frag=0x0005, ident=7)
    got = b"".join(s.data for s in p.drain(0.3) if not s.old)
    t.check(got in (b"", b"f" * 64), "%r was taken" % got)
    p.seq += len(got)
    p.send()
    p.echo()


@case("8200 4.5; 5722; 7112: fragments", families=(6,), linux="fragments are put together again")
def ip6_fragments(t):
    p = t.connect()
    seg = p.segment("PA", b"f" * 64)
    for frag, part in ((1, seg[:40]), (5 << 3, seg[40:])):
        p.host.ip(6, 44, struct.pack("!BBHI", frame.TCP, 0, frag, 99) + part)
    t.check(not any(s.len for s in p.drain(0.3)), "fragments were put together")
    p.echo()


@case("6946, 8021: atomic fragments", families=(6,), linux="an atomic fragment is taken as the packet it is")
def ip6_atomic_fragment(t):
    """An atomic fragment is dropped too: nobody has to send them any more (RFC 8021)."""
    p = t.connect()
    p.host.ip(6, 44, struct.pack("!BBHI", frame.TCP, 0, 0, 98) + p.segment("PA", b"atomic"))
    t.check(not any(s.len for s in p.drain(0.3)), "taken")
    p.echo()


@case("8200 4.1-4.6: extension headers", families=(6,))
def ip6_extensions(t):
    """Hop-by-hop and destination options with padding, and an empty routing header, are stepped over."""
    p = t.connect()
    pad = struct.pack("!BB", 60, 0) + b"\x01\x04\0\0\0\0"
    dst = struct.pack("!BB", frame.TCP, 0) + b"\x01\x04\0\0\0\0"
    p.host.ip(6, 0, pad + dst + p.segment("PA", b"behind"))
    p.seq += 6
    p.gets(b"behind")


@case("8200 4.2: unknown options", families=(6,))
def ip6_unknown_options(t):
    """By their high bits: 00 skip, 01 drop, 10 and 11 drop and say so."""
    p = t.connect()
    def dst(kind):
        return struct.pack("!BB", frame.TCP, 0) + bytes((kind, 4)) + bytes(4)
    p.host.ip(6, 60, dst(0x1E) + p.segment("PA", b"00"))
    p.seq += 2
    p.gets(b"00")
    p.host.ip(6, 60, dst(0x5E) + p.segment("PA", b"01"))
    t.check(not any(s.len for s in p.drain(0.2)), "option 01 was skipped")
    t.check(not p.host.take(icmp_of(4), 0.1), "an error for option 01")
    p.host.ip(6, 60, dst(0x9E) + p.segment("PA", b"10"))
    got = p.host.take(icmp_of(4), 3)
    t.check(got and got.body[1] == 2 and struct.unpack("!I", got.body[4:8])[0] == 42, "no parameter problem for option 10")
    p.echo()


@case("5095: routing header type 0", families=(6,))
def ip6_routing_header_0(t):
    p = t.connect()
    rh0 = struct.pack("!BBBBI", frame.TCP, 2, 0, 1, 0) + frame.ip("fd00:77::99")
    p.host.ip(6, 43, rh0 + p.segment("PA", b"rh0"))
    t.check(not any(s.len for s in p.drain(0.2)), "a routing header of type 0 was followed")
    p.echo()


@case("7112; 8504 5.3: header chains", families=(6,), linux="longer chains are walked")
def ip6_long_chain(t):
    """A chain of headers without end, or cut by the packet's end: dropped."""
    p = t.connect()
    one = struct.pack("!BB", 60, 0) + b"\x01\x04\0\0\0\0"
    last = struct.pack("!BB", frame.TCP, 0) + b"\x01\x04\0\0\0\0"
    p.host.ip(6, 60, one * 60 + last + p.segment("PA", b"deep"))
    p.host.ip(6, 60, one * 3)
    p.host.ip(6, 60, struct.pack("!BB", frame.TCP, 200) + b"\x01\x04\0\0\0\0" + p.segment("PA", b"cut"))
    t.check(not any(s.len for s in p.drain(0.3)), "taken")
    p.echo()


@case("8200 4.1: order", families=(6,))
def ip6_hop_by_hop_late(t):
    """Hop-by-hop options behind another header are not valid."""
    p = t.connect()
    one = struct.pack("!BB", 0, 0) + b"\x01\x04\0\0\0\0"
    late = struct.pack("!BB", frame.TCP, 0) + b"\x01\x04\0\0\0\0"
    p.host.ip(6, 60, one + late + p.segment("PA", b"late"))
    t.check(not any(s.len for s in p.drain(0.2)), "taken")
    p.echo()


@case("791: time to live")
def ttl_of_ours(t):
    """Our packets start with a TTL of 64, whatever the peer's."""
    p = t.connect()
    p.send("PA", b"x", ip={"ttl": 3})
    p.seq += 1
    s = p.expect_data()
    t.check(s.ip.ttl == 64, "TTL %d" % s.ip.ttl)


@case("894; other MACs")
def frame_for_another_mac(t):
    """A frame for another station is not ours, whatever is in it."""
    p = t.peer()
    p.host.ip(t.family, frame.TCP, p.segment("S", seq=p.iss, opts=p.syn_options()), mac=b"\x02\xde\xad\xbe\xef\x01")
    p.quiet(0.2)


@case("1122 3.3.4.2: other addresses")
def packet_for_another_address(t):
    """Our MAC, another IP address: not taken, not forwarded."""
    p = t.peer()
    other = frame.ip("10.77.0.44" if t.v4 else "fd00:77::44")
    body = frame.tcp(p.host.addr(t.family), other, sport=p.sport, dport=ECHO, seq=p.iss, flags=2)
    p.host.ip(t.family, frame.TCP, body, dst=other)
    p.quiet(0.3)


@case("802.1Q: tags")
def vlan_tagged(t):
    """A tagged frame is not of an untagged port."""
    p = t.peer()
    raw = frame.packet(p.host.addr(t.family), t.wire.box_addr(t.family), frame.TCP, p.segment("S", seq=p.iss))
    p.host.ether(0x8100, b"\0\x64" + struct.pack("!H", frame.IP4 if t.v4 else frame.IP6) + raw)
    p.quiet(0.2)


@case("894; short frames and rubbish")
def rubbish(t):
    """Frames of every length below the headers, and unknown types, kill nothing."""
    p = t.connect()
    seg = p.segment("PA", b"x" * 20)
    raw = frame.ether(p.host.mac, t.wire.box_mac, frame.IP4 if t.v4 else frame.IP6,
                      frame.packet(p.host.addr(t.family), t.wire.box_addr(t.family), frame.TCP, seg))
    for n in range(14, len(raw), 3):
        t.wire.sock.send(raw[:n])
    for kind in (0, 0x0800, 0x86DD, 0x88CC, 0x0806, 0xFFFF):
        p.host.ether(kind, bytes(46))
    p.drain(0.1)
    p.echo()
