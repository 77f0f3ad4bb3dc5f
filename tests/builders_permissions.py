"""Which AWS calls plans and applies make, by who makes them: recorded on the sandbox.

A life of an organization with every setting there is: created, adopted, moved, renamed, tagged,
looked at closely and in part, failed, forgotten; and this repository's own sample.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from builders_repo import CONFIG, ORGANIZATION, STACK, Repo

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import plan_now
from aft.app.workspace import Workspace
from aft.app.world import World, edge_onto, open_ledger, open_sandbox
from aft.config.model import Config
from aft.engine.model import StopToken
from aft.ports import Observer
from aft.report.progress import QuietProgress
from aft.sandbox.calls import CallRecord
from aft.sandbox.credentials import Keys
from aft.sandbox.routing import iam_action
from aft.sandbox.sandbox import Sandbox
from aft.scaffold.roles import (
    APPLY_ROLE,
    AUDIENCE,
    PLAN_ROLE,
    READER_PATH,
    READER_ROLE,
    WRITER_PATH,
    WRITER_ROLE,
    RoleNames,
    reader_template,
    roles_template,
    writer_template,
)
from aft.values.github_subject import ISSUER, RepositorySubject
from aft.values.ids import RequestId

ROOT = Path(__file__).parents[1]

EVERY_SETTING = """\
description: Settings that the sample does not have, or has otherwise
select:
  organizational_units: [Workloads, Sandbox]
settings:
  - setting: account-alias
  - setting: alternate-contacts
  - setting: ebs-default-encryption
    parameters: {kms_key_id: alias/aws/ebs}
  - setting: default-vpc-removal
  - setting: ssm-metadata
"""

NO_SETTING = """\
description: For accounts that exist before they get settings
select:
  organizational_units: [Workloads, Sandbox]
settings: []
"""

ROLES = "roles: {reader: aft-reader, writer: aft-writer}\n"

REQUEST = """\
owner: {team: web, email: web@example.com}
contacts:
  security: {name: Desk, title: On call, email: desk@example.com, phone: "1"}
"""


NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "aws-portal:ViewBilling", "Resource": "*"}],
}


@dataclass(frozen=True)
class Calls:
    """IAM actions by phase (``plan``, ``apply``) and place (``management``, ``member``)."""

    seen: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """Calls that were answered with a denial, as ``phase service:Operation``."""
    log: list[CallRecord] = field(default_factory=list)
    undecided: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the sandbox did not know to decide, by action."""

    def of(self, phase: str, place: str) -> set[str]:
        return self.seen.setdefault((phase, place), set())

    @contextmanager
    def noting(self, sandbox: Sandbox, phase: str) -> Iterator[None]:
        before = len(sandbox.log)
        try:
            yield
        finally:
            self._note(sandbox, phase, before)

    def _note(self, sandbox: Sandbox, phase: str, before: int) -> None:
        own = sandbox.management_account_id
        self.log.extend(list(sandbox.log)[before:])
        for call in list(sandbox.log)[before:]:
            action = iam_action(call.service, call.operation)
            place = "management" if call.account_id == own else "member"
            if call.depends:
                self.undecided[action] = call.depends
            if call.error_code is None or action != "sts:AssumeRole":
                self.of(phase, place).add(action)
            if "AccessDenied" in (call.error_code or "") or "Unauthorized" in (
                call.error_code or ""
            ):
                self.refused.append(f"{phase} {action}")


@dataclass(frozen=True)
class As:
    """Runs of aft as somebody: ``keys`` by phase, the management account's own without."""

    calls: Calls
    keys: dict[str, Any] = field(default_factory=dict)
    observer: Observer = field(default_factory=QuietProgress)

    def plan(self, repo: Repo, *, only: tuple[str, ...] = (), deep: bool = False) -> Any:
        with self.world(repo, "plan") as (workspace, world, desired):
            scope = tuple(RequestId(name) for name in only) or None
            return plan_now(workspace, world, desired, scope=scope, deep=deep)

    def apply(self, repo: Repo, *, only: tuple[str, ...] = ()) -> Any:
        with self.world(repo, "apply") as (workspace, world, desired):
            scope = tuple(RequestId(name) for name in only) or None
            planned = plan_now(workspace, world, desired, scope=scope)
            return apply_now(
                workspace,
                world,
                planned,
                observer=self.observer,
                stop=StopToken(),
                command="apply",
            )

    @contextmanager
    def world(self, repo: Repo, phase: str) -> Iterator[tuple[Workspace, World, Any]]:
        before = dict(os.environ)
        os.environ.update(repo.environ)
        try:
            workspace = Workspace.find(repo.root, simulated=True)
            desired = workspace.desired(workspace.files("HEAD"))
            with (
                open_sandbox(workspace, desired.config) as sandbox,
                self._edge(sandbox, desired.config, phase) as edge,
                self.calls.noting(sandbox, phase),
            ):
                ledger = open_ledger(workspace, desired.config, head=edge.ledger_head)
                world = World(
                    clock=sandbox.clock,
                    ledger=ledger,
                    edge=edge,
                    provider=workspace.provider(desired.config, edge.management),
                    effects=workspace.effects(edge.management),
                    sandbox=sandbox,
                    run=phase,
                )
                yield workspace, world, desired
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _edge(self, sandbox: Sandbox, config: Config, phase: str) -> Any:
        make = self.keys.get(phase)
        keys = make(sandbox) if make is not None else None
        return edge_onto(sandbox, config, run_id=phase, reads_only=phase == "plan", keys=keys)


Prepare = Callable[[Repo], None]


def life(root: Path, runs: As, prepare: Prepare) -> None:
    """Create, adopt, change everything, look at a part, fail, forget, let OUs go."""
    repo = Repo.standard(root)
    repo.environ["AFT_SANDBOX_STATE"] = str(root.parent / "life.state")
    repo.write("aft.yaml", CONFIG + ROLES)
    repo.write("customizations/baselines/standard.yaml", NO_SETTING)
    write_roles(repo)
    repo.request("shop", REQUEST + "tags: {a: b}\n")
    repo.request("lab", REQUEST, ou="Sandbox")
    repo.request("old", REQUEST + 'account_id: "210987654321"\n')
    repo.commit("Begin")
    repo.aft("sandbox", "seed")
    prepare(repo)
    with repo.sandbox() as sandbox:
        sandbox.configure(concurrent_creations=1)
    _round(repo, runs)
    repo.write("customizations/baselines/standard.yaml", EVERY_SETTING)
    repo.write("customizations/global/20-topic.cfn.yaml", STACK)
    repo.commit("Set up what is there")
    _round(repo, runs)
    with repo.inside("shop") as client:  # somebody puts back what a setting took away
        client("ec2").create_default_vpc()
    runs.plan(repo, deep=True)
    repo.request("shop", REQUEST.replace("Desk", "Counter") + "tags: {c: d}\n", ou="Sandbox")
    old = (repo.root / "account-requests/old.yaml").read_text()
    old = old.replace("name: old", "name: older").replace("Workloads/Dev", "Workloads/Develop")
    repo.write("account-requests/old.yaml", old)
    repo.write(
        "customizations/organization/organization.yaml",
        ORGANIZATION.replace("- name: Dev", "- {name: Develop, previously: Dev}"),
    )
    repo.write("customizations/global/20-topic.cfn.yaml", STACK.replace("-news", "-tidings"))
    repo.commit("Change everything")
    runs.plan(repo, only=("shop", "old"))
    _round(repo, runs)
    repo.request("mail", "", ou="Sandbox")
    repo.remove("account-requests/lab.yaml")
    repo.write(
        "customizations/organization/organization.yaml",
        ORGANIZATION.replace("      - name: Prod\n", "").replace("- name: Dev", "- name: Develop")
        + "removed: [Workloads/Prod]\n",
    )
    repo.commit("Let go")
    runs.plan(repo, only=("mail",))
    runs.apply(repo, only=("mail", "shop"))
    _round(repo, runs)
    repo.write("customizations/global/20-topic.cfn.yaml", STACK.replace("-news", " bad name"))
    repo.commit("A stack that fails")
    _round(repo, runs)
    repo.write("customizations/global/20-topic.cfn.yaml", STACK)
    repo.commit("Fix it")
    with repo.organizations() as client:
        client.create_policy(
            Name="nothing",
            Description="",
            Type="SERVICE_CONTROL_POLICY",
            Content=json.dumps(NOTHING),
        )
    _round(repo, runs)


def write_roles(repo: Repo) -> None:
    """Roles in accounts that are allowed exactly what aft lists."""
    with repo.sandbox() as sandbox:
        own = sandbox.management_account_id
    repo.write(READER_PATH, reader_template(READER_ROLE, own))
    repo.write(WRITER_PATH, writer_template(WRITER_ROLE, own))


def _round(repo: Repo, runs: As) -> None:
    runs.plan(repo)
    runs.apply(repo)


def sample(root: Path, runs: As, prepare: Prepare) -> None:
    """This repository's own requests and customizations, in one region: accounts with their roles
    first, then all the rest in them."""
    repo = Repo.create(root)
    repo.environ["AFT_SANDBOX_STATE"] = str(root.parent / "sample.state")
    for name in ("account-requests", "customizations"):
        shutil.copytree(ROOT / name, repo.root / name)
    config = (ROOT / "aft.yaml").read_text()
    config = config.replace("[eu-central-1, eu-west-1, us-east-1]", "[eu-central-1]")
    repo.write(
        "aft.yaml",
        config.replace("  reader: aft-reader", "  writer: aft-writer\n  reader: aft-reader"),
    )
    for path in WITHOUT:
        repo.remove(f"account-requests/{path}")
    request = repo.root / "account-requests/workloads/payments/payments-prod.yaml"
    whole = request.read_text()
    request.write_text(re.sub(r"(?m)^budget:.*\n(?: .*\n)*", "", whole))  # a setting's, too
    write_roles(repo)
    baselines = sorted((repo.root / "customizations/baselines").iterdir())
    texts = [path.read_text() for path in baselines]
    for path, text in zip(baselines, texts, strict=True):
        path.write_text(text[: text.index("settings:")] + "settings: []\n")
    repo.commit("The sample's accounts")
    repo.aft("sandbox", "seed")
    prepare(repo)
    runs.apply(repo)
    for path, text in zip(baselines, texts, strict=True):
        path.write_text(text)
    request.write_text(whole)
    repo.commit("The sample")
    runs.plan(repo)
    runs.apply(repo)
    runs.plan(repo, deep=True)


# --- as the roles that the template makes -----------------------------------------------------


def deploy_roles(sandbox: Sandbox, template: str, *, preview: bool = False) -> None:
    """What an administrator does once: the provider is there, the stack makes the roles."""
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    session.client("iam").create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE]
    )
    client = session.client("cloudformation")
    client.create_change_set(
        StackName="aft-roles",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=template,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "CreateOidcProvider", "ParameterValue": "no"},
            {"ParameterKey": "CreatePreviewRole", "ParameterValue": "yes" if preview else "no"},
        ],
    )
    client.get_waiter("change_set_create_complete").wait(
        StackName="aft-roles", ChangeSetName="first", WaiterConfig={"Delay": 0}
    )
    client.execute_change_set(StackName="aft-roles", ChangeSetName="first")
    stack: dict[str, Any] = {}
    while not stack or "IN_PROGRESS" in stack["StackStatus"]:
        sandbox.clock.sleep(5)
        stack = client.describe_stacks(StackName="aft-roles")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def become(
    sandbox: Sandbox, role: str, *, sub: str, aud: str = AUDIENCE, ref: str = "refs/heads/main"
) -> Keys:
    """A workflow's job with GitHub's token for ``sub``. Raises botocore's ``ClientError``."""
    claims = {"iss": f"https://{ISSUER}", "sub": sub, "aud": aud, "ref": ref}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    answer = session.client("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{sandbox.management_account_id}:role/{role}",
        RoleSessionName="job",
        WebIdentityToken=f"header.{payload}.signature",
    )["Credentials"]
    return Keys(
        access_key=answer["AccessKeyId"],
        secret_key=answer["SecretAccessKey"],
        token=answer["SessionToken"],
    )


NAMES = RoleNames(
    repository=RepositorySubject(repository="acme/accounts", owner_id=123456, repository_id=456789),
    member="OrganizationAccountAccessRole",
    reader=READER_ROLE,
    writer=WRITER_ROLE,
)
SUBJECT = "repo:acme@123456/accounts@456789:environment:{}"
WITHOUT = (
    "workloads/web-shop/web-shop-dev.yaml",
    "workloads/web-shop/web-shop-prod.yaml",
    "workloads/payments/payments-dev.yaml",
    "infrastructure/shared-services.yaml",
)
"""Requests of the sample that call nothing its others do not."""


def as_role(role: str) -> Callable[[Sandbox], Keys]:
    """As a workflow's job in its environment."""

    def keys(sandbox: Sandbox) -> Keys:
        return become(sandbox, role, sub=SUBJECT.format(role))

    return keys


def prepare(repo: Repo) -> None:
    """What an administrator does."""

    with repo.sandbox() as sandbox:
        deploy_roles(sandbox, roles_template(NAMES))


AS_WORKFLOWS = {"plan": as_role(PLAN_ROLE), "apply": as_role(APPLY_ROLE)}
"""As whom runs are, by phase."""
