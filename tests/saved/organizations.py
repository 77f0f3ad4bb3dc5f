"""The organizations that are saved, as tables: what happened in each, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from golden.driver import Hand
from golden.story import Scenario, quietly, show
from golden.texts import (
    BASELINE_PATH,
    CONFIG,
    ORGANIZATION,
    ORGANIZATION_PATH,
    SHORT_BASELINE,
    TOPIC,
    request,
    request_path,
    requests,
    standard,
)

APPLY = (quietly("apply", "--yes"),)
FAILING = (show("apply", "apply", "--yes"),)
PUBLISH = (quietly("apply", "--yes", "--publish"),)
ACCOUNTS = "customizations/accounts"


@dataclass(frozen=True, kw_only=True)
class Organization:
    """``scenarios`` lead to what is saved; ``next_files`` is the commit of the pinned plan."""

    name: str
    scenarios: Sequence[Scenario]
    next_files: Mapping[str, str | None]


SMALL = Organization(
    name="small",
    scenarios=(
        Scenario(
            name="Ask for two accounts",
            files={**standard(SHORT_BASELINE), **requests("shop", more="tags: {team: web}\n")},
            commands=APPLY,
        ),
        Scenario(name="Ask for one more", files=requests("lab", ou="Sandbox"), commands=PUBLISH),
    ),
    next_files=requests("shop", more="tags: {team: shop}\n", ou="Workloads/Prod"),
)

NETWORKS = """\
networks:
  pools:
    workloads: {cidr: 10.64.0.0/20, reserved: [10.64.0.0/24]}
"""
MEDIUM_BASELINE = """\
description: What every account gets
select: {organizational_units: [Workloads]}
settings:
  - setting: account-alias
    parameters: {alias: "acme-{id}"}
  - setting: alternate-contacts
  - setting: iam-password-policy
    parameters: {minimum_length: 16}
  - setting: s3-public-access-block
  - setting: ssm-metadata
  - setting: network
    parameters:
      cidr_from: custom_fields.vpc.cidr
      pool: workloads
      prefix: 24
      zones: 2
      flow_logs: null
"""
HUB = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Range:
    Type: AWS::SSM::Parameter
    Properties: {Name: /hub/range, Type: String, Value: "{{ parameters.range }}"}
Outputs:
  Range:
    Value: !Ref Range
"""
HUB_FILE = """\
description: What others attach to
parameters:
  range: {type: text, description: Its range}
"""
SPOKE = """\
def customize(context):
    hub = context.accounts["net"].outputs["hub/10-range.cfn.yaml"]["Range"]
    return {"Hub": f"{context.account.request_id} uses {hub}"}
"""
SHELL = 'echo "Seen=$AFT_REQUEST_ID" >> "$AFT_OUTPUTS"\n'
BROKEN = "def customize(context):\n    raise RuntimeError('the service is closed')\n"
TREE = """\
organizational_units:
  - name: Workloads
    children:
      - name: Prod
      - name: Dev
        children:
          - name: Trials
  - name: Old
  - name: Sandbox
"""
TREE_AFTER = """\
organizational_units:
  - name: Workloads
    children:
      - name: Production
        previously: Workloads/Prod
      - name: Dev
        children:
          - name: Trials
  - name: Sandbox
removed: [Old]
"""
SHOP = """\
owner: {team: web, email: web@example.com}
reason: Sells things
ticket: PLAT-1
tags: {team: web, stage: dev}
contacts:
  billing: {name: Billing, title: Desk, email: billing@example.com, phone: "+49 30 1234"}
custom_fields: {tier: gold, vpc: {cidr: 10.64.5.0/24}}
customizations: [web]
depends_on: [net]
"""
NET = "customizations: [hub]\nparameters: {hub: {range: 10.1.0.0/16}}\n"
BY_ID = 'account_id: "210000000001"\ntags: {team: one}\n'


def _existing(hand: Hand) -> None:
    hand.seed("one", "one@example.com", account_id="210000000001")
    hand.seed("old two", "Two@Example.com", account_id="210000000002", ou="Legacy")
    hand.seed("stranger", "stranger@example.com", account_id="210000000003", ou="Legacy")
    hand.sandbox.fail_creation("aws+unlucky@example.com", "EMAIL_ALREADY_EXISTS")


MEDIUM = Organization(
    name="medium",
    scenarios=(
        Scenario(
            name="An OU tree",
            files={
                "aft.yaml": CONFIG + NETWORKS,
                ORGANIZATION_PATH: TREE,
                BASELINE_PATH: MEDIUM_BASELINE,
                "customizations/global/10-topic.cfn.yaml": TOPIC,
                f"{ACCOUNTS}/hub/10-range.cfn.yaml": HUB,
                f"{ACCOUNTS}/hub/customization.yaml": HUB_FILE,
                f"{ACCOUNTS}/web/10-attach.py": SPOKE,
                f"{ACCOUNTS}/web/20-seen.sh": SHELL,
                f"{ACCOUNTS}/gone/10-topic.cfn.yaml": TOPIC.replace("-news", "-gone"),
                f"{ACCOUNTS}/gone/customization.yaml": "on_removal: destroy\n",
            },
            commands=APPLY,
        ),
        Scenario(
            name="Ask for accounts",
            files={
                request_path("shop"): request("shop", SHOP),
                request_path("net"): request("net", NET, ou="Workloads/Prod"),
                request_path("desk"): request("desk", ou="Workloads/Dev/Trials"),
                request_path("lab"): request("lab", "customizations: [gone]\n", ou="Sandbox"),
                request_path("one"): request("one", BY_ID, email="one@example.com"),
                request_path("two"): request("two", ou="Sandbox", email="two@example.com"),
                request_path("unlucky"): request("unlucky", ou="Sandbox"),
            },
            hand=_existing,
            commands=FAILING,
        ),
        Scenario(
            name="Fix what failed, move, rename, release",
            files={
                ORGANIZATION_PATH: TREE_AFTER,
                BASELINE_PATH: MEDIUM_BASELINE.replace("minimum_length: 16", "minimum_length: 20"),
                request_path("desk"): None,
                request_path("net"): request("net", NET, ou="Workloads/Production"),
                request_path("lab"): None,
                request_path("bench"): request("lab", "previously: lab\n", ou="Sandbox"),
                request_path("unlucky"): request(
                    "unlucky", ou="Sandbox", email="aws+lucky@example.com"
                ),
                request_path("shop"): request(
                    "shop", SHOP.replace("stage: dev", "stage: live"), ou="Workloads/Production"
                ).replace("name: shop", "name: web-shop"),
                f"{ACCOUNTS}/web/10-attach.py": BROKEN,
            },
            commands=FAILING,
        ),
        Scenario(
            name="Fix the step",
            files={f"{ACCOUNTS}/web/10-attach.py": SPOKE.replace("uses", "needs")},
            commands=PUBLISH,
        ),
        Scenario(name="Note it", files={"README.md": "Accounts of Example.\n"}, commands=PUBLISH),
    ),
    next_files={
        **requests("fresh", more="tags: {team: web}\n"),
        BASELINE_PATH: MEDIUM_BASELINE.replace("minimum_length: 16", "minimum_length: 18"),
        request_path("net"): request("net", NET.replace("10.1", "10.2"), ou="Workloads/Production"),
        request_path("two"): None,
    },
)

ODD_CONFIG = """\
version: 1
provider: organizations
home_region: eu-central-1
governed_regions: [eu-west-1]
limits:
  create: 20
  move: 20
  rename: 20
  forget: 20
  delete_ou: 20
  untag: 20
  destroy: 20
  accounts: 100
  creations_in_flight: 3
  accounts_in_parallel: 4
  allow:
    - {limit: delete_ou, up_to: 30, reason: The big tidying, until: 2999-12-31}
ledger: {branch: aft/ledger, remote: null}
report: {mask: [emails]}
"""
ODD_DEFAULTS = """\
email: aws+{id}@example.com
tags: {source: aft, team: platform}
owner: {team: platform, email: platform@example.com}
"""
FAMILIES = "name: Doctors & Sons\nreason: \u00c4rzte\nou: Sandbox/\u00dcbung\n"
ODD_TREE = ORGANIZATION + "    children: [{name: \u00dcbung}]\n"
KEPT = "protect: true\n"


def _odd_hand(hand: Hand) -> None:
    hand.organizations().close_account(AccountId=hand.id_of("closed"))
    hand.tag("kept", **{"by-hand": "kept"})
    hand.seed("stranger", "stranger@example.com", account_id="210000000009")


ODD = Organization(
    name="odd",
    scenarios=(
        Scenario(
            name="Begin",
            files={
                **standard(
                    SHORT_BASELINE.replace("[Workloads]", "[Workloads, Sandbox]"), ODD_CONFIG
                ),
                ORGANIZATION_PATH: ODD_TREE,
                "account-requests/_defaults.yaml": ODD_DEFAULTS,
                "account-requests/teams/a/families.yaml": FAMILIES,
                request_path("kept"): request("kept", KEPT),
                request_path("closed"): request("closed"),
                request_path("gone"): request("gone"),
                request_path("12345"): request("digits", email="aws+digits@example.com"),
            },
            commands=APPLY,
        ),
        Scenario(
            name="Sort into folders, release one",
            files={
                request_path("gone"): None,
                request_path("12345"): None,
                "account-requests/teams/b/digits.yaml": request(
                    "digits", "previously: '12345'\n", email="aws+digits@example.com"
                ),
            },
            commands=APPLY,
        ),
        Scenario(
            name="Adopt it again, ask for what is refused",
            files={
                request_path("gone"): request("gone", "tags: {source: again}\n"),
                request_path("kept"): request(
                    "kept", KEPT, ou="Sandbox", email="other@example.com"
                ),
            },
            hand=_odd_hand,
            commands=PUBLISH,
        ),
    ),
    next_files={request_path("gone"): None, ORGANIZATION_PATH: ODD_TREE + "  - name: New\n"},
)


INTERRUPTED = Organization(
    name="interrupted",
    scenarios=(
        Scenario(
            name="Begin",
            files={**standard(SHORT_BASELINE), **requests("shop")},
            commands=PUBLISH,
        ),
        Scenario(
            name="Ask for more",
            files={
                f"{ACCOUNTS}/app/10-open.py": BROKEN,
                f"{ACCOUNTS}/app/20-seen.sh": SHELL,
                request_path("shop"): request("shop", "customizations: [app]\n"),
                request_path("after"): request("after", "depends_on: [shop]\n", ou="Sandbox"),
                **requests("unlucky", ou="Sandbox"),
            },
            hand=lambda hand: hand.sandbox.fail_creation("aws+unlucky@example.com"),
            commands=FAILING,
        ),
        Scenario(
            name="Ask for one in a hurry",
            files=requests("slow", ou="Sandbox"),
            hand=lambda hand: hand.sandbox.configure(creation_seconds=(90.0, 90.0)),
            commands=(show("apply", "apply", "--yes", "--only", "slow", "--deadline", "60"),),
        ),
    ),
    next_files=requests("slow", more="tags: {a: b}\n", ou="Sandbox"),
)

ORGANIZATIONS = (SMALL, MEDIUM, ODD, INTERRUPTED)
