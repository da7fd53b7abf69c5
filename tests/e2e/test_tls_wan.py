# SPDX-License-Identifier: BSD-3-Clause
"""TLS over a bad wire: what is lost is sent again as it was sealed, and every byte arrives."""
import os
import ssl
import subprocess
import unittest

import small
import tls

WAN = os.path.join(small.BUILD, "app/wan/penstock-wan")
SIZE = 4 << 20


class Loss(tls.Case):
    """3 % lost, some late, some twice, between the client and the appliance."""

    @classmethod
    def wires(cls):
        """front0 goes to the client, as one end of app/wan, and a second pair is laid from its other end. Not all in one
        namespace: net_af_packet makes the number of its group there of process and interface, and two may agree."""
        space, client = cls.lab.prefix + "appliance", cls.lab.prefix + "client"
        small.run("ip", "-n", space, "link", "set", "front0", "netns", client, "name", "wan0", "down")
        small.run("ip", "-n", client, "link", "set", "wan0", "up")
        small.run("ip", "link", "add", "wan1", "netns", client, "type", "veth", "peer", "name", "front0", "netns", space)
        for where, device in (("client", "wan0"), ("client", "wan1"), ("appliance", "front0")):
            cls.lab.inside(where, "ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro",
                           "off", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.lab.inside(where, "sysctl", "-qw", "net.ipv6.conf.%s.disable_ipv6=1" % device)
            small.run("ip", "-n", cls.lab.prefix + where, "link", "set", device, "arp", "off", "up")
        wan = cls.lab.spawn("client", WAN, "--packets", 8192, "--idle", "sleep", "--delay", "2ms", "--loss", "3%", "--reorder",
                            "1%", "--duplicate", "1%", "net_af_packet0,iface=wan0", "net_af_packet1,iface=wan1",
                            stdout=subprocess.PIPE, text=True)
        if wan.stdout.readline() != "ready\n":
            raise AssertionError("penstock-wan does not start")

    def lossy(self, **options):
        self.transfer(tls.Client(self.raw(), self.context(**options)).handshake(), SIZE)

    def test_tls_13(self):
        self.lossy(minimum_version=ssl.TLSVersion.TLSv1_3)
        self.assertGreater(self.lab.counter("retransmits"), 20)

    def test_tls_12(self):
        self.lossy(maximum_version=ssl.TLSVersion.TLSv1_2)


if __name__ == "__main__":
    unittest.main()
