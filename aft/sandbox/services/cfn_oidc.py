"""``AWS::IAM::OIDCProvider``, which moto knows as calls of IAM alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends

TYPE = "AWS::IAM::OIDCProvider"


class OidcProvider(CloudFormationModel):
    """The one of an account and URL; ``Ref`` and ``Arn`` are its ARN."""

    def __init__(self, arn: str) -> None:
        self.arn = arn

    @property
    def physical_resource_id(self) -> str:
        return self.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return TYPE

    @classmethod
    def create_from_cloudformation_json(
        cls,
        _name: str,
        cloudformation_json: Any,
        account_id: str,
        _region: str,
        **_more: Any,
    ) -> OidcProvider:
        properties: Mapping[str, Any] = cloudformation_json["Properties"]
        made = iam_backends[account_id]["aws"].create_open_id_connect_provider(
            url=str(properties["Url"]),
            thumbprint_list=list(properties.get("ThumbprintList") or []),
            client_id_list=list(properties.get("ClientIdList") or []),
            tags=list(properties.get("Tags") or []),
        )
        return cls(str(made.arn))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> OidcProvider:
        """A provider is the one of its URL, so a change of anything replaces it here."""
        cls.delete_from_cloudformation_json(original_resource.arn, {}, account_id, region_name)
        return cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, _json: Any, account_id: str, _region: str
    ) -> None:
        iam_backends[account_id]["aws"].delete_open_id_connect_provider(resource_name)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _attribute: str) -> str:
        return self.arn
