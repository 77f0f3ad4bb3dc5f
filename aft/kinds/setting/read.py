"""Looking at settings inside accounts for the plan: what differs there now. Changes nothing.

What must not be read, or cannot ever be as wanted, is said with that setting, and so is why one
cannot be read just now (a young account, a lost connection): it stays in the plan. Accounts are
read side by side, so that many take little longer than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

from aft.baselines.model import Refuses, setting_ref
from aft.baselines.select import ResolvedSetting
from aft.errors import AftError, Conflict, Denied, Transient, UnknownOutcome, unexpected
from aft.plan.draft import Look
from aft.plan.model import LiveSetting
from aft.ports import AccessRefusal, MemberAccess
from aft.values.ids import AccountId
from aft.values.regions import OPT_IN

_PASSING = (Transient, Conflict, UnknownOutcome)


class _Look(NamedTuple):
    """One read: a setting of an account in a region (``None`` for settings without)."""

    account_id: AccountId
    resolved: ResolvedSetting
    region: str | None


def read_settings(
    wanted: Sequence[Look], members: MemberAccess, *, in_parallel: int
) -> Mapping[tuple[str, str], LiveSetting]:
    """What the settings (each look's ``subject``, resolved) show now, by account id and name."""
    looks = [
        _Look(item.account_id, item.subject, region)
        for item in wanted
        for region in item.subject.regions
    ]
    with ThreadPoolExecutor(in_parallel, "aft-read") as pool:
        seen = list(pool.map(lambda look: _look(members, look), looks))
        # A refusal may only mean that the account is too young: then nothing is known yet.
        doubtful = sorted(
            {look.account_id for look, item in zip(looks, seen, strict=True) if item.refused}
        )
        found = pool.map(lambda account_id: _why_closed(members, account_id), doubtful)
        closed = dict(zip(doubtful, found, strict=True))
    for number, look in enumerate(looks):
        if why := closed.get(look.account_id):
            seen[number] = _seen(
                look, unread=why.message, hint=why.hint, lacks_permission=why.is_callers
            )
    return _together(looks, seen)


def _why_closed(members: MemberAccess, account_id: AccountId) -> AccessRefusal | None:
    """A young account cannot be read yet; an apply waits for it, a plan does not. ``None`` for one
    that can be."""
    closed = f"account {account_id} cannot be entered now"
    try:
        if members.is_usable(account_id):
            return None
        why = members.refusal(account_id)
    except AftError as error:
        return AccessRefusal(message=f"{closed}: {error.message}", hint=error.hint)
    if why is None:
        return AccessRefusal(message=closed, hint="")
    return replace(why, message=f"{closed}: {why.message}")


def _seen(look: _Look, **values: Any) -> LiveSetting:
    return LiveSetting(account_id=look.account_id, ref=setting_ref(look.resolved.name), **values)


def _look(members: MemberAccess, look: _Look) -> LiveSetting:
    plugin, inputs = look.resolved.plugin, look.resolved.inputs(look.region)
    where = f"{look.region}: " if look.region is not None else ""
    try:
        observed = plugin.read(inputs, members.session(look.account_id))
        found = plugin.compare(inputs, observed)
        if isinstance(plugin, Refuses) and not all(item.is_pending for item in found):
            plugin.refuse(inputs, observed)
    except _PASSING as error:
        return _seen(look, unread=where + error.message)
    except Denied as error:
        # Not enabled yet; a setting before this one will. AWS names no action then.
        if look.region in OPT_IN and not error.lacks:
            return _seen(look, unread=where + error.message)
        return _seen(look, refused=where + error.message, hint=error.hint)
    except AftError as error:
        return _seen(look, refused=where + error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; it costs one line
        return _seen(look, refused=where + unexpected(error))
    return _seen(
        look,
        differences=tuple(item.description for item in found if not item.is_pending),
        takes_away=tuple(item.description for item in found if item.takes_away),
        is_pending=any(item.is_pending for item in found),
    )


def _together(
    looks: Sequence[_Look], seen: Sequence[LiveSetting]
) -> Mapping[tuple[str, str], LiveSetting]:
    """One entry per setting: the regions' differences and refusals."""
    by_setting: dict[tuple[str, str], list[tuple[str | None, LiveSetting]]] = {}
    for look, item in zip(looks, seen, strict=True):
        by_setting.setdefault((item.account_id, item.ref.key), []).append((look.region, item))
    return {
        key: replace(
            items[0][1],
            differences=across_regions(
                (region, line) for region, item in items for line in item.differences
            ),
            takes_away=across_regions(
                (region, line) for region, item in items for line in item.takes_away
            ),
            refused="; ".join(dict.fromkeys(item.refused for _, item in items if item.refused)),
            hint=next((item.hint for _, item in items if item.hint), ""),
            is_pending=any(item.is_pending for _, item in items),
            unread=next((item.unread for _, item in items if item.unread), ""),
            lacks_permission=any(item.lacks_permission for _, item in items),
        )
        for key, items in by_setting.items()
    }


def across_regions(told: Iterable[tuple[str | None, str]]) -> tuple[str, ...]:
    """Lines for ``(region, description)`` pairs, in order of their first region. What differs alike
    in several regions is one line that names them all. A description that does not say its region
    gets it in front; ``None`` is a setting without regions."""
    regions_of: dict[tuple[str, str], list[str]] = {}
    for region, text in told:
        regions_of.setdefault(_shape(region, text), []).extend([region] if region else [])
    return tuple(
        before + _listed(regions) + after if regions else before
        for (before, after), regions in regions_of.items()
    )


def _shape(region: str | None, text: str) -> tuple[str, str]:
    """What is before and after the region's name."""
    if region is None:
        return text, ""
    before, found, after = text.partition(f" in {region}")
    if not found:
        return "", f": {text}"
    return f"{before} in ", after


def _listed(regions: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(regions[:-1]), regions[-1])))
