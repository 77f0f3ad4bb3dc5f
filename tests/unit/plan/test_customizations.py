"""Which customization steps a plan runs, destroys and forgets, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import builders_plan as b
import pytest
from builders_kinds import what

from aft.customizations.model import (
    Access,
    AccountSelector,
    Customization,
    Removal,
    SecretNeed,
)
from aft.desired.model import DesiredState
from aft.kinds.customization.diff import dependencies_first
from aft.kinds.customization.kind import Customizations
from aft.ledger.events import AccountRecord, DoneStep
from aft.plan.model import Plan
from aft.plan.reviewed import does
from aft.runners.terraform.runner import TerraformRunner

READ = ("accounts", "net", "outputs", "hub/10.py", "VpcId")


class Destroyer(b.FakeRunner):
    """A kind that can be taken away again."""

    kind: ClassVar[str] = "terraform"
    suffixes: ClassVar[tuple[str, ...]] = ()
    needs_files: ClassVar[bool] = True
    stays: ClassVar[str] = TerraformRunner.stays
    shared_step: ClassVar[str] = TerraformRunner.shared_step
    state_noun: ClassVar[str] = TerraformRunner.state_noun
    takes_over: ClassVar[str] = TerraformRunner.takes_over
    own_state: ClassVar[str] = TerraformRunner.own_state

    def destroy(self, step: Any, inputs: Any, session: Any) -> Any:
        raise NotImplementedError


RUNNERS: Mapping[str, Any] = {"python": b.FakeRunner(), "terraform": Destroyer()}


def planned(
    state: DesiredState, *records: AccountRecord, rerun: frozenset[str] = frozenset()
) -> Plan:
    accounts = [
        b.account(number, request.name) for number, request in enumerate(state.requests, start=1)
    ]
    view = b.view(state, b.snapshot(accounts=accounts), b.ledger(*records), rerun=rerun)
    return b.drafted(replace(view, runners=RUNNERS)).plan


def lines(plan: Plan) -> list[tuple[str, str, str]]:
    return [(change.target, what(change), change.key) for change in plan.changes]


def done(
    text: str = "sha256:x", outputs: Mapping[str, str] | None = None, **about: str
) -> DoneStep:
    return replace(b.done(text, outputs), about=about)


def terraform(name: str, *, shares: bool = True, removal: Removal = Removal.KEEP) -> Customization:
    found = b.customization(name, "terraform")
    steps = tuple(
        replace(step, kind="terraform", shares_state=shares, on_removal=removal, is_folder=True)
        for step in found.steps
    )
    return replace(found, steps=steps)


# --- secrets --------------------------------------------------------------------------------

OKTA = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:okta-AbCdEf"
ROOT = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:root-AbCdEf"


def needing(arn: str = OKTA, name: str = "OKTA_TOKEN") -> DesiredState:
    found = b.customization("web", "10.py")
    needs = (SecretNeed(name=name, arn=arn),)
    steps = tuple(replace(step, secrets=needs) for step in found.steps)
    return b.desired(
        b.request("app", customizations=("web",)), customizations=[replace(found, steps=steps)]
    )


@pytest.mark.parametrize(
    ("before", "risk", "words"),
    [
        (None, "given", f"! is given secret OKTA_TOKEN: {OKTA}"),
        ("", "given", f"! is given secret OKTA_TOKEN: {OKTA}"),
        (f"OKTA_TOKEN={ROOT}", "given", f"! is given secret OKTA_TOKEN: {ROOT} → {OKTA}"),
        (f"OTHER={OKTA}", "given", f"! is given secret OKTA_TOKEN: {OKTA}"),
        (f"OKTA_TOKEN={OKTA}", "new-code", f"· secret OKTA_TOKEN: {OKTA}"),
        (f"A={ROOT} OKTA_TOKEN={OKTA}", "new-code", f"· secret OKTA_TOKEN: {OKTA}"),
    ],
)
def test_a_secret_that_a_step_did_not_have_is_risky_and_each_is_listed(
    before: str | None, risk: str, words: str
) -> None:
    about = {"runner": "python", "content": "sha256:old"}
    about |= {"secrets": before} if before else {}
    steps = {} if before is None else {"web/10.py": done(**about)}
    (change,) = planned(needing(), b.record("app", 1, steps=steps)).changes
    assert change.risk == risk
    (item,) = Customizations().words((change,))
    assert words in item.notes[: item.vital]


def test_a_new_account_is_not_given_a_secret_without_a_review() -> None:
    state = needing()
    view = replace(b.view(state, b.snapshot(), b.ledger()), runners=RUNNERS)
    runs = [change for change in b.drafted(view).plan.changes if change.key == "web/10.py"]
    assert [change.risk for change in runs] == ["given"]


def test_a_review_of_one_secret_is_none_of_another() -> None:
    first, second = (planned(needing(arn), b.record("app", 1)).changes[0] for arn in (OKTA, ROOT))
    assert does(first) != does(second)
    assert first.effect != second.effect


# --- removal --------------------------------------------------------------------------------


def test_steps_that_are_gone_are_forgotten_youngest_first_and_what_stays_is_said() -> None:
    later = replace(done(runner="python"), at=b.NOW)
    record = b.record("app", 1, steps={"old/10.py": done(runner="python"), "old/20.py": later})
    plan = planned(b.desired(b.request("app")), record)
    assert lines(plan) == [
        ("app", "release customization", "old/20.py"),
        ("app", "release customization", "old/10.py"),
    ]
    assert [item.code for item in plan.attention] == ["AFT940", "AFT940"]
    assert "what it did is not undone" in plan.attention[0].message
    assert plan.changes[0].symbol == "-"


def test_the_ledger_remembers_what_is_to_be_destroyed() -> None:
    about = {"runner": "terraform", "on_removal": "destroy", "revision": "1" * 40}
    record = b.record("app", 1, steps={"old/terraform": done(**about)})
    (change,) = planned(b.desired(b.request("app")), record).changes
    assert (what(change), change.fields[0].before) == ("delete customization", "1" * 40)
    assert change.reason == "customization old is gone, and it says `on_removal: destroy`"


def test_a_customization_that_is_still_there_decides_itself() -> None:
    record = b.record("app", 1, steps={"web/terraform": done(runner="terraform")})
    for removal, kind in (
        (Removal.DESTROY, "delete customization"),
        (Removal.KEEP, "release customization"),
    ):
        state = b.desired(b.request("app"), customizations=[terraform("web", removal=removal)])
        assert [what(change) for change in planned(state, record).changes] == [kind]


def test_what_cannot_be_taken_away_is_kept_whatever_it_says() -> None:
    record = b.record("app", 1, steps={"old/10.py": done(runner="python", on_removal="destroy")})
    (change,) = planned(b.desired(b.request("app")), record).changes
    assert what(change) == "release customization"


def test_a_step_that_only_ever_failed_may_have_left_something() -> None:
    failed = replace(b.failed("x"), about={"runner": "terraform", "on_removal": "destroy"})
    record = b.record("app", 1, failures={"old/terraform": failed})
    plan = planned(b.desired(b.request("app")), record)
    assert lines(plan) == [("app", "delete customization", "old/terraform")]
    assert plan.attention == ()


def test_a_terraform_state_that_changes_hands_is_neither_destroyed_nor_forgotten_silently() -> None:
    about = {"runner": "terraform", "on_removal": "destroy"}
    record = b.record("app", 1, steps={"old/terraform": done(**about)})
    state = b.desired(b.request("app", customizations=("new",)), customizations=[terraform("new")])
    plan = planned(state, record)
    assert lines(plan) == [
        ("app", "release customization", "old/terraform"),
        ("app", "run customization", "new/terraform"),
    ]
    assert [item.code for item in plan.attention] == ["AFT941"]
    own = b.desired(
        b.request("app", customizations=("new",)), customizations=[terraform("new", shares=False)]
    )
    assert lines(planned(own, record))[0] == ("app", "delete customization", "old/terraform")


def test_settings_of_the_ledger_are_no_customizations() -> None:
    record = b.record("app", 1, steps={"account-alias": done(), "create-account": done()})
    found = planned(b.desired(b.request("app")), record).changes
    assert [item.kind for item in found] == ["setting"]


# --- selection and re-runs ------------------------------------------------------------------


def test_a_customization_may_select_the_account() -> None:
    everyone = AccountSelector(organizational_units=(b.path("Workloads"),))
    chosen = replace(b.customization("audit", "10.py"), select=everyone)
    plan = planned(b.desired(b.request("app"), customizations=[chosen]), b.record("app", 1))
    assert lines(plan) == [("app", "run customization", "audit/10.py")]


def test_a_step_runs_again_when_it_is_asked_for() -> None:
    state = b.desired(
        b.request("app", customizations=("web",)),
        customizations=[b.customization("web", "10.py", "20.py")],
    )
    record = b.record("app", 1, steps=b.all_done(state, "app", 1))
    assert planned(state, record).is_empty
    plan = planned(state, record, rerun=frozenset({"20.py"}))
    assert lines(plan) == [("app", "run customization", "web/20.py")]
    assert plan.changes[0].fields[0].field == "rerun"
    assert plan.changes[0].inputs_digest, "it is as it was"
    whole = planned(state, record, rerun=frozenset({"web"}))
    assert [change.key for change in whole.changes] == ["web/10.py", "web/20.py"]


# --- other accounts -------------------------------------------------------------------------


def two_accounts(*, certain: bool = True) -> DesiredState:
    spoke = b.customization("spoke", "10.py", uses=frozenset({"accounts"}))
    access = Access(READ, 3, 5, certain, "customizations/accounts/spoke/10.py")
    spoke = replace(spoke, steps=tuple(replace(s, reads=(access,)) for s in spoke.steps))
    return b.desired(
        b.request("app", customizations=("spoke",), depends_on=("net",)),
        b.request("net", customizations=("hub",)),
        customizations=[spoke, b.customization("hub", "10.py", "20.py")],
    )


def test_a_dependent_is_planned_with_what_it_reads() -> None:
    state = two_accounts()
    hub = b.all_done(state, "net", 2)
    plan = planned(state, b.record("app", 1), b.record("net", 2))
    assert {change.target for change in plan.changes} == {"app", "net"}
    assert plan.change_by_id["account/app/run-customization/spoke/10.py"].inputs_digest == ""
    assert plan.attention == (), "net's step will run, and may leave it"

    done_hub = {**hub, "hub/10.py": replace(hub["hub/10.py"], outputs={"VpcId": "vpc-1"})}
    first = planned(state, b.record("app", 1), b.record("net", 2, steps=done_hub))
    (change,) = first.changes
    assert change.inputs_digest
    app = b.record("app", 1, steps={"spoke/10.py": b.done(change.inputs_digest)})
    assert planned(state, app, b.record("net", 2, steps=done_hub)).is_empty

    other = {**hub, "hub/10.py": replace(hub["hub/10.py"], outputs={"VpcId": "vpc-2"})}
    assert lines(planned(state, app, b.record("net", 2, steps=other))) == [
        ("app", "run customization", "spoke/10.py")
    ]
    beside = {**done_hub, "hub/20.py": replace(hub["hub/20.py"], outputs={"New": "thing"})}
    assert planned(state, app, b.record("net", 2, steps=beside)).is_empty, "it does not read that"


def test_only_the_step_that_is_read_makes_its_readers_wait() -> None:
    state = two_accounts()
    hub = b.all_done(state, "net", 2)
    ready = {"hub/10.py": replace(hub["hub/10.py"], outputs={"VpcId": "vpc-1"})}
    first = planned(state, b.record("app", 1), b.record("net", 2, steps={**hub, **ready}))
    app = b.record("app", 1, steps={"spoke/10.py": b.done(first.changes[0].inputs_digest)})
    plan = planned(state, app, b.record("net", 2, steps=ready))
    assert lines(plan) == [("net", "run customization", "hub/20.py")]


def test_an_output_that_will_not_be_there_needs_attention() -> None:
    state = two_accounts()
    net = b.record("net", 2, steps=b.all_done(state, "net", 2))
    plan = planned(state, b.record("app", 1), net)
    (item,) = plan.attention
    assert (item.code, item.target) == ("AFT942", "app")
    assert "spoke/10.py:3:5 reads accounts.net.outputs['hub/10.py'].VpcId" in item.message
    assert planned(two_accounts(certain=False), b.record("app", 1), net).attention == ()


def test_dependencies_are_planned_first_and_circles_do_not_hang() -> None:
    a = b.request("a", depends_on=("c",))
    c = b.request("c", depends_on=("d",))
    d = b.request("d")
    assert [item.id for item in dependencies_first((a, c, d))] == ["d", "c", "a"]
    e = b.request("e", depends_on=("f",))
    f = b.request("f", depends_on=("e",))
    assert {item.id for item in dependencies_first((e, f))} == {"e", "f"}


# --- the management account -----------------------------------------------------------------


def test_no_customization_runs_in_the_management_account() -> None:
    state = b.desired(
        b.request("top", customizations=("web",), account_id=b.MANAGEMENT),
        customizations=[b.customization("web", "10.py")],
    )
    account = b.account(0, "top", id_=b.MANAGEMENT)
    record = replace(b.record("top", 1), account_id=b.MANAGEMENT)
    plan = b.plan(state, b.snapshot(accounts=[account]), b.ledger(record))
    assert plan.is_empty
    assert [item.code for item in plan.attention] == ["AFT943"]
