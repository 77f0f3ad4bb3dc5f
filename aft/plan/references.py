"""The order between accounts that comes from settings which name other accounts.

A setting that names an account waits for that account's own setting of the same name, if the
plan has one, else for the account's creation. What names an account that nobody will create waits
with its whole account, and says so. Pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace

from aft.baselines.model import setting_ref
from aft.plan.model import Action, Change, change_id
from aft.values.ids import RequestId
from aft.values.refs import account_ref


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingReference:
    """Setting ``setting`` of request ``target`` names the account of request ``other``."""

    target: RequestId
    setting: str
    other: RequestId


def without_account(
    references: Iterable[SettingReference],
    *,
    accounts: Container[str],
    chains: Mapping[RequestId, tuple[Change, ...]],
) -> Mapping[RequestId, SettingReference]:
    """By request, a reference to an account that neither exists nor is created by this plan."""
    return {
        item.target: item
        for item in references
        if item.target in chains and item.other not in accounts and item.other not in chains
    }


def order_by_references(
    chains: dict[RequestId, tuple[Change, ...]], references: Iterable[SettingReference]
) -> None:
    """Let each change of ``chains`` wait for what its setting names."""
    known = {change.id for chain in chains.values() for change in chain}
    needs: dict[str, list[str]] = {}
    for item in references:
        here = change_id(item.target, Action.UPDATE, setting_ref(item.setting))
        for there in (
            change_id(item.other, Action.UPDATE, setting_ref(item.setting)),
            change_id(item.other, Action.CREATE, account_ref()),
        ):
            if there in known:
                needs.setdefault(here, []).append(there)
                break
    for target in sorted({item.target for item in references} & chains.keys()):
        chains[target] = tuple(
            replace(change, needs=tuple(dict.fromkeys((*change.needs, *needs[change.id]))))
            if change.id in needs
            else change
            for change in chains[target]
        )
