"""The table of `make bench`: readable, and honest about what is missed."""

from __future__ import annotations

import json

from bench.table import WIDTH, Row, as_json, table

ROWS = [
    Row(group="Counts", name="AWS calls", measured=153, bound=250),
    Row(group="Counts", name="AWS calls of a plan that asks too often", measured=251, bound=250),
    Row(group="Ratios", name="times less", measured=4.999, bound=5.0, at_least=True, unit="x"),
    Row(group="Ratios", name="only to be watched", measured=0.5, detail="word " * 40),
]


def test_the_table_fits_and_says_what_is_missed() -> None:
    lines = table(ROWS).splitlines()
    assert max(map(len, lines)) <= WIDTH
    verdicts = {line.split(".")[0]: line.split()[-1] for line in lines if ".." in line}
    assert verdicts["AWS calls"] == "ok"
    assert verdicts["AWS calls of a plan that asks too often"] == "NOT"
    assert verdicts["times less"] == "NOT"
    assert lines[-1] == "2 of 3 promises NOT kept."


def test_a_kept_promise_is_not_rounded_into_one() -> None:
    (row,) = (item for item in ROWS if item.name == "times less")
    assert not row.is_kept


def test_machines_get_the_same_verdicts() -> None:
    assert [item["ok"] for item in json.loads(as_json(ROWS))] == [True, False, False, True]
