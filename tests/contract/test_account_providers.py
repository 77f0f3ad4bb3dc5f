"""The contract of ``AccountProvider``, held against every provider on a world of its own.

The built-in one works on the simulated AWS, the other one (of tests alone) on a world in memory.
A new provider gets a ``Case`` here and has nothing else to write.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from builders_plan import ROOT, unit_id
from fakes.account_factory import AccountFactory
from fakes.clocks import SteppingClock
from fakes.world import FakeWorld, Fault

from aft.account_provider import (
    AccountProvider,
    AccountProviderPlugin,
    Application,
    Creation,
    CreationFailure,
    CreationRefused,
    CreationState,
    EarlierApplication,
)
from aft.aws.adapters import connect
from aft.config.model import Config
from aft.errors import Conflict, NotFound, Transient, UnknownOutcome
from aft.organization.model import REQUEST_TAG, Account, OrganizationSnapshot
from aft.plugins import PROVIDERS_GROUP, load_plugins
from aft.sandbox.faults import Rule, lost_reply
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.values.ids import OrgUnitId, OrgUnitPath, RequestId

CREATION_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A provider, and hands on the world behind it. Creations there take a minute. ``ou`` is an
    OU for accounts; ``take_email`` makes an account that has the address."""

    provider: AccountProvider
    ou: OrgUnitId
    now: Callable[[], datetime]
    wait: Callable[[float], None]
    snapshot: Callable[[], OrganizationSnapshot]
    take_email: Callable[[str], None]
    lose_next_reply: Callable[[], None]

    def application(self, name: str = "payments", *, token: str = "") -> Application:
        return Application(
            request_id=RequestId(name),
            name=name,
            email=f"aws+{name}@example.com",
            ou=self.ou,
            ou_path=OrgUnitPath(("Workloads",)),
            tags={REQUEST_TAG: name, "team": "pay"},
            token=token or f"token-of-{name}",
        )

    def earlier(self, name: str = "payments", *, at: datetime) -> EarlierApplication:
        asked = self.application(name)
        return EarlierApplication(
            request_id=asked.request_id,
            name=name,
            email=asked.email,
            token=asked.token,
            at=at,
        )

    def ended(self, creation: Creation) -> Creation:
        """Looked at once a minute is over."""
        self.wait(CREATION_SECONDS + 1)
        return self.provider.look(creation.id)

    def accounts(self, name: str) -> list[Account]:
        return [item for item in self.snapshot().accounts if item.name == name]


@contextlib.contextmanager
def organizations() -> Iterator[Case]:
    """By the same door as anybody's own, onto the simulated AWS."""
    plugins: dict[str, AccountProviderPlugin] = dict(
        load_plugins(PROVIDERS_GROUP, lambda plugin: plugin.name)
    )
    with Sandbox.open(None) as sandbox:
        edge = connect(
            Config(home_region="eu-central-1"),
            clock=sandbox.clock,
            botocore_session=sandbox.botocore_session(),
        )
        sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com", ou="Workloads")])
        sandbox.configure(creation_seconds=(CREATION_SECONDS, CREATION_SECONDS))
        rule = Rule("organizations", "CreateAccount", lost_reply(), times=1)
        yield Case(
            provider=plugins["organizations"].connect(edge.management),
            ou=edge.reader.read().unit_by_path[OrgUnitPath(("Workloads",))].id,
            now=sandbox.clock.now,
            wait=sandbox.clock.sleep,
            snapshot=edge.reader.read,
            take_email=lambda email: _nothing(
                sandbox.seed_accounts([AccountSpec(name="other", email=email)])
            ),
            lose_next_reply=lambda: _nothing(sandbox.faults.add(rule)),
        )


@contextlib.contextmanager
def account_factory() -> Iterator[Case]:
    clock = SteppingClock()
    world = FakeWorld(clock, creation_seconds=CREATION_SECONDS)
    lost = Fault("ProvisionProduct", UnknownOutcome("no reply"), lost=True)
    yield Case(
        provider=AccountFactory(world),
        ou=unit_id("Workloads"),
        now=clock.now,
        wait=clock.sleep,
        snapshot=world.snapshot,
        take_email=lambda email: _nothing(world.add_account("other", email, parent=ROOT)),
        lose_next_reply=lambda: world.faults.append(lost),
    )


def _nothing(_: object) -> None:
    """Forget what a call answers."""


@pytest.fixture(params=[organizations, account_factory], ids=lambda make: make.__name__)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    opened: AbstractContextManager[Case] = request.param()
    with opened as made:
        yield made


def test_an_application_becomes_the_account_it_describes(case: Case) -> None:
    asked = case.application()
    begun = case.provider.begin(asked)
    assert begun.state is CreationState.IN_PROGRESS
    assert begun.account_name == asked.name
    assert begun.requested_at.tzinfo is not None
    assert abs(case.now() - begun.requested_at) <= timedelta(seconds=5)
    assert (begun.account_id, begun.failure) == (None, None)
    done = case.ended(begun)
    assert (done.id, done.state, done.failure) == (begun.id, CreationState.SUCCEEDED, None)
    (account,) = case.accounts(asked.name)
    assert (account.id, account.email) == (done.account_id, asked.email)
    assert account.tags == (asked.tags if case.provider.traits.tags_accounts else {})


def test_a_new_account_is_where_the_provider_says(case: Case) -> None:
    birthplace = case.provider.birthplace(case.ou, case.snapshot())
    case.ended(case.provider.begin(case.application()))
    (account,) = case.accounts("payments")
    assert birthplace in (None, account.parent_id)


def test_a_creation_is_listed_until_it_is_over(case: Case) -> None:
    assert not case.provider.in_progress()
    begun = case.provider.begin(case.application())
    assert [item.id for item in case.provider.in_progress()] == [begun.id]
    case.ended(begun)
    assert not case.provider.in_progress()


def test_one_more_than_may_be_in_flight_is_not_accepted_for_the_moment(case: Case) -> None:
    most = case.provider.traits.max_in_flight
    begun = [case.provider.begin(case.application(f"a{number}")) for number in range(most)]
    with pytest.raises((Transient, Conflict)):
        case.provider.begin(case.application("late"))
    case.ended(begun[0])
    assert not case.accounts("late")
    case.ended(case.provider.begin(case.application("late")))
    assert len(case.accounts("late")) == 1


def test_a_creation_nobody_knows_is_not_found(case: Case) -> None:
    begun = case.provider.begin(case.application())
    with pytest.raises(NotFound):
        case.provider.look(begun.id[:-4] + "ffff")


def test_what_a_lost_reply_began_is_found(case: Case) -> None:
    at = case.now()
    case.lose_next_reply()
    with pytest.raises(UnknownOutcome):
        case.provider.begin(case.application())
    case.wait(case.provider.traits.settles_after.total_seconds())
    (found,) = case.provider.find(case.earlier(at=at))
    assert case.ended(found).state is CreationState.SUCCEEDED
    assert [item.id for item in case.provider.find(case.earlier(at=at))] == [found.id]
    assert len(case.accounts("payments")) == 1


def test_what_never_began_is_not_found(case: Case) -> None:
    at = case.now()
    case.provider.begin(case.application("other-name"))
    case.wait(case.provider.traits.settles_after.total_seconds())
    assert not case.provider.find(case.earlier(at=at))


def test_what_failed_is_not_found(case: Case) -> None:
    at = case.now()
    case.take_email("aws+payments@example.com")
    with contextlib.suppress(CreationRefused):
        case.ended(case.provider.begin(case.application()))
    assert not case.provider.find(case.earlier(at=at))


def test_a_token_seen_before_is_what_an_idempotent_provider_says_it_is(case: Case) -> None:
    begun = case.provider.begin(case.application())
    again = case.provider.begin(case.application())
    assert (again.id == begun.id) is case.provider.traits.is_idempotent
    done = case.ended(begun)
    if case.provider.traits.is_idempotent:
        assert case.provider.begin(replace(case.application(), tags={})) == done
    assert len(case.accounts("payments")) == 1


def test_a_taken_address_is_told_apart_from_other_failures(case: Case) -> None:
    case.take_email("AWS+payments@example.com")
    failure = _failure(case, case.application())
    assert failure.account_exists
    assert failure.tries == 0
    assert failure.reason
    assert failure.hint
    assert not case.accounts("payments")


def test_after_a_failure_another_application_begins_anew(case: Case) -> None:
    case.take_email("aws+payments@example.com")
    _failure(case, case.application())
    free = replace(case.application(token="another"), email="aws+free@example.com")
    assert case.ended(case.provider.begin(free)).state is CreationState.SUCCEEDED


def test_the_traits_make_sense(case: Case) -> None:
    traits = case.provider.traits
    assert traits.max_in_flight >= 1
    assert traits.settles_after >= timedelta()
    assert 0 < traits.pace.soonest <= traits.pace.rarest


def _failure(case: Case, application: Application) -> CreationFailure:
    """Why nothing comes of ``application``, said at once or in the end."""
    try:
        ended = case.ended(case.provider.begin(application))
    except CreationRefused as refused:
        return refused.failure
    assert ended.state is CreationState.FAILED
    assert ended.account_id is None
    assert ended.failure is not None
    return ended.failure
