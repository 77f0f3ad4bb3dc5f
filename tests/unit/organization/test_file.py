from __future__ import annotations

import textwrap

import pytest
from builders_requests import MemoryFiles

from aft.findings.codes import finding_codes
from aft.findings.model import Finding
from aft.organization.parse import ORGANIZATION_PATH, parse_organization
from aft.organization.spec import OrganizationSpec
from aft.values.ids import OrgUnitPath


def parsed(text: str) -> tuple[OrganizationSpec, tuple[Finding, ...]]:
    return parse_organization(MemoryFiles({ORGANIZATION_PATH: textwrap.dedent(text)}))


def only(text: str) -> tuple[str, int, int, str]:
    """The one finding of a file: code, line, column, message."""
    (finding,) = parsed(text)[1]
    assert finding.source.path == ORGANIZATION_PATH
    return finding.code, finding.source.line, finding.source.column, finding.message


def test_no_file_is_an_empty_specification() -> None:
    assert parse_organization(MemoryFiles({})) == (OrganizationSpec(), ())


def test_the_tree_comes_parents_first_with_places() -> None:
    spec, findings = parsed("""\
        organizational_units:
          - name: Workloads
            children:
              - name: Prod
                children: [{name: EU}]
              - name: Dev
          - name: Sandbox
        """)
    assert findings == ()
    assert [(str(unit.path), unit.source.line) for unit in spec.units] == [
        ("Workloads", 2),
        ("Workloads/Prod", 4),
        ("Workloads/Prod/EU", 5),
        ("Workloads/Dev", 6),
        ("Sandbox", 7),
    ]


@pytest.mark.parametrize("previously", ["Production", "Workloads/Production", "Work/Production"])
def test_an_earlier_name_may_be_bare_or_a_path_by_old_or_new_parents(previously: str) -> None:
    spec, findings = parsed(f"""\
        organizational_units:
          - name: Workloads
            previously: Work
            children: [{{name: Prod, previously: {previously}}}]
        """)
    assert findings == ()
    assert [unit.previously and str(unit.previously) for unit in spec.units] == [
        "Work",
        "Workloads/Production",
    ]


def test_a_name_in_a_list_is_taken_exactly() -> None:
    spec, findings = parsed("""\
        organizational_units:
          - name: Workloads
            children:
              - name: ["R&D / Labs"]
                previously: ["Workloads", "Labs / R&D"]
              - name: [" Padded "]
        removed: [[Workloads, "a/b"]]
        """)
    assert findings == ()
    assert [unit.path.names for unit in spec.units] == [
        ("Workloads",),
        ("Workloads", "R&D / Labs"),
        ("Workloads", " Padded "),
    ]
    assert spec.units[1].previously == OrgUnitPath(("Workloads", "Labs / R&D"))
    assert [unit.path.names for unit in spec.removed] == [("Workloads", "a/b")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ('""', "AFT204"),
        ('[""]', "AFT406"),
        ("[a, b]", "AFT204"),
        ("[1]", "AFT202"),
        ("R / D", "AFT406"),
    ],
)
def test_a_name_that_is_none(name: str, code: str) -> None:
    assert only(f"organizational_units:\n  - name: {name}\n")[0] == code


def test_removed_ous_come_children_first() -> None:
    spec, findings = parsed("removed: [Old, Old/Dev/EU, Other, Old/Dev]\n")
    assert findings == ()
    assert [str(unit.path) for unit in spec.removed] == ["Old/Dev/EU", "Old/Dev", "Old", "Other"]


def test_siblings_that_differ_only_by_case_are_one_too_many() -> None:
    code, line, column, message = only("""\
        organizational_units:
          - name: Prod
          - name: Dev
          - name: PROD
        """)
    assert (code, line, column) == ("AFT401", 4, 11)
    assert "named twice under / (first at line 2)" in message


def test_the_same_name_under_other_parents_is_fine() -> None:
    _, findings = parsed("""\
        organizational_units:
          - {name: A, children: [{name: Prod}]}
          - {name: B, children: [{name: Prod}]}
        """)
    assert findings == ()


def test_the_sixth_level_is_too_deep() -> None:
    text = "organizational_units: [{name: a, children: [{name: b, children: [{name: c, children: "
    text += "[{name: d, children: [{name: e, children: [{name: f}]}]}]}]}]}]\n"
    code, line, column, message = only(text)
    assert (code, line, column) == ("AFT402", 1, text.index("f}") + 1)
    assert "would be 6 deep; AWS allows 5" in message


def test_more_ous_than_aws_allows() -> None:
    units = "".join(f"  - name: u{number}\n" for number in range(2001))
    code, line, _, message = only("organizational_units:\n" + units)
    assert (code, line) == ("AFT403", 2002)
    assert "2,001 OUs are listed; AWS allows 2,000" in message


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ("{name: B, previously: A}", "A is still listed"),
        ("{name: B, previously: B}", "is the name the OU has now"),
        ("{name: B, previously: X/B}", "AWS can rename an OU, not move"),
        ("{name: B, previously: Old}", "already given as the earlier name of another OU at line 2"),
        ("{name: B, previously: /}", "is not a sibling of B"),
    ],
)
def test_an_earlier_name_that_cannot_be(second: str, words: str) -> None:
    first = "{name: A, previously: Old}" if "Old" in second else "{name: A}"
    text = f"organizational_units:\n  - {first}\n  - {second}\n"
    code, line, column, message = only(text)
    assert (code, line) == ("AFT404", 3)
    assert column == second.index("previously: ") + len("previously: ") + 5
    assert words in message


@pytest.mark.parametrize(
    ("removed", "words"),
    [
        ("A", "line 1 lists it"),
        ("Deep/Down", "line 1 lists it"),
        ("Was", "also the earlier name of another OU"),
        ("/", "the root cannot be removed"),
    ],
)
def test_a_removed_ou_that_is_still_wanted(removed: str, words: str) -> None:
    code, line, column, message = only(
        "organizational_units: [{name: A}, {name: Deep, children: [{name: Down}]}, "
        f"{{name: Is, previously: Was}}]\nremoved:\n  - {removed}\n"
    )
    assert (code, line, column) == ("AFT405", 3, 5)
    assert words in message


@pytest.mark.parametrize("name", ["'a/b'", "' a'", "Root"])
def test_a_name_that_cannot_be(name: str) -> None:
    code, line, column, _ = only(f"organizational_units:\n  - name: {name}\n")
    assert (code, line, column) == ("AFT406", 2, 11)


def test_a_removed_path_that_is_none() -> None:
    assert only("removed: [a//b]\n")[:3] == ("AFT406", 1, 11)


def test_unknown_keys_are_told_with_the_nearest() -> None:
    (finding,) = parsed("organisational_units: []\n")[1]
    assert (finding.code, finding.source.line, finding.source.column) == ("AFT201", 1, 1)
    assert finding.hint == "did you mean 'organizational_units'?"


def test_what_is_not_acted_on_yet_is_refused_beside_the_rest() -> None:
    spec, findings = parsed("""\
        organizational_units: [{name: A}]
        policy_types: [SERVICE_CONTROL_POLICY]
        trusted_services: []
        """)
    assert [(item.code, item.source.line) for item in findings] == [("AFT290", 2), ("AFT290", 3)]
    assert [str(unit.path) for unit in spec.units] == ["A"]


def test_files_beside_it_are_refused_or_unknown() -> None:
    _, findings = parse_organization(
        MemoryFiles(
            {
                "customizations/organization/guardrails/deny.yaml": "a: 1",
                "customizations/organization/access/admins.yaml": "a: 1",
                "customizations/organization/organisation.yaml": "a: 1",
                "customizations/organization/README.md": "hello",
            }
        )
    )
    assert [(item.code, item.source.path.rsplit("/", 1)[-1]) for item in findings] == [
        ("AFT290", "admins.yaml"),
        ("AFT290", "deny.yaml"),
        ("AFT407", "organisation.yaml"),
    ]


def test_every_code_of_the_organization_is_documented() -> None:
    assert {f"AFT40{number}" for number in range(1, 8)} <= set(finding_codes())
