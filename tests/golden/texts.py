"""Files that several stories write."""

from __future__ import annotations

CONFIG = """\
version: 1
home_region: eu-central-1
limits: {create: 25}
"""

ORGANIZATION = """\
organizational_units:
  - name: Workloads
    children:
      - name: Prod
      - name: Dev
  - name: Sandbox
"""
ORGANIZATION_PATH = "customizations/organization/organization.yaml"

BASELINE = """\
description: What every account gets
select:
  organizational_units: [Workloads, Sandbox]
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: iam-password-policy
"""
BASELINE_PATH = "customizations/baselines/standard.yaml"

SHORT_BASELINE = """\
select: {organizational_units: [Workloads]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
"""

TOPIC = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: "{{ account.request_id }}-news"
Outputs:
  TopicArn:
    Value: !Ref Topic
"""


def request_path(request_id: str) -> str:
    return f"account-requests/{request_id}.yaml"


def request(request_id: str, more: str = "", *, ou: str = "Workloads/Dev", email: str = "") -> str:
    """A request with the least in it, and ``more`` lines."""
    address = email or f"aws+{request_id}@example.com"
    return f"name: {request_id}\nemail: {address}\nou: {ou}\n{more}"


def requests(*request_ids: str, more: str = "", ou: str = "Workloads/Dev") -> dict[str, str | None]:
    """Files of several requests that differ by their id."""
    return {request_path(name): request(name, more, ou=ou) for name in request_ids}


def standard(baseline: str = BASELINE, config: str = CONFIG) -> dict[str, str | None]:
    """A configuration, an OU tree and a baseline."""
    return {"aft.yaml": config, ORGANIZATION_PATH: ORGANIZATION, BASELINE_PATH: baseline}
