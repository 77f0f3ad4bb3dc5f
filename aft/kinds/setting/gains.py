"""What gets weaker in an account, and who gains power, when a setting is applied there.

The parameters last applied are in the ledger, so no account has to be read. Where they are not,
because an older version of aft applied them, nothing is known; that counts as weaker, once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from aft.baselines.digests import setting_digest
from aft.baselines.directions import can_weaken, weakenings
from aft.baselines.kept import effective, unpack_kept
from aft.baselines.model import Empowers, Protects, SettingParameters, setting_ref
from aft.baselines.references import references_in
from aft.baselines.select import ResolvedSetting
from aft.plan.fields import ARRIVAL, OUTSIDE_PREFIX, POWER_PREFIX, WEAKER_PREFIX
from aft.plan.model import FieldChange
from aft.plan.targets import AccountTarget
from aft.plan.view import PlanView

_UNKNOWN = "what was applied is not in the ledger"


def gains_of(
    view: PlanView, target: AccountTarget, resolved: ResolvedSetting
) -> Iterator[FieldChange]:
    """Fields that name it; of a new account, which has nothing to lose, who is given power."""
    if target.account_id is None:
        found = tuple(_powers(view, resolved, None))
        yield from found
        if found:
            yield FieldChange(field=ARRIVAL, before=None, after="yes")
        return
    before, ref = None, setting_ref(resolved.name)
    done = target.record.done(ref)
    if done is not None:
        kept = unpack_kept(view.kept(target.record.subject, ref, done.digest))
        if kept is not None:
            yield from _regions_lost(resolved, kept.regions)
        if not can_weaken(type(resolved.parameters)):
            return
        if kept is None:
            if not _is_only_another_version(resolved, target, done.digest):
                yield FieldChange(field=f"{WEAKER_PREFIX}parameters", before=None, after=_UNKNOWN)
            return
        before = kept.parameters
    for item in weakenings(effective(resolved), before):
        prefix = OUTSIDE_PREFIX if item.is_trust else WEAKER_PREFIX
        yield FieldChange(field=f"{prefix}{item.path}", before=item.before, after=item.after)
    yield from _powers(view, resolved, before)


def may_protect(plugin: Any) -> bool:
    """It says so, or its parameters can be made weaker; of one that is not installed nothing is
    known."""
    if isinstance(plugin, Protects):
        return plugin.protects
    return plugin is None or can_weaken(plugin.parameters_model)


def _regions_lost(
    resolved: ResolvedSetting, before: frozenset[str] | None
) -> Iterator[FieldChange]:
    """Where aft no longer keeps the setting: what it set there stays, and no run looks at it."""
    lost = sorted((before or frozenset()).difference(resolved.account.regions))
    if lost and may_protect(resolved.plugin):
        yield FieldChange(
            field=f"{WEAKER_PREFIX}kept by aft in {', '.join(lost)}", before="yes", after="no"
        )


def _is_only_another_version(resolved: ResolvedSetting, target: AccountTarget, digest: str) -> bool:
    """The same parameters were applied by an earlier version of the setting."""
    versions = range(1, resolved.plugin.effect_version + 1)
    return any(
        setting_digest(resolved, target.facts, version=version) == digest for version in versions
    )


def _powers(
    view: PlanView, resolved: ResolvedSetting, before: Mapping[str, Any] | None
) -> Iterator[FieldChange]:
    plugin, after, members = resolved.plugin, resolved.parameters, view.members
    old = _valid(after, before)
    if isinstance(plugin, Empowers):
        for item in plugin.powers(resolved.account, old, after, members=members):
            prefix = OUTSIDE_PREFIX if item.is_outside else POWER_PREFIX
            yield FieldChange(field=f"{prefix}{item.what}", before=None, after=item.gains)
        return
    known = {account for _, account in references_in(old)} if old is not None else set()
    for place, account in references_in(after):
        if account.request_id is None and account not in members | known:
            path = ".".join(map(str, place))
            yield FieldChange(field=f"{OUTSIDE_PREFIX}{path}", before=None, after=account)


def _valid(after: SettingParameters, before: Mapping[str, Any] | None) -> SettingParameters | None:
    """The parameters last applied; ``None`` for what this version of the setting cannot read, too,
    so that all is new."""
    try:
        return type(after).model_validate_json(json.dumps(before)) if before is not None else None
    except ValidationError:
        return None
