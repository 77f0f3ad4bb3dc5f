"""EC2's answers: dry runs, regions, account settings.

The state and its rules are in ``ec2_backend``; everything else is moto's.
"""

from __future__ import annotations

from typing import ClassVar

import moto.ec2.urls as ec2_urls
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.ec2_backend import StrictEc2Backend
from aft.sandbox.services.ec2_defaults import AccountDefaultsAnswers
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

DRY_RUN = "Request would have succeeded, but DryRun flag is set."


class StrictEc2Response(ModelConstraints, AccountDefaultsAnswers, EC2Response):
    """moto's answers, after the model's constraints and DryRun."""

    validation_code: ClassVar[str] = "InvalidParameterValue"

    def refusal(self) -> Refusal | None:
        problem = super().refusal()
        if problem is None and str(self._get_param("DryRun", False)).lower() == "true":
            return Refusal("DryRunOperation", DRY_RUN)
        return problem

    def describe_regions(self) -> ActionResult:
        regions = self.ec2_backend.visible_regions(
            self._get_param("RegionNames", []),
            everything=bool(self._get_bool_param("AllRegions", False)),
        )
        filters = self._filters_from_querystring()
        for name, attribute in (
            ("region-name", "name"),
            ("opt-in-status", "opt_in_status"),
            ("endpoint", "endpoint"),
        ):
            if name in filters:
                wanted = filters[name]
                regions = [region for region in regions if getattr(region, attribute) in wanted]
        return ActionResult({"Regions": regions})

    def get_ebs_default_kms_key_id(self) -> ActionResult:
        return ActionResult({"KmsKeyId": self.ec2_backend.get_ebs_default_kms_key_id()})

    def reset_ebs_default_kms_key_id(self) -> ActionResult:
        return ActionResult({"KmsKeyId": self.ec2_backend.reset_ebs_default_kms_key_id()})


def install() -> None:
    """Make moto's EC2 strict in this process; again changes nothing."""
    use_backend(ec2_backends, StrictEc2Backend)
    use_responses(ec2_urls, StrictEc2Response)
