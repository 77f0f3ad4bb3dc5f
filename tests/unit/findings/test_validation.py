"""Findings from a model: code, place and plain words; and what strictness still converts."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from aft.findings.validation import validate
from aft.yamldoc import YamlDocument, parse_yaml


class Colour(enum.StrEnum):
    RED = "red"
    GREEN = "green"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    size: Annotated[int, Field(ge=1, le=9)] = 1
    word: Annotated[str, Field(min_length=2, max_length=4)] | None = None


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    name: str
    parts: Annotated[tuple[Part, ...], Field(max_length=3)] = ()
    labels: Mapping[Annotated[str, Field(pattern="^[a-z]+$")], str] = {}
    colour: Colour = Colour.RED
    kind: Literal["small", "large"] = "small"
    day: date | None = None
    on: bool = False
    ratio: Annotated[float, Field(gt=0, lt=2)] = 1
    region: Annotated[str, Field(pattern="^[a-z]+-[0-9]$", examples=["eu-1"])] | None = None
    either: Part | str | None = None
    pair: tuple[int, str] | None = None


def document(text: str) -> YamlDocument:
    found, findings = parse_yaml(text.encode(), "f.yaml")
    assert found is not None, findings
    return found


def findings(text: str) -> list[tuple[str, str, str, str]]:
    thing, found = validate(Thing, document(text))
    assert (thing is None) == bool(found)
    return [
        (f"{item.source.line}:{item.source.column}", item.code, item.message, item.hint)
        for item in found
    ]


def test_valid_data_becomes_the_model_with_tuples_and_dates() -> None:
    text = "name: a\nparts: [{size: 2}]\ncolour: green\nday: 2027-06-30\nratio: 1\npair: [1, x]\n"
    thing, found = validate(Thing, document(text))
    assert found == ()
    assert thing is not None
    assert thing.parts == (Part(size=2),)
    assert thing.day == date(2027, 6, 30)
    assert thing.colour is Colour.GREEN
    assert thing.pair == (1, "x")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nam: x", ("2:1", "AFT201", "nam is not a known key", "did you mean 'name'?")),
        (
            "parts: [{size: 1, zzz: 2}]",
            ("2:19", "AFT201", "parts[0].zzz is not a known key", "allowed here: size, word"),
        ),
        ("parts: x", ("2:8", "AFT202", "parts: expected a list, found 'x'", "write [x]")),
        ("parts: [3]", ("2:9", "AFT202", "parts[0]: expected a mapping, found the number 3", "")),
        (
            "on: yes",
            (
                *("2:5", "AFT202", "on: expected true or false, found 'yes'"),
                "write true or false, without quotes",
            ),
        ),
        (
            "labels: {a: 1}",
            ("2:13", "AFT202", "labels.a: expected text, found the number 1", 'write "1"'),
        ),
        (
            "labels: {a: true}",
            ("2:13", "AFT202", "labels.a: expected text, found true", 'write "true"'),
        ),
        (
            "labels: {a: }",
            ("2:13", "AFT202", "labels.a: expected text, found nothing", ""),
        ),
        ("ratio: big", ("2:8", "AFT202", "ratio: expected a number, found 'big'", "")),
        (
            "either: [1]",
            ("2:9", "AFT202", "either: expected a mapping or text, found a list", ""),
        ),
        (
            "either: {size: x}",
            ("2:16", "AFT202", "either.size: expected a whole number, found 'x'", ""),
        ),
        ("pair: [1]", ("2:7", "AFT203", "pair[1] is missing", "")),
        (
            "kind: smal",
            (
                *("2:7", "AFT204", "kind: expected 'small' or 'large', found 'smal'"),
                "did you mean 'small'?",
            ),
        ),
        (
            "colour: blue",
            ("2:9", "AFT204", "colour: expected 'red' or 'green', found 'blue'", ""),
        ),
        (
            "region: eu_1",
            ("2:9", "AFT204", "region: expected text such as 'eu-1', found 'eu_1'", ""),
        ),
        (
            "labels: {A: x}",
            ("2:10", "AFT204", "labels.A: expected text that matches ^[a-z]+$, found 'A'", ""),
        ),
        (
            "parts: [{size: 0}]",
            ("2:16", "AFT204", "parts[0].size: expected at least 1, found the number 0", ""),
        ),
        (
            "parts: [{size: 10}]",
            ("2:16", "AFT204", "parts[0].size: expected at most 9, found the number 10", ""),
        ),
        (
            "parts: [{word: a}]",
            ("2:16", "AFT204", "parts[0].word: expected at least 2 characters, found 1", ""),
        ),
        (
            "parts: [{word: abcde}]",
            ("2:16", "AFT204", "parts[0].word: expected at most 4 characters, found 5", ""),
        ),
        (
            "parts: [{}, {}, {}, {}]",
            ("2:8", "AFT204", "parts: expected at most 3 entries, found 4", ""),
        ),
        ("ratio: 0", ("2:8", "AFT204", "ratio: expected more than 0, found the number 0", "")),
        ("ratio: 2", ("2:8", "AFT204", "ratio: expected less than 2, found the number 2", "")),
        (
            "day: 2027-06-31",
            (
                *("2:6", "AFT204"),
                *("day: expected a date such as 2027-06-30, found '2027-06-31'", ""),
            ),
        ),
        (
            "region: 123456789012",
            (
                *("2:9", "AFT205"),
                "region: 123456789012 is not in quotes, so it is a number; expected text",
                'write "123456789012"',
            ),
        ),
    ],
)
def test_what_each_mistake_says(line: str, expected: tuple[str, str, str, str]) -> None:
    assert findings(f"name: a\n{line}\n") == [expected]


def test_a_missing_key_is_found_at_the_mapping_that_lacks_it() -> None:
    assert findings("on: true\n") == [("1:1", "AFT203", "name is missing", "")]


def test_part_of_a_document_is_validated_at_its_own_lines() -> None:
    whole = document("things:\n  - name: a\n  - name: 5\n")
    thing, found = validate(Thing, whole, at=("things", 0))
    assert thing == Thing(name="a")
    assert found == ()
    _, found = validate(Thing, whole, at=("things", 1))
    assert [(str(item.source), item.message) for item in found] == [
        ("f.yaml:3:11", "things[1].name: expected text, found the number 5")
    ]


def test_other_data_can_stand_in_for_what_the_document_says() -> None:
    data: dict[str, Any] = {"name": "a", "region": "eu_1"}
    _, found = validate(Thing, document("name: a\nregion: '{folder}'\n"), data=data)
    assert [(str(item.source), item.code) for item in found] == [("f.yaml:2:9", "AFT204")]


def test_no_message_speaks_pydantic() -> None:
    text = "parts: 1\nlabels: 1\ncolour: 1\nkind: 1\nday: 1\non: 1\nratio: x\nregion: 1\npair: 1\n"
    jargon = ("input", "valid", "instance", "dict", "tuple", "string", "str ", "type=", "Extra")
    for _, _, message, hint in findings(text):
        assert not any(word in f"{message} {hint}" for word in jargon), message
