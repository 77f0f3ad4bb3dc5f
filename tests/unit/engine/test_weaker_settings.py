"""A setting made weaker is risky: what was applied is in the ledger, so no look is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import pytest
from builders_plan import baseline, desired, request
from builders_reconcile import Stage, stage
from fakes.plugins import LevelSetting

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import Published, SettingParameters
from aft.config.model import Config
from aft.desired.model import DesiredState
from aft.ledger.kept import kept_of
from aft.organization.model import AccountFacts
from aft.plan.make import draft_plan
from aft.plan.model import Change, Plan

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


class LevelParameters(SettingParameters):
    weakens: ClassVar[Directions] = {"level": Weaker.LOWER}
    level: int = 5


@dataclass
class Strict(LevelSetting):
    """The lower its level, the weaker."""

    parameters_model: Any = LevelParameters


@dataclass
class ByRequest(Strict):
    """Takes its level from the request, where that gives one."""

    def published(self, account: AccountFacts, parameters: Any) -> tuple[Published, ...]:
        level = account.custom_fields.get("level")
        if level is None:
            return ()
        return (Published(name="level", value=level, field=("custom_fields", "level")),)

    def facts(self, account: AccountFacts) -> object:
        return {"level": account.custom_fields.get("level")}


@dataclass
class Plain(LevelSetting):
    """No parameter of it weakens anything."""

    protects: ClassVar[bool] = True


def scene() -> Stage:
    found = stage()
    found.settings = {"strict": Strict("strict")}
    return found


def asked(
    level: int, *, name: str = "app", regions: tuple[str, ...] = REGIONS, **account: Any
) -> DesiredState:
    return desired(
        request(name, **account),
        baselines=[baseline("b", "strict", level=level)],
        config=Config(home_region=regions[0], governed_regions=regions),
    )


def plan(found: Stage, state: DesiredState, *, by_older: bool = False) -> Plan:
    """``by_older``: a version of aft that kept nothing has applied what is there."""
    view = found.view(state)
    if not by_older:
        view = replace(view, kept=partial(kept_of, found.ledger.events))
    return draft_plan(view, kinds=found.tools.kinds, made_at=found.world.clock.now()).plan


def the_change(found: Stage, level: int, *, by_older: bool = False) -> Change:
    (change,) = plan(found, asked(level), by_older=by_older).changes
    return change


def vended(level: int) -> Stage:
    found = scene()
    assert found.apply(asked(level)).exit_code == 0
    return found


def test_lower_is_weaker_and_says_from_what_to_what() -> None:
    change = the_change(vended(20), 16)
    assert change.risk == "weaker"
    (item,) = change.fields
    assert (item.field, item.before, item.after) == ("weaker.level", "20", "16")
    assert the_change(vended(16), 20).risk == ""


def test_what_is_compared_is_what_was_applied_last() -> None:
    found = vended(20)
    assert found.apply(asked(8)).exit_code == 0
    assert the_change(found, 16).risk == ""
    assert the_change(found, 7).fields[0].before == "8"


def test_in_a_new_account_nothing_is_weaker_than_before() -> None:
    assert {item.risk for item in plan(scene(), asked(1)).changes} == {""}


def test_the_first_time_in_an_account_that_exists_the_settings_own_defaults_count() -> None:
    found = scene()
    assert found.apply(desired(request("app"))).exit_code == 0
    assert the_change(found, 4).risk == "weaker"
    assert the_change(found, 5).risk == ""


def test_what_an_older_version_applied_is_not_known_and_counts_once() -> None:
    found = vended(20)
    change = the_change(found, 30, by_older=True)
    assert (change.risk, change.fields[0].field) == ("weaker", "weaker.parameters")
    assert found.apply(asked(30)).exit_code == 0
    assert the_change(found, 40).risk == ""


def test_another_version_of_the_setting_alone_is_routine() -> None:
    found = vended(20)
    found.settings["strict"].effect_version = 3
    assert the_change(found, 20, by_older=True).risk == ""


def test_what_failed_on_the_way_down_is_no_news_the_next_time() -> None:
    found = vended(20)
    found.settings["strict"].sticks = False
    assert found.apply(asked(16), plan=plan(found, asked(16))).exit_code == 4
    assert the_change(found, 16).risk == ""
    assert the_change(found, 15).risk == "weaker"


@pytest.mark.parametrize(
    "setting", [Strict("strict", regional=True), Plain("strict", regional=True)]
)
def test_a_region_that_aft_no_longer_keeps_is_weaker(setting: LevelSetting) -> None:
    found = scene()
    found.settings = {"strict": setting}
    assert found.apply(asked(20)).exit_code == 0
    fewer = asked(20, regions=REGIONS[:1])
    (change,) = plan(found, fewer).changes
    assert change.risk == "weaker"
    (item,) = change.fields
    assert item.field == "weaker.kept by aft in eu-west-1, us-east-1"
    assert found.apply(fewer).exit_code == 0
    assert {item.risk for item in plan(found, asked(20)).changes} == {""}


def test_what_the_request_says_instead_of_a_parameter_can_be_weaker_too() -> None:
    found = scene()
    found.settings = {"strict": ByRequest("strict")}
    assert found.apply(asked(5, custom_fields={"level": 30})).exit_code == 0
    (change,) = plan(found, asked(5, custom_fields={"level": 10})).changes
    assert [(item.field, item.before, item.after) for item in change.fields] == [
        ("weaker.level", "30", "10")
    ]
    (change,) = plan(found, asked(5)).changes
    assert change.risk == "weaker"
    (change,) = plan(found, asked(40)).changes
    assert change.risk == ""
