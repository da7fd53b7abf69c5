# SPDX-License-Identifier: BSD-3-Clause
"""A lab of a test's own: three throw-away namespaces, an appliance between them, whatever the big lab does."""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PENSTOCK_BUILD", os.path.join(ROOT, "build"))
BINARY = os.path.join(BUILD, "app/penstock/penstock")
CTL = os.path.join(BUILD, "app/penstockctl/penstockctl")
WITHIN = 30  # seconds until what must come has come, on a machine that has much else to do


def run(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, stdin=subprocess.DEVNULL, **options)


def ctl(where, *words, given=""):
    """penstockctl at this socket, as it ended."""
    return subprocess.run([CTL, "-s", where, *words], input=given, capture_output=True, text=True, timeout=WITHIN)


def show(where, noun):
    """What the appliance at this socket says itself, as parsed JSON."""
    done = ctl(where, "--json", "show", *noun.split())
    if done.returncode != 0:
        raise AssertionError("show %s: exit code %d: %s" % (noun, done.returncode, done.stderr))
    return json.loads(done.stdout)


def wait_for(condition, what, seconds=WITHIN):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %s s: %s" % (seconds, what))
        time.sleep(0.02)


@contextlib.contextmanager
def namespace(name):
    """Sockets made inside belong to that network namespace, and stay there. Changes this thread only."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as here, open("/run/netns/" + name) as there:
        if libc.setns(there.fileno(), 0x40000000) != 0:  # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns " + name)
        try:
            yield
        finally:
            libc.setns(here.fileno(), 0x40000000)


class Lab:
    """Namespaces client, appliance and storage; front0 and back0 are the appliance's ends of two veth pairs.

        client0 10.98.1.2, fd00:98:1::2 == front0    back0 == storage0 10.98.2.11, fd00:98:2::11
    """

    FRONT = {4: "10.98.1.10", 6: "fd00:98:1::10"}

    def __init__(self, case, queues=1):
        if os.environ.get("PENSTOCK_E2E_TARGET", "penstock") != "penstock":
            case.skipTest("only for penstock")
        self.case, self.queues = case, queues
        self.directory = tempfile.mkdtemp(prefix="penstock-small-")
        self.prefix = "pa-%d-" % os.getpid()
        self.socket = os.path.join(self.directory, "penstock.sock")
        self.processes = []
        case.addCleanup(self.down)
        for name in ("client", "appliance", "storage"):
            run("ip", "netns", "add", self.prefix + name)
            run("ip", "-n", self.prefix + name, "link", "set", "lo", "up")
        # A device that appears later (net_tap's) is to be silent from its first moment.
        self.inside("appliance", "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        self.wire("client", "client0", "front0", ("10.98.1.2/24", "fd00:98:1::2/64"))
        self.wire("storage", "storage0", "back0", ("10.98.2.11/24", "fd00:98:2::11/64"))

    def down(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for name in ("client", "appliance", "storage"):
            subprocess.run(["ip", "netns", "delete", self.prefix + name], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def inside(self, name, *command, **options):
        return run("ip", "netns", "exec", self.prefix + name, *command, **options)

    def spawn(self, name, *command, **options):
        process = subprocess.Popen(["ip", "netns", "exec", self.prefix + name, *map(str, command)],
                                   stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def wire(self, name, outer, inner, addresses):
        there, here = self.prefix + name, self.prefix + "appliance"
        queues = ("numrxqueues", self.queues, "numtxqueues", self.queues)
        run("ip", "link", "add", outer, "netns", there, *queues, "type", "veth", "peer", "name", inner, "netns", here,
            *queues)
        for space, device in ((there, outer), (here, inner)):
            for setting in (("-L", device, "rx", self.queues, "tx", self.queues),
                            ("-K", device, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")):
                subprocess.run(["ip", "netns", "exec", space, "ethtool", *map(str, setting)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            run("ip", "-n", space, "link", "set", device, "up")
        self.inside("appliance", "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % inner)
        run("ip", "-n", here, "link", "set", inner, "arp", "off")
        for address in addresses:
            run("ip", "-n", there, "address", "add", address, "dev", outer, *(("nodad",) if ":" in address else ()))

    def join(self, tap, inner):
        """The appliance's net_tap device on the wire that ends in `inner`."""
        here = self.prefix + "appliance"
        wait_for(lambda: subprocess.run(["ip", "-n", here, "link", "show", "dev", tap], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL).returncode == 0, tap)
        run("ip", "-n", here, "link", "set", tap, "arp", "off", "up")
        for one, other in ((tap, inner), (inner, tap)):
            run("tc", "-n", here, "qdisc", "add", "dev", one, "ingress")
            run("tc", "-n", here, "filter", "add", "dev", one, "ingress", "protocol", "all", "u32", "match", "u32",
                "0", "0", "action", "mirred", "egress", "redirect", "dev", other)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def appliance(self, path):
        """Starts penstock with this file; what it says is in log()."""
        with open(os.path.join(self.directory, "log"), "ab") as log:
            return self.spawn("appliance", BINARY, "--config", path, stderr=log)

    def log(self):
        with open(os.path.join(self.directory, "log"), errors="replace") as file:
            return file.read()

    def up(self, process):
        wait_for(lambda: process.poll() is not None or os.path.exists(self.socket), "its socket")
        wait_for(lambda: process.poll() is not None or "is up" in self.log(), "the last stage")
        self.case.assertIsNone(process.poll(), self.log())

    def ctl(self, *words):
        return ctl(self.socket, *words)

    def show(self, noun):
        return show(self.socket, noun)

    def counter(self, name):
        """The sum over all workers."""
        return sum(row["value"] for row in self.show("counters")["counters"] if row["counter"] == name)

    def relayed(self):
        """lib/relay's counters, {name: value}, of one worker."""
        return {row["counter"]: row["value"] for row in self.show("counters all")["counters"] if row["lib"] == "relay"}

    def links_up(self):
        wait_for(lambda: {p["state"] for p in self.show("ports")["ports"]} == {"up"}, "links")

    def connect(self, case, port, **options):
        """A connection of a test's to the appliance."""
        with namespace(self.prefix + "client"):
            conn = socket.create_connection((self.FRONT[4], port), timeout=WITHIN, **options)
        case.addCleanup(conn.close)
        return conn

    def start(self, path):
        """An appliance with this file, once it has its links."""
        process = self.appliance(path)
        self.up(process)
        self.links_up()
        return process

    def end(self, process, seconds=WITHIN):
        """SIGTERM, and the exit code."""
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.poll()


class Server:
    """Listens in storage, to TLS if there is a context; `serve` is called with every connection, each in a thread of its own."""

    def __init__(self, case, port=8000, context=None):
        self.context = context
        with namespace(case.lab.prefix + "storage"):
            self.server = socket.create_server(("10.98.2.11", port), backlog=64)
        case.addCleanup(self.server.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.accepted, args=(self.server.accept()[0],), daemon=True).start()

    def accepted(self, conn):
        with contextlib.suppress(OSError):
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            with conn:
                self.serve(conn)
