"""What templates need, held against what accounts have, before anything runs. Pure.

``check_template_inputs`` is for the rules over requests: one account and one customization it
asks for. ``check_outputs`` looks at the customizations alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from aft.customizations.model import GLOBAL, Customization, CustomizationStep, StepInputs
from aft.customizations.render import template_accesses
from aft.customizations.access import Access
from aft.customizations.template_values import template_values
from aft.findings import Finding, SourceRef, did_you_mean, sorted_findings
from aft.organization.model import AccountFacts

TEMPLATE_SUFFIXES = (".cfn.yaml", ".cfn.yml", ".cfn.json")
"""Endings of step files that are templates."""


def check_template_inputs(
    customization: Customization, facts: AccountFacts, *, source: SourceRef
) -> tuple[Finding, ...]:
    """Values that the customization's templates surely read and this account does not have.

    ``source`` is where the account asks for the customization, or its request as a whole.
    """
    values = template_values(StepInputs(account=facts))
    findings: dict[str, Finding] = {}
    for step in customization.steps:
        for access in _accesses_of(step):
            name = _absent(access, values)
            if name is not None:
                place = f"{step.file.path}:{access.line}:{access.column}"
                findings.setdefault(
                    name,
                    Finding(
                        code="AFT605",
                        source=source,
                        message=f"{name} is not set for {facts.request_id!r}, and {place} of "
                        f"customization {customization.name!r} uses it",
                        hint="add it to the request or a _defaults.yaml, or guard it in the "
                        "template with `default`",
                    ),
                )
    return tuple(findings.values())


def check_outputs(customizations: Mapping[str, Customization]) -> tuple[Finding, ...]:
    """Templates that use outputs of a step that does not exist, or surely runs later."""
    order = {
        step.id: index
        for customization in customizations.values()
        for index, step in enumerate(customization.steps)
    }
    return sorted_findings(
        finding
        for customization in customizations.values()
        for step in customization.steps
        for access in _accesses_of(step)
        for finding in _check_output(access, step, order)
    )


def _check_output(
    access: Access, step: CustomizationStep, order: Mapping[str, int]
) -> Iterator[Finding]:
    if access.path[0] != "outputs" or len(access.path) < 2:
        return
    wanted = access.path[1]
    owner = wanted.split("/", 1)[0]
    if wanted not in order:
        problem = f"there is no step {wanted!r}"
        hint = did_you_mean(wanted, order) or "expected <customization>/<file name>"
    elif owner == step.customization and order[wanted] >= order[step.id]:
        problem, hint = f"step {wanted!r} does not run before this one", "rename one of the two"
    elif step.customization == GLOBAL and owner != GLOBAL:
        problem, hint = f"step {wanted!r} runs after all global steps", "move this step there"
    else:
        return
    place = SourceRef(step.file.path, access.line, access.column)
    yield Finding(code="AFT606", source=place, message=problem, hint=hint)


def _accesses_of(step: CustomizationStep) -> tuple[Access, ...]:
    if not step.file.path.endswith(TEMPLATE_SUFFIXES):
        return ()
    return _accesses(step.file.content.decode(errors="replace"))


@lru_cache(maxsize=1024)
def _accesses(source: str) -> tuple[Access, ...]:
    return template_accesses(source)


def _absent(access: Access, values: Mapping[str, object]) -> str | None:
    """The part of the access that does not exist, such as ``custom_fields.vpc``."""
    if not access.is_certain or access.path[0] not in values or access.path[0] == "outputs":
        return None
    at: object = values
    for depth, name in enumerate(access.path):
        if not isinstance(at, Mapping):
            return None  # a method of a text or a list, or an error only rendering can tell
        if name not in at:
            shown = Access(path=access.path[: depth + 1], line=1, column=1, is_certain=True)
            return str(shown)
        at = at[name]
    return None
