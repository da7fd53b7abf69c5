# SPDX-License-Identifier: BSD-3-Clause
"""s3cmd, rclone and curl: each signs other headers and frames uploads in its own way."""
import hashlib

from lab import EMPTY_SHA256, KEYS, Files, S3Case, both_families, noise, tool

MB = 1 << 20


@both_families
class S3cmd(S3Case):
    """Sends no User-Agent, signs content-length, and sends Content-Length: 0 with HEAD."""

    def s3cmd(self, *args):
        return tool("s3cmd", "--config=/dev/null", "--access_key=" + KEYS.access_key, "--secret_key=" + KEYS.secret_key,
                    "--host=" + self.named, "--host-bucket=" + self.named, "--no-ssl",
                    "--multipart-chunk-size-mb=8", *args)

    def test_round_trip(self):
        files = Files(self)
        source = files.write("source", 20 * MB)
        address = "s3://%s/s3cmd file" % self.bucket
        self.s3cmd("put", "-q", source, address)
        self.s3cmd("get", "-q", address, files / "copy")
        self.assertTrue(files.same(source, files / "copy"))
        self.assertIn("s3cmd file", self.s3cmd("ls", "s3://" + self.bucket))
        self.assertIn("20971520", self.s3cmd("info", address))
        self.s3cmd("del", "-q", address)
        self.assertNotIn("s3cmd file", self.s3cmd("ls", "s3://" + self.bucket))


@both_families
class Rclone(S3Case):
    """Sends `Expect: 100-Continue` with a capital C, and HEAD before each GET."""

    def rclone(self, *args):
        return tool("rclone", "--config", "/dev/null", "-q", "--retries", "1", "--low-level-retries", "1", *args)

    def test_round_trip(self):
        files = Files(self)
        source = files.write("source", 20 * MB)
        files.write("small", 1000)
        remote = (":s3,provider=Ceph,access_key_id=%s,secret_access_key=%s,endpoint='%s',region=us-east-1,"
                  "chunk_size=8M,upload_cutoff=8M:%s" % (KEYS.access_key, KEYS.secret_key, self.url, self.bucket))
        self.rclone("copy", files.path, remote + "/dir")
        self.rclone("copyto", remote + "/dir/source", files / "copy")
        self.assertTrue(files.same(source, files / "copy"))
        self.rclone("check", "--download", "--exclude", "copy", files.path, remote + "/dir")
        self.assertIn("small", self.rclone("lsf", remote + "/dir"))
        self.rclone("purge", remote + "/dir")


@both_families
class Curl(S3Case):
    def curl(self, *args):
        keys = "%s:%s" % (KEYS.access_key, KEYS.secret_key)
        return tool("curl", "-sS", "--fail", "-m", "60", "-g", "--aws-sigv4", "aws:amz:us-east-1:s3", "-u", keys, *args)

    def test_expect_and_get(self):
        """Signs the `expect` header, so that it must arrive as it was sent."""
        files = Files(self)
        source = files.write("source", 3 * MB)
        url = "%s/%s/curl" % (self.url, self.bucket)
        said = self.curl("-v", "-H", "x-amz-content-sha256: " + hashlib.sha256(noise(3 * MB)).hexdigest(),
                         "-H", "Expect: 100-continue", "-T", source, url)
        self.assertIn("http/1.1 100 continue", said.lower())
        self.curl("-H", "x-amz-content-sha256: " + EMPTY_SHA256, url, "-o", files / "copy")
        self.assertTrue(files.same(source, files / "copy"))

    def test_one_connection_for_many(self):
        files = Files(self)
        self.put("many", noise(50000), public=True)
        url = "%s/%s/many" % (self.url, self.bucket)
        wanted = [arg for i in range(20) for arg in ("-o", files / str(i), "%s?x=%d" % (url, i))]
        said = tool("curl", "-sS", "-v", "--fail", "-m", "60", "-g", *wanted)
        self.assertEqual(said.count("Connected to"), 1)
        for i in range(20):
            with open(files / str(i), "rb") as file:
                self.assertTrue(file.read() == noise(50000))
