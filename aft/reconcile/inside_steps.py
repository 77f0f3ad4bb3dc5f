"""Steps inside an account: a baseline setting, or a step of a customization.

A setting is read, compared, changed and read again: what still differs then is a failure, not
a success. A customization step whose inputs turn out to be those of its last success is not run.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aft.baselines.digests import setting_digest
from aft.baselines.model import SettingDifference
from aft.baselines.select import ResolvedSetting, select_baseline, settings_for
from aft.customizations.digests import step_digest
from aft.customizations.model import CustomizationStep, Outputs, StepInputs
from aft.errors import Terminal
from aft.ids import AccountId
from aft.organization.model import AccountFacts
from aft.plan.model import Change
from aft.plan.steps import customization_steps
from aft.reconcile.context import RunContext
from aft.reconcile.done import Done
from aft.reconcile.usable import ensure_usable
from aft.requests.facts import account_facts
from aft.sessions import AccountSession, SealedSession

REGIONS_AT_ONCE = 4
LOOKS_AFTER_CHANGE = 4
"""IAM and S3 show a change only after a moment; so differences are looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mended:
    """What was mended, and what only time or somebody else can mend; in words."""

    done: Sequence[str] = ()
    left: Sequence[str] = ()


def apply_setting(context: RunContext, change: Change) -> Done:
    """Bring one setting of the account's baseline to what its parameters say."""
    account_id = context.account_of(change)
    ensure_usable(context, change, account_id)
    facts = _facts(context, change, account_id)
    resolved = _resolved(context, change, facts)
    if resolved.missing:
        raise Terminal(
            f"{resolved.name} names the account of {' and '.join(resolved.missing)}, which does "
            "not exist yet",
            hint="the next run goes on once it does",
        )
    session = context.tools.members.session(account_id)

    def in_region(region: str | None) -> tuple[_Mended, list[str]]:
        with context.tools.calls.recording() as calls:
            return _mend(context, resolved, region, session), calls

    regions = resolved.regions
    if len(regions) == 1:
        results = [in_region(regions[0])]
    else:
        with ThreadPoolExecutor(REGIONS_AT_ONCE, thread_name_prefix="aft-region") as pool:
            results = list(pool.map(in_region, regions))
    for _, calls in results:
        if len(regions) > 1:  # these calls were made by other threads than the step's own
            context.add_calls(change, calls)
    where = f"in {change.target} ({account_id})"
    mended = [line for result, _ in results for line in result.done]
    left = [line for result, _ in results for line in result.left]
    what = "; ".join((*mended, *(f"not yet: {line}" for line in left))) or "was as it should be"
    return Done(
        summary=f"Apply {resolved.name} {where}: {_shortened(what)}",
        message=what,
        account_id=account_id,
        name=resolved.name,
        digest="" if left else setting_digest(resolved, facts),  # so that later runs look again
        data={"changes": mended, **({"pending": left} if left else {})},
        unchanged=not mended,
    )


def run_customization(context: RunContext, change: Change) -> Done:
    """Run one step with the outputs of the steps before it, unless its inputs are unchanged."""
    account_id = context.account_of(change)
    step, outputs = _step(context, change)
    runner = context.tools.runners.get(step.kind)
    if runner is None:
        raise Terminal(
            f"no runner for {step.kind!r} steps is installed",
            hint="install the package that provides it",
        )
    facts = _facts(context, change, account_id)
    digest = step_digest(step, runner_version=runner.version, facts=facts, outputs=outputs)
    record = context.record(change.target)
    before = record.steps.get(step.id)
    if before is not None and before.digest == digest and step.id not in record.failures:
        context.leave_outputs(change.target, step.id, before.outputs)
        return Done(
            summary=f"Leave {step.id} of {change.target} ({account_id}): its inputs are the same",
            message="its inputs are the same as last time",
            account_id=account_id,
            name=step.id,
            digest=digest,
            outputs=before.outputs,
            unchanged=True,
        )
    ensure_usable(context, change, account_id)
    session = context.tools.members.session(account_id)
    inputs = StepInputs(account=facts, outputs=outputs)
    result = context.retry(lambda: runner.run(step, inputs, SealedSession(session)))
    context.leave_outputs(change.target, step.id, result.outputs)
    left = f", leaving {', '.join(sorted(result.outputs))}" if result.outputs else ""
    return Done(
        summary=f"Run {step.id} in {change.target} ({account_id}){left}",
        message="done" if result.changed else "nothing to change",
        account_id=account_id,
        name=step.id,
        digest=digest,
        outputs=result.outputs,
        data={"changed": result.changed},
    )


def _facts(context: RunContext, change: Change, account_id: AccountId) -> AccountFacts:
    return account_facts(
        context.request(change.target),
        context.desired.config,
        account_id=account_id,
        ou=context.ou_of(change.target, account_id),
        around=context.around,
        allocations=context.allocations_of(change.target),
    )


def _resolved(context: RunContext, change: Change, facts: AccountFacts) -> ResolvedSetting:
    request, desired = context.request(change.target), context.desired
    chosen = select_baseline(request=request, ou=facts.ou, baselines=desired.baselines)
    if chosen.baseline is not None:
        for resolved in settings_for(chosen.baseline, facts, context.tools.settings):
            if resolved.name == change.subject:
                return resolved
    raise Terminal(
        f"the baseline of {change.target} has no setting {change.subject!r} at {desired.revision}",
        hint="make a new plan at this revision",
    )


def _mend(
    context: RunContext, resolved: ResolvedSetting, region: str | None, session: AccountSession
) -> _Mended:
    """Read, compare, change, read again."""
    plugin, inputs = resolved.plugin, resolved.inputs(region)
    context.pause.check()
    observed = context.retry(lambda: plugin.read(inputs, session))
    differences = plugin.compare(inputs, observed)
    if all(item.is_pending for item in differences):
        return _Mended(left=_worded(differences, region))
    context.pause.check()
    context.retry(lambda: plugin.change(inputs, observed, session))
    mended = _worded([item for item in differences if not item.is_pending], region)
    left: Sequence[SettingDifference] = ()
    for look in range(LOOKS_AFTER_CHANGE):
        if look:
            context.pause.wait(0.5 * 2**look)
        left = plugin.compare(inputs, context.retry(lambda: plugin.read(inputs, session)))
        if all(item.is_pending for item in left):
            return _Mended(done=mended, left=_worded(left, region))
    raise Terminal(
        f"{resolved.name} was changed, but still differs: {'; '.join(_worded(left, region))}",
        hint="something else may be setting it back; look who changes it in CloudTrail",
    )


def _worded(differences: Sequence[SettingDifference], region: str | None) -> list[str]:
    prefix = f"{region}: " if region is not None else ""
    return [prefix + difference.description for difference in differences]


def _step(context: RunContext, change: Change) -> tuple[CustomizationStep, dict[str, Outputs]]:
    """The step a change names, and what the steps before it left."""
    known = context.outputs(change.target)
    before: dict[str, Outputs] = {}
    for step in customization_steps(context.request(change.target), context.desired):
        if step.id == change.subject:
            return step, before
        if step.id in known:
            before[step.id] = known[step.id]
    raise Terminal(
        f"{change.target} has no customization step {change.subject!r} at "
        f"{context.desired.revision}",
        hint="make a new plan at this revision",
    )


def _shortened(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
