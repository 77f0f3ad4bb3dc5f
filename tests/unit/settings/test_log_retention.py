from __future__ import annotations

from typing import Any

import pytest
from builders_inside import HOME, Applied, Inside, applied
from pydantic import ValidationError

from aft.settings.log_retention import LogRetention, LogRetentionParameters


def retention(inside: Inside, **parameters: Any) -> Applied:
    return applied(inside, LogRetention(), region=HOME, **{"days": 90, **parameters})


def make(inside: Inside, *names: str, region: str = HOME) -> None:
    for name in names:
        inside.look("logs", region).create_log_group(logGroupName=name)


def kept(inside: Inside, region: str = HOME) -> dict[str, int | None]:
    groups = inside.look("logs", region).describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in groups}


def test_groups_that_keep_everything_get_a_retention(inside: Inside) -> None:
    make(inside, "/aws/lambda/pay", "/aws/rds/pay", "pay")
    make(inside, "/aws/lambda/pay", region="eu-west-1")
    wanted = retention(inside, prefixes=("/aws/", "/aws/lambda/"))
    assert [item.description for item in wanted.differences()] == [
        f"log group /aws/lambda/pay in {HOME} keeps events permanently, should keep them 90 days",
        f"log group /aws/rds/pay in {HOME} keeps events permanently, should keep them 90 days",
    ]
    wanted.change()
    assert kept(inside) == {"/aws/lambda/pay": 90, "/aws/rds/pay": 90, "pay": None}
    assert kept(inside, "eu-west-1") == {"/aws/lambda/pay": None}
    assert wanted.differences() == ()
    written = wanted.writes()
    wanted.change()
    assert wanted.writes() == written


def test_a_retention_somebody_chose_stays(inside: Inside) -> None:
    make(inside, "/aws/audit")
    inside.look("logs").put_retention_policy(logGroupName="/aws/audit", retentionInDays=3653)
    careful = retention(inside)
    assert careful.differences() == ()
    careful.change()
    assert kept(inside) == {"/aws/audit": 3653}
    strict = retention(inside, replace=True)
    assert [item.before for item in strict.differences()] == ["3653 days"]
    strict.change()
    assert kept(inside) == {"/aws/audit": 90}


def test_a_retention_taken_away_is_drift(inside: Inside) -> None:
    make(inside, "/aws/a")
    wanted = retention(inside)
    wanted.change()
    inside.look("logs").delete_retention_policy(logGroupName="/aws/a")
    assert len(wanted.differences()) == 1
    wanted.change()
    assert kept(inside) == {"/aws/a": 90}


def test_a_group_that_vanishes_meanwhile_stops_nothing(inside: Inside) -> None:
    make(inside, "/aws/a", "/aws/b")
    wanted = retention(inside)
    seen = wanted.setting.read(wanted.inputs, inside.session)
    inside.look("logs").delete_log_group(logGroupName="/aws/a")
    wanted.setting.change(wanted.inputs, seen, inside.session)
    assert kept(inside) == {"/aws/b": 90}


@pytest.mark.parametrize("parameters", [{"days": 31}, {"prefixes": []}, {"prefixes": ["a b"]}])
def test_retentions_aws_does_not_know_are_invalid(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LogRetentionParameters.model_validate(parameters)
