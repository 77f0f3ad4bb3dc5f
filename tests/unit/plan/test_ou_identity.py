"""An OU stays the same OU, whatever it is called: bound by id, witnessed by its tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import builders_plan as b
import pytest
from builders_kinds import KINDS, what

from aft.kinds.ou.identity import tag_value
from aft.ledger.events import AccountRecord, LedgerState
from aft.organization.model import OU_TAG, OrganizationSnapshot
from aft.organization.spec import UnitSpec
from aft.plan.drift import detect_drift, repair_plan
from aft.plan.model import Plan
from aft.plan.pinned import redrafted, what_differs


def bound(path: str, unit_id: str = "") -> AccountRecord:
    done = b.done("", {"id": unit_id or b.unit_id(path)})
    return AccountRecord(subject=f"ou/{path}", steps={f"ou/{path}": done})


@dataclass(frozen=True)
class World:
    """OUs by the path they were made at, each with its name of today. The account of request
    ``app`` is in one of them. ``pairs`` are those that are called otherwise than the file has them:
    the path they were made at, and the one that the file has."""

    units: Mapping[str, str]
    listed: Sequence[UnitSpec]
    known: Sequence[AccountRecord] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    app: str = "Sandbox"
    ou: str = "Sandbox"
    removed: Sequence[UnitSpec] = ()
    pairs: Sequence[tuple[str, str]] = ()
    scope: tuple[str, ...] | None = None

    @property
    def snapshot(self) -> OrganizationSnapshot:
        world = b.snapshot(self.units, (b.account(1, "app", self.app),), scope=self.scope)
        names = {b.unit_id(path): name for path, name in self.units.items()}
        ids = {unit.id: unit for unit in world.units}
        renamed = []
        for unit in world.units:
            here, chain = unit, []
            while here.parent_id is not None:
                chain.insert(0, names[here.id])
                here = ids[here.parent_id]
            path = b.OrgUnitPath(tuple(chain))
            renamed.append(replace(unit, name=names.get(unit.id, "Root"), path=path))
        paths = {unit.id: unit.path for unit in renamed}
        accounts = [replace(item, ou=paths[item.parent_id]) for item in world.accounts]
        return replace(world, units=tuple(renamed), accounts=tuple(accounts))

    @property
    def view(self) -> b.PlanView:
        state = b.desired(b.request("app", self.ou), units=self.listed, removed=self.removed)
        book = b.ledger(b.record("app", 1), *self.known)
        return b.view(state, self.snapshot, book, scope=self.scope and ("app",))

    @property
    def looking(self) -> b.Looking:
        seen = {
            (b.MANAGEMENT, b.unit_id(path)): {OU_TAG: tag} if tag else {}
            for path, tag in self.tags.items()
        }
        return b.Looking({"ou": seen})

    def plan(self) -> Plan:
        return b.drafted(self.view, self.looking).plan

    def asked(self) -> list[str]:
        look = self.looking
        b.drafted(self.view, look)
        return sorted(item.ref.key for item in look.looks.get("ou", ()))


def told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(what(item), item.key, item.risk) for item in plan.changes]


def doubts(plan: Plan) -> list[tuple[str, str]]:
    return [(item.code, item.target) for item in plan.attention]


SANDBOX = (b.unit("Sandbox"),)
TREE = (b.unit("Workloads"), b.unit("Workloads/Prod"))
IN_PROD = {"app": "Workloads/Prod", "ou": "Workloads/Prod"}
BOTH = (bound("Workloads"), bound("Workloads/Prod"))

RENAMED_OUTSIDE = {
    "another name": World(
        {"Sandbox": "Playground"}, SANDBOX, (bound("Sandbox"),), pairs=[("Sandbox", "Sandbox")]
    ),
    "only by case": World(
        {"Sandbox": "sandbox"}, SANDBOX, (bound("Sandbox"),), pairs=[("Sandbox", "Sandbox")]
    ),
    "an odd name": World(
        {"Sandbox": "R&D / Labs"}, SANDBOX, (bound("Sandbox"),), pairs=[("Sandbox", "Sandbox")]
    ),
    "a parent": World(
        {"Workloads": "workloads", "Workloads/Prod": "Prod"},
        TREE,
        BOTH,
        **IN_PROD,
        pairs=[("Workloads", "Workloads")],
    ),
    "a child": World(
        {"Workloads": "Workloads", "Workloads/Prod": "P"},
        TREE,
        BOTH,
        **IN_PROD,
        pairs=[("Workloads/Prod",) * 2],
    ),
    "parent and child": World(
        {"Workloads": "W", "Workloads/Prod": "P"},
        TREE,
        BOTH,
        **IN_PROD,
        pairs=[("Workloads",) * 2, ("Workloads/Prod",) * 2],
    ),
    "a child whose parent was called otherwise when it was bound": World(
        {"Work": "Workloads", "Work/Prod": "P"},
        TREE,
        (bound("Workloads", b.unit_id("Work")), bound("Work/Prod")),
        app="Work/Prod",
        ou="Workloads/Prod",
        pairs=[("Work/Prod", "Workloads/Prod")],
    ),
    "also with an old `previously`": World(
        {"Sandbox": "Playground"},
        (b.unit("Sandbox", "Old"),),
        (bound("Sandbox"),),
        pairs=[("Sandbox", "Sandbox")],
    ),
}
renamed_outside = pytest.mark.parametrize("world", RENAMED_OUTSIDE.values(), ids=RENAMED_OUTSIDE)


@renamed_outside
def test_renamed_outside_it_gets_its_name_back_and_nothing_moves(world: World) -> None:
    pairs = world.pairs
    tagged = replace(world, tags={path: here.split("/")[-1] for path, here in pairs})
    plan = tagged.plan()
    assert told(plan) == [("update ou", here, "") for _, here in pairs]
    assert plan.attention == ()
    assert tagged.asked() == sorted(b.unit_id(path) for path, _ in pairs)
    assert all("to keep the name" in item.reason for item in plan.changes)


@renamed_outside
@pytest.mark.parametrize("tag", ["", "Other"])
def test_what_only_the_ledger_vouches_for_is_an_adoption(world: World, tag: str) -> None:
    pairs = world.pairs
    for seen in (replace(world, tags=dict.fromkeys((path for path, _ in pairs), tag)), world):
        plan = seen.plan()
        assert told(plan) == [("adopt ou", here, "adopt-ou") for _, here in pairs]


@renamed_outside
def test_a_limited_plan_says_the_same(world: World) -> None:
    limited = replace(world, scope=("app",))
    assert told(limited.plan()) == told(world.plan())


@renamed_outside
def test_it_is_drift_that_a_repair_puts_back_unless_only_one_witness_says_so(world: World) -> None:
    pairs = world.pairs
    tagged = replace(world, tags={path: here.split("/")[-1] for path, here in pairs})
    for seen, is_repaired in ((tagged, True), (world, False)):
        plan, view = seen.plan(), seen.view
        found = detect_drift(
            plan, view.desired, view.snapshot, view.ledger, kinds=KINDS, applied={}
        )
        assert [item.subject for item in found.outside] == [here for _, here in pairs]
        assert all("OU is " in line for item in found.outside for line in item.differences[:1])
        assert found.pending == ()
        assert bool(repair_plan(plan, found, KINDS).changes) == is_repaired


@renamed_outside
def test_a_pinned_plan_of_it_is_drafted_again_without_looking(world: World) -> None:
    pairs = world.pairs
    for tag in ("", "Other", None):
        tags = {} if tag is None else {path: tag or here.split("/")[-1] for path, here in pairs}
        seen = replace(world, tags=tags)
        plan = seen.plan()
        again = redrafted(plan, seen.view, kinds=KINDS, made_at=b.NOW).plan
        assert what_differs(plan, again, KINDS) == ()
        assert told(again) == told(plan)


ADOPTED_NAME = {
    "with previously": World(
        {"Sandbox": "Playground"},
        (b.unit("Playground", "Sandbox"),),
        (bound("Sandbox"),),
        ou="Playground",
    ),
    "without, for AWS says the name": World(
        {"Sandbox": "Playground"}, (b.unit("Playground"),), (bound("Sandbox"),), ou="Playground"
    ),
}


@pytest.mark.parametrize("world", ADOPTED_NAME.values(), ids=ADOPTED_NAME)
def test_a_name_from_the_console_is_adopted_by_writing_it(world: World) -> None:
    plan = world.plan()
    assert told(plan) == [("update ou", "Playground", "")]
    (change,) = plan.changes
    assert {item.field: (item.before, item.after) for item in change.fields} == {
        "ou": ("Sandbox", "Playground"),
        "ou_id": (b.unit_id("Sandbox"),) * 2,
        f"tags.{OU_TAG}": (None, "Playground"),
    }


HELD = {
    "renamed in git without previously": World(
        {"Sandbox": "Sandbox"}, (b.unit("Playground"),), (bound("Sandbox"),), ou="Playground"
    ),
    "a parent renamed in git without previously": World(
        {"Workloads": "Workloads", "Workloads/Prod": "Prod"},
        (b.unit("Work"), b.unit("Work/Prod")),
        BOTH,
        app="Workloads/Prod",
        ou="Work/Prod",
    ),
    "another has its name": World(
        {"Sandbox": "Playground", "Other": "Sandbox"}, SANDBOX, (bound("Sandbox"),)
    ),
    "its parent's name is another's": World(
        {"Workloads": "Old", "Workloads/Prod": "Prod", "Other": "Workloads"}, TREE, BOTH, **IN_PROD
    ),
    "names exchanged": World(
        {"Sandbox": "Other", "Other": "Sandbox"},
        (b.unit("Sandbox"), b.unit("Other")),
        (bound("Sandbox"), bound("Other")),
    ),
    "one that the ledger does not know differs by case": World(
        {"Sandbox": "sandbox"}, SANDBOX, (bound("Other"),)
    ),
    "limited, and what is no longer listed was not read": World(
        {}, (b.unit("Playground"),), (bound("Sandbox"),), app="/", ou="Playground", scope=("app",)
    ),
}


@pytest.mark.parametrize("world", HELD.values(), ids=HELD)
def test_where_it_is_in_doubt_which_is_meant_nothing_is_touched(world: World) -> None:
    plan = world.plan()
    assert plan.is_empty
    assert {code for code, target in doubts(plan) if target == "organization"} == {"AFT924"}
    assert ("AFT909", "app") in doubts(plan)


def test_a_doubt_about_one_ou_holds_no_other() -> None:
    world = World(
        {"Sandbox": "Sandbox", "Workloads": "Workloads"},
        (b.unit("Playground"), b.unit("Workloads"), b.unit("Workloads/Dev")),
        (bound("Sandbox"), bound("Workloads")),
        app="Workloads",
        ou="Workloads/Dev",
    )
    assert told(world.plan()) == [
        ("create ou", "Workloads/Dev", ""),
        ("move account/ou", "ou", "move"),
    ]


MADE = {
    "nothing of that name is known": World({"Sandbox": "Sandbox"}, (*SANDBOX, b.unit("New"))),
    "the one that is not listed is to be removed": World(
        {"Sandbox": "Sandbox", "Old": "Old"},
        (*SANDBOX, b.unit("New")),
        (bound("Sandbox"), bound("Old")),
        removed=(b.unit("Old"),),
    ),
    "the one that is not listed was never aft's": World(
        {"Sandbox": "Sandbox", "Legacy": "Legacy"}, (*SANDBOX, b.unit("New")), (bound("Sandbox"),)
    ),
    "it is gone": World({"Sandbox": "Sandbox"}, (*SANDBOX, b.unit("New")), (bound("New"),)),
}


@pytest.mark.parametrize("world", MADE.values(), ids=MADE)
def test_what_is_new_is_made(world: World) -> None:
    assert ("create ou", "New", "") in told(world.plan())


def test_a_name_that_another_gives_back_is_free_for_a_new_ou() -> None:
    world = World(
        {"Sandbox": "Playground"},
        (b.unit("Sandbox"), b.unit("Playground")),
        (bound("Sandbox"),),
        {"Sandbox": "Sandbox"},
    )
    plan = world.plan()
    assert told(plan) == [("update ou", "Sandbox", ""), ("create ou", "Playground", "")]
    assert plan.changes[1].needs == (plan.changes[0].id,)


def test_another_ou_with_the_name_of_one_that_is_gone_is_adopted() -> None:
    world = World({"Sandbox": "Sandbox"}, SANDBOX, (bound("Sandbox", "ou-root-gone0000"),))
    assert told(world.plan()) == [("adopt ou", "Sandbox", "adopt-ou")]
    assert world.asked() == [b.unit_id("Sandbox")]


def test_without_a_ledger_the_tag_finds_it_and_that_is_an_adoption() -> None:
    world = World(
        {"Sandbox": "Playground", "Other": "Other"},
        SANDBOX,
        tags={"Sandbox": "Sandbox", "Other": ""},
    )
    assert told(world.plan()) == [("adopt ou", "Sandbox", "adopt-ou")]
    assert world.asked() == [b.unit_id("Other"), b.unit_id("Sandbox")]


def test_a_removed_ou_that_was_renamed_outside_is_not_mistaken() -> None:
    world = World(
        {"Sandbox": "Sandbox", "Old": "Older", "New": "Old"},
        SANDBOX,
        (bound("Sandbox"), bound("Old")),
        removed=(b.unit("Old"),),
    )
    plan = world.plan()
    assert plan.is_empty
    assert doubts(plan) == [("AFT924", "organization")]


# --- what is written down -------------------------------------------------------------------------


def noted(world: World) -> list[tuple[str, str]]:
    return [(ref.key, made) for ref, made in KINDS["ou"].recognised(world.view).items()]


def test_an_ou_found_at_its_path_is_noted_once_and_no_tag_is_read_for_it() -> None:
    world = World({"Sandbox": "Sandbox"}, SANDBOX)
    assert noted(world) == [("Sandbox", b.unit_id("Sandbox"))]
    assert world.asked() == []
    again = replace(world, known=(bound("Sandbox"),))
    assert noted(again) == []
    assert again.asked() == []


def test_what_is_below_a_renamed_ou_is_noted_under_its_new_path() -> None:
    world = World(
        {"Workloads": "Workloads", "Workloads/Prod": "Prod"},
        TREE,
        (bound("Workloads"), bound("Work/Prod", b.unit_id("Workloads/Prod"))),
        **IN_PROD,
    )
    assert noted(world) == [("Workloads/Prod", b.unit_id("Workloads/Prod"))]


def test_ids_that_only_events_say_count() -> None:
    """As ledgers of before OUs were bound have them, and of version 0.1 of one subject."""
    for subject in ("ou/Sandbox", "organization"):
        world = World({"Sandbox": "Playground"}, SANDBOX)
        old = AccountRecord(subject=subject, steps={"ou/Sandbox": b.done("")})
        book = LedgerState(commit="e" * 40, records={subject: old, "app": b.record("app", 1)})
        made = {subject: {"ou/Sandbox": b.unit_id("Sandbox")}}
        view = replace(world.view, ledger=book, made=lambda name, made=made: made.get(name, {}))
        assert told(b.drafted(view).plan) == [("adopt ou", "Sandbox", "adopt-ou")]
        assert told(b.drafted(replace(view, made=lambda _: {})).plan)[0][0] == "create ou"


@pytest.mark.parametrize("scope", [None, ("app",)])
@pytest.mark.parametrize("subject", ["ou/Sandbox", "organization"])
def test_a_record_without_an_id_is_enough_to_hold_a_rename_in_git(
    subject: str, scope: tuple[str, ...] | None
) -> None:
    old = AccountRecord(subject=subject, steps={"ou/Sandbox": b.done("")})
    world = World(
        {} if scope else {"Sandbox": "Sandbox"},
        (b.unit("Playground"),),
        [old],
        app="/" if scope else "Sandbox",
        ou="Playground",
        scope=scope,
    )
    assert world.plan().is_empty
    assert ("AFT924", "organization") in doubts(world.plan())


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        ("Prod EU", True),
        ("Übung", True),
        ("a/b=c+d@e:f", True),
        ("n" * 128, True),
        ("R&D / Labs", False),
        (" Padded ", False),
        ("two\nlines", False),
        ("nbsp\u00a0", False),
        ("sha256:0", False),
    ],
)
def test_the_tag_has_the_name_or_its_digest(name: str, is_plain: bool) -> None:
    value = tag_value(name)
    assert (value == name) is is_plain
    assert value.startswith("sha256:") is not is_plain
    assert len(value) <= 256
    assert tag_value(name + "x") != value


def test_a_damaged_binding_binds_nothing() -> None:
    odd = [bound("Sandbox", "no id"), bound("[Sandbox")]
    assert World({"Sandbox": "Sandbox"}, SANDBOX, odd).plan().is_empty
