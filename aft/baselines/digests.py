"""The digest by which a setting counts as done: equal digest, nothing to do. Pure.

It covers the setting's name and version, its parameters and the accounts they name, the facts it
says it depends on, and the regions it runs in; nothing else, so that an unrelated change re-runs
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aft.baselines.select import ResolvedSetting, Setting
from aft.organization.model import AccountFacts
from aft.values.canonical_json import digest
from aft.values.ids import AccountId

_ONE, _OTHER = AccountId("000000000000"), AccountId("111111111111")


def setting_digest(
    resolved: ResolvedSetting, facts: AccountFacts, *, version: int | None = None
) -> str:
    """``sha256:…``, or ``""`` when it depends on an account id that only apply can know. With
    ``version``, as that version of the setting would have it."""
    plugin = resolved.plugin
    if facts.account_id is None and (not resolved.is_known or _needs_account_id(plugin, facts)):
        return ""
    accounts = {item: item.account_id(facts) for item in resolved.references}
    if None in accounts.values():
        return ""
    covered = {
        "setting": resolved.name,
        "version": plugin.effect_version if version is None else version,
        "parameters": resolved.parameters.model_dump(mode="json"),
        "facts": plugin.facts(facts),
        "regions": sorted(facts.regions) if plugin.regional else None,
    }
    if accounts:  # another account behind the same name is another parameter
        covered["accounts"] = accounts
    return digest(covered)


def setting_effect(resolved: ResolvedSetting) -> Mapping[str, Any]:
    """What applying the setting does, as far as git and the plug-in decide it."""
    plugin = resolved.plugin
    return {
        "setting": resolved.name,
        "effect_version": plugin.effect_version,
        "parameters": resolved.parameters.model_dump(mode="json"),
        "regions": sorted(resolved.account.regions) if plugin.regional else None,
    }


def _needs_account_id(plugin: Setting, facts: AccountFacts) -> bool:
    one, other = (plugin.facts(replace(facts, account_id=item)) for item in (_ONE, _OTHER))
    return digest(one) != digest(other)
