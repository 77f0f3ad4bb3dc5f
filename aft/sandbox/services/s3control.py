"""The account-level public access block: whose it is, and what it says.

Everything else of S3 Control is moto's.
"""

from __future__ import annotations

from typing import ClassVar

import moto.s3control.urls as s3control_urls
from moto.s3control.responses import S3ControlResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import use_responses


class StrictS3ControlResponse(ModelConstraints, S3ControlResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "InvalidRequest"


def install() -> None:
    """Make moto's S3 Control strict in this process; again changes nothing."""
    use_responses(s3control_urls, StrictS3ControlResponse)
