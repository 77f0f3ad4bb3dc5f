"""The files of a repository to begin with: small, commented, valid as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aft.desired.emit import scalar
from aft.scaffold.roles import READER_PATH, READER_ROLE, reader_template


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryChoices:
    """``management_account`` is empty when it is not known yet; then there is no reader role.
    ``domain`` is that of the e-mail addresses in the example."""

    home_region: str
    member_role: str = "OrganizationAccountAccessRole"
    management_account: str = ""
    domain: str = "example.com"
    on_github: bool = False


def repository_files(choices: RepositoryChoices) -> Mapping[str, str]:
    """Every file by its path."""
    files = {
        "aft.yaml": _config(choices),
        "account-requests/_defaults.yaml": _DEFAULTS.replace("example.com", choices.domain),
        "account-requests/sandbox/first-account.yaml": _EXAMPLE,
        "customizations/organization/organization.yaml": _ORGANIZATION,
        "customizations/baselines/standard.yaml": _BASELINE,
        "customizations/global/20-alarms.cfn.yaml": _ALARMS,
        "README.md": _README + (_README_GITHUB if choices.on_github else ""),
        ".gitignore": ".venv/\n__pycache__/\n.terraform/\n",
    }
    if choices.management_account:
        files[READER_PATH] = reader_template(READER_ROLE, choices.management_account)
    return files


def _config(choices: RepositoryChoices) -> str:
    reader = (
        f"  reader: {READER_ROLE}  # what plans read accounts with; {READER_PATH} makes it\n"
        if choices.management_account
        else f"  # reader: {READER_ROLE}  # a role that plans read accounts with\n"
    )
    return _CONFIG.format(region=choices.home_region, member=scalar(choices.member_role)) + reader


_CONFIG = """\
# How aft works in this repository. Every key: docs/reference/configuration.md of aft
version: 1
home_region: {region}
governed_regions: [{region}]  # where baselines see to regional settings

# A plan beyond one of these is refused; an exception is a reviewed line under `allow`.
limits:
  create: 5
  move: 3
  forget: 1

ledger:
  branch: aft/ledger  # every step is written here, and pushed
  remote: origin

roles:
  member: {member}  # what applies change accounts with
"""

_DEFAULTS = """\
# What every request below this folder has unless it, or a nearer _defaults.yaml, says otherwise.
# {id} is the request's id: its file's name.
name: "{id}"
email: aws+{id}@example.com  # must reach you, and be unique over all of AWS
owner: {team: platform, email: platform@example.com}
tags:
  managed-by: aft
"""

_EXAMPLE = """\
# One file, one account; the file's name is the request's id. `aft new` writes such files.
ou: Sandbox
reason: Shows how a request looks; replace it with your own
"""

_ORGANIZATION = """\
# The OU tree. What AWS has and this file does not name is left alone.
organizational_units:
  - name: Workloads
    children:
      - name: Prod
      - name: Dev
  - name: Sandbox
"""

_BASELINE = """\
# What accounts in these OUs get, in this order. All settings: docs/reference/settings.md of aft
description: What every account gets
select:
  organizational_units: [Workloads, Sandbox]
settings:
  - setting: iam-password-policy
  - setting: s3-public-access-block
  - setting: ebs-default-encryption
  - setting: snapshot-public-access
  - setting: imdsv2-defaults
  - setting: default-vpc-removal
  - setting: ssm-metadata
  - setting: budget  # for requests that have one
"""

_ALARMS = """\
# Every account gets this stack. Templates see the account, its tags and custom fields.
AWSTemplateFormatVersion: "2010-09-09"
Description: Where alarms of {{ account.name }} are heard
Resources:
  Alarms:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: account-alarms
Outputs:
  TopicArn:
    Value: !Ref Alarms
"""

_README = """\
# AWS accounts

Every AWS account of ours is a file in `account-requests/`. Whoever needs one adds a file and opens
a pull request; when it is merged, aft makes the account so.

```console
aft new my-account --ou Sandbox   # writes the file, and asks for the rest
aft validate                      # checks everything, offline
aft --sandbox plan                # tries it on a simulated organization
```

- `aft.yaml`: how aft works here
- `account-requests/`: one account per file; `_defaults.yaml` says what those of a folder share
- `customizations/organization/`: the OU tree
- `customizations/baselines/`: settings that accounts get, by OU
- `customizations/global/`: what every account gets
- `customizations/accounts/<name>/`: what a request asks for by name
"""

_README_GITHUB = """
## Once, on GitHub and AWS

1. Deploy `iam/aft-roles.cfn.yaml` in the management account, and set the repository's variables
   `AFT_PLAN_ROLE` and `AFT_APPLY_ROLE` to its outputs, `AFT_REGION` to your home region.
2. Make the environments `aft-plan` and `aft-apply`, both for the branch `main` alone; put reviewers
   on `aft-apply` if a merge is not approval enough.
3. Protect `main`: pull requests, reviews of code owners, no force pushes. Protect `aft/ledger`
   against force pushes and deletion.
4. Make the labels `aft:request` and `aft:drift`.
5. Give each team its handle under `github.teams` in `aft.yaml`, then run `aft github codeowners`.

`aft doctor --github ORG/REPO` tells what is still missing, and how to fix it.
"""
