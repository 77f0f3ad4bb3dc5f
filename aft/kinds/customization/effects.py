"""Steps of customizations: run, destroyed, or forgotten.

A step whose inputs turn out to be those of its last success is not run, unless someone asked. What
a step wrote is kept; what must be known of it once its files are gone goes to the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from aft.config.allowance import POWER, allowed_parts, lines_for
from aft.customizations.digests import step_digest
from aft.customizations.model import (
    CONTENT,
    Compares,
    Consent,
    CustomizationRunner,
    CustomizationStep,
    Destroys,
    OtherAccount,
    Outputs,
    Removal,
    SharesState,
    StepFailed,
    StepFile,
    StepHeld,
    StepInputs,
    StepResult,
)
from aft.desired.model import AccountRequest, DesiredState
from aft.engine.account import ensure_usable
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.errors import AftError, NotReviewed, Terminal
from aft.kinds.customization.diff import outputs_of, parameters_for
from aft.kinds.customization.given import note_of
from aft.kinds.customization.previewed import preview_words
from aft.kinds.customization.removals import runner_claiming
from aft.kinds.customization.secrets import values_for
from aft.ledger.events import KEPT, EventKind
from aft.plan.fields import RERUN, REVISION, field_of
from aft.plan.model import Action, Change
from aft.plan.targets import facts_of_the_past
from aft.sessions import AccountSession, SealedSession
from aft.values.ids import AccountId, RequestId

Act = Callable[[CustomizationStep, StepInputs, AccountSession], StepResult]


class _Found(NamedTuple):
    """A step, and the request and desired state it belongs to: today's, or those of its day."""

    step: CustomizationStep
    request: AccountRequest
    desired: DesiredState


class CustomizationEffects(Effects):
    """Carries out changes of customizations' steps."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        if change.action is Action.RUN:
            return _run(run, change)
        if change.action is Action.DELETE:
            return _destroy(run, change)
        return StepSuccess(
            summary=f"Forget {change.key} of {change.target}: what it made is kept",
            message="what it made is kept",
            account_id=run.account_of(change),
            data={"how": "kept"},
            event=EventKind.STEP_REMOVED,
        )

    def about(self, run: RunContext, change: Change) -> Mapping[str, str]:
        return _about(run, change)


def _run(context: RunContext, change: Change) -> StepSuccess:
    """Run one step with the outputs of the steps before it, unless its inputs are unchanged."""
    account_id = _account_of(context, change)
    step, outputs = _step(context, change)
    runner = context.runners.get(step.kind)
    if runner is None:
        raise _no_runner(step.kind)
    request = context.request(change.target)
    inputs = StepInputs(
        account=context.facts_of(change.target, account_id),
        outputs=outputs,
        accounts=_accounts(context, request),
        parameters=parameters_for(step, request, context.desired),
        options=context.tools.options,
    )
    digest = step_digest(step, inputs, effect_version=runner.effect_version)
    inputs = replace(inputs, consent=_consent(context, change, binding=digest))
    record = context.record(change.target)
    before = record.done(change.ref)
    is_same = before is not None and before.digest == digest and not record.failed(change.ref)
    if before is not None and is_same and field_of(change, RERUN) is None:
        return StepSuccess(
            summary=f"Leave {step.id} of {change.target} ({account_id}): its inputs are the same",
            message="its inputs are the same as last time",
            account_id=account_id,
            digest=digest,
            outputs=before.outputs,
            data={"about": _about(context, change)},
            unchanged=True,
        )
    result = _carry_out(context, change, step, inputs, runner.run)
    left = f", leaving {', '.join(sorted(result.outputs))}" if result.outputs else ""
    return StepSuccess(
        summary=f"Run {step.id} in {change.target} ({account_id}){left}",
        message="done" if result.changed else "nothing to change",
        account_id=account_id,
        digest=digest,
        outputs=result.outputs,
        data={
            "changed": result.changed,
            **({"accepted": result.accepted} if result.accepted else {}),
            "about": _about(context, change),
            **_kept(runner, step, inputs),
        },
    )


def _consent(context: RunContext, change: Change, *, binding: str) -> Consent:
    """What the plan showed, what reviewed lines let go, and which previews were accepted. A
    protection that this very run releases still holds."""
    target, today = context.target(change.target), context.tools.clock.now().date()
    shown = change.comparison.parts if change.comparison is not None else ()
    request, config = target.request, context.desired.config
    lines = lines_for(config.allow, request.allow, target=request.id)
    previewed = {change.preview.digest} if change.preview is not None else frozenset()
    return Consent(
        parts=shown,
        allowed=allowed_parts(lines, change.key, today=today),
        powers=allowed_parts(lines, change.key, today=today, what=POWER),
        is_protected=target.site.is_protected,
        accepted=context.run.accepted | previewed,
        binding=binding,
    )


def _kept(
    runner: CustomizationRunner, step: CustomizationStep, inputs: StepInputs
) -> Mapping[str, str]:
    """What the ledger keeps of the step, for the next plan to compare with."""
    found = runner.kept(step, inputs) if isinstance(runner, Compares) else ""
    return {KEPT: found} if found else {}


def _destroy(context: RunContext, change: Change) -> StepSuccess:
    """Take away what a step made that the account no longer gets, then forget the step."""
    account_id = _account_of(context, change)
    found = _gone_step(context, change)
    runner = context.runners.get(found.step.kind)
    if not isinstance(runner, Destroys):
        raise _no_runner(found.step.kind)
    inputs = StepInputs(
        account=facts_of_the_past(
            context.facts_of(change.target, account_id), found.request, context.desired
        ),
        outputs=outputs_of(context.record(change.target)),
        accounts=_accounts(context, found.request),
        parameters=parameters_for(found.step, found.request, found.desired)
        if found.step.customization in found.desired.customizations
        else {},
        options=context.tools.options,
    )
    digest = step_digest(found.step, inputs, effect_version=runner.effect_version)
    inputs = replace(inputs, consent=_consent(context, change, binding=digest))
    result = _carry_out(context, change, found.step, inputs, runner.destroy)
    what = "destroyed" if result.changed else "there was nothing left of it"
    return StepSuccess(
        summary=f"Destroy {change.key} in {change.target} ({account_id}): {what}",
        message=what,
        account_id=account_id,
        data={"how": "destroyed", **({"accepted": result.accepted} if result.accepted else {})},
        event=EventKind.STEP_REMOVED,
    )


def _about(context: RunContext, change: Change) -> Mapping[str, str]:
    """What must be known of the change's step once its files are gone."""
    if change.action is Action.DELETE:
        record = context.record(change.target)
        known = record.done(change.ref) or record.failed(change.ref)
        return known.about if known is not None else {}
    if change.action is not Action.RUN:
        return {}
    step = _step_in(context.desired, change.key)
    if step is None:
        return {}
    found = {
        "runner": step.kind,
        "revision": context.run.revision,
        CONTENT: step.content_digest,
        **note_of(step),
    }
    if step.on_removal is Removal.DESTROY:
        found["on_removal"] = step.on_removal.value
    runner = context.runners.get(step.kind)
    if isinstance(runner, SharesState) and not step.shares_state:
        found["state"] = "own"
    return found


def _carry_out(
    context: RunContext, change: Change, step: CustomizationStep, inputs: StepInputs, act: Act
) -> StepResult:
    """Let a runner work in the account, and keep what was written, however it ends."""
    account_id = AccountId(inputs.account.account_id or "")
    ensure_usable(context, change, account_id)
    session = SealedSession(context.tools.members.session(account_id))
    inputs = replace(inputs, secrets=values_for(context, step))
    log = ""
    try:
        result = context.retry(lambda: act(step, inputs, session))
        log = result.log
    except StepFailed as error:
        log = error.log
        raise
    except StepHeld as error:
        log = error.log
        shown, _ = preview_words(error.preview)
        raise NotReviewed(error.message, hint=error.hint, code=error.code, shown=shown) from error
    finally:
        if log:
            context.tools.logs.keep(log, run=context.run.id, target=change.target, step=change.key)
    return result


def _account_of(context: RunContext, change: Change) -> AccountId:
    """The account to work in. Raises ``Terminal`` for the management account: its credentials
    never reach a customization."""
    account_id = context.account_of(change)
    if account_id == context.snapshot.management_account_id:
        raise Terminal(
            f"account {account_id} is the management account, where no customization runs",
            hint=f"take the customizations out of {context.request(change.target).source.path}",
        )
    return account_id


def _accounts(context: RunContext, request: AccountRequest) -> Mapping[str, OtherAccount]:
    return {
        name: OtherAccount(
            account_id=context.known_account(name),
            outputs=outputs_of(context.record(name)),
        )
        for name in request.depends_on
    }


def _step(context: RunContext, change: Change) -> tuple[CustomizationStep, dict[str, Outputs]]:
    """The step a change names, and what the steps before it left."""
    known = outputs_of(context.record(change.target))
    before: dict[str, Outputs] = {}
    for step in context.target(change.target).steps:
        if step.id == change.key:
            return step, before
        if step.id in known:
            before[step.id] = known[step.id]
    raise Terminal(
        f"{change.target} has no customization step {change.key!r} at {context.desired.revision}",
        hint="make a new plan at this revision",
    )


def _gone_step(context: RunContext, change: Change) -> _Found:
    """The step, with the request as it was when the step last ran: its parameters may be gone. The
    files are today's where other accounts still get the step, else those of that day."""
    request = context.request(change.target)
    then, why = _desired_then(context, change)
    asked = then.request_by_id.get(RequestId(change.target), request) if then else request
    for desired in (context.desired, then):
        step = _step_in(desired, change.key) if desired is not None else None
        if desired is not None and step is not None:
            return _Found(step=step, request=asked, desired=desired)
    known = context.record(change.target)
    done = known.done(change.ref) or known.failed(change.ref)
    kind = (done.about.get("runner", "") if done is not None else "") or runner_claiming(
        change.key, context.runners
    )
    runner = context.runners.get(kind)
    if isinstance(runner, Destroys) and not runner.needs_files:
        step = _nameless(change.key, kind)
        return _Found(step=step, request=request, desired=context.desired)
    raise Terminal(
        f"the files of {change.key} cannot be read: {why}",
        hint="fetch the whole history (git fetch --unshallow), or bring the folder back",
    )


def _desired_then(context: RunContext, change: Change) -> tuple[DesiredState | None, str]:
    """The desired state when the step last ran, or why it is not available."""
    field = field_of(change, REVISION)
    if field is None or not field.before or context.tools.past is None:
        return None, "the ledger does not say when it last ran"
    try:
        return context.tools.past(field.before), f"it was not there at {field.before[:12]}"
    except AftError as error:
        return None, error.message


def _step_in(desired: DesiredState, step_id: str) -> CustomizationStep | None:
    owner = desired.customizations.get(step_id.split("/", 1)[0])
    return next((step for step in owner.steps if step.id == step_id), None) if owner else None


def _nameless(step_id: str, kind: str) -> CustomizationStep:
    """A step of which only the id is still known."""
    customization, name = step_id.split("/", 1)
    file = StepFile(path=step_id, content=b"")
    return CustomizationStep(customization=customization, name=name, kind=kind, file=file)


def _no_runner(kind: str) -> Terminal:
    return Terminal(
        f"no runner for {kind!r} steps is installed", hint="install the package that provides it"
    )
