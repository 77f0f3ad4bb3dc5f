"""Which direction weakens: the vocabulary, and what each built-in setting says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar

import pytest

from aft.baselines.directions import (
    Directions,
    Each,
    Items,
    Judged,
    Ranked,
    Routine,
    Weaker,
    directions_of,
    is_declared,
    weakenings,
)
from aft.baselines.model import Empowers, SettingParameters

SETTINGS: Mapping[str, Any] = {
    item.name: item.load() for item in entry_points(group="aft.baseline_settings")
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_parameter_of_every_setting_says_which_direction_weakens_it(name: str) -> None:
    model = SETTINGS[name].parameters_model
    assert [path for path, said in is_declared(model) if not said] == []
    said = directions_of(model).values()
    assert all(item.why for item in said if isinstance(item, Routine))
    if Judged.BY_SETTING in said:
        assert isinstance(SETTINGS[name](), Empowers)


class Inner(SettingParameters):
    weakens: ClassVar[Directions] = {"name": Routine("a name"), "open": Weaker.ON}
    name: str
    open: bool = False


class Everything(SettingParameters):
    weakens: ClassVar[Directions] = {
        "low": Weaker.LOWER,
        "high": Weaker.HIGHER,
        "off": Weaker.OFF,
        "on": Weaker.ON,
        "removal": Weaker.REMOVAL,
        "addition": Weaker.ADDITION,
        "any": Weaker.ANY,
        "trust": Weaker.TRUST,
        "mode": Ranked("none", ("some", "others"), "all"),
        "plans": Each(Weaker.OFF),
        "inner": Items(removal=True),
        "many": Items(key=("name",), removal=True),
        "routine": Routine("it is a name"),
    }
    low: int | None = 5
    high: int | None = 5
    off: bool = True
    on: bool = False
    removal: tuple[str, ...] = ("a",)
    addition: tuple[str, ...] = ("a",)
    any: str | None = None
    trust: tuple[str, ...] = ()
    mode: str | None = "all"
    plans: Mapping[str, bool] = {}
    inner: Inner | None = Inner(name="x")
    many: tuple[Inner, ...] = ()
    routine: str = "a"
    undeclared: str = "a"


A, A_OPEN = {"name": "a"}, {"name": "a", "open": True}
ROWS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"low": 5}, {"low": 4}, "low 5 → 4"),
    ({"low": 5}, {"low": 6}, ""),
    ({"low": 5}, {"low": None}, "low 5 → None"),
    ({"low": None}, {"low": 1}, ""),
    ({"high": 5}, {"high": 6}, "high 5 → 6"),
    ({"high": 5}, {"high": 4}, ""),
    ({"high": 5}, {"high": None}, "high 5 → None"),
    ({"high": None}, {"high": 99}, ""),
    ({"off": True}, {"off": False}, "off on → off"),
    ({"off": False}, {"off": True}, ""),
    ({"on": False}, {"on": True}, "on off → on"),
    ({"on": True}, {"on": False}, ""),
    ({"removal": ["a", "b"]}, {"removal": ["b", "c"]}, "removal a → None"),
    ({"removal": ["a"]}, {"removal": ["b", "a"]}, ""),
    ({"addition": ["a"]}, {"addition": ["b", "a"]}, "addition None → b"),
    ({"addition": ["a", "b"]}, {"addition": ["b"]}, ""),
    ({"trust": ["a"]}, {"trust": ["a", "b"]}, "trust None → b!"),
    ({"any": None}, {"any": "x"}, "any None → x"),
    ({"any": "x"}, {"any": None}, "any x → None"),
    ({"mode": "all"}, {"mode": "some"}, "mode all → some"),
    ({"mode": "some"}, {"mode": "others"}, ""),
    ({"mode": "some"}, {"mode": None}, "mode some → None"),
    ({"mode": None}, {"mode": "none"}, ""),
    ({"plans": {"a": True}}, {"plans": {"a": False}}, "plans.a on → off"),
    ({"plans": {"a": True}}, {"plans": {}}, "plans.a on → None"),
    ({"plans": {}}, {"plans": {"a": True}}, ""),
    ({"inner": A}, {"inner": A_OPEN}, "inner.open off → on"),
    ({"inner": A}, {"inner": None}, "inner set → None"),
    ({"inner": None}, {"inner": A_OPEN}, "inner.open off → on"),
    ({"inner": None}, {"inner": A}, ""),
    ({"many": [A]}, {"many": [A_OPEN]}, "many.a.open off → on"),
    ({"many": []}, {"many": [A_OPEN]}, "many.a.open off → on"),
    ({"many": [A, {"name": "b"}]}, {"many": [{"name": "b"}]}, "many.a set → None"),
    ({"many": [A, {"name": "b"}]}, {"many": [{"name": "b"}, A]}, ""),
    ({"routine": "a"}, {"routine": "b"}, ""),
    ({"undeclared": "a"}, {"undeclared": "b"}, "undeclared a → b"),
]


def read(values: Mapping[str, Any]) -> Everything:
    return Everything.model_validate_json(json.dumps(values))


def found(after: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    was = None if before is None else read(before).model_dump(mode="json")
    return [
        f"{item.path} {item.before} → {item.after}{'!' if item.is_trust else ''}"
        for item in weakenings(read(after), was)
    ]


@pytest.mark.parametrize(("before", "after", "says"), ROWS)
def test_what_gets_weaker(before: dict[str, Any], after: dict[str, Any], says: str) -> None:
    assert found(after, before) == ([says] if says else [])


@pytest.mark.parametrize(("before", "after", "says"), ROWS)
def test_the_same_is_never_weaker(before: dict[str, Any], after: dict[str, Any], says: str) -> None:
    assert found(after, after) == found(before, before) == []


def test_the_first_time_the_defaults_count_and_nothing_can_be_lost() -> None:
    assert found({}, None) == []
    assert found({"low": 4, "trust": ["x"], "many": [A_OPEN]}, None) == [
        "low 5 → 4",
        "trust None → x!",
        "many.a.open off → on",
    ]
    assert found({"any": "x", "removal": [], "undeclared": "b"}, None) == []


def test_a_parameter_that_an_older_version_did_not_have_was_its_default() -> None:
    before = {"high": 5}
    (item,) = weakenings(read({"low": 4}), before)
    assert (item.path, item.before, item.after) == ("low", "5", "4")
