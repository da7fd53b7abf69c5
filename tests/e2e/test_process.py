# SPDX-License-Identifier: BSD-3-Clause
"""The appliance as a process: a mistake is one clear line and leaves nothing behind, a stop loses no request."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from lab import BUILD, DIR, ROOT, S3Case, Wire, noise, penstock_only, wait_for

MB = 1 << 20
BINARY = os.path.join(BUILD, "app/penstock/penstock")
SOUND = """[global]
workers = %(workers)s
memory = %(memory)s
hugepages = %(hugepages)s
socket = %(socket)s
metrics = %(metrics)s
[port only]
device = %(device)s
address = 10.99.0.10/24
[listener only]
address = 10.99.0.10:80
mode = http
pool = only
[pool only]
member = a 10.99.0.11:80
"""


@penstock_only
class Mistakes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="penstock-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def config(self, text=SOUND, **changed):
        values = {"workers": "0", "memory": "128M", "hugepages": "no", "socket": self.directory + "/try.sock",
                  "metrics": "127.0.0.1:9499", "device": "net_tap0,iface=try0"}
        path = self.directory + "/try.ini"
        with open(path, "w") as file:
            file.write(text % dict(values, **changed))
        return path

    def fails(self, *command, code=1):
        """What it says; fails itself where it does not end, or leaves a device or a socket behind."""
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertFalse(os.path.exists("/sys/class/net/try0"))
        self.assertFalse(os.path.exists(self.directory + "/try.sock"))
        return done.stderr

    def one_line(self, word, *command, **options):
        said = [line for line in self.fails(*command, **options).splitlines() if line.startswith("penstock:")]
        self.assertEqual(len(said), 1, said)
        self.assertIn(word, said[0])

    def test_sound(self):
        """The control of the others: this one starts, answers and ends."""
        process = subprocess.Popen([BINARY, "--config", self.config()], stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        wait_for(lambda: os.path.exists(self.directory + "/try.sock"), 20, "its socket")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)
        self.assertFalse(os.path.exists(self.directory + "/try.sock"))

    def test_no_such_file(self):
        self.one_line("/nowhere.ini", BINARY, "--config", "/nowhere.ini")

    def test_every_error_in_one_run(self):
        path = self.config("[global]\nidel = poll\n[port a]\ndevice = x\naddress = 1.2.3\n[listener l]\npool = none\n")
        for option in ("--check", "--config"):
            said = self.fails(BINARY, option, path)
            for line in (2, 5, 7):
                self.assertIn("%s:%d:" % (path, line), said)

    def test_check(self):
        for path in (self.config(), ROOT + "/config/lab.ini", ROOT + "/tests/bench/veth.ini"):
            self.assertEqual(subprocess.run([BINARY, "--check", path], stdout=subprocess.DEVNULL).returncode, 0)

    def test_unknown_device(self):
        self.one_line("nosuch0", BINARY, "--config", self.config(device="net_af_packet0,iface=nosuch0"))

    def test_unknown_core(self):
        self.one_line("core 63", BINARY, "--config", self.config(workers="63"))

    def test_socket_of_another(self):
        self.one_line("penstock.sock", BINARY, "--config", self.config(socket=DIR + "/penstock.sock"))

    def test_metrics_address_in_use(self):
        with socket.create_server(("127.0.0.1", 9498)):
            self.one_line("9498", BINARY, "--config", self.config(metrics="127.0.0.1:9498"))

    def test_no_rights(self):
        self.one_line("CAP_NET_ADMIN", "setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-all", BINARY,
                      "--config", self.config())

    def test_no_hugepages(self):
        self.one_line("hugepages", BINARY, "--config", self.config(memory="900G", hugepages="yes"))

    def test_arguments(self):
        for arguments in ([], ["--nothing"], ["--config"], ["--config", "a", "b"]):
            self.assertIn("usage", self.fails(BINARY, *arguments, code=2))


@penstock_only
class Stop(S3Case):
    """Ends the lab's own appliance and starts it again."""

    def setUp(self):
        super().setUp()
        with open(DIR + "/wire") as file:
            self.wire_kind = file.read().strip()
        with open(DIR + "/penstock.pid") as file:
            self.pid = int(file.read())
        self.addCleanup(self.start)
        self.path = self.put("stop", noise(64 * MB), public=True)

    def start(self):
        self.s3.close()
        subprocess.run([ROOT + "/ci/lab/penstock", "stop"], check=False)
        subprocess.run([ROOT + "/ci/lab/penstock", "start", "--wire", self.wire_kind], check=True,
                       stdout=subprocess.DEVNULL)
        type(self).s3 = self.client()

    def code(self, seconds):
        """Its exit code, once it has ended."""
        wait_for(lambda: os.path.exists(DIR + "/penstock.rc"), seconds, "the appliance's end")
        with open(DIR + "/penstock.rc") as file:
            return int(file.read())

    def test_drain(self):
        """SIGTERM: the request under way gets every byte, nobody new is let in, the exit code is 0."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        os.kill(self.pid, signal.SIGTERM)
        time.sleep(0.5)
        with self.assertRaises(OSError):
            Wire.to(self.host, self.port)
        self.assertTrue(wire.exactly(64 * MB) == noise(64 * MB))
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()
        self.assertEqual(self.code(5), 0)

    def test_drain_of_idle_clients(self):
        """A client that keeps its idle connection open, as SDKs do, does not hold the end up to the limit."""
        wire = self.wire()
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        self.assertTrue(wire.exactly(64 * MB) == noise(64 * MB))
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.code(6), 0)
        self.assertTrue(wire.closed())
        wire.close()
        self.s3.close()

    def test_drain_has_an_end(self):
        """A client that never reads is cut after `drain`, 10 s in the lab."""
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.code(15), 0)
        self.assertGreater(time.monotonic() - began, 8)

    def test_interrupted_twice(self):
        wire = self.wire(receive_buffer=65536)
        wire.send(self.request("GET", self.path, sign=False))
        wire.head()
        os.kill(self.pid, signal.SIGINT)
        time.sleep(0.3)
        os.kill(self.pid, signal.SIGINT)
        self.assertNotEqual(self.code(3), 0)

    def test_killed(self):
        """What a crash leaves does not hinder the next start."""
        os.kill(self.pid, signal.SIGKILL)
        self.code(5)
        self.start()
        self.assertTrue(self.call("GET", self.path).body == noise(64 * MB))
