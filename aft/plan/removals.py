"""Steps of customizations that an account had and gets no more: destroyed, or kept and forgotten.

What the ledger wrote down with a step decides, unless its customization is still there to say
otherwise. Only kinds that can be taken away again are; what a script did stays done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aft.customizations.inputs import TEMPLATE_SUFFIXES
from aft.customizations.model import (
    CUSTOMIZATION,
    GLOBAL,
    CustomizationStep,
    Destroys,
    Removal,
    step_ref,
)
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts
from aft.plan.chain import Chain
from aft.plan.fields import REVISION
from aft.plan.model import Action, Attention, FieldChange
from aft.plan.step_sources import StepSources

_TERRAFORM = "terraform"
_SHARED = "aft"
_STAYS: Mapping[str, str] = {
    "cloudformation": "its stack stays",
    "terraform": "its resources and their state stay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """A step of the ledger that the account gets no more."""

    id: str
    at: datetime
    about: Mapping[str, str]
    has_run: bool

    @property
    def customization(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def runner(self) -> str:
        return self.about.get("runner", "") or _guessed_runner(self.id)


def add_removals(
    chain: Chain,
    wanted: Sequence[CustomizationStep],
    *,
    record: AccountRecord,
    facts: AccountFacts,
    sources: StepSources,
) -> Iterator[Attention]:
    """Append a change for each such step, the youngest first; say what stays."""
    if facts.account_id is None:
        return
    for gone in _gone(record, {step.id for step in wanted}):
        heir = _heir(gone, wanted)
        destroys = heir is None and _is_to_be_destroyed(gone, sources)
        revision = gone.about.get("revision", "")
        chain.add(
            Action.DELETE if destroys else Action.RELEASE,
            step_ref(gone.id),
            fields=(FieldChange(field=REVISION, before=revision, after=None),) if revision else (),
            reason=_reason(gone, wanted, destroys=destroys, heir=heir),
        )
        if heir is not None:
            yield _taken_over(chain.target, gone, heir)
        elif not destroys and gone.has_run:
            yield _kept(chain.target, gone, sources)


def _gone(record: AccountRecord, wanted: Iterable[str]) -> tuple[_Gone, ...]:
    known = {
        **{
            name: _Gone(id=name, at=item.at, about=item.about, has_run=False)
            for name, item in record.failures_of(CUSTOMIZATION).items()
        },
        **{
            name: _Gone(id=name, at=item.at, about=item.about, has_run=True)
            for name, item in record.steps_of(CUSTOMIZATION).items()
        },
    }
    found = [item for name, item in known.items() if name not in set(wanted)]
    return tuple(sorted(found, key=lambda item: (item.at, item.id), reverse=True))


def _is_to_be_destroyed(gone: _Gone, sources: StepSources) -> bool:
    runner = sources.runners.get(gone.runner)
    if runner is None or not isinstance(runner, Destroys):
        return False
    still_there = sources.desired.customizations.get(gone.customization)
    policy = gone.about.get("on_removal", "")
    if still_there is not None and still_there.steps:
        policy = still_there.steps[0].on_removal.value
    return policy == Removal.DESTROY.value


def _heir(gone: _Gone, wanted: Sequence[CustomizationStep]) -> CustomizationStep | None:
    """The step that goes on with its Terraform state: AFT has one for all of an account."""
    is_shared = gone.about.get("state", _SHARED) == _SHARED
    if gone.runner != _TERRAFORM or gone.customization == GLOBAL or not is_shared:
        return None
    if gone.id != f"{gone.customization}/{_TERRAFORM}":
        return None
    return next(
        (
            step
            for step in wanted
            if step.kind == _TERRAFORM
            and step.name == _TERRAFORM
            and step.customization != GLOBAL
            and step.shares_state
        ),
        None,
    )


def _reason(
    gone: _Gone,
    wanted: Sequence[CustomizationStep],
    *,
    destroys: bool,
    heir: CustomizationStep | None,
) -> str:
    has_others = any(step.customization == gone.customization for step in wanted)
    what = "its file is gone" if has_others else f"customization {gone.customization} is gone"
    if destroys:
        return f"{what}, and it says `on_removal: destroy`"
    if heir is not None:
        return f"{what}; {heir.id} goes on with its Terraform state"
    return f"{what}; what it made is kept"


def _kept(target: str, gone: _Gone, sources: StepSources) -> Attention:
    stays = _STAYS.get(gone.runner, "what it did is not undone")
    can = isinstance(sources.runners.get(gone.runner), Destroys)
    hint = "remove by hand what is not wanted any more"
    if can:
        hint = "to have it destroyed instead, bring it back with `on_removal: destroy` in its "
        hint += "customization.yaml, apply, and remove it again"
    return Attention(
        code="AFT940",
        target=target,
        message=f"{gone.id} is not run here any more: {stays}, and aft forgets it",
        hint=hint,
    )


def _taken_over(target: str, gone: _Gone, heir: CustomizationStep) -> Attention:
    return Attention(
        code="AFT941",
        target=target,
        message=f"{heir.id} takes over the Terraform state of {gone.id}, as in AFT: Terraform "
        "destroys what only the old one had",
        hint="write `terraform: {state: own}` in the customization.yaml of the new one if that is "
        "not meant",
    )


def _guessed_runner(step_id: str) -> str:
    """For ledgers that do not say."""
    if step_id.endswith(TEMPLATE_SUFFIXES):
        return "cloudformation"
    return "python" if step_id.endswith(".py") else ""
