"""Paths of OUs, whatever the OUs are called in AWS."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aft.values.ids import OrgUnitPath

PLAIN = (("Workloads",), ("Workloads", "Prod"), ("Prod EU", "Ünïcode"), ("ou-legacy",))
ODD = (
    ("Workloads", "R&D / Labs"),
    (" Padded ",),
    ("a/b/c/d/e/f",),
    ("a/b/c/d/e/f/g",),
    ("/",),
    ("Root",),
    ("[Labs]",),
    ('["Labs"]',),
    (" ",),
    ("two\nlines",),
    ("ou-abcd-12345678",),
    ("Labs\u00a0",),
)
NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5).map(tuple)


@pytest.mark.parametrize("names", PLAIN)
def test_usual_names_are_joined_by_slashes(names: tuple[str, ...]) -> None:
    assert str(OrgUnitPath(names)) == "/".join(names)


@pytest.mark.parametrize("names", [*PLAIN, *ODD])
def test_what_is_shown_can_be_written_and_read_back(names: tuple[str, ...]) -> None:
    path = OrgUnitPath(names)
    assert OrgUnitPath.of_text(str(path)) == OrgUnitPath.parse(str(path)) == path
    assert OrgUnitPath.written(list(names)) == path


@pytest.mark.parametrize("names", ODD[:3])
def test_odd_names_are_shown_as_a_list(names: tuple[str, ...]) -> None:
    assert json.loads(str(OrgUnitPath(names))) == list(names)


@given(NAMES)
def test_any_names_are_read_back(names: tuple[str, ...]) -> None:
    assert OrgUnitPath.of_text(str(OrgUnitPath(names))).names == names


@given(NAMES, NAMES)
def test_different_paths_look_different(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (str(OrgUnitPath(one)) == str(OrgUnitPath(other))) == (one == other)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Workloads/R&D / Labs", "or a list of names"),
        ("Workloads//Prod", "is not an OU path"),
        ("[Workloads", "expected a list of names"),
        ("[1]", "expected a list of names"),
        ("[[]]", "expected a list of names"),
        ([], "at least one name"),
        (["Workloads", ""], "no empty one"),
        (["a"] * 6, "is 6 deep; AWS allows 5"),
        (["a" * 129], "is over 128 characters"),
        ("a/b/c/d/e/f", "is 6 deep; AWS allows 5"),
    ],
)
def test_what_cannot_be_a_path_says_why(written: str | list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        OrgUnitPath.written(written)
