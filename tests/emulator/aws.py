"""The AWS a job can reach: the simulated organization over HTTP, and its two roles."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from builders_live import Live

ISSUER = "token.actions.githubusercontent.com"


class NotAllowed(Exception):
    """STS said no."""


class AwsSide:
    """``organization`` with GitHub's OIDC provider and roles that trust one subject each."""

    def __init__(self, organization: Live, repository: str) -> None:
        self.organization = organization
        self._repository = repository
        identity = organization.client("sts").get_caller_identity()
        self.account_id: str = identity["Account"]
        organization.client("iam").create_open_id_connect_provider(
            Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"]
        )

    @property
    def endpoint(self) -> str:
        return self.organization.environ["AWS_ENDPOINT_URL"]

    def role(self, name: str, *, environment: str, may: Sequence[str]) -> str:
        """A role that only jobs in ``environment`` may assume, and the actions it may; its ARN."""
        provider = f"arn:aws:iam::{self.account_id}:oidc-provider/{ISSUER}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": provider},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            f"{ISSUER}:aud": "sts.amazonaws.com",
                            f"{ISSUER}:sub": f"repo:{self._repository}:environment:{environment}",
                        }
                    },
                }
            ],
        }
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(may), "Resource": "*"}],
        }
        iam = self.organization.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="aft", PolicyDocument=json.dumps(policy))
        arn: str = made["Role"]["Arn"]
        return arn

    def assume(self, role: str, *, subject: str) -> Mapping[str, str]:
        """Credentials as variables. Raises ``NotAllowed``."""
        claims = {
            "iss": f"https://{ISSUER}",
            "aud": "sts.amazonaws.com",
            "sub": f"repo:{self._repository}:{subject}",
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
