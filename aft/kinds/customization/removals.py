"""Steps of customizations that an account had and no longer gets: destroyed, or kept and forgotten.

What the ledger wrote down with a step decides, unless its customization is still there to say
otherwise. Only kinds that can be taken away again are; what a script did stays done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aft.config.allowance import allowed_parts, lines_for
from aft.customizations.manifest import runner_of
from aft.customizations.model import (
    CUSTOMIZATION,
    GLOBAL,
    CustomizationRunner,
    CustomizationStep,
    Destroys,
    LeavesThings,
    Removal,
    SharesState,
    step_ref,
)
from aft.findings.model import Condition, Finding, finding_about
from aft.ledger.events import AccountRecord, DoneStep, FailedStep
from aft.plan.draft import Draft, Stage
from aft.plan.fields import NOT_KEPT, REVISION
from aft.plan.model import Action, FieldChange
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView, Runners

_SHARED = "aft"
"""What ledgers say of a step on the shared state; they say nothing of the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """A step of the ledger that the account no longer gets."""

    id: str
    at: datetime
    about: Mapping[str, str]
    has_run: bool

    @property
    def customization(self) -> str:
        return self.id.split("/", 1)[0]

    def runner(self, runners: Runners) -> CustomizationRunner | None:
        """The runner that ran it; ledgers of version 0.1 do not say which."""
        return runners.get(self.about.get("runner", "") or runner_claiming(self.id, runners))


def plan_removals(view: PlanView, draft: Draft, target: AccountTarget) -> None:
    """A change for each such step, the youngest first; say what stays."""
    if target.account_id is None:
        return
    wanted, request = target.steps, target.request.id
    for gone in _gone(target.record, {step.id for step in wanted}):
        if gone.customization in view.desired.held.customizations:
            continue  # what it says of removal is not known now
        runner = gone.runner(view.runners)
        heir = _heir(gone, runner, wanted)
        destroys = heir is None and _is_to_be_destroyed(gone, runner, view)
        stays = gone.has_run and not destroys and heir is None
        revision = gone.about.get("revision", "")
        came_from = FieldChange(field=REVISION, before=revision, after=None)
        from_revision = (came_from,) if revision else ()
        draft.add(
            Action.DELETE if destroys else Action.RELEASE,
            step_ref(gone.id),
            target=request,
            stage=Stage.RUN,
            fields=(*from_revision, NOT_KEPT) if stays else from_revision,
            effect={"step": gone.id, **(_code(revision, runner) if destroys else {})},
            reason=_reason(gone, runner, wanted, destroys=destroys, heir=heir),
        )
        if heir is not None and isinstance(runner, SharesState):
            message = f"{heir.id} takes over the {runner.state_noun} of {gone.id}"
            draft.remark(
                Finding(
                    code="AFT941",
                    target=request,
                    message=f"{message}, {runner.takes_over}",
                    hint=runner.own_state,
                    condition=Condition.REMARK,
                )
            )
        elif not destroys and gone.has_run:
            draft.remark(_kept(request, gone, runner))
        elif destroys and target.site.is_protected:
            draft.remark(*_protected(view, target, gone.id))


def _code(revision: str, runner: CustomizationRunner | None) -> Mapping[str, str | int]:
    """What runs to destroy what a step made."""
    return {
        "revision": revision,
        "effect_version": runner.effect_version if runner is not None else 0,
    }


def _gone(record: AccountRecord, wanted: Collection[str]) -> tuple[_Gone, ...]:
    done = record.steps_of(CUSTOMIZATION)
    known: Mapping[str, DoneStep | FailedStep] = {**record.failures_of(CUSTOMIZATION), **done}
    found = [
        _Gone(id=name, at=item.at, about=item.about, has_run=name in done)
        for name, item in known.items()
        if name not in wanted
    ]
    return tuple(sorted(found, key=lambda item: (item.at, item.id), reverse=True))


def _is_to_be_destroyed(gone: _Gone, runner: CustomizationRunner | None, view: PlanView) -> bool:
    if not isinstance(runner, Destroys):
        return False
    still_there = view.desired.customizations.get(gone.customization)
    policy = gone.about.get("on_removal", "")
    if still_there is not None and still_there.steps:
        policy = still_there.steps[0].on_removal.value
    return policy == Removal.DESTROY.value


def _heir(
    gone: _Gone, runner: CustomizationRunner | None, wanted: Sequence[CustomizationStep]
) -> CustomizationStep | None:
    """The step that goes on with its state, where an account has one state for all of them."""
    is_shared = gone.about.get("state", _SHARED) == _SHARED
    if not isinstance(runner, SharesState) or gone.customization == GLOBAL or not is_shared:
        return None
    if gone.id != f"{gone.customization}/{runner.shared_step}":
        return None
    for step in wanted:
        is_like_it = step.kind == runner.kind and step.name == runner.shared_step
        if is_like_it and step.customization != GLOBAL and step.shares_state:
            return step
    return None


def _reason(
    gone: _Gone,
    runner: CustomizationRunner | None,
    wanted: Sequence[CustomizationStep],
    *,
    destroys: bool,
    heir: CustomizationStep | None,
) -> str:
    has_others = any(step.customization == gone.customization for step in wanted)
    what = "its file is gone" if has_others else f"customization {gone.customization} is gone"
    if destroys:
        return f"{what}, and it says `on_removal: destroy`"
    if heir is not None and isinstance(runner, SharesState):
        return f"{what}; {heir.id} goes on with its {runner.state_noun}"
    return f"{what}; what it made is kept"


def _protected(view: PlanView, target: AccountTarget, step: str) -> Iterator[Finding]:
    """A remark where nothing of the step is destroyed, since no reviewed line lets it go."""
    request = target.request
    lines = lines_for(view.desired.config.allow, request.allow, target=request.id)
    if "*" not in allowed_parts(lines, step, today=view.today):
        yield finding_about(
            "AFT944",
            request.id,
            f"the account is protected, so what {step} made will not be destroyed",
            f"if that is intended, add `allow: [{{what: end, items: [{step}], reason: …, "
            f"until: …}}]` to {request.source.path}",
        )


def _kept(target: str, gone: _Gone, runner: CustomizationRunner | None) -> Finding:
    stays = runner.stays if isinstance(runner, LeavesThings) else "what it did is not undone"
    hint = "remove manually what is no longer wanted"
    if isinstance(runner, Destroys):
        hint = "to have it destroyed instead, bring it back with `on_removal: destroy` in its "
        hint += "customization.yaml, apply, and remove it again"
    return Finding(
        code="AFT940",
        target=target,
        message=f"{gone.id} is no longer run here: {stays}, and aft forgets it",
        hint=hint,
        condition=Condition.REMARK,
    )


def runner_claiming(step_id: str, runners: Runners) -> str:
    """The kind whose runner claims the step's file by its name, the longest ending first."""
    runner = runner_of(step_id.split("/", 1)[-1], runners)
    return runner.kind if runner is not None else ""
