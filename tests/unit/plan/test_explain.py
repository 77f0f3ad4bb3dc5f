"""Where each effective value of one account comes from, file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from builders_plan import account, snapshot
from builders_requests import REPOSITORY, MemoryFiles, load_files

from aft.baselines.model import setting_ref
from aft.errors import UserError
from aft.findings.origins import Explained, Origin, OriginKind
from aft.ledger.events import (
    AccountRecord,
    DoneStep,
    EventKind,
    FailedStep,
    LedgerEvent,
    LedgerState,
)
from aft.organization.model import OrganizationSnapshot
from aft.plan.draft import Look
from aft.plan.explain import Looking, explain
from aft.plan.explanation import ExplainedSetting, Explanation, narrowed
from aft.plan.model import LiveSetting
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.report.explain_values import explanation_view
from aft.values.ids import AccountId, RequestId

SETTINGS = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
NUMBER = AccountId("123456789012")
WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

FILES: Mapping[str, str] = {
    **REPOSITORY,
    "account-requests/_defaults.yaml": (
        "# for everybody\n"
        "email: aws+{id}@example.com\n"
        'name: "{id}"\n'
        "tags:\n"
        '  cost-center: "1000"\n'
        "  managed-by: aft\n"
        "owner: {team: platform, email: platform@example.com}\n"
        "custom_fields: {vpc: {cidr: 10.0.0.0/20, peered: true}}\n"
    ),
    "account-requests/shop/_defaults.yaml": 'tags: {cost-center: "4712"}\nbaseline: production\n',
    "account-requests/shop/shop-prod.yaml": (
        "ou: Workloads/Prod\n"
        "customizations:\n"
        "  - pci\n"
        "  - web-service\n"
        "custom_fields:\n"
        "  vpc:\n"
        "    cidr: 10.20.0.0/20\n"
        "budget: {monthly_usd: 500, subscribers: [shop@example.com]}\n"
        "owner:\n"
    ),
    "account-requests/plain.yaml": "ou: Security\nregions: [us-east-1]\nprotect: true\n",
    "customizations/baselines/production.yaml": (
        "settings:\n"
        "  - setting: account-alias\n"
        "    parameters:\n"
        '      alias: "acme-{id}"\n'
        "  - setting: iam-password-policy\n"
        "    parameters: {minimum_length: 20}\n"
        "  - setting: ebs-default-encryption\n"
        "  - setting: ssm-metadata\n"
        "  - setting: alternate-contacts\n"
        "  - setting: budget\n"
    ),
    "customizations/baselines/guarded.yaml": (
        "select:\n  organizational_units:\n    - Security\nsettings:\n  - setting: ssm-metadata\n"
    ),
}


def explained(
    name: str = "shop-prod",
    files: Mapping[str, str] = FILES,
    *,
    record: AccountRecord | None = None,
    seen: OrganizationSnapshot | None = None,
    events: Sequence[LedgerEvent] = (),
    look: Looking | None = None,
) -> Explanation:
    memory = MemoryFiles({path: text for path, text in files.items() if text})
    loaded = load_files(memory)
    assert loaded.state is not None, loaded.findings
    ledger = LedgerState(records={record.subject: record} if record else {})
    request = loaded.state.request_by_id[RequestId(name)]
    return explain(
        memory,
        loaded.state,
        request,
        ledger,
        settings=SETTINGS,
        snapshot=seen,
        events=events,
        look=look,
    )


def told(items: tuple[Explained, ...]) -> dict[str, tuple[Any, str]]:
    """``{name: (value, "path:line" or the kind of origin)}``."""
    return {item.name: (item.value, place(item.origin)) for item in items}


def place(origin: Origin) -> str:
    if origin.source is None:
        return origin.kind.value
    return f"{origin.source.path.removeprefix('account-requests/')}:{origin.source.line}"


def setting(explanation: Explanation, name: str) -> ExplainedSetting:
    return next(item for item in explanation.settings if item.name == name)


# --- the request ------------------------------------------------------------------------------


def test_each_field_names_the_nearest_file_that_says_it() -> None:
    fields = told(explained().fields)
    assert fields["ou"] == ("Workloads/Prod", "shop/shop-prod.yaml:1")
    assert fields["tags.cost-center"] == ("4712", "shop/_defaults.yaml:1")
    assert fields["tags.managed-by"] == ("aft", "_defaults.yaml:6")
    assert fields["baseline"] == ("production", "shop/_defaults.yaml:2")
    assert fields["customizations"] == (["pci", "web-service"], "shop/shop-prod.yaml:2")
    assert fields["custom_fields.vpc.cidr"] == ("10.20.0.0/20", "shop/shop-prod.yaml:7")
    assert fields["custom_fields.vpc.peered"] == (True, "_defaults.yaml:8")


def test_a_value_made_from_a_pattern_shows_the_pattern() -> None:
    fields = {item.name: item for item in explained().fields}
    email = fields["email"]
    assert (email.value, email.origin.kind) == ("aws+shop-prod@example.com", OriginKind.DEFAULTS)
    assert email.origin.pattern == "aws+{id}@example.com"
    assert fields["ou"].origin.pattern == ""


def test_what_a_nearer_file_replaced_is_told() -> None:
    fields = {item.name: item for item in explained().fields}
    (over,) = fields["tags.cost-center"].origin.over
    assert (over.value, over.source.path, over.source.line) == (
        "1000",
        "account-requests/_defaults.yaml",
        5,
    )
    assert fields["tags.managed-by"].origin.over == ()


def test_what_nobody_says_is_built_in_or_not_set() -> None:
    explanation = explained()
    fields = told(explanation.fields)
    assert fields["state"] == ("active", "built-in")
    assert fields["protect"] == (False, "built-in")
    assert fields["budget.alert_at"] == ([80, 100], "built-in")
    assert fields["budget.monthly_usd"] == (500, "shop/shop-prod.yaml:8")
    assert "owner" in explanation.unset, "an empty value takes back what the defaults say"
    assert not any(name.startswith("owner") for name in fields)
    assert told(explained("plain").fields)["protect"] == (True, "plain.yaml:3")


# --- its place --------------------------------------------------------------------------------


def test_the_ou_and_the_regions_lead_to_their_files() -> None:
    found = told(explained().place)
    assert found["OU"] == ("Workloads/Prod", "customizations/organization/organization.yaml:4")
    assert found["home region"] == ("eu-central-1", "aft.yaml:1")
    assert found["regions"] == (["eu-central-1", "eu-west-1"], "aft.yaml:2")
    assert found["account"] == (None, "built-in")
    own = told(explained("plain").place)
    assert own["regions"] == (["eu-central-1", "us-east-1"], "plain.yaml:2")


def test_the_account_comes_from_the_ledger() -> None:
    record = AccountRecord(
        subject="shop-prod",
        account_id=NUMBER,
        steps={"account/": DoneStep(digest="", at=WHEN, run="r1")},
    )
    explanation = explained(record=record)
    assert explanation.account_id == NUMBER
    (item,) = [item for item in explanation.place if item.name == "account"]
    assert (item.origin.kind, item.origin.why) == (OriginKind.LEDGER, "created 2026-11-20")


def test_a_snapshot_adds_what_only_aws_knows() -> None:
    world = snapshot(
        ("Workloads", "Workloads/Prod"),
        (account(7, "shop-prod", "Workloads", email="aws+shop-prod@example.com"),),
    )
    explanation = explained(seen=world)
    found = told(explanation.place)
    assert found["OU id"] == ("ou-root-workloadsprod", "aws")
    assert found["account"] == ("000000000007", "aws")
    assert found["account state"] == ("ACTIVE", "aws")
    assert found["OU now"] == ("Workloads", "aws")


def test_an_ou_named_by_its_id_needs_aws() -> None:
    files = {**FILES, "account-requests/odd.yaml": "ou: ou-root-workloadsprod\nbaseline: guarded\n"}
    with pytest.raises(UserError, match="only AWS knows where that is") as caught:
        explained("odd", files)
    assert caught.value.hint == "aft explain odd --live"
    world = snapshot(("Workloads", "Workloads/Prod"))
    assert explained("odd", files, seen=world).ou == "Workloads/Prod"


# --- the baseline -----------------------------------------------------------------------------


def test_the_baseline_says_who_chose_it() -> None:
    named = explained().baseline
    assert named is not None
    assert (named.value, place(named.origin)) == ("production", "shop/_defaults.yaml:2")
    chosen = explained("plain").baseline
    assert chosen is not None
    assert (chosen.value, place(chosen.origin)) == (
        "guarded",
        "customizations/baselines/guarded.yaml:3",
    )
    assert chosen.origin.why == "selects OU Security"


def test_an_account_without_a_baseline_says_why() -> None:
    files = {**FILES, "customizations/baselines/guarded.yaml": ""}
    baseline = explained("plain", files).baseline
    assert baseline is not None
    assert (baseline.value, baseline.origin.why) == (None, "none selects the account")


def test_baselines_that_tie_where_only_aws_knows_the_ou_are_both_named() -> None:
    twin = "select:\n  organizational_units: [Workloads]\nsettings:\n  - setting: account-alias\n"
    files = {
        **FILES,
        "account-requests/plain.yaml": "ou: ou-root-workloads\n",
        "customizations/baselines/one.yaml": twin,
        "customizations/baselines/two.yaml": twin,
    }
    baseline = explained("plain", files, seen=snapshot(("Workloads",))).baseline
    assert baseline is not None
    assert "one and two select it equally" in baseline.origin.why


def test_each_parameter_is_the_baseline_s_or_the_setting_s_own() -> None:
    explanation = explained()
    policy = told(setting(explanation, "iam-password-policy").parameters)
    assert policy["minimum_length"] == (20, "customizations/baselines/production.yaml:6")
    assert policy["require_symbols"] == (True, "setting")
    (alias,) = setting(explanation, "account-alias").parameters
    assert (alias.value, alias.origin.pattern) == ("acme-shop-prod", "acme-{id}")
    assert place(alias.origin) == "customizations/baselines/production.yaml:4"
    assert {item.name: item.source.line for item in explanation.settings}["ssm-metadata"] == 8


@pytest.mark.parametrize(
    ("request_id", "expected"),
    [("Foo", "acme-foo"), ("foo_bar", "acme-foo-bar"), ("a.b", "acme-a-b")],
)
def test_the_alias_is_shown_as_it_is_set(request_id: str, expected: str) -> None:
    path = f"account-requests/{request_id}.yaml"
    files = {**FILES, path: "ou: Workloads/Prod\nbaseline: production\n"}
    (alias,) = setting(explained(request_id, files), "account-alias").parameters
    assert (alias.value, alias.origin.pattern) == (expected, "acme-{id}")
    assert place(alias.origin) == "customizations/baselines/production.yaml:4"


def test_without_an_alias_it_is_made_of_the_account_s_name() -> None:
    baseline = "settings:\n  - setting: account-alias\n"
    files = {
        **FILES,
        "account-requests/named.yaml": "name: The Shop\nou: Workloads/Prod\nbaseline: bare\n",
        "customizations/baselines/bare.yaml": baseline,
    }
    (alias,) = setting(explained("named", files), "account-alias").parameters
    assert (alias.value, place(alias.origin)) == ("the-shop", "named.yaml:1")


def test_an_account_that_its_protection_keeps_elsewhere_says_so() -> None:
    world = snapshot(("Security", "Sandbox"), [account(1, "plain", "Sandbox")])
    place_ = {item.name: item for item in explained("plain", seen=world).place}
    assert place_["OU now"].value == "Sandbox"
    assert place_["OU now"].origin.why == "it is protected, so it stays there"


def test_regional_settings_say_where_they_run() -> None:
    explanation = explained()
    encryption = setting(explanation, "ebs-default-encryption")
    assert encryption.regions == ("eu-central-1", "eu-west-1")
    assert setting(explanation, "account-alias").regions == ()


def test_custom_fields_show_as_the_parameters_they_become() -> None:
    found = told(setting(explained(), "ssm-metadata").published)
    below = "/aft/account-request/custom-fields"
    assert found == {
        f"{below}/vpc/cidr": ("10.20.0.0/20", "shop/shop-prod.yaml:7"),
        f"{below}/vpc/peered": ("true", "_defaults.yaml:8"),
    }


def test_a_request_s_value_stands_in_the_parameter_it_goes_before() -> None:
    contact = "{name: Ada, title: Lead, email: ada@example.com, phone: '1'}"
    shop = FILES["account-requests/shop/shop-prod.yaml"]
    files = {
        **FILES,
        "account-requests/shop/shop-prod.yaml": f"{shop}contacts: {{security: {contact}}}\n",
    }
    found = told(setting(explained(files=files), "alternate-contacts").parameters)
    assert found["security"] == ("Ada, Lead <ada@example.com> 1", "shop/shop-prod.yaml:10")
    assert found["billing"] == (None, "setting")


def test_a_step_says_when_it_was_done_last_and_why_it_failed_since() -> None:
    record = AccountRecord(
        subject="shop-prod",
        account_id=NUMBER,
        steps={"setting/account-alias": DoneStep(digest="x", at=WHEN, run="r1")},
        failures={
            "setting/account-alias": FailedStep(at=WHEN, run="r2", reason="the alias is taken")
        },
    )
    last = setting(explained(record=record), "account-alias").last
    assert (last.applied_at, last.failed) == (WHEN, "the alias is taken")
    assert setting(explained(), "account-alias").last.applied_at is None


NETWORK = """\
settings:
  - setting: network
    parameters:
      pool: main
      prefix: 22
  - setting: budget
"""


def test_the_range_of_a_network_is_the_ledger_s_or_to_come_from_a_pool() -> None:
    files = {
        **FILES,
        "customizations/baselines/production.yaml": NETWORK,
        "aft.yaml": (
            "home_region: eu-central-1\nnetworks:\n  pools:\n    main: {cidr: 10.64.0.0/16}\n"
        ),
    }
    to_come = setting(explained(files=files), "network").parameters[0]
    assert (to_come.name, to_come.value, place(to_come.origin)) == ("range", None, "aft.yaml:4")
    record = AccountRecord(
        subject="shop-prod", account_id=NUMBER, allocations={"network": "10.64.4.0/22"}
    )
    given = setting(explained(files=files, record=record), "network").parameters[0]
    assert (given.value, given.origin.kind) == ("10.64.4.0/22", OriginKind.LEDGER)


# --- customizations ---------------------------------------------------------------------------


def test_customizations_come_in_their_order_with_the_reason_for_each() -> None:
    files = {
        **FILES,
        "customizations/global/10-roles.sh": "true\n",
        "customizations/accounts/audit/10-start.sh": "true\n",
        "customizations/accounts/audit/customization.yaml": (
            "select:\n  organizational_units: [Workloads]\n"
            "parameters:\n  tier: {type: text, default: gold}\n"
        ),
    }
    found = explained(files=files).customizations
    assert [(item.name, item.origin.why, place(item.origin)) for item in found] == [
        ("global", "every account gets it", "customizations/global:1"),
        ("audit", "selects OU Workloads", "customizations/accounts/audit/customization.yaml:2"),
        ("pci", "named by the request", "shop/shop-prod.yaml:3"),
        ("web-service", "named by the request", "shop/shop-prod.yaml:4"),
    ]
    audit = found[1]
    assert told(audit.parameters) == {
        "tier": ("gold", "customizations/accounts/audit/customization.yaml:4")
    }
    assert [(step.id, step.kind) for step in audit.steps] == [("audit/10-start.sh", "plain")]


def test_a_parameter_that_the_request_gives_leads_to_the_request() -> None:
    shop = FILES["account-requests/shop/shop-prod.yaml"]
    files = {
        **FILES,
        "account-requests/shop/shop-prod.yaml": f"{shop}parameters: {{pci: {{tier: silver}}}}\n",
        "customizations/accounts/pci/customization.yaml": (
            "parameters:\n  tier: {type: text, default: gold}\n"
        ),
    }
    pci = next(item for item in explained(files=files).customizations if item.name == "pci")
    assert told(pci.parameters) == {"tier": ("silver", "shop/shop-prod.yaml:10")}


# --- a part of it -----------------------------------------------------------------------------


def test_names_narrow_it_to_fields_settings_parameters_and_steps() -> None:
    whole = explained()
    tags = narrowed(whole, ["tags"])
    assert [item.name for item in tags.fields] == ["tags.cost-center", "tags.managed-by"]
    assert (tags.place, tags.baseline, tags.settings, tags.customizations) == ((), None, (), ())
    one = narrowed(whole, ["iam-password-policy.minimum_length"])
    assert [(item.name, len(item.parameters)) for item in one.settings] == [
        ("iam-password-policy", 1)
    ]
    assert narrowed(whole, ["pci"]).customizations[0].name == "pci"
    assert narrowed(whole, ["baseline"]).settings == whole.settings
    assert narrowed(whole, []) == whole


def test_a_setting_left_behind_says_that_it_is_no_longer_in_the_baseline() -> None:
    """It was applied in the account's former OU."""
    given = {"network": "10.192.0.0/24"}
    done = DoneStep(digest="x", at=WHEN, run="r")
    for steps in ({"setting/network": done}, {}):
        known = AccountRecord(
            subject="shop-prod", account_id=NUMBER, steps=steps, allocations=given
        )
        (item,) = narrowed(explained(record=known), ["network"]).left_behind
        assert (item.name, item.range) == ("network", "10.192.0.0/24")
        assert item.last.applied_at == (WHEN if steps else None)
        page = explanation_view(narrowed(explained(record=known), ["network"])).plain
        assert "No longer in the baseline" in page
        assert ("applied 2026-11-20" in page) is bool(steps)
        assert "keeps the range 10.192.0.0/24, what it set stays" in " ".join(page.split())
    kept = {"setting/budget": done}
    in_it = AccountRecord(subject="shop-prod", account_id=NUMBER, steps=kept)
    assert explained(record=in_it).left_behind == ()


def an_event(kind: EventKind, day: int, **data: str) -> LedgerEvent:
    at = WHEN.replace(day=day)
    about = {"kind": "setting", "action": "release", "key": "cloudtrail", **data}
    account_id = data.pop("account_id", None)
    return LedgerEvent(
        kind=kind,
        subject="shop-prod",
        at=at,
        run="r",
        actor="ada",
        account_id=account_id,
        data={"how": "adopted"} if account_id else about,
    )


LEFT = an_event(EventKind.STEP_REMOVED, 21, how="kept")
AGAIN = an_event(EventKind.STEP_DONE, 22, action="update")
CLEANED = an_event(EventKind.STEP_REMOVED, 22, how="destroyed")
FORGOTTEN = {
    "forgotten": ((LEFT,), 21),
    "forgotten twice": ((LEFT, an_event(EventKind.STEP_REMOVED, 23, how="kept")), 23),
    "set again": ((LEFT, AGAIN), None),
    "set again, and forgotten": (
        (LEFT, AGAIN, an_event(EventKind.STEP_REMOVED, 24, how="kept")),
        24,
    ),
    "cleaned": ((LEFT, CLEANED), None),
    "of this account": ((LEFT, an_event(EventKind.BOUND, 22, account_id=NUMBER)), 21),
    "of another account": ((LEFT, an_event(EventKind.BOUND, 22, account_id="999999999999")), None),
}


@pytest.mark.parametrize(("events", "day"), FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_an_apply_has_forgotten_is_known_by_its_history(
    events: tuple[LedgerEvent, ...], day: int | None
) -> None:
    known = AccountRecord(subject="shop-prod", account_id=NUMBER)
    found = explained(record=known, events=events).left_behind
    assert [item.forgotten_at and item.forgotten_at.day for item in found] == ([day] if day else [])


def test_what_is_set_now_is_shown_where_it_was_read() -> None:
    known = AccountRecord(subject="shop-prod", account_id=NUMBER)

    def look(looks: Sequence[Look]) -> dict[tuple[str, str], LiveSetting]:
        assert all(item.account_id == NUMBER for item in looks)
        names = [item.ref.key for item in looks]
        live = partial(LiveSetting, account_id=NUMBER)
        found = {name: live(ref=setting_ref(name)) for name in names}
        found["ebs-default-encryption"] = live(
            ref=setting_ref("ebs-default-encryption"), differences=("limit is 9, should be 5",)
        )
        found["iam-password-policy"] = live(
            ref=setting_ref("iam-password-policy"), unread="cannot be entered"
        )
        return {(NUMBER, name): item for name, item in found.items()}

    whole = explained(record=known, look=look)
    assert setting(whole, "ebs-default-encryption").now == ("limit is 9, should be 5",)
    assert setting(whole, "iam-password-policy").now is None
    assert setting(whole, "account-alias").now == ()
    page = " ".join(explanation_view(whole).plain.split())
    assert "! limit is 9, should be 5 AWS: now" in page
    assert "! not known now: cannot be entered AWS" in page
    assert page.count("and is so now") == len(whole.settings) - 2
    assert all(item.now is None for item in explained(record=known).settings)


def test_a_name_that_fits_nothing_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="no value, setting or customization 'iam-pasword'") as seen:
        narrowed(explained(), ["iam-pasword"])
    assert "iam-password-policy" in seen.value.hint
