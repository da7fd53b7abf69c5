# SPDX-License-Identifier: BSD-3-Clause
"""boto3: every operation that an application is likely to use, every byte compared."""
import http.client
import io
import urllib.parse

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from lab import S3Case, both_families, noise

MB = 1 << 20


@both_families
class Boto3(S3Case):
    def get(self, key, **options):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **options)["Body"].read()

    def refused(self, status, call, **options):
        with self.assertRaises(ClientError) as caught:
            call(Bucket=self.bucket, **options)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)

    def test_multipart_and_ranges(self):
        data = noise(20 * MB + 12345)
        config = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=4)
        self.s3.upload_fileobj(io.BytesIO(data), self.bucket, "multi", Config=config)
        copy = io.BytesIO()
        self.s3.download_fileobj(self.bucket, "multi", copy, Config=config)
        self.assertTrue(copy.getvalue() == data)
        self.assertTrue(self.get("multi") == data)
        for text, part in (("0-0", data[:1]), ("1000000-1999999", data[1000000:2000000]), ("-10", data[-10:]),
                           ("%d-" % (len(data) - 7), data[-7:]), ("5-99999999", data[5:])):
            self.assertTrue(self.get("multi", Range="bytes=" + text) == part, text)
        self.refused(416, self.s3.get_object, Key="multi", Range="bytes=%d-" % len(data))

    def test_put_sizes(self):
        for size in (0, 1, 1447, 1448, 1449, 4096, 65535, 65536, 70000, MB + 1):
            with self.subTest(size=size):
                data = noise(size, seed=size)
                self.s3.put_object(Bucket=self.bucket, Key="size", Body=data)
                self.assertTrue(self.get("size") == data)

    def test_keys(self):
        for key in ("dir/a b+c%é", "plus+plus", "percent%2Fslash", "a//b", "//lead", "tail/", "日本/語", "q?x=1&y", "a=b&c",
                    "~tilde*star'(quote)!", "semi;colon:at@", "hash#mark", "x" * 900, " space ", "emoji\U0001f600"):
            with self.subTest(key=key):
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode())
                self.assertEqual(self.get(key), key.encode())
                self.s3.delete_object(Bucket=self.bucket, Key=key)
                self.refused(404, self.s3.get_object, Key=key)

    def test_head_metadata_conditions(self):
        self.s3.put_object(Bucket=self.bucket, Key="meta", Body=b"meta", ContentType="text/x-lab",
                           Metadata={"colour": "green", "long": "v" * 1500})
        head = self.s3.head_object(Bucket=self.bucket, Key="meta")
        self.assertEqual((head["ContentLength"], head["ContentType"]), (4, "text/x-lab"))
        self.assertEqual(head["Metadata"], {"colour": "green", "long": "v" * 1500})
        self.refused(304, self.s3.get_object, Key="meta", IfNoneMatch=head["ETag"])
        self.refused(412, self.s3.get_object, Key="meta", IfMatch='"0"')
        self.refused(404, self.s3.head_object, Key="absent")
        self.assertEqual(self.get("meta", IfMatch=head["ETag"]), b"meta")

    def test_copy_and_delete(self):
        self.s3.put_object(Bucket=self.bucket, Key="one", Body=b"one")
        self.s3.copy_object(Bucket=self.bucket, Key="two", CopySource={"Bucket": self.bucket, "Key": "one"})
        self.assertEqual(self.get("two"), b"one")
        gone = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "one"}, {"Key": "two"}]})
        self.assertEqual(len(gone["Deleted"]), 2)
        self.refused(404, self.s3.get_object, Key="one")

    def test_list(self):
        names = ["list/%02d" % i for i in range(25)]
        for name in names:
            self.s3.put_object(Bucket=self.bucket, Key=name, Body=b"")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="list/", MaxKeys=7)
        self.assertEqual([item["Key"] for page in pages for item in page["Contents"]], names)
        page = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="li", Delimiter="/")
        self.assertEqual(page["CommonPrefixes"], [{"Prefix": "list/"}])
        self.assertIn(self.bucket, [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]])

    def test_presigned(self):
        data = noise(300000)
        for method, verb in (("put_object", "PUT"), ("get_object", "GET"), ("head_object", "HEAD"),
                             ("delete_object", "DELETE")):
            url = self.s3.generate_presigned_url(method, Params={"Bucket": self.bucket, "Key": "dir/pre signed"},
                                                 ExpiresIn=60)
            parts = urllib.parse.urlsplit(url)
            connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
            connection.request(verb, parts.path + "?" + parts.query, body=data if verb == "PUT" else None)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.assertIn(answer.status, (200, 204), (verb, body[:300]))
            if verb == "GET":
                self.assertTrue(body == data)

    def test_checksums(self):
        for algorithm in ("CRC32", "SHA256"):
            with self.subTest(algorithm=algorithm):
                data = noise(200000)
                self.s3.put_object(Bucket=self.bucket, Key="sum", Body=data, ChecksumAlgorithm=algorithm)
                self.assertTrue(self.get("sum") == data)

    def test_multipart_by_hand(self):
        """Parts out of order, one copied from another object, one upload given up."""
        first, second = noise(5 * MB, seed=1), noise(5 * MB, seed=2)
        self.s3.put_object(Bucket=self.bucket, Key="source", Body=second)
        name = {"Bucket": self.bucket, "Key": "hand"}
        upload = self.s3.create_multipart_upload(**name)["UploadId"]
        tail = self.s3.upload_part(UploadId=upload, PartNumber=3, Body=b"tail", **name)["ETag"]
        copied = self.s3.upload_part_copy(UploadId=upload, PartNumber=2, **name,
                                          CopySource={"Bucket": self.bucket, "Key": "source"})["CopyPartResult"]["ETag"]
        head = self.s3.upload_part(UploadId=upload, PartNumber=1, Body=first, **name)["ETag"]
        parts = [{"PartNumber": i, "ETag": tag} for i, tag in ((1, head), (2, copied), (3, tail))]
        self.assertEqual(len(self.s3.list_parts(UploadId=upload, **name)["Parts"]), 3)
        self.s3.complete_multipart_upload(UploadId=upload, MultipartUpload={"Parts": parts}, **name)
        self.assertTrue(self.get("hand") == first + second + b"tail")
        upload = self.s3.create_multipart_upload(**name)["UploadId"]
        self.s3.abort_multipart_upload(UploadId=upload, **name)
        self.refused(404, self.s3.list_parts, Key="hand", UploadId=upload)

    def test_bucket_settings(self):
        rules = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration=rules)
        self.assertEqual(self.s3.get_bucket_cors(Bucket=self.bucket)["CORSRules"][0]["AllowedMethods"], ["GET"])
        tags = {"TagSet": [{"Key": "k", "Value": "v w"}]}
        self.s3.put_object(Bucket=self.bucket, Key="tagged", Body=b"t")
        self.s3.put_object_tagging(Bucket=self.bucket, Key="tagged", Tagging=tags)
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.bucket, Key="tagged")["TagSet"], tags["TagSet"])
        self.s3.put_object_acl(Bucket=self.bucket, Key="tagged", ACL="public-read")

    def test_wrong_secret_is_refused(self):
        """The node decides; a proxy that let this pass would not be one."""
        stranger = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="NOBODY",
                                aws_secret_access_key="nothing", config=self.s3.meta.config)
        self.addCleanup(stranger.close)
        with self.assertRaises(ClientError) as caught:
            stranger.list_objects_v2(Bucket=self.bucket)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
