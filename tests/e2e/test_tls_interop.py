# SPDX-License-Identifier: BSD-3-Clause
"""TLS with five implementations: OpenSSL, GnuTLS, NSS, Botan, Node. What was agreed is what the appliance counted."""
import contextlib
import itertools
import json
import os
import re
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree

import small
import tls
from lab import noise

SIZE = 3 << 20
REQUEST = tls.get(SIZE, "Connection: close\r\n")
CIPHERS = ("aes_128_gcm", "aes_256_gcm", "chacha20_poly1305")
GROUPS = ("x25519", "secp256r1", "secp384r1")
NIST = dict(zip(GROUPS, ("X25519", "P-256", "P-384")))
KINDS = ("ecdsa", "rsa")
# All nine suites; with them each group with each version.
AGREED = [("1.3", cipher, None, group) for cipher, group in zip(CIPHERS, GROUPS)]
AGREED += [("1.2", *suite, group) for suite, group in zip(itertools.product(CIPHERS, KINDS),
                                                          (*GROUPS[:2], *GROUPS[1::-1], *GROUPS[1:]))]

OPENSSL13 = dict(zip(CIPHERS, ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")))
OPENSSL12 = dict(zip(CIPHERS, ("ECDHE-%s-AES128-GCM-SHA256", "ECDHE-%s-AES256-GCM-SHA384", "ECDHE-%s-CHACHA20-POLY1305")))
NSS = {("1.3", "aes_128_gcm", None): "1301", ("1.3", "aes_256_gcm", None): "1302", ("1.3", "chacha20_poly1305", None): "1303",
       ("1.2", "aes_128_gcm", "ecdsa"): "c02b", ("1.2", "aes_256_gcm", "ecdsa"): "c02c",
       ("1.2", "chacha20_poly1305", "ecdsa"): "cca9", ("1.2", "aes_128_gcm", "rsa"): "c02f",
       ("1.2", "aes_256_gcm", "rsa"): "c030", ("1.2", "chacha20_poly1305", "rsa"): "cca8"}
NODE = """const tls = require("tls"), fs = require("fs"), o = JSON.parse(process.argv[1]);
for (const name of ["ca", "cert", "key", "session"]) if (o[name]) o[name] = fs.readFileSync(o[name]);
const s = tls.connect(o);
s.on("session", data => { if (o.save) fs.writeFileSync(o.save, data); });
s.on("error", e => { console.error(e.message); process.exit(1); });
process.stdin.pipe(s); s.pipe(process.stdout);
"""

FILE = tls.HEAD + """[certificate s3-rsa]
chain = s3-rsa.pem
key = s3-rsa.key
[certificate other]
chain = other.pem
key = other.key
""" + tls.LISTENER.replace("certificate = s3", "certificate = s3, s3-rsa, other") + """[listener optional]
address = 10.98.1.10:444
certificate = s3
client-certificate = optional
client-ca = clients.pem
pool = nodes
connections = 100
[listener required]
address = 10.98.1.10:445
certificate = s3
client-certificate = required
client-ca = clients.pem
client-crl = clients.crl
pool = nodes
connections = 100
""" + tls.POOL


def offered(version, kind, group):
    """What a client has to name for this group: in TLS 1.2 the curve of an ECDSA certificate too."""
    return [group] + ["secp256r1"] * (kind == "ecdsa" and group != "secp256r1")


class Case(tls.Case):
    @classmethod
    def prepare(cls):
        cls.ca.issue("s3-rsa", "rsa", kind=("rsa:2048",))
        cls.ca.issue("other", "other", names="DNS:other.test,DNS:*.wild.test")
        cls.clients = cls.ca.another("clients")
        cls.clients.issue("client", "a client")
        cls.clients.issue("revoked", "revoked")
        cls.clients.revoke("revoked")
        cls.ca.issue("stranger", "of another CA")

    def counted(self, listener="https"):
        row, = [row for row in self.lab.show("tls")["listeners"] if row["name"] == listener]
        return row

    def talk(self, command, before=(), request=REQUEST, limit=small.WITHIN):
        """What a client of this command line wrote to its stdout in exchange for the request, and to stderr."""
        with open(self.path("stderr"), "w+b") as said, subprocess.Popen(
                ["ip", "netns", "exec", self.lab.prefix + "client", *map(str, command)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, bufsize=0) as process:
            timer = threading.Timer(limit, process.kill)
            timer.start()
            data = bytearray()
            with contextlib.suppress(BrokenPipeError):
                for text, done in (*before, (request, whole)):
                    process.stdin.write(text)
                    while not done(data) and (part := os.read(process.stdout.fileno(), 1 << 20)):
                        data += part
            timer.cancel()
            process.kill()  # not all of them end by themselves
            said.seek(0)
            return bytes(data), said.read().decode("latin-1")

    def fetch(self, command, want, listener="https", size=SIZE, **options):
        """It gets the object, byte for byte; these of the listener's counters went up by one, no other of their kind."""
        before = self.counted(listener)
        data, said = self.talk(command, request=tls.get(size, "Connection: close\r\n"), **options)
        head, body = whole(data) or (b"", b"")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), "%s\n%s\n%s" % (command, data[-1000:], said[-2000:]))
        self.assertTrue(body == noise(size), "another body arrived")
        after = self.counted(listener)
        up = {name for name in after if name not in ("name", "handshakes") and after[name] != before[name]}
        self.assertEqual(up, set(want))
        return data, said

    def refused(self, command, alert, **options):
        data, said = self.talk(command, **options)
        self.assertIsNone(whole(data))
        self.assertRegex(said + data.decode("latin-1"), alert)


def whole(data):
    """Head and body of an answer that is all there, wherever it begins."""
    at = data.find(b"HTTP/1.1 ")
    end = data.find(b"\r\n\r\n", at)
    if at < 0 or end < 0:
        return None
    length = re.search(rb"(?i)content-length: *(\d+)", data[at:end])
    body = data[end + 4:end + 4 + int(length.group(1))]
    return (bytes(data[at:end]), bytes(body)) if len(body) == int(length.group(1)) else None


def verified(data):
    """s_client has said all that it says before it takes commands."""
    return b"Verify return code: 0" in data


def pause(_):
    """s_client takes a letter for a command if it comes alone."""
    time.sleep(0.1)
    return True


def agreed(version, cipher, group, *more):
    return {"tls" + version.replace(".", ""), cipher, group, *more}


class OpenSSL(Case):
    def s_client(self, *options, port=443, name="s3.test", quiet=True):
        return ("openssl", "s_client", "-connect", "%s:%d" % (tls.ADDRESS, port), "-servername", name, "-CAfile", self.ca.pem,
                "-verify_return_error", *(("-quiet",) if quiet else ()), *options)

    def suite(self, version, cipher, kind):
        return ("-tls1_3", "-ciphersuites", OPENSSL13[cipher]) if version == "1.3" else (
            "-tls1_2", "-cipher", OPENSSL12[cipher] % kind.upper())

    def test_suites(self):
        for version, cipher, kind, group in AGREED:
            with self.subTest(version=version, cipher=cipher, kind=kind, group=group):
                groups = ":".join(map(NIST.get, offered(version, kind, group)))
                self.fetch(self.s_client(*self.suite(version, cipher, kind), "-groups", groups),
                           agreed(version, cipher, group))

    def test_resumption_and_key_updates(self):
        """A session from a connection with new keys, and new keys in the one that resumes it."""
        session = self.path("openssl.session")
        for option, more in (("-sess_out", ()), ("-sess_in", ("resumed",))):
            got, _ = self.fetch(self.s_client("-tls1_3", option, session, quiet=False),
                                agreed("1.3", CIPHERS[0], "x25519", *more),
                                before=((b"", verified), (b"K\n", pause), (b"k\n", pause)))
            self.assertIn(b"Reused" if more else b"New, TLSv1.3", got)

    def test_resumption_12(self):
        session = self.path("openssl.session")
        for option, more in (("-sess_out", ()), ("-sess_in", ("resumed",))):
            self.fetch(self.s_client("-tls1_2", option, session),
                       agreed("1.2", CIPHERS[0], "x25519", *more))

    def test_hello_retry_request(self):
        messages = self.path("messages")
        self.fetch(self.s_client("-tls1_3", "-groups", "X448:P-384", "-msg", "-msgfile", messages),
                   agreed("1.3", CIPHERS[0], "secp384r1"))
        with open(messages) as file:
            self.assertEqual(file.read().count(", ClientHello"), 2)

    def test_max_fragment_length(self):
        for version in ("-tls1_3", "-tls1_2"):
            messages = self.path("messages")
            self.fetch(self.s_client(version, "-maxfraglen", "512", "-msg", "-msgfile", messages),
                       agreed(version[-3:].replace("_", "."), CIPHERS[0], "x25519"))
            with open(messages) as file:
                lengths = [int(high + low, 16) for high, low in re.findall(r"<<< .*\n +17 03 03 (\w\w) (\w\w)", file.read())]
            self.assertGreater(len(lengths), SIZE // 512)
            self.assertLessEqual(max(lengths), 512 + 24)

    def test_refused(self):
        low = "DEFAULT:@SECLEVEL=0"
        for options, alert in ((("-tls1", "-cipher", low), "protocol version"),
                               (("-tls1_1", "-cipher", low), "protocol version"),
                               (("-tls1_2", "-cipher", "AES128-GCM-SHA256"), "handshake failure"),
                               (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"), "handshake failure"),
                               (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"), "handshake failure"),
                               (("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"), "handshake failure"),
                               (("-tls1_2", "-fallback_scsv"), "inappropriate fallback"),
                               (("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"), "handshake failure"),
                               (("-tls1_3", "-groups", "X448"), "handshake failure"),
                               (("-alpn", "h2"), "no application protocol")):
            with self.subTest(options):
                self.refused(self.s_client(*options), alert)

    def test_no_renegotiation(self):
        data, said = self.talk(self.s_client("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", quiet=False),
                               before=((b"", verified), (b"R\n", pause)))
        self.assertRegex(said + data[-2000:].decode("latin-1"), "no renegotiation")

    def test_names(self):
        for name, want in (("s3.test", {"ecdsa", "rsa"}), ("other.test", {"other"}), ("x.wild.test", {"other"}),
                           ("x.y.wild.test", {"ecdsa", "rsa"}), ("unknown.test", {"ecdsa", "rsa"}),
                           ("S3.TEST", {"ecdsa", "rsa"})):
            for sigalgs in ("ECDSA+SHA256", "RSA-PSS+SHA256"):
                data, said = self.talk(self.s_client("-tls1_3", "-sigalgs", sigalgs, name=name, quiet=False))
                with self.subTest(name=name, sigalgs=sigalgs):
                    kind = sigalgs[:3].lower()
                    fits = [common for common in want if common.startswith(kind) or common == "other" and kind == "ecd"]
                    if fits:
                        self.assertIn(b"subject=CN = " + fits[0].encode(), data)
                    else:
                        self.assertRegex(said, "alert handshake failure")

    def test_application_protocol(self):
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (None, None)):
            context = self.context()
            if offered:
                context.set_alpn_protocols(offered)
            client = tls.Client(self.raw(), context).handshake()
            self.assertEqual((client.tls.selected_alpn_protocol(), client.tls.compression()), (chosen, None))

    def mutual(self, name, port, *options):
        own = ("-cert", self.path(name + ".pem"), "-key", self.path(name + ".key")) if name else ()
        return self.s_client(*options, *own, port=port)

    def test_client_certificates(self):
        for version in ("1.3", "1.2"):
            option, got = "-tls" + version.replace(".", "_"), agreed(version, CIPHERS[0], "x25519")
            with self.subTest(version):
                self.fetch(self.mutual(None, 444, option), got, "optional")
                self.fetch(self.mutual("client", 444, option), got | {"peer_certificate"}, "optional")
                self.fetch(self.mutual("client", 445, option), got | {"peer_certificate"}, "required")
                for port, name, alert in ((444, "stranger", "unknown ca"), (445, "stranger", "unknown ca"),
                                          (445, "revoked", "certificate revoked"),
                                          (445, None, "certificate required|handshake failure")):
                    self.refused(self.mutual(name, port, option), alert)

    def test_scan(self):
        out = self.path("scan.xml")
        self.lab.inside("client", "sslscan", "--xml=" + out, "--sni-name=s3.test", "%s:443" % tls.ADDRESS,
                        stdout=subprocess.DEVNULL)
        scan = xml.etree.ElementTree.parse(out).getroot()
        found = {(item.get("sslversion"), item.get("cipher")) for item in scan.iter("cipher")}
        self.assertEqual(found, {("TLSv1.3", name) for name in OPENSSL13.values()} |
                         {("TLSv1.2", name % kind.upper()) for name in OPENSSL12.values() for kind in KINDS})
        enabled = {(item.get("type"), item.get("version")) for item in scan.iter("protocol") if item.get("enabled") == "1"}
        self.assertEqual(enabled, {("tls", "1.2"), ("tls", "1.3")})
        self.assertEqual({item.get("name") for item in scan.iter("group")},
                         {"x25519", "secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)"})
        self.assertEqual({item.get("supported") for item in scan.iter("renegotiation")}, {"0"})
        self.assertEqual({item.get("vulnerable") for item in scan.iter("heartbleed")}, {"0"})


class Others(Case):
    GNUTLS_SIZE = 200000  # gnutls-cli writes a few bytes at a time

    def gnutls(self, *options, priority="NORMAL", port=443):
        return ("gnutls-cli", "--logfile", self.path("gnutls.log"), "--x509cafile", self.ca.pem, "--sni-hostname", "s3.test",
                "--verify-hostname", "s3.test", "--priority", priority, "-p", port, *options, tls.ADDRESS)

    def test_gnutls(self):
        for version, cipher, kind, group in AGREED:
            priority = "NORMAL:-VERS-ALL:+VERS-TLS%s:-CIPHER-ALL:+%s:-GROUP-ALL" % (
                version, cipher.upper().replace("_", "-"))
            priority += "".join(":+GROUP-" + name.upper() for name in offered(version, kind, group))
            if kind:
                priority += ":-KX-ALL:+ECDHE-" + kind.upper()
            with self.subTest(priority):
                self.fetch(self.gnutls(priority=priority), agreed(version, cipher, group), size=self.GNUTLS_SIZE)

    def test_gnutls_more(self):
        for version in ("1.3", "1.2"):
            priority = "NORMAL:-VERS-ALL:+VERS-TLS%s:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-SECP256R1" % version
            with self.subTest(version):
                self.fetch(self.gnutls("-r", priority=priority), agreed(version, CIPHERS[0], "secp256r1", "resumed"),
                           size=self.GNUTLS_SIZE)
                self.fetch(self.gnutls("--x509certfile", self.path("client.pem"), "--x509keyfile", self.path("client.key"),
                                       priority=priority, port=445),
                           agreed(version, CIPHERS[0], "secp256r1", "peer_certificate"), "required", self.GNUTLS_SIZE)
        retried = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP384R1"
        self.fetch(self.gnutls("--single-key-share", priority=retried), agreed("1.3", CIPHERS[0], "secp384r1"),
                   size=self.GNUTLS_SIZE)
        for wrong in ("NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
                      "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC"):
            self.refused(self.gnutls(priority=wrong), "atal alert")

    def test_wget(self):
        """GnuTLS too, and quicker."""
        for protocol in ("TLSv1_2", "TLSv1_3"):
            got = self.lab.inside("client", "wget", "-q", "-O", "-", "--ca-certificate=" + self.ca.pem,
                                  "--secure-protocol=" + protocol, "https://%s/%d" % (tls.ADDRESS, SIZE),
                                  stdout=subprocess.PIPE)
            self.assertTrue(got.stdout == noise(SIZE), protocol)

    @classmethod
    def nss_database(cls):
        path = "sql:" + os.path.join(cls.lab.directory, "nss")
        if not os.path.exists(path[4:]):
            os.mkdir(path[4:])
            small.run("certutil", "-N", "-d", path, "--empty-password")
            small.run("certutil", "-A", "-d", path, "-n", "ca", "-t", "C,,", "-i", cls.ca.pem)
        return path

    def tstclnt(self, *options):
        return ("tstclnt", "-h", tls.ADDRESS, "-p", 443, "-a", "s3.test", "-d", self.nss_database(), *options)

    def test_nss(self):
        names = dict(zip(GROUPS, ("x25519", "P256", "P384")))
        for version, cipher, kind, group in AGREED:
            with self.subTest(version=version, cipher=cipher, kind=kind, group=group):
                groups = ",".join(map(names.get, offered(version, kind, group)))
                self.fetch(self.tstclnt("-V", "tls%s:tls%s" % (version, version), "-c",
                                        ":" + NSS[version, cipher, kind].upper(), "-I", groups),
                           agreed(version, cipher, group))
        self.fetch(self.tstclnt("-V", "tls1.3:tls1.3", "-c", ":1301", "-I", "P521,P384"),
                   agreed("1.3", CIPHERS[0], "secp384r1"))
        self.refused(self.tstclnt("-V", "tls1.1:tls1.1"), "(?i)version|ALERT")
        self.refused(self.tstclnt("-V", "tls1.2:tls1.2", "-c", ":C013"), "(?i)handshake|cipher|overlap")

    def test_botan(self):
        """Botan 2 has TLS 1.2 only."""
        names = dict(zip(CIPHERS, ("AES-128/GCM", "AES-256/GCM", "ChaCha20Poly1305")))
        for version, cipher, kind, group in AGREED:
            if version == "1.2":
                policy = self.lab.write(
                    "policy", "allow_tls12 = true\nciphers = %s\nmacs = AEAD\nkey_exchange_methods = ECDH\n"
                    "signature_methods = %s\ngroups = %s\n" % (
                        names[cipher], kind.upper(), " ".join(offered(version, kind, group))))
                with self.subTest(cipher=cipher, kind=kind, group=group):
                    self.fetch(("botan", "tls_client", tls.ADDRESS, "--port=443", "--policy=" + policy, "--tls1.2",
                                "--trusted-cas=" + self.ca.pem, "--skip-system-cert-store"), agreed(version, cipher, group))

    def node(self, **options):
        return ("node", "-e", NODE, "--", json.dumps(dict(
            {"host": tls.ADDRESS, "port": 443, "servername": "s3.test", "ca": self.ca.pem}, **options)))

    def test_node(self):
        for version, cipher, kind, group in AGREED:
            with self.subTest(version=version, cipher=cipher, kind=kind, group=group):
                self.fetch(self.node(minVersion="TLSv" + version, maxVersion="TLSv" + version,
                                     ecdhCurve=":".join(map(NIST.get, offered(version, kind, group))),
                                     ciphers=OPENSSL12[cipher] % kind.upper() if kind else OPENSSL13[cipher]),
                           agreed(version, cipher, group))

    def test_node_more(self):
        session = self.path("node.session")
        for version in ("1.3", "1.2"):
            options = {"minVersion": "TLSv" + version, "maxVersion": "TLSv" + version, "ecdhCurve": "X25519:P-256",
                       "ciphers": "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"}
            self.fetch(self.node(save=session, **options), agreed(version, CIPHERS[0], "x25519"))
            self.fetch(self.node(session=session, **options), agreed(version, CIPHERS[0], "x25519", "resumed"))
        self.fetch(self.node(minVersion="TLSv1.3", ecdhCurve="X448:P-384"), agreed("1.3", CIPHERS[0], "secp384r1"))
        self.fetch(self.node(port=445, cert=self.path("client.pem"), key=self.path("client.key")),
                   agreed("1.3", CIPHERS[0], "x25519", "peer_certificate"), "required")


class Narrow(Case):
    """A file that allows less."""

    FILE = tls.HEAD + tls.LISTENER + tls.POOL + "[tls]\nversions = 1.3\nciphers = aes-256-gcm\ngroups = p-384\n"

    @classmethod
    def prepare(cls):
        pass

    def test_only_that(self):
        s_client = OpenSSL.s_client
        self.fetch(s_client(self), agreed("1.3", "aes_256_gcm", "secp384r1"))
        for options, alert in ((("-tls1_2",), "protocol version"), (("-groups", "X25519:P-256"), "handshake failure"),
                               (("-ciphersuites", "TLS_AES_128_GCM_SHA256"), "handshake failure")):
            self.refused(s_client(self, *options), alert)


Case.FILE = FILE

if __name__ == "__main__":
    unittest.main()
