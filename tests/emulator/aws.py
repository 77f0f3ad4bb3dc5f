"""The AWS a job can reach: the simulated organization over HTTP, with roles of a template."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from builders_live import Live

ISSUER = "token.actions.githubusercontent.com"


class NotAllowed(Exception):
    """STS said no."""


class AwsSide:
    """``organization`` and its management account, in which nothing is set up yet."""

    def __init__(self, organization: Live) -> None:
        self.organization = organization

    @property
    def endpoint(self) -> str:
        return self.organization.environ["AWS_ENDPOINT_URL"]

    def deploy(self, template: str) -> Mapping[str, str]:
        """A stack of the roles' template, as somebody deploys it once; its outputs."""
        cloudformation = self.organization.client("cloudformation")
        cloudformation.create_stack(
            StackName="aft-roles",
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": "CreatePreviewRole", "ParameterValue": "yes"},
            ],
        )
        (stack,) = cloudformation.describe_stacks(StackName="aft-roles")["Stacks"]
        return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}

    def assume(self, role: str, *, subject: str, ref: str) -> Mapping[str, str]:
        """Credentials as variables. Raises ``NotAllowed``."""
        claims = {
            "iss": f"https://{ISSUER}",
            "aud": "sts.amazonaws.com",
            "sub": subject,
            "ref": ref,
        }
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        try:
            keys = self.organization.client("sts").assume_role_with_web_identity(
                RoleArn=role, RoleSessionName="GitHubActions", WebIdentityToken=f"e30.{body}.e30"
            )["Credentials"]
        except ClientError as error:
            raise NotAllowed(str(error)) from error
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
