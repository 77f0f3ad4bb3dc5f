"""What steps read, compared with what there is, before anything runs. Pure.

Of other accounts, ``accounts["shared-network"].outputs["hub/10-vpc…"].VpcId``, only those can be
read that the step's own depends on, so that they are finished before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from aft.customizations.model import (
    GLOBAL,
    Access,
    Customization,
    CustomizationStep,
    OtherAccount,
    StepInputs,
)
from aft.customizations.template_values import template_values
from aft.findings.model import Finding, SourceRef, finding_at, sorted_findings
from aft.organization.model import AccountFacts
from aft.values.suggestions import did_you_mean

ROOT = "accounts"
_NOT_FACTS = frozenset({"accounts", "outputs", "parameters"})


class AccountRead(NamedTuple):
    """One read of the account of ``request``: of the outputs of ``step``, the one called ``key``;
    both are empty where that is unknown or not asked for."""

    request: str
    step: str
    key: str
    access: Access


def account_reads(steps: Iterable[CustomizationStep]) -> Iterator[AccountRead]:
    """The reads whose account is written out."""
    for step in steps:
        for access in step.reads:
            path = access.path
            if path[0] != ROOT or len(path) < 2:
                continue
            name, key, *_ = (*path[3:5], "", "") if path[2:3] == ("outputs",) else ("", "")
            yield AccountRead(path[1], name, key, access)


def depends_on_step(step: CustomizationStep, request: str, other: str) -> bool:
    """Whether ``step`` may read what step ``other`` of ``request`` leaves."""
    return ROOT in step.uses and (
        _is_open(step)
        or any(
            read.request == request and read.step in ("", other) for read in account_reads((step,))
        )
    )


def inputs_of_accounts(
    step: CustomizationStep, accounts: Mapping[str, OtherAccount]
) -> Mapping[str, Any]:
    """The part of ``accounts`` that the step's result depends on, for its digest."""
    whole = {
        name: {"id": other.account_id, "outputs": other.outputs} for name, other in accounts.items()
    }
    if _is_open(step):
        return whole
    return {
        ".".join(access.path): _at(whole, access.path[1:])
        for access in step.reads
        if access.path[0] == ROOT
    }


def _is_open(step: CustomizationStep) -> bool:
    """True when which accounts it reads cannot be determined from its text."""
    reads = [access for access in step.reads if access.path[0] == ROOT]
    return not reads or any(len(access.path) < 2 for access in reads)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def check_step_inputs(
    customization: Customization, facts: AccountFacts, *, source: SourceRef
) -> tuple[Finding, ...]:
    """Values that the customization's steps surely read and this account does not have. ``source``
    is where the account asks for the customization, or its request as a whole."""
    values = template_values(StepInputs(account=facts))
    findings: dict[str, Finding] = {}
    for access in (access for step in customization.steps for access in step.reads):
        name = _absent(access, values)
        if name is not None and name not in findings:
            message = f"{name} is not set for {facts.request_id!r}, and {access.source} of "
            message += f"customization {customization.name!r} uses it"
            hint = "add it to the request or a _defaults.yaml, or guard it in the template with "
            findings[name] = finding_at("AFT605", source, message, f"{hint}`default`")
    return tuple(findings.values())


def check_reads(customizations: Mapping[str, Customization]) -> tuple[Finding, ...]:
    """Steps that use outputs of a step that does not exist, surely runs later or surely has no
    such output; and parameters that the customization does not have."""
    order = {
        step.id: (index, step)
        for customization in customizations.values()
        for index, step in enumerate(customization.steps)
    }
    return sorted_findings(
        finding
        for customization in customizations.values()
        for step in customization.steps
        for access in step.reads
        for finding in _check_read(access, step, customization, order)
    )


def undeclared_output(step: CustomizationStep, key: str) -> tuple[str, str] | None:
    """Message and hint when ``step`` surely leaves no output ``key``."""
    if step.declares is None or key in step.declares:
        return None
    known = ", ".join(sorted(step.declares)) or "none"
    hint = did_you_mean(key, step.declares) or f"its outputs are: {known}"
    return f"step {step.id!r} has no output {key!r}", hint


def _check_read(
    access: Access,
    step: CustomizationStep,
    customization: Customization,
    order: Mapping[str, tuple[int, CustomizationStep]],
) -> Iterator[Finding]:
    if len(access.path) < 2:
        return
    problem: tuple[str, str] | None = None
    code = "AFT606"
    if access.path[0] == "outputs":
        problem = _wrong_order(access.path[1], step, order)
        if problem is None and len(access.path) > 2 and access.is_certain:
            problem = undeclared_output(order[access.path[1]][1], access.path[2])
    elif access.path[0] == "parameters" and access.path[1] not in customization.parameters:
        code = "AFT633"
        known = ", ".join(sorted(customization.parameters)) or "none"
        near = did_you_mean(access.path[1], customization.parameters)
        problem = (
            f"customization {customization.name!r} has no parameter {access.path[1]!r}",
            near or f"its customization.yaml has {known}",
        )
    if problem is not None:
        yield finding_at(code, access.source, *problem)


def _wrong_order(
    wanted: str, step: CustomizationStep, order: Mapping[str, tuple[int, CustomizationStep]]
) -> tuple[str, str] | None:
    owner = wanted.split("/", 1)[0]
    if wanted not in order:
        hint = did_you_mean(wanted, order) or "expected <customization>/<file name>"
        return f"there is no step {wanted!r}", hint
    if owner == step.customization and order[wanted][0] >= order[step.id][0]:
        return f"step {wanted!r} does not run before this one", "rename one of the two"
    if step.customization == GLOBAL and owner != GLOBAL:
        return f"step {wanted!r} runs after all global steps", "move this step there"
    return None


def _absent(access: Access, values: Mapping[str, object]) -> str | None:
    """The part of the access that does not exist, such as ``custom_fields.vpc``."""
    if not access.is_certain or access.path[0] not in values or access.path[0] in _NOT_FACTS:
        return None
    at: object = values
    for depth, name in enumerate(access.path):
        if not isinstance(at, Mapping):
            return None  # a method of a text or a list, or an error only rendering can tell
        if name not in at:
            return str(replace(access, path=access.path[: depth + 1]))
        at = at[name]
    return None
