"""AWS Config: what a recorder and a delivery channel need before they are taken.

Everything else is moto's. Facts: botocore's ``config`` model and the developer guide: the role must
exist and let Config in; Config must be able to write to the bucket, whoever owns it.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import moto.config.urls as config_urls
from moto.config.models import ConfigBackend, config_backends
from moto.config.responses import ConfigResponse
from moto.iam.models import iam_backends

from aft.policy_language.documents import as_list, statements_of
from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.delivery import Delivery, delivery
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

PRINCIPAL = "config.amazonaws.com"


class StrictConfigBackend(ConfigBackend):
    """moto's Config with AWS's conditions."""

    _url_module = property(lambda _: config_urls)

    def put_configuration_recorder(self, config_recorder: dict[str, Any]) -> None:
        role = str(config_recorder.get("roleARN") or "")
        roles = iam_backends[self.account_id]["aws"].roles.values()
        found = next((item for item in roles if item.arn == role), None)
        if found is None or not _lets_config_in(found.assume_role_policy_document):
            raise Refusal(
                "InvalidRoleException",
                f"The role {role} does not exist or does not let AWS Config in.",
            )
        super().put_configuration_recorder(config_recorder)

    def put_delivery_channel(self, delivery_channel: dict[str, Any]) -> None:
        name = str(delivery_channel.get("s3BucketName") or "")
        if self.recorders and name:
            answer = delivery(name, principal=PRINCIPAL, account_id=self.account_id)
            if answer is Delivery.NO_BUCKET:
                raise Refusal(
                    "NoSuchBucketException",
                    f"Cannot find a S3 bucket with an empty bucket name or the name {name!r}.",
                )
            if answer is Delivery.REFUSED:
                raise Refusal(
                    "InsufficientDeliveryPolicyException",
                    f"Insufficient delivery policy to s3 bucket: {name}, unable to write to it.",
                )
        super().put_delivery_channel(delivery_channel)


def _lets_config_in(trust: Any) -> bool:
    document = json.loads(trust) if isinstance(trust, str) else trust
    return any(
        PRINCIPAL in as_list((statement.get("Principal") or {}).get("Service"))
        for statement in statements_of(document)
        if isinstance(statement.get("Principal"), dict)
    )


class StrictConfigResponse(ModelConstraints, ConfigResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "ValidationException"


def install() -> None:
    """Make moto's Config strict in this process; again changes nothing."""
    use_backend(config_backends, StrictConfigBackend)
    use_responses(config_urls, StrictConfigResponse)
