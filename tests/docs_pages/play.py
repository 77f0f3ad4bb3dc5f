"""Plays a page: writes its files, runs its commands in a repository of its own, in order."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aft.sandbox.sandbox  # noqa: F401 - sets what moto reads from the environment, for good
from aft.cli.main import run

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
    def problem(self) -> str:
        """Why this is not what the page says; an empty string when it is."""
        place = f"{self.block.page.name}:{self.command.line}: $ {self.command.text}"
        wanted = int(self.block.remarks.get("exit", "0")) if self.is_last else 0
        if self.exit_code != wanted:
            said = "\n".join(self.said)
            return f"{place}\nexit {self.exit_code}, the page says {wanted}\n{said}"
        difference = differs(
            self.said, self.command.answer, any_order="any order" in self.block.remarks
        )
        return f"{place}\n{difference}" if difference else ""


class Stage:
    """A repository to play a page in. ``kind`` is what a page starts from."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "aft"
        self.environ = {**ENVIRONMENT, "AFT_SANDBOX_STATE": str(folder / "organization.state")}

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

    @classmethod
    def vended(cls, folder: Path) -> Stage:
        """The same with every account made."""
        stage = cls.sample(folder)
        for command in ("sandbox reset --yes", "sandbox seed", "-q apply --yes"):
            stage.play(f"aft {command}", check=True)
        return stage

    def copy_to(self, folder: Path) -> Stage:
        copy = Stage(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.root, copy.root)
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(self.environ["AFT_SANDBOX_STATE"], copy.environ["AFT_SANDBOX_STATE"])
        return copy

    def play(self, command: str, *, check: bool = False) -> tuple[int, str]:
        """Run one command line in the repository; its exit code and all it said."""
        is_ours = command.startswith("aft ") and not any(sign in command for sign in _SHELL)
        is_ours = is_ours and "PYTHONPATH" not in self.environ
        code, said = self._aft(command) if is_ours else self._shell(command)
        if check and code:
            raise AssertionError(f"{command}: exit {code}\n{said}")
        return code, said

    def _aft(self, command: str) -> tuple[int, str]:
        arguments = shlex.split(command)[1:]
        out = io.StringIO()
        with (
            self._environment(),
            contextlib.chdir(self.root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
        ):
            code = run(arguments)
        return code, out.getvalue()

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

    def add_path(self, assignment: str) -> None:
        """``NAME=FOLDER``: put the folder, seen from the repository, before what is there."""
        name, _, folder = assignment.partition("=")
        place = str((self.root / folder).resolve())
        self.environ[name] = os.pathsep.join(filter(None, (place, os.environ.get(name, ""))))

    def export(self, command: str) -> None:
        """``export NAME=VALUE`` lasts for the rest of the page."""
        name, _, value = command.removeprefix("export ").partition("=")
        self.environ[name] = value


def play(page: Path, stage: Stage) -> Iterator[Answer]:
    """Play every block of a page that is meant to be."""
    for block in blocks_of(page):
        if not block.is_played:
            continue
        if "file" in block.remarks:
            file = stage.root / block.remarks["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
            continue
        if "with" in block.remarks:
            stage.add_path(block.remarks["with"])
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


def begin(kind: str, folder: Path) -> Stage:
    """A new stage of the kind a page starts from."""
    return {"empty": Stage.empty, "sample": Stage.sample, "vended": Stage.vended}[kind](folder)


def played_pages() -> tuple[Path, ...]:
    """The pages that say what they start from."""
    return tuple(page for page in sorted(DOCS.rglob("*.md")) if start_of(page))


def record(folder: Path, *, only: Sequence[Path] = ()) -> Iterator[Path]:
    """Write down what commands say now where pages say something else."""
    vended: Stage | None = None
    for number, page in enumerate(played_pages()):
        if only and page not in only:
            continue
        place = folder / str(number)
        if start_of(page) == "vended":
            vended = vended or Stage.vended(folder / "vended")
            stage = vended.copy_to(place)
        else:
            stage = begin(start_of(page), place)
        lines = page.read_text().splitlines()
        changes: list[tuple[int, int, list[str]]] = []
        for answer in play(page, stage):
            wanted = int(answer.block.remarks.get("exit", "0")) if answer.is_last else 0
            if answer.exit_code != wanted:
                print(answer.problem, file=sys.stderr)
            if not answer.problem or "any order" in answer.block.remarks:
                continue
            first = answer.command.line
            length = len(answer.command.answer)
            changes.append((first, length, renewed(answer.said, answer.command.answer)))
        for first, length, new in reversed(changes):
            lines[first : first + length] = new
        if changes:
            page.write_text("\n".join(lines) + "\n")
            yield page
