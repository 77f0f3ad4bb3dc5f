"""Plays a page: writes its files, runs its commands in a repository of its own, in order."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aft import plugins
from aft.cli.main import run
from aft.sandbox.profiles import Profile, behaviour_of
from aft.sandbox.sandbox import Sandbox

from .answers import differs, renewed
from .generated import DOCS
from .pages import Block, Command, blocks_of, commands_of, start_of

ROOT = DOCS.parent
SAMPLE = ("aft.yaml", "account-requests", "customizations")
"""What of this repository a reader's clone is played with."""

ENVIRONMENT = {
    "AFT_ACTOR": "ada",
    "AFT_SANDBOX": "1",
    "GIT_AUTHOR_NAME": "Ada Lovelace",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Lovelace",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "PAGER": "cat",
}
_SHELL = ("|", ">", "&&", ";", "$(")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one command of a page did."""

    block: Block
    command: Command
    is_last: bool
    said: tuple[str, ...]
    exit_code: int

    @property
    def unexpected_exit(self) -> str:
        """The exit code, if it is another than the page says."""
        wanted = int(self.block.remarks.get("exit", "0")) if self.is_last else 0
        return "" if self.exit_code == wanted else f"exit {self.exit_code}, the page says {wanted}"

    @property
    def problem(self) -> str:
        """Why this is not what the page says; an empty string when it is."""
        place = f"{self.block.page.name}:{self.command.line}: $ {self.command.text}"
        if self.unexpected_exit:
            return f"{place}\n{self.unexpected_exit}\n" + "\n".join(self.said)
        difference = differs(
            self.said, self.command.answer, any_order="any order" in self.block.remarks
        )
        return f"{place}\n{difference}" if difference else ""


class Stage:
    """A repository to play a page in. ``kind`` is what a page starts from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "aft"
        self.environ = {**ENVIRONMENT, "AFT_SANDBOX_STATE": str(folder / "organization.state")}
        self._packages: list[str] = []

    @classmethod
    def empty(cls, folder: Path) -> Stage:
        """A repository with nothing in it."""
        stage = cls(folder)
        stage.root.mkdir(parents=True)
        stage.play("git init -q -b main", check=True)
        return stage

    @classmethod
    def sample(cls, folder: Path) -> Stage:
        """This repository's own requests and customizations, committed."""
        stage = cls.empty(folder)
        for name in SAMPLE:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, stage.root / name)
            else:
                shutil.copy(source, stage.root / name)
        for command in ("add --all", "commit -q -m 'The sample repository'"):
            stage.play(f"git {command}", check=True)
        return stage

    def copy_to(self, folder: Path) -> Stage:
        copy = Stage(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.root, copy.root)
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(self.environ["AFT_SANDBOX_STATE"], copy.environ["AFT_SANDBOX_STATE"])
        return copy

    def hurry(self) -> None:
        """From here on the simulated organization answers as in the profile instant.

        Only billing stays a day behind: tag keys it has not seen yet are no change, and would be
        one as soon as it hurried.
        """
        with Sandbox.open(Path(self.environ["AFT_SANDBOX_STATE"])) as sandbox:
            behaviour = dataclasses.asdict(behaviour_of(Profile.INSTANT))
            del behaviour["billing_lag_seconds"]
            sandbox.configure(**behaviour)

    def play(self, command: str, *, check: bool = False) -> tuple[int, str]:
        """Run one command line in the repository; its exit code and all it said."""
        is_ours = command.startswith("aft ") and not any(sign in command for sign in _SHELL)
        code, said = self._aft(command) if is_ours else self._shell(command)
        if check and code:
            raise AssertionError(f"{command}: exit {code}\n{said}")
        return code, said

    def _aft(self, command: str) -> tuple[int, str]:
        arguments = shlex.split(command)[1:]
        out = io.StringIO()
        with (
            self._environment(),
            self._installed(),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code = run(arguments)
        return code, out.getvalue()

    @contextlib.contextmanager
    def _installed(self) -> Iterator[None]:
        if not self._packages:
            yield
            return
        before = list(sys.path)
        sys.path[:0] = self._packages
        plugins._installed.cache_clear()
        try:
            yield
        finally:
            sys.path[:] = before
            plugins._installed.cache_clear()

    def _shell(self, command: str) -> tuple[int, str]:
        with self._environment():
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-ec", command],
                cwd=self.root,
                env={**os.environ, "PATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def add_package(self, folder: str) -> None:
        """From here on, aft finds what is installed in ``folder``, seen from the repository."""
        self._packages.append(str((self.root / folder).resolve()))

    def export(self, command: str) -> None:
        """``export NAME=VALUE`` lasts for the rest of the page."""
        name, _, value = command.removeprefix("export ").partition("=")
        self.environ[name] = value


def play(page: Path, stage: Stage, *, snapshots: Path | None = None) -> Iterator[Answer]:
    """Play every block of a page that is meant to be; copies of the stage go to ``snapshots``."""
    for block in blocks_of(page):
        if not block.is_played:
            continue
        if "snapshot" in block.remarks and snapshots is not None:
            stage.copy_to(snapshots / block.remarks["snapshot"]).hurry()
        if "file" in block.remarks:
            file = stage.root / block.remarks["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
            continue
        if "packages" in block.remarks:
            stage.add_package(block.remarks["packages"])
        commands = commands_of(block)
        for command in commands:
            if command.text.startswith("export "):
                stage.export(command.text)
                continue
            code, said = stage.play(block.remarks.get("plays as", command.text))
            yield Answer(
                block=block,
                command=command,
                is_last=command is commands[-1],
                said=tuple(line.rstrip() for line in said.rstrip().splitlines()),
                exit_code=code,
            )


TUTORIAL = DOCS / "tutorial" / "first-account.md"
"""The page whose snapshot others start from."""


def begin(kind: str, folder: Path, *, snapshots: Path) -> Stage:
    """A new stage of the kind a page starts from; one of ``snapshots`` once there is one."""
    if (snapshots / kind).exists():
        return Stage(snapshots / kind).copy_to(folder)
    return {"empty": Stage.empty, "sample": Stage.sample}[kind](folder)


def played_pages() -> tuple[Path, ...]:
    """The pages that say what they start from; the tutorial first."""
    found = (page for page in sorted(DOCS.rglob("*.md")) if start_of(page))
    return tuple(sorted(found, key=lambda page: (page != TUTORIAL, page)))


def record(folder: Path, *, only: Sequence[Path] = ()) -> Iterator[Path]:
    """Write down what commands say now where pages say something else."""
    for number, page in enumerate(played_pages()):
        if only and page not in only and page != TUTORIAL:
            continue
        stage = begin(start_of(page), folder / str(number), snapshots=folder)
        lines = page.read_text().splitlines()
        changes: list[tuple[int, int, list[str]]] = []
        for answer in play(page, stage, snapshots=folder):
            if answer.unexpected_exit:
                print(answer.problem, file=sys.stderr)
            if answer.problem and "any order" not in answer.block.remarks:
                length = len(answer.command.answer)
                new = renewed(answer.said, answer.command.answer)
                changes.append((answer.command.line, length, new))
        for first, length, new in reversed(changes):
            lines[first : first + length] = new
        if changes:
            page.write_text("\n".join(lines) + "\n")
            yield page
