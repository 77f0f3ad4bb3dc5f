"""Changes without what is specific to one account, so that equal accounts are shown
once: its id, request id, name and e-mail address are shown as a template writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from aft.plan.model import AccountLine, Change
from aft.values.parts import Comparison, PartChange, PropertyChange


def impersonal(changes: Iterable[Change], line: AccountLine | None) -> tuple[Change, ...]:
    """``changes`` of one account, their comparisons with names in place of its values."""
    found = tuple(changes)
    if all(change.comparison is None for change in found):
        return found
    account_id = next((change.account_id for change in found if change.account_id), None)
    own = {found[0].target: "{{ account.request_id }}"}
    if line is not None:
        own |= {line.name: "{{ account.name }}", line.email: "{{ account.email }}"}
    if account_id:
        own[account_id] = "{{ account.id }}"
    return tuple(
        change
        if change.comparison is None
        else replace(change, comparison=_comparison(change.comparison, own))
        for change in found
    )


def _comparison(comparison: Comparison, own: Mapping[str, str]) -> Comparison:
    values = sorted((value for value in own if value), key=len, reverse=True)
    pattern = re.compile(
        r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, values)) + r")(?![A-Za-z0-9])"
    )

    def named(text: str | None) -> str | None:
        return text and pattern.sub(lambda match: own[match[0]], text)

    def part(item: PartChange) -> PartChange:
        properties = (
            PropertyChange(
                path=found.path,
                before=named(found.before),
                after=named(found.after),
                replacement=found.replacement,
            )
            for found in item.properties
        )
        return replace(item, properties=tuple(properties))

    return replace(comparison, parts=tuple(part(item) for item in comparison.parts))
