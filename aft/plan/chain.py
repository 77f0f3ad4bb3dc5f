"""Building one target's changes, each with what it waits for.

A chain's order is one in which the changes may go; what really waits for what is said by their
``needs``, so that changes beside each other need not wait. Holds no rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from aft.plan.model import Action, Change, FieldChange, change_id
from aft.values.refs import Ref


class Chain:
    """The changes of one account, in an order in which they may be carried out."""

    def __init__(self, target: str, account_id: str | None) -> None:
        self.target = target
        self.account_id = account_id
        self._changes: list[Change] = []

    def add(
        self,
        action: Action,
        ref: Ref,
        *,
        fields: Iterable[FieldChange] = (),
        details: Iterable[str] = (),
        inputs_digest: str = "",
        needs: Iterable[str] = (),
        after: Iterable[str] | None = None,
        follows: Iterable[str] = (),
        reason: str = "",
    ) -> str:
        """Append a change that waits for ``after`` (by default for all there are so far), for
        ``needs``, and for the end of those it ``follows``; its id."""
        before = self.tails if after is None else after
        key = change_id(self.target, action, ref)
        self._changes.append(
            Change(
                id=key,
                kind=ref.kind,
                action=action,
                key=ref.key,
                target=self.target,
                account_id=self.account_id,
                fields=tuple(fields),
                details=tuple(details),
                inputs_digest=inputs_digest,
                needs=tuple(dict.fromkeys((*before, *needs))),
                follows=tuple(follows),
                reason=reason,
            )
        )
        return key

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self._changes)

    @property
    def tails(self) -> tuple[str, ...]:
        """See the function of that name."""
        return tails(self._changes)


def heads(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes of a chain that wait for none of its own: with them it begins."""
    own = {change.id for change in changes}
    return tuple(change.id for change in changes if own.isdisjoint(change.needs))


def tails(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes of a chain that none of its own waits for: after them it is done."""
    needed = {need for change in changes for need in change.needs}
    return tuple(change.id for change in changes if change.id not in needed)


def wait_for(changes: tuple[Change, ...], needs: Iterable[str]) -> tuple[Change, ...]:
    """The same chain, which does not begin before ``needs`` are done."""
    wanted = tuple(needs)
    if not changes or not wanted:
        return changes
    begins = frozenset(heads(changes))
    return tuple(
        replace(change, needs=tuple(dict.fromkeys((*change.needs, *wanted))))
        if change.id in begins
        else change
        for change in changes
    )
