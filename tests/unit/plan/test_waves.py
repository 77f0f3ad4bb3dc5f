from __future__ import annotations

import pytest
from builders_kinds import a_change

from aft.plan.model import Change
from aft.plan.waves import make_waves


def change(name: str, target: str, *needs: str, words: str = "update account/tags") -> Change:
    return a_change(words, target, id=name, needs=needs)


def test_no_changes_are_no_waves() -> None:
    assert make_waves(()) == ()


def test_each_target_is_one_chain_in_the_first_wave_it_can_be_in() -> None:
    waves = make_waves(
        [
            change("ou", "organization", words="create ou"),
            change("a1", "a", "ou"),
            change("a2", "a", "a1"),
            change("b1", "b", "a2"),
            change("c1", "c", "b1", "a1"),
            change("d1", "d"),
            change("gone", "e", words="release account"),
            change("rm", "organization", "a2", words="delete ou"),
        ]
    )
    assert [(wave.title, wave.chains) for wave in waves] == [
        ("Organizational units", (("ou",),)),
        ("Accounts", (("a1", "a2"), ("d1",))),
        ("Accounts that wait for others", (("b1",),)),
        ("Accounts that wait for others", (("c1",),)),
        ("Clean-up", (("gone",), ("rm",))),
    ]


def test_accounts_whose_changes_take_turns_share_a_wave() -> None:
    waves = make_waves(
        [
            change("a1", "a"),
            change("a2", "a", "b1"),
            change("b1", "b"),
            change("b2", "b", "a1"),
            change("c1", "c", "a2"),
        ]
    )
    assert [wave.chains for wave in waves] == [(("a1", "a2"), ("b1", "b2")), (("c1",),)]


def test_a_circle_is_named() -> None:
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        make_waves([change("a1", "a", "b1"), change("b1", "b", "a1")])
