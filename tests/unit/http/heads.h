/* SPDX-License-Identifier: BSD-3-Clause */
/* Request heads of S3 clients: as sent on the wire by awscli, s3cmd, rclone, boto3 and curl; the
 * two streaming ones after the S3 API reference's examples, the last after the minio client. */
#ifndef HEADS_H
#define HEADS_H

#include "base/span.h"

struct sample {
	const char *name;
	struct span bytes;
};

#define SAMPLE(name, text)                                                                         \
	{                                                                                          \
		name,                                                                              \
		{                                                                                  \
			"" text, sizeof(text) - 1                                                  \
		}                                                                                  \
	}

/* clang-format off */
static const struct sample heads[] = {
	SAMPLE("awscli_put",
		"PUT /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"x-amz-sdk-checksum-algorithm: CRC32\r\n"
		"Content-Type: text/plain\r\n"
		"User-Agent: aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/pytho"
		"n#3.11 cfg/retry-mode#legacy\r\n"
		"Expect: 100-continue\r\n"
		"x-amz-checksum-crc32: WZrwWA==\r\n"
		"X-Amz-Date: 20261121T085422Z\r\n"
		"X-Amz-Content-SHA256: c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5"
		"e7c28ae5\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=content-type;host;x-amz-checksum-crc32;x-amz-conten"
		"t-sha256;x-amz-date;x-amz-sdk-checksum-algorithm, Signature=418acf1dc4419b54df"
		"5ecb60e4832954c94f5bac239e351a8d0bc969afabc70c\r\n"
		"amz-sdk-invocation-id: 4c1c31d3-2aad-4457-949a-9a902158f54e\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"Content-Length: 200\r\n"
		"\r\n"),
	SAMPLE("awscli_head",
		"HEAD /bkt/a%20b/%C3%BC%2B.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"User-Agent: aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/pytho"
		"n#3.11 cfg/retry-mode#legacy\r\n"
		"X-Amz-Date: 20261121T085422Z\r\n"
		"X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=fa6"
		"d6b9526fd6f301e97a25fe80e71227cffaed6f156af35287ae661773d2e1d\r\n"
		"amz-sdk-invocation-id: 02617660-ab9a-4941-b652-bafa1ced42b3\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"\r\n"),
	SAMPLE("awscli_range",
		"GET /bkt/k HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"Range: bytes=0-99\r\n"
		"x-amz-checksum-mode: ENABLED\r\n"
		"User-Agent: aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/pytho"
		"n#3.11 cfg/retry-mode#legacy\r\n"
		"X-Amz-Date: 20261121T085423Z\r\n"
		"X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=host;range;x-amz-checksum-mode;x-amz-content-sha256"
		";x-amz-date, Signature=5437820cfd3d89b7948a0267479bce28545242bff9ffc34d1e5699b"
		"875767802\r\n"
		"amz-sdk-invocation-id: 8949fa3e-e2bd-435c-a52e-f665e2c8b78e\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"\r\n"),
	SAMPLE("awscli_list",
		"GET /bkt?list-type=2&prefix=&delimiter=%2F&encoding-type=url HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"User-Agent: aws-cli/1.45.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/pytho"
		"n#3.11 cfg/retry-mode#legacy\r\n"
		"X-Amz-Date: 20261121T085423Z\r\n"
		"X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=451"
		"bea495d807707b886b31b4ab1268327b314b38f3a7eb0f800d2ee0d1c651d\r\n"
		"amz-sdk-invocation-id: 7a0004d2-ab1a-4ccf-bcea-a889e59d9387\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"\r\n"),
	SAMPLE("s3cmd_location",
		"GET /bkt/?location HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"Content-Length: 0\r\n"
		"x-amz-date: 20261121T085423Z\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=7a186b57145078b"
		"7b90672e34e2b40597617ff65e94e4762edc33e0e57cc2c2a\r\n"
		"x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"\r\n"),
	SAMPLE("s3cmd_put",
		"PUT /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/US/s3/aws4_request,Signe"
		"dHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-am"
		"z-meta-s3cmd-attrs;x-amz-storage-class,Signature=e3c10427134bc06356f5b96343579"
		"c200d8a8c65551c6a3a31a954a2fb6b3f2b\r\n"
		"content-length: 200\r\n"
		"content-type: text/plain\r\n"
		"x-amz-content-sha256: c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5"
		"e7c28ae5\r\n"
		"x-amz-date: 20261121T085423Z\r\n"
		"x-amz-meta-s3cmd-attrs: atime:1795251262/ctime:1795251261/gid:0/gname:root/md5"
		":887f30b43b2867f4a9accceee7d16e6c/mode:33188/mtime:1795251261/uid:0/uname:root"
		"\r\n"
		"x-amz-storage-class: STANDARD\r\n"
		"\r\n"),
	SAMPLE("curl_put",
		"PUT /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=expect;host;x-amz-date, Signature=eb5e7859ef2543c0deb34fed126"
		"7d132012bbc3210ab9d7e53af0b9ad8db904a\r\n"
		"X-Amz-Date: 20261121T085423Z\r\n"
		"User-Agent: curl/7.88.1\r\n"
		"Accept: */*\r\n"
		"Expect: 100-continue\r\n"
		"Content-Length: 200\r\n"
		"\r\n"),
	SAMPLE("rclone_head",
		"HEAD /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"User-Agent: rclone/\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=e1f2870591de2"
		"f06770eeb88ff19eb76596f52099c28954a6b16c3753abe7845\r\n"
		"X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"\r\n"),
	SAMPLE("rclone_put",
		"PUT /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"User-Agent: rclone/\r\n"
		"Content-Length: 200\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=content-length;content-md5;content-type;host;x-amz-acl;x-amz-"
		"content-sha256;x-amz-date;x-amz-meta-mtime, Signature=3c8b2a12686f6588079c7089"
		"d37a7629d9b0d15c5a1797b19ff55c091c52f134\r\n"
		"Content-Md5: iH8wtDsoZ/SprMzu59FubA==\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"X-Amz-Acl: private\r\n"
		"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"X-Amz-Meta-Mtime: 1795251261.494566205\r\n"
		"Accept-Encoding: gzip\r\n"
		"\r\n"),
	SAMPLE("rclone_delete",
		"DELETE /bkt/f.txt HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"User-Agent: rclone/\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=89f1cdb0f8a25"
		"52a8387159e16297ba3525a6bfc67bf0fe9ee2624657b416b81\r\n"
		"X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
		"7852b855\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"Accept-Encoding: gzip\r\n"
		"\r\n"),
	SAMPLE("boto3_presigned_v2",
		"GET /bkt/a/b%20c%2B%252F.txt?AWSAccessKeyId=PENSTOCKLAB&Signature=MXdFk%2FQolu"
		"uyQQj5YjJtuZvrLYo%3D&Expires=1795254985 HTTP/1.1\r\n"
		"Accept-Encoding: identity\r\n"
		"Host: s3.example.com:8080\r\n"
		"User-Agent: Python-urllib/3.11\r\n"
		"Connection: close\r\n"
		"\r\n"),
	SAMPLE("boto3_presigned_put",
		"PUT /bkt/a/b%20c%2B%252F.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential"
		"=PENSTOCKLAB%2F20261121%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261121T08"
		"5625Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signatu"
		"re=998b1e3a098d136f3823a2b2bae3b0230f2833108fd13e4098f791a44dfdca89 HTTP/1.1"
		"\r\n"
		"Host: s3.example.com:8080\r\n"
		"User-Agent: python-requests/2.34.2\r\n"
		"Accept-Encoding: gzip, deflate\r\n"
		"Accept: */*\r\n"
		"Connection: keep-alive\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 5\r\n"
		"\r\n"),
	SAMPLE("boto3_put",
		"PUT /bkt/stream HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/python#"
		"3.11 cfg/retry-mode#legacy\r\n"
		"Expect: 100-continue\r\n"
		"x-amz-checksum-crc32: WZrwWA==\r\n"
		"x-amz-sdk-checksum-algorithm: CRC32\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"X-Amz-Content-SHA256: c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5"
		"e7c28ae5\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-am"
		"z-date;x-amz-sdk-checksum-algorithm, Signature=35346ff5f4a5e89969cdae8264384fc"
		"2335ca1107801cabf3a0c608791c71c4a\r\n"
		"amz-sdk-invocation-id: c3220ef9-5f4b-41c2-a85e-93a0690f55b8\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"Content-Length: 200\r\n"
		"\r\n"),
	SAMPLE("boto3_delete_objects",
		"POST /bkt?delete HTTP/1.1\r\n"
		"Host: s3.example.com:8080\r\n"
		"Accept-Encoding: identity\r\n"
		"User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.1 lang/python#"
		"3.11 cfg/retry-mode#legacy\r\n"
		"x-amz-checksum-crc32: CEaAGw==\r\n"
		"x-amz-sdk-checksum-algorithm: CRC32\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"X-Amz-Content-SHA256: 0ebe2d4e061df349be597c8e7da1bea023a159bae0fb2a70efca7c13"
		"95be1439\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=PENSTOCKLAB/20261121/us-east-1/s3/a"
		"ws4_request, SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-am"
		"z-date;x-amz-sdk-checksum-algorithm, Signature=de8caec5a59f0cd3140caa1e8286410"
		"9d80bf720e4047fa585855e8c1a12be89\r\n"
		"amz-sdk-invocation-id: 25172706-0591-4edb-9b47-9489f1de54f8\r\n"
		"amz-sdk-request: attempt=1\r\n"
		"Content-Length: 94\r\n"
		"\r\n"),
	SAMPLE("stream_signed",
		"PUT /examplebucket/chunkObject.txt HTTP/1.1\r\n"
		"Host: s3.amazonaws.com\r\n"
		"x-amz-date: 20130524T000000Z\r\n"
		"x-amz-storage-class: REDUCED_REDUNDANCY\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-ea"
		"st-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-"
		"content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Sig"
		"nature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\r\n"
		"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"
		"Content-Encoding: aws-chunked\r\n"
		"x-amz-decoded-content-length: 66560\r\n"
		"Content-Length: 66824\r\n"
		"\r\n"),
	SAMPLE("stream_trailer",
		"PUT /bkt/trailing HTTP/1.1\r\n"
		"Host: bkt.s3.example.com\r\n"
		"Accept-Encoding: identity\r\n"
		"Content-Encoding: aws-chunked\r\n"
		"Expect: 100-continue\r\n"
		"X-Amz-Trailer: x-amz-checksum-crc32\r\n"
		"X-Amz-Decoded-Content-Length: 5\r\n"
		"X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=content-encoding;host;transfer-encoding;x-amz-content-sha256;"
		"x-amz-date;x-amz-decoded-content-length;x-amz-trailer, Signature=1f2870591de2f"
		"06770eeb88ff19eb76596f52099c28954a6b16c3753abe7845e\r\n"
		"Transfer-Encoding: chunked\r\n"
		"\r\n"),
	SAMPLE("mc_list",
		"GET /bkt/?delimiter=%2F&encoding-type=url&fetch-owner=true&list-type=2&max-key"
		"s=1000&prefix= HTTP/1.1\r\n"
		"Host: s3.example.com\r\n"
		"User-Agent: MinIO (linux; amd64) minio-go/v7.0.90 mc/RELEASE\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=A/20261121/us-east-1/s3/aws4_reques"
		"t, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=e1f2870591de2"
		"f06770eeb88ff19eb76596f52099c28954a6b16c3753abe7845e\r\n"
		"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n"
		"X-Amz-Date: 20261121T085625Z\r\n"
		"Accept-Encoding: zstd,gzip\r\n"
		"\r\n"),
};
/* clang-format on */

#define N_HEADS (sizeof(heads) / sizeof(heads[0]))

#endif
