"""Reading settings inside accounts for the plan: what differs there now. Changes nothing.

What must not be read, or cannot be meant for ever, is told with that setting, and so is why one
cannot be read just now (a young account, a lost connection): it stays in the plan. Accounts are
read side by side, so that many take little longer than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aft.baselines.model import SETTING, BaselineSetting, ClaimsNetwork, Refuses, setting_ref
from aft.baselines.select import ResolvedSetting, select_baseline, settings_for
from aft.baselines.wording import across_regions
from aft.desired.facts import account_facts
from aft.desired.model import DesiredState
from aft.engine.planned_ous import Places
from aft.errors import AftError, Conflict, Denied, Transient, UnknownOutcome, unexpected
from aft.organization.model import OrganizationSnapshot, Surroundings
from aft.plan.model import Change, LiveSetting
from aft.ports import MemberAccess
from aft.values.ids import AccountId, RequestId
from aft.values.regions import OPT_IN

_PASSING = (Transient, Conflict, UnknownOutcome)
_ALONE = Surroundings()
_NO_ALLOCATIONS: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One read: a setting of an account in a region (``None`` for settings without)."""

    account_id: AccountId
    resolved: ResolvedSetting
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    differences: tuple[str, ...] = ()
    takes_away: tuple[str, ...] = ()
    refused: str = ""
    hint: str = ""
    unread: str = ""
    is_pending: bool = False


def read_live(
    changes: Sequence[Change],
    desired: DesiredState,
    *,
    members: MemberAccess,
    settings: Mapping[str, BaselineSetting[Any, Any]],
    snapshot: OrganizationSnapshot | None = None,
    plan_changes: Sequence[Change] = (),
    allocations: Mapping[str, Mapping[str, str]] = _NO_ALLOCATIONS,
    around: Surroundings = _ALONE,
) -> Mapping[tuple[str, str], LiveSetting]:
    """What the settings named by ``changes`` show now, by account id and setting name.

    ``snapshot`` and the plan's own ``plan_changes`` say where accounts are and will be; without
    them each account is taken to be in its request's OU. ``allocations`` are the ranges of
    addresses of each target's settings, ``around`` the organization and everybody's accounts.
    """
    wanted = _inside(changes)
    if not wanted:
        return {}
    places = Places(plan_changes, snapshot) if snapshot is not None else None
    with ThreadPoolExecutor(desired.config.limits.accounts_in_parallel, "aft-read") as pool:
        looks = [
            look
            for account in _by_account(wanted)
            for look in _looks(
                account, desired, settings, places, allocations.get(account[0].target, {}), around
            )
            if not look.resolved.missing  # what it names does not exist yet
        ]
        seen = list(pool.map(lambda look: _look(members, look), looks))
        # A refusal may only mean that the account is too young: then nothing is known yet.
        doubtful = sorted(
            {look.account_id for look, item in zip(looks, seen, strict=True) if item.refused}
        )
        is_usable = pool.map(lambda account_id: _is_usable(members, account_id), doubtful)
        usable = dict(zip(doubtful, is_usable, strict=True))
    known = [
        item
        if usable.get(look.account_id, True)
        else _Seen(unread=f"account {look.account_id} cannot be entered now")
        for look, item in zip(looks, seen, strict=True)
    ]
    return _together(looks, known)


def read_networks(
    changes: Sequence[Change],
    desired: DesiredState,
    *,
    members: MemberAccess,
    settings: Mapping[str, BaselineSetting[Any, Any]],
    snapshot: OrganizationSnapshot,
    plan_changes: Sequence[Change],
) -> Mapping[tuple[str, str], str | None]:
    """The ranges that the settings named by ``changes`` already have, by account id and setting
    name; ``None`` for none. What cannot be read now is left out."""
    wanted = _inside(changes)
    if not wanted:
        return {}
    places = Places(plan_changes, snapshot)

    def look(item: _Look) -> tuple[str | None, bool]:
        plugin = item.resolved.plugin
        if not isinstance(plugin, ClaimsNetwork):
            return None, False
        try:
            session = members.session(item.account_id)
            return plugin.live_network(item.resolved.inputs(item.region), session), True
        except AftError:
            return None, False

    with ThreadPoolExecutor(desired.config.limits.accounts_in_parallel, "aft-read") as pool:
        looks = [
            found
            for account in _by_account(wanted)
            for found in _looks(account, desired, settings, places, {})
        ]
        seen = list(pool.map(look, looks))
    return {
        (item.account_id, item.resolved.name): cidr
        for item, (cidr, is_seen) in zip(looks, seen, strict=True)
        if is_seen
    }


def _inside(changes: Sequence[Change]) -> list[Change]:
    return [
        change for change in changes if change.kind == SETTING and change.account_id is not None
    ]


def _by_account(changes: Sequence[Change]) -> list[list[Change]]:
    """The changes of each account together, in their order."""
    by_account: dict[tuple[str, str | None], list[Change]] = {}
    for change in changes:
        by_account.setdefault((change.target, change.account_id), []).append(change)
    return list(by_account.values())


def _is_usable(members: MemberAccess, account_id: AccountId) -> bool:
    """A young account cannot be read yet; an apply waits for it, a plan does not."""
    try:
        return members.is_usable(account_id)
    except AftError:
        return False


def _looks(
    changes: Sequence[Change],
    desired: DesiredState,
    settings: Mapping[str, BaselineSetting[Any, Any]],
    places: Places | None,
    allocations: Mapping[str, str],
    around: Surroundings = _ALONE,
) -> list[_Look]:
    """The reads for the settings of one account, one for each region."""
    request = desired.request_by_id.get(RequestId(changes[0].target))
    if request is None or changes[0].account_id is None:
        return []
    account_id = AccountId(changes[0].account_id)
    names = frozenset(change.key for change in changes)
    if places is not None:
        ou = places.of(request, account_id)
    elif isinstance(request.ou, str):
        return []  # AWS's own id of an OU says nothing about its path
    else:
        ou = request.ou
    facts = account_facts(
        request,
        desired.config,
        account_id=account_id,
        ou=ou,
        around=around,
        allocations=allocations,
    )
    chosen = select_baseline(request=request, ou=ou, baselines=desired.baselines)
    if chosen.baseline is None:
        return []
    return [
        _Look(account_id=account_id, resolved=resolved, region=region)
        for resolved in settings_for(chosen.baseline, facts, settings)
        if resolved.name in names
        for region in resolved.regions
    ]


def _look(members: MemberAccess, look: _Look) -> _Seen:
    plugin, inputs = look.resolved.plugin, look.resolved.inputs(look.region)
    where = f"{look.region}: " if look.region is not None else ""
    try:
        observed = plugin.read(inputs, members.session(look.account_id))
        found = plugin.compare(inputs, observed)
        if isinstance(plugin, Refuses) and not all(item.is_pending for item in found):
            plugin.refuse(inputs, observed)
    except _PASSING as error:
        return _Seen(unread=where + error.message)
    except Denied as error:
        if look.region in OPT_IN:  # not enabled yet; a setting before this one will
            return _Seen(unread=where + error.message)
        return _Seen(refused=where + error.message, hint=error.hint)
    except AftError as error:
        return _Seen(refused=where + error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; it costs one line
        return _Seen(refused=where + unexpected(error))
    return _Seen(
        differences=tuple(item.description for item in found if not item.is_pending),
        takes_away=tuple(item.description for item in found if item.takes_away),
        is_pending=any(item.is_pending for item in found),
    )


def _together(
    looks: Sequence[_Look], seen: Sequence[_Seen]
) -> Mapping[tuple[str, str], LiveSetting]:
    """One entry per setting: the regions' differences and refusals."""
    by_setting: dict[tuple[str, str], list[tuple[_Look, _Seen]]] = {}
    for look, item in zip(looks, seen, strict=True):
        by_setting.setdefault((look.account_id, look.resolved.name), []).append((look, item))
    return {
        key: LiveSetting(
            account_id=key[0],
            ref=setting_ref(key[1]),
            differences=across_regions(
                (look.region, line) for look, item in items for line in item.differences
            ),
            takes_away=across_regions(
                (look.region, line) for look, item in items for line in item.takes_away
            ),
            refused="; ".join(dict.fromkeys(item.refused for _, item in items if item.refused)),
            hint=next((item.hint for _, item in items if item.hint), ""),
            is_pending=any(item.is_pending for _, item in items),
            unread=next((item.unread for _, item in items if item.unread), ""),
        )
        for key, items in by_setting.items()
    }
