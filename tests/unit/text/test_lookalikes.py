"""Names that look the same and are not."""

from __future__ import annotations

import pytest

from aft.text.lookalikes import lookalikes, skeleton

PAIRS = [
    ("Prod", "Рrod"),  # Cyrillic
    ("Prod", "Prоd"),
    ("Prod", "Ｐrod"),  # fullwidth
    ("Prod", "𝐏rod"),  # mathematical
    ("Prod", "prοd"),  # Greek, and another case
    ("Prod-EU", "Prod‐EU"),
    ("Prod-EU", "Prod−EU"),
    ("payments", "pаymеnts"),
    ("Security", "Ѕecurity"),
    ("scope", "ѕсоре"),
    ("Audit", "Audıt"),
    ("A/B", "A∕B"),
    ("Team", "Ꭲeam"),
    ("file", "ﬁle"),
    ("прод", "пpoд"),
    ("ABC", "ΑΒС"),
    ("Infra", "lnfrа"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_they_look_alike(one: str, other: str) -> None:
    assert list(lookalikes([one, "Dev", other])) == [(other, one)]
    assert list(lookalikes([other, "Dev", one])) == [(one, other)]


@pytest.mark.parametrize(
    "names",
    [
        ("Prod1", "Prodl", "ProdI", "Pr0d1"),  # both are ASCII: that is for readers
        ("Pröd", "Prod"),
        ("Zürich", "Zurich", "Zúrich"),
        ("開発", "本番"),
        ("прод", "тест"),
        ("Prod", "Prod"),
    ],
)
def test_others_do_not(names: tuple[str, ...]) -> None:
    assert list(lookalikes(names)) == []


def test_a_skeleton_is_its_own() -> None:
    for pair in PAIRS:
        for name in pair:
            assert skeleton(skeleton(name)) == skeleton(name)
