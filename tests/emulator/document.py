"""Workflow and action files as data. Nothing is evaluated here."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml


class Broken(Exception):
    """A file that GitHub would not run; the text says why."""


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's booleans: ``on`` is a word, not true. Aliases are allowed, as on GitHub."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """``run`` or ``uses``; every text may hold expressions."""

    id: str = ""
    name: str = ""
    condition: str = ""
    run: str | None = None
    uses: str | None = None
    shell: str = ""
    working_directory: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    continue_on_error: Any = False
    timeout_minutes: Any = None

    @property
    def title(self) -> str:
        return self.name or self.uses or (self.run or "").strip().partition("\n")[0]


@dataclass(frozen=True, kw_only=True)
class Job:
    id: str
    steps: Sequence[Step]
    name: str = ""
    condition: str = ""
    needs: Sequence[str] = ()
    permissions: Mapping[str, str] | str | None = None
    environment: Any = None
    env: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    strategy: Mapping[str, Any] = field(default_factory=dict)
    concurrency: Any = None
    timeout_minutes: Any = None
    runs_on: Any = None
    shell: str = ""
    continue_on_error: Any = False


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """``on`` holds each event's filters by name."""

    path: str
    name: str
    on: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, Job]
    permissions: Mapping[str, str] | str | None = None
    concurrency: Any = None
    env: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Action:
    """A composite action."""

    path: str
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    steps: Sequence[Step]


def load(text: str) -> Any:
    """The YAML as GitHub reads it."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise Broken(str(error)) from error


@functools.cache  # every event asks for all of them
def workflow(text: str, path: str) -> Workflow:
    """Raises ``Broken``."""
    data = load(text)
    if not isinstance(data, dict) or not data.get("on") or not data.get("jobs"):
        raise Broken(f"{path}: a workflow has on and jobs")
    shell = _shell(data)
    jobs = {name: _job(name, body, shell) for name, body in data["jobs"].items()}
    for job in jobs.values():
        for needed in job.needs:
            if needed not in jobs:
                raise Broken(f"{path}: job {job.id} needs {needed}, which is not there")
    return Workflow(
        path=path,
        name=data.get("name", path),
        on=_events(data["on"]),
        jobs=jobs,
        permissions=data.get("permissions"),
        concurrency=data.get("concurrency"),
        env=data.get("env") or {},
    )


def action(text: str, path: str) -> Action:
    """Raises ``Broken``, also for what is no composite action."""
    data = load(text)
    runs = data.get("runs") or {}
    if runs.get("using") != "composite":
        raise Broken(f"{path}: only composite actions run here")
    steps = [_step(item) for item in runs["steps"]]
    for step in steps:
        if step.run is not None and not step.shell:
            raise Broken(f"{path}: a composite action's run needs a shell")
    return Action(
        path=path,
        inputs={name: item or {} for name, item in (data.get("inputs") or {}).items()},
        outputs=data.get("outputs") or {},
        steps=steps,
    )


def _events(on: Any) -> Mapping[str, Mapping[str, Any]]:
    match on:
        case str():
            return {on: {}}
        case list():
            return {name: {} for name in on}
        case _:
            return {
                name: {"cron": [item["cron"] for item in filters]}
                if name == "schedule"
                else filters or {}
                for name, filters in on.items()
            }


def _job(name: str, body: Mapping[str, Any], shell: str) -> Job:
    needs = body.get("needs") or ()
    return Job(
        id=name,
        name=body.get("name", ""),
        condition=_text(body.get("if")),
        needs=(needs,) if isinstance(needs, str) else tuple(needs),
        permissions=body.get("permissions"),
        environment=body.get("environment"),
        env=body.get("env") or {},
        outputs=body.get("outputs") or {},
        strategy=body.get("strategy") or {},
        concurrency=body.get("concurrency"),
        timeout_minutes=body.get("timeout-minutes"),
        runs_on=body.get("runs-on"),
        shell=_shell(body) or shell,
        continue_on_error=body.get("continue-on-error", False),
        steps=tuple(_step(item) for item in body["steps"]),
    )


_STEP_KEYS = {
    "id", "name", "if", "run", "uses", "shell", "working-directory", "with", "env",
    "continue-on-error", "timeout-minutes",
}  # fmt: skip


def _step(body: Mapping[str, Any]) -> Step:
    if odd := body.keys() - _STEP_KEYS:
        raise Broken(f"a step has no {', '.join(sorted(odd))}")
    if ("run" in body) == ("uses" in body):
        raise Broken("a step has either run or uses")
    return Step(
        id=body.get("id", ""),
        name=body.get("name", ""),
        condition=_text(body.get("if")),
        run=body.get("run"),
        uses=body.get("uses"),
        shell=body.get("shell", ""),
        working_directory=body.get("working-directory", ""),
        given=body.get("with") or {},
        env=body.get("env") or {},
        continue_on_error=body.get("continue-on-error", False),
        timeout_minutes=body.get("timeout-minutes"),
    )


def _shell(body: Mapping[str, Any]) -> str:
    found: str = ((body.get("defaults") or {}).get("run") or {}).get("shell", "")
    return found


def _text(condition: Any) -> str:
    """A condition may be a YAML boolean."""
    match condition:
        case None:
            return ""
        case bool():
            return str(condition).lower()
        case _:
            return str(condition)
