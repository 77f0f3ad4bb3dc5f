"""Runners whose looks at a step's files, and whose templates, are done in the process apart.

What a runner says of files offline is asked there; what it does with an account it does here, with
templates that were rendered there. A step that hits a limit is a finding of its file, or an error
of its account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, cast

from pydantic import TypeAdapter

from aft.confined.child import Confinement, Ended, Work
from aft.customizations.model import (
    ALL_INPUTS,
    Access,
    CustomizationRunner,
    CustomizationStep,
    StepFile,
    StepInputs,
)
from aft.customizations.render import render_template
from aft.customizations.step_inputs_json import decode_inputs, encode_inputs
from aft.errors import Terminal
from aft.findings.bounds import unreadable
from aft.findings.model import Finding

_OFFLINE = ("check", "uses", "folder_uses", "reads", "declares")
_WITH_INPUTS = ("run", "kept", "compare", "gains", "destroy", "preview")
_FACTS = (
    *("kind", "effect_version", "suffixes", "folders", "needs_files", "stays"),
    *("shared_step", "state_noun", "takes_over", "own_state"),
)
_HINT = "simplify the template"

Runners = Mapping[str, CustomizationRunner]


def confined_runners(runners: Runners, confinement: Confinement) -> Runners:
    """The same runners, whose jobs ``step_works`` does."""
    return {
        kind: cast("CustomizationRunner", _Confined(runner, confinement))
        for kind, runner in runners.items()
    }


class _Confined:
    """A runner that has the members of another one, so that protocols see what it can do."""

    def __init__(self, runner: CustomizationRunner, confinement: Confinement) -> None:
        self._runner = runner
        self._confinement = confinement
        for name in _FACTS:
            if hasattr(runner, name):
                setattr(self, name, getattr(runner, name))
        for name in _OFFLINE:
            if hasattr(runner, name):
                setattr(self, name, partial(self._offline, name))
        for name in _WITH_INPUTS:
            if hasattr(runner, name):
                setattr(self, name, partial(self._with_templates, getattr(runner, name)))

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
        argument = [self._runner.kind, method, step, [(it.path, len(it.content)) for it in files]]
        content = b"".join(item.content for item in files)
        answer = self._confinement.call("step", argument, content)
        why = answer.why if isinstance(answer, Ended) else "it is not what it seemed"
        try:
            if not isinstance(answer, Ended):
                return _decoded(method, answer, frozenset(item.path for item in files))
        except (TypeError, ValueError):
            pass
        if method == "check":
            return (unreadable(about.file.path, why),)
        return {"reads": (), "declares": None}.get(method, ALL_INPUTS)

    def _with_templates(
        self, method: Callable[..., Any], step: Any, inputs: StepInputs, *more: Any, **named: Any
    ) -> Any:
        options = replace(inputs.options, render=self._rendered)
        return method(step, replace(inputs, options=options), *more, **named)

    def _rendered(self, source: str, path: str, inputs: StepInputs, more: Mapping[str, Any]) -> str:
        """As ``render_template``."""
        argument = [path, encode_inputs(inputs), dict(more)]
        answer = self._confinement.call("render", argument, source.encode("utf-8", "surrogatepass"))
        match answer:
            case {"text": str() as text}:
                return text
            case {"error": str() as message, "hint": str() as hint}:
                raise Terminal(message, hint=hint)
            case Ended(why):
                raise Terminal(f"{path}:1: the template was not rendered: {why}", hint=_HINT)
        raise Terminal(f"{path}:1: the template was not rendered", hint=_HINT)


@cache
def _findings() -> TypeAdapter[tuple[Finding, ...]]:
    return TypeAdapter(tuple[Finding, ...])


@cache
def _accesses() -> TypeAdapter[tuple[Access, ...]]:
    return TypeAdapter(tuple[Access, ...])


def _encoded(method: str, value: Any) -> Any:
    if method in ("check", "reads") and not value:
        return []  # nearly always, and pydantic's start takes its time
    if method == "check":
        return _findings().dump_python(tuple(value), mode="json")
    if method == "reads":
        return _accesses().dump_python(tuple(value), mode="json")
    return None if value is None else sorted(value)


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


# --- in the process apart ---


def step_works(runners: Callable[[], Runners]) -> Mapping[str, Work]:
    """The jobs of ``confined_runners``; ``runners`` gives those that are installed."""
    return {"step": partial(_step, runners), "render": _render}


def _step(runners: Callable[[], Runners], argument: Any, content: bytes) -> Any:
    kind, method, about, sizes = argument
    files, at = [], 0
    for path, size in sizes:
        files.append(StepFile(path=path, content=content[at : at + size]))
        at += size
    ask = getattr(runners()[kind], method)
    if about == "file":
        return _encoded(method, ask(files[0]))
    if about == "files":
        return _encoded(method, ask(tuple(files)))
    customization, name, timeout, shares_state, is_folder = about
    step = CustomizationStep(
        customization=customization,
        name=name,
        kind=kind,
        file=files[0],
        support=tuple(files[1:]),
        timeout_seconds=timeout,
        shares_state=shares_state,
        is_folder=is_folder,
    )
    return _encoded(method, ask(step))


def _render(argument: Any, content: bytes) -> Any:
    path, inputs, more = argument
    source = content.decode("utf-8", "surrogatepass")
    try:
        return {"text": render_template(source, path, decode_inputs(inputs), more)}
    except Terminal as error:
        return {"error": error.message, "hint": error.hint}
