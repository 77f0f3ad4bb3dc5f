from __future__ import annotations

from datetime import date, timedelta

import builders_plan as b
import pytest
from builders_git import event
from builders_kinds import what

from aft.desired.model import AccountRequest, LifecycleState, Protection
from aft.findings.model import Condition
from aft.ledger.events import EventKind
from aft.plan.codec import plan_from_json, plan_to_json
from aft.plan.fields import tags_to_remove, tags_to_set
from aft.plan.make import Drafted
from aft.plan.model import Plan
from aft.plan.reviewed import newly_risky, reviewed_of
from aft.plan.status import Standing, account_statuses
from aft.values.ids import OrgUnitId, RequestId


def one(wanted: AccountRequest, *, ou: str = "Workloads", **account: object) -> Plan:
    """A plan of one bound request whose account is called after it."""
    return b.plan(
        b.desired(wanted),
        b.snapshot(("Workloads", "Workloads/Prod"), (b.account(1, "app", ou, **account),)),  # type: ignore[arg-type]  # the builder's own types
        b.ledger(b.record("app", 1, tag_keys=("aft:request", "ours"))),
    )


def kinds(plan: Plan, target: str = "app") -> list[str]:
    return [what(change) for change in plan.changes_of(target)]


def test_a_new_account_says_all_that_is_known() -> None:
    wanted = b.request("app", "Workloads/Prod", tags={"cost-center": "4711"})
    plan = b.plan(b.desired(wanted, units=(b.unit("Workloads/Prod"),)), b.snapshot(("Workloads",)))
    unit, create = plan.changes
    assert create.needs == (unit.id,)
    assert [(item.field, item.after, item.known) for item in create.fields] == [
        ("name", "app", True),
        ("email", "aws+app@example.com", True),
        ("ou", "Workloads/Prod", True),
        ("ou_id", None, False),
        ("account_id", None, False),
        ("tags.aft:request", "app", True),
        ("tags.cost-center", "4711", True),
    ]
    assert (plan.summary.create, plan.summary.change, plan.summary.organization.get("ou", 0)) == (
        1,
        0,
        1,
    )


def test_nothing_to_do_is_an_empty_plan() -> None:
    plan = one(b.request("app"))
    assert plan.is_empty
    assert (plan.summary.accounts_total, plan.summary.accounts_in_doubt) == (1, 0)


def test_an_account_in_the_wrong_ou_is_moved() -> None:
    plan = one(b.request("app", "Workloads/Prod"))
    (move,) = plan.changes
    assert [(item.field, item.before, item.after) for item in move.fields] == [
        ("ou", "Workloads", "Workloads/Prod"),
        ("ou_id", b.unit_id("Workloads"), b.unit_id("Workloads/Prod")),
    ]
    assert (plan.summary.move, plan.summary.change) == (1, 0)


def test_an_ou_given_by_id_is_where_it_is() -> None:
    here = OrgUnitId("ou-root-workloads")
    assert one(b.request("app", ou=b.path("Workloads"))).is_empty
    assert one(b.but(b.request("app"), ou=here)).is_empty
    unknown = one(b.but(b.request("app"), ou=OrgUnitId("ou-root-nowhere0")))
    assert [item.code for item in unknown.attention] == ["AFT909"]


def test_an_account_in_a_renamed_ou_does_not_move() -> None:
    plan = b.plan(
        b.desired(b.request("app", "Apps"), units=(b.unit("Apps", "Workloads"),)),
        b.snapshot(("Workloads",), (b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
    )
    assert [what(change) for change in plan.changes] == ["update ou"]


def test_a_misspelt_ou_stops_the_request_and_suggests() -> None:
    plan = one(b.request("app", "Workloads/Prdo", name="new"))
    assert plan.is_empty
    assert plan.attention[0].code == "AFT909"
    assert plan.attention[0].hint == "did you mean 'Workloads/Prod'?"


def test_tags_are_added_changed_and_only_our_own_removed() -> None:
    plan = one(
        b.request("app", tags={"new": "1", "kept": "2", "other": "3"}),
        tags={
            "aft:request": "app",
            "ours": "x",
            "theirs": "y",
            "kept": "2",
            "other": "before",
        },
    )
    (change,) = plan.changes
    assert tags_to_set(change) == {"new": "1", "other": "3"}
    assert tags_to_remove(change) == ("ours",)


def test_the_request_tag_is_repaired() -> None:
    (change,) = one(b.request("app"), tags={}).changes
    assert tags_to_set(change) == {"aft:request": "app"}


def test_the_changes_of_one_account_are_one_chain_in_order() -> None:
    state = b.desired(
        b.request("app", "Workloads/Prod", name="new", tags={"a": "1"}, customizations=("web",)),
        baselines=(b.baseline(),),
        customizations=(b.customization("global", "10.py"), b.customization("web", "10.py")),
    )
    plan = b.plan(
        state,
        b.snapshot(("Workloads", "Workloads/Prod"), (b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
    )
    assert [(what(change), change.key) for change in plan.changes] == [
        ("move account/ou", "ou"),
        ("update account/name", "name"),
        ("update account/tags", "tags"),
        ("update setting", "account-alias"),
        ("update setting", "ebs-default-encryption"),
        ("run customization", "global/10.py"),
        ("run customization", "web/10.py"),
    ]
    ids = [change.id for change in plan.changes]
    move, rename, tag, alias, encryption, roles, _ = ids
    assert [change.needs for change in plan.changes] == [
        (),
        (move,),
        (rename,),
        (tag,),
        (tag,),  # settings go side by side
        (alias, encryption),
        (roles,),
    ]
    assert (plan.summary.move, plan.summary.change, plan.summary.accounts_affected) == (1, 1, 1)


def test_a_protected_account_is_not_moved_but_renamed() -> None:
    plan = one(b.request("app", "Workloads/Prod", protect=True, name="new"))
    assert kinds(plan) == ["update account/name"]
    assert [item.code for item in plan.attention] == ["AFT906"]


BASELINES = (
    b.baseline("prod", "iam-password-policy", ou="Workloads/Prod"),
    b.baseline("weak", "account-alias", ou="Sandbox"),
    b.baseline("rest", "account-alias", ou="Workloads"),
)
OUS = ("Workloads", "Workloads/Prod", "Sandbox")


def protected_in(ou: str, /, **about: str) -> b.AccountRecord:
    """What the ledger has of ``app``, protected there; without ``ou`` it says nothing of it."""
    note = b.done("")
    note = b.but(note, about={"state": "protected", "ou": b.unit_id(ou), **about})
    steps = {"account/": b.done(""), **({"account/protect": note} if ou else {})}
    return b.record("app", 1, steps=steps)


def of_app(actual: str, record: b.AccountRecord, *, protect: bool, **request: object) -> Drafted:
    wanted = b.request("app", "Workloads/Prod", protect=protect, **request)
    world = b.snapshot(OUS, (b.account(1, "app", actual),))
    return b.drafted(b.view(b.desired(wanted, baselines=BASELINES), world, b.ledger(record)))


@pytest.mark.parametrize("actual", ["Sandbox", "Workloads", "/"])
@pytest.mark.parametrize("protect", [True, False])
def test_a_protected_account_that_was_moved_is_set_up_for_its_desired_ou(
    actual: str, *, protect: bool
) -> None:
    made = of_app(actual, protected_in("Workloads/Prod"), protect=protect)
    expected = [] if protect else ["update account/protect"]
    assert kinds(made.plan) == [*expected, "update setting"]
    assert str(made.targets[RequestId("app")].facts.ou) == "Workloads/Prod"
    (item,) = made.plan.attention
    assert (item.code, item.condition) == ("AFT906", Condition.ACCOUNT_MOVED)


@pytest.mark.parametrize("noted", ["Workloads", "Sandbox", ""])
def test_nothing_is_changed_in_an_account_that_its_protection_keeps_from_where_git_wants_it(
    noted: str,
) -> None:
    made = of_app("Workloads", protected_in(noted), protect=True)
    assert made.plan.is_empty
    assert [item.condition for item in made.plan.attention] == [Condition.ACCOUNT_KEPT]


def test_a_protection_is_noted_once_with_its_place_and_words() -> None:
    said = Protection(reason="Books", by="ada", until=date(2027, 6, 30))
    expected = {
        "state": "protected",
        "ou": b.unit_id("Workloads/Prod"),
        "reason": "Books",
        "by": "ada",
        "until": "2027-06-30",
    }
    for record, notes in (
        (protected_in(""), [expected]),
        (protected_in("Workloads/Prod"), [expected]),
        (protected_in("Workloads/Prod", **expected), []),
        (protected_in("Workloads/Prod", **{**expected, "state": "released"}), [expected]),
    ):
        plan = of_app("Workloads/Prod", record, protect=True, protection=said).plan
        assert [item.about for item in plan.confirmations] == notes
        assert plan == plan_from_json(plan_to_json(plan))


@pytest.mark.parametrize("consent", [{"consent": "review"}, {}])
def test_a_protection_of_an_account_that_is_elsewhere_is_noted_but_not_by_an_upgrade(
    consent: dict[str, str],
) -> None:
    began = event(kind=EventKind.RUN_STARTED, data={"command": "apply", **consent})
    seen = b.view(
        b.desired(b.request("app", "Workloads/Prod", protect=True)),
        b.snapshot(OUS, (b.account(1, "app"),)),
        b.ledger(b.record("app", 1)),
    )
    plan = b.drafted(b.but(seen, events=lambda _: [began])).plan
    assert plan.is_empty
    noted = [{"state": "protected"}] if consent else []
    assert [item.about for item in plan.confirmations] == noted


@pytest.mark.parametrize("until", [b.NOW.date() - timedelta(days=1), b.NOW.date(), None])
def test_a_protection_past_its_day_is_reported_and_remains(until: date | None) -> None:
    said = Protection(reason="Books", until=until)
    view = b.view(
        b.desired(b.request("app", "Workloads/Prod", protect=True, protection=said)),
        b.snapshot(OUS, (b.account(1, "app", "Workloads/Prod"),)),
        b.ledger(protected_in("Workloads/Prod")),
    )
    plan = b.drafted(b.but(view, today=b.NOW.date())).plan
    is_past = until is not None and until < b.NOW.date()
    assert [item.code for item in plan.attention] == (["AFT962"] if is_past else [])


def test_a_protection_is_not_taken_off_and_used_in_one_step() -> None:
    noted = protected_in("Workloads", reason="Books")
    first = of_app("Workloads", noted, protect=False).plan
    (release,) = first.changes
    assert (what(release), release.risk) == ("update account/protect", "unprotect")
    assert [(item.before, item.after) for item in release.fields] == [("yes (Books)", "no")]
    assert [item.code for item in first.attention] == ["AFT906"]
    before = reviewed_of(of_app("Workloads", protected_in(""), protect=False).plan)
    after = b.but(noted, steps={**noted.steps, "account/protect": RELEASED})
    second = of_app("Workloads", after, protect=False).plan
    assert [what(change) for change in second.changes] == [
        "move account/ou",
        "update setting",
    ]
    for seen in (reviewed_of(first), before):
        assert [what(item) for item in newly_risky(seen, second)] == ["move account/ou"]
    assert newly_risky(reviewed_of(second), second) == ()


RELEASED = b.but(b.done(""), about={"state": "released", "ou": b.unit_id("Workloads")})


def test_the_file_of_a_protected_account_is_not_forgotten_before_its_release_is_applied() -> None:
    world = b.snapshot(OUS, (b.account(1, "app"),))
    noted = protected_in("Workloads", reason="Books")
    plan = b.plan(b.desired(), world, b.ledger(noted))
    assert plan.is_empty
    assert [(item.code, item.target) for item in plan.attention] == [("AFT961", "app")]
    (row,) = account_statuses(b.desired(), b.ledger(noted), plan, world)
    assert row.state is Standing.ATTENTION
    after = b.but(noted, steps={"account/protect": RELEASED})
    plan = b.plan(b.desired(), world, b.ledger(after))
    assert [what(change) for change in plan.changes] == ["release account"]
    never = b.plan(b.desired(), world, b.ledger(b.record("app", 1)))
    assert len(newly_risky(reviewed_of(never), plan)) == 1


def test_without_the_folder_of_requests_no_account_is_forgotten() -> None:
    world = b.snapshot(OUS, (b.account(1, "app"), b.account(2, "web")))
    state = b.but(b.desired(), has_folder=False)
    plan = b.plan(state, world, b.ledger(b.record("app", 1), b.record("web", 2)))
    assert plan.is_empty
    assert [(item.code, item.target) for item in plan.attention] == [
        ("AFT963", "app"),
        ("AFT963", "web"),
    ]
    only = b.plan(state, world, b.ledger(b.record("app", 1)))
    assert [what(change) for change in only.changes] == ["release account"], "its only file"


def test_a_protected_account_that_is_being_created_arrives() -> None:
    noted = b.but(protected_in("Workloads/Prod"), steps={})
    for record in (noted, b.record("app", intent=b.intent("app"))):
        plan = of_app("/", record, protect=True).plan
        assert "move account/ou" in kinds(plan)
        assert not any(item.code == "AFT906" for item in plan.attention)


def test_a_renamed_request_does_not_lose_its_protection_on_the_way() -> None:
    wanted = b.request("new", "Workloads/Prod", previously=RequestId("app"))
    world = b.snapshot(OUS, (b.account(1, "app"),))
    plan = b.plan(b.desired(wanted), world, b.ledger(protected_in("Workloads")))
    assert "move account/ou" not in kinds(plan, "new")
    assert "update account/protect" in kinds(plan, "new")


def test_what_an_account_is_comes_from_aws_and_what_it_should_be_from_the_request() -> None:
    made = b.drafted(
        b.view(
            b.desired(b.request("app", "Workloads/Prod", name="New", email="other@example.com")),
            b.snapshot(
                ("Workloads", "Workloads/Prod"), (b.account(1, "app", email="Is@Example.com"),)
            ),
            b.ledger(b.record("app", 1)),
        )
    )
    facts = made.targets[RequestId("app")].facts
    assert (facts.email, facts.name, str(facts.ou)) == ("Is@Example.com", "New", "Workloads/Prod")
    assert made.plan.accounts[0].email == "Is@Example.com"


def test_the_management_account_is_neither_moved_nor_renamed() -> None:
    root = b.account(0, "root", "/", id_=b.MANAGEMENT, tags={"aft:request": "app"})
    for wanted, word in (
        (b.request("app", "Workloads", name="root"), "move"),
        (b.but(b.request("app", "/"), name="new"), "rename"),
    ):
        plan = b.plan(
            b.desired(b.but(wanted, email=type(wanted.email)(root.email))),
            b.snapshot(("Workloads",), (root,)),
        )
        assert plan.is_empty
        assert [item.code for item in plan.attention] == ["AFT905"]
        assert word in plan.attention[0].message


def test_a_dependent_begins_after_the_last_change_of_what_it_waits_for() -> None:
    state = b.desired(
        b.request("app", depends_on=(RequestId("network"),)),
        b.request("network"),
        baselines=(b.baseline(),),
    )
    plan = b.plan(state, b.snapshot())
    last = tuple(change.id for change in plan.changes_of("network")[1:])
    assert len(last) == 2, "two settings, side by side"
    assert plan.changes_of("app")[0].needs == last
    assert [wave.title for wave in plan.waves] == ["Accounts", "Accounts that wait for others"]
    assert [[chain[0] for chain in wave.chains] for wave in plan.waves] == [
        ["account/network/create-account"],
        ["account/app/create-account"],
    ]


def test_a_dependent_waits_with_what_it_waits_for_and_so_on() -> None:
    state = b.desired(
        b.request("app", depends_on=(RequestId("middle"),)),
        b.request("middle", depends_on=(RequestId("network"),)),
        b.request("network", "Nowhere"),
    )
    plan = b.plan(state, b.snapshot())
    assert plan.is_empty
    assert [(item.target, item.code) for item in plan.attention] == [
        ("app", "AFT913"),
        ("middle", "AFT913"),
        ("network", "AFT909"),
    ]
    assert (plan.summary.accounts_total, plan.summary.accounts_in_doubt) == (3, 3)


def test_a_limited_plan_does_not_create_before_what_it_does_not_look_at() -> None:
    state = b.desired(b.request("app", depends_on=(RequestId("network"),)), b.request("network"))
    world = b.snapshot(scope=("app",))
    assert b.plan(state, world, scope=("app",)).attention[0].code == "AFT913"
    bound = b.plan(state, world, b.ledger(b.record("network", 2)), scope=("app",))
    assert kinds(bound) == ["create account"]


def test_a_state_that_is_not_acted_on_is_never_taken_for_active() -> None:
    plan = b.plan(b.desired(b.request("app", state=LifecycleState.CLOSED)), b.snapshot())
    assert plan.is_empty
    assert [item.code for item in plan.attention] == ["AFT917"]


def test_a_failed_change_says_why_it_is_tried_again() -> None:
    plan = b.plan(
        b.desired(b.request("app", name="new")),
        b.snapshot(accounts=(b.account(1, "app"),)),
        b.ledger(b.record("app", 1, failures={"rename-account": b.failed("AccessDenied")})),
    )
    assert plan.changes[0].reason == (
        "tried again, it failed at 2026-11-20 09:30 UTC: AccessDenied"
    )


def test_the_plan_is_bound_to_what_it_was_made_from() -> None:
    world = b.snapshot(accounts=(b.account(1, "app"),))
    plan = b.plan(b.desired(b.request("app")), world, b.ledger(b.record("app", 1), commit="f" * 40))
    assert plan.revision == b.REVISION
    assert plan.snapshot == world.digest
    assert plan.fingerprints == world.fingerprints
    assert plan.ledger == "f" * 40
    assert plan.scope is None
