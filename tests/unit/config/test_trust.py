"""Who acts and where to comes from the trusted configuration, the rest from the proposed one."""

from __future__ import annotations

from aft.config.model import Config, LedgerConfig, Limits, Roles, WorkerConfig
from aft.config.trust import TRUSTED, with_trusted, withheld

BASE = Config(
    home_region="eu-central-1",
    roles=Roles(management="arn:aws:iam::111122223333:role/plan"),
)
HOSTILE = Config(
    home_region="us-east-1",
    governed_regions=("eu-west-1",),
    roles=Roles(management="arn:aws:iam::999999999999:role/mine", member="Mine"),
    ledger=LedgerConfig(branch="mine", remote="https://example.com/mine"),
    worker=WorkerConfig(branch="mine"),
    limits=Limits(create=9_999),
)


def test_every_section_is_either_trusted_or_part_of_what_is_proposed() -> None:
    proposed = {"version", "allow", "governed_regions", "limits", "networks", "policies"}
    proposed |= {"notifications"}
    assert set(Config.model_fields) == proposed | set(TRUSTED)


def test_trusted_sections_win_and_others_stay() -> None:
    mixed = with_trusted(HOSTILE, BASE)
    assert mixed.home_region == "eu-central-1"
    assert mixed.roles == BASE.roles
    assert mixed.ledger == LedgerConfig()
    assert mixed.worker == WorkerConfig()
    assert mixed.limits.create == 9_999
    assert mixed.governed_regions == ("eu-west-1",)


def test_what_was_withheld_is_named() -> None:
    assert withheld(HOSTILE, BASE) == (
        ("home_region",),
        ("ledger", "branch"),
        ("ledger", "remote"),
        ("roles", "management"),
        ("roles", "member"),
        ("worker", "branch"),
    )
    assert withheld(BASE, BASE) == ()
