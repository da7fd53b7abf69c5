# SPDX-License-Identifier: BSD-3-Clause
"""TRex stateless profile: packets at a rate, for what Penstock decides without a connection.

    trex> start -f l4.py -p 0 -m 10mpps -d 60 -t --kind syn --vip 10.1.0.10 --port 9000

    syn   SYNs from ever new addresses and ports: a flood, answered by cookies (`show counters`: cookies_sent)
    ack   segments of no connection: looked up, not found, answered with RST (drop_no_conn, cookies_rejected)
    udp   frames of three sizes (IMIX 7:4:1) that are for nobody: the price of a drop (rx_udp)

From a second TRex (a stateless one: with --astf it sends no bare TCP) beside s3.py it shows what a flood costs those who
behave. Penstock ends connections, so no packet comes back as it was sent: TRex's latency streams mean nothing here. Count
what the port received (`stats -p`), and ask Penstock.
"""
import argparse

from trex.stl.api import CTRexVmInsFixHwCs, Ether, IP, TCP, UDP, STLPktBuilder, STLStream, STLTXCont, STLVM

PPS = 1000  # at -m 1; -m multiplies
IMIX = ((60, 7), (590, 4), (1514, 1))  # bytes without FCS, weight


def tcp(args, flags):
    return Ether() / IP(dst=args.vip) / TCP(dport=args.port, flags=flags, seq=1, ack=1 if flags == "A" else 0)


def udp(args, size):
    packet = Ether() / IP(dst=args.vip) / UDP(sport=1025, dport=args.port)
    return packet / ("x" * (size - len(packet)))


def sources(args, ports):
    """The fields that change from packet to packet; with `ports` the source port too."""
    first, last = args.clients.split("-")
    vm = STLVM()
    vm.var(name="address", min_value=first, max_value=last, size=4, op="random")
    vm.write(fv_name="address", pkt_offset="IP.src")
    if ports:
        vm.var(name="port", min_value=1024, max_value=65535, size=2, op="inc")
        vm.write(fv_name="port", pkt_offset="TCP.sport")
    vm.fix_chksum_hw(l3_offset="IP", l4_offset="TCP" if ports else "UDP",
                     l4_type=CTRexVmInsFixHwCs.L4_TYPE_TCP if ports else CTRexVmInsFixHwCs.L4_TYPE_UDP)
    return vm


def stream(packet, vm, pps):
    return STLStream(packet=STLPktBuilder(pkt=packet, vm=vm), mode=STLTXCont(pps=pps))


def arguments(tunables):
    parser = argparse.ArgumentParser(description="packets without a connection")
    parser.add_argument("--kind", choices=("syn", "ack", "udp"), default="syn")
    parser.add_argument("--vip", default="10.1.0.10", help="the listeners' address (10.1.0.10)")
    parser.add_argument("--port", type=int, default=9000, help="the listener's (9000)")
    parser.add_argument("--clients", default="16.1.0.1-16.1.255.254", help="addresses, from and to")
    return parser.parse_args(tunables)


class L4:
    def get_streams(self, tunables, **kwargs):
        args = arguments(tunables)
        if args.kind == "udp":
            vm, total = sources(args, False), sum(weight for _, weight in IMIX)
            return [stream(udp(args, size), vm, PPS * weight / total) for size, weight in IMIX]
        return [stream(tcp(args, args.kind[0].upper()), sources(args, True), PPS)]


def register():
    return L4()
