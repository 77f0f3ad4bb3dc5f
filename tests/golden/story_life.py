"""Accounts from their first day on: each change is one edited file."""

from __future__ import annotations

from .story import Scenario, Story, apply, plan, show
from .texts import (
    BASELINE,
    BASELINE_PATH,
    TOPIC,
    request,
    request_path,
    requests,
    standard,
)

NOTE = """\
def customize(context):
    topic = context.outputs["web/10-topic.cfn.yaml"]["TopicArn"]
    return {"Note": f"{context.account.request_id} has {topic.rpartition(':')[2]}"}
"""
SHELL = 'echo "seen as $AFT_REQUEST_ID"; echo "Seen=$AFT_REQUEST_ID" >> "$AFT_OUTPUTS"\n'
GLOBAL = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Owner:
    Type: AWS::SSM::Parameter
    Properties: {Name: /acme/owner, Type: String, Value: "{{ account.tags.team }}"}
"""
SHOP = """\
owner: {team: web, email: web@example.com}
reason: Sells things
ticket: PLAT-1
tags: {team: web, stage: dev}
customizations: [web]
depends_on: [hub]
"""
SETTINGS = """\
  - setting: ssm-metadata
"""
ACCOUNTS = "customizations/accounts"
GLOBAL_PATH = "customizations/global/10-owner.cfn.yaml"

STORY = Story(
    name="life",
    scenarios=(
        Scenario(
            name="first-vending",
            files={
                **standard(),
                GLOBAL_PATH: GLOBAL,
                f"{ACCOUNTS}/web/10-topic.cfn.yaml": TOPIC,
                f"{ACCOUNTS}/web/20-note.py": NOTE,
                f"{ACCOUNTS}/web/30-seen.sh": SHELL,
                request_path("shop"): request("shop", SHOP),
                **requests("hub", more="tags: {team: net}\n", ou="Workloads/Prod"),
                **requests("lab", more="tags: {team: lab}\n", ou="Sandbox"),
            },
            message="Ask for three accounts",
            commands=(
                show("status-before.txt", "status"),
                plan(),
                apply(pinned="plan"),
                show("status.txt", "status"),
                show("status-json.txt", "status", "--json"),
                show("history.txt", "history", "shop"),
                show("history-json.txt", "history", "shop", "--json"),
                show("explain.txt", "explain", "shop"),
                show("explain-json.txt", "explain", "shop", "--json"),
            ),
        ),
        Scenario(
            name="nothing-to-do",
            commands=(
                plan("--deep"),
                apply(),
                show("drift.txt", "drift"),
                show("detailed.txt", "plan", "--detailed-exitcode"),
            ),
        ),
        Scenario(
            name="account-moved-renamed-tagged",
            files={
                request_path("shop"): request("shop", SHOP, ou="Workloads/Prod")
                .replace("name: shop", "name: web-shop")
                .replace("stage: dev", "tier: gold"),
            },
            commands=(plan(), apply(pinned="plan"), show("history.txt", "history", "shop")),
        ),
        Scenario(
            name="email-changed",
            files={
                request_path("lab"): request(
                    "lab", "tags: {team: lab}\n", ou="Sandbox", email="aws+other@example.com"
                ),
            },
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="request-file-renamed",
            files={
                request_path("lab"): None,
                request_path("bench"): request(
                    "lab", "tags: {team: lab}\npreviously: lab\n", ou="Sandbox"
                ),
            },
            commands=(plan(), apply(pinned="plan"), show("history.txt", "history", "bench")),
        ),
        Scenario(
            name="settings-changed",
            files={
                BASELINE_PATH: BASELINE.replace("acme-", "corp-").replace(
                    "  - setting: iam-password-policy\n", SETTINGS
                ),
            },
            commands=(plan(), apply(pinned="plan"), show("explain.txt", "explain", "shop")),
        ),
        Scenario(
            name="customizations-changed",
            files={
                GLOBAL_PATH: GLOBAL.replace("/acme/owner", "/acme/team"),
                f"{ACCOUNTS}/web/20-note.py": NOTE.replace("has", "owns"),
                f"{ACCOUNTS}/web/40-more.cfn.yaml": TOPIC.replace("-news", "-more"),
                f"{ACCOUNTS}/web/customization.yaml": "on_removal: destroy\n",
            },
            commands=(plan(), apply(pinned="plan")),
        ),
        Scenario(
            name="customizations-run-again",
            commands=(
                plan("--rerun", "web/30-seen.sh", comment=False),
                apply("--rerun", "web/30-seen.sh"),
            ),
        ),
        Scenario(
            name="customizations-removed",
            files={
                GLOBAL_PATH: None,
                request_path("shop"): request(
                    "shop", SHOP.replace("customizations: [web]\n", ""), ou="Workloads/Prod"
                )
                .replace("name: shop", "name: web-shop")
                .replace("stage: dev", "tier: gold"),
            },
            commands=(plan(), apply(pinned="plan"), show("status.txt", "status")),
        ),
        Scenario(
            name="request-protected",
            files=requests("hub", more="tags: {team: net}\nprotect: true\n"),
            commands=(plan(), apply()),
        ),
        Scenario(
            name="request-removed",
            files={
                request_path("bench"): None,
                request_path("hub"): None,
                request_path("shop"): request("shop", "tags: {team: web}\n", ou="Workloads/Prod"),
            },
            commands=(
                plan(),
                apply(pinned="plan"),
                show("status.txt", "status"),
                show("history.txt", "history", "bench"),
            ),
        ),
    ),
)
