# SPDX-License-Identifier: BSD-3-Clause
"""awscli: what a person types."""
from lab import Files, S3Case, both_families, tool

MB = 1 << 20


@both_families
class AwsCli(S3Case):
    def aws(self, *args):
        return tool("aws", "--endpoint-url", "http://" + self.named, *args)

    def test_multipart_round_trip(self):
        """64 MB in parts of 8 MB, four at a time, by awscli's defaults for Expect: 100-continue and Content-MD5."""
        files = Files(self)
        source = files.write("source", 64 * MB)
        self.aws("s3", "cp", "--only-show-errors", source, "s3://%s/big" % self.bucket)
        self.aws("s3", "cp", "--only-show-errors", "s3://%s/big" % self.bucket, files / "copy")
        self.assertTrue(files.same(source, files / "copy"))
        self.assertIn("-8", self.aws("s3api", "head-object", "--bucket", self.bucket, "--key", "big",
                                     "--query", "ETag", "--output", "text"))

    def test_small_range_list_delete(self):
        files = Files(self)
        source = files.write("source", 10000)
        self.aws("s3", "cp", "--only-show-errors", source, "s3://%s/dir/small" % self.bucket)
        self.aws("s3api", "get-object", "--bucket", self.bucket, "--key", "dir/small", "--range", "bytes=100-199",
                 files / "part")
        with open(source, "rb") as whole, open(files / "part", "rb") as part:
            self.assertEqual(part.read(), whole.read()[100:200])
        self.assertIn("dir/small", self.aws("s3", "ls", "--recursive", "s3://" + self.bucket))
        self.aws("s3", "rm", "--only-show-errors", "s3://%s/dir/small" % self.bucket)
        self.assertNotIn("dir/small", self.aws("s3", "ls", "s3://" + self.bucket + "/"))

    def test_sync(self):
        files = Files(self)
        for i in range(20):
            files.write("%02d" % i, 1000 * i)
        self.aws("s3", "sync", "--only-show-errors", files.path, "s3://%s/sync" % self.bucket)
        copy = Files(self)
        self.aws("s3", "sync", "--only-show-errors", "s3://%s/sync" % self.bucket, copy.path)
        for i in range(20):
            self.assertTrue(files.same(files / "%02d" % i, copy / "%02d" % i))
        self.aws("s3", "rm", "--only-show-errors", "--recursive", "s3://%s/sync" % self.bucket)
