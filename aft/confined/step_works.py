"""What runners say of files offline, and rendered templates, as plain data: what the process apart
does."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

from aft.confined.child import work_at
from aft.customizations.model import CustomizationStep, StepFile
from aft.customizations.render import render_template
from aft.customizations.step_inputs_json import decode_inputs
from aft.errors import Terminal
from aft.organization.model import Surroundings


def step(argument: Any, content: bytes) -> Any:
    """Ask the runner that has its class at a place about a step, a file or files."""
    place, method, about, sizes = argument
    files, at = [], 0
    for path, size in sizes:
        files.append(StepFile(path=path, content=content[at : at + size]))
        at += size
    runner = _runner(place)
    ask = getattr(runner, method)
    if about == "file":
        return _encoded(method, ask(files[0]))
    if about == "files":
        return _encoded(method, ask(tuple(files)))
    customization, name, timeout, shares_state, is_folder = about
    return _encoded(
        method,
        ask(
            CustomizationStep(
                customization=customization,
                name=name,
                kind=runner.kind,
                file=files[0],
                support=tuple(files[1:]),
                timeout_seconds=timeout,
                shares_state=shares_state,
                is_folder=is_folder,
            )
        ),
    )


def judge(argument: Any, content: bytes) -> Any:
    """Ask the runner that has its class at a place what running a step would change."""
    place, method, about, sizes, inputs, organization_id, more = argument
    files, at = [], 0
    for path, size in sizes:
        files.append(StepFile(path=path, content=content[at : at + size]))
        at += size
    shown: CustomizationStep = _plain(CustomizationStep).validate_python(about)
    whole = replace(shown, file=files[0], support=tuple(files[1:]))
    given = decode_inputs(inputs)
    around = Surroundings(organization_id=organization_id)
    given = replace(given, account=replace(given.account, around=around))
    try:
        found = getattr(_runner(place), method)(whole, given, *more.pop("before", ()), **more)
    except Terminal as error:
        return {"error": error.message, "hint": error.hint}
    return {"found": _plain(cast("Any", type(found))).dump_python(found, mode="json")}


def render(argument: Any, content: bytes) -> Any:
    """As ``render_template``: its text, or its error."""
    path, inputs, more = argument
    source = content.decode("utf-8", "surrogatepass")
    try:
        return {"text": render_template(source, path, decode_inputs(inputs), more)}
    except Terminal as error:
        return {"error": error.message, "hint": error.hint}


@cache
def _plain(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


@cache
def _runner(place: str) -> Any:
    return work_at(place)()


def _encoded(method: str, value: Any) -> Any:
    if method in ("check", "reads"):
        return [asdict(item) for item in value]
    return None if value is None else sorted(value)
