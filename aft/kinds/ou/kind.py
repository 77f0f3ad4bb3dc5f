"""Organizational units as a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aft.kinds.ou.diff import found_in_place, plan_removals, plan_units, tags_seen
from aft.kinds.ou.identity import in_question
from aft.plan.draft import Draft, Look
from aft.plan.fields import OU, OU_ID, field_of
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import ORGANIZATION, Action, Change, Plan
from aft.plan.view import PlanView
from aft.plan.words import Item, both, fields_by_name
from aft.values import refs
from aft.values.ids import OrgUnitId
from aft.values.refs import Ref

_VERBS: Mapping[Action, Verb] = {
    Action.CREATE: Verb(label="create OU", counted=("OU created", "OUs created"), drifted="OU"),
    Action.UPDATE: Verb(label="rename OU", counted=("OU renamed", "OUs renamed")),
    Action.ADOPT: Verb(
        label="adopt OU",
        counted=("OU adopted", "OUs adopted"),
        risk=Risk("adopt-ou", "only one witness, the ledger or the tag, says that it is this OU"),
    ),
    Action.DELETE: Verb(
        label="delete OU",
        counted=("OU deleted", "OUs deleted"),
        risk=Risk("delete-ou", "the OU is gone afterwards"),
        limit=Limit("delete_ou", "OU deletions", "OUs"),
    ),
}


class OrganizationalUnits(Kind):
    """The OU tree. A key is a path, as it will be once the plan's renames are done."""

    name = refs.OU
    noun = ("OU", "OUs")
    title = "Organizational units"
    truth = Truth.SNAPSHOT
    effects = "aft.kinds.ou.effects:OrganizationalUnitEffects"
    makes_space = True

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return _VERBS

    def looks(self, view: PlanView, draft: Draft) -> Iterable[Look]:
        """At the tags of OUs of which it is in question which they are."""
        del draft
        account_id = view.snapshot.management_account_id
        for unit_id in sorted(in_question(view)):
            yield Look(
                ref=Ref(refs.OU, unit_id),
                target=ORGANIZATION,
                account_id=account_id,
                subject=unit_id,
            )

    def recognised(self, view: PlanView) -> Mapping[Ref, str]:
        return dict(found_in_place(view))

    def recalled(
        self, plan: Plan, looks: Iterable[Look]
    ) -> Mapping[tuple[str, str], Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        for change in plan.changes:
            unit_id = field_of(change, OU_ID)
            if change.kind == self.name and unit_id is not None and unit_id.before:
                found[unit_id.before] = tags_seen(change)
        return {
            (look.account_id, look.ref.key): found[look.ref.key]
            for look in looks
            if look.ref.key in found
        }

    def diff(self, view: PlanView, draft: Draft) -> None:
        seen = draft.seen.get(self.name, {})
        plan_units(view, draft, {OrgUnitId(key): tags for (_, key), tags in seen.items()})

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        if not view.is_limited:
            plan_removals(view, draft)

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        for change in changes:
            path = fields_by_name(change.fields).get(OU)
            is_named = change.action in (Action.DELETE, Action.ADOPT)
            renamed = not change.action.removes and path is not None and path.before is not None
            renamed = renamed and path is not None and path.before != path.after
            yield Item(
                symbol=change.symbol,
                label=self.verb(change).label if is_named else "OU",
                values=(both(path) if renamed else change.key,),
                notes=(f"({change.reason})",),
                vital=int(change.action is Action.ADOPT),
            )
