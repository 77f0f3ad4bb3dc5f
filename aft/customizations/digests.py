"""The digests by which a customization step counts as done: equal digest, nothing to run. Pure.

A step's digest covers its own content and its support files, the runner's version, and only
those inputs that it reads: a changed tag does not re-run a template that uses no tags.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aft.customizations.model import CustomizationStep, OtherAccount, Outputs, StepFile
from aft.customizations.other_accounts import inputs_of_accounts
from aft.organization.model import AccountFacts
from aft.values.canonical_json import digest, plain

_NO_ACCOUNTS: Mapping[str, OtherAccount] = {}
_NO_PARAMETERS: Mapping[str, Any] = {}


def content_digest(file: StepFile, support: Iterable[StepFile], *, folder: str) -> str:
    """Digest of what the step's files hold; paths count from ``folder``."""
    return digest(
        {
            item.path.removeprefix(f"{folder}/"): hashlib.sha256(item.content).hexdigest()
            for item in (file, *support)
        }
    )


def step_digest(
    step: CustomizationStep,
    *,
    effect_version: int,
    facts: AccountFacts,
    outputs: Mapping[str, Outputs],
    accounts: Mapping[str, OtherAccount] = _NO_ACCOUNTS,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
) -> str:
    """``sha256:…``, or ``""`` when it depends on an account id that only apply can know.

    Of ``accounts`` only what the step reads counts.
    """
    if "account_id" in step.uses and facts.account_id is None:
        return ""
    beside: Mapping[str, Callable[[], Any]] = {
        "outputs": lambda: outputs,
        "accounts": lambda: inputs_of_accounts(step, accounts),
        "parameters": lambda: parameters,
    }
    inputs = {
        name: plain(beside[name]() if name in beside else getattr(facts, name))
        for name in sorted(step.uses)
    }
    return digest(
        {
            "step": step.id,
            "kind": step.kind,
            "version": effect_version,
            "content": step.content_digest,
            "inputs": inputs,
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
    }
