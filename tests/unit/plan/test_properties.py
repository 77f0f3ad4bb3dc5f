"""What holds for every plan, whatever the organization and the requests look like."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import builders_plan as b
from builders_kinds import KINDS, what
from hypothesis import given
from hypothesis import strategies as st

from aft.desired.model import DesiredState
from aft.ledger.events import LedgerState
from aft.organization.model import AccountState, OrganizationSnapshot
from aft.plan.codec import plan_digest, plan_from_json, plan_to_json
from aft.plan.model import ORGANIZATION, Plan
from aft.report.markdown.fitting import comment
from aft.report.markdown.plan import PlanPage
from aft.report.text import plan_view
from aft.values.ids import AccountId, EmailAddress, RequestId

NAMES = ("alpha", "beta", "gamma", "delta")
OUS = ("Workloads", "Workloads/Prod", "Old", "Sandbox")
MAYBE_NAME = st.none() | st.sampled_from(NAMES)


@dataclass(frozen=True)
class Case:
    desired: DesiredState
    snapshot: OrganizationSnapshot
    ledger: LedgerState

    def plan(self) -> Plan:
        return b.plan(self.desired, self.snapshot, self.ledger)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Organizations where tags, bindings, e-mails and ids may all contradict each other."""
    asked = draw(st.lists(st.sampled_from(NAMES), unique=True))
    numbers = range(1, 5)
    requests = []
    for index, name in enumerate(asked):
        email = draw(st.sampled_from(NAMES))
        requests.append(
            replace(
                b.request(name, draw(st.sampled_from((*OUS, "Nowhere")))),
                email=EmailAddress(f"aws+{email}@example.com"),
                account_id=draw(st.none() | st.sampled_from(numbers).map(b.account_id)),
                previously=draw(st.none() | st.sampled_from(NAMES).map(RequestId)),
                protect=draw(st.booleans()),
                tags=draw(st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12"))),
                depends_on=tuple(
                    RequestId(other) for other in asked[:index] if draw(st.booleans())
                ),
            )
        )
    accounts = [
        b.account(
            number,
            draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(OUS)),
            tags={"aft:request": tag} if (tag := draw(MAYBE_NAME)) else {"x": "1"},
            email=f"aws+{name}@example.com",
            state=draw(st.sampled_from([AccountState.ACTIVE] * 3 + [AccountState.SUSPENDED])),
        )
        for number, name in zip(
            draw(st.lists(st.sampled_from(numbers), unique=True)),
            draw(st.permutations(NAMES)),
            strict=False,
        )
    ]
    records = [
        b.record(name, draw(st.none() | st.sampled_from(numbers)), tag_keys=("aft:request", "x"))
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    removed = [b.unit(name) for name in draw(st.lists(st.sampled_from(OUS[2:]), unique=True))]
    return Case(
        desired=b.desired(
            *requests,
            units=(b.unit("Workloads"), b.unit("Workloads/Prod")),
            removed=removed,
            baselines=(b.baseline(),),
            customizations=(b.customization("global", "10.py"),),
        ),
        snapshot=b.snapshot(OUS, accounts),
        ledger=b.ledger(*records),
    )


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_does_not_matter(case: Case, shuffle: random.Random) -> None:
    def mixed(items: tuple) -> tuple:  # type: ignore[type-arg]  # any items
        return tuple(shuffle.sample(items, len(items)))

    desired, snapshot, ledger = case.desired, case.snapshot, case.ledger
    other = Case(
        desired=replace(
            desired,
            requests=mixed(desired.requests),
            organization=replace(
                desired.organization,
                units=mixed(desired.organization.units),
                removed=mixed(desired.organization.removed),
            ),
        ),
        snapshot=replace(snapshot, units=mixed(snapshot.units), accounts=mixed(snapshot.accounts)),
        ledger=replace(ledger, records=dict(mixed(tuple(ledger.records.items())))),
    )
    assert plan_digest(case.plan()) == plan_digest(other.plan())


@given(cases())
def test_no_account_is_shared_and_none_is_created_twice(case: Case) -> None:
    plan = case.plan()
    owners = {
        (change.account_id, change.target)
        for change in plan.changes
        if change.account_id and what(change) != "release account"
    }
    accounts = [account for account, _ in owners]
    assert len(accounts) == len(set(accounts))
    for change in plan.changes:
        if what(change) == "release account":
            assert change.account_id not in accounts
    emails = {item.email.casefold() for item in case.snapshot.accounts}
    for change in plan.changes:
        if what(change) == "create account":
            request = case.desired.request_by_id[RequestId(change.target)]
            assert case.ledger.record(change.target).account_id is None
            assert request.email.key not in emails
            assert all(
                account.tags.get("aft:request") != change.target
                for account in case.snapshot.accounts
            )


@given(cases())
def test_every_change_is_safe_to_carry_out(case: Case) -> None:
    plan = case.plan()
    asked = {request.id for request in case.desired.requests}
    by_id = case.snapshot.account_by_id
    seen: set[str] = set()
    order = [name for wave in plan.waves for chain in wave.chains for name in chain]
    assert sorted(order) == sorted(change.id for change in plan.changes)
    for name in order:
        change = plan.change_by_id[name]
        assert set(change.needs) <= seen, "what a change needs comes before it"
        seen.add(name)
        account = by_id.get(AccountId(change.account_id or ""))
        if what(change) == "release account":
            assert change.target not in asked
            continue
        if change.target == ORGANIZATION:
            continue
        request = case.desired.request_by_id[RequestId(change.target)]
        if account is not None:
            assert account.state is AccountState.ACTIVE
        if what(change) == "move account/ou":
            assert not request.protect


@given(cases())
def test_every_request_is_done_changed_or_in_doubt_and_the_counts_agree(case: Case) -> None:
    plan = case.plan()
    if any(item.code == "AFT921" for item in plan.attention):
        assert plan.is_empty
        assert plan.summary.accounts_in_doubt == len(case.desired.requests)
        return
    doubtful = {item.target for item in plan.attention}
    changed = {change.target for change in plan.changes}
    bound = {record.account_id for record in case.ledger.records.values()}
    for request in case.desired.requests:
        if request.id not in doubtful | changed:
            assert case.ledger.record(request.id).account_id in bound - {None}
    asked = {request.id for request in case.desired.requests}
    assert plan.summary.accounts_in_doubt == len(doubtful & asked)
    assert plan.summary.accounts_affected == len(changed - {ORGANIZATION})


@given(cases())
def test_every_plan_can_be_saved_and_shown(case: Case) -> None:
    plan = case.plan()
    assert plan_from_json(plan_to_json(plan)) == plan
    text = plan_view(plan, kinds=KINDS).plain
    for item in plan.attention:
        assert item.code in text
    assert all(change.target in text for change in plan.changes if change.target != ORGANIZATION)
    shown = comment(PlanPage(kinds=KINDS, plan=plan))
    assert shown.count("<details>") == shown.count("</details>")
