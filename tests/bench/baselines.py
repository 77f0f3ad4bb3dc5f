"""The ``standard`` baseline of this repository over three regions: two hundred accounts that are as
they should be, and one new account that gets all of it.

Time is simulated: what a call takes on AWS is waited for, what this machine computes is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aft.app.apply.applying import apply_now
from aft.app.plan.planning import Planned, plan_now
from aft.aws.adapters import connect
from aft.baselines.model import SETTING
from aft.engine.model import StopToken
from aft.organization.model import REQUEST_TAG
from aft.plan.outcome import Outcome, Status, StepOutcome
from aft.sandbox.seed import AccountSpec
from aft.values.ids import RequestId
from tests.bench.delays import SlowMembers
from tests.bench.repositories import write_files
from tests.bench.table import Row
from tests.bench.vending import Silent
from tests.bench.worlds import Place, fill_ledger, place
from tests.fakes.clocks import SimulatedClock

ACCOUNTS = 200
READ_SECONDS, CHANGE_SECONDS = 0.03, 0.1
SLOWEST = "image-public-access"
ORGANIZATION_SERVICES = ("organizations", "account", "sts", "resourcegroupstaggingapi")
STANDARD = Path(__file__).parents[2] / "customizations" / "baselines" / "standard.yaml"
CONFIG = """\
version: 1
home_region: eu-central-1
governed_regions: [eu-central-1, eu-west-1, us-east-1]
limits: {create: 300, accounts: 300}
"""
ORGANIZATION = (
    "organizational_units:\n  - name: Security\n  - name: Infrastructure\n  - name: Workloads\n"
)
DEFAULTS = """\
owner: {team: platform, email: platform@example.com}
contacts:
  security: {name: Ada Lovelace, title: On call, email: sec@example.com, phone: "+49 30 1"}
budget: {monthly_usd: 500}
"""


@dataclass(frozen=True)
class _Request:
    """One request; its account has the request's id as name."""

    request_id: str
    ou: str

    @property
    def tags(self) -> Mapping[str, str]:
        return {}


def measure(folder: Path) -> Iterator[Row]:
    """All rows."""
    with _seeded(folder / "deep", ACCOUNTS) as (made, accounts):
        fill_ledger(made, accounts)
        yield from _unchanged(made)
        yield from _deep(made)
    with _seeded(folder / "first-day", 3) as (made, _):
        yield from _first_day(made)


def _unchanged(made: Place) -> Iterator[Row]:
    desired = made.workspace.desired(made.workspace.files("HEAD"))
    before = made.sandbox.calls
    planned = plan_now(made.workspace, made.world, desired)
    calls = made.sandbox.log[before:]
    inside = [record for record in calls if record.service not in ORGANIZATION_SERVICES]
    group = f"A plan of {ACCOUNTS} unchanged accounts with `standard`, three regions"
    yield Row(group=group, name="changes planned", measured=len(planned.plan.changes), bound=0)
    yield Row(group=group, name="calls inside accounts", measured=len(inside), bound=0)


def _deep(made: Place) -> Iterator[Row]:
    """The reads of a deep plan: of one account, and of all."""
    # The log archive and the administrator look after more than others do.
    kinds = ("service-000", "log-archive", "audit")
    one = max((_read(made, [RequestId(name)]) for name in kinds), key=lambda item: item.calls)
    every = _read(made, None)
    group = f"--deep over {ACCOUNTS} accounts with `standard`, three regions, 30 ms a call"
    yield Row(
        group=group,
        name=f"calls, in calls of one account (at most {one.calls})",
        measured=every.calls / one.calls,
        bound=ACCOUNTS,
    )
    one_by_one = every.calls * READ_SECONDS
    yield Row(
        group=group,
        name="times faster than one after another",
        measured=one_by_one / every.seconds,
        bound=8,
        at_least=True,
        detail=f"{every.calls} calls in {every.seconds:.1f} s, instead of {one_by_one:.0f} s",
    )


@dataclass(frozen=True)
class _Read:
    calls: int
    seconds: float


def _read(made: Place, scope: list[RequestId] | None) -> _Read:
    desired = made.workspace.desired(made.workspace.files("HEAD"))
    with SimulatedClock() as clock:
        slow = SlowMembers(made.world.edge.members, clock, READ_SECONDS, alike=True)
        world = replace(made.world, edge=replace(made.world.edge, members=slow))
        planned = plan_now(made.workspace, world, desired, scope=scope, deep=True)
        if planned.plan.attention:
            raise AssertionError(planned.plan.attention[0].message)
        return _Read(slow.calls.total(), clock.monotonic())


def _first_day(made: Place) -> Iterator[Row]:
    """The accounts that others report to first; then one more gets its whole baseline."""
    _applied(made, made, ["log-archive", "audit"])
    with SimulatedClock() as clock:
        desired = made.workspace.desired(made.workspace.files("HEAD"))
        session = made.sandbox.botocore_session()
        edge = connect(desired.config, clock=clock, botocore_session=session)
        slow = SlowMembers(edge.members, clock, CHANGE_SECONDS)
        world = replace(made.world, clock=clock, edge=replace(edge, members=slow), run="first-day")
        outcome = _applied(made, replace(made, world=world), ["service-000"])
    steps = {
        step.change.id: step
        for row in outcome.targets
        for step in row.steps
        if step.change.kind == SETTING
    }
    group = "The first day of an account with `standard`, three regions, 100 ms a call"
    yield Row(group=group, name="settings applied", measured=len(steps), bound=15, at_least=True)
    yield _beside(group, "time", steps)
    # AWS takes its time for this one, which hides how the others go.
    others = {key: step for key, step in steps.items() if step.change.key != SLOWEST}
    yield _beside(group, f"without {SLOWEST}", others)
    yield Row(
        group=group,
        name="one call after another",
        measured=slow.calls.total() * CHANGE_SECONDS,
        unit=" s",
        detail=f"{slow.calls.total()} calls",
    )


def _beside(group: str, what: str, steps: Mapping[str, StepOutcome]) -> Row:
    """All of it against the longest setting with what it comes after."""
    ends = [(step.began or 0.0) + step.seconds for step in steps.values()]
    whole = max(ends) - min(step.began or 0.0 for step in steps.values())
    longest, subject = max((_path(step, steps), step.change.key) for step in steps.values())
    return Row(
        group=group,
        name=f"{what}, in times of its longest setting",
        measured=whole / longest,
        bound=1.5,
        detail=f"{whole:.1f} s, {longest:.1f} s of them {subject}",
    )


def _path(step: StepOutcome, steps: Mapping[str, StepOutcome]) -> float:
    """Seconds of a setting and of those it comes after."""
    before = [_path(steps[need], steps) for need in step.change.needs if need in steps]
    return step.seconds + max(before, default=0.0)


def _applied(made: Place, where: Place, only: Sequence[str]) -> Outcome:
    planned = _planned(where, only)
    outcome = apply_now(
        made.workspace,
        where.world,
        planned,
        observer=Silent(),
        stop=StopToken(),
        command="bench",
    )
    failed = [
        f"{step.change.id}: {step.message}"
        for row in outcome.targets
        for step in row.steps
        if step.status is not Status.SUCCEEDED
    ]
    if failed:
        raise AssertionError(failed[0])
    return outcome


def _planned(made: Place, only: Sequence[str]) -> Planned:
    desired = made.workspace.desired(made.workspace.files("HEAD"))
    return plan_now(made.workspace, made.world, desired, scope=[RequestId(name) for name in only])


@contextmanager
def _seeded(root: Path, count: int) -> Iterator[tuple[Place, Mapping[_Request, str]]]:
    """A repository and its accounts, with nothing inside them yet."""
    requests = [
        *(_Request(name, "Security") for name in ("log-archive", "audit")),
        *(
            _Request(f"service-{number:03}", "Workloads" if number else "Infrastructure")
            for number in range(count - 2)
        ),
    ]
    files = {
        "aft.yaml": CONFIG,
        "customizations/organization/organization.yaml": ORGANIZATION,
        "customizations/baselines/standard.yaml": STANDARD.read_text(),
        "account-requests/_defaults.yaml": DEFAULTS,
    }
    files |= {
        f"account-requests/{item.request_id}.yaml": f"name: {item.request_id}\n"
        f"email: aws+{item.request_id}@example.com\nou: {item.ou}\n"
        for item in requests
    }
    write_files(root, files)
    with place(root) as made:
        made.sandbox.configure(account_quota=count + 10)
        ids = made.sandbox.seed_accounts(
            [
                AccountSpec(
                    name=item.request_id,
                    email=f"aws+{item.request_id}@example.com",
                    ou=item.ou,
                    tags={REQUEST_TAG: item.request_id},
                )
                for item in requests
            ]
        )
        yield made, dict(zip(requests, ids, strict=True))
