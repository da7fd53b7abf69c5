# SPDX-License-Identifier: BSD-3-Clause
"""round.py ENDPOINT CA SIZE...: objects of these sizes go to ENDPOINT and come back, by the boto3 that this Python has."""
import random
import sys

import boto3
from botocore.config import Config

endpoint, ca, *sizes = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, verify=ca, region_name="us-east-1", aws_access_key_id="key",
                  aws_secret_access_key="secret", config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
for size in map(int, sizes):
    body = random.Random(size).randbytes(size)
    s3.put_object(Bucket="b", Key="put-%d" % size, Body=body)
    s3.upload_part(Bucket="b", Key="part-%d" % size, UploadId="u", PartNumber=1, Body=body)
    for kind in ("put", "part"):
        if s3.get_object(Bucket="b", Key="%s-%d" % (kind, size))["Body"].read() != body:
            raise SystemExit("%s of %d: other bytes came back" % (kind, size))
print("same")
