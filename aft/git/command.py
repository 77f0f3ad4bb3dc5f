"""Through the user's own ``git`` command: what libgit2 is not to be trusted with.

Over ssh: ``git`` and ``ssh`` know the user's keys, agent, jump hosts and known hosts, and the
libssh2 1.11 in pygit2's wheels damages memory when a key is RSA, which ends the process. To a path
on this machine: libgit2 overwrites the branch there without looking whether it moved since the
negotiation, which loses the other writer's commits. Making a branch: libgit2 looks whether there
is one before it takes the lock, and overwrites what another process makes meanwhile. Never asks on
a terminal, and starts no program that the repository's own configuration or hooks name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from aft.errors import Transient

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_SSH = re.compile(r"(?:git\+)?ssh://|ssh\+git://|(?:[^/@:\s]+@)?[^/@:\s]{2,}:(?!//)")
_ABSENT = "couldn't find remote ref"
_EXISTS = "reference already exists"
_LOCKED = "file exists"
_SECONDS = 300
_NO_PROGRAMS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.alternateRefsCommand=true", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
)
_UPLOAD, _RECEIVE = "--upload-pack=git-upload-pack", "--receive-pack=git-receive-pack"
_PUSH = ("--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no", _RECEIVE)
_PROTOCOLS = "file:ssh"
"""What the command is used for. Without ``http``, for which libgit2 is, as its helpers are programs
too, and without ``ext``, whose URL is a command."""


_FILTER = re.compile(r"filter\.(.+)\.[a-z]+", re.DOTALL)


class GitCommandError(Exception):
    """git failed; the text is what it said."""


def is_ssh(url: str) -> bool:
    """True for an ssh URL and for git's short form ``host:path``."""
    return _SSH.match(url) is not None


def is_local(url: str) -> bool:
    """True for a path and for a ``file://`` URL."""
    scheme = _SCHEME.match(url)
    return scheme[1].lower() == "file" if scheme else not is_ssh(url)


@dataclass(frozen=True, slots=True)
class GitCommand:
    """The command in one repository. What it cannot do raises ``GitCommandError``, and what takes
    too long ``Transient``."""

    git_dir: Path
    environ: Mapping[str, str]

    @property
    def is_installed(self) -> bool:
        return shutil.which("git", path=self._path) is not None

    def fetch(self, remote: str, *, ref: str, tracking: str) -> bool:
        """Bring ``ref`` to ``tracking``; false when the remote has no such branch."""
        options = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules")
        try:
            refs = f"+{ref}:{tracking}"
            self._run("fetch", *options, "--no-write-fetch-head", _UPLOAD, "--", remote, refs)
        except GitCommandError as error:
            if _ABSENT in str(error):
                return False
            raise
        return True

    def push(self, remote: str, *, commit: str, ref: str, expected: str | None) -> str:
        """Push by compare-and-swap: ``""`` when it was accepted, else the reason it was not."""
        lease = f"--force-with-lease={ref}:{expected or ''}"
        options = ("--porcelain", lease, *_PUSH, "--")
        try:
            self._run("push", *options, remote, f"{commit}:{ref}")
        except GitCommandError as error:
            refusal = re.search(r"^!\t[^\t]*\t(.*)$", str(error), re.MULTILINE)
            if refusal is None:
                raise
            return refusal[1]
        return ""

    def create_ref(self, name: str, commit: str, *, message: str) -> bool:
        """Make the ref ``name``; false when there is one. Raises ``BlockingIOError`` while another
        process holds its lock."""
        try:
            self._run("update-ref", "-m", message, name, commit, "0" * len(commit))
        except GitCommandError as error:
            if _EXISTS in str(error):
                return False
            if _LOCKED in str(error).lower():
                raise BlockingIOError(str(error)) from error
            raise
        return True

    def try_push(self, remote: str, *, commit: str, ref: str) -> str:
        """Ask the remote whether it would take a push to ``ref``: ``""``, or what it said. Nothing
        changes there."""
        options = ("--dry-run", "--quiet", "--force", *_PUSH, "--")
        try:
            self._run("push", *options, remote, f"{commit}:{ref}")
        except GitCommandError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            return lines[0] if lines else "git gave no reason"
        return ""

    def ask(self, work_tree: Path, *arguments: str) -> bytes:
        """What git prints about a working tree; locks nothing, and starts neither a monitor of
        files nor a filter of the repository's own."""
        options = ("--no-optional-locks", f"--work-tree={work_tree}")
        index = {"GIT_INDEX_FILE": str(self.git_dir / "index")}
        return self._run(
            *arguments, options=options, cwd=work_tree, **index, **self._without_filters()
        )

    def _without_filters(self) -> Mapping[str, str]:
        """In the environment, as ``-c`` takes no name with an equals sign in it."""
        config = pygit2.Repository(str(self.git_dir)).config
        own = (item.name for item in config if item.level > ConfigLevel.GLOBAL)
        drivers = {match[1] for name in own if (match := _FILTER.fullmatch(name))}
        start = int(self.environ.get("GIT_CONFIG_COUNT") or 0)
        settings = [
            (f"filter.{driver}.{key}", value)
            for driver in sorted(drivers)
            for key, value in (("clean", ""), ("process", ""), ("required", "false"))
        ]
        found = {"GIT_CONFIG_COUNT": str(start + len(settings))}
        for number, (key, value) in enumerate(settings, start):
            found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return found

    def _run(
        self, *arguments: str, options: Sequence[str] = (), cwd: Path | None = None, **environ: str
    ) -> bytes:
        ssh = self.environ.get("GIT_SSH_COMMAND") or "ssh -o BatchMode=yes -o ConnectTimeout=20"
        quiet = {
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "GIT_SSH_COMMAND": ssh,
            "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        }
        try:
            done = subprocess.run(
                ["git", f"--git-dir={self.git_dir}", *_NO_PROGRAMS, *options, *arguments],
                cwd=cwd,
                env={**self.environ, "PATH": self._path, **quiet, **environ},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Transient(f"git {arguments[0]} took more than {_SECONDS} seconds") from error
        if done.returncode != 0:
            raise GitCommandError((done.stdout + done.stderr).decode(errors="replace").strip())
        return done.stdout

    @property
    def _path(self) -> str:
        return self.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
