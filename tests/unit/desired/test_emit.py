"""Files written for people are read back as what was meant, also by other YAML readers."""

from __future__ import annotations

from functools import partial
from typing import Any
from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aft.desired.emit import WIDTH, mapping_yaml, request_yaml, scalar
from aft.text.policy import Use, refused
from aft.yamldoc import parse_yaml

TEXT = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=30)
TEXT = TEXT.map(partial(normalize, "NFC")).filter(lambda text: refused(text, Use.VALUE) is None)
_TRICKY = (
    "123456789012|0123|on|No|null|~|1e5|12:30|1_000|- a|a: b|a #b|#|'|\"|\\|{id}|[x]|*a|&a|!a|%a|@a"
    "|`a|| |:|?|? a|a:|2027-06-30|<<|=|.|...|---|true|a\nb|a\tb|é: ü"
)
TRICKY = st.sampled_from(_TRICKY.split("|"))
SCALARS = st.one_of(
    TEXT,
    TRICKY,
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.integers(-(10**6), 10**6).map(lambda cents: cents / 100),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXT, TRICKY), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.one_of(TEXT, TRICKY), VALUES, min_size=1, max_size=5))
def test_what_is_written_is_read_back(values: dict[str, Any]) -> None:
    text = mapping_yaml(values)
    document, findings = parse_yaml(text.encode(), "x.yaml")
    assert findings == (), text
    assert document is not None
    assert document.data == values
    assert yaml.safe_load(text) == values, "YAML 1.1, as other tools read it"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Production home of payments", "Production home of payments"),
        ("aws+shop@example.com", "aws+shop@example.com"),
        ("Workloads/Prod", "Workloads/Prod"),
        ("10.30.0.0/20", "10.30.0.0/20"),
        ("PLAT-1234", "PLAT-1234"),
        ("123456789012", '"123456789012"'),
        ("0047", '"0047"'),
        ("4711", '"4711"'),
        ("yes", '"yes"'),
        ("Try: it", '"Try: it"'),
        ("{id}", '"{id}"'),
        ('say "so"', 'say "so"'),
    ],
)
def test_quotes_are_there_where_yaml_needs_them_and_nowhere_else(text: str, written: str) -> None:
    assert scalar(text) == written


def test_a_request_is_written_as_people_write_it() -> None:
    text = request_yaml(
        {
            "customizations": ["web-service", "pci"],
            "tags": {"cost-center": "4711"},
            "owner": {"team": "payments", "email": "payments@example.com"},
            "ou": "Workloads/Prod",
            "access": [{"group": "admins", "permission_set": "AdministratorAccess"}],
        },
        remark="Asked for in issue #12.",
    )
    assert text == (
        "# Asked for in issue #12.\n"
        "ou: Workloads/Prod\n"
        "owner: {team: payments, email: payments@example.com}\n"
        'tags: {cost-center: "4711"}\n'
        "access:\n"
        "  - {group: admins, permission_set: AdministratorAccess}\n"
        "customizations: [web-service, pci]\n"
    )


def test_what_does_not_fit_on_a_line_is_broken() -> None:
    tags = {f"key-{number}": "a value of some length" for number in range(8)}
    text = request_yaml({"tags": tags})
    assert text.startswith("tags:\n  key-0: a value")
    assert max(map(len, text.splitlines())) <= WIDTH
