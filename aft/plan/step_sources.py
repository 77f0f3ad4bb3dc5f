"""What the steps inside accounts are computed from, and the words for why one is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aft.baselines.model import BaselineSetting
from aft.customizations.model import CustomizationRunner
from aft.desired.model import DesiredState
from aft.ledger.events import AccountRecord
from aft.plan.model import LiveSetting
from aft.plan.other_accounts import OtherAccounts
from aft.values.ids import AccountId
from aft.values.refs import Ref

Settings = Mapping[str, BaselineSetting[Any, Any]]
Runners = Mapping[str, CustomizationRunner]
Live = Mapping[tuple[str, str], LiveSetting]
"""What was read inside accounts, by account id and setting name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReads:
    """What was read inside accounts. ``has_looked`` is false while nobody has read anything yet;
    ``is_deep`` also questions what the ledger takes as done."""

    found: Live = field(default_factory=dict)
    has_looked: bool = False
    is_deep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSources:
    """Where an account's steps come from: what git says, and the plug-ins.

    ``others`` is what is known of the accounts that steps read; ``rerun`` names customizations
    and steps to run although nothing changed.
    """

    desired: DesiredState
    settings: Settings
    runners: Runners
    live: LiveReads = field(default_factory=LiveReads)
    others: OtherAccounts = field(default_factory=OtherAccounts)
    rerun: frozenset[str] = frozenset()
    management_account_id: AccountId | None = None


def is_up_to_date(record: AccountRecord, ref: Ref, digest: str) -> bool:
    """Done with these inputs, and not tried with others since, which may have got half-way."""
    done = record.done(ref)
    is_same = bool(digest) and done is not None and done.digest == digest
    return is_same and record.failed(ref) is None


def reason_of(record: AccountRecord, ref: Ref, where: str) -> str:
    """Why a step is to be done: it failed, or changed, or is new."""
    failure = record.failed(ref)
    if failure is not None:
        return f"tried again, it failed at {failure.at:%Y-%m-%d %H:%M} UTC: {failure.reason}"
    done = record.done(ref)
    if done is not None:
        return f"{where}: changed since {done.at:%Y-%m-%d}"
    return where
