"""What a plan asks of AWS: with nothing to do, with one request changed, and scoped.

Every plan is made with new clients and new credentials, as a command of its own would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aft.app.plan.planning import Planned, changed_since, plan_now, publish
from aft.app.world import edge_onto
from aft.plan.reviewed import policies_of
from tests.bench.repositories import Sample, commit, git
from tests.bench.table import Row
from tests.bench.worlds import Place, settled_place

ACCOUNTS = 1_000
PER_ACCOUNT = ("ListTagsForResource", "DescribeAccount", "ListParents")
IDENTITY = ("GetCallerIdentity",)
"""Asked once a run, whatever is planned."""


def measure(folder: Path) -> Iterator[Row]:
    """All rows at a thousand accounts."""
    with settled_place(folder / "plan-reads", ACCOUNTS) as made:
        _publish(made)
        nothing, calls = plan_counting(made)
        yield from no_op_rows(nothing, calls, accounts=ACCOUNTS, bound=250)
        yield from _changed(made, calls)


def no_op_rows(
    planned: Planned, calls: Counter[str], *, accounts: int, bound: int
) -> Iterator[Row]:
    """What the plan of an organization that is as it should be has cost."""
    group = f"A plan with nothing to do, {accounts:,} accounts"
    yield Row(group=group, name="changes planned", measured=len(planned.plan.changes), bound=0)
    yield Row(
        group=group,
        name="AWS calls",
        measured=sum(calls.values()),
        bound=bound,
        detail=", ".join(f"{number} {operation}" for operation, number in calls.most_common()),
    )
    yield Row(
        group=group,
        name="of these, calls about single accounts",
        measured=sum(calls[operation] for operation in PER_ACCOUNT),
        bound=0,
    )


def plan_counting(made: Place, *, since: str | None = None) -> tuple[Planned, Counter[str]]:
    """A plan of ``HEAD``, and AWS's calls for it by operation."""
    desired = made.workspace.desired(made.workspace.files("HEAD"))
    scope = changed_since(made.workspace, desired, since) if since else None
    with edge_onto(made.sandbox, desired.config) as edge, made.counting() as calls:
        world = replace(made.world, edge=edge)
        planned = plan_now(made.workspace, world, desired, scope=scope, is_shown=True)
    return planned, calls


def _publish(made: Place) -> None:
    """As the shipped workflows do after every apply."""
    workspace = made.workspace
    publish(workspace, made.world, workspace.desired(workspace.files("HEAD")), None)


def _changed(made: Place, shared: Counter[str]) -> Iterator[Row]:
    base = git(made.root, "rev-parse", "HEAD")
    touched, new = Sample(number=ACCOUNTS // 2), Sample(number=ACCOUNTS)
    cases = {
        "a tag": (touched, touched.text.replace("data-class: internal", "data-class: secret")),
        "an OU": (touched, touched.text.replace(touched.ou, "Teams/Team01/Dev")),
        "a new request": (new, new.text),
    }
    group = f"One request changed among {ACCOUNTS:,}"
    for what, (sample, text) in cases.items():
        (made.root / sample.path).write_text(text)
        commit(made.root, f"Change {what}")
        full, calls = plan_counting(made)
        scoped, few = plan_counting(made, since=base)
        more = calls - shared - Counter(dict.fromkeys(IDENTITY, 1))
        if not _said(full) or _said(scoped) != _said(full):
            raise AssertionError(f"{what}: the scoped plan differs from the full one")
        yield Row(
            group=group,
            name=f"{what}: calls beyond those of an empty plan",
            measured=sum(more.values()),
            bound=3,
            detail=", ".join(f"{number} {operation}" for operation, number in sorted(more.items())),
        )
        yield Row(
            group=group,
            name=f"{what}: calls with --changed-since, in all",
            measured=sum(few.values()),
            bound=10,
            detail=", ".join(f"{number} {operation}" for operation, number in sorted(few.items())),
        )
        git(made.root, "reset", "--quiet", "--hard", base)


def _said(planned: Planned) -> list[tuple[str, str | None, list[str]]]:
    """Each change, with the policies that a move leaves and gains."""
    return [
        (
            change.id,
            policies_of(change),
            [line for line in change.details if line.startswith(("leaves ", "gains "))],
        )
        for change in planned.plan.changes
    ]
