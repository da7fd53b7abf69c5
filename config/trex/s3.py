# SPDX-License-Identifier: BSD-3-Clause
"""TRex ASTF profile: S3 clients and S3 nodes on either side of Penstock, NIC to NIC.

    trex> start -f s3.py -m 1 -d 120 -t --preset training --vip 10.1.0.10

TRex counts bytes, it does not read HTTP; and Penstock hands any request of a listener to any of its pool's connections.
So each operation has a port of its own, on which all requests are alike and all answers are alike: a server's program is
one loop that fits whatever client asks. Penstock has a listener and a pool for each of these ports (testbed.ini) and must
change no length: `forwarded` and `request-id` stay off, no message here has a hop-by-hop field.

doc/testbed.md has the set-up, and how to read what comes out.
"""
import argparse
import collections

from trex.astf.api import (ASTFAssociationRule, ASTFGlobalInfo, ASTFIPGen, ASTFIPGenDist, ASTFIPGenGlobal, ASTFProfile,
                           ASTFProgram, ASTFTCPClientTemplate, ASTFTCPServerTemplate, ASTFTemplate)

KIB, MIB = 1 << 10, 1 << 20
CHUNK = 64 * KIB  # of a body, sent again and again
FILL = b"penstock" * (CHUNK // 8)
FOREVER = 1 << 30  # requests that a server answers on one connection
RAMP = 10  # seconds in which all connections open
HOST = "s3.example.com"

# One kind of request, and who asks: `connections` that open again when `requests` were answered, or `rate` new ones a
# second. `pause`: seconds between an answer and the next request, from and to.
Op = collections.namedtuple("Op", "name verb size answer connections requests rate pause",
                            defaults=("", None, 1, None, (0, 0)))

# The presets of config/s3gen, which names where each shape is from; a mix of sizes is here a mix of operations. A scale of 1
# has as many connections as there, where one core plays both sides.
PRESETS = {
    # Every sample once, in a new order, by loaders that read ahead; large samples by ranges.
    "training": [
        Op("record", "GET", 114660, "200 OK", connections=38, requests=200),
        Op("sample", "GET", 2828486, "200 OK", connections=22, requests=50),
        Op("range", "GET", 8 * MIB, "206 Partial Content", connections=4, requests=18)],
    # All ranks write their shard of 1680 MiB at once, in parts; then all is silent.
    "checkpoint": [
        Op("part", "PUT", 8 * MIB, "200 OK", connections=64, requests=210),
        Op("create", "POST", 0, "200 OK", rate=2),
        Op("complete", "POST", 24 * KIB, "200 OK", rate=2)],
    # Pods with eight threads each walk through the same 10 GB, range by range.
    "inference": [
        Op("range", "GET", 8 * MIB, "206 Partial Content", connections=256, requests=160),
        Op("config", "GET", 4 * KIB, "200 OK", connections=32, requests=10)],
    # Passages and vectors: small, many, and somebody waits for each.
    "rag": [
        Op("chunk4", "GET", 4 * KIB, "200 OK", connections=358, requests=1000, pause=(0.005, 0.04)),
        Op("chunk16", "GET", 16 * KIB, "200 OK", connections=102, requests=1000, pause=(0.005, 0.04)),
        Op("chunk64", "GET", 64 * KIB, "200 OK", connections=52, requests=1000, pause=(0.005, 0.04))],
    # Jobs that begin list the whole data set, 1000 keys a page, and look at what they found.
    "listing": [
        Op("page", "LIST", 340 * KIB, "200 OK", connections=38, requests=100),
        Op("head", "HEAD", 0, "200 OK", connections=90, requests=1000)],
    # One job without keep-alive: crumbs of large objects, keys that are not there. Another beside it does all right.
    "misconfigured": [
        Op("crumb", "GET", 4 * KIB, "206 Partial Content", rate=4000),
        Op("missing", "GET", 280, "404 Not Found", rate=500),
        Op("sample", "GET", 2828486, "200 OK", connections=32, requests=50)],
}


def head(first, fields):
    return "\r\n".join([first] + ["%s: %s" % field for field in fields] + ["", ""]).encode()


def request_head(op):
    """As a current SDK signs it. The signature is none; who checks it is not here."""
    verb, target = op.verb, "/bucket/%s/0123456789abcdef" % op.name
    if verb == "LIST":
        verb, target = "GET", "/bucket?list-type=2&max-keys=1000&prefix=" + op.name
    elif op.name == "part":
        target += "?partNumber=17&uploadId=2~penstock"
    elif op.name == "create":
        target += "?uploads"
    elif op.name == "complete":
        target += "?uploadId=2~penstock"
    fields = [("Host", HOST), ("User-Agent", "trex"), ("x-amz-date", "20260101T000000Z"),
              ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
              ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, "
                                "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + 64 * "0")]
    if op.answer.startswith("206"):
        fields.append(("Range", "bytes=0-%d" % (op.size - 1)))
    if verb in ("PUT", "POST"):
        fields.append(("Content-Length", op.size))
    return head("%s %s HTTP/1.1" % (verb, target), fields)


def answer_head(op):
    fields = [("x-amz-request-id", "0123456789ABCDEF"), ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
              ("Content-Length", answer_size(op) if op.verb != "HEAD" else 114660)]
    if op.answer[0] == "2":
        fields.append(("ETag", '"0123456789abcdef0123456789abcdef"'))
    if op.answer.startswith("206"):
        fields.append(("Content-Range", "bytes 0-%d/10737418240" % (op.size - 1)))
    return head("HTTP/1.1 " + op.answer, fields)


def request_size(op):
    return op.size if op.verb in ("PUT", "POST") else 0


def answer_size(op):
    if op.verb == "POST":
        return 320
    return op.size if op.verb in ("GET", "LIST") else 0


def message(program, first, size):
    """A head and `size` bytes: as few sends as can be, none waits for the ACK of another but the last."""
    chunks = max(0, size - 1) // CHUNK
    first += FILL[:size - chunks * CHUNK]
    if chunks == 0:
        program.send(first)
        return
    program.set_send_blocking(False)
    program.send(first)
    if chunks > 1:
        program.set_var("chunks", chunks - 1)
        program.set_label("chunk")
        program.send(FILL)
        program.jmp_nz("chunks", "chunk")
    program.set_send_blocking(True)
    program.send(FILL)


def client_program(op):
    program = ASTFProgram()
    program.connect()
    program.set_var("requests", op.requests)
    program.set_label("request")
    message(program, request_head(op), request_size(op))
    program.recv(len(answer_head(op)) + answer_size(op), True)
    if op.pause[1]:
        program.delay_rand(op.pause[0] * 1e6, op.pause[1] * 1e6)
    program.jmp_nz("requests", "request")
    return program


def server_program(op):
    program = ASTFProgram()
    program.set_var("requests", FOREVER)
    program.set_label("request")
    program.recv(len(request_head(op)) + request_size(op), True)
    message(program, answer_head(op), answer_size(op))
    program.jmp_nz("requests", "request")
    return program


def template(op, port, ip_gen, scale):
    """With a scale of 2 twice as many connections, or twice as many new ones a second."""
    load = {"cps": op.rate * scale} if op.rate else {}
    if op.connections:
        limit = max(1, round(op.connections * scale))
        load = {"cps": max(0.5, limit / RAMP), "limit": limit, "cont": True}
    client = ASTFTCPClientTemplate(program=client_program(op), ip_gen=ip_gen, port=port, **load)
    server = ASTFTCPServerTemplate(program=server_program(op), assoc=ASTFAssociationRule(port=port))
    return ASTFTemplate(client_template=client, server_template=server, tg_name=op.name)


def tcp_info(mtu, window):
    info = ASTFGlobalInfo()
    info.tcp.mss = mtu - 40
    info.tcp.rxbufsize = info.tcp.txbufsize = window
    info.tcp.no_delay = 1
    info.tcp.no_delay_counter = 2 * info.tcp.mss  # an ACK for every second segment (RFC 5681 4.2)
    info.tcp.cc_algo = 1  # CUBIC, as Penstock's
    return info


def arguments(tunables):
    parser = argparse.ArgumentParser(description="S3 clients and nodes on either side of Penstock")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="training")
    parser.add_argument("--vip", default="10.1.0.10", help="the listeners' address (10.1.0.10)")
    parser.add_argument("--clients", default="16.0.0.1-16.0.3.254", help="addresses, from and to, routed to TRex's first port")
    parser.add_argument("--port", type=int, default=9000, help="of the first operation; each has its own (9000)")
    parser.add_argument("--scale", type=float, default=1, help="of connections and connection rates (1)")
    parser.add_argument("--mtu", type=int, default=1500, help="bytes of an IP packet (1500)")
    parser.add_argument("--window", type=int, default=1024, help="KiB of each connection's buffers (1024)")
    return parser.parse_args(tunables)


class S3:
    def get_profile(self, tunables, **kwargs):
        args = arguments(tunables)
        ip_gen = ASTFIPGen(glob=ASTFIPGenGlobal(ip_offset="1.0.0.0"),
                           dist_client=ASTFIPGenDist(ip_range=args.clients.split("-"), distribution="seq"),
                           dist_server=ASTFIPGenDist(ip_range=[args.vip, args.vip], distribution="seq"))
        templates = [template(op, args.port + i, ip_gen, args.scale) for i, op in enumerate(PRESETS[args.preset])]
        return ASTFProfile(default_ip_gen=ip_gen, default_c_glob_info=tcp_info(args.mtu, args.window * KIB),
                           default_s_glob_info=tcp_info(args.mtu, args.window * KIB), templates=templates)


def register():
    return S3()
