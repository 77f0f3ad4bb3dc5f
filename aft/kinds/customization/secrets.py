"""The values of a step's secrets, read right before the step runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from aft.config.model import CONFIG_PATH
from aft.customizations.model import CustomizationStep
from aft.errors import Terminal

if TYPE_CHECKING:  # a kind's own modules are pure
    from aft.engine.context import RunContext


def values_for(context: RunContext, step: CustomizationStep) -> Mapping[str, str]:
    """The values of the step's secrets, by variable. Raises ``Terminal`` for one that the revision
    does not grant, and what reading it raises."""
    grant = context.desired.config.grants.get(step.customization)
    granted = grant.secrets if grant is not None else ()
    found: dict[str, str] = {}
    for need in step.secrets:
        if need.arn not in granted:
            raise Terminal(
                f"{step.file.path}: {CONFIG_PATH} does not grant {step.customization} the secret "
                f"{need.arn}",
                hint=f"write `grants: {{{step.customization}: {{secrets: [{need.arn}]}}}}`",
                code="NotGranted",
            )
        found[need.name] = context.retry(partial(context.tools.secrets.read, need.arn))
    return found
