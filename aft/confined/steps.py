"""Runners whose looks at a step's files, and whose templates, are done in the process apart.

What a runner says of files offline is asked there; what it does with an account it does here, with
templates that were rendered there. A step that hits a limit is a finding of its file, or an error
of its account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from aft.confined.answers import Answers
from aft.confined.confinement import Ended
from aft.customizations.model import (
    ALL_INPUTS,
    Access,
    CustomizationRunner,
    CustomizationStep,
    StepFile,
    StepInputs,
)
from aft.customizations.step_inputs_json import encode_inputs
from aft.errors import Terminal
from aft.findings.bounds import unreadable
from aft.findings.model import Finding
from aft.values.parts import Comparison, Gain

_OFFLINE = ("check", "uses", "folder_uses", "reads", "declares")
_WITH_INPUTS = ("run", "destroy", "preview")
_JUDGED = ("kept", "compare", "gains")
_FACTS = (
    *("kind", "effect_version", "suffixes", "folders", "needs_files", "stays"),
    *("shared_step", "state_noun", "takes_over", "own_state", "takes_secrets"),
)
_HINT = "simplify the template"
_T = TypeVar("_T")

Runners = Mapping[str, CustomizationRunner]


def confined_runners(runners: Runners, answers: Answers) -> Runners:
    """The same runners, asked in the process apart. Their classes are imported there."""
    return {
        kind: cast("CustomizationRunner", _Confined(runner, answers))
        for kind, runner in runners.items()
    }


class _Confined:
    """A runner that has the members of another one, so that protocols see what it can do."""

    def __init__(self, runner: CustomizationRunner, answers: Answers) -> None:
        self._runner = runner
        self._answers = answers
        self._place = f"{type(runner).__module__}:{type(runner).__qualname__}"
        for name in _FACTS:
            if hasattr(runner, name):
                setattr(self, name, getattr(runner, name))
        for name in _OFFLINE:
            if hasattr(runner, name):
                setattr(self, name, partial(self._offline, name))
        for name in _WITH_INPUTS:
            if hasattr(runner, name):
                setattr(self, name, partial(self._with_templates, getattr(runner, name)))
        for name in _JUDGED:
            if hasattr(runner, name):
                setattr(self, name, getattr(self, f"_{name}"))

    def _offline(self, method: str, about: Any) -> Any:
        """Ask in the process apart about a step, a file or files."""
        match about:
            case CustomizationStep():
                files = (about.file, *about.support)
                step: Any = [about.customization, about.name, about.timeout_seconds]
                step += [about.shares_state, about.is_folder]
            case StepFile():
                files, step = (about,), "file"
            case _:
                files, step = tuple(about), "files"
        argument = [self._place, method, step, [(it.path, len(it.content)) for it in files]]
        content = b"".join(item.content for item in files)
        answer = self._answers.ask(
            tuple(item.path for item in files),
            "step",
            argument,
            content,
            # What others' runners say may change with their package.
            is_kept=self._place.startswith("aft."),
        )
        why = answer.why if isinstance(answer, Ended) else "it is not what it seemed"
        try:
            if not isinstance(answer, Ended):
                return _decoded(method, answer, frozenset(item.path for item in files))
        except (TypeError, ValueError):
            pass
        if method == "check":
            return (unreadable(about.file.path, why),)
        return {"reads": (), "declares": None}.get(method, ALL_INPUTS)

    def _kept(self, step: CustomizationStep, inputs: StepInputs) -> str:
        found = self._judged("kept", str, step, inputs)
        return "" if isinstance(found, Ended) else found

    def _compare(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None, *, waits: bool
    ) -> Comparison:
        found = self._judged("compare", Comparison, step, inputs, before=(before,), waits=waits)
        if isinstance(found, Ended):
            return Comparison(unknown=(f"{step.file.path} was not compared: {found.why}",))
        return found

    def _gains(
        self, step: CustomizationStep, inputs: StepInputs, before: str | None
    ) -> tuple[Gain, ...]:
        """What cannot be looked through may give power to anyone."""
        found = self._judged("gains", tuple[Gain, ...], step, inputs, before=(before,))
        if isinstance(found, Ended):
            words = f"its step {step.id} cannot be looked through ({found.why}), and may give power"
            return (Gain(part=step.id, words=words, principals=("*",)),)
        return found

    def _judged(
        self,
        method: str,
        model: type[_T],
        step: CustomizationStep,
        inputs: StepInputs,
        **more: Any,
    ) -> _T | Ended:
        """What the runner says of a run of the step. Raises ``Terminal`` as it does."""
        files = (step.file, *step.support)
        shown = replace(step, file=StepFile(path=step.file.path, content=b""), support=())
        argument = [
            self._place,
            method,
            _plain(CustomizationStep).dump_python(shown, mode="json"),
            [(item.path, len(item.content)) for item in files],
            encode_inputs(inputs),
            inputs.account.organization_id,
            more,
        ]
        content = b"".join(item.content for item in files)
        match self._answers.confinement.call("judge", argument, content):
            case {"found": found}:
                with suppress(ValidationError):
                    decoded: _T = _plain(cast("Any", model)).validate_python(found)
                    return decoded
            case {"error": str() as message, "hint": str() as hint}:
                raise Terminal(message, hint=hint)
            case Ended() as ended:
                return ended
        return Ended("it is not what it seemed")

    def _with_templates(
        self, method: Callable[..., Any], step: Any, inputs: StepInputs, *more: Any, **named: Any
    ) -> Any:
        options = replace(inputs.options, render=self._rendered)
        return method(step, replace(inputs, options=options), *more, **named)

    def _rendered(self, source: str, path: str, inputs: StepInputs, more: Mapping[str, Any]) -> str:
        """As ``render_template``."""
        argument = [path, encode_inputs(inputs), dict(more)]
        answer = self._answers.confinement.call(
            "render", argument, source.encode("utf-8", "surrogatepass")
        )
        match answer:
            case {"text": str() as text}:
                return text
            case {"error": str() as message, "hint": str() as hint}:
                raise Terminal(message, hint=hint)
            case Ended(why):
                raise Terminal(f"{path}:1: the template was not rendered: {why}", hint=_HINT)
        raise Terminal(f"{path}:1: the template was not rendered", hint=_HINT)


@cache
def _plain(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


@cache
def _findings() -> TypeAdapter[tuple[Finding, ...]]:
    return TypeAdapter(tuple[Finding, ...])


@cache
def _accesses() -> TypeAdapter[tuple[Access, ...]]:
    return TypeAdapter(tuple[Access, ...])


def _decoded(method: str, answer: Any, paths: frozenset[str]) -> Any:
    """Raises ``ValueError`` for what is no answer of this method about these files."""
    if method in ("check", "reads") and answer == []:
        return ()
    if method == "check":
        findings = _findings().validate_python(answer)
        if any(not _is_near(finding.path, paths) for finding in findings):
            raise ValueError(method)
        return findings
    if method == "reads":
        return _accesses().validate_python(answer)
    if method == "declares" and answer is None:
        return None
    if not isinstance(answer, list) or not all(isinstance(item, str) for item in answer):
        raise ValueError(method)
    return frozenset(answer)


def _is_near(path: str, paths: frozenset[str]) -> bool:
    """A file of the step, or the folder that it is."""
    return path in paths or any(item.startswith(f"{path}/") for item in paths)
