"""The files of a repository to begin with: small, commented, valid as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aft.desired.emit import scalar
from aft.scaffold.roles import (
    PREVIEW_READER_PATH,
    PREVIEW_READER_ROLE,
    READER_PATH,
    READER_ROLE,
    WRITER_PATH,
    WRITER_ROLE,
    preview_reader_template,
    reader_template,
    writer_template,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryChoices:
    """``management_account`` is empty when it is not known yet; then there is no reader role.
    ``previews`` adds the role that Terraform plans with, ``writer`` a narrower one for applies.
    ``domain`` is that of the accounts' addresses; a reserved one is a placeholder.
    ``platform_team`` is the handle on GitHub of those who own what no team does."""

    home_region: str
    member_role: str = "OrganizationAccountAccessRole"
    management_account: str = ""
    domain: str = "example.com"
    on_github: bool = False
    platform_team: str = ""
    previews: bool = False
    writer: bool = False


def repository_files(choices: RepositoryChoices) -> Mapping[str, str]:
    """Every file by its path."""
    files = {
        "aft.yaml": _config(choices),
        "account-requests/_defaults.yaml": _DEFAULTS.replace("example.com", choices.domain),
        "account-requests/README.md": _EXAMPLE,
        "customizations/organization/organization.yaml": _ORGANIZATION,
        "customizations/baselines/standard.yaml": _BASELINE,
        "customizations/global/20-alarms.cfn.yaml": _ALARMS,
        "README.md": _README + (_README_GITHUB if choices.on_github else ""),
        ".gitignore": ".venv/\n__pycache__/\n.terraform/\n",
    }
    if choices.management_account:
        files[READER_PATH] = reader_template(READER_ROLE, choices.management_account)
    if choices.previews:
        files[PREVIEW_READER_PATH] = preview_reader_template(
            PREVIEW_READER_ROLE, choices.management_account
        )
    if choices.writer:
        files[WRITER_PATH] = writer_template(WRITER_ROLE, choices.management_account)
    return files


def _config(choices: RepositoryChoices) -> str:
    reader = (
        f"  reader: {READER_ROLE}  # the role for plans; {READER_PATH} creates it\n"
        if choices.management_account
        else f"  # reader: {READER_ROLE}  # the role that plans read accounts with\n"
    )
    member = scalar(choices.member_role)
    preview = (
        f"  preview: {PREVIEW_READER_ROLE}  # the role of aft plan --terraform; "
        f"{PREVIEW_READER_PATH} creates it\n"
        if choices.previews
        else ""
    )
    writer = (
        f"  writer: {WRITER_ROLE}  # a narrower role than member; {WRITER_PATH} creates it\n"
        if choices.writer
        else ""
    )
    config = _CONFIG.format(region=choices.home_region, member=member) + writer + reader + preview
    return config + (_GITHUB.format(scalar(choices.platform_team)) if choices.platform_team else "")


_GITHUB = """\

github:
  platform_team: {}  # owns what no other team does; `aft github codeowners` writes CODEOWNERS
  teams: {{}}  # the handle of each team that owns requests, such as payments: "@org/payments"
"""


_CONFIG = """\
# Configuration of aft. For all keys see docs/reference/configuration.md of aft.
version: 1
home_region: {region}
governed_regions: [{region}]  # regional settings of baselines apply to these regions

# A plan that exceeds one of these is refused; an exception is a reviewed line under `allow`.
limits:
  create: 5
  move: 3
  forget: 1

ledger:
  branch: aft/ledger  # every step is recorded here, and pushed
  remote: origin

roles:
  member: {member}  # the role that applies change accounts with
"""

_DEFAULTS = """\
# Defaults for every request in this folder and below. A request, or a closer _defaults.yaml, can
# override them. {id} is the request's id: its file name without .yaml.
name: "{id}"
email: aws+{id}@example.com  # must reach you, and be unique in all of AWS
owner: {team: platform, email: platform@example.com}
tags:
  managed-by: aft
"""

_EXAMPLE = """\
# Account requests

One file per account; its name without `.yaml` is the request's id. `aft new` writes such files:

```yaml
# account-requests/sandbox/first-account.yaml
ou: Sandbox
reason: Try what a new account gets
```

`_defaults.yaml` has what all requests in its folder share. Files like this one are not read.
"""

_ORGANIZATION = """\
# The OU tree. OUs that are not listed here are not changed.
organizational_units:
  - name: Workloads
    children:
      - name: Prod
      - name: Dev
  - name: Sandbox
"""

_BASELINE = """\
# Settings for accounts in these OUs, in this order. See docs/reference/settings.md of aft.
description: Settings of every account
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
# Every account gets this stack. Templates can use the account, its tags and custom fields.
AWSTemplateFormatVersion: "2010-09-09"
Description: Alarms of {{ account.name }}
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

Each of our AWS accounts is a file in `account-requests/`. To request an account, add a file and
open a pull request. When it is merged, aft creates the account.

```console
aft new my-account --ou Sandbox   # writes the file, and prompts for the rest
aft validate                      # checks all files, offline
aft --sandbox plan                # plans on a simulated organization
```

- `aft.yaml`: configuration of aft
- `account-requests/`: one account per file; `_defaults.yaml` contains the shared values of a folder
- `customizations/organization/`: the OU tree
- `customizations/baselines/`: settings that accounts get, by OU
- `customizations/global/`: steps that run in every account
- `customizations/accounts/<name>/`: steps that run in accounts that request them by name
"""

_README_GITHUB = """
## Set up GitHub and AWS

1. Create the environments `aft-plan` and `aft-apply`, both only for the branch `main`, before the
   roles: GitHub makes a missing environment without rules. Add reviewers to `aft-apply` if a merge
   is not enough approval.
2. Deploy `iam/aft-roles.cfn.yaml` in the management account, and set the repository's variables
   `AFT_PLAN_ROLE` and `AFT_APPLY_ROLE` to its outputs, and `AFT_REGION` to your home region.
3. Protect `main`: pull requests, reviews of code owners, approvals that a push dismisses, an
   approval of the last push, no force pushes. Protect `aft/ledger` against force pushes and
   deletion.
4. Create the labels `aft:request` and `aft:drift`.
5. Set the handle of each team in `github.teams` in `aft.yaml`, and run `aft github codeowners`
   whenever teams or requests change.

`aft doctor --github ORG/REPO` reports what is still missing, and how to fix it.
"""
