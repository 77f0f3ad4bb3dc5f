"""What a scenario is made of, and playing it.

A story is one repository and organization; its scenarios follow each other, each one a commit, what
somebody does by hand, and some commands. A scenario leaves files: ``plan.json`` and others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .driver import Hand, World
from .normal import Labels

SCENARIOS = Path(__file__).parent / "scenarios"

Command = Callable[[World, Path], Mapping[str, str]]
"""Does something and returns what it left, by file name. The path is the story's scratch folder."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """``name`` is a folder of ``scenarios/``; ``files`` are written (``None``: taken away) and
    committed, then ``hand`` acts, then the commands run."""

    name: str
    commands: Sequence[Command]
    files: Mapping[str, str | None] = field(default_factory=dict)
    message: str = ""
    hand: Callable[[Hand], object] | None = None

    def play(self, world: World, scratch: Path) -> Mapping[str, str]:
        """What the commands leave, by file name."""
        world.an_hour_later()
        if self.files:
            world.write(self.files)
            world.commit(self.message or self.name)
        if self.hand is not None:
            with world.sandbox() as sandbox:
                self.hand(Hand(sandbox))
        left: dict[str, str] = {}
        for command in self.commands:
            for name, text in command(world, scratch).items():
                assert name not in left, f"two commands leave {self.name}/{name}"
                left[name] = text
        return left


@dataclass(frozen=True, kw_only=True)
class Story:
    """Scenarios that follow each other in one organization."""

    name: str
    scenarios: Sequence[Scenario]

    def play(self, folder: Path) -> Mapping[str, str]:
        """What every scenario leaves, by path below ``scenarios/``."""
        world = World(folder)
        left: dict[str, str] = {}
        for scenario in self.scenarios:
            for name, text in scenario.play(world, folder).items():
                left[f"{scenario.name}/{name}"] = text.replace(str(folder), "/scratch")
        labels = Labels()
        labels.learn([world.git("rev-list", "main")], "commit-{}")
        labels.learn([world.git("rev-list", "--all")], "ledger-{}")
        labels.learn(left.values())
        return {path: labels.applied(text) for path, text in left.items()}


def plan(*options: str, name: str = "plan", comment: bool = True, pin: str = "plan") -> Command:
    """``aft plan``: the text, the pinned plan, and the comment for a pull request."""

    def command(world: World, scratch: Path) -> Mapping[str, str]:
        report, pinned = scratch / f"report-{pin}", scratch / f"{pin}.json"
        pinned.unlink(missing_ok=True)
        said = world.aft("plan", *options, "--out", str(pinned), "--report", str(report))
        left = {f"{name}.txt": said}
        if pinned.exists():
            left[f"{name}.json"] = pinned.read_text(encoding="utf-8")
        if comment:
            left[f"{name}-comment.md"] = (report / "comment.md").read_text(encoding="utf-8")
        return left

    return command


def apply(
    *options: str,
    name: str = "apply",
    pinned: str = "",
    comment: bool = True,
    ledger: bool = True,
) -> Command:
    """``aft apply``: the text, the outcome, the comment, and what is new in the ledger. ``pinned``
    names a plan that was made before."""

    def command(world: World, scratch: Path) -> Mapping[str, str]:
        report, before = scratch / "report-apply", world.ledger_tip()
        options_here = [option.replace("SCRATCH", str(scratch)) for option in options]
        which = [str(scratch / f"{pinned}.json")] if pinned else []
        said = world.aft("apply", *which, "--yes", *options_here, "--report", str(report))
        left = {f"{name}.txt": said}
        outcome = report / "outcome.json"
        if outcome.exists():
            left[f"{name}-outcome.json"] = outcome.read_text(encoding="utf-8")
        if comment:
            left[f"{name}-comment.md"] = (report / "comment.md").read_text(encoding="utf-8")
        if ledger:
            file = "ledger.txt" if name == "apply" else f"{name}-ledger.txt"
            left[file] = world.ledger_since(before)
        return left

    return command


def show(name: str, *arguments: str) -> Command:
    """Any other command: what it says."""

    def command(world: World, _scratch: Path) -> Mapping[str, str]:
        return {name: world.aft(*arguments)}

    return command


def show_report(name: str, file: str, *arguments: str) -> Command:
    """A command with ``--report``: what it says, and one of the files it leaves."""

    def command(world: World, scratch: Path) -> Mapping[str, str]:
        report = scratch / "report-other"
        said = world.aft(*arguments, "--report", str(report))
        text = (report / file).read_text(encoding="utf-8")
        return {f"{name}.txt": said, f"{name}-{file}": text}

    return command


def quietly(*arguments: str) -> Command:
    """A command whose words nobody keeps; it must succeed."""

    def command(world: World, _scratch: Path) -> Mapping[str, str]:
        said = world.aft(*arguments)
        assert said.endswith("--- exit 0\n"), said
        return {}

    return command


def edit(files: Mapping[str, str | None]) -> Command:
    """Somebody commits in between."""

    def command(world: World, _scratch: Path) -> Mapping[str, str]:
        world.write(files)
        world.commit("In between")
        return {}

    return command


def by_hand(act: Callable[[Hand], object]) -> Command:
    """Somebody does something in a console in between."""

    def command(world: World, _scratch: Path) -> Mapping[str, str]:
        with world.sandbox() as sandbox:
            act(Hand(sandbox))
        return {}

    return command


def edit_plan(change: Callable[[dict[str, object]], None], *, pin: str = "plan") -> Command:
    """Somebody edits the plan file."""

    def command(_world: World, scratch: Path) -> Mapping[str, str]:
        path = scratch / f"{pin}.json"
        value = json.loads(path.read_text(encoding="utf-8"))
        change(value)
        path.write_text(json.dumps(value), encoding="utf-8")
        return {}

    return command
