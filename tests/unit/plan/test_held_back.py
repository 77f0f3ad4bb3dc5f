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
from aft.plan.applied import Applied
from aft.plan.drift import detect_drift
from aft.plan.make import draft_plan
from aft.plan.model import Action, Change, Plan
from aft.plan.status import Standing, account_statuses
from aft.plan.view import PlanView
from aft.plugins import RUNNERS_GROUP, SETTINGS_GROUP, load_plugins
from aft.report.drift import drift_view
from aft.report.text import plan_view

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
    "an id twice, by case": (
        {"account-requests/team-b/Solo.yaml": asked("other", "Security")},
        {"solo", "Solo"},
    ),
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


# --- nothing that is theirs is lost -----------------------------------------------------------

A_NEW = "account-requests/team-a/a-new.yaml"
MOVED: Mapping[str, tuple[Files, set[str]]] = {
    "what may be its new file is not YAML": ({A_NEW: NOT_YAML}, {"a-new", "a-one"}),
    "its new file says so, with an unknown key": (
        {A_NEW: asked("a-new", "Workloads/Prod", "previously: a-one\ncolour: red\n")},
        {"a-new"},
    ),
    "its new file says so, without an OU": (
        {A_NEW: "name: a\nemail: aws+a@example.com\npreviously: a-one\n"},
        {"a-new"},
    ),
    "its new file has its e-mail address": ({A_NEW: "email: aws+a-one@example.com\n"}, {"a-new"}),
    "its new file has its account id": (
        {A_NEW: "email: aws+a@example.com\naccount_id: '000000000001'\n"},
        {"a-new"},
    ),
    "its new file says it in a wrong way": (
        {A_NEW: asked("a-new", "Workloads/Prod", "previously: [a-one]\n")},
        {"a-new", "a-one"},
    ),
    "its new file has another ending": (
        {A_NEW.replace("yaml", "yml"): asked("a-new", "Workloads/Prod")},
        {"a-new", "a-one"},
    ),
    "its new file's name is no id": (
        {"account-requests/team-a/a one.yaml": ALL_WELL[A_ONE]},
        {"a-one", "a-two"},
    ),
}


@pytest.mark.parametrize("what", MOVED)
def test_an_account_is_not_forgotten_while_its_new_file_may_be_one_with_errors(what: str) -> None:
    broken, held = MOVED[what]
    plan = planned(loaded({A_ONE: None, SOLO: asked("solo", "Security"), **broken}))
    assert {item.target for item in plan.held_back} == held
    assert not [change for change in plan.changes if change.action is Action.RELEASE]
    assert "solo" in {change.target for change in plan.changes}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({B_ONE: NOT_YAML}, id="an error in the file of another account"),
        pytest.param({A_NEW: asked("a-new", "Workloads/Prod", "x: 1\n")}, id="a readable new file"),
        pytest.param({A_DEFAULTS: NOT_YAML}, id="an error in defaults"),
        pytest.param({PRODUCTION: "settings: [{setting: x}]\n"}, id="an error in its baseline"),
    ],
)
def test_an_account_whose_file_is_gone_is_forgotten_all_the_same(broken: Files) -> None:
    plan = planned(loaded({A_ONE: None, SOLO: asked("solo", "Security"), **broken}))
    released = [change.target for change in plan.changes if change.action is Action.RELEASE]
    assert released == ["a-one"]


@pytest.mark.parametrize(
    "text", [NOT_YAML, asked("b-one", "Workloads/Dev", "x: 1\n"), "name: b-one\n"]
)
def test_ranges_of_addresses_stay_reserved(text: str) -> None:
    ledger = b.ledger(b.record("b-one", 2, allocations={"network": "10.64.0.0/24"}))
    new = {"account-requests/c.yaml": asked("c", "Workloads/Dev"), B_ONE: text}
    plan = planned(loaded(new), ledger)
    (network,) = (change for change in plan.changes_of("c") if change.kind == "setting")
    assert [item.after for item in network.fields] == ["10.64.1.0/24"]


def test_a_range_that_a_request_with_errors_asks_for_is_not_given_to_another() -> None:
    text = "name: b-two\nemail: aws+b-two@example.com\ncustom_fields: {vpc: {cidr: 10.64.0.0/24}}\n"
    new = {"account-requests/c.yaml": asked("c", "Workloads/Dev"), B_TWO: text}
    plan = planned(loaded(new), b.ledger())
    (network,) = (change for change in plan.changes_of("c") if change.kind == "setting")
    assert [item.after for item in network.fields] != ["10.64.0.0/24"]


@pytest.mark.parametrize(
    ("record", "waits"),
    [
        (b.record("a-one", 1), False),
        (b.record("a-one", 1, failures={"account-alias": b.failed("no")}), True),
        (b.record("a-one", intent=b.intent("a-one")), True),
        (None, True),
    ],
)
def test_who_depends_on_it_waits_only_while_it_is_not_finished(
    record: AccountRecord | None, *, waits: bool
) -> None:
    known = [b.record("solo", 4), *([record] if record is not None else [])]
    plan = planned(loaded({A_ONE: NOT_YAML}), b.ledger(*known))
    assert {item.target for item in plan.held_back} == {"a-one"}
    assert bool(plan.changes_of("solo")) is not waits
    assert ("solo" in {item.target for item in plan.attention}) is waits


def test_settings_of_others_still_find_the_account() -> None:
    result = loaded({A_ONE: NOT_YAML})
    assert result.usable is not None
    view = PlanView(desired=result.usable, snapshot=world(), ledger=book())
    assert view.around.accounts["a-one"] == b.account_id(1)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("email", asked("c", "Security").replace("aws+c", "aws+a-one")),
        ("name", asked("c", "Security").replace("name: c", "name: A-one")),
    ],
)
def test_its_name_and_e_mail_address_stay_its_own(field: str, text: str) -> None:
    plan = planned(loaded({A_ONE: NOT_YAML, "account-requests/c.yaml": text}))
    assert plan.changes_of("c") == ()
    (doubt,) = (item for item in plan.attention if item.target == "c")
    assert "request a-one" in doubt.message, field


def test_a_creation_that_was_started_keeps_its_e_mail_address() -> None:
    text = asked("c", "Security").replace("aws+c", "aws+a-two")
    ledger = book(b.record("a-two", intent=b.intent("a-two")))
    plan = planned(loaded({A_TWO: NOT_YAML, "account-requests/c.yaml": text}), ledger)
    assert plan.changes_of("c") == ()


def test_steps_of_a_customization_with_errors_are_not_taken_away() -> None:
    """``named`` had it, and no longer gets it."""
    steps = {"customization/web/10-topic.cfn.yaml": b.done("sha256:x")}
    ledger = b.ledger(b.record("named", 3, steps=steps), b.record("a-one", 1), b.record("solo", 4))
    well = planned(loaded({}), ledger)
    broken = planned(loaded({WEB: "{{"}), ledger)
    assert [change.key for change in well.changes_of("named") if change.action.removes]
    assert not [change for change in broken.changes_of("named") if change.action.removes]


# --- entries that are no files ----------------------------------------------------------------

LINK, REPOSITORY = EntryKind.SYMLINK, EntryKind.SUBMODULE


@pytest.mark.parametrize(
    ("path", "kind", "held"),
    [
        (A_ONE, LINK, {"a-one"}),
        (A_DEFAULTS, LINK, A_TEAM),
        (PRODUCTION, LINK, EVERYONE),
        (WEB, LINK, {"a-one"}),
        ("customizations/accounts/spare", LINK, EVERYONE),
        ("account-requests/team-c", LINK, None),
        ("account-requests/team-c", REPOSITORY, None),
        ("customizations/organization", LINK, None),
        ("aft.yaml", LINK, None),
    ],
)
def test_links_and_repositories(path: str, kind: EntryKind, held: set[str] | None) -> None:
    result = loaded({path: "elsewhere"}, kinds={path: kind})
    assert result.state is None
    if held is None:
        assert result.usable is None
    else:
        assert {item.target for item in planned(result).held_back} == held


# --- who says so ------------------------------------------------------------------------------


def test_a_limited_plan_says_it_of_the_accounts_it_looks_at() -> None:
    result = loaded({A_ONE: NOT_YAML})
    assert result.usable is not None
    for scope, held in (({"a-one"}, {"a-one"}), ({"b-one"}, set[str]())):
        plan = b.plan(result.usable, world(), book(), plugins=SETTINGS, scope=tuple(scope))
        assert {item.target for item in plan.held_back} == held
        assert plan.summary.accounts_total == 1


@pytest.mark.parametrize("text", [NOT_YAML, asked("a-one", "Workloads/Prod", "x: 1\n")])
def test_the_status_says_it_with_and_without_a_plan(text: str) -> None:
    result = loaded({A_ONE: text})
    assert result.usable is not None
    for plan in (None, planned(result)):
        rows = {row.id: row for row in account_statuses(result.usable, book(), plan, world())}
        assert rows.keys() == EVERYONE
        assert rows["a-one"].state is Standing.ATTENTION
        assert rows["a-one"].account_id == b.account_id(1)
        assert A_ONE in rows["a-one"].attention[0]


@pytest.mark.parametrize(
    ("broken", "drifted"),
    [
        ({A_ONE: asked("a-one", "Workloads/Prod", "x: 1\n")}, ["a-one"]),
        ({PRODUCTION: PROD + "settings: [{setting: x}]\n"}, ["a-one"]),
        ({A_ONE: NOT_YAML}, []),
    ],
)
def test_drift_counts_it_and_says_when_it_is_elsewhere(broken: Files, drifted: list[str]) -> None:
    """It was moved by hand; where it should be is unknown when its file cannot be read."""
    result = loaded(broken)
    assert result.usable is not None
    _, *others = world().accounts
    seen = replace(world(), accounts=(b.account(1, "a-one", "Security"), *others))
    plan = planned(result, snapshot=seen)
    applied = {"a-one": Applied(ou="Workloads/Prod")}
    drift = detect_drift(plan, result.usable, seen, book(), kinds=KINDS, applied=applied)
    assert [item.target for item in drift.outside] == drifted
    assert {item.target for item in drift.held_back} == {it.target for it in plan.held_back}
    assert drift.accounts == len(EVERYONE) - len(plan.held_back)
    assert "held back by errors" in drift_view(drift).plain.splitlines()[-1]


def test_the_headline_counts_and_the_same_error_is_said_once() -> None:
    plan = planned(loaded({"account-requests/_defaults.yaml": NOT_YAML}))
    text = plan_view(plan, kinds=KINDS).plain
    assert text.endswith("6 accounts held back by errors in their files.")
    assert text.count("_defaults.yaml:1:7:") == 1
    assert "6 accounts: held back by an error" in text
    assert all(name in text for name in EVERYONE)
