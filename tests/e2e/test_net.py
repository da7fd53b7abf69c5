# SPDX-License-Identifier: BSD-3-Clause
"""The appliance as a host on its wires: echo, neighbours, and nothing said that nobody asked for."""
import json
import subprocess

from lab import TARGET, WITHIN, Case, both_families, penstock_only, tool


def ping(address, *options, within=WITHIN):
    """Whether an answer comes, to wait for a second where none is wanted."""
    return subprocess.run(["ping", "-n", "-q", "-i", "0.05", "-W", str(within), *options, address],
                          stdout=subprocess.DEVNULL).returncode == 0


@both_families
@penstock_only
class Net(Case):
    family = 4
    absent = {4: "10.10.0.77", 6: "fd00:10::77"}

    def setUp(self):
        super().setUp()
        self.address = TARGET.hosts[self.family]

    def forget(self):
        tool("ip", "neigh", "flush", "dev", "client0")

    def neighbour(self, address):
        out = json.loads(tool("ip", "-j", "neigh", "show", address, "dev", "client0") or "[]")
        return out[0].get("lladdr") if out else None

    def test_echo(self):
        """Sizes up to a full packet; the kernel verifies checksum and content."""
        overhead = 28 if self.family == 4 else 48
        for size in (0, 1, 56, 1000, 1500 - overhead):
            with self.subTest(size=size):
                self.assertTrue(ping(self.address, "-c", "3", "-s", str(size)))

    def test_neighbour_is_resolved(self):
        self.forget()
        self.assertTrue(ping(self.address, "-c", "1"))
        self.assertRegex(self.neighbour(self.address), "^([0-9a-f]{2}:){5}[0-9a-f]{2}$")

    def test_other_addresses_are_nobody(self):
        self.assertFalse(ping(self.absent[self.family], "-c", "1", within=1))
        self.assertIsNone(self.neighbour(self.absent[self.family]))

    def test_fragments_are_dropped(self):
        """Counted and dropped; the next whole packet is answered."""
        self.assertFalse(ping(self.address, "-c", "1", "-s", "4000", within=1))
        self.assertTrue(ping(self.address, "-c", "1"))
