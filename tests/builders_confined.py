"""Jobs that end as parsers end that meet what their authors never thought of.

The process apart imports this module, where it is not forked from the tests' own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, ClassVar

from aft.app import trial_works
from aft.app.works import WORKS
from aft.confined import document_works
from aft.customizations.model import Access, CustomizationStep, StepFile, StepInputs, StepResult
from aft.customizations.render import rendered
from aft.findings.model import Finding
from aft.sessions import AccountSession
from aft.values.parts import Comparison, Gain


def echo(argument: Any, content: bytes) -> Any:
    return [argument, len(content), os.getpid()]


def spin(argument: Any, content: bytes) -> Any:
    while True:
        pass


def spin_briefly(argument: Any, content: bytes) -> Any:
    """As ``spin``, whose two seconds of a processor one test spends: where a limit is set, it comes
    sooner; where there is none, nothing ends this."""
    if signal.getitimer(signal.ITIMER_PROF)[0]:
        signal.setitimer(signal.ITIMER_PROF, 0.05)
    spin(argument, content)


def fill(argument: Any, content: bytes) -> Any:
    return len(bytearray(argument))


def hungry(argument: Any, content: bytes) -> Any:
    return fill(400_000_000, b"")


_kept: list[bytearray] = []


def grow(argument: Any, content: bytes) -> Any:
    _kept.append(bytearray(argument))
    return argument


def crash(argument: Any, content: bytes) -> Any:
    os.kill(os.getpid(), argument or signal.SIGSEGV)


def leave(argument: Any, content: bytes) -> Any:
    os._exit(argument)


def raise_it(argument: Any, content: bytes) -> Any:
    raise RecursionError


def shout(argument: Any, content: bytes) -> Any:
    print("::error::pwned", flush=True)
    os.write(2, b"::error::pwned\n")
    return sorted(os.environ)


def write(argument: Any, content: bytes) -> Any:
    Path(argument).write_bytes(b"x" * 100)
    return "written"


def inherited(argument: Any, content: bytes) -> Any:
    """The descriptors that are open, but for this look at them."""
    return sorted(int(item.name) for item in Path("/proc/self/fd").iterdir() if item.exists())


def group(argument: Any, content: bytes) -> Any:
    return [os.getpid(), os.getpgrp(), os.getppid()]


def documents(paths: Any, content: bytes) -> Any:
    """As the real one, but for texts that stand for a parser's bugs."""
    if b"SPIN" in content:
        spin_briefly(None, b"")
    if b"CRASH" in content:
        crash(None, b"")
    if b"FILL" in content:
        fill(400_000_000, b"")
    if b"RAISE" in content:
        raise_it(None, b"")
    if b"LIE" in content:
        return [{"data": {}, "findings": [{"code": "AFT101", "message": "x"}]}] * len(paths)
    if b"ODD" in content:
        return [{"data": [1], "findings": []}] * len(paths)
    return document_works.documents(paths, content)


def trial(argument: Any, content: bytes) -> Any:
    documents([], content)
    return trial_works.trial(argument, content)


JOBS = {
    item.__name__: f"{__name__}:{item.__name__}"
    for item in (
        *(
            echo,
            spin,
            spin_briefly,
            fill,
            hungry,
            grow,
            crash,
            leave,
            raise_it,
            shout,
            write,
            inherited,
            group,
        ),
    )
}
HOSTILE_DOCUMENTS = {**WORKS, "documents": f"{__name__}:documents"}
HOSTILE_TRIALS = {**WORKS, "trial": f"{__name__}:trial"}
ENDS = ("SPIN", "CRASH", "FILL", "RAISE")
"""Texts that end a process that reads ``HOSTILE_DOCUMENTS``."""


class Hostile:
    """A runner whose looks at a file end as the file says."""

    kind: ClassVar[str] = "hostile"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".bad",)

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        _end_as(step.file)
        return ()

    def uses(self, file: StepFile) -> frozenset[str]:
        _end_as(file)
        return frozenset()

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        _end_as(step.file)
        return ()

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:
        _end_as(step.file)
        return frozenset({"a"})

    def kept(self, step: CustomizationStep, inputs: StepInputs) -> str:
        _end_as(step.file)
        return "kept"

    def compare(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None, *, waits: bool
    ) -> Comparison:
        _end_as(step.file)
        return Comparison()

    def gains(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None
    ) -> tuple[Gain, ...]:
        _end_as(step.file)
        return ()

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        text = rendered(step.file.content.decode(), step.file.path, inputs)
        return StepResult(log=text)


def _end_as(file: StepFile) -> None:
    match file.content:
        case b"crash":
            crash(None, b"")
        case b"raise":
            raise_it(None, b"")
        case b"fill":
            fill(400_000_000, b"")
        case b"spin":
            spin_briefly(None, b"")
