# SPDX-License-Identifier: BSD-3-Clause
"""What the benches measure on: the labs of ci/lab, one at a time, the proxies in them, and the loads.

The proxy is alone on core 1, the load and the origin are on core 0. A lab that is up already is somebody's, and is not
touched. All that is started here is ended here, by its process id or with its namespace.
"""
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bench
from bench import Failure, HERE, ROOT

LAB = os.path.join(ROOT, "ci", "lab")
VETH = os.environ.get("PENSTOCK_LAB_DIR", "/run/penstock-lab")
PROXY_CORE, LOAD_CORE = 1, 0
LATE = 60  # seconds that a start or a stop may take, on a machine with other work


def call(*words, timeout=LATE):
    """What it prints; a Failure when it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(str(error)) from error
    if done.returncode != 0:
        raise Failure("%s: %s" % (os.path.basename(words[0]), (done.stderr or done.stdout).strip() or done.returncode))
    return done.stdout


def lab(name, *words, **how):
    return call(os.path.join(LAB, name), *words, **how)


def in_ns(space, *words):
    return ["ip", "netns", "exec", space, *words]


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


@contextlib.contextmanager
def alone():
    """One bench at a time on a machine. SIGTERM ends it as SIGINT does: what it has brought up comes down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if os.cpu_count() < 2:
        sys.exit("a bench wants two cores")
    with open("/run/penstock-bench.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("another bench is running")
        yield


# --- s3gen ---

def sample_of(run):
    """A round, of what s3gen wrote as JSON."""
    tally, latency = run["all"], run["all"]["latency_us"]
    connects = sum(group["operations"].get("connect", {}).get("done", 0) for group in run["clients"])
    return {"done": tally["done"], "failed": tally["failed"], "per_s": tally["per_second"],
            "connects_per_s": connects / run["seconds"],
            "gbit": (tally["bytes_in"] + tally["bytes_out"]) * 8e-9 / run["seconds"],
            "p50": latency["p50"], "p99": latency["p99"], "p999": latency["p99_9"],
            "load_busy": run["busy"], "load_stolen": run["stolen"], "behind": run["behind"]}


def gen_text(seconds, clients, workload, target="10.10.0.10:80", origins="", tail=""):
    """The file of a run: CLIENTS and WORKLOAD are dicts of keys; the wire is included from beside it."""
    def keys(words):
        return "".join("%s = %s\n" % pair for pair in words.items())
    return ("[global]\ninclude = wire/memif.ini\n%sduration = %ds\nwarmup = 1s\n" %
            ("" if origins else "include = wire/nodes.ini\n", seconds) + origins +
            "[clients load]\ntarget = %s\nworkload = w\n%s" % (target, keys(clients)) + "[workload w]\n" + keys(workload) + tail)


def with_mtu(text, mtu):
    return re.sub(r"(?m)^(\[port .*\])$", r"\1\nmtu = %d" % mtu, text)


class Box:
    """A lab of the appliance and s3gen: memif or virtio, perhaps with a wan in front."""

    def __init__(self, kind="memif", mtu=1500, edit=None, up=()):
        self.kind, self.mtu, self.edit, self.words = kind, mtu, edit or (lambda text: text), up

    def __enter__(self):
        if os.path.exists("/run/netns/p%s-box" % self.kind[0]):
            raise Failure("ci/lab/%s is in use" % self.kind)
        self.files = tempfile.mkdtemp(prefix="penstock-bench-")
        try:
            shutil.copytree(os.path.join(ROOT, "config/s3gen/wire"), os.path.join(self.files, "wire"))
            self.rewrite("wire/memif.ini", os.path.join(self.files, "wire/memif.ini"), lambda text: text)
            ini = os.path.join(self.files, "penstock.ini")
            shutil.copy(os.path.join(ROOT, "config/memif.ini"), ini)
            self.rewrite("penstock.ini", ini, self.edit)
            lab(self.kind, "up", "--core", str(PROXY_CORE), "--ini", ini, *self.words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def rewrite(self, _, path, edit):
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(edit(with_mtu(text, self.mtu)))

    def __exit__(self, *_):
        subprocess.run([os.path.join(LAB, self.kind), "down"], capture_output=True, check=False)
        shutil.rmtree(self.files)

    def busy(self):
        """Share of the last second in which the appliance's worker moved something; None when it does not say."""
        try:
            text = lab(self.kind, "ctl", "--json", "show", "workers", timeout=5)
            return max(float(worker["busy"]) for worker in json.loads(text)["workers"])
        except (Failure, ValueError, KeyError, TypeError):
            return None

    def play(self, seconds, text):
        """A round."""
        path = os.path.join(self.files, "gen.ini")
        with open(path, "w") as f:
            f.write(text)
        before, shares = bench.ticks(PROXY_CORE), []
        process = subprocess.Popen([os.path.join(LAB, self.kind), "run", "--core", str(LOAD_CORE), path, "--quiet", "--json", "-"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while True:
            try:
                out, err = process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                shares.append(self.busy())
            if len(shares) > seconds + LATE:
                end(process)
                raise Failure("s3gen does not end")
        if process.returncode not in (0, 3):
            raise Failure(err or "s3gen ended with %d" % process.returncode)
        return self.round(json.loads(out), shares, bench.use(before, bench.ticks(PROXY_CORE)))

    @staticmethod
    def round(run, shares, core):
        sample = sample_of(run)
        shares = [share for share in shares if share]
        sample["busy"] = max(shares) if shares else None
        sample["steal"], sample["softirq"] = core["steal"], core["softirq"]
        for metric in ("per_s", "gbit", "connects_per_s"):
            sample[metric + "_core"] = bench.per_core(sample[metric], sample["busy"]) if sample["busy"] else None
        return sample


def listens(name, ns, process):
    """Waits until somebody in the namespace listens at memif's abstract socket."""
    until = time.monotonic() + LATE
    while "@" + name not in call(*in_ns(ns, "cat", "/proc/net/unix")):
        if process.poll() is not None or time.monotonic() > until:
            raise Failure((process.stderr or process.stdout).read() if process.poll() is not None else "nobody listens at " + name)
        time.sleep(0.05)


@contextlib.contextmanager
def space():
    """A network namespace of this process, for two s3gen without a proxy."""
    name = "pbench-%d" % os.getpid()
    call("ip", "netns", "add", name)
    try:
        call("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        for pid in pids(name):
            os.kill(int(pid), 9)
        call("ip", "netns", "delete", name)


DIRECT = """[port wire]
device = net_memif_direct,role=%s,socket=penstock-direct
address = %s
mtu = %d
[tcp]
receive-buffer = 256K
send-buffer = 256K
"""


def direct(seconds, clients, workload, mtu=1500, origins=""):
    """A round of s3gen's clients on core 0 and its nodes on core 1, nothing between them."""
    nodes = ", ".join("10.20.0.%d" % n for n in (11, 12, 13))
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as files, space() as ns:
        listen = ", ".join(node + ":7480" for node in nodes.split(", "))
        ends = {"nodes": "[global]\nduration = %ds\n" % (seconds + LATE) +
                         DIRECT % ("server", ", ".join(n + "/24" for n in nodes.split(", ")), mtu) +
                         "[origins nodes]\nlisten = %s\n%s" % (listen, origins),
                "load": gen_text(seconds, clients, workload, listen, origins=DIRECT % (
                    "client", ", ".join("10.20.0.%d/24" % n for n in (1, 2, 3, 4)), mtu)).replace("include = wire/memif.ini\n", "")}
        processes = []
        try:
            for name, core in (("nodes", PROXY_CORE), ("load", LOAD_CORE)):
                path = os.path.join(files, name + ".ini")
                with open(path, "w") as f:
                    f.write(ends[name])
                processes.append(subprocess.Popen(
                    in_ns(ns, "taskset", "-c", str(core), bench.program("s3gen/penstock-s3gen"), "--quiet", "--json", "-", path),
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
                if name == "nodes":
                    listens("penstock-direct", ns, processes[0])
            out, err = processes[1].communicate(timeout=seconds + LATE)
            if processes[1].returncode not in (0, 3):
                raise Failure(err)
            return sample_of(json.loads(out))
        except subprocess.TimeoutExpired as error:
            raise Failure("s3gen does not end") from error
        finally:
            for process in processes:
                end(process)


# TLS at the front, one suite: what a listener of Penstock needs beside the rest of a file
TLS = """
[listener secure]
address = %(address)s
connections = %(connections)d
certificate = s3
pool = %(pool)s
[certificate s3]
chain = %(files)stls/s3.pem
key = %(files)stls/s3.key
[tls]
versions = 1.3
ciphers = aes-128-gcm
groups = x25519
handshake-threads = %(threads)d
handshakes-per-source = 0
"""
# The same of HAProxy.
BIND = "\tbind 10.11.0.10:8443 ssl crt %s alpn http/1.1 ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256 curves X25519\n"


# --- the veth lab ---

PENSTOCKS = ("af_packet", "af_xdp", "tap")


def pids(space):
    return call("ip", "netns", "pids", space).split()


class Veth:
    """Kernel peers: wrk in ps-client, nginx as origin in ps-storage, both on core 0; a proxy at a time on core 1."""

    URLS = {"direct": "http://10.20.0.11:8000", "nginx": "http://10.11.0.10:8001", "haproxy": "http://10.11.0.10:8000"}

    TLS = {"haproxy": "https://10.11.0.10:8443", "penstock": "https://10.10.0.10:8443"}

    def __init__(self, mtu=1500, tls=False):
        self.mtu, self.tls = mtu, tls

    def __enter__(self):
        if os.path.exists("/run/netns/ps-client"):
            raise Failure("ci/lab/veth is in use")
        lab("veth", "up", "--mtu", str(self.mtu))
        try:
            self.origin = self.origin_up()
        except BaseException:
            lab("veth", "down")
            raise
        return self

    def __exit__(self, *_):
        end(self.origin)
        lab("veth", "down")

    def origin_up(self):
        www = os.path.join(VETH, "www")
        os.mkdir(www)
        for name, size in (("4k", 4 << 10), ("1m", 1 << 20), ("16m", 16 << 20), ("256m", 256 << 20)):
            with open(os.path.join(www, name), "wb") as f:
                for _ in range(0, size, 1 << 20):
                    f.write(os.urandom(min(size, 1 << 20)))
        origin = self.nginx("storage", "veth-nginx.conf", LOAD_CORE)
        self.answers("storage", "http://10.20.0.11:8000/4k", origin)
        # `direct` crosses the wires of HAProxy, routed by the kernel instead of proxied.
        call(*in_ns("ps-haproxy", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
        call("ip", "-n", "ps-client", "route", "replace", "10.20.0.0/24", "via", "10.11.0.10")
        call("ip", "-n", "ps-storage", "route", "replace", "10.11.0.0/24", "via", "10.21.0.10")
        return origin

    @staticmethod
    def nginx(ns, conf, core):
        path = os.path.join(VETH, conf)
        with open(os.path.join(HERE, conf)) as f, open(path, "w") as out:
            out.write(f.read().replace("LAB", VETH))
        return subprocess.Popen(in_ns("ps-" + ns, "taskset", "-c", str(core), "nginx", "-c", path, "-e", path + ".error"),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def answers(ns, url, process):
        try:
            call(*in_ns("ps-" + ns, "curl", "-sf", "-o", "/dev/null", "--retry", "50", "--retry-connrefused", "--retry-delay", "1",
                        "--retry-max-time", "20", url))
        except Failure as failure:
            end(process)
            raise Failure(url + " does not answer") from failure

    @staticmethod
    def offloads(on):
        """The kernel's packets of 64 KB, which exist only inside one machine."""
        for ns, wire in (("client", "client1"), ("haproxy", "front1"), ("haproxy", "back1"), ("storage", "storage1")):
            words = [word for name in ("tx", "rx", "tso", "gso", "gro") for word in (name, "on" if on else "off")]
            call(*in_ns("ps-" + ns, "ethtool", "-K", wire, *words))

    def config(self, name):
        """The file of a proxy; over TLS a copy with more in it."""
        path, copy = os.path.join(HERE, name), os.path.join(VETH, name)
        if not self.tls:
            return path
        lab("certificates")
        with open(path) as f:
            text = f.read()
        if name.endswith(".ini"):
            text += TLS % {"files": "", "address": "10.10.0.10:8443", "pool": "bench", "connections": 4096, "threads": 0}
        else:
            both = os.path.join(VETH, "tls", "haproxy.pem")
            with open(both, "w") as f:
                f.write(call("cat", os.path.join(VETH, "tls/s3.pem"), os.path.join(VETH, "tls/s3.key")))
            text = re.sub(r"(?m)^(listen .*\n)", lambda m: m.group(1) + BIND % both, text)
        with open(copy, "w") as f:
            f.write(text)
        return copy

    @contextlib.contextmanager
    def proxy(self, case):
        """CASE: direct, haproxy, nginx, each perhaps with -gso, or a wire of Penstock; the URL at which it is reached."""
        kind, _, gso = case.partition("-")
        self.offloads(bool(gso))
        if kind == "direct":
            yield self.URLS[kind]
        elif kind == "nginx":
            process = self.nginx("haproxy", "veth-proxy.conf", PROXY_CORE)
            self.answers("client", self.URLS[kind] + "/4k", process)
            try:
                yield self.URLS[kind]
            finally:
                end(process)
        else:
            name, words = ("haproxy", ["--config", self.config("veth-haproxy.cfg")]) if kind == "haproxy" else (
                "penstock", ["--ini", self.config("veth.ini"), "--wire", kind])
            lab(name, "start", "--core", str(PROXY_CORE), *words)
            try:
                yield self.TLS[name] if self.tls else self.URLS.get(kind, "http://10.10.0.10:8000")
            finally:
                subprocess.run([os.path.join(LAB, name), "stop"], capture_output=True, check=False)

    def wrk(self, case, path, connections, seconds, *script):
        """A round through that proxy."""
        with self.proxy(case) as url:
            words = in_ns("ps-client", "timeout", str(2 * seconds + 10), "taskset", "-c", str(LOAD_CORE), "wrk", "-t", "1",
                          "-c", str(connections), "-s", os.path.join(HERE, "veth-wrk.lua"))
            call(*words, "-d", "1", url + path, "--", *script)
            space = "ps-appliance" if case in PENSTOCKS else "ps-haproxy"
            before, own = bench.ticks(PROXY_CORE), bench.process_ticks(pids(space))
            out = call(*words, "-d", str(seconds), url + path, "--", *script)
            after, own = bench.ticks(PROXY_CORE), bench.process_ticks(pids(space)) - own
            core = bench.use(before, after)
            core["others"] = max(0, core["busy"] - core["softirq"] - own / (sum(after.values()) - sum(before.values())))
            busy = self.penstock_busy() if case in PENSTOCKS else core["busy"]
        return wrk_sample(out, seconds, busy, core)

    @staticmethod
    def penstock_busy():
        """Of its last second, which is the load's: what polls is always busy to the kernel."""
        try:
            text = lab("penstock", "ctl", "--json", "show", "workers", timeout=5)
            return max(float(worker["busy"]) for worker in json.loads(text)["workers"])
        except (Failure, ValueError, KeyError, TypeError):
            return None


def wrk_sample(out, seconds, busy, core):
    found = re.search(r"^RESULT (.*)$", out, re.M)
    if not found:
        raise Failure("wrk says nothing")
    per_s, size, p50, p99, failed = map(float, found.group(1).split())
    sample = {"done": round(per_s * seconds), "failed": int(failed), "per_s": per_s, "gbit": size * 8e-9, "p50": p50, "p99": p99,
              "busy": busy, "softirq": core["softirq"], "steal": core["steal"], "proxy_stolen": core["others"]}
    for metric in ("per_s", "gbit"):
        sample[metric + "_core"] = bench.per_core(sample[metric], busy) if busy else None
    return sample
