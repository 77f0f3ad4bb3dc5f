"""A served organization, and ``aft`` as a process of its own: nothing of it is in this process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from builders_repo import Repo
from emulator.aft_server import Process
from waiting import PATIENCE, until

from aft.sandbox import Sandbox
from aft.sandbox.server import serve

ACCESS_ROLE = "OrganizationAccountAccessRole"


@cache
def _session() -> boto3.Session:
    """One for all: making them is what costs."""
    return boto3.Session(region_name="eu-central-1")


@dataclass(frozen=True)
class Live:
    """An organization behind an endpoint; ``environ`` is all that a client needs of it."""

    environ: dict[str, str]
    sandbox: Sandbox | None = None

    def client(self, service: str, region: str = "eu-central-1", **keys: str) -> Any:
        """A stock boto3 client of the management account, or of whoever has ``keys``."""
        own = {
            "aws_access_key_id": self.environ["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.environ["AWS_SECRET_ACCESS_KEY"],
        }
        url, options = self.environ["AWS_ENDPOINT_URL"], {}
        if service == "s3control":  # puts the account before the host, which only a proxy resolves
            url, options = "http://s3-control.sandbox.invalid", {"proxies": {"http": url}}
        return _session().client(
            service,
            region_name=region,
            endpoint_url=url,
            config=Config(retries={"total_max_attempts": 1}, **options),
            **(keys or own),
        )

    def inside(self, account_id: str) -> Callable[..., Any]:
        """``client(service, region)`` of a member account, by its access role."""
        found = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/{ACCESS_ROLE}", RoleSessionName="look"
        )["Credentials"]
        keys = {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
        return lambda service, region="eu-central-1": self.client(service, region, **keys)

    def accounts(self) -> dict[str, str]:
        """Ids of the member accounts by name."""
        client = self.client("organizations")
        management = client.describe_organization()["Organization"]["MasterAccountId"]
        pages = client.get_paginator("list_accounts").paginate()
        return {
            item["Name"]: item["Id"]
            for page in pages
            for item in page["Accounts"]
            if item["Id"] != management
        }

    def creations(self) -> list[tuple[str, str]]:
        """Every CreateAccount that was accepted: name and state."""
        pages = self.client("organizations").get_paginator("list_create_account_status")
        return sorted(
            (item["AccountName"], item["State"])
            for page in pages.paginate()
            for item in page["CreateAccountStatuses"]
        )


@contextlib.contextmanager
def live() -> Iterator[Live]:
    """An organization served from this process, in real time, on a free port."""
    with Sandbox.open(None, real_time=True) as sandbox, serve(sandbox) as server:
        yield Live(dict(server.environment()), sandbox)


@dataclass
class Running:
    """``aft`` in a process of its own. What it says is kept in files, so it is never held up."""

    process: subprocess.Popen[bytes] | Process
    out_file: Path
    err_file: Path
    code: int | None = field(default=None, init=False)

    @property
    def out(self) -> str:
        return self.out_file.read_text()

    @property
    def err(self) -> str:
        return self.err_file.read_text()

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit code."""
        self.code = self.process.wait(PATIENCE)
        return self.code

    def until(self, condition: Callable[[], object], what: str = "it happened") -> None:
        """Wait until ``condition`` holds; fail when the process ends before."""

        def holds() -> bool:
            if condition():
                return True
            assert not self.has_ended, f"ended before {what}: {self.out}{self.err}"
            return False

        until(holds, f"{what}: {self.out}{self.err}")

    def until_says(self, text: str) -> None:
        self.until(lambda: text in self.out or text in self.err, f"{text!r} was said")


@contextlib.contextmanager
def running(
    repo: Repo, *arguments: str, in_background: bool = False, **environ: str
) -> Iterator[Running]:
    """Start ``aft`` in ``repo``; it is killed at the end of the block if it still runs. With
    ``in_background`` it ignores SIGINT at first, as whatever a shell's script starts with ``&``."""
    number = len(list(repo.root.parent.glob("said-*.out")))
    out = repo.root.parent / f"said-{number}.out"
    err = out.with_suffix(".err")
    given = ["-C", str(repo.root), *arguments]
    environ = {**os.environ, **repo.environ, **environ}
    process: subprocess.Popen[bytes] | Process
    with out.open("wb") as to, err.open("wb") as errors, Path(os.devnull).open("rb") as nothing:
        if in_background:
            process = subprocess.Popen(
                ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "aft", *given],
                stdin=nothing,
                stdout=to,
                stderr=errors,
                env=environ,
            )
        else:
            streams = [stream.fileno() for stream in (nothing, to, errors)]
            process = Process(given, environ=environ, streams=streams)
    try:
        yield Running(process, out, err)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def run(repo: Repo, *arguments: str, **environ: str) -> Running:
    """``aft`` from beginning to end."""
    with running(repo, *arguments, **environ) as started:
        started.wait()
    return started


def clone(repo: Repo, remote: Path, root: Path) -> Repo:
    """A clone of a bare repository, as on another machine."""
    subprocess.run(["git", "clone", "--quiet", str(remote), str(root)], check=True)
    copy = Repo(root, dict(repo.environ))
    copy.git("config", "user.name", "Ada Lovelace")
    copy.git("config", "user.email", "ada@example.com")
    return copy


def with_remote(repo: Repo, root: Path) -> Path:
    """A bare remote called ``origin`` that has what ``repo`` has."""
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(root)], check=True
    )
    repo.git("remote", "add", "origin", str(root))
    repo.git("push", "--quiet", "--set-upstream", "origin", "main")
    return root
