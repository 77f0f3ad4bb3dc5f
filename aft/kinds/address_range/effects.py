"""Looking for networks that accounts have already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from aft.baselines.model import ClaimsNetwork
from aft.engine.context import RunContext
from aft.engine.effects import Effects, StepSuccess
from aft.errors import AftError, Terminal
from aft.plan.draft import Look
from aft.plan.model import Change
from aft.ports import MemberAccess


class AddressRangeEffects(Effects):
    """Reads networks; there are no changes to carry out."""

    def apply(self, run: RunContext, change: Change) -> StepSuccess:
        del run
        raise Terminal(f"{change.id} is not an action of this kind; this is a bug in aft")

    def look(
        self, looks: Sequence[Look], members: MemberAccess, *, in_parallel: int
    ) -> Mapping[tuple[str, str], str | None]:
        """The ranges that the looked-at settings have already, ``None`` for none."""

        def seen(item: Look) -> tuple[str | None, bool]:
            plugin = item.subject.plugin
            if isinstance(plugin, ClaimsNetwork):
                with suppress(AftError):
                    inputs = item.subject.inputs(item.subject.regions[0])
                    return plugin.live_network(inputs, members.session(item.account_id)), True
            return None, False

        with ThreadPoolExecutor(in_parallel, "aft-read") as pool:
            found = zip(looks, pool.map(seen, looks), strict=True)
            return {
                (item.account_id, item.ref.key): cidr for item, (cidr, is_seen) in found if is_seen
            }
