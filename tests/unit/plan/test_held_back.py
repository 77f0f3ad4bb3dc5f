"""One broken file holds back the accounts that use it. One organization, one table: what is broken,
who is held back; everyone else is planned as if all were well, and no one is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import builders_plan as b
import pytest
from builders_kinds import KINDS
from builders_requests import MemoryFiles

from aft.desired.desired import LoadResult, load_desired_state
from aft.files import EntryKind
from aft.ledger.events import AccountRecord, LedgerState
from aft.organization.model import OrganizationSnapshot
from aft.plan.make import draft_plan
from aft.plan.model import Action, Change, Plan
from aft.plan.view import PlanView
from aft.plugins import RUNNERS_GROUP, SETTINGS_GROUP, load_plugins

SETTINGS = load_plugins(SETTINGS_GROUP, lambda plugin: plugin.name)
RUNNERS = load_plugins(RUNNERS_GROUP, lambda plugin: plugin.kind)

Files = Mapping[str, str | bytes | None]
"""By path: what a file becomes; ``None`` for one that is gone."""


def asked(name: str, ou: str, more: str = "") -> str:
    return f"name: {name}\nemail: aws+{name}@example.com\nou: {ou}\n{more}"


TEMPLATE = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"
ORGANIZATION = "customizations/organization/organization.yaml"
PRODUCTION = "customizations/baselines/production.yaml"
STANDARD = "customizations/baselines/standard.yaml"
WEB = "customizations/accounts/web/10-topic.cfn.yaml"
GOLD = "customizations/accounts/gold/customization.yaml"
A_ONE, A_TWO = "account-requests/team-a/a-one.yaml", "account-requests/team-a/a-two.yaml"
A_DEFAULTS = "account-requests/team-a/_defaults.yaml"
B_ONE, B_TWO = "account-requests/team-b/b-one.yaml", "account-requests/team-b/b-two.yaml"
NAMED, SOLO = "account-requests/named.yaml", "account-requests/solo.yaml"
PROD = "select: {organizational_units: [Workloads/Prod]}\n"
ALL_WELL: Mapping[str, str | bytes] = {
    "aft.yaml": "home_region: eu-central-1\nnetworks:\n  pools:\n    main: {cidr: 10.64.0.0/16}\n",
    ORGANIZATION: "organizational_units:\n- {name: Security}\n"
    "- {name: Workloads, children: [{name: Prod}, {name: Dev}]}\n",
    PRODUCTION: PROD + "settings:\n- setting: account-alias\n  parameters: {alias: 'acme-{id}'}\n",
    STANDARD: "settings:\n- setting: network\n"
    "  parameters: {cidr_from: custom_fields.vpc.cidr, pool: main, prefix: 24}\n"
    "select:\n  organizational_units: [Workloads/Dev]\n",
    WEB: TEMPLATE,
    "customizations/accounts/gold/10-topic.cfn.yaml": TEMPLATE,
    GOLD: "select:\n  tags: {tier: gold}\n",
    "customizations/global/10-topic.cfn.yaml": TEMPLATE,
    A_DEFAULTS: "tags: {cost: '1'}\n",
    A_ONE: asked("a-one", "Workloads/Prod", "customizations: [web]\n"),
    A_TWO: asked("a-two", "Workloads/Prod"),
    B_ONE: asked("b-one", "Workloads/Dev", "tags: {cost: '2'}\n"),
    B_TWO: asked("b-two", "Workloads/Dev", "custom_fields: {vpc: {cidr: 10.64.9.0/24}}\n"),
    NAMED: asked("named", "Security", "baseline: production\ntags: {cost: '3'}\n"),
    SOLO: asked("solo", "Security", "tags: {tier: gold}\ndepends_on: [a-one]\n"),
}
EVERYONE = frozenset({"a-one", "a-two", "b-one", "b-two", "named", "solo"})
A_TEAM = {"a-one", "a-two"}


def loaded(
    broken: Files, *, kinds: Mapping[str, EntryKind] | None = None, odd: tuple[str, ...] = ()
) -> LoadResult:
    files = {**ALL_WELL, **broken}
    there = {path: content for path, content in files.items() if content is not None}
    return load_desired_state(
        MemoryFiles(there, kinds=kinds, odd_paths=odd),
        settings=SETTINGS,
        runners=RUNNERS,
        providers=["organizations"],
        parts=KINDS.values(),
    )


def book(*more: AccountRecord) -> LedgerState:
    """All but ``a-two`` and ``b-two`` have an account."""
    return b.ledger(
        b.record("a-one", 1),
        b.record("b-one", 2, allocations={"network": "10.64.3.0/24"}),
        b.record("named", 3),
        b.record("solo", 4),
        *more,
    )


def world(*more: str) -> OrganizationSnapshot:
    accounts = [
        b.account(1, "a-one", "Workloads/Prod"),
        b.account(2, "b-one", "Workloads/Dev"),
        b.account(3, "named", "Security"),
        b.account(4, "solo", "Security"),
        *(b.account(number, name, "Security") for number, name in enumerate(more, start=5)),
    ]
    return b.snapshot(("Workloads", "Workloads/Prod", "Workloads/Dev", "Security"), accounts)


def planned(
    result: LoadResult,
    ledger: LedgerState | None = None,
    snapshot: OrganizationSnapshot | None = None,
) -> Plan:
    assert result.usable is not None
    view = PlanView(
        desired=result.usable,
        snapshot=snapshot or world(),
        ledger=ledger or book(),
        settings=SETTINGS,
        runners=RUNNERS,
    )
    return draft_plan(view, kinds=KINDS, made_at=b.NOW).plan


def changes_of(plan: Plan, without: frozenset[str]) -> set[Change]:
    """What is done for all others, whatever it waits for."""
    return {
        replace(change, needs=(), follows=())
        for change in plan.changes
        if change.target not in without
    }


def test_all_is_well() -> None:
    result = loaded({})
    assert result.findings == ()
    assert result.state is result.usable
    plan = planned(result)
    assert plan.held_back == ()
    assert {change.target for change in plan.changes} == EVERYONE


NOT_YAML = "name: [a\n"
BROKEN: Mapping[str, tuple[Files, set[str] | frozenset[str]]] = {
    # one request
    "not YAML": ({A_ONE: NOT_YAML}, {"a-one"}),
    "not UTF-8": ({A_ONE: b"name: caf\xe9\n"}, {"a-one"}),
    "empty": ({SOLO: ""}, {"solo"}),
    "a list": ({A_TWO: "- name\n"}, {"a-two"}),
    "markers of a conflict": (
        {B_ONE: "<<<<<<< HEAD\nname: b\n=======\nname: c\n>>>>>>> x\n"},
        {"b-one"},
    ),
    "an unknown key": ({A_ONE: asked("a-one", "Workloads/Prod", "colour: red\n")}, {"a-one"}),
    "a key twice": ({NAMED: asked("named", "Security", "name: other\n")}, {"named"}),
    "a required key is missing": ({A_TWO: "name: a-two\nou: Workloads/Prod\n"}, {"a-two"}),
    "a wrong type": ({SOLO: asked("solo", "Security", "protect: 'yes'\n")}, {"solo"}),
    "not an e-mail address": ({B_TWO: "name: b-two\nemail: b-two\nou: Workloads/Dev\n"}, {"b-two"}),
    "an unknown OU": ({B_TWO: asked("b-two", "Workloads/Test")}, {"b-two"}),
    "an unknown dependency": ({SOLO: asked("solo", "Security", "depends_on: [z]\n")}, {"solo"}),
    "an unknown baseline": ({NAMED: asked("named", "Security", "baseline: gone\n")}, {"named"}),
    "a budget that nothing reads": (
        {
            NAMED: asked(
                "named", "Security", "budget: {monthly_usd: 5, subscribers: [a@b.example]}\n"
            )
        },
        {"named"},
    ),
    "a missing customization": ({WEB: None}, {"a-one"}),
    "a parameter that is none": (
        {
            A_ONE: asked(
                "a-one", "Workloads/Prod", "customizations: [web]\nparameters: {web: {x: 1}}\n"
            )
        },
        {"a-one"},
    ),
    "another ending": ({A_ONE: None, A_ONE.replace(".yaml", ".yml"): ALL_WELL[A_ONE]}, {"a-one"}),
    # several requests
    "an e-mail address twice": (
        {SOLO: asked("solo", "Security").replace("aws+solo", "aws+b-one")},
        {"b-one", "solo"},
    ),
    "an e-mail address twice, by case": (
        {SOLO: asked("solo", "Security").replace("aws+solo", "AWS+B-one")},
        {"b-one", "solo"},
    ),
    "a name twice": (
        {SOLO: asked("solo", "Security").replace("name: solo", "name: named")},
        {"named", "solo"},
    ),
    "an id twice": ({"account-requests/team-b/a-one.yaml": asked("other", "Security")}, {"a-one"}),
    "an account adopted twice": (
        {
            NAMED: asked("named", "Security", "account_id: '000000000003'\n"),
            SOLO: asked("solo", "Security", "account_id: '000000000003'\n"),
        },
        {"named", "solo"},
    ),
    "requests that wait for each other": (
        {
            SOLO: asked("solo", "Security", "depends_on: [named]\n"),
            NAMED: asked("named", "Security", "depends_on: [solo]\n"),
        },
        {"named", "solo"},
    ),
    "one former id for two": (
        {
            SOLO: asked("solo", "Security", "previously: x\n"),
            NAMED: asked("named", "Security", "previously: x\n"),
        },
        {"named", "solo"},
    ),
    "a range that overlaps": (
        {B_ONE: asked("b-one", "Workloads/Dev", "custom_fields: {vpc: {cidr: 10.64.9.0/25}}\n")},
        {"b-one", "b-two"},
    ),
    "a range that is none": (
        {B_TWO: asked("b-two", "Workloads/Dev", "custom_fields: {vpc: {cidr: 10.64.9.1/24}}\n")},
        {"b-two"},
    ),
    # defaults
    "defaults that are not YAML": ({A_DEFAULTS: NOT_YAML}, A_TEAM),
    "defaults with an unknown key": ({A_DEFAULTS: "colour: red\n"}, A_TEAM),
    "defaults that no request may have": ({A_DEFAULTS: "account_id: '123456789012'\n"}, A_TEAM),
    "defaults by another name": (
        {A_DEFAULTS: None, A_DEFAULTS.replace("s.yaml", ".yaml"): "tags: {}\n"},
        A_TEAM,
    ),
    "defaults with another ending": (
        {A_DEFAULTS: None, A_DEFAULTS.replace("yaml", "yml"): "tags: {}\n"},
        A_TEAM,
    ),
    "a default that fits one request only": (
        {
            A_DEFAULTS: "tags: {cost: '1'}\nbaseline: '{folder}'\n",
            A_TWO: asked("a-two", "Workloads/Prod", "baseline: production\n"),
        },
        {"a-one"},
    ),
    "a pattern that gives one address twice": (
        {
            "account-requests/team-c/_defaults.yaml": "email: aws+{id}@example.com\nou: Security\n",
            "account-requests/team-c/c-one.yaml": "name: c-one\n",
            "account-requests/team-c/c-two.yaml": "name: c-two\n",
            SOLO: asked("solo", "Security").replace("aws+solo", "aws+c-one"),
        },
        {"c-one", "solo"},
    ),
    "defaults of everyone": ({"account-requests/_defaults.yaml": NOT_YAML}, EVERYONE),
    # baselines
    "a baseline with an unknown setting": (
        {PRODUCTION: PROD + "settings: [{setting: x}]\n"},
        {*A_TEAM, "named"},
    ),
    "a baseline with an unknown key": (
        {PRODUCTION: f"{ALL_WELL[PRODUCTION]!s}colour: red\n"},
        {*A_TEAM, "named"},
    ),
    "a baseline with a wrong parameter": (
        {STANDARD: str(ALL_WELL[STANDARD]).replace("prefix: 24", "prefix: small")},
        {"b-one", "b-two"},
    ),
    "a baseline with an unknown pool": (
        {STANDARD: str(ALL_WELL[STANDARD]).replace("pool: main", "pool: other")},
        {"b-one", "b-two"},
    ),
    "a baseline that is not YAML below its selection": (
        {PRODUCTION: "select:\n  organizational_units: [Workloads/Prod]\nsettings: [\n"},
        {*A_TEAM, "named"},
    ),
    "a baseline that is not YAML above its selection": (
        {STANDARD: "settings: [\nselect:\n  organizational_units: [Workloads/Dev]\n"},
        {"b-one", "b-two"},
    ),
    "a baseline with another ending": (
        {PRODUCTION: None, PRODUCTION.replace(".yaml", ".yml"): ALL_WELL[PRODUCTION]},
        {*A_TEAM, "named"},
    ),
    "a baseline of which no one knows whom it selects": (
        {STANDARD: "select: {organizational_units: [\n"},
        EVERYONE - {"named"},
    ),
    "a baseline that selects an unknown OU": (
        {STANDARD: str(ALL_WELL[STANDARD]).replace("Workloads/Dev", "Workloads/Dve")},
        EVERYONE - {"named"},
    ),
    "a baseline that no one uses": (
        {"customizations/baselines/spare.yaml": "settings: [{setting: x}]\n"},
        set(),
    ),
    "two baselines that select equally": (
        {"customizations/baselines/other.yaml": ALL_WELL[PRODUCTION]},
        A_TEAM,
    ),
    # customizations
    "a template that cannot be rendered": ({WEB: "Resources: {{ account.\n"}, {"a-one"}),
    "a step of no kind": ({"customizations/accounts/web/20-x.txt": "x"}, {"a-one"}),
    "a folder without a sound step": (
        {WEB: None, WEB.replace("cfn.yaml", "cfn"): TEMPLATE},
        {"a-one"},
    ),
    "customization.yaml with an unknown key": (
        {GOLD: f"{ALL_WELL[GOLD]!s}colour: red\n"},
        {"solo"},
    ),
    "customization.yaml that is not YAML": (
        {GOLD: f"{ALL_WELL[GOLD]!s}timeout_seconds: [\n"},
        {"solo"},
    ),
    "customization.yaml that is not YAML, without a selection": (
        {"customizations/accounts/web/customization.yaml": "timeout_seconds: [\n"},
        {"a-one"},
    ),
    "a customization of which no one knows whom it selects": (
        {GOLD: "select: [\n"},
        EVERYONE,
    ),
    "a global template": ({"customizations/global/10-topic.cfn.yaml": "{{"}, EVERYONE),
    "a file that no one uses": ({"customizations/accounts/x.txt": "x"}, set()),
}


@pytest.mark.parametrize("what", BROKEN)
def test_who_is_held_back(what: str) -> None:
    broken, held = BROKEN[what]
    result = loaded(broken)
    assert result.state is None
    assert any(item.is_error for item in result.findings)
    plan = planned(result)
    assert {item.target for item in plan.held_back} == held
    assert not [change for change in plan.changes if change.target in held]
    assert not [change for change in plan.changes if change.action is Action.RELEASE]
    well = planned(loaded({path: text for path, text in broken.items() if "team-c" in path}))
    assert changes_of(plan, frozenset(held)) == changes_of(well, frozenset(held))


ALL = {
    "no aft.yaml": {"aft.yaml": None},
    "aft.yaml is not YAML": {"aft.yaml": NOT_YAML},
    "aft.yaml with an unknown key": {"aft.yaml": "home_region: eu-central-1\ncolour: red\n"},
    "organization.yaml": {ORGANIZATION: NOT_YAML},
    "organization.yaml with an unknown key": {
        ORGANIZATION: f"{ALL_WELL[ORGANIZATION]!s}colour: 1\n"
    },
    "a file next to organization.yaml": {"customizations/organization/x.yaml": "a: 1\n"},
    "a folder of another name": {"customizations/Global/10-topic.cfn.yaml": TEMPLATE},
}


@pytest.mark.parametrize("what", ALL)
def test_what_holds_everything_back(what: str) -> None:
    result = loaded(ALL[what])
    assert result.state is None
    assert result.usable is None
