"""A user's repository in a temporary folder, and the command line run in it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pygit2
from builders_git import commit_all

from aft.app import local_paths
from aft.app.local_paths import STATE_VARIABLE
from aft.app.world import edge_onto
from aft.aws.adapters import AwsEdge
from aft.cli.main import run
from aft.config.model import Config
from aft.organization.model import Account
from aft.sandbox.sandbox import Sandbox

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

BASELINE = """\
description: What every account gets
select:
  organizational_units: [Workloads, Sandbox]
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
Outputs:
  TopicArn:
    Value: !Ref Topic
"""


def edge_of(sandbox: Sandbox) -> AbstractContextManager[AwsEdge]:
    """The AWS edge onto ``sandbox``, for looking."""
    return edge_onto(sandbox, Config(home_region="eu-central-1"))


@dataclass(frozen=True)
class Result:
    """What a command left on the screen."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.strip().splitlines()[-1]

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Repo:
    """A git repository below ``root``, with a sandbox of its own."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path) -> Repo:
        made = pygit2.init_repository(str(root), initial_head="main")
        made.config["user.name"] = "Grace Hopper"
        made.config["user.email"] = "grace@example.com"
        return cls(root)

    @classmethod
    def standard(cls, root: Path) -> Repo:
        """An OU tree and a small baseline; no requests yet."""
        repo = cls.create(root)
        repo.write("aft.yaml", CONFIG)
        repo.write("customizations/organization/organization.yaml", ORGANIZATION)
        repo.write("customizations/baselines/standard.yaml", BASELINE)
        repo.commit("Begin")
        return repo

    @classmethod
    def apart(cls, folder: Path) -> Repo:
        """A standard one with its organization next to it: saved for many tests to copy."""
        repo = cls.standard(folder / "repo")
        repo.environ = {STATE_VARIABLE: str(folder / "organization")}
        return repo

    def copy(self, root: Path) -> Repo:
        """The same repository and organization below ``root``; both go their own way from here."""
        shutil.copytree(self.root, root / "repo")
        copy = Repo(root / "repo", {**self.environ, STATE_VARIABLE: str(root / "organization")})
        if self.state_file.exists():
            shutil.copy2(self.state_file, copy.state_file)
        return copy

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def request(self, request_id: str, text: str = "", *, ou: str = "Workloads/Dev") -> None:
        """Write a request; ``text`` holds more lines of it."""
        self.write(
            f"account-requests/{request_id}.yaml",
            f"name: {request_id}\nemail: aws+{request_id}@example.com\nou: {ou}\n{text}",
        )

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        return commit_all(self.root, message)

    @property
    def state_file(self) -> Path:
        return local_paths.sandbox_state(self.root, {**os.environ, **self.environ})

    def aft(self, *arguments: str, sandbox: bool = True) -> Result:
        """Run ``aft`` in this process, in this repository."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ.update(self.environ)
        options = ["-C", str(self.root), *(["--sandbox"] if sandbox else [])]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run([*options, *arguments])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Result(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        """The simulated organization, to look at it or to change it by hand."""
        with Sandbox.open(self.state_file) as sandbox:
            yield sandbox

    @contextlib.contextmanager
    def organizations(self) -> Iterator[Any]:
        """A stock boto3 client of the management account."""
        with self.sandbox() as sandbox:
            yield boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")

    def accounts(self) -> dict[str, Account]:
        """Every account but the management account, by name."""
        with self.sandbox() as sandbox, edge_of(sandbox) as edge:
            snapshot = edge.reader.read()
        return {
            account.name: account
            for account in snapshot.accounts
            if account.id != snapshot.management_account_id
        }

    def ou_paths(self) -> set[str]:
        with self.sandbox() as sandbox, edge_of(sandbox) as edge:
            return {str(unit.path) for unit in edge.reader.read().units if not unit.path.is_root}

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[Callable[..., Any]]:
        """``client(service, region)`` inside the account called ``name``."""
        account_id = self.accounts()[name].id
        with self.sandbox() as sandbox:
            session = sandbox.member_session(account_id)
            yield lambda service, region="eu-central-1": session.client(service, region)

    def ledger_log(self, *arguments: str) -> str:
        return self.git("log", "aft/ledger-sandbox", *arguments)

    def apply(self, *, code: int = 0) -> Result:
        """``aft apply``, which must succeed; with 4, as far as it can."""
        result = self.aft("apply", "--yes")
        assert result.code == code, result.out + result.err
        return result

    def plan(self, *arguments: str) -> Any:
        """The plan as JSON."""
        result = self.aft("plan", "--format", "json", *arguments)
        assert result.code == 0, result.out + result.err
        return result.data

    def changes(self) -> list[str]:
        """The ids of the planned changes."""
        return [change["id"] for change in self.plan()["changes"]]
