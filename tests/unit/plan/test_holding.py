"""What waits for people, what waits with it, and what is carried out all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import builders_plan as b
import builders_report as r
import pytest
from builders_kinds import KINDS, a_change
from builders_reconcile import rows, stage

from aft.config.allowance import Allowance, OwnAllowance, line_digest
from aft.engine.model import Consent
from aft.ledger.events import EventKind, HeldStep
from aft.plan.holding import Hold, holds_of, noted, release_of
from aft.plan.model import ORGANIZATION, Change, FieldChange, Plan
from aft.plan.outcome import Status
from aft.plan.permission import Permissions
from aft.plan.reviewed import NOTHING_REVIEWED, Reviewed, reviewed_of
from aft.values.ids import RequestId
from aft.values.parts import Comparison, PartChange, PartOutcome, Preview


def plan_of(*changes: Change) -> Plan:
    return replace(r.empty(), changes=changes, waves=())


def waiting(plan: Plan, reviewed: Reviewed = NOTHING_REVIEWED) -> dict[str, Hold]:
    return dict(holds_of(plan, reviewed, kinds=KINDS))


MOVE = a_change("move account/ou", "shop", account_id="111111111111")
ALIAS = a_change("update setting", "shop", "account-alias", needs=(MOVE.id,))
RUN = a_change("run customization", "shop", "web/10.py", needs=(ALIAS.id,))
OTHER = a_change("update setting", "lab", "account-alias")
CREATE = a_change("create account", "blog", needs=(RUN.id,))
FOLLOWER = a_change("update setting", "shop", "log-retention", follows=(RUN.id,))


def test_what_needs_a_held_change_waits_with_it_in_any_account_and_nothing_else_does() -> None:
    plan = plan_of(MOVE, ALIAS, RUN, OTHER, CREATE, FOLLOWER)
    found = waiting(plan)
    assert list(found) == [MOVE.id, ALIAS.id, RUN.id, CREATE.id]
    assert [hold.waits_for for hold in found.values()] == ["", MOVE.id, MOVE.id, MOVE.id]
    assert found[MOVE.id].reason.startswith("not reviewed, and risky: other guardrails")
    assert "allow: [{what: move, reason: …, until: …}]" in found[MOVE.id].hint
    assert found[RUN.id].reason == "waits for its own step to move account, which is held"
    assert found[CREATE.id].reason == "waits for shop's step to move account, which is held"
    assert [hold.change.id for hold in noted(found)] == [MOVE.id, CREATE.id]


POLICIES = FieldChange(field="policies", before="deny-all", after="allow-all")


@pytest.mark.parametrize(
    "other",
    [
        [replace(MOVE, account_id="222222222222")],
        [replace(MOVE, fields=(*MOVE.fields, POLICIES))],
        [MOVE, a_change("move account/ou", "lab", account_id="333333333333")],
        [],
    ],
    ids=["another account", "other policies", "more than that", "nothing"],
)
def test_digest_releases_exactly_what_was_held(other: list[Change]) -> None:
    shown = release_of(waiting(plan_of(MOVE, ALIAS)))
    assert shown.startswith("sha256:")
    assert release_of(waiting(plan_of(OTHER, ALIAS, MOVE))) == shown, "what is routine is no part"
    assert release_of(waiting(plan_of(*other, ALIAS))) != shown


def test_what_was_reviewed_waits_for_nobody() -> None:
    plan = plan_of(MOVE, ALIAS)
    assert waiting(plan, reviewed_of(plan)) == {}


def test_what_does_something_else_by_now_is_held_and_says_so() -> None:
    seen = reviewed_of(plan_of(replace(MOVE, account_id="222222222222")))
    assert waiting(plan_of(MOVE), seen)[MOVE.id].reason.startswith("something else was reviewed: ")


@pytest.mark.parametrize("words", ["adopt account", "update account/request"])
def test_where_it_is_in_doubt_whose_account_it_is_nothing_is_done_to_it(words: str) -> None:
    binding = a_change(words, "shop", needs=(a_change("update account/name", "shop").id,))
    renaming = a_change("update account/name", "shop")
    assert set(waiting(plan_of(renaming, binding, OTHER))) == {renaming.id, binding.id}


def test_an_organization_thing_holds_what_needs_it_and_no_other_thing() -> None:
    gone = a_change("delete ou", ORGANIZATION, "Old")
    parent = a_change("delete ou", ORGANIZATION, "Older", needs=(gone.id,))
    other = a_change("delete ou", ORGANIZATION, "Other")
    line = Allowance(what="delete-ou", items=("Older", "Other"), reason="PLAT-9", until=TODAY)
    permissions = Permissions(general=(line,), seen=frozenset({line_digest(line)}), today=TODAY)
    plan = plan_of(gone, parent, other, a_change("create ou", ORGANIZATION, "New"))
    held = holds_of(plan, NOTHING_REVIEWED, kinds=KINDS, permissions=permissions)
    assert {key: hold.waits_for for key, hold in held.items()} == {gone.id: "", parent.id: gone.id}
    assert "in aft.yaml" in held[gone.id].hint


# --- lines of ``allow`` ---------------------------------------------------------------------------

TODAY = date(2026, 11, 30)
LINE = {"what": "move", "reason": "PLAT-9", "until": TODAY}
LOSS = PartChange(id="Artifacts", noun="AWS::S3::Bucket", outcome=PartOutcome.REPLACED)
ENDING = a_change(
    "run customization", "shop", "web/10.cfn.yaml", comparison=Comparison(parts=(LOSS,))
)

BUCKET = PartChange(id="aws_s3_bucket.data", noun="", outcome=PartOutcome.REMOVED)
ROLE = PartChange(id="aws_iam_role.ci", noun="", outcome=PartOutcome.ADDED)
PREVIEWED = a_change(
    "run customization",
    "shop",
    "web/terraform",
    comparison=Comparison(diff=("+ a",)),
    preview=Preview.of((BUCKET, ROLE), (ROLE.id,), binding=""),
)
ASKING = a_change(
    "run customization",
    "shop",
    "web/terraform",
    preview=Preview.of((ROLE,), (ROLE.id,), binding=""),
)
GIVING = a_change(
    "run customization",
    "shop",
    "web/10.cfn.yaml",
    fields=(FieldChange(field="power.Role", before=None, after="may do more"),),
)


@pytest.mark.parametrize(
    ("change", "values", "is_permitted"),
    [
        (MOVE, {}, True),
        (MOVE, {"target": "shop"}, True),
        (MOVE, {"items": ("ou",)}, True),
        (MOVE, {"target": "lab"}, False),
        (MOVE, {"what": "untag"}, False),
        (MOVE, {"items": ("tags",)}, False),
        (MOVE, {"until": date(2026, 11, 29)}, False),
        (MOVE, {"up_to": 5}, False),
        (ENDING, {"what": "end"}, True),
        (ENDING, {"what": "end", "items": ("web/10.cfn.yaml",)}, True),
        (ENDING, {"what": "end", "items": ("web/10.cfn.yaml/Artifacts",)}, True),
        (ENDING, {"what": "end", "items": ("web/10.cfn.yaml/Alarms",)}, False),
        (ENDING, {"what": "end", "items": ("web/20.cfn.yaml",)}, False),
        (ENDING, {"what": "move"}, False),
        (PREVIEWED, {"what": "end", "items": ("web/terraform",)}, True),
        (PREVIEWED, {"what": "end", "items": ("web/terraform/aws_s3_bucket.data",)}, True),
        (PREVIEWED, {"what": "end", "items": ("web/terraform/aws_iam_role.ci",)}, False),
        (PREVIEWED, {"what": "power", "items": ("web/terraform/aws_iam_role.ci",)}, False),
        (ASKING, {"what": "power", "items": ("web/terraform/aws_iam_role.ci",)}, True),
        (ASKING, {"what": "power", "items": ("web/terraform/aws_iam_role.cd",)}, False),
        (ASKING, {"what": "end", "items": ("web/terraform/aws_iam_role.ci",)}, False),
        (GIVING, {"what": "power", "items": ("web/10.cfn.yaml/Role",)}, True),
        (GIVING, {"what": "power", "items": ("web/10.cfn.yaml/Other",)}, False),
        (GIVING, {"what": "outside", "items": ("web/10.cfn.yaml/Role",)}, False),
    ],
)
@pytest.mark.parametrize("is_own", [False, True])
def test_a_reviewed_line_lifts_the_hold_that_it_names(
    change: Change, values: dict[str, Any], is_permitted: bool, is_own: bool
) -> None:
    if is_own and not values.keys() & {"target", "up_to"}:
        own = OwnAllowance(**{**LINE, **values})
        places: dict[str, Any] = {"own": {"shop": (own,)}}
        seen = line_digest(own, target="shop")
    else:
        general = Allowance(**{**LINE, **values})
        places, seen = {"general": (general,)}, line_digest(general)
    permissions = Permissions(**places, seen=frozenset({seen}), today=TODAY)
    assert permissions.allows(change) is is_permitted
    held = holds_of(plan_of(change), NOTHING_REVIEWED, kinds=KINDS, permissions=permissions)
    assert bool(held) is not is_permitted

    unseen = replace(permissions, seen=frozenset({line_digest(LINES_OF_LAB, target="lab")}))
    (hold,) = holds_of(plan_of(change), NOTHING_REVIEWED, kinds=KINDS, permissions=unseen).values()
    assert hold.reason.endswith("for it either") is is_permitted


LINES_OF_LAB = OwnAllowance(**LINE)  # type: ignore[arg-type]


# --- in a run -------------------------------------------------------------------------------------


def test_a_run_carries_out_everything_else_and_notes_what_waits_once() -> None:
    scene = stage(units=("Workloads", "Sandbox"))
    before = b.desired(b.request("shop"), b.request("lab"), units=[b.unit("Workloads")])
    scene.apply(before)
    after = b.desired(
        b.request("shop", "Sandbox"),
        b.request("lab", tags={"a": "b"}),
        b.request("blog", depends_on=(RequestId("shop"),)),
        b.request("wiki"),
        units=[b.unit("Workloads"), b.unit("Sandbox")],
    )
    outcome = scene.apply(after, reviewed=NOTHING_REVIEWED)
    assert rows(outcome) == {
        "shop": "held",
        "lab": "succeeded",
        "blog": "held",
        "wiki": "succeeded",
    }
    assert outcome.counts.held == 2
    assert outcome.exit_code == 4
    assert outcome.failed_targets == frozenset(), "it is not tried again: people have to act"
    assert scene.world.ou_of("shop") == "Workloads"
    assert sorted(it.name for it in scene.world.accounts.values()) == ["lab", "shop", "wiki"]
    record = scene.ledger.read().record("shop")
    (hold,) = record.holds.values()
    assert hold.reason.startswith("not reviewed")
    assert (
        scene.ledger.read().record("blog").holds["account/"].reason.startswith("waits for shop's")
    )
    began = scene.ledger.events(ORGANIZATION)[-2].data
    assert began["consent"] == Consent.REVIEW
    assert began["held"] == ["account/blog/create-account", "account/shop/move-account/ou"]

    scene.apply(after, reviewed=NOTHING_REVIEWED)
    held = [it for it in scene.ledger.events("shop") if it.kind is EventKind.STEP_HELD]
    assert len(held) == 1, "since when it waits stays as it was"
    assert scene.ledger.read().record("shop").holds == {"account/ou": hold}


def test_what_was_held_is_released_when_it_is_carried_out_or_no_longer_wanted() -> None:
    scene = stage(units=("Workloads", "Sandbox"))
    units = [b.unit("Workloads"), b.unit("Sandbox")]
    there = b.desired(b.request("shop"), b.request("lab"), units=units)
    scene.apply(there)
    away = b.desired(b.request("shop", "Sandbox"), b.request("lab", "Sandbox"), units=units)
    scene.apply(away, reviewed=NOTHING_REVIEWED)
    assert {name for name, it in scene.ledger.read().records.items() if it.holds} == {"lab", "shop"}
    seen = reviewed_of(scene.plan(b.desired(b.request("shop", "Sandbox"), units=units)))
    again = b.desired(b.request("shop", "Sandbox"), b.request("lab"), units=units)
    outcome = scene.apply(again, reviewed=seen)
    assert rows(outcome) == {"shop": "succeeded"}
    assert not [it for it in scene.ledger.read().records.values() if it.holds]
    assert scene.ledger.kinds("lab")[-1] == "step-released"


def test_a_hold_is_read_back_from_the_ledger() -> None:
    scene = stage(units=("Workloads", "Sandbox"))
    scene.apply(b.desired(b.request("shop"), units=[b.unit("Workloads")]))
    units = [b.unit("Workloads"), b.unit("Sandbox")]
    state = b.desired(b.request("shop", "Sandbox"), units=units)
    outcome = scene.apply(state, reviewed=NOTHING_REVIEWED)
    (step,) = outcome.held
    assert step.status is Status.HELD
    (hold,) = scene.ledger.read().record("shop").holds.values()
    assert isinstance(hold, HeldStep)
    assert (hold.reason, hold.hint, hold.run) == (step.message, step.hint, outcome.run)
