"""Parameters that name other accounts: one rule for all settings, findings, digests."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest
from builders_inside import facts
from builders_requests import MemoryFiles, lines, load, request_text
from pydantic import ValidationError

from aft.baselines.digests import setting_digest
from aft.baselines.model import SettingParameters
from aft.baselines.parse import parse_baselines
from aft.baselines.references import AccountReference, account_behind, references_in
from aft.baselines.select import ResolvedSetting, settings_for
from aft.errors import Terminal
from aft.organization.model import AccountFacts, Surroundings
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.settings.guardduty import GuardDutyParameters
from aft.values.ids import AccountId

SETTINGS: Mapping[str, Any] = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
AUDIT = AccountId("222222222222")
PATH = "customizations/baselines/standard.yaml"


class Nested(SettingParameters):
    one: AccountReference | None = None
    many: tuple[AccountReference, ...] = ()
    named: Mapping[str, AccountReference] = {}


def around(**accounts: str) -> Surroundings:
    return Surroundings(accounts={key: AccountId(value) for key, value in accounts.items()})


def resolved(text: str, account: AccountFacts) -> ResolvedSetting:
    files = MemoryFiles({PATH: f"settings:\n  - setting: guardduty\n    parameters: {text}\n"})
    found, findings = parse_baselines(files, SETTINGS)
    assert findings == ()
    (setting,) = settings_for(found["standard"], account, SETTINGS)
    return setting


# --- one rule -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "account_id"),
    [
        ("123456789012", "123456789012"),
        ("audit", AUDIT),
        ("payments-prod", "999999999999"),  # itself
        ("later", None),
    ],
)
def test_what_a_reference_means(text: str, account_id: str | None) -> None:
    account = facts("999999999999", around=around(audit=AUDIT))
    assert AccountReference.parse(text).account_id(account) == account_id


def test_an_account_that_does_not_exist_yet_is_said_so() -> None:
    with pytest.raises(Terminal, match="the account of request later does not exist yet"):
        account_behind(AccountReference("later"), facts())


@pytest.mark.parametrize("text", ["", "a/b", "-audit", "x" * 64])
def test_what_names_neither_is_invalid(text: str) -> None:
    with pytest.raises(ValidationError, match="request id"):
        GuardDutyParameters.model_validate({"administrator": text})


def test_references_are_found_wherever_they_stand() -> None:
    parameters = Nested.model_validate_json(
        '{"one": "a", "many": ["123456789012", "b"], "named": {"x": "c"}}'
    )
    assert dict(references_in(parameters)) == {
        ("one",): "a",
        ("many", 0): "123456789012",
        ("many", 1): "b",
        ("named", "x"): "c",
    }


# --- digests --------------------------------------------------------------------------------


def test_the_digest_covers_the_account_behind_the_name_and_nobody_elses() -> None:
    text = "{administrator: audit}"
    plain = facts(around=around(audit=AUDIT))
    other = facts(around=around(audit="333333333333"))
    more = facts(around=around(audit=AUDIT, another="444444444444"))
    digests = [setting_digest(resolved(text, item), item) for item in (plain, other, more)]
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]


def test_without_the_account_there_is_no_digest_yet() -> None:
    account = facts(around=around())
    setting = resolved("{administrator: audit}", account)
    assert setting.missing == ("audit",)
    assert setting_digest(setting, account) == ""
    by_id = resolved('{administrator: "222222222222"}', account)
    assert by_id.missing == ()
    assert setting_digest(by_id, account).startswith("sha256:")


def test_a_setting_that_names_nobody_does_not_see_other_accounts() -> None:
    account, other = facts(around=around()), facts(around=around(audit=AUDIT))
    digests = {setting_digest(resolved("{}", item), item) for item in (account, other)}
    assert len(digests) == 1


# --- findings -------------------------------------------------------------------------------


def repository(settings: str, **requests: str) -> dict[str, str]:
    organization = "organizational_units: [{name: Workloads}, {name: Security}]\n"
    files = {
        "aft.yaml": "home_region: eu-central-1\n",
        "customizations/organization/organization.yaml": organization,
        PATH: textwrap.dedent(settings),
    }
    for name, text in requests.items():
        stem = name.replace("_", "-")
        files[f"account-requests/{stem}.yaml"] = request_text(stem, ou="Workloads") + text
    return files


BASELINE = """\
    select: {organizational_units: [Workloads]}
    settings:
      - setting: cloudtrail
        parameters: {log_archive: log-archive}
      - setting: guardduty
        parameters: {administrator: audit}
    """


def test_an_unknown_request_is_a_finding_at_the_parameter() -> None:
    result = load(repository(BASELINE, audit="", log_archiv=""))
    assert lines(result) == [f"{PATH}:4:31 AFT509"]
    (finding,) = result.findings
    assert finding.hint == "did you mean 'log-archiv'?"


def test_an_unquoted_account_id_is_a_finding() -> None:
    text = BASELINE.replace("audit", "222222222222")
    assert lines(load(repository(text, log_archive=""))) == [f"{PATH}:6:33 AFT205"]
    quoted = BASELINE.replace("audit", '"222222222222"')
    assert lines(load(repository(quoted, log_archive=""))) == []


def test_two_accounts_may_name_each_other_in_the_same_order() -> None:
    assert lines(load(repository(BASELINE, audit="", log_archive=""))) == []


def test_depends_on_against_a_parameter_is_a_circle() -> None:
    result = load(repository(BASELINE, audit="depends_on: [log-archive]\n", log_archive=""))
    assert [line.split(" ")[1] for line in lines(result)] == ["AFT510"]
    (finding,) = result.findings
    assert finding.source.path == PATH
    assert "audit (depends_on) -> log-archive (guardduty) -> audit" in finding.message


def test_settings_in_another_order_are_a_circle() -> None:
    files = repository(BASELINE, audit="baseline: other\n", log_archive="")
    files["customizations/baselines/other.yaml"] = textwrap.dedent("""\
        settings:
          - setting: guardduty
            parameters: {administrator: log-archive}
          - setting: cloudtrail
            parameters: {log_archive: log-archive}
        """)
    # audit's guardduty waits for log-archive's, which waits for audit's.
    assert [line.split(" ")[1] for line in lines(load(files))] == ["AFT510"]


def test_a_budget_needs_a_baseline_that_has_the_setting() -> None:
    budget = "budget: {monthly_usd: 5, subscribers: [a@example.com]}\n"
    files = repository(BASELINE, audit=budget, log_archive="")
    assert lines(load(files)) == ["account-requests/audit.yaml:4:1 AFT317"]
    files[PATH] += "  - setting: budget\n"
    result = load(files)
    assert lines(result) == []
    assert result.state is not None
    (audit, _) = result.state.requests
    assert audit.budget is not None
    assert (audit.budget.monthly_usd, audit.budget.alert_at, audit.budget.subscribers) == (
        5.0,
        (80.0, 100.0),
        ("a@example.com",),
    )
