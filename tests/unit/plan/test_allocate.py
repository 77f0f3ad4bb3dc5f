"""Ranges of addresses: never twice, never moved, the same for the same claims."""

from __future__ import annotations

import random
from ipaddress import IPv4Network
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from aft.kinds.address_range.allocate import Problem, RangeClaim, RangePool, allocate

POOLS = {
    "small": RangePool(range=IPv4Network("10.0.0.0/22")),
    "large": RangePool(range=IPv4Network("10.64.0.0/14"), reserved=(IPv4Network("10.64.0.0/20"),)),
}


def wants(owner: str, prefix: int, pool: str = "large", **more: IPv4Network) -> RangeClaim:
    return RangeClaim(owner=owner, pool=pool, prefix=prefix, **more)


@st.composite
def networks(draw: st.DrawFn) -> IPv4Network:
    prefix = draw(st.integers(18, 28))
    return IPv4Network((draw(st.integers(10 << 24, (10 << 24) + (1 << 23))), 32)).supernet(
        new_prefix=prefix
    )


@st.composite
def claims(draw: st.DrawFn) -> list[RangeClaim]:
    owners = draw(st.lists(st.text("abcdef", min_size=1, max_size=4), unique=True, max_size=25))
    return [
        RangeClaim(
            owner=owner,
            given=draw(st.none() | networks()),
            pool=draw(st.sampled_from(["small", "large", "missing"])),
            prefix=draw(st.integers(18, 28)),
        )
        for owner in owners
    ]


@given(claims(), st.lists(networks(), max_size=8))
def test_nobody_gets_what_another_has(asked: list[RangeClaim], taken: list[IPv4Network]) -> None:
    found = allocate(asked, pools=POOLS, taken=[("elsewhere", span) for span in taken])
    for (_, one), (_, other) in combinations(found.ranges.items(), 2):
        assert not one.overlaps(other)
    for span in found.ranges.values():
        assert not any(span.overlaps(other) for other in taken)
    assert found.ranges.keys() | found.refusals.keys() == {claim.owner for claim in asked}
    assert not found.ranges.keys() & found.refusals.keys()
    for claim in asked:
        span = found.ranges.get(claim.owner)
        if span is not None and claim.given is None:
            pool = POOLS[claim.pool]
            assert span.prefixlen == claim.prefix
            assert span.subnet_of(pool.range)
            assert not any(span.overlaps(item) for item in pool.reserved)


@given(claims(), st.lists(networks(), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_claims_does_not_matter(
    asked: list[RangeClaim], taken: list[IPv4Network], order: random.Random
) -> None:
    mixed = list(asked)
    order.shuffle(mixed)
    spans = [("elsewhere", span) for span in taken]
    assert allocate(asked, pools=POOLS, taken=spans) == allocate(
        mixed, pools=POOLS, taken=list(reversed(spans))
    )


@given(claims(), claims())
def test_what_was_handed_out_stays(first: list[RangeClaim], later: list[RangeClaim]) -> None:
    before = allocate(first, pools=POOLS)
    held = [
        RangeClaim(
            owner=claim.owner,
            given=claim.given,
            held=before.ranges.get(claim.owner),
            pool=claim.pool,
            prefix=claim.prefix,
        )
        for claim in first
    ]
    newcomers = [claim for claim in later if claim.owner not in {item.owner for item in first}]
    after = allocate([*held, *newcomers], pools=POOLS)
    for owner, span in before.ranges.items():
        assert after.ranges[owner] == span


def test_the_first_free_range_is_taken_and_gaps_are_filled() -> None:
    found = allocate([wants("a", 20), wants("b", 24), wants("c", 20), wants("d", 24)], pools=POOLS)
    assert {owner: str(span) for owner, span in found.ranges.items()} == {
        "a": "10.64.16.0/20",
        "b": "10.64.32.0/24",
        "c": "10.64.48.0/20",
        "d": "10.64.33.0/24",
    }


def test_a_pool_that_is_full_says_so() -> None:
    found = allocate([wants(name, 24, "small") for name in "abcde"], pools=POOLS)
    assert sorted(found.ranges) == ["a", "b", "c", "d"]
    assert found.refusals["e"].problem is Problem.EXHAUSTED
    assert str(found.refusals["e"].range) == "10.0.0.0/22"


def test_of_two_that_are_given_the_same_the_first_has_it() -> None:
    span = IPv4Network("10.20.0.0/20")
    inside = IPv4Network("10.20.4.0/24")
    found = allocate(
        [RangeClaim(owner="b", given=inside), RangeClaim(owner="a", given=span)], pools={}
    )
    assert found.ranges == {"a": span}
    assert found.refusals["b"].problem is Problem.OVERLAP
    assert (found.refusals["b"].other, found.refusals["b"].range) == ("a", span)


def test_who_holds_a_range_beats_who_is_given_it() -> None:
    span = IPv4Network("10.64.16.0/20")
    found = allocate([RangeClaim(owner="a", given=span), wants("z", 20, held=span)], pools=POOLS)
    assert found.ranges == {"z": span}
    assert found.refusals["a"].other == "z"


def test_a_new_given_range_does_not_free_the_old_one() -> None:
    old, new = IPv4Network("10.64.16.0/20"), IPv4Network("10.90.0.0/20")
    found = allocate([RangeClaim(owner="a", given=new, held=old), wants("b", 20)], pools=POOLS)
    assert found.ranges["a"] == new
    assert found.ranges["b"] != old


def test_ten_thousand_accounts_are_no_work() -> None:
    pools = {"all": RangePool(range=IPv4Network("10.0.0.0/8"))}
    asked = [wants(f"account-{number:05}", 22, "all") for number in range(10_000)]
    found = allocate(asked, pools=pools)
    assert len(set(found.ranges.values())) == 10_000
