"""The customizations of one account: the steps to run, and what becomes of those it no longer gets.

A step whose digest equals the last applied one in the ledger is taken as done. Where an earlier
step, or one of another account, runs in the same plan, only apply can know whether its inputs
change; the step is planned, and left alone if they turn out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from aft.customizations.digests import step_digest, step_effect
from aft.customizations.model import (
    CONTENT,
    CUSTOMIZATION,
    CustomizationStep,
    OtherAccount,
    Outputs,
    StepInputs,
    step_ref,
)
from aft.customizations.parameters import parameter_values
from aft.customizations.reads import account_reads, depends_on_step
from aft.desired.model import AccountRequest, DesiredState
from aft.findings.model import Condition, Finding
from aft.kinds.customization.comparison import compare_step, gains_by, held_by_protection
from aft.kinds.customization.given import given
from aft.kinds.customization.removals import plan_removals
from aft.ledger.events import AccountRecord
from aft.plan.applied import is_up_to_date, reason_of
from aft.plan.draft import Draft, Stage
from aft.plan.fields import CODE, RERUN
from aft.plan.model import Action, FieldChange
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView
from aft.values.ids import RequestId
from aft.values.parts import Comparison


def parameters_for(
    step: CustomizationStep, request: AccountRequest, desired: DesiredState
) -> Mapping[str, object]:
    """The values of the parameters of the step's customization."""
    customization = desired.customizations[step.customization]
    return parameter_values(customization, request.parameters.get(step.customization, {}))


def plan_customizations(view: PlanView, draft: Draft) -> None:
    """What is to be run and removed in each account; those that others depend on come first."""
    for request in dependencies_first(view.requests):
        target = draft.targets.get(request.id)
        if target is None or target.tied:
            continue
        if target.site.is_management:
            if target.steps:
                where = f"take `customizations` out of {request.source.path}"
                remark = Finding(
                    code="AFT943",
                    target=request.id,
                    message="this is the management account: no customization runs there, because "
                    "it would have its credentials",
                    hint=f"{where}; global ones are left out, too",
                    condition=Condition.REMARK,
                )
                draft.remark(remark)
            continue
        plan_removals(view, draft, target)
        _plan_runs(view, draft, target)


def _plan_runs(view: PlanView, draft: Draft, target: AccountTarget) -> None:
    request, facts, record = target.request, target.facts, target.record
    accounts = other_accounts(view, request)
    outputs: dict[str, Outputs] = {}
    an_earlier_one_runs = False
    for step in target.steps:
        done = record.done(step_ref(step.id))
        runner = view.runners.get(step.kind)
        depends = an_earlier_one_runs and "outputs" in step.uses
        depends = depends or _waits_for_others(step, request, draft)
        version = runner.effect_version if runner is not None else 0
        parameters = parameters_for(step, request, view.desired)
        inputs = StepInputs(
            account=facts, outputs=dict(outputs), accounts=accounts, parameters=parameters
        )
        digest = ""
        if facts.account_id is not None and runner is not None and not depends:
            digest = step_digest(step, inputs, effect_version=version)
        is_asked_for = not view.rerun.isdisjoint({step.customization, step.name, step.id})
        if done is not None:
            outputs[step.id] = done.outputs
            if is_up_to_date(record, step_ref(step.id), digest) and not is_asked_for:
                continue
        draft.remark(*_missing_outputs(step, request, accounts, draft))
        comparison = compare_step(view, target, step, inputs, waits=depends)
        draft.remark(*held_by_protection(view, target, step, comparison))
        draft.add(
            Action.RUN,
            step_ref(step.id),
            target=request.id,
            stage=Stage.RUN,
            fields=(
                *((FieldChange(field=RERUN, before=None, after="yes"),) if is_asked_for else ()),
                *_code(target, step, comparison),
                *gains_by(view, target, step, inputs),
                *given(target, step),
            ),
            comparison=comparison,
            inputs_digest=digest,
            effect=step_effect(step, effect_version=version, parameters=parameters),
            reason=_reason(record, step, depends=depends, digest=digest, is_asked_for=is_asked_for),
        )
        an_earlier_one_runs = True


def _code(
    target: AccountTarget, step: CustomizationStep, comparison: Comparison | None
) -> Iterator[FieldChange]:
    """What the step is, where it did not run as it is now in an account that exists. The files may
    have been written in another way, to the same effect."""
    if target.account_id is None:
        return
    done = target.record.done(step_ref(step.id))
    if done is None:
        yield FieldChange(field=CODE, before=None, after="new")
    elif done.about.get(CONTENT) != step.content_digest and (
        comparison is None or not comparison.is_empty
    ):
        yield FieldChange(field=CODE, before=None, after="changed")


def _reason(
    record: AccountRecord,
    step: CustomizationStep,
    *,
    depends: bool,
    digest: str,
    is_asked_for: bool,
) -> str:
    done = record.done(step_ref(step.id))
    if done is not None and record.failed(step_ref(step.id)) is None:
        if is_asked_for and (depends or done.digest == digest):
            return "asked for, although nothing changed"
        if depends:
            return "its inputs may change"
    return reason_of(record, step_ref(step.id), f"customization {step.customization}")


def _waits_for_others(step: CustomizationStep, request: AccountRequest, draft: Draft) -> bool:
    """Whether a step of another account that it reads runs in this plan."""
    return "accounts" in step.uses and any(
        depends_on_step(step, other, ran)
        for other in request.depends_on
        for ran in running(draft, other)
    )


def _missing_outputs(
    step: CustomizationStep,
    request: AccountRequest,
    accounts: Mapping[str, OtherAccount],
    draft: Draft,
) -> Iterator[Finding]:
    """Reads of another account that will fail, as its step was run and left no such output."""
    for read in account_reads((step,)):
        other = accounts.get(read.request)
        if other is None or not read.key or not read.access.is_certain:
            continue
        is_to_run = read.step in running(draft, read.request)
        if not is_to_run and read.key not in other.outputs.get(read.step, {}):
            yield Finding(
                code="AFT942",
                target=request.id,
                message=f"{read.access.source} reads {read.access}, and {read.request} has no "
                "such output, nor will this plan make it",
                hint=f"let {read.step} leave {read.key}, or correct the name",
            )


def other_accounts(view: PlanView, request: AccountRequest) -> Mapping[str, OtherAccount]:
    """What the request's steps may see, by the ids of the requests it depends on."""
    records = {name: view.ledger.record(name) for name in request.depends_on}
    return {
        name: OtherAccount(
            account_id=view.around.accounts.get(name) or record.account_id,
            outputs=outputs_of(record),
        )
        for name, record in records.items()
    }


def outputs_of(record: AccountRecord) -> Mapping[str, Outputs]:
    """What the ledger knows that steps of an account left, by step id."""
    return {step: done.outputs for step, done in record.steps_of(CUSTOMIZATION).items()}


def running(draft: Draft, request_id: str) -> frozenset[str]:
    """The steps that this plan runs in the account of ``request_id``, which was planned before."""
    return frozenset(
        change.key for change in draft.changes_of(request_id) if change.action is Action.RUN
    )


def dependencies_first(requests: Iterable[AccountRequest]) -> tuple[AccountRequest, ...]:
    """The requests, each after those of them that it depends on; otherwise in their order. Among
    requests that wait for each other (which rules refuse) the order is as given."""
    wanted = {request.id: request for request in requests}
    ordered: dict[RequestId, AccountRequest] = {}
    started: set[RequestId] = set()
    for first in wanted.values():
        todo = [(first, False)]
        while todo:
            request, is_ready = todo.pop()
            if is_ready:
                ordered.setdefault(request.id, request)
            elif request.id not in started:
                started.add(request.id)
                todo.append((request, True))
                todo.extend((wanted[name], False) for name in request.depends_on if name in wanted)
    return tuple(ordered.values())
