"""Creation by a provider unlike Organizations: what differs is said by its traits alone."""

from __future__ import annotations

from typing import Any

from builders_plan import but, desired, request, unit
from builders_reconcile import Stage, reasons, rows, stage
from fakes.account_factory import AccountFactory
from fakes.world import Fault

from aft.config.model import Config, Limits
from aft.desired.model import DesiredState
from aft.engine.intents import token_of
from aft.errors import UnknownOutcome
from aft.ledger.events import EventKind, LedgerEvent
from aft.organization.model import REQUEST_TAG

EMAIL = "aws+payments@example.com"


def factory(**world: Any) -> Stage:
    return stage(provides=AccountFactory, **world)


def state_of(*names: str, **changes: Any) -> DesiredState:
    limits, provider = changes.pop("limits", Limits()), changes.pop("provider", "organizations")
    return desired(
        *(request(name, **changes) for name in names),
        units=[unit("Workloads")],
        config=Config(home_region="eu-central-1", limits=limits, provider=provider),
    )


def note_intent(scene: Stage, *, email: str = EMAIL, creation_id: str = "") -> str:
    """A run was killed after noting this; its token."""

    def event(kind: EventKind, data: dict[str, str]) -> LedgerEvent:
        at = scene.world.clock.now()
        return LedgerEvent(
            kind=kind, subject="payments", at=at, run="killed", actor="ada", data=data
        )

    scene.ledger.append(
        [event(EventKind.INTENT, {"name": "payments", "email": email})], durable=True
    )
    if creation_id:
        scene.ledger.append([event(EventKind.CREATING, {"creation_id": creation_id})], durable=True)
    intent = scene.ledger.read().record("payments").intent
    assert intent is not None
    return token_of("payments", intent)


def test_an_account_born_in_its_ou_is_not_moved_and_gets_its_tags() -> None:
    scene, state = factory(), state_of("payments", tags={"team": "pay"})
    assert rows(scene.apply(state)) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Workloads"
    assert scene.world.calls["MoveAccount"] == scene.world.calls["DescribeAccount"] == 0
    assert scene.world.account("payments").tags == {REQUEST_TAG: "payments", "team": "pay"}
    assert scene.ledger.kinds("payments") == [
        *("intent", "creating", "bound", "step-done", "ready")
    ]
    assert scene.plan(state).is_empty


def test_accounts_are_asked_for_as_many_at_a_time_as_the_provider_takes() -> None:
    scene = factory()
    outcome = scene.apply(state_of("payments", "search", "shop"))
    assert set(rows(outcome).values()) == {"succeeded"}
    assert scene.world.most_in_progress == 1
    assert scene.world.refused_starts == 0


def test_looks_come_at_the_providers_pace() -> None:
    scene = factory(creation_seconds=1500.0)
    assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
    assert scene.world.calls["SearchProvisionedProducts"] < 150  # every 20 s, not every 5


def test_a_lost_reply_is_asked_for_again_with_the_same_token() -> None:
    for lost in (True, False):
        scene = factory()
        error = UnknownOutcome("no reply")
        scene.world.faults.append(Fault("ProvisionProduct", error, lost=lost))
        assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
        assert scene.world.accepted_starts == {"payments": 1}
        assert scene.ledger.kinds("payments") == [
            *("intent", "creating", "bound", "step-done", "ready")
        ]
        assert scene.world.clock.monotonic() < 30.0  # nothing is waited for to settle


def test_replies_lost_again_and_again_leave_the_intent_to_the_next_run() -> None:
    scene = factory()
    error = UnknownOutcome("no reply")
    scene.world.faults.append(Fault("ProvisionProduct", error, times=3, lost=True))
    assert reasons(scene.apply(state_of("payments"))) == {"payments": "no reply"}
    assert scene.ledger.read().record("payments").intent is not None
    assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 1}


def test_an_open_intent_is_carried_on_with_under_its_own_token() -> None:
    scene = factory()
    token = note_intent(scene)
    assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
    assert [birth.token for birth in scene.world.births.values()] == [token]
    kinds = scene.ledger.kinds("payments")
    # taken over at once
    assert kinds == ["intent", "intent", "creating", "bound", "step-done", "ready"]
    assert scene.world.clock.monotonic() < 30.0


def test_an_open_intent_for_another_address_is_looked_for_until_it_is_sure() -> None:
    scene = factory()
    token = note_intent(scene, email="aws+typo@example.com")
    assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
    assert scene.world.clock.monotonic() >= 120.0  # its holder may apply 30 s after it began
    assert [birth.token for birth in scene.world.births.values()] != [token]
    assert scene.world.account("payments").email == EMAIL


def test_an_intent_of_the_provider_before_is_settled_by_the_account() -> None:
    """``provider`` was changed in aft.yaml while a run lay dead."""
    scene = factory()
    plan = scene.plan(state_of("payments"))
    note_intent(scene, creation_id="car-0001")
    account_id = scene.world.add_account("payments", EMAIL, tags={REQUEST_TAG: "payments"})
    assert rows(scene.apply(state_of("payments"), plan=plan)) == {"payments": "succeeded"}
    assert scene.ledger.read().record("payments").account_id == account_id
    assert not scene.world.births


def test_an_intent_of_another_provider_is_not_repeated_at_this_one() -> None:
    """Ledgers of before providers had names say none: that is Organizations."""
    scene, state = factory(), state_of("payments", provider="landing-zone")
    plan = scene.plan(state)
    note_intent(scene)
    outcome = scene.apply(state)
    assert "organizations" in reasons(outcome)["payments"]
    assert "provider: organizations" in outcome.targets[0].hint
    assert not scene.world.births
    assert scene.ledger.read().record("payments").intent is not None
    scene.world.add_account("payments", EMAIL, tags={REQUEST_TAG: "payments"})
    assert rows(scene.apply(state, plan=plan)) == {"payments": "succeeded"}


def test_an_intent_says_of_which_provider_it_is() -> None:
    scene, state = factory(), state_of("payments", provider="landing-zone")
    scene.world.faults.append(Fault("ProvisionProduct", UnknownOutcome("no reply"), times=3))
    scene.apply(state)
    intent = scene.ledger.read().record("payments").intent
    assert intent is not None
    assert intent.provider == "landing-zone"
    assert rows(scene.apply(state)) == {"payments": "succeeded"}


def test_an_account_that_exists_already_is_looked_for_whatever_the_provider_calls_that() -> None:
    scene, state = factory(), state_of("payments")
    plan = scene.plan(state)
    scene.world.add_account("old-name", EMAIL)
    assert rows(scene.apply(state, plan=plan)) == {"payments": "succeeded"}
    assert scene.world.account("payments").tags == {REQUEST_TAG: "payments"}
    scene.world.foreign_emails.add("aws+search@example.com")
    outcome = scene.apply(state_of("payments", "search"))
    assert reasons(outcome) == {
        "search": "AWS did not create the account of search: the e-mail address is in use"
    }


def test_the_providers_own_words_say_what_passes_and_what_does_not() -> None:
    scene = factory()
    scene.world.failing_names["payments"] = ["STACK_SET_BUSY"] * 3
    assert rows(scene.apply(state_of("payments"))) == {"payments": "succeeded"}
    assert scene.world.accepted_starts == {"payments": 4}
    tokens = [birth.token for birth in scene.world.births.values()]
    assert len(set(tokens)) == 4
    scene.world.failing_names["search"] = ["QUOTA"]
    outcome = scene.apply(state_of("payments", "search"))
    (failed,) = [row for row in outcome.targets if row.target == "search"]
    assert failed.reason == "AWS did not create the account of search: QUOTA"
    assert failed.hint == "ask the landing zone's team"


def test_what_the_provider_refuses_outright_leaves_no_intent_behind() -> None:
    scene, state = factory(), state_of("payments")
    plan = scene.plan(state)
    ou = next(key for key, item in scene.world.units.items() if item.name == "Workloads")
    del scene.world.units[ou]
    outcome = scene.apply(state, plan=plan)
    assert "is not registered" in outcome.targets[0].reason
    assert outcome.targets[0].hint == "ask the landing zone's team"
    assert scene.ledger.read().record("payments").intent is None


def test_an_account_that_is_moved_while_it_is_born_ends_where_it_is_wanted() -> None:
    """The creation is taken up by a later run, for another OU than it was begun for."""
    scene = factory(units=("Workloads", "Products"), creation_seconds=100.0)
    limits = Limits(created_within_seconds=50)
    assert (
        "still in progress" in reasons(scene.apply(state_of("payments", limits=limits)))["payments"]
    )
    scene.world.clock.advance(100)
    later = desired(
        but(request("payments"), ou=request("x", "Products").ou), units=[unit("Products")]
    )
    assert rows(scene.apply(later)) == {"payments": "succeeded"}
    assert scene.world.ou_of("payments") == "Products"
    assert scene.world.accepted_starts == {"payments": 1}
