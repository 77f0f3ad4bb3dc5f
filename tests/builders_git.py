"""Real repositories for tests, made with the git command, and events to put in ledgers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pygit2
from pygit2.enums import ConfigLevel

from aft.git.repository import Repository, open_repository
from aft.ledger.events import EventKind, LedgerEvent

# Whatever this machine's user has configured must not decide a test.
for _level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
    pygit2.settings.search_path[_level] = ""

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BRANCH = "aft/ledger"

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}


def git(where: Path, *arguments: str | Path, **environ: str) -> str:
    """The output of a git command, which must succeed."""
    done = subprocess.run(
        ["git", "-C", where, *arguments],
        env=_ENVIRONMENT | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(errors="surrogateescape").strip()


def commit_all(
    where: Path,
    message: str,
    *,
    author: pygit2.Signature | None = None,
    committer: pygit2.Signature | None = None,
) -> str:
    """Commit everything that lies in the work tree, as ``git add --all`` and ``git commit`` do it,
    three processes cheaper; the commit's id."""
    repository = pygit2.Repository(str(where))
    index = repository.index
    index.add_all()
    index.write()
    tree = index.write_tree()
    parents = [] if repository.head_is_unborn else [repository.head.target]
    author = author or repository.default_signature
    text = f"{message}\n"
    made = repository.create_commit("HEAD", author, committer or author, text, tree, parents)
    return str(made)


class Clone:
    """A repository with a work tree; commits are a minute apart and by whom one says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._minutes = 0
        if not (path / ".git").exists():
            pygit2.init_repository(str(path), initial_head="main")

    @property
    def repository(self) -> Repository:
        return open_repository(self.path)

    def write(self, path: str, content: str | bytes = "x\n") -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def commit(
        self,
        message: str = "change",
        *,
        files: Mapping[str, str | bytes] | None = None,
        author: str = "Ada Lovelace <ada@example.com>",
        committer: str | None = None,
    ) -> str:
        """Commit everything that lies in the work tree; the commit's id."""
        for path, content in (files or {}).items():
            self.write(path, content)
        return self._commit_all(message, self._who(author, committer))

    def _commit_all(self, message: str, by: Mapping[str, str]) -> str:
        at = int(datetime.fromisoformat(by["GIT_AUTHOR_DATE"]).timestamp())
        people = [
            pygit2.Signature(by[f"GIT_{role}_NAME"], by[f"GIT_{role}_EMAIL"], at, 0)
            for role in ("AUTHOR", "COMMITTER")
        ]
        return commit_all(self.path, message, author=people[0], committer=people[1])

    def merge(self, branch: str, message: str = "merge", **options: str) -> str:
        git(
            self.path,
            "merge",
            "-q",
            "--no-ff",
            "-m",
            message,
            *options.values(),
            branch,
            **self._who("Ada Lovelace <ada@example.com>", None),
        )
        return git(self.path, "rev-parse", "HEAD")

    def empty_tree(self) -> str:
        """The empty tree, written."""
        return git(self.path, "mktree", "--missing")

    def commit_object(self, tree: str, parent: str | None, message: str) -> str:
        """A commit that no branch points at."""
        parents = ["-p", parent] if parent else []
        who = self._who("Ada Lovelace <ada@example.com>", None)
        return git(self.path, "commit-tree", tree, *parents, "-m", message, **who)

    def git(self, *arguments: str | Path) -> str:
        return git(self.path, *arguments)

    def _who(self, author: str, committer: str | None) -> dict[str, str]:
        self._minutes += 1
        at = (START + timedelta(minutes=self._minutes)).isoformat()
        people = {"AUTHOR": author, "COMMITTER": committer or author}
        who: dict[str, str] = {}
        for role, person in people.items():
            name, _, email = person.rstrip(">").partition(" <")
            who |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email, f"GIT_{role}_DATE": at}
        return who


class CommandClone(Clone):
    """Its commits are made by the git command, which writes the index in its own forms."""

    def _commit_all(self, message: str, by: Mapping[str, str]) -> str:
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "--allow-empty", "-m", message, **by)
        return git(self.path, "rev-parse", "HEAD")


def bare(path: Path) -> Path:
    """An empty bare repository, such as a server keeps."""
    pygit2.init_repository(str(path), bare=True, initial_head="main")
    return path


def clone_of(remote: Path | str, path: Path) -> Clone:
    """A clone that has ``remote`` as its origin and nothing fetched."""
    clone = Clone(path)
    clone.git("remote", "add", "origin", str(remote))
    return clone


def event(
    subject: str = "payments-prod",
    kind: EventKind = EventKind.STEP_DONE,
    *,
    second: float = 0,
    run: str = "run-1",
    actor: str = "Ada Lovelace <ada@example.com>",
    account_id: str | None = None,
    data: Mapping[str, Any] | None = None,
    **more: Any,
) -> LedgerEvent:
    """An event some seconds after ``START``."""
    return LedgerEvent(
        kind=kind,
        subject=subject,
        at=START + timedelta(seconds=second),
        run=run,
        actor=actor,
        account_id=account_id,
        data=data or {},
        **more,
    )


def intent(subject: str = "payments-prod", *, second: float = 0, run: str = "run-1") -> LedgerEvent:
    """A run is about to create an account."""
    data = {"name": subject, "email": f"{subject}@example.com"}
    return event(subject, EventKind.INTENT, second=second, run=run, data=data)


def bound(
    subject: str = "payments-prod",
    *,
    second: float = 0,
    run: str = "run-1",
    account_id: str = "111122223333",
    **data: Any,
) -> LedgerEvent:
    """The subject has an account."""
    return event(
        subject,
        EventKind.BOUND,
        second=second,
        run=run,
        account_id=account_id,
        data={"how": "created", **data},
    )


def step(
    name: str,
    digest: str = "sha256:1",
    *,
    subject: str = "payments-prod",
    second: float = 0,
    run: str = "run-1",
    kind: EventKind = EventKind.STEP_DONE,
    **data: Any,
) -> LedgerEvent:
    """A step went well (or as ``kind`` says)."""
    return event(
        subject,
        kind,
        second=second,
        run=run,
        data={"kind": "apply-setting", "name": name, "digest": digest, **data},
    )
