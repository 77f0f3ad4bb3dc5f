"""The customizations of one account: the steps to run, and what becomes of those it gets no more.

A step whose digest equals the last applied one in the ledger is taken as done. Where an earlier
step, or one of another account, runs in the same plan, only apply can know whether its inputs
change; the step is planned, and left alone if they turn out the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aft.customizations.digests import step_digest
from aft.customizations.inputs import place_of
from aft.customizations.model import CustomizationStep, OtherAccount, Outputs, step_ref
from aft.customizations.other_accounts import account_reads, depends_on_step
from aft.customizations.parameters import parameter_values
from aft.customizations.select import customizations_of
from aft.desired.model import AccountRequest, DesiredState
from aft.ledger.events import AccountRecord
from aft.organization.model import AccountFacts
from aft.plan.chain import Chain
from aft.plan.fields import RERUN
from aft.plan.model import Action, Attention, FieldChange
from aft.plan.removals import add_removals
from aft.plan.step_sources import StepSources, is_up_to_date, reason_of
from aft.values.ids import OrgUnitPath

_INPUTS_MAY_CHANGE = "its inputs may change"
_ASKED_FOR = "asked for, although nothing changed"


def customization_steps(
    request: AccountRequest, desired: DesiredState, ou: OrgUnitPath
) -> Iterator[CustomizationStep]:
    """Every step of the account in order: global ones, selected ones, those the request names."""
    for customization in customizations_of(request, ou, desired.customizations):
        yield from customization.steps


def parameters_for(
    step: CustomizationStep, request: AccountRequest, desired: DesiredState
) -> Mapping[str, object]:
    """The values of the parameters of the step's customization."""
    customization = desired.customizations[step.customization]
    return parameter_values(customization, request.parameters.get(step.customization, {}))


def add_customizations(
    chain: Chain,
    *,
    request: AccountRequest,
    facts: AccountFacts,
    record: AccountRecord,
    sources: StepSources,
) -> tuple[Attention, ...]:
    """Append what is to be run and removed; what people should know is returned."""
    steps = tuple(customization_steps(request, sources.desired, facts.ou))
    if facts.account_id is not None and facts.account_id == sources.management_account_id:
        return (_in_management(request),) if steps else ()
    attention = list(add_removals(chain, steps, record=record, facts=facts, sources=sources))
    accounts = sources.others.of(request)
    outputs: dict[str, Outputs] = {}
    an_earlier_one_runs = False
    for step in steps:
        done = record.done(step_ref(step.id))
        depends = (an_earlier_one_runs and "outputs" in step.uses) or _waits_for_others(
            step, request, sources
        )
        digest = ""
        if facts.account_id is not None and not depends:
            digest = step_digest(
                step,
                runner_version=sources.runners[step.kind].version,
                facts=facts,
                outputs=outputs,
                accounts=accounts,
                parameters=parameters_for(step, request, sources.desired),
            )
        is_asked_for = not sources.rerun.isdisjoint({step.customization, step.name, step.id})
        if done is not None:
            outputs[step.id] = done.outputs
            if is_up_to_date(record, step_ref(step.id), digest) and not is_asked_for:
                continue
        attention.extend(_missing_outputs(step, request, accounts, sources))
        chain.add(
            Action.RUN,
            step_ref(step.id),
            fields=(FieldChange(field=RERUN, before=None, after="yes"),) if is_asked_for else (),
            inputs_digest=digest,
            reason=_reason(record, step, depends=depends, digest=digest, is_asked_for=is_asked_for),
        )
        an_earlier_one_runs = True
    return tuple(attention)


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
            return _ASKED_FOR
        if depends:
            return _INPUTS_MAY_CHANGE
    return reason_of(record, step_ref(step.id), f"customization {step.customization}")


def _waits_for_others(
    step: CustomizationStep, request: AccountRequest, sources: StepSources
) -> bool:
    """Whether a step of another account that it reads runs in this plan."""
    if "accounts" not in step.uses:
        return False
    return any(
        depends_on_step(step, other, running)
        for other in request.depends_on
        for running in sources.others.running(other)
    )


def _missing_outputs(
    step: CustomizationStep,
    request: AccountRequest,
    accounts: Mapping[str, OtherAccount],
    sources: StepSources,
) -> Iterator[Attention]:
    """Reads of another account that will fail, as its step was run and left no such output."""
    for read in account_reads((step,)):
        other = accounts.get(read.request)
        if other is None or not read.key or not read.access.is_certain:
            continue
        if read.step in sources.others.running(read.request):
            continue
        if read.key not in other.outputs.get(read.step, {}):
            yield Attention(
                code="AFT942",
                target=request.id,
                message=f"{place_of(read.access)} reads {read.access}, and {read.request} has no "
                "such output, nor will this plan make it",
                hint=f"let {read.step} leave {read.key}, or correct the name",
            )


def _in_management(request: AccountRequest) -> Attention:
    return Attention(
        code="AFT943",
        target=request.id,
        message="this is the management account: no customization runs there, because it would "
        "have its credentials",
        hint=f"take `customizations` out of {request.source.path}; global ones are left out, too",
    )
