# SPDX-License-Identifier: BSD-3-Clause
"""Frames: built byte by byte, so that a case can make any field wrong, and parsed with every checksum looked at.

Addresses are their bytes (4 or 16, a MAC 6); the length of an IP address says its family.
"""
import socket
import struct

ARP, IP4, IP6 = 0x0806, 0x0800, 0x86DD
ICMP4, TCP, UDP, ICMP6 = 1, 6, 17, 58
BROADCAST = b"\xff" * 6
FLAGS = "FSRPAUEC"  # by bit, from 0x01: FIN SYN RST PSH ACK URG ECE CWR


def ip(text):
    """Bytes of an address in text."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def show_ip(addr):
    return socket.inet_ntop(socket.AF_INET6 if len(addr) == 16 else socket.AF_INET, addr)


def csum(data):
    """RFC 1071, complemented."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


def flag_bits(text):
    return sum(1 << FLAGS.index(c) for c in text)


def flag_text(bits):
    return "".join(c for i, c in enumerate(FLAGS) if bits >> i & 1)


# Options, as lists of (kind, body) or of raw bytes; padded with NOPs in front where that aligns them.

def opt_mss(n):
    return struct.pack("!BBH", 2, 4, n)


def opt_ws(n):
    return bytes((3, 3, n))


OPT_SACK_OK = b"\x04\x02"


def opt_sack(*blocks):
    return bytes((5, 2 + 8 * len(blocks))) + b"".join(struct.pack("!II", a & 0xFFFFFFFF, b & 0xFFFFFFFF) for a, b in blocks)


def opt_ts(val, ecr):
    return struct.pack("!BBII", 8, 10, val & 0xFFFFFFFF, ecr & 0xFFFFFFFF)


def options_parse(raw):
    """{kind: body} of well-formed options; SYN's order and padding do not matter here."""
    found, at = {}, 0
    while at < len(raw) and raw[at] != 0:
        if raw[at] == 1:
            at += 1
            continue
        if at + 1 >= len(raw) or raw[at + 1] < 2 or at + raw[at + 1] > len(raw):
            raise ValueError("malformed options %s" % raw.hex())
        found[raw[at]] = raw[at + 2:at + raw[at + 1]]
        at += raw[at + 1]
    return found


def tcp(src, dst, **f):
    """A TCP segment with its checksum. f: sport, dport, seq, ack, flags (bits), wnd, urg, opts (bytes), data, and for
    broken ones: off (words), sum (added to the right checksum), reserved (bits)."""
    opts = f.get("opts", b"")
    opts += b"\x01" * (-len(opts) % 4) if "off" not in f else b""
    data = f.get("data", b"")
    off = f.get("off", (20 + len(opts)) // 4)
    head = struct.pack("!HHIIBBHHH", f["sport"], f["dport"], f.get("seq", 0) & 0xFFFFFFFF, f.get("ack", 0) & 0xFFFFFFFF,
                       off << 4 | f.get("reserved", 0), f["flags"], f.get("wnd", 65535), 0, f.get("urg", 0))
    whole = head + opts + data
    total = (csum(pseudo(src, dst, TCP, len(whole)) + whole) + f.get("sum", 0)) & 0xFFFF
    return whole[:16] + struct.pack("!H", total) + whole[18:]


def icmp(src, dst, kind, code, rest):
    """An ICMP message of either family; rest begins behind the checksum."""
    body = struct.pack("!BBH", kind, code, 0) + rest
    head = pseudo(src, dst, ICMP6, len(body)) if len(src) == 16 else b""
    return body[:2] + struct.pack("!H", csum(head + body)) + body[4:]


def packet(src, dst, proto, body, **f):
    """An IP packet. f: ttl, tos, ident, frag (IPv4: flags and offset), options (IPv4), length, label, sum."""
    tos = f.get("tos", 0)
    if len(src) == 16:
        head = struct.pack("!IHBB", 6 << 28 | tos << 20 | f.get("label", 0), f.get("length", len(body)), proto, f.get("ttl", 64))
        return head + src + dst + body
    opts = f.get("options", b"")
    head = struct.pack("!BBHHHBBH4s4s", f.get("version", 4) << 4 | f.get("ihl", 5 + len(opts) // 4), tos,
                       f.get("length", 20 + len(opts) + len(body)), f.get("ident", 1), f.get("frag", 0x4000),
                       f.get("ttl", 64), proto, 0, src, dst) + opts
    total = (csum(head) + f.get("sum", 0)) & 0xFFFF
    return head[:10] + struct.pack("!H", total) + head[12:] + body


def ether(src, dst, kind, body):
    return dst + src + struct.pack("!H", kind) + body


def arp(op, sha, spa, tha, tpa):
    return struct.pack("!HHBBH", 1, IP4, 6, 4, op) + sha + spa + tha + tpa


class Segment:
    """A received TCP segment."""

    def __init__(self, packet_, at, when):
        raw = packet_.body
        (self.sport, self.dport, self.seq, self.ack, off, bits, self.wnd, _, self.urg) = struct.unpack("!HHIIBBHHH", raw[:20])
        self.at, self.when, self.ip = at, when, packet_
        hlen = (off >> 4) * 4
        self.flags = flag_text(bits)
        self.reserved = off & 15  # the lowest is AE, RFC 9768
        self.opts = options_parse(raw[20:hlen])
        self.data = raw[hlen:]
        self.len = len(self.data)
        self.end = (self.seq + self.len + ("S" in self.flags) + ("F" in self.flags)) & 0xFFFFFFFF

    @property
    def ts(self):
        """(TSval, TSecr) or None."""
        return struct.unpack("!II", self.opts[8]) if 8 in self.opts else None

    @property
    def sack(self):
        """[(left, right), ...], the first block first."""
        body = self.opts.get(5, b"")
        return [struct.unpack("!II", body[i:i + 8]) for i in range(0, len(body), 8)]

    @property
    def mss(self):
        return struct.unpack("!H", self.opts[2])[0] if 2 in self.opts else None

    @property
    def ws(self):
        return self.opts[3][0] if 3 in self.opts else None


class Packet:
    """A received IP packet, checked: everything that leaves the box must be right to the last checksum."""

    def __init__(self, frame):
        self.mac_dst, self.mac_src = frame[:6], frame[6:12]
        self.kind = struct.unpack("!H", frame[12:14])[0]
        raw = frame[14:]
        if raw[0] >> 4 == 4:
            total, self.ident, self.frag = struct.unpack("!HHH", raw[2:8])
            self.tos, self.ttl, self.proto = raw[1], raw[8], raw[9]
            self.src, self.dst, hlen = raw[12:16], raw[16:20], (raw[0] & 15) * 4
            self.body = raw[hlen:total]
            if csum(raw[:hlen]) != 0:
                raise ValueError("IPv4 header checksum wrong")
        else:
            vtf, length, self.proto, self.ttl = struct.unpack("!IHBB", raw[:8])
            self.tos, self.ident, self.frag = vtf >> 20 & 255, 0, 0x4000
            self.src, self.dst, self.body = raw[8:24], raw[24:40], raw[40:40 + length]
            total = 40 + length
            if self.proto == 0:  # MLD reports carry a router alert
                self.proto, self.body = self.body[0], self.body[(self.body[1] + 1) * 8:]
        self.ecn, self.length = self.tos & 3, total
        if len(raw) < total:
            raise ValueError("IP length %d beyond the frame of %d" % (total, len(raw)))
        if self.proto in (TCP, ICMP6) and csum(pseudo(self.src, self.dst, self.proto, len(self.body)) + self.body) != 0:
            raise ValueError("checksum of protocol %d wrong" % self.proto)
        if self.proto == ICMP4 and csum(self.body) != 0:
            raise ValueError("ICMP checksum wrong")
