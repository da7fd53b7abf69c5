#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""config/trex against the names and signatures of TRex's API, and its programs against each other.

TRex's servers count bytes and know nothing of HTTP, so a program that is a byte off hangs on the test bed. Here each
client's program talks to its server's, and what they say is read as HTTP.
"""
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TREX = os.path.join(HERE, "..", "..", "config", "trex")
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, TREX]
import trex_api  # noqa: E402
trex_api.install()
import l4  # noqa: E402
import s3  # noqa: E402

STEPS = 1 << 20  # that a conversation may take


class Side:
    """Runs a program until it waits for more than it has received, or ends."""

    def __init__(self, program):
        self.at, self.got, self.vars, self.ended = 0, 0, {}, False
        self.steps, self.labels = [], {}
        for name, given in program.commands:
            if name == "set_label":
                self.labels[given["label"]] = len(self.steps)
            else:
                self.steps.append((name, given))

    def run(self):
        """What it sends meanwhile."""
        sent = []
        while self.at < len(self.steps):
            name, given = self.steps[self.at]
            if name == "recv":
                if self.got < given["bytes"]:
                    return sent
                assert given["clear"], "TRex counts from the start of the connection otherwise"
                self.got -= given["bytes"]
            elif name == "send":
                sent.append(given["buf"])
            elif name == "set_var":
                self.vars[given["var_id"]] = given["val"]
            elif name == "jmp_nz":
                self.vars[given["var_id"]] -= 1
                if self.vars[given["var_id"]]:
                    self.at = self.labels[given["label"]]
                    continue
            self.at += 1
        self.ended = True
        return sent


def converse(client, server):
    """[(request, answer)], each the list of what was sent; ends with the client's program."""
    asks, answers, rounds = Side(client), Side(server), []
    for _ in range(STEPS):
        request = asks.run()
        if asks.ended:
            return rounds, asks, answers
        answers.got += sum(map(len, request))
        answer = answers.run()
        asks.got += sum(map(len, answer))
        assert answer, "both wait for the other"
        rounds.append((request, answer))
    raise AssertionError("no end")


def split(buffers):
    """The first line, the fields, the number of bytes behind the head."""
    first, _, rest = buffers[0].partition(b"\r\n\r\n")
    line, *fields = first.decode("ascii").split("\r\n")
    return line, dict(field.lower().split(": ", 1) for field in fields), len(rest) + sum(map(len, buffers[1:]))


def build(preset, *words):
    return s3.register().get_profile(["--preset", preset, *words])


def templates(profile):
    for template in profile.given["templates"]:
        yield template.given["tg_name"], template.given["client_template"].given, template.given["server_template"].given


def testbed():
    """{a listener's port: the ports of its pool's members} of the appliance's file."""
    with open(os.path.join(TREX, "testbed.ini")) as file:
        text = file.read()
    members = {name: {int(port) for port in re.findall(r"^member = \S+ [\d.]+:(\d+)$", body, re.M)}
               for name, body in re.findall(r"^\[pool (\w+)\]\n((?:\w.*\n)*)", text, re.M)}
    listeners = re.findall(r"^\[listener \w+\]\naddress = [\d.]+:(\d+)\npool = (\w+)$", text, re.M)
    return {int(port): members[pool] for port, pool in listeners}


class Presets(unittest.TestCase):
    def test_conversations(self):
        for preset, ops in s3.PRESETS.items():
            for op, (name, client, server) in zip(ops, templates(build(preset))):
                with self.subTest("%s %s" % (preset, name)):
                    rounds, asks, answers = converse(client["program"], server["program"])
                    self.assertEqual(len(rounds), op.requests)
                    self.assertEqual((asks.got, answers.got), (0, 0))
                    self.assertFalse(answers.ended)
                    self.one_request(op, *rounds[0])
                    self.assertTrue(all(r == rounds[0] for r in rounds), "another client would get the wrong answer")

    def one_request(self, op, request, answer):
        line, fields, body = split(request)
        self.assertRegex(line, r"^(GET|HEAD|PUT|POST) /bucket\S* HTTP/1\.1$")
        self.assertEqual(body, int(fields.get("content-length", 0)))
        self.no_hop(fields)
        line, fields, body = split(answer)
        self.assertRegex(line, r"^HTTP/1\.1 \d\d\d \w+")
        self.assertEqual(body, 0 if op.verb == "HEAD" else int(fields["content-length"]))
        if " 206 " in line:
            first, last = map(int, re.match(r"bytes (\d+)-(\d+)/\d+$", fields["content-range"]).groups())
            self.assertEqual(last + 1 - first, body)
        self.no_hop(fields)

    def no_hop(self, fields):
        """Penstock would take them out (RFC 9110 7.6.1), and the count would be wrong."""
        self.assertFalse({"connection", "keep-alive", "proxy-connection", "upgrade"} & set(fields))

    def test_ports(self):
        for preset in s3.PRESETS:
            ports = [(client["port"], server["assoc"].given["port"]) for _, client, server in templates(build(preset))]
            self.assertEqual(ports, [(9000 + i, 9000 + i) for i in range(len(ports))])
            self.assertLessEqual({port for port, _ in ports}, set(testbed()))

    def test_names(self):
        """Those of s3gen's presets."""
        names = {os.path.splitext(name)[0] for name in os.listdir(os.path.join(TREX, "..", "s3gen")) if name.endswith(".ini")}
        self.assertEqual(set(s3.PRESETS), names)

    def test_testbed(self):
        self.assertEqual(testbed(), {9000: {9000}, 9001: {9001}, 9002: {9002}})

    def test_tunables(self):
        profile = build("rag", "--vip", "10.9.9.9", "--clients", "16.0.0.1-16.0.0.9", "--port", "80", "--scale", "0.5",
                        "--mtu", "9000", "--window", "256")
        tcp = profile.given["default_s_glob_info"].tcp
        self.assertEqual((tcp.mss, tcp.rxbufsize, tcp.txbufsize), (8960, 1 << 18, 1 << 18))
        ip_gen = profile.given["default_ip_gen"].given
        self.assertEqual(ip_gen["dist_server"].given["ip_range"], ["10.9.9.9", "10.9.9.9"])
        self.assertEqual(ip_gen["dist_client"].given["ip_range"], ["16.0.0.1", "16.0.0.9"])
        _, client, _ = next(templates(profile))
        self.assertEqual((client["port"], client["limit"], client["cont"]), (80, 179, True))

    def test_load(self):
        """Each has either connections that are kept open or a rate of new ones, which TRex wants to be 0.5 at least."""
        for preset, ops in s3.PRESETS.items():
            for op in ops:
                self.assertNotEqual(op.connections is None, op.rate is None, (preset, op))
            for _, client, _ in templates(build(preset, "--scale", "0.01")):
                if "limit" in client:
                    self.assertGreaterEqual(client["cps"], 0.5)
                    self.assertGreaterEqual(client["limit"], 1)


class Stateless(unittest.TestCase):
    def packets(self, *words):
        return [(s.given["packet"].given["pkt"], s.given["mode"].given["pps"], s.given["packet"].given["vm"].commands)
                for s in l4.register().get_streams(list(words))]

    def test_syn_and_ack(self):
        for kind, flags in (("syn", "S"), ("ack", "A")):
            (packet, pps, vm), = self.packets("--kind", kind, "--port", "443")
            self.assertEqual((packet.headers["TCP"]["flags"], packet.headers["TCP"]["dport"], pps), (flags, 443, 1000))
            written = {given["pkt_offset"] for name, given in vm if name == "write"}
            self.assertEqual(written, {"IP.src", "TCP.sport"})
            self.assertEqual(vm[-1][0], "fix_chksum_hw")

    def test_udp(self):
        found = self.packets("--kind", "udp")
        self.assertEqual([len(packet) for packet, _, _ in found], [60, 590, 1514])
        self.assertAlmostEqual(sum(pps for _, pps, _ in found), 1000)


class Stub(unittest.TestCase):
    """The stub can say no."""

    def test_refuses(self):
        api, stl = sys.modules["trex.astf.api"], sys.modules["trex.stl.api"]
        for wrong in (lambda: api.ASTFProgram().send(buffer=b"x"), lambda: api.ASTFProgram().recv("12"),
                      lambda: api.ASTFTCPClientTemplate(rate=1), lambda: api.ASTFProgram().jump("x"),
                      lambda: setattr(api.ASTFGlobalInfo().tcp, "nagle", 1), lambda: stl.STLStream(packet="x"),
                      lambda: stl.TCP(port=1)):
            self.assertRaises((TypeError, AttributeError), wrong)


if __name__ == "__main__":
    unittest.main()
