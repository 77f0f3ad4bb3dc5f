"""Baseline settings inside an account: read, compared, changed and read again.

What still differs then is a failure, not a success.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from aft.baselines.digests import setting_digest
from aft.baselines.kept import pack_kept
from aft.baselines.model import SettingDifference
from aft.baselines.select import ResolvedSetting
from aft.engine.account import ensure_usable
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.errors import Terminal
from aft.kinds.setting.read import across_regions, read_settings
from aft.ledger.events import KEPT, EventKind
from aft.organization.model import AccountFacts
from aft.plan.draft import Look
from aft.plan.model import Action, Change, Confirmation, LiveSetting
from aft.ports import MemberAccess
from aft.sessions import AccountSession
from aft.values.ids import AccountId

REGIONS_AT_ONCE = 4
LOOKS_AFTER_CHANGE = 4
"""IAM and S3 show a change only after a moment; so differences are looked at again."""


class _Fixed(NamedTuple):
    """What was fixed, and what only time or someone else can fix; in words."""

    done: Sequence[str] = ()
    left: Sequence[str] = ()


class SettingEffects(Effects):
    """Carries out changes of settings."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        if change.action is not Action.RELEASE:
            return _apply(run, change)
        return StepSuccess(
            summary=f"Forget {change.key} of {change.target}: what it set stays",
            message="what it set stays",
            account_id=run.account_of(change),
            data={"how": "kept"},
            event=EventKind.STEP_REMOVED,
        )

    def kept(self, run: RunContext, item: Confirmation) -> Mapping[str, str]:
        account_id = AccountId(item.account_id)
        facts = run.facts_of(item.target, account_id)
        settings = run.target(item.target).settings_of(facts, run.settings)
        return next((_kept(found) for found in settings if found.name == item.ref.key), {})

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], LiveSetting]:
        return read_settings(looks, members, in_parallel=in_parallel)


def _apply(context: RunContext, change: Change) -> StepSuccess:
    """Bring one setting of the account's baseline to what its parameters say."""
    account_id = context.account_of(change)
    ensure_usable(context, change, account_id)
    facts = context.facts_of(change.target, account_id)
    resolved = _resolved(context, change, facts)
    if resolved.missing:
        raise Terminal(
            f"{resolved.name} names the account of {' and '.join(resolved.missing)}, which does "
            "not exist yet",
            hint="the next run goes on once it does",
        )
    session = context.tools.members.session(account_id)

    def in_region(region: str | None) -> tuple[_Fixed, list[str]]:
        with context.tools.calls.recording() as calls:
            return _fix(context, resolved, region, session), calls

    regions = resolved.regions
    if len(regions) == 1:
        results = [in_region(regions[0])]
    else:
        with ThreadPoolExecutor(REGIONS_AT_ONCE, thread_name_prefix="aft-region") as pool:
            results = list(pool.map(in_region, regions))
    for _, calls in results:
        if len(regions) > 1:  # these calls were made by other threads than the step's own
            context.add_calls(change, calls)
    told = [(region, result) for region, (result, _) in zip(regions, results, strict=True)]
    fixed = list(across_regions((where, line) for where, item in told for line in item.done))
    left = list(across_regions((where, line) for where, item in told for line in item.left))
    what = "; ".join((*fixed, *(f"not yet: {line}" for line in left))) or "was as it should be"
    return StepSuccess(
        summary=f"Apply {resolved.name} in {change.target} ({account_id}): {_shortened(what)}",
        message=what,
        account_id=account_id,
        digest="" if left else setting_digest(resolved, facts),  # so that later runs look again
        data={"changes": fixed, **({"pending": left} if left else {}), **_kept(resolved)},
        unchanged=not fixed,
    )


def _kept(resolved: ResolvedSetting) -> Mapping[str, str]:
    """What the ledger keeps of the setting, for the next plan to compare with."""
    found = pack_kept(resolved)
    return {KEPT: found} if found else {}


def _resolved(context: RunContext, change: Change, facts: AccountFacts) -> ResolvedSetting:
    target = context.target(change.target)
    for resolved in target.settings_of(facts, context.settings):
        if resolved.name == change.key:
            return resolved
    raise Terminal(
        f"the baseline of {change.target} has no setting {change.key!r} at "
        f"{context.desired.revision}",
        hint="make a new plan at this revision",
    )


def _fix(
    context: RunContext, resolved: ResolvedSetting, region: str | None, session: AccountSession
) -> _Fixed:
    """Read, compare, change, read again."""
    plugin, inputs = resolved.plugin, resolved.inputs(region)
    context.pause.check()
    observed = context.retry(lambda: plugin.read(inputs, session))
    differences = plugin.compare(inputs, observed)
    if all(item.is_pending for item in differences):
        return _Fixed(left=_worded(differences))
    context.pause.check()
    context.retry(lambda: plugin.change(inputs, observed, session))
    fixed = _worded([item for item in differences if not item.is_pending])
    left: Sequence[SettingDifference] = ()
    for look in range(LOOKS_AFTER_CHANGE):
        if look:
            context.pause.wait(0.5 * 2**look)
        left = plugin.compare(inputs, context.retry(lambda: plugin.read(inputs, session)))
        if all(item.is_pending for item in left):
            return _Fixed(done=fixed, left=_worded(left))
    still = across_regions((region, line) for line in _worded(left))
    raise Terminal(
        f"{resolved.name} was changed, but still differs: {'; '.join(still)}",
        hint="something else may be setting it back; look who changes it in CloudTrail",
    )


def _worded(differences: Sequence[SettingDifference]) -> list[str]:
    return [difference.description for difference in differences]


def _shortened(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
