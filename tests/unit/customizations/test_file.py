"""``customization.yaml``, parameters, selection and what steps read of other accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from builders_folders import parsed

from aft.customizations.customization_file import CustomizationFile
from aft.customizations.model import AccountSelector, Customization, OtherAccount, Removal
from aft.customizations.parameters import check_given, missing, parameter_values
from aft.customizations.reads import depends_on_step, inputs_of_accounts
from aft.customizations.select import customizations_of, is_selected
from aft.findings.model import SourceRef
from aft.values.ids import OrgUnitPath

STEP = "def customize(context):\n    return {}\n"
FILE = """\
description: A service's home
parameters:
  tier: {type: text, choices: [gold, silver], default: silver}
  size: {type: number, default: 2}
  zones: {type: list}
  labels: {type: mapping, default: {}}
  loud: {type: boolean, default: false}
select:
  organizational_units: [Workloads/Prod]
  tags: {team: "*"}
timeout_seconds: 60
on_removal: destroy
terraform: {state: own}
"""


def customization(text: str, step: str = STEP) -> Customization:
    found, findings = parsed(
        {"accounts/web/customization.yaml": text, "accounts/web/10-a.py": step}
    )
    assert findings == (), findings
    return found["web"]


def codes(text: str) -> list[tuple[str, int, int]]:
    _, findings = parsed({"accounts/web/customization.yaml": text, "accounts/web/10-a.py": STEP})
    return [(item.code, item.source.line, item.source.column) for item in findings]


def test_everything_it_says_arrives() -> None:
    web = customization(FILE)
    (step,) = web.steps
    assert web.description == "A service's home"
    assert web.select.organizational_units == (OrgUnitPath(("Workloads", "Prod")),)
    assert web.file == "customizations/accounts/web/customization.yaml"
    assert [name for name, item in web.parameters.items() if item.required] == ["zones"]
    assert (step.timeout_seconds, step.on_removal) == (60, Removal.DESTROY)
    assert not step.shares_state


def test_nothing_of_it_is_needed() -> None:
    web = customization("description: only this\n")
    (step,) = web.steps
    assert web.select.is_empty
    assert (step.timeout_seconds, step.on_removal, step.shares_state) == (None, Removal.KEEP, True)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("paramters: {}\n", "AFT201", 1, 1),
        ("timeout_seconds: 4000\n", "AFT204", 1, 18),
        ("on_removal: delete\n", "AFT204", 1, 13),
        ("parameters:\n  a: {type: txt}\n", "AFT204", 2, 13),
        ("parameters:\n  a: {type: number, default: x}\n", "AFT631", 2, 30),
        ("parameters:\n  a: {choices: [b], default: c}\n", "AFT631", 2, 30),
        ("parameters:\n  a: {choices: [b, 3]}\n", "AFT631", 2, 20),
        ("select: {organizational_units: [A//B]}\n", "AFT632", 1, 33),
        ("description: a\n\tb: c\n", "AFT102", 2, 1),
    ],
)
def test_what_is_wrong_has_a_place(text: str, code: str, line: int, column: int) -> None:
    assert codes(text) == [(code, line, column)]


def test_the_global_customization_selects_nobody() -> None:
    _, findings = parsed(
        {
            "global/customization.yaml": "select: {tags: {a: b}}\n",
            "global/10-a.py": STEP,
        }
    )
    assert [item.code for item in findings] == ["AFT632"]


def test_a_step_may_only_read_parameters_there_are() -> None:
    _, findings = parsed(
        {
            "accounts/web/customization.yaml": FILE,
            "accounts/web/10-a.py": "def customize(context):\n"
            "    return {'a': context.parameters['teir']}\n",
        }
    )
    (finding,) = findings
    assert (finding.code, finding.source.line, finding.hint) == (
        "AFT633",
        2,
        "did you mean 'tier'?",
    )


def test_every_key_is_described() -> None:
    described = CustomizationFile.model_json_schema()["properties"]
    assert {name for name, item in described.items() if "description" not in item} <= {
        "select",
        "terraform",
    }


# --- parameters -----------------------------------------------------------------------------


def test_values_are_the_given_ones_over_defaults() -> None:
    web = customization(FILE)
    assert parameter_values(web, {"zones": ["a"], "tier": "gold", "size": None}) == {
        "tier": "gold",
        "size": 2,
        "zones": ["a"],
        "labels": {},
        "loud": False,
    }
    assert missing(web, {}) == ("zones",)
    assert missing(web, {"zones": []}) == ()


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"teir": 1}, "customization 'web' has no parameter 'teir'", "did you mean 'tier'?"),
        ({"size": "2"}, "expected a number, found '2'", ""),
        ({"size": True}, "expected a number, found True", ""),
        ({"loud": "no"}, "expected true or false, found 'no'", ""),
        ({"tier": "golf"}, "'golf' is none of 'gold', 'silver'", "did you mean 'gold'?"),
        ({"labels": []}, "expected a mapping, found []", ""),
    ],
)
def test_values_that_do_not_fit(given: Mapping[str, Any], message: str, hint: str) -> None:
    (problem,) = check_given(customization(FILE), given)
    assert (problem.message, problem.hint) == (message, hint)


# --- selection ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seeker:
    id: str = "shop"
    tags: Mapping[str, str] = field(default_factory=dict)
    customizations: tuple[str, ...] = ()


PROD, DEV = OrgUnitPath(("Workloads", "Prod")), OrgUnitPath(("Workloads", "Dev"))


def test_all_criteria_given_must_hold() -> None:
    select = AccountSelector(organizational_units=(PROD,), tags={"team": "*", "tier": "gold"})
    tags = {"team": "a", "tier": "gold"}
    assert is_selected(select, Seeker(tags=tags), PROD.child("Eu"))
    assert not is_selected(select, Seeker(tags=tags), DEV)
    assert not is_selected(select, Seeker(tags={**tags, "tier": "tin"}), PROD)
    assert not is_selected(select, Seeker(), PROD)
    assert is_selected(AccountSelector(requests=("shop",)), Seeker(), DEV)
    assert not is_selected(AccountSelector(requests=("shop",)), Seeker("lab"), DEV)
    assert not is_selected(AccountSelector(), Seeker(), DEV)


def made(name: str, select: AccountSelector | None = None) -> Customization:
    return Customization(
        name=name, steps=(), source=SourceRef(name), select=select or AccountSelector()
    )


def test_global_first_then_selected_by_name_then_as_the_request_says() -> None:
    everyone = AccountSelector(organizational_units=(OrgUnitPath(),))
    all_of_them = {
        name: made(name, everyone if name in "za" else None) for name in ("z", "a", "m", "b")
    } | {"global": made("global")}
    found = customizations_of(Seeker(customizations=("m", "a", "none")), DEV, all_of_them)
    assert [item.name for item in found] == ["global", "z", "m", "a"]


# --- other accounts -------------------------------------------------------------------------


def reading(expression: str) -> Customization:
    return customization(
        "description: x\n", f"def customize(context):\n    return {{'a': {expression}}}\n"
    )


HUB = OtherAccount(account_id="1", outputs={"net/10.py": {"VpcId": "vpc-1", "Cidr": "10/8"}})


def test_only_what_is_read_of_other_accounts_counts() -> None:
    (step,) = reading("context.accounts['hub'].outputs['net/10.py']['VpcId']").steps
    assert inputs_of_accounts(step, {"hub": HUB}) == {
        "accounts.hub.outputs.net/10.py.VpcId": "vpc-1"
    }
    assert inputs_of_accounts(step, {}) == {"accounts.hub.outputs.net/10.py.VpcId": None}
    assert depends_on_step(step, "hub", "net/10.py")
    assert not depends_on_step(step, "hub", "net/20.py")
    assert not depends_on_step(step, "spoke", "net/10.py")


def test_where_it_cannot_be_told_everything_counts() -> None:
    (step,) = reading("str(context.accounts)").steps
    assert inputs_of_accounts(step, {"hub": HUB}) == {"hub": {"id": "1", "outputs": HUB.outputs}}
    assert depends_on_step(step, "hub", "anything")


def test_the_id_of_another_account_can_be_read() -> None:
    (step,) = reading("context.accounts['hub'].account_id").steps
    assert inputs_of_accounts(step, {"hub": HUB}) == {"accounts.hub.id": "1"}
