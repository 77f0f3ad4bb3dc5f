"""Bucket names as AWS takes them; everything else of S3 is moto's.

Source: the S3 user guide, "General purpose bucket naming rules".
"""

from __future__ import annotations

import re
from typing import Any

import moto.s3.urls as s3_urls
from moto.s3.exceptions import InvalidBucketName
from moto.s3.models import FakeBucket, S3Backend, s3_backends

from aft.sandbox.services.moto_seams import use_backend

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def is_bucket_name(name: str) -> bool:
    """True for a name a general purpose bucket may have."""
    return bool(
        _NAME.fullmatch(name)
        and ".." not in name
        and not _ADDRESS.fullmatch(name)
        and not name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"))
    )


class StrictS3Backend(S3Backend):
    """moto's S3, where a bucket needs a lawful name."""

    _url_module = property(lambda _: s3_urls)

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:
        if not is_bucket_name(bucket_name):
            raise InvalidBucketName
        return super().create_bucket(bucket_name, *args, **kwargs)


def install() -> None:
    """Make moto's S3 strict in this process; again changes nothing."""
    use_backend(s3_backends, StrictS3Backend)
