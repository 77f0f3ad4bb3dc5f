"""What two open changes both ask for, so that only one of them can be merged. Pure. Looks at the
requests that each changes, never at all there are: what collides with a request that is merged
already is found by the rules of one revision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from aft.desired.model import AccountRequest
from aft.desired.networks import mentioned
from aft.findings.model import Finding, Severity, SourceRef, finding_at
from aft.findings.validation import Loc

Fields = Collection[tuple[str, ...]]
"""Places of requests that hold ranges of addresses."""

Where = Callable[[AccountRequest, Loc], SourceRef]
"""Where one of our requests says something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherChange:
    """What another revision changes. ``name`` is what people call it, such as ``#12``;
    ``known_ids`` are request ids of both sides that existed before either changed anything."""

    name: str
    requests: tuple[AccountRequest, ...]
    known_ids: frozenset[str]


def collisions(
    ours: Iterable[AccountRequest], other: OtherChange, *, fields: Fields, where: Where
) -> Iterator[Finding]:
    """Warnings at the lines of ``ours``."""
    for mine in ours:
        for theirs in other.requests:
            for loc, code, what, hint in _between(mine, theirs, other, fields):
                message = f"{what} {other.name} ({theirs.source.path})"
                source = where(mine, loc)
                yield finding_at(code, source, message, hint, severity=Severity.WARNING)


_Clash = tuple[Loc, str, str, str]


def _between(
    mine: AccountRequest, theirs: AccountRequest, other: OtherChange, fields: Fields
) -> Iterator[_Clash]:
    if mine.id.casefold() == theirs.id.casefold():
        if mine.id in other.known_ids and theirs.id in other.known_ids:
            return  # both change the same account: git's merge decides
        hint = "the one that is merged second needs another id: agree which one"
        yield (), "AFT345", f"request id {mine.id!r} is also asked for in", hint
        return
    if theirs.previously == mine.id or mine.previously == theirs.id:
        return  # one account, being renamed
    if mine.email.key == theirs.email.key:
        hint = "every AWS account needs a different address: agree on who changes it"
        yield ("email",), "AFT341", f"e-mail address {mine.email} is also used in", hint
    if mine.name.casefold() == theirs.name.casefold():
        hint = "give each account a different name"
        yield ("name",), "AFT342", f"account name {mine.name!r} is also used in", hint
    if mine.account_id is not None and mine.account_id == theirs.account_id:
        hint = "an account belongs to one request"
        yield ("account_id",), "AFT343", f"account {mine.account_id} is also adopted in", hint
    yield from _ranges(mine, theirs, fields)


def _ranges(mine: AccountRequest, theirs: AccountRequest, fields: Fields) -> Iterator[_Clash]:
    taken: list[IPv4Network] = [network for _, network in mentioned(theirs.custom_fields, fields)]
    for field, network in mentioned(mine.custom_fields, fields):
        overlapping = next((item for item in taken if item.overlaps(network)), None)
        if overlapping is not None:
            message = f"{network} overlaps {overlapping}, which is asked for in"
            yield field, "AFT344", message, "give each account's network a different range"
