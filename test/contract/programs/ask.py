# Asks the emulated AWS who it is and which buckets there are, with the credentials that the default chain of boto3 finds:
# one line of JSON at once, and one more for each line of stdin.
import json
import os
import select
import sys
import time

# boto3 sleeps before it asks again. Under libfaketime without a faked monotonic clock, Python's own sleep is an EINVAL.
time.sleep = lambda seconds: select.select([], [], [], seconds)

import boto3  # noqa: E402

session = boto3.Session()
url = os.environ["EMULATOR"]
sts = session.client("sts", endpoint_url=url)
s3 = session.client("s3", endpoint_url=url)


def ask():
    arn = sts.get_caller_identity()["Arn"]
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    key = session.get_credentials().get_frozen_credentials().access_key
    print(json.dumps({"arn": arn, "buckets": buckets, "key": key}), flush=True)


ask()
for _ in sys.stdin:
    ask()
