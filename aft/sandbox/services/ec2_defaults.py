"""EC2's switches of an account in a region: sharing of snapshots and images, instance metadata.

moto has none of them. Facts: the EC2 API reference (``EnableSnapshotBlockPublicAccess``,
``EnableImageBlockPublicAccess``, ``ModifyInstanceMetadataDefaults``) and botocore's model. The
image switch takes up to ten minutes on AWS, which here are its next two looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult

from aft.sandbox.services.moto_seams import Refusal

UNBLOCKED = "unblocked"
NO_PREFERENCE = "no-preference"
LOOKS_UNTIL_IMAGES_FOLLOW = 2
_HOP_LIMITS = range(1, 65)
_METADATA = ("HttpTokens", "HttpEndpoint", "InstanceMetadataTags", "HttpTokensEnforced")


class AccountDefaults:
    """Mixin for the EC2 backend; the values are attributes, so that they are saved with it."""

    snapshot_sharing: str = UNBLOCKED
    image_sharing: str = UNBLOCKED
    image_sharing_seen: str = UNBLOCKED
    looks_left: int = 0
    metadata_defaults: Mapping[str, str | int] | None = None
    managed_by: str = "account"
    """``declarative-policy`` once the organization's policy decides; then nobody else may."""

    def share_snapshots(self, state: str) -> str:
        self._refuse_if_managed()
        self.snapshot_sharing = state
        return state

    def share_images(self, state: str) -> str:
        self._refuse_if_managed()
        if state != self.image_sharing:
            self.image_sharing = state
            self.looks_left = LOOKS_UNTIL_IMAGES_FOLLOW
        return state

    def image_state(self) -> str:
        """The state as AWS shows it: the old one for a while."""
        if self.looks_left > 0:
            self.looks_left -= 1
        else:
            self.image_sharing_seen = self.image_sharing
        return self.image_sharing_seen

    def set_metadata_defaults(self, wanted: Mapping[str, str], hop_limit: int | None) -> None:
        """``no-preference`` and a hop limit of -1 take a default away."""
        self._refuse_if_managed()
        changed: dict[str, str | int] = dict(self.metadata_defaults or {})
        if hop_limit is not None and hop_limit != -1 and hop_limit not in _HOP_LIMITS:
            raise Refusal(
                "InvalidParameterValue",
                f"Value ({hop_limit}) for parameter HttpPutResponseHopLimit is invalid. The "
                "value must be between 1 and 64, or -1 for no preference.",
            )
        for name, value in wanted.items():
            changed.pop(name, None)
            if value != NO_PREFERENCE:
                changed[name] = value
        if hop_limit is not None:
            changed.pop("HttpPutResponseHopLimit", None)
            if hop_limit != -1:
                changed["HttpPutResponseHopLimit"] = hop_limit
        self.metadata_defaults = changed

    def _refuse_if_managed(self) -> None:
        if self.managed_by != "account":
            raise Refusal(
                "DeclarativePolicyViolation",
                "This functionality has been disabled by a declarative policy.",
            )


class AccountDefaultsAnswers:
    """Mixin for the EC2 responses, before moto's class."""

    ec2_backend: Any

    def enable_snapshot_block_public_access(self) -> ActionResult:
        return ActionResult({"State": self.ec2_backend.share_snapshots(self._given("State"))})

    def disable_snapshot_block_public_access(self) -> ActionResult:
        return ActionResult({"State": self.ec2_backend.share_snapshots(UNBLOCKED)})

    def get_snapshot_block_public_access_state(self) -> ActionResult:
        backend = self.ec2_backend
        return ActionResult({"State": backend.snapshot_sharing, "ManagedBy": backend.managed_by})

    def enable_image_block_public_access(self) -> ActionResult:
        state = self.ec2_backend.share_images(self._given("ImageBlockPublicAccessState"))
        return ActionResult({"ImageBlockPublicAccessState": state})

    def disable_image_block_public_access(self) -> ActionResult:
        state = self.ec2_backend.share_images(UNBLOCKED)
        return ActionResult({"ImageBlockPublicAccessState": state})

    def get_image_block_public_access_state(self) -> ActionResult:
        backend = self.ec2_backend
        return ActionResult(
            {
                "ImageBlockPublicAccessState": backend.image_state(),
                "ManagedBy": backend.managed_by,
            }
        )

    def modify_instance_metadata_defaults(self) -> ActionResult:
        given: Any = self
        wanted = {name: value for name in _METADATA if (value := given._get_param(name))}  # noqa: SLF001 - moto's own accessor
        hop_limit = given._get_param("HttpPutResponseHopLimit")  # noqa: SLF001 - as above
        self.ec2_backend.set_metadata_defaults(
            wanted, None if hop_limit is None else int(hop_limit)
        )
        return ActionResult({"Return": True})

    def get_instance_metadata_defaults(self) -> ActionResult:
        backend = self.ec2_backend
        return ActionResult(
            {
                "AccountLevel": {
                    **(backend.metadata_defaults or {}),
                    "ManagedBy": backend.managed_by,
                }
            }
        )

    def _given(self, name: str) -> str:
        response: Any = self
        return str(response._get_param(name))  # noqa: SLF001 - moto's own accessor
