# SPDX-License-Identifier: BSD-3-Clause
"""The operator's mistakes: each is one clear line that says what, where and what to do, and leaves nothing behind."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import small

FILE = """[global]
workers = {workers}
control = {control}
idle = sleep
memory = {memory}
hugepages = {hugepages}
socket = {socket}
metrics = {metrics}
drain = {drain}

[port front]
device = {device}
address = 10.98.1.10/24
mtu = {mtu}
[listener http]
address = 10.98.1.10:80
connections = {connections}
pool = nodes
[pool nodes]
member = a 10.98.1.2:8000
"""
PORT = 11  # the line of [port front]
OTHERS = ("net_af_packet0,iface=back0", "net_tap0,iface=tap0")  # free while another has front0


SETPRIV = ("setpriv", "--inh-caps=-all")
NOBODY = SETPRIV + ("--reuid=65534", "--clear-groups", "--bounding-set=-all")
NO_RIGHTS = ("no rights to drive network devices: run it as root, or with CAP_NET_ADMIN, CAP_NET_RAW and "
             "CAP_IPC_LOCK")


class Case(unittest.TestCase):
    def setUp(self):
        self.lab = small.Lab(self)
        os.chmod(self.lab.directory, 0o755)
        self.before = self.traces()

    def traces(self):
        """Whatever a start could leave behind: changed interfaces, processes, files."""
        namespace = self.lab.prefix + "appliance"
        links = json.loads(small.run("ip", "-n", namespace, "-j", "-d", "link", stdout=subprocess.PIPE).stdout)
        kept = ("ifname", "flags", "mtu", "address", "promiscuity", "allmulti", "xdp")
        pids = small.run("ip", "netns", "pids", namespace, stdout=subprocess.PIPE).stdout
        files = sorted(name for name in os.listdir(self.lab.directory) if not name.endswith((".ini", "log")))
        return [{key: link.get(key) for key in kept} for link in links], pids, files

    def file(self, text=FILE, name="try.ini", **changed):
        values = {"workers": "0", "control": "0", "memory": "64M", "hugepages": "no", "drain": "1s", "socket": self.lab.socket,
                  "metrics": "127.0.0.1:9499", "device": "net_af_packet0,iface=front0", "mtu": "1500",
                  "connections": "1000"}
        return self.lab.write(name, text.format(**dict(values, **changed)))

    def start(self, *arguments, wrap=()):
        command = ["ip", "netns", "exec", self.lab.prefix + "appliance", *wrap, small.BINARY, *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * small.WITHIN)

    def refused(self, path, *lines, wrap=()):
        """Exactly these lines, the exit code of a failure, and everything as it was."""
        done = self.start("--config", path, wrap=wrap)
        self.assertEqual(done.stderr.splitlines(), ["penstock: " + line.replace("FILE", path) for line in lines])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(self.traces(), self.before)

    def running(self, link=True, **changed):
        """One that is up, and what is there because of it is no trace of a second."""
        process = self.lab.appliance(self.file(**changed))
        self.lab.up(process)
        small.wait_for(lambda: ("link up" in self.lab.log()) == link, "the link")
        self.before = self.traces()
        return process


class Start(Case):
    def sound(self, device, link=True):
        clean, process = self.before, self.running(link, device=device)
        self.assertEqual(self.lab.end(process), 0, self.lab.log())
        self.assertEqual(self.traces(), clean)
        for line in self.lab.log().splitlines():
            self.assertRegex(line, "^penstock: info: ")

    def test_af_packet(self):
        self.sound("net_af_packet0,iface=front0")

    def test_af_xdp(self):
        self.sound("net_af_xdp0,iface=front0")

    def test_tap(self):
        self.sound("net_tap0,iface=tap0")

    def test_memif(self):
        self.sound("net_memif0,role=server,socket-abstract=no,socket=%s/memif.sock" % self.lab.directory,
                   link=False)

    def test_check(self):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copy(small.ROOT + "/config/lab.ini", directory)
            small.run(small.ROOT + "/ci/lab/certificates", env={**os.environ, "PENSTOCK_LAB_DIR": directory})
            for path in (self.file(), directory + "/lab.ini", small.ROOT + "/tests/bench/veth.ini"):
                self.assertEqual(self.start("--check", path).returncode, 0)
        self.assertEqual(self.traces(), self.before)

    def test_signal_during_start(self):
        """However early a SIGTERM comes, it is a stop in order: the threads of DPDK do not die of it."""
        for pause in (0.02, 0.05, 0.1, 0.2, 0.4):
            process = self.lab.appliance(self.file())
            small.wait_for(lambda: process.poll() is not None or self.blocks(process), "the first stage")
            time.sleep(pause)
            self.assertEqual(self.lab.end(process), 0, self.lab.log())
            self.assertEqual(self.traces(), self.before)

    @staticmethod
    def blocks(process):
        """Whether the process behind `ip netns exec` has its signals blocked already."""
        with open("/proc/%d/status" % process.pid) as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["SigBlk"], 16) >> (signal.SIGTERM - 1) & 1

    def test_interrupted(self):
        """The first SIGINT is as SIGTERM; for the second see Cut."""
        process = self.running()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(small.WITHIN), 0)

    def test_optional_port_comes_later(self):
        """Without its device it starts; once that is there it answers, with the device's own MAC."""
        file = FILE.replace("mtu = {mtu}", "mtu = {mtu}\noptional = yes")
        here = self.lab.prefix + "appliance"
        small.run("ip", "-n", here, "link", "set", "front0", "name", "absent0")
        process = self.lab.appliance(self.file(file))
        self.lab.up(process)
        self.assertEqual(self.lab.show("ports")["ports"][0]["state"], "gone")
        small.run("ip", "-n", here, "link", "set", "absent0", "down")
        small.run("ip", "-n", here, "link", "set", "absent0", "name", "front0", "up")
        small.wait_for(lambda: "link up" in self.lab.log(), "the link")
        self.lab.inside("client", "ping", "-c", "1", "-W", "30", "10.98.1.10", stdout=subprocess.DEVNULL)
        self.assertEqual(self.lab.end(process), 0)

    def test_link_lost_and_back(self):
        process = self.running()
        there = self.lab.prefix + "client"
        small.run("ip", "-n", there, "link", "set", "client0", "down")
        small.wait_for(lambda: "link down" in self.lab.log(), "the loss")
        small.run("ip", "-n", there, "link", "set", "client0", "up")
        small.wait_for(lambda: self.lab.log().count("link up") == 2, "the link")
        self.lab.inside("client", "ping", "-c", "1", "-W", "30", "10.98.1.10", stdout=subprocess.DEVNULL)
        self.assertEqual(self.lab.end(process), 0)


class Cut(Case):
    """A request that never ends: its client is told so by a reset, not left to its timeouts."""

    CLIENT = """
import socket
node = socket.create_server(("10.98.1.2", 8000))
client = socket.create_connection(("10.98.1.10", 80), 30)
client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
back = node.accept()[0]
back.settimeout(30)
assert back.recv(4096).startswith(b"GET / ")
print("waiting", flush=True)
for end in client, back:
    end.settimeout(30)
    try:
        print(end.recv(4096), flush=True)
    except ConnectionResetError:
        print("reset", flush=True)
"""

    def begin(self, drain):
        self.process = self.running(drain=drain)
        self.client = self.lab.spawn("client", sys.executable, "-c", self.CLIENT, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.client.stdout.readline(), "waiting\n")

    def both_reset(self):
        self.assertEqual(self.client.communicate(timeout=2 * small.WITHIN)[0], "reset\nreset\n")

    def test_drain_limit(self):
        self.begin("1s")
        began = time.monotonic()
        self.assertEqual(self.lab.end(self.process), 0)
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertIn("drain limit: 2 connections are cut", self.lab.log())
        self.both_reset()

    def test_interrupted_twice(self):
        self.begin("60s")
        self.process.send_signal(signal.SIGINT)
        small.wait_for(lambda: "draining" in self.lab.log(), "the first")
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(small.WITHIN), 1)
        self.assertNotIn("drain limit", self.lab.log())
        self.both_reset()


class Mistakes(Case):
    def test_no_file(self):
        self.refused("/nowhere/penstock.ini", "FILE: cannot be read: No such file or directory")

    def test_directory(self):
        self.refused(self.lab.directory, "FILE: cannot be read: Is a directory")

    def test_unreadable(self):
        os.chmod(self.file(), 0o600)
        self.refused(self.file(), "FILE: cannot be read: Permission denied", wrap=NOBODY)

    def test_every_error_in_one_run(self):
        path = self.lab.write("try.ini", "[global]\nidel = poll\n[port a]\ndevice = x\naddress = 1.2.3\n"
                                         "[listener l]\naddress = 9.9.9.9:80\npool = none\n")
        for option in ("--check", "--config"):
            done = self.start(option, path)
            said = done.stderr.splitlines()
            self.assertEqual(done.returncode, 1)
            for line in (2, 5, 8):
                self.assertEqual([text.startswith("penstock: %s:%d: [" % (path, line)) for text in said].count(True), 1,
                                 said)
        self.assertEqual(self.traces(), self.before)

    def test_nobody(self):
        self.refused(self.file(), NO_RIGHTS, wrap=NOBODY)

    def test_root_without_rights(self):
        self.refused(self.file(), NO_RIGHTS, wrap=SETPRIV + ("--bounding-set=-net_admin,-net_raw",))

    def test_few_files(self):
        self.refused(self.file(), "only 100 files may be open, 272 are needed: raise ulimit -n",
                     wrap=("prlimit", "--nofile=100:100"))

    def test_hugepages(self):
        done = self.start("--config", self.file(memory="900G", hugepages="yes"))
        self.assertRegex(done.stderr, r"^penstock: \S+:1: \[global\] hugepages: \d+ MB are free, memory = 921600 MB wants "
                                      r"more: reserve them \(sysctl vm.nr_hugepages\) or set hugepages = auto\n$")
        self.assertEqual((done.returncode, self.traces()), (1, self.before))

    def test_memory_too_big(self):
        done = self.start("--config", self.file(memory="900G"))
        self.assertRegex(done.stderr, r"^penstock: \S+:1: \[global\] memory: 921600 MB wanted, this machine has \d+ MB "
                                      r"available: lower it\n$")
        self.assertEqual((done.returncode, self.traces()), (1, self.before))

    def test_memory_too_small(self):
        self.refused(self.file(connections="100000"),
                     "FILE:1: [global] memory: 100000 connections (all listeners together) need 61 of the 64 MB of each "
                     "worker, half must be left for buffers: raise memory to 132M or lower connections")

    def test_no_such_core(self):
        last = len(os.sched_getaffinity(0)) - 1
        for key in ("workers", "control"):
            self.refused(self.file(**{key: "1000"}), "FILE:1: [global] %s: core 1000 does not exist or may not be used, "
                                                     "this machine has 0 to %d" % (key, last))

    def test_no_such_device(self):
        for device, fault in (
                ("net_nosuch0", "DPDK has no driver for device 'net_nosuch0': a PCI address or DRIVER,ARGUMENTS is "
                                "wanted"),
                ("0000:99:00.0", "there is no PCI device 0000:99:00.0 (see lspci -D)"),
                ("net_af_packet0", "device net_af_packet0 names no interface: append iface=NAME"),
                ("net_af_packet0,iface=nosuch0", "there is no interface 'nosuch0'"),
                ("net_af_xdp0,iface=nosuch0", "there is no interface 'nosuch0'"),
                ("net_tap0,iface=front0", "DPDK's driver refuses device 'net_tap0,iface=front0': see the log (DPDK says: "
                                          "eth_dev_tap_create(): Unable to create TAP interface)")):
            with self.subTest(device=device):
                self.refused(self.file(device=device), "FILE:%d: port front: %s" % (PORT, fault))

    def test_too_few_queues(self):
        self.refused(self.file(workers="0,1", memory="128M", device="net_af_xdp0,iface=front0"),
                     "FILE:%d: port front: interface front0 has 1 receive queues for 2 workers: ethtool -L front0 rx 2"
                     % PORT)

    def test_mtu(self):
        self.refused(self.file(mtu="9000"), "FILE:%d: port front: MTU 9000 refused: this device takes 46 to 1500" % PORT)

    def test_interface_of_another(self):
        self.running()
        self.refused(self.file(socket=self.lab.directory + "/two.sock", metrics="127.0.0.1:9498"),
                     "FILE:%d: [port front] device: interface front0 is in use by another port or another penstock" % PORT)

    def test_socket_of_another(self):
        self.running()
        for device in OTHERS:
            self.refused(self.file(device=device, metrics="127.0.0.1:9498"),
                         "FILE:1: [global] admin socket %s: busy, another penstock is running on it" % self.lab.socket)
        self.assertTrue(self.lab.show("version"), "the first still answers")

    def test_socket_place(self):
        self.refused(self.file(socket="/nowhere/deep/try.sock"), "FILE:1: [global] admin socket /nowhere/deep/try.sock: No "
                                                                 "such file or directory, make its directory")
        self.refused(self.file(socket=self.file()),
                     "FILE:1: [global] admin socket FILE: a file that is no socket is in the way")

    def test_metrics_address(self):
        self.running()
        for device in OTHERS:
            self.refused(self.file(device=device, socket=self.lab.directory + "/two.sock"),
                         "FILE:1: [global] metrics 127.0.0.1:9499: Address already in use")
        self.refused(self.file(device="net_af_packet0,iface=back0", socket=self.lab.directory + "/two.sock",
                               metrics="10.1.1.1:9999"),
                     "FILE:1: [global] metrics 10.1.1.1:9999: Cannot assign requested address")

    def test_no_memory_at_any_point(self):
        """The address space ends a bit later each time: one line whoever meets its end, then it is up."""
        with open(small.BINARY, "rb") as binary:
            if b"__asan_init" in binary.read():
                self.skipTest("AddressSanitizer needs terabytes of address space")
        path, codes = self.file(), set()
        for megabytes in range(40, 400, 15):
            process = subprocess.Popen(["ip", "netns", "exec", self.lab.prefix + "appliance", "prlimit",
                                        "--as=%d" % (megabytes << 20), small.BINARY, "--config", path],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.lab.processes.append(process)
            small.wait_for(lambda: process.poll() is not None or os.path.exists(self.lab.socket), "socket or end")
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=small.WITHIN)[1].decode()
            codes.add(process.returncode)
            with self.subTest(megabytes=megabytes):
                self.assertIn(process.returncode, (0, 1, 127), said)  # 127: not even the dynamic linker had enough
                self.assertEqual(self.traces(), self.before)
                if process.returncode == 1:
                    self.assertEqual(len(said.splitlines()), 1, said)
        self.assertTrue({0, 1} <= codes, codes)

    def test_arguments(self):
        for arguments in ([], ["--nothing"], ["--config"], ["--config", "a", "b"], ["one"]):
            done = self.start(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage: penstock --config FILE", done.stderr)


if __name__ == "__main__":
    unittest.main()
