# SPDX-License-Identifier: BSD-3-Clause
"""TLS over a bad wire: what is lost is sent again as it was sealed, and every byte arrives."""
import os
import ssl
import subprocess
import unittest

import small
import tls
from lab import noise

WAN = os.path.join(small.BUILD, "app/wan/penstock-wan")
SIZE = 4 << 20


class Loss(tls.Case):
    """3 % lost, some late, some twice, between the client and the appliance."""

    @classmethod
    def wires(cls):
        """front0 is taken from the client, and a second pair laid with app/wan between the two."""
        space = cls.lab.prefix + "appliance"
        cls.lab.inside("appliance", "ip", "link", "set", "front0", "name", "wan0", "down")
        small.run("ip", "-n", space, "link", "set", "wan0", "up")
        small.run("ip", "link", "add", "wan1", "netns", space, "type", "veth", "peer", "name", "front0", "netns", space)
        for device in ("wan1", "front0"):
            cls.lab.inside("appliance", "ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro",
                           "off", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.lab.inside("appliance", "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % device)
            small.run("ip", "-n", space, "link", "set", device, "arp", "off", "up")
        wan = cls.lab.spawn("appliance", WAN, "--packets", 8192, "--idle", "sleep", "--delay", "2ms", "--loss", "3%", "--reorder",
                            "1%", "--duplicate", "1%", "net_af_packet0,iface=wan0", "net_af_packet1,iface=wan1",
                            stdout=subprocess.PIPE, text=True)
        if wan.stdout.readline() != "ready\n":
            raise AssertionError("penstock-wan does not start")

    def transfer(self, **options):
        client = tls.Client(self.raw(), self.context(**options)).handshake()
        client.write(tls.get(SIZE))
        status, body = client.answer()
        self.assertEqual(status, 200)
        self.assertTrue(body == noise(SIZE), "another body arrived")
        client.write(tls.put("/wan", SIZE))
        for at in range(0, SIZE, 1 << 20):
            client.write(noise(SIZE)[at:at + (1 << 20)])
        self.assertEqual(client.answer(), (200, b""))
        self.assertTrue(self.kept.pop("/wan") == noise(SIZE), "another body arrived")

    def resent(self):
        return sum(row["value"] for row in self.lab.show("counters")["counters"]
                   if (row["lib"], row["counter"]) == ("tcp", "retransmits"))

    def test_tls_13(self):
        self.transfer(minimum_version=ssl.TLSVersion.TLSv1_3)
        self.assertGreater(self.resent(), 20)

    def test_tls_12(self):
        self.transfer(maximum_version=ssl.TLSVersion.TLSv1_2)


if __name__ == "__main__":
    unittest.main()
