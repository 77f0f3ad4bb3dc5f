"""Accounts whose settings name other accounts: order, absence, pending work, sealed sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from builders_kinds import EFFECTS, KINDS
from builders_plan import baseline, but, customization, desired, request, unit
from builders_reconcile import Stage, reasons, rows, stage
from fakes.plugins import LevelSetting, NotingRunner, settings
from fakes.world import FakeMembers, FakeSession

from aft.baselines.model import SettingDifference, SettingParameters
from aft.baselines.references import AccountReference, account_behind
from aft.baselines.select import select_baseline
from aft.config.model import Config
from aft.desired.model import DesiredState
from aft.errors import Denied, Terminal
from aft.plan.draft import Look
from aft.plan.make import draft_plan
from aft.plan.model import Plan
from aft.sessions import SealedSession
from aft.values.ids import RequestId


class Names(SettingParameters):
    level: int = 1
    other: AccountReference | None = None


class VisitingSetting(LevelSetting):
    """Notes in the account it names who has been there, and wants to be noted."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.parameters_model: Any = Names

    def read(self, inputs: Any, session: Any) -> Any:
        return self._there(inputs, session).get(f"visited by {inputs.account.request_id}")

    def change(self, inputs: Any, observed: Any, session: Any) -> None:
        if self.refuses is not None and inputs.account.request_id == "audit":
            raise self.refuses
        there = self._there(inputs, session)
        there.setdefault("visits", []).append(inputs.account.request_id)
        there[f"visited by {inputs.account.request_id}"] = inputs.parameters.level

    def _there(self, inputs: Any, session: Any) -> Any:
        return session.of(account_behind(inputs.parameters.other, inputs.account)).client("fake")


def state(*names: str, settings: tuple[str, ...] = ("visit",), **changes: Any) -> DesiredState:
    found = baseline("standard", *settings)
    audit = RequestId("audit")
    specs = tuple(
        but(
            spec,
            parameters={"level": 1, "other": "audit"} if spec.setting.startswith("visit") else {},
            references=((audit, spec.source),) if spec.setting.startswith("visit") else (),
        )
        for spec in found.settings
    )
    return desired(
        *(request(name, **changes.get(name.replace("-", "_"), {})) for name in names),
        units=[unit("Workloads")],
        baselines=[but(found, settings=specs)],
        config=Config(home_region="eu-central-1"),
    )


def scene(**options: Any) -> Stage:
    made = stage(**options)
    made.settings = settings(VisitingSetting("visit"), LevelSetting("account-alias"))
    return made


def visits(made: Stage) -> list[str]:
    return made.world.inside[made.world.account("audit").id]["visits"]


def test_the_account_that_is_named_comes_first_whatever_its_name() -> None:
    made = scene()
    outcome = made.apply(state("aaa", "audit", "zzz"))
    assert set(rows(outcome).values()) == {"succeeded"}
    assert visits(made)[0] == "audit"
    assert set(visits(made)) == {"aaa", "audit", "zzz"}
    assert made.plan(state("aaa", "audit", "zzz")).is_empty


def test_only_the_setting_waits_not_the_account() -> None:
    plan = scene().plan(state("aaa", "audit", settings=("account-alias", "visit")))
    needs = {change.id: change.needs for change in plan.changes}
    assert "account/audit/update-setting/visit" in needs["account/aaa/update-setting/visit"]
    assert needs["account/aaa/create-account"] == ()


def test_an_account_that_is_there_already_is_not_waited_for() -> None:
    made = scene()
    made.apply(state("audit"))
    plan = made.plan(state("aaa", "audit"))
    assert {change.target for change in plan.changes} == {"aaa"}
    made.apply(state("aaa", "audit"))
    assert visits(made) == ["audit", "aaa"]


def test_its_failure_blocks_what_needs_it_and_the_next_run_repairs_all() -> None:
    made = scene()
    visiting = VisitingSetting("visit", refuses=Terminal("no room"))
    made.settings = settings(visiting, LevelSetting("account-alias"))
    outcome = made.apply(state("aaa", "audit"))
    assert rows(outcome) == {"aaa": "blocked", "audit": "failed"}
    visiting.refuses = None
    assert set(rows(made.apply(state("aaa", "audit"))).values()) == {"succeeded"}


def looking(made: Stage, wanted: DesiredState, *, deep: bool = False) -> Plan:
    def look(kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        return EFFECTS[kind].look(looks, FakeMembers(made.world), in_parallel=4)

    view = but(made.view(wanted), is_deep=deep)
    return draft_plan(view, kinds=KINDS, look=look, made_at=made.world.clock.now()).plan


class UnreadableSetting(VisitingSetting):
    """One that may not be read in the account that the others name."""

    def read(self, inputs: Any, session: Any) -> Any:
        if inputs.account.request_id == "audit" and self.refuses is not None:
            raise self.refuses
        return super().read(inputs, session)


def test_what_may_not_be_read_there_holds_back_what_needs_it_and_says_why() -> None:
    made = scene()
    made.apply(state("aaa", "audit", settings=("account-alias",)))
    reading = UnreadableSetting("visit", refuses=Denied("may not read", hint="allow it"))
    made.settings = settings(reading, LevelSetting("account-alias"))
    wanted = state("aaa", "audit", settings=("account-alias", "visit"))
    plan = looking(made, wanted)
    assert plan.changes == ()
    assert {item.target: (item.code, item.hint) for item in plan.attention} == {
        "audit": ("AFT912", "allow it"),
        "aaa": ("AFT913", "allow it"),
    }
    assert all("may not read" in item.message for item in plan.attention)
    reading.refuses = None
    assert set(rows(made.apply(wanted)).values()) == {"succeeded"}
    reading.refuses = Denied("may not read")
    more = state("aaa", "audit", "zzz", settings=("account-alias", "visit"))
    keys = {change.key for change in looking(made, more, deep=True).changes_of("zzz")}
    assert "visit" in keys, "it was applied there once, so it is there"


def test_an_account_nobody_will_create_is_said_and_waited_for() -> None:
    made = scene()
    wanted = state("aaa", "audit")
    view = but(made.view(wanted), scope=frozenset({RequestId("aaa")}))
    plan = draft_plan(view, kinds=KINDS, made_at=made.world.clock.now()).plan
    assert plan.changes_of("aaa") == ()
    (attention,) = [item for item in plan.attention if item.target == "aaa"]
    assert attention.code == "AFT913"
    assert "the account of request audit, which does not exist yet" in attention.message


def test_two_accounts_may_take_turns() -> None:
    made = stage()
    first = but(baseline("first", "visit-a", "visit-b"))
    source = first.settings[0].source
    specs = tuple(
        but(
            spec,
            parameters={"level": 1, "other": other},
            references=((RequestId(other), source),),
        )
        for spec, other in zip(first.settings, ("log-archive", "audit"), strict=True)
    )
    made.settings = settings(VisitingSetting("visit-a"), VisitingSetting("visit-b"))
    wanted = desired(
        request("audit"),
        request("log-archive"),
        request("app"),
        units=[unit("Workloads")],
        baselines=[but(first, settings=specs)],
        config=Config(home_region="eu-central-1"),
    )
    assert select_baseline(
        request=wanted.requests[0], ou=wanted.requests[0].ou, baselines=wanted.baselines
    ).baseline
    outcome = made.apply(wanted)
    assert set(rows(outcome).values()) == {"succeeded"}, reasons(outcome)
    assert made.plan(wanted).is_empty


# --- what only time can fix ------------------------------------------------------------------


class PatientSetting(LevelSetting):
    """Something that has not arrived yet, and that nobody can hurry."""

    arrived = False

    def compare(self, inputs: Any, observed: Any) -> tuple[SettingDifference, ...]:
        if self.arrived:
            return super().compare(inputs, observed)
        return (
            SettingDifference(
                description="still on its way", before=None, after="x", is_pending=True
            ),
        )


def test_what_is_pending_is_no_failure_not_done_and_looked_at_again() -> None:
    made = stage()
    patient = PatientSetting("account-alias")
    made.settings = settings(patient)
    wanted = desired(
        request("app"),
        units=[unit("Workloads")],
        baselines=[baseline("standard", "account-alias")],
        config=Config(home_region="eu-central-1"),
    )
    outcome = made.apply(wanted)
    assert rows(outcome) == {"app": "succeeded"}
    messages = [step.message for step in outcome.targets[0].steps]
    assert "not yet: still on its way" in messages
    assert made.ledger.events("app")[-2].data["pending"] == ["still on its way"]
    assert [change.key for change in made.plan(wanted).changes] == ["account-alias"]
    patient.arrived = True
    made.apply(wanted)
    assert made.world.inside[made.world.account("app").id]["account-alias"] == 1
    assert made.plan(wanted).is_empty


# --- customizations stay in their account -----------------------------------------------------


class CuriousRunner(NotingRunner):
    """A step that tries to leave its account."""

    def run(self, step: Any, inputs: Any, session: Any) -> Any:
        assert session.of(session.account_id) is session
        session.of(inputs_account(session))
        return super().run(step, inputs, session)


def inputs_account(session: Any) -> Any:
    return type(session.account_id)("999999999999")


def test_a_customization_cannot_enter_another_account() -> None:
    made = stage()
    made.runner = CuriousRunner()
    wanted = desired(
        request("app"),
        units=[unit("Workloads")],
        baselines=[baseline("standard", "account-alias")],
        customizations=[customization("global", "10.py")],
        config=Config(home_region="eu-central-1"),
    )
    outcome = made.apply(wanted)
    assert rows(outcome) == {"app": "failed"}
    assert "must not work in account 999999999999" in reasons(outcome)["app"]
    assert "ran" not in made.world.inside[made.world.account("app").id]


def test_a_sealed_session_is_its_own_account_and_nothing_else() -> None:
    made = stage()
    one = made.world.add_account("one", "aws+one@example.com")
    other = made.world.add_account("other", "aws+other@example.com")
    open_session = FakeSession(made.world, one)
    sealed = SealedSession(open_session)
    assert (sealed.account_id, sealed.home_region) == (one, "eu-central-1")
    assert sealed.environment() == open_session.environment()
    assert sealed.of(one) is sealed
    assert open_session.of(other).account_id == other
    with pytest.raises(Denied, match=f"customization of account {one} must not work in"):
        sealed.of(other)
