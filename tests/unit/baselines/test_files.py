from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pytest
from builders_inside import facts
from builders_requests import MemoryFiles

from aft.baselines.digests import setting_digest
from aft.baselines.model import Baseline
from aft.baselines.parse import check_parameters, check_requests, parse_baselines
from aft.baselines.select import KNOWN_AFTER_APPLY, resolve, settings_for
from aft.errors import UserError
from aft.findings.model import Finding, SourceRef
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.values.ids import OrgUnitPath

SETTINGS: Mapping[str, Any] = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
PATH = "customizations/baselines/standard.yaml"


def parsed(
    text: str, organization: OrganizationSpec | None = None
) -> tuple[Mapping[str, Baseline], tuple[Finding, ...]]:
    files = MemoryFiles({PATH: textwrap.dedent(text)})
    return parse_baselines(files, SETTINGS, organization)


def only(text: str, organization: OrganizationSpec | None = None) -> Finding:
    (finding,) = parsed(text, organization)[1]
    assert finding.source.path == PATH
    return finding


def place(finding: Finding) -> tuple[str, int, int]:
    return finding.code, finding.source.line, finding.source.column


def baseline(text: str) -> Baseline:
    found, findings = parsed(text)
    assert findings == ()
    return found["standard"]


def organization(*paths: str) -> OrganizationSpec:
    return OrganizationSpec(
        units=tuple(
            UnitSpec(path=OrgUnitPath.parse(path), previously=None, source=SourceRef("o"))
            for path in paths
        )
    )


def test_a_whole_baseline() -> None:
    found = baseline("""\
        description: For everyone
        select:
          organizational_units: [Workloads/Prod]
          tags: {tier: "*"}
          requests: [payments-prod]
        settings:
          - setting: account-alias
            parameters: {alias: "acme-{id}"}
          - setting: s3-public-access-block
        """)
    assert found.select.organizational_units == (OrgUnitPath(("Workloads", "Prod")),)
    assert (found.select.tags, found.select.requests) == ({"tier": "*"}, ("payments-prod",))
    assert [(item.setting, item.source.line) for item in found.settings] == [
        ("account-alias", 7),
        ("s3-public-access-block", 9),
    ]


def test_an_unknown_setting_is_told_with_the_nearest() -> None:
    finding = only("settings:\n  - setting: iam-pasword-policy\n")
    assert place(finding) == ("AFT501", 2, 14)
    assert finding.hint == "did you mean 'iam-password-policy'?"


def test_a_setting_twice() -> None:
    finding = only("settings:\n  - setting: ssm-metadata\n  - setting: ssm-metadata\n")
    assert place(finding) == ("AFT502", 3, 14)
    assert "first at line 2" in finding.message


@pytest.mark.parametrize(
    ("parameters", "code", "column"),
    [
        ("{minimum_length: 4}", "AFT204", 34),
        ("{minimum_length: lots}", "AFT202", 34),
        ("{minimum_lenght: 14}", "AFT201", 18),
    ],
)
def test_parameters_are_checked_at_their_place(parameters: str, code: str, column: int) -> None:
    finding = only(f"settings:\n  - setting: iam-password-policy\n    parameters: {parameters}\n")
    assert place(finding) == (code, 3, column)


def test_an_unknown_placeholder_is_told_at_its_place() -> None:
    finding = only("settings:\n  - setting: account-alias\n    parameters: {alias: 'a-{idd}'}\n")
    assert place(finding) == ("AFT508", 3, 25)
    assert "{idd}" in finding.message
    assert "{account_id}" in finding.message


def test_a_selected_ou_must_be_in_the_organization() -> None:
    text = "settings: []\nselect:\n  organizational_units: [Worklods]\n"
    finding = only(text, organization("Workloads"))
    assert place(finding) == ("AFT503", 3, 26)
    assert finding.hint == "did you mean 'Workloads'?"
    assert parsed(text)[1] == ()
    assert parsed(text, OrganizationSpec())[1] == ()


def test_the_root_may_be_selected() -> None:
    text = "settings: []\nselect: {organizational_units: [/]}\n"
    assert parsed(text, organization("Workloads"))[1] == ()


def test_settings_are_required_and_yaml_is_strict() -> None:
    assert only("description: nothing\n").code == "AFT203"
    assert only("settings: []\nsettings: []\n").code == "AFT103"


def test_files_that_are_no_baselines() -> None:
    files = {
        "customizations/baselines/a.yml": "settings: []",
        "customizations/baselines/sub/b.yaml": "settings: []",
        "customizations/baselines/c d.yaml": "settings: []",
        "customizations/baselines/Same.yaml": "settings: []",
        "customizations/baselines/same.yaml": "settings: []",
        "customizations/baselines/README.md": "# Baselines",
    }
    _, findings = parse_baselines(MemoryFiles(files), SETTINGS)
    assert [
        (item.code, item.source.path.removeprefix("customizations/baselines/")) for item in findings
    ] == [
        ("AFT506", "a.yml"),
        ("AFT505", "c d.yaml"),
        ("AFT505", "same.yaml"),
        ("AFT506", "sub/b.yaml"),
    ]


def test_a_selected_request_must_exist() -> None:
    found, _ = parsed("settings: []\nselect: {requests: [payments, paymnts]}\n")
    (finding,) = check_requests(found, ["payments"])
    assert place(finding) == ("AFT504", 2, 31)
    assert finding.hint == "did you mean 'payments'?"


# --- parameters of one account --------------------------------------------------------------

ALIAS = "settings:\n  - setting: account-alias\n    parameters: {alias: 'acme-{%s}'}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", "acme-payments-prod"),
        ("name", "acme-Payments (Prod)"),
        ("account_id", "acme-123456789012"),
        ("ou_name", "acme-Prod"),
    ],
)
def test_placeholders_are_filled_in(name: str, text: str) -> None:
    (resolved,) = settings_for(baseline(ALIAS % name), facts(), SETTINGS)
    assert resolved.parameters.model_dump() == {"alias": text}


def test_an_account_id_that_is_not_known_yet_is_shown_so() -> None:
    (resolved,) = settings_for(baseline(ALIAS % "account_id"), facts(None), SETTINGS)
    assert resolved.parameters.model_dump() == {"alias": f"acme-{KNOWN_AFTER_APPLY}"}
    assert not resolved.is_known
    assert setting_digest(resolved, facts(None)) == ""


def test_a_nested_parameter_with_an_unknown_account_id_stays_a_model() -> None:
    contact = "{name: N, title: T, email: 'aws+{account_id}@example.com', phone: '+1'}"
    text = f"settings:\n  - setting: alternate-contacts\n    parameters: {{billing: {contact}}}\n"
    (resolved,) = settings_for(baseline(text), facts(None), SETTINGS)
    differences = resolved.plugin.compare(resolved.inputs(None), {})
    assert f"aws+{KNOWN_AFTER_APPLY}@example.com" in differences[0].description


def test_regional_settings_have_one_call_a_region() -> None:
    text = "settings: [{setting: ebs-default-encryption}, {setting: ssm-metadata}]\n"
    regional, single = settings_for(baseline(text), facts(), SETTINGS)
    assert regional.regions == ("eu-central-1", "eu-west-1")
    assert single.regions == (None,)
    assert regional.inputs("eu-west-1").region == "eu-west-1"


def test_a_placeholder_that_makes_a_parameter_invalid_is_told_for_the_account() -> None:
    text = "settings:\n  - setting: ssm-metadata\n    parameters: {path: '/{name}'}\n"
    found = baseline(text)
    where = SourceRef("account-requests/payments-prod.yaml", 3, 1)
    (finding,) = check_parameters(found, facts(), SETTINGS, source=where)
    assert (finding.code, finding.source) == ("AFT507", where)
    assert f"{PATH}:2:14" in finding.message
    assert check_parameters(found, facts(name="fine"), SETTINGS, source=where) == ()
    with pytest.raises(UserError, match="ssm-metadata"):
        settings_for(found, facts(), SETTINGS)


# --- digests --------------------------------------------------------------------------------


def digest_of(text: str, **changes: Any) -> str:
    account = facts(**changes)
    (resolved,) = settings_for(baseline(text), account, SETTINGS)
    return setting_digest(resolved, account)


BLOCK = "settings: [{setting: s3-public-access-block}]\n"
EBS = "settings: [{setting: ebs-default-encryption}]\n"
METADATA = "settings: [{setting: ssm-metadata}]\n"


def test_a_digest_changes_with_what_the_setting_depends_on_only() -> None:
    assert digest_of(BLOCK) == digest_of(BLOCK, name="else", tags={}, regions=("eu-west-1",))
    assert digest_of(BLOCK) != digest_of(
        "settings: [{setting: s3-public-access-block, parameters: {block_public_acls: false}}]\n"
    )
    assert digest_of(METADATA) != digest_of(METADATA, custom_fields={"a": 1})
    assert digest_of(EBS) != digest_of(EBS, regions=("eu-central-1",))


def test_the_order_of_regions_and_defaults_written_out_change_nothing() -> None:
    assert digest_of(EBS) == digest_of(EBS, regions=("eu-west-1", "eu-central-1"))
    assert digest_of(EBS) == digest_of(
        "settings: [{setting: ebs-default-encryption, parameters: {kms_key_id: null}}]\n"
    )


def test_without_an_account_id_only_what_needs_it_is_unknown() -> None:
    assert digest_of(METADATA, account_id=None) == ""
    assert digest_of(BLOCK, account_id=None) == digest_of(BLOCK)


def test_a_new_version_of_a_setting_changes_its_digest() -> None:
    class Newer(type(SETTINGS["s3-public-access-block"])):  # type: ignore[misc]
        effect_version = 99

    (spec,) = baseline(BLOCK).settings
    old, new = (resolve(spec, facts(), item) for item in (SETTINGS[spec.setting], Newer()))
    assert setting_digest(old, facts()) != setting_digest(new, facts())
