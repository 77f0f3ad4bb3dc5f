"""Handing out ranges of addresses: no two accounts get the same, and none ever moves.

Pure and deterministic: the same claims, in any order, get the same ranges. Knows
ranges and names, nothing of accounts or AWS.

Who has a range (from the ledger, or from a live network) keeps it. What is given is given, unless
it overlaps. Then the remaining claims, by name, each get the first free, aligned range of their
pool.
"""

from __future__ import annotations

import bisect
import enum
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network


class Problem(enum.StrEnum):
    """Why a claim gets no range."""

    OVERLAP = "overlap"
    EXHAUSTED = "exhausted"
    NO_POOL = "no-pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePool:
    """Where ranges are cut from; ``reserved`` parts of it are never handed out."""

    range: IPv4Network
    reserved: tuple[IPv4Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeClaim:
    """``owner`` wants ``given``, or ``prefix`` bits of ``pool``; ``held`` is what it has."""

    owner: str
    given: IPv4Network | None = None
    held: IPv4Network | None = None
    pool: str = ""
    prefix: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``other`` is who has what overlaps, ``range`` which range that is (or the pool's)."""

    problem: Problem
    other: str = ""
    range: IPv4Network | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocations:
    """By owner: the range, or why there is none."""

    ranges: dict[str, IPv4Network] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)


Taken = tuple[str, IPv4Network]
"""An owner's name, and a range no other may have."""


def allocate(
    claims: Iterable[RangeClaim], *, pools: Mapping[str, RangePool], taken: Iterable[Taken] = ()
) -> Allocations:
    """A range for each claim. Owners are unique; ``taken`` may name owners of claims, too."""
    ordered = sorted(claims, key=lambda claim: claim.owner)
    occupied = _Occupied()
    for name, span in sorted(taken, key=lambda item: (item[0], item[1])):
        occupied.add(span, name)
    for claim in ordered:
        if claim.held is not None:
            occupied.add(claim.held, claim.owner)
    found = Allocations()
    for claim in ordered:
        _keep(claim, occupied, found)
    others = [claim for claim in ordered if claim.given is None and claim.held is None]
    _cut(others, pools, occupied, found)
    return found


def _keep(claim: RangeClaim, occupied: _Occupied, found: Allocations) -> None:
    """What is given, or else what is held already."""
    if claim.given is None:
        if claim.held is not None:
            found.ranges[claim.owner] = claim.held
        return
    other = occupied.other(claim.given, claim.owner)
    if other is not None and claim.given != claim.held:
        refusal = Refusal(problem=Problem.OVERLAP, other=other[0], range=other[1])
        found.refusals[claim.owner] = refusal
    else:
        found.ranges[claim.owner] = claim.given
        occupied.add(claim.given, claim.owner)


def _cut(
    claims: Iterable[RangeClaim],
    pools: Mapping[str, RangePool],
    occupied: _Occupied,
    found: Allocations,
) -> None:
    """The first free range of its pool for each."""
    cutters = {
        name: _Cutter(pool.range, (*pool.reserved, *occupied.around_and_in(pool.range)))
        for name, pool in pools.items()
    }
    for claim in claims:
        pool = pools.get(claim.pool)
        if pool is None:
            found.refusals[claim.owner] = Refusal(problem=Problem.NO_POOL)
        elif cut := cutters[claim.pool].cut(claim.prefix):
            found.ranges[claim.owner] = cut
        else:
            found.refusals[claim.owner] = Refusal(problem=Problem.EXHAUSTED, range=pool.range)


class _Occupied:
    """Ranges with their owners. Ranges are nested or apart, never half over each other; so what
    overlaps a range is in it, or is one of the at most 32 ranges around it."""

    def __init__(self) -> None:
        self._owners: dict[IPv4Network, set[str]] = {}
        self._starts: list[tuple[int, int]] = []

    def add(self, span: IPv4Network, owner: str) -> None:
        if span not in self._owners:
            bisect.insort(self._starts, (int(span.network_address), span.prefixlen))
        self._owners.setdefault(span, set()).add(owner)

    def other(self, span: IPv4Network, owner: str) -> Taken | None:
        """Another owner's range that overlaps ``span``."""
        for candidate in self.around_and_in(span):
            others = sorted(self._owners.get(candidate, set()) - {owner})
            if others:
                return others[0], candidate
        return None

    def around_and_in(self, span: IPv4Network) -> Sequence[IPv4Network]:
        """Every range that overlaps ``span``."""
        first, last = int(span.network_address), int(span.broadcast_address)
        begin = bisect.bisect_left(self._starts, (first, span.prefixlen))
        end = bisect.bisect_left(self._starts, (last + 1, 0))
        around = (span.supernet(new_prefix=bits) for bits in range(span.prefixlen))
        inside = (IPv4Network((start, bits)) for start, bits in self._starts[begin:end])
        return [*(item for item in around if item in self._owners), *inside]


class _Cutter:
    """The free rest of one pool, as gaps in order."""

    def __init__(self, pool: IPv4Network, used: Iterable[IPv4Network]) -> None:
        self._pool = pool
        self._gaps: list[tuple[int, int]] = []
        self._next: dict[int, int] = {}
        free = int(pool.network_address)
        end = int(pool.broadcast_address) + 1
        for span in sorted({item for item in used if item.overlaps(pool)}):
            first = int(span.network_address)
            if first > free:
                self._gaps.append((free, first))
            free = max(free, int(span.broadcast_address) + 1)
        if free < end:
            self._gaps.append((free, end))

    def cut(self, prefix: int) -> IPv4Network | None:
        """The first free range of that size; ``None`` when there is none left."""
        if not self._pool.prefixlen <= prefix <= 32:
            return None
        size = 1 << (32 - prefix)
        # Nothing is ever given back, so a search need not begin before where the last one ended.
        begin = self._next.get(prefix, 0)
        index = max(0, bisect.bisect_right(self._gaps, (begin, 1 << 33)) - 1)
        for number in range(index, len(self._gaps)):
            first, end = self._gaps[number]
            start = -(-first // size) * size
            if start + size <= end:
                rest = ((first, start), (start + size, end))
                self._gaps[number : number + 1] = [gap for gap in rest if gap[0] < gap[1]]
                self._next[prefix] = start
                return IPv4Network((ipaddress.IPv4Address(start), prefix))
        self._next[prefix] = 1 << 32
        return None
