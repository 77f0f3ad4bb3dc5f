"""Whatever a kind says about itself is heard: without any one member, something else comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import builders_plan as b
import pytest
from toys.policies_kind import ToyAttachments, ToyPolicies
from toys.tags_kind import OrganizationTags

from aft.config.model import Limits
from aft.kinds.registry import effects_of, installed_kinds
from aft.ledger.events import AccountRecord, LedgerState
from aft.plan.draft import Look
from aft.plan.drift import detect_drift
from aft.plan.kind import Kind, Kinds
from aft.plan.make import draft_plan
from aft.plan.safety import check_safety
from aft.plan.view import PlanView
from aft.report.markdown.fitting import comment
from aft.report.markdown.plan import PlanPage
from aft.report.text import plan_view
from aft.scaffold.roles import RoleNames, template_of
from aft.values.github_subject import RepositorySubject
from aft.yamldoc import parse_yaml

FILE = """\
organization_tags: {cost-center: '42', team: core}
toy_policies: [{name: no-exit, denies: 's3:*', ous: [Workloads], accounts: [nobody]}]
"""
OBJECTS: Mapping[str, Mapping[str, Any]] = {
    "organization-tag": {"team": "edge", "old": "1", "older": "2"},
    "toy-policy": {"old": {"id": "p-1", "denies": "s3:*"}},
    "toy-attachment": {"old@x": {"policy": "old", "target": b.unit_id("Workloads")}},
}
DONE = {
    subject: AccountRecord(subject=subject, steps={subject: b.done("sha256:x")})
    for subject in ("organization-tag/old", "organization-tag/older")
}


def observed(kinds: Kinds) -> Mapping[str, object]:
    """Everything that a user, the ledger or AWS gets to see of the kinds."""
    document, _ = parse_yaml(FILE.encode(), "organization.yaml")
    assert document is not None
    parsed = {
        kind.name: kind.parse(document, {key: document.data[key] for key in kind.sections})
        for kind in kinds.values()
        if kind.sections
    }
    state = replace(
        b.desired(b.request("app")), parts={name: part for name, (part, _) in parsed.items()}
    )
    world = replace(b.snapshot(accounts=[b.account(1, "app")]), objects=OBJECTS)
    book = LedgerState(commit="e" * 40, records={**DONE, "app": b.record("app", 1)})
    view: PlanView = b.view(state, world, book)
    asked: list[str] = []

    def look(kind: str, looks: tuple[Look, ...]) -> Mapping[tuple[str, str], Any]:
        asked.append(kind)
        return {}

    plan = draft_plan(view, kinds=kinds, look=look, made_at=b.NOW).plan  # type: ignore[arg-type]
    limits, today = Limits(), date(2026, 11, 22)
    drift = detect_drift(plan, state, world, book, kinds=kinds, applied={})
    names = RoleNames(
        repository=RepositorySubject(repository="a/b"),
        member="m",
        reader="r",
        reads=kinds.reads,
        writes=kinds.writes,
    )
    return {
        "schema": kinds.sections,
        "findings": [list(kind.check(state)) for kind in kinds.values()],
        "changes": plan.changes,
        "waves": plan.waves,
        "text": plan_view(plan, kinds=kinds).plain,
        "page": comment(PlanPage(kinds=kinds, plan=plan)),
        "limits": check_safety(plan, limits, kinds=kinds, today=today),
        "drift": drift,
        "truth": {kind.name: kind.truth for kind in kinds.values()},
        "roles": template_of(names),
        "effects": {name: type(item).__name__ for name, item in effects_of(kinds).items()},
    }


def but(changed: type[Kind], member: str | None) -> Kinds:
    toys: list[type[Kind]] = [OrganizationTags, ToyAttachments, ToyPolicies]
    made = []
    for toy in toys:
        values = {name: value for name, value in vars(toy).items() if not name.startswith("__")}
        if toy is changed and member is not None:
            del values[member]
        made.append(type(toy.__name__, (Kind,), values)())
    return Kinds((*installed_kinds().values(), *made))


def members() -> list[Any]:
    return [
        pytest.param(toy, name, id=f"{toy.__name__}.{name}")
        for toy in (OrganizationTags, ToyPolicies, ToyAttachments)
        for name in vars(toy)
        if not name.startswith("_")
    ]


WHOLE = observed(but(OrganizationTags, None))


@pytest.mark.parametrize(("toy", "member"), members())
def test_a_kind_without_it_is_another_kind(toy: type[Kind], member: str) -> None:
    try:
        found = observed(but(toy, member))
    except (AttributeError, KeyError, TypeError):
        return  # it cannot even be made, or be asked
    assert found != WHOLE


def test_a_whole_kind_is_the_same_again() -> None:
    assert observed(but(OrganizationTags, None)) == WHOLE
    assert "Too many organization tags removed" in str(WHOLE["limits"])
