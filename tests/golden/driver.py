"""One repository and one simulated organization, driven through the command line alone.

All that the golden scenarios import of aft is imported here, so that modules of aft may be moved
without touching a scenario: the entry of the command line, and the sandbox, to do by hand what
people do in a console.

A run is the same every time: commits and runs are an hour apart, the person is always the same,
and what aft gives to a pool of threads is carried out at once, in the order in which it was given.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pygit2

from aft.cli.main import run as run_command_line
from aft.sandbox import AccountSpec, Sandbox

LEDGER = "aft/ledger-sandbox"
PERSON = ("Ada Lovelace", "ada@example.com")
_HIDDEN = ("--out", "--report")
"""Options whose values are folders of this machine: not shown."""
_STEP = timedelta(hours=1)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Work given to a pool of threads is done when it is given: one legal order out of many."""
    original = ThreadPoolExecutor.submit

    def submit(self: ThreadPoolExecutor, call: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:  # as a thread would: whoever asks for the result gets it
            future.set_exception(error)
        return future

    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        ThreadPoolExecutor.submit = original  # type: ignore[method-assign]


@dataclass
class World:
    """A repository below ``root`` with an organization of its own, and a calendar."""

    root: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __post_init__(self) -> None:
        pygit2.init_repository(str(self.repository), initial_head="main")

    @property
    def repository(self) -> Path:
        return self.root / "repo"

    # --- the repository ---

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write every file; ``None`` takes a file or folder away."""
        for name, text in files.items():
            path = self.repository / name
            if text is None:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> None:
        who = pygit2.Signature(*PERSON, int(self.now.timestamp()), 0)
        repository = pygit2.Repository(str(self.repository))
        repository.index.add_all()
        repository.index.write()
        tree = repository.index.write_tree()
        parents = [] if repository.head_is_unborn else [repository.head.target]
        repository.create_commit("HEAD", who, who, f"{message}\n", tree, parents)

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """The output of a git command, which must succeed."""
        name, email = PERSON
        at = self.now.isoformat()
        who = {f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")}
        who |= {f"GIT_{role}_EMAIL": email for role in ("AUTHOR", "COMMITTER")}
        who |= {f"GIT_{role}_DATE": at for role in ("AUTHOR", "COMMITTER")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.repository,
            env={**os.environ, **who},
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # --- the command line ---

    def aft(self, *arguments: str) -> str:
        """Run ``aft --sandbox`` here; the command, what it said, and its exit code, as one text."""
        code, out, err = self.run(*arguments)
        said = [f"$ aft {_shown(arguments)}", out.rstrip("\n")]
        if err:
            said += ["--- stderr", err.rstrip("\n")]
        return "\n".join([*said, f"--- exit {code}", ""])

    def json(self, *arguments: str) -> Any:
        """What a command says as JSON, whatever its exit code."""
        code, out, err = self.run(*arguments)
        assert out, f"exit {code}: {err}"
        return json.loads(out)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of ``aft --sandbox``."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        os.environ.update(
            AFT_SANDBOX_STATE=str(self._state),
            AFT_ACTOR=f"{PERSON[0]} <{PERSON[1]}>",
            XDG_CACHE_HOME=str(self.root / "cache"),
            XDG_STATE_HOME=str(self.root / "state"),
        )
        try:
            with one_at_a_time(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run_command_line(["-C", str(self.repository), "--sandbox", *arguments])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return code, out.getvalue(), err.getvalue()

    # --- the organization ---

    @property
    def _state(self) -> Path:
        return self.root / "organization.state"

    def an_hour_later(self) -> None:
        """The next commit is later than all that was done, and the next run later than that."""
        with self.sandbox() as sandbox:
            self.now = max(self.now, sandbox.clock.now().replace(microsecond=0)) + _STEP
            sandbox.clock.advance((self.now + _STEP - sandbox.clock.now()).total_seconds())

    @contextlib.contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        with Sandbox.open(self._state) as sandbox:
            yield sandbox

    # --- the ledger ---

    def ledger_tip(self) -> str:
        """The commit; empty while there is none."""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{LEDGER}").strip()

    def ledger_since(self, tip: str) -> str:
        """Every commit and every file of the ledger that is new since ``tip``, JSON line by line.

        Of files of events only the new lines; their AWS requests, one id each, as a number.
        """
        new = self.ledger_tip()
        if new == tip:
            return "nothing was written\n"
        files = pygit2.Repository(str(self.repository))

        def text(blob: str) -> str:
            return files.revparse_single(blob).peel(pygit2.Blob).data.decode()

        span = f"{tip}..{LEDGER}" if tip else LEDGER
        log = self.git("log", "--reverse", "--format=commit by %an <%ae>%n%n%B", span)
        parts = [_without_requests(log).rstrip("\n")]
        empty = self.git("hash-object", "-t", "tree", "--stdin", "-w").strip()
        published: list[dict[str, Any]] = []
        for line in self.git(
            "diff", "--name-status", "--no-renames", tip or empty, new
        ).splitlines():
            status, path = line.split("\t")
            now = "" if status == "D" else text(f"{new}:{path}")
            old = "" if status == "A" else text(f"{tip}:{path}")
            if path.startswith("snapshot/accounts/"):  # a folder by digests of ids
                published += json.loads(now or "[]")
            elif status == "D":
                parts.append(f"=== {path}: deleted")
            else:
                parts.append(f"=== {path}\n{_pretty(path, now, old)}")
        if published:
            entries = [
                _pretty_json(item) for item in sorted(published, key=lambda one: one["name"])
            ]
            parts.append("\n".join(["=== snapshot/accounts", *entries]))
        return "\n\n".join(parts) + "\n"


@dataclass(frozen=True)
class Hand:
    """What somebody does in a console, past aft."""

    sandbox: Sandbox

    def organizations(self) -> Any:
        return boto3.Session(botocore_session=self.sandbox.botocore_session()).client(
            "organizations"
        )

    def id_of(self, name: str) -> str:
        pages = self.organizations().get_paginator("list_accounts").paginate()
        return next(
            str(item["Id"]) for page in pages for item in page["Accounts"] if item["Name"] == name
        )

    def client(self, name: str, service: str) -> Any:
        """Inside the account of that name."""
        return self.sandbox.member_session(self.id_of(name)).client(service, "eu-central-1")

    def seed(self, name: str, email: str, **more: Any) -> None:
        """Let an account exist."""
        self.sandbox.seed_accounts([AccountSpec(name=name, email=email, **more)])

    def move_to_root(self, name: str) -> None:
        client, account = self.organizations(), self.id_of(name)
        (parent,) = client.list_parents(ChildId=account)["Parents"]
        root = client.list_roots()["Roots"][0]["Id"]
        client.move_account(
            AccountId=account, SourceParentId=parent["Id"], DestinationParentId=root
        )

    def tag(self, name: str, **tags: str) -> None:
        self.organizations().tag_resource(
            ResourceId=self.id_of(name),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )

    def untag(self, name: str, *keys: str) -> None:
        self.organizations().untag_resource(ResourceId=self.id_of(name), TagKeys=list(keys))


def _shown(arguments: Sequence[str]) -> str:
    shown: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument not in _HIDDEN:
            shown.append(argument.rpartition("/")[2] if argument.startswith("/") else argument)
        skip = argument in _HIDDEN
    return shlex.join(shown)


def _without_requests(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if not line.startswith("Aft-Aws-Request:"))


def _pretty(path: str, text: str, old: str) -> str:
    if path.endswith(".jsonl"):
        lines = text.splitlines()[len(old.splitlines()) :]
        return "\n".join(_pretty_json(json.loads(line)) for line in lines)
    if path.endswith(".json"):
        return _pretty_json(json.loads(text))
    return text.rstrip("\n")


def _pretty_json(value: dict[str, Any]) -> str:
    if "aws_request_ids" in value:
        calls = [item.rpartition(":")[0] for item in value["aws_request_ids"]]
        value = {**value, "aws_request_ids": calls}
    return json.dumps(value, indent=1, ensure_ascii=False)
