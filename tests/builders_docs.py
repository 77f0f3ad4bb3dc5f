"""Which AWS calls a plan and an apply make, by who makes them: for the pages about permissions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from builders_repo import CONFIG, ORGANIZATION, STACK, Repo

from aft.app.applying import apply_now
from aft.app.planning import plan_now
from aft.app.workspace import Workspace
from aft.app.world import World, open_world
from aft.ids import RequestId
from aft.reconcile.model import StopToken
from aft.report.progress import QuietProgress

IAM_SERVICES: Mapping[str, str] = {"resourcegroupstaggingapi": "tag", "s3control": "s3"}
"""Services whose actions are called otherwise in IAM than in botocore."""

IAM_ACTIONS: Mapping[str, str] = {
    "s3:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}
"""Actions that are called otherwise than their operation (AWS: Service Authorization Reference)."""

EVERY_SETTING = """\
description: Every setting there is
select:
  organizational_units: [Workloads, Sandbox]
settings:
  - setting: account-alias
  - setting: alternate-contacts
  - setting: iam-password-policy
  - setting: s3-public-access-block
  - setting: ebs-default-encryption
    parameters: {kms_key_id: alias/aws/ebs}
  - setting: default-vpc-removal
  - setting: ssm-metadata
"""

REQUEST = """\
owner: {team: web, email: web@example.com}
contacts:
  security: {name: Desk, title: On call, email: desk@example.com, phone: "1"}
"""


class Calls:
    """IAM actions by phase (``plan``, ``apply``) and place (``management``, ``member``)."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], set[str]] = {}

    def of(self, phase: str, place: str) -> set[str]:
        return self.seen.setdefault((phase, place), set())

    @contextmanager
    def noting(self, world: World, phase: str) -> Iterator[None]:
        assert world.sandbox is not None
        before = len(world.sandbox.log)
        yield
        own = world.sandbox.management_account_id
        for call in list(world.sandbox.log)[before:]:
            service = IAM_SERVICES.get(call.service, call.service)
            action = f"{service}:{call.operation}"
            place = "management" if call.account_id == own else "member"
            self.of(phase, place).add(IAM_ACTIONS.get(action, action))


def run(repo: Repo, calls: Calls, *, only: str = "") -> None:
    """Plan, then apply, and note who called what."""
    before = dict(os.environ)
    os.environ.update(repo.environ)
    try:
        workspace = Workspace.find(repo.root)
        desired = workspace.desired(workspace.files("HEAD"))
        with open_world(workspace, desired.config, simulated=True) as world:
            scope = (RequestId(only),) if only else None
            with calls.noting(world, "plan"):
                planned = plan_now(workspace, world, desired, scope=scope)
            with calls.noting(world, "apply"):
                apply_now(
                    workspace,
                    world,
                    planned,
                    observer=QuietProgress(),
                    stop=StopToken(),
                    command="apply",
                )
    finally:
        os.environ.clear()
        os.environ.update(before)


def all_calls(root: Path) -> Calls:
    """The calls of a life: create, adopt, change everything, fail, forget, let OUs go."""
    calls = Calls()
    repo = Repo.standard(root)
    repo.write("customizations/baselines/standard.yaml", EVERY_SETTING)
    repo.write("customizations/global/10-topic.cfn.yaml", STACK)
    repo.request("shop", REQUEST + "tags: {a: b}\n")
    repo.request("lab", REQUEST, ou="Sandbox")
    repo.request("old", REQUEST + 'account_id: "210987654321"\n')
    repo.commit("Begin")
    repo.aft("sandbox", "seed")
    with repo.sandbox() as sandbox:
        sandbox.configure(concurrent_creations=1)
    run(repo, calls)
    repo.request("shop", REQUEST.replace("Desk", "Counter") + "tags: {c: d}\n", ou="Sandbox")
    repo.write(
        "account-requests/old.yaml",
        (repo.root / "account-requests/old.yaml").read_text().replace("name: old", "name: older"),
    )
    repo.write(
        "customizations/organization/organization.yaml",
        ORGANIZATION.replace("- name: Dev", "- {name: Develop, previously: Dev}"),
    )
    for name in ("old",):
        text = (repo.root / f"account-requests/{name}.yaml").read_text()
        repo.write(
            f"account-requests/{name}.yaml", text.replace("Workloads/Dev", "Workloads/Develop")
        )
    repo.write("customizations/global/10-topic.cfn.yaml", STACK.replace("-news", "-tidings"))
    repo.commit("Change everything")
    run(repo, calls)
    repo.request("mail", "", ou="Sandbox")
    repo.remove("account-requests/lab.yaml")
    repo.write(
        "customizations/organization/organization.yaml",
        ORGANIZATION.replace("      - name: Prod\n", "").replace("- name: Dev", "- name: Develop")
        + "removed: [Workloads/Prod]\n",
    )
    repo.commit("Let go")
    run(repo, calls, only="mail")
    run(repo, calls)
    repo.write("customizations/global/10-topic.cfn.yaml", STACK.replace("-news", " bad name"))
    repo.commit("A stack that fails")
    run(repo, calls)
    assert CONFIG
    return calls
