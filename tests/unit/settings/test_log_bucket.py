from __future__ import annotations

import pytest

from aft.settings.shapes.log_bucket import LogBucket
from aft.values.ids import AccountId


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-east-1", "aws-iso"),
    ],
)
def test_the_policy_names_the_bucket_in_its_own_partition(region: str, partition: str) -> None:
    bucket = LogBucket(
        name="logs",
        owner=AccountId("111122223333"),
        principal="cloudtrail.amazonaws.com",
        region=region,
    )
    resources = {item["Resource"] for item in bucket.statements}
    assert resources == {
        f"arn:{partition}:s3:::logs",
        f"arn:{partition}:s3:::logs/AWSLogs/*",
    }
