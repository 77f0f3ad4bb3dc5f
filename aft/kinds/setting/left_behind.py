"""Settings that were applied in an account and are no longer in its baseline.

Nothing is undone in AWS: the plan says once what stays, and the ledger then no longer has the
setting as applied. A range of addresses stays the account's, since its network is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.baselines.model import SETTING, LeavesThings, setting_ref
from aft.findings.model import Condition, Finding
from aft.kinds.setting.gains import may_protect
from aft.ledger.events import DoneStep, FailedStep
from aft.plan.arrange import ends_of
from aft.plan.draft import Draft, Stage
from aft.plan.fields import NOT_KEPT
from aft.plan.model import Action
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView

_STAYS = "what it set stays"
_NO_BASELINE = "in no baseline of the account"


def plan_left_behind(view: PlanView, draft: Draft, target: AccountTarget) -> None:
    """A change for each, by which aft forgets it, and one remark that says what stays."""
    gone = _gone(target)
    if not gone:
        return
    request, baseline = target.request.id, target.baseline
    where = f"not in baseline {baseline.name}" if baseline is not None else _NO_BASELINE
    after = ends_of(draft, request, until=Stage.ENROLL)
    # Next to each other, so that the plan shows those together that are alike.
    for key in sorted(gone, key=lambda key: (may_protect(view.settings.get(key)), key)):
        draft.add(
            Action.RELEASE,
            setting_ref(key),
            target=request,
            stage=Stage.SWEEP,
            fields=(NOT_KEPT,) if may_protect(view.settings.get(key)) else (),
            effect={"setting": key},
            after=after,
            reason=f"{where}; what it set stays",
        )
    draft.remark(_remark(request, where, {key: _stays(view.settings.get(key)) for key in gone}))


def _remark(request: str, where: str, stays: Mapping[str, str]) -> Finding:
    names = list(stays)
    if len(names) == 1:
        message = f"setting {names[0]} is {where}, so aft forgets it: {stays[names[0]]}"
    else:
        each = "; ".join(f"{name}: {what}" for name, what in stays.items())
        message = f"{len(names)} settings are {where}, so aft forgets them: {each}"
    return Finding(
        code="AFT945",
        target=request,
        message=message,
        hint="remove manually what is no longer wanted, or add it to the baseline again",
        condition=Condition.REMARK,
    )


def _gone(target: AccountTarget) -> tuple[str, ...]:
    """The settings that the ledger has of this account and its baseline does not, by name. Between
    baselines that are tied, nothing says what the account no longer gets."""
    record = target.record
    if target.tied or target.account_id is None or record.account_id != target.account_id:
        return ()
    wanted = {resolved.name for resolved in target.settings}
    known: Mapping[str, DoneStep | FailedStep] = {
        **record.failures_of(SETTING),
        **record.steps_of(SETTING),
    }
    return tuple(sorted(known.keys() - wanted))


def _stays(plugin: Any) -> str:
    return plugin.stays if isinstance(plugin, LeavesThings) else _STAYS
