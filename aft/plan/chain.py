"""Building one target's changes in order, each waiting for the one before.

Used by the modules that compute differences; holds no rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aft.plan.model import ORGANIZATION, Change, ChangeKind, FieldChange


def change_id(target: str, kind: ChangeKind, subject: str = "") -> str:
    """The stable id of a change, such as ``account/payments/apply-setting/account-alias``."""
    head = ORGANIZATION if target == ORGANIZATION else f"account/{target}"
    return "/".join(part for part in (head, kind.value, subject) if part)


class Chain:
    """The changes of one account, in the order they are carried out."""

    def __init__(self, target: str, account_id: str | None) -> None:
        self.target = target
        self.account_id = account_id
        self._changes: list[Change] = []

    def add(
        self,
        kind: ChangeKind,
        *,
        subject: str = "",
        fields: Iterable[FieldChange] = (),
        details: Iterable[str] = (),
        inputs_digest: str = "",
        needs: Iterable[str] = (),
        reason: str = "",
    ) -> None:
        """Append a change that waits for the one before it and for ``needs``."""
        before = (self._changes[-1].id,) if self._changes else ()
        self._changes.append(
            Change(
                id=change_id(self.target, kind, subject),
                kind=kind,
                target=self.target,
                account_id=self.account_id,
                subject=subject,
                fields=tuple(fields),
                details=tuple(details),
                inputs_digest=inputs_digest,
                needs=tuple(dict.fromkeys((*before, *needs))),
                reason=reason,
            )
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self._changes)


def wait_for(changes: tuple[Change, ...], needs: Iterable[str]) -> tuple[Change, ...]:
    """The same chain, whose first change also waits for ``needs``."""
    wanted = tuple(needs)
    if not changes or not wanted:
        return changes
    first = replace(changes[0], needs=tuple(dict.fromkeys((*changes[0].needs, *wanted))))
    return (first, *changes[1:])
