"""The digests by which a customization step counts as done: equal digest, nothing to run. Pure.

Of the inputs only those count that the step reads: a changed tag does not re-run a template that
uses no tags.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from aft.customizations.model import CustomizationStep, StepFile, StepInputs
from aft.customizations.reads import inputs_of_accounts
from aft.values.canonical_json import digest, plain


def content_digest(file: StepFile, support: Iterable[StepFile], *, folder: str) -> str:
    """Digest of what the step's files hold; paths count from ``folder``."""
    contents = {
        item.path.removeprefix(f"{folder}/"): hashlib.sha256(item.content).hexdigest()
        for item in (file, *support)
    }
    return digest(contents)


def step_digest(step: CustomizationStep, inputs: StepInputs, *, effect_version: int) -> str:
    """``sha256:…``, or ``""`` when it depends on an account id that only apply can know. Of other
    accounts only what the step reads counts."""
    if "account_id" in step.uses and inputs.account.account_id is None:
        return ""

    def value(name: str) -> Any:
        if name == "accounts":
            return inputs_of_accounts(step, inputs.accounts)
        return getattr(inputs if name in ("outputs", "parameters") else inputs.account, name)

    return digest(
        {
            "step": step.id,
            "kind": step.kind,
            "version": effect_version,
            "content": step.content_digest,
            **_needs(step),
            "inputs": {name: plain(value(name)) for name in sorted(step.uses)},
        }
    )


def step_effect(
    step: CustomizationStep, *, effect_version: int, parameters: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What running the step does, as far as git and its runner decide it."""
    return {
        "step": step.id,
        "kind": step.kind,
        "effect_version": effect_version,
        "content": step.content_digest,
        "parameters": plain(parameters),
        **_needs(step),
    }


def _needs(step: CustomizationStep) -> Mapping[str, Any]:
    """Which secrets the step is given; what they hold is not known here."""
    return {"secrets": {it.name: it.arn for it in step.secrets}} if step.secrets else {}
