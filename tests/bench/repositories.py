"""Repositories of any size to measure with: folders, defaults, a baseline, a customization."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CONFIG = """\
version: 1
home_region: eu-central-1
limits: {create: 50000, accounts: 50000}
"""

TEAMS = 12
STAGES = ("Prod", "Dev", "Test")

BASELINE = """\
description: What every account gets
select:
  organizational_units: [Teams]
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: iam-password-policy
  - setting: ssm-metadata
"""

STACK = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: "{{ account.request_id }}-news"
      DisplayName: "{{ custom_fields.cost_center }}"
"""

# About 725 bytes, as requests with a reason, tags, contacts and custom fields are.
REQUEST = """\
# Asked for by team {team:02} in the ticket below; the platform team reviews.
name: {request_id}
email: aws+{request_id}@acme.net
ou: Teams/Team{team:02}/{stage}
reason: |
  The team runs service number {number} here and keeps its data apart from all
  the others, because the auditors ask for an account per service and stage.
ticket: ACME-{number}
tags: {{service: service-{number}, stage: {stage}, data-class: internal}}
contacts:
  security:
    name: Security on call
    title: Security
    email: security-{team:02}@acme.net
    phone: "+49 30 1234567"
regions: [eu-central-1, eu-west-1]
customizations: [network]
custom_fields:
  cost_center: "{cost:06}"
  network:
    cidr: 10.{high}.{low}.0/24
    peered: true
  on_call: [ada, grace, edsger]
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One generated request."""

    number: int

    @property
    def request_id(self) -> str:
        return f"service-{self.number:05}-{self.stage.lower()}"

    @property
    def team(self) -> int:
        return self.number % TEAMS

    @property
    def stage(self) -> str:
        return STAGES[self.number // TEAMS % len(STAGES)]

    @property
    def path(self) -> str:
        return f"account-requests/team{self.team:02}/{self.request_id}.yaml"

    @property
    def ou(self) -> str:
        return f"Teams/Team{self.team:02}/{self.stage}"

    @property
    def tags(self) -> Mapping[str, str]:
        return {"service": f"service-{self.number}", "stage": self.stage, "data-class": "internal"}

    @property
    def email(self) -> str:
        return f"aws+{self.request_id}@acme.net"

    @property
    def text(self) -> str:
        return REQUEST.format(
            request_id=self.request_id,
            team=self.team,
            stage=self.stage,
            number=self.number,
            cost=self.number * 7 % 1_000_000,
            high=self.number // 256 % 256,
            low=self.number % 256,
        )


def samples(count: int) -> Iterator[Sample]:
    """The first ``count`` requests."""
    return (Sample(number=number) for number in range(count))


def write_repository(root: Path, count: int) -> None:
    """A repository of ``count`` requests, committed."""
    files = {
        "aft.yaml": CONFIG,
        "customizations/organization/organization.yaml": organization_yaml(),
        "account-requests/_defaults.yaml": (
            "owner: {team: '{folder}', email: '{folder}@acme.net'}\n"
        ),
        "customizations/baselines/standard.yaml": BASELINE,
        "customizations/accounts/network/10-topic.cfn.yaml": STACK,
    }
    files |= {sample.path: sample.text for sample in samples(count)}
    write_files(root, files)


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """A repository with these files in its one commit."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Grace Hopper")
    git(root, "config", "user.email", "grace@acme.net")
    commit(root, "Begin")


def organization_yaml() -> str:
    """Twelve teams of three OUs each below one: 49 OUs."""
    lines = ["organizational_units:", "  - name: Teams", "    children:"]
    for team in range(TEAMS):
        lines += [f"      - name: Team{team:02}", "        children:"]
        lines += [f"          - name: {stage}" for stage in STAGES]
    return "\n".join(lines) + "\n"


def commit(root: Path, message: str) -> str:
    """Commit everything that lies there; the commit's id."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


def git(root: Path, *arguments: str) -> str:
    """The output of a git command, which must succeed."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
