"""Lines of ``allow`` that permit nothing, each at its place."""

from __future__ import annotations

from datetime import date

import pytest
from builders_kinds import KINDS
from builders_requests import REPOSITORY, load, request_text

from aft.desired.desired import LoadResult

SHOP = "account-requests/shop.yaml"
TODAY = date(2026, 11, 30)
GOOD = "{what: move, reason: PLAT-9, until: 2026-11-30}"


def found(line: str, *, place: str) -> LoadResult:
    text = f"allow:\n  - {line}\n"
    shop = request_text("shop")
    files = {SHOP: shop + text} if place == SHOP else {SHOP: shop, place: REPOSITORY[place] + text}
    return load(files, parts=KINDS.values(), today=TODAY)


def but(**values: str) -> str:
    fields = {"what": "move", "reason": "PLAT-9", "until": "2026-11-30", **values}
    return f"{{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}"


BOTH = (
    (GOOD, ""),
    (but(what="end", items="[ou]"), ""),
    (but(items="[web-service/20-gone.sh]"), ""),
    (but(what="mvoe"), "error AFT346 there is no risk 'mvoe', and nothing else of that name"),
    (but(what="create"), "error AFT346 "),
    (but(until="2026-11-29"), "warning AFT372 this line of allow ended on 2026-11-29"),
    (but(items="[wbe/10-x.py]"), "warning AFT371 there is nothing called 'wbe/10-x.py'"),
)
GENERAL = (
    (but(what="create", up_to="9"), ""),
    (but(target="shop"), ""),
    (but(target="organization"), ""),
    (but(target="shpo"), "warning AFT371 there is no request 'shpo' that this could be for"),
    (but(what="craete", up_to="9"), "error AFT346 there is no limit 'craete'"),
    (but(what="take-away", up_to="9"), "error AFT346 there is no limit 'take-away'"),
    (but(what="create"), "error AFT346 'create' is a limit, and the line has no up_to"),
)
CASES = [
    *((SHOP, line, said) for line, said in BOTH),
    *(("aft.yaml", line, said) for line, said in (*BOTH, *GENERAL)),
]


@pytest.mark.parametrize(("place", "line", "said"), CASES)
def test_a_line_is_checked_at_its_place(place: str, line: str, said: str) -> None:
    result = found(line, place=place)
    if not said:
        assert result.findings == ()
        return
    (finding,) = result.findings
    assert f"{finding.severity} {finding.code} {finding.message}".startswith(said)
    assert finding.path == place
    assert finding.source is not None
    text = (REPOSITORY[place] if place != SHOP else request_text("shop")).count("\n")
    assert finding.source.line == text + 2
    assert finding.source.column > len("  - {what")
    assert finding.hint
    assert (result.state is None) is finding.is_error
