"""Ranges of addresses as a kind.

A range is given together with the setting that makes a network of it, and noted in the ledger
before anything is made; so no change is for a range alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aft.kinds.address_range.diff import plan_ranges, unseen_networks
from aft.plan.draft import Draft, Look
from aft.plan.fields import allocations_in
from aft.plan.kind import Kind, Truth, Verb
from aft.plan.model import Action, Change, Plan
from aft.plan.view import PlanView
from aft.plan.words import Item


class AddressRanges(Kind):
    """Which range of its pool each account's network gets."""

    name = "address-range"
    noun = ("address range", "address ranges")
    title = "Address ranges"
    truth = Truth.LEDGER
    effects = "aft.kinds.address_range.effects:AddressRangeEffects"

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {}

    def looks(self, view: PlanView, draft: Draft) -> Iterable[Look]:
        return unseen_networks(view, draft)

    def recalled(self, plan: Plan, looks: Iterable[Look]) -> Mapping[tuple[str, str], Any]:
        given = allocations_in(plan)
        return {
            (item.account_id, item.ref.key): given.get(item.target, {}).get(item.ref.key)
            for item in looks
        }

    def diff(self, view: PlanView, draft: Draft) -> None:
        plan_ranges(view, draft, draft.seen.get(self.name))

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        del changes
        return ()
