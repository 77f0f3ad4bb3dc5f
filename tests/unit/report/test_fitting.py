"""A page fits its limit, and what is shown and what is counted as missing is all there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aft.report.markdown.fitting import LIST, Entry, Missing, Section, fitted, utf8_size
from aft.values.words import listed

ENTRIES = st.lists(st.integers(min_value=1, max_value=400), max_size=30)


def section(title: str, sizes: list[int], *, is_vital: bool) -> Section:
    entries = tuple(Entry(text="x" * size, tally=((title, 1),)) for size in sizes)
    return Section(title=f"### {title}", entries=entries, is_vital=is_vital, gap=LIST)


@given(vital=ENTRIES, other=ENTRIES, limit=st.integers(min_value=1_500, max_value=9_000))
def test_nothing_is_lost_in_silence(vital: list[int], other: list[int], limit: int) -> None:
    noticed: list[Missing] = []

    def notice(missing: Missing) -> str:
        noticed.append(missing)
        return f"MISSING {missing.words}"

    page = fitted(
        "head",
        [section("risk", vital, is_vital=True), section("account", other, is_vital=False)],
        "foot",
        limit=limit,
        size=len,
        notice=notice,
    )
    assert len(page) <= limit
    assert page.startswith("head\n\n")
    assert page.endswith("\n\nfoot\n")
    shown = sum(1 for line in page.splitlines() if line and set(line) == {"x"})
    counted = dict((*noticed[0].vital, *noticed[0].other)) if noticed else {}
    assert shown + sum(counted.values()) == len(vital) + len(other)
    if counted.get("risk"):
        assert counted.get("account", 0) == len(other), "risks are shown before anything else"
        assert page.startswith("head\n\nMISSING ")
    elif counted:
        assert page.endswith((" accounts\n\nfoot\n", " account\n\nfoot\n"))


def test_bytes_are_counted_where_the_limit_is_in_bytes() -> None:
    wide = Section(title="### t", entries=(Entry(text="…" * 500, tally=(("thing", 1),)),))
    by_letters = fitted("h", [wide], "f", limit=1_400, size=len, notice=lambda _: "MISSING")
    by_bytes = fitted("h", [wide], "f", limit=1_400, size=utf8_size, notice=lambda _: "MISSING")
    assert "…" in by_letters
    assert "MISSING" in by_bytes


def test_a_mask_is_put_over_everything_before_it_is_measured() -> None:
    entries = (Entry(text="secret", tally=(("thing", 1),)),)
    page = fitted(
        "secret head",
        [Section(title="### t", entries=entries)],
        "secret foot",
        limit=2_000,
        size=len,
        notice=lambda _: "MISSING",
        mask=lambda text: text.replace("secret", "*" * 3_000 if text == "secret" else "***"),
    )
    assert "secret" not in page
    assert "MISSING" in page


def test_listed() -> None:
    assert [listed(list(text)) for text in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
