"""What a plan and the ledger say of the secrets that a step is given: variables and ARNs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aft.customizations.model import CustomizationStep, step_ref
from aft.plan.fields import GIVEN_PREFIX
from aft.plan.model import FieldChange
from aft.plan.targets import AccountTarget

SECRETS = "secrets"
"""The key, in what the ledger knows about a step that ran, of the secrets that it was given."""


def given(target: AccountTarget, step: CustomizationStep) -> Iterator[FieldChange]:
    """A field for each secret: ``before`` is the one that the step was given when it last ran."""
    done = target.record.done(step_ref(step.id))
    before = _noted(done.about.get(SECRETS, "")) if done is not None else {}
    for need in step.secrets:
        yield FieldChange(
            field=f"{GIVEN_PREFIX}{need.name}", before=before.get(need.name), after=need.arn
        )


def note_of(step: CustomizationStep) -> Mapping[str, str]:
    """What the ledger keeps: variables and ARNs, no values."""
    text = " ".join(f"{need.name}={need.arn}" for need in step.secrets)
    return {SECRETS: text} if text else {}


def _noted(text: str) -> Mapping[str, str]:
    return {name: arn for name, _, arn in (part.partition("=") for part in text.split())}
