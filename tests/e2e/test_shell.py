# SPDX-License-Identifier: BSD-3-Clause
"""What the operator sees: every show in both forms, errors that name the word, the metrics page."""
import json
import os
import pty
import re
import select
import stat
import subprocess
import tempfile
import time

import small
from lab import DIR, NODES, SOCKET, WITHIN, S3Case, ctl, noise, penstock_only, show

NOUNS = ("version", "ports", "workers", "pools", "pool rgw", "listeners", "connections", "connections 5", "routes",
         "neighbours", "counters", "counters all", "memory", "config")


def metrics():
    out = subprocess.run(["ip", "netns", "exec", "ps-appliance", "curl", "-sS", "--fail", "http://127.0.0.1:9465/metrics"],
                         check=True, capture_output=True, text=True)
    return out.stdout


class Terminal:
    """The shell as somebody at a terminal has it."""

    def __init__(self, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=home, TERM="vt100")
            os.execv(small.CTL, [small.CTL, "-s", SOCKET])
        self.until("> ")

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        """What appears, up to the pattern."""
        seen, end = "", time.monotonic() + WITHIN
        while not re.search(pattern, seen):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("no %r in %r" % (pattern, seen))
            seen += os.read(self.fd, 4096).decode()
        return seen

    def code(self):
        """Its exit code, once it has closed its side."""
        try:
            self.until("(?!)")  # matches nothing: reads to the end
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@penstock_only
class Shell(S3Case):
    def test_at_a_terminal(self):
        with tempfile.TemporaryDirectory() as home:
            terminal = Terminal(home)
            terminal.type("show vers\t")
            terminal.until("ion")  # completed
            terminal.type("\n")
            terminal.until(r"(?s)uptime +\d\d:\d\d:\d\d.*> ")
            terminal.type("show nonsense\n")
            terminal.until("(?s)nonsense.*expected.*> ")
            terminal.type("quit\n")
            self.assertEqual(terminal.code(), 0)
            terminal = Terminal(home)
            terminal.type("\x10\x10\x10\n")  # three lines up in the history
            terminal.until(r"(?s)uptime +\d\d:\d\d:\d\d.*> ")
            terminal.type("quit\n")
            self.assertEqual(terminal.code(), 0)

    def test_every_show(self):
        for noun in NOUNS:
            with self.subTest(noun=noun):
                text = ctl("show", *noun.split())
                self.assertEqual((text.returncode, text.stderr), (0, ""))
                self.assertTrue(text.stdout.strip())
                self.assertIsInstance(json.loads(ctl("--json", "show", *noun.split()).stdout), dict)

    def test_errors_name_the_word(self):
        for words, wrong in ((("shwo", "pools"), "shwo"), (("show", "pols"), "pols"), (("show", "pool", "nope"), "nope"),
                             (("show", "connections", "x"), "x"), (("show",), "show")):
            with self.subTest(words=words):
                done = ctl(*words)
                self.assertEqual(done.returncode, 1)
                self.assertIn(wrong, done.stderr)
                self.assertIn("expected", done.stderr)

    def test_lines_from_stdin(self):
        done = ctl(given="show version\nshow pools\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn("rgw", done.stdout)

    def test_no_appliance(self):
        done = small.ctl(DIR + "/nobody.sock", "show", "version")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nobody.sock", done.stderr)

    def test_socket_is_for_the_group_only(self):
        self.assertEqual(stat.S_IMODE(os.stat(SOCKET).st_mode), 0o660)

    @staticmethod
    def members():
        return {row["name"]: row for row in show("pool rgw")["members"]}

    def test_pools_count_what_went_where(self):
        """Round robin over three nodes: thirty requests, ten each, and their bytes."""
        path = self.put("counted", noise(10000), public=True)
        before = self.members()
        for _ in range(30):
            self.call("GET", path, sign=False)
        after = self.members()
        self.assertEqual(len(after), len(NODES))
        for name, row in after.items():
            self.assertEqual(row["requests"] - before[name]["requests"], 10, name)
            self.assertGreater(row["bytes_in"] - before[name]["bytes_in"], 100000)

    def test_metrics(self):
        """Prometheus text, format 0.0.4: every sample belongs to a declared family, and it counts."""
        before = metrics()
        self.call("GET", "/" + self.bucket)
        after = metrics()
        declared = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram|summary)$", after, re.M))
        for line in after.splitlines():
            if line and not line.startswith("#"):
                match = re.fullmatch(r'([a-z_][a-z0-9_]*)(\{([a-z_]+="[^"]*",?)*\})? [0-9.eE+-]+(nan|inf)?', line)
                self.assertTrue(match, line)
                family = re.sub("_(bucket|sum|count)$", "", match.group(1))
                self.assertTrue(match.group(1) in declared or family in declared, line)
        for word in ("port", "worker", "member", "connections"):
            self.assertIn(word, after)
        self.assertNotEqual(before, after)
