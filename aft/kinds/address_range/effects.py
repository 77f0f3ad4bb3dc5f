"""Looking for networks that accounts have already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from aft.baselines.model import ClaimsNetwork
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.errors import AftError, Terminal
from aft.plan.draft import Look, Unread
from aft.plan.model import Change
from aft.ports import MemberAccess


class AddressRangeEffects(Effects):
    """Reads networks; there are no changes to carry out."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        del run
        raise Terminal(f"{change.id} is not an action of this kind; this is a bug in aft")

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], str | Unread | None]:
        """The ranges that the looked-at settings have already, ``None`` for none."""
        claiming = [item for item in looks if isinstance(item.subject.plugin, ClaimsNetwork)]

        def seen(item: Look) -> str | Unread | None:
            inputs = item.subject.inputs(item.subject.regions[0])
            try:
                found: str | None = item.subject.plugin.live_network(
                    inputs, members.session(item.account_id)
                )
            except AftError as error:
                what = f"the network of setting {item.ref.key} in account {item.account_id}"
                return Unread(what, error.message, error.hint)
            return found

        with ThreadPoolExecutor(in_parallel, "aft-read") as pool:
            found = zip(claiming, pool.map(seen, claiming), strict=True)
            return {(item.account_id, item.ref.key): cidr for item, cidr in found}
