"""A repository on the local GitHub, the command line run against it as a workflow would, and
clients on a clock where waiting costs nothing."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from builders_git import bare, git
from builders_repo import CONFIG, Repo, Result
from fakes.clocks import SteppingClock
from github_server import GitHubServer, Pull
from github_server.server import system_time

from aft.github.address import ApiAddress
from aft.github.client import PATIENCE_SECONDS, GitHubClient, Token
from aft.github.wire import Wire

REPOSITORY = "example/accounts"
_NEEDS_GIT = ("pulls", "fetch-pull", "signatures")
COMMENTS = {"pull-requests": "write", "contents": "read"}


class World:
    """A bare repository, GitHub's API over it, and a clone in which aft runs."""

    def __init__(self, root: Path, github: GitHubServer, hosted: Path) -> None:
        self.root = root
        self.github = github
        self.hosted = hosted
        self.files = root / "files"
        self.files.mkdir()
        self.outputs_file = self.files / "outputs"
        self.base = github.git.branch("main")
        self.event: Path | None = None
        self._here = root / "clone"
        self._here.mkdir()

    def clone(self) -> Repo:
        """The clone the commands run in; made when the first of them needs it."""
        if not (self._here / ".git").exists():
            git(self.root, "clone", "-q", str(self.hosted), str(self._here))
        return Repo(self._here)

    def pull(self, branch: str = "topic", **files: str) -> Pull:
        """A pull request that adds a file (or those given, ``__`` for a slash)."""
        content = {key.replace("__", "/"): text for key, text in files.items()}
        self.github.commit_to(branch, content or {f"{branch}.txt": "x\n"})
        return self.github.open_pull(branch)

    def file(self, text: str, name: str = "comment.md") -> str:
        path = self.files / name
        path.write_text(text)
        return str(path)

    def happened(self, number: int, action: str = "opened") -> None:
        """The event the next commands run for."""
        self.event = self.files / "event.json"
        self.event.write_text(json.dumps(self.github.event(number, action)))

    def aft(
        self,
        *arguments: str,
        token: str | None = None,
        permissions: Mapping[str, str] = COMMENTS,
        **environ: str,
    ) -> Result:
        """``aft github …`` in a job with these permissions."""
        secret = self.github.token(permissions) if token is None else token
        self.outputs_file.unlink(missing_ok=True)
        repo = self.clone() if arguments[0] in _NEEDS_GIT else Repo(self._here)
        repo.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_RUN_ID": "77",
            "GITHUB_TOKEN": secret,
            "GITHUB_OUTPUT": str(self.outputs_file),
            **({"GITHUB_EVENT_PATH": str(self.event)} if self.event else {}),
            **environ,
        }
        return repo.aft("github", *arguments, sandbox=False)

    @property
    def outputs(self) -> dict[str, str]:
        lines = self.outputs_file.read_text().splitlines() if self.outputs_file.exists() else []
        return dict(line.split("=", 1) for line in lines)


@functools.cache
def _template() -> Path:
    """A bare repository with one commit, made once and copied for each test."""
    path = bare(Path(tempfile.mkdtemp(prefix="aft-hosted-")) / "hosted.git")
    GitHubServer(REPOSITORY, path).commit_to("main", {"aft.yaml": CONFIG})
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    return path


@contextlib.contextmanager
def on_github(root: Path, now: Callable[[], datetime] = system_time) -> Iterator[World]:
    hosted = root / "hosted.git"
    shutil.copytree(_template(), hosted)
    with GitHubServer(REPOSITORY, hosted, now=now) as github:
        yield World(root, github, hosted)


def client_of(
    github: GitHubServer,
    *,
    token: str | None = None,
    permissions: Mapping[str, str] | None = None,
    clock: SteppingClock | None = None,
    patience: float = PATIENCE_SECONDS,
    wire: Wire | None = None,
) -> GitHubClient:
    """A client with a token of its own."""
    secret = token or github.token(permissions or {"issues": "write", "pull-requests": "write"})
    return GitHubClient(
        address=ApiAddress.parse(github.url),
        repository=REPOSITORY,
        token=Token(secret),
        clock=clock or SteppingClock(),
        patience=patience,
        wire=wire,
    )
