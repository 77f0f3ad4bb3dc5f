"""What customizations need against what ``aft.yaml`` grants them. Generators over plain values, as
in ``rules``; a position is asked for only for a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aft.config.model import CONFIG_PATH
from aft.config.trust import GRANTS
from aft.customizations.model import Customization
from aft.desired.model import DesiredState
from aft.findings.model import Finding, Severity, SourceRef, few, finding_at
from aft.findings.validation import Loc
from aft.values.suggestions import did_you_mean


def check_grants(
    state: DesiredState, config_place: Callable[[Loc], SourceRef]
) -> Iterator[Finding]:
    """Each need is granted and of use, and each grant is needed. ``config_place`` says where
    ``aft.yaml`` says something."""
    for customization in state.customizations.values():
        yield from few(_needs(state, customization), customization.file)
    if GRANTS not in state.withheld:  # else these are the lines of another revision
        yield from few(_unused(state, config_place), CONFIG_PATH)


def _needs(state: DesiredState, customization: Customization) -> Iterator[Finding]:
    grant = state.config.grants.get(customization.name)
    granted = grant.secrets if grant is not None else ()
    has_use = any(step.secrets for step in customization.steps)
    for need in customization.secrets:
        if customization.steps and not has_use:
            message = f"no step of {customization.name} can be given {need.name}: only Python, "
            message += "shell and Terraform steps have processes"
            yield finding_at("AFT646", need.source, message, "take it out, or add such a step")
        if need.arn not in granted:
            message = f"{CONFIG_PATH} does not grant {customization.name} the secret {need.arn}"
            yield finding_at("AFT645", need.source, message, _lines(state, customization, need.arn))


def _lines(state: DesiredState, customization: Customization, arn: str) -> str:
    """What to write, and that it holds only once it is merged."""
    lines = f"`grants: {{{customization.name}: {{secrets: [{arn}]}}}}` to {CONFIG_PATH}"
    if GRANTS in state.withheld:
        return f"have a pull request merged first that adds {lines}: only its base's grants count"
    return f"add {lines}"


def _unused(state: DesiredState, config_place: Callable[[Loc], SourceRef]) -> Iterator[Finding]:
    held = state.held.customizations
    for name, grant in state.config.grants.items():
        loc: Loc = (GRANTS, name)
        customization = state.customizations.get(name)
        if customization is None and name not in held:
            message = f"there is no customization {name!r} to grant anything to"
            hint = did_you_mean(name, state.customizations) or "take it out"
            yield _warning(config_place(loc), message, hint)
            continue
        needed = {need.arn for need in customization.secrets} if customization else set()
        for number, arn in enumerate(grant.secrets):
            if arn not in needed:
                message = f"{name} does not declare that it needs {arn}"
                hint = f"take it out, or declare it: `secrets` in the customization.yaml of {name}"
                yield _warning(config_place((*loc, "secrets", number)), message, hint)


def _warning(source: SourceRef, message: str, hint: str) -> Finding:
    return finding_at("AFT707", source, message, hint, severity=Severity.WARNING)
