"""Organizational units as a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aft.plan.fields import OU
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import Action, Change
from aft.plan.words import Item, both, fields_by_name

_VERBS: Mapping[Action, Verb] = {
    Action.CREATE: Verb(label="create OU", counted=("OU created", "OUs created"), drifted="OU"),
    Action.UPDATE: Verb(label="rename OU", counted=("OU renamed", "OUs renamed")),
    Action.DELETE: Verb(
        label="delete OU",
        counted=("OU deleted", "OUs deleted"),
        risk=Risk("delete-ou", "the OU is gone afterwards"),
        limit=Limit("delete_ou", "OU deletions", "OUs"),
    ),
}


class OrganizationalUnits(Kind):
    """The OU tree. A key is a path, as it will be once the plan's renames are done."""

    name = "ou"
    noun = ("OU", "OUs")
    title = "Organizational units"
    truth = Truth.SNAPSHOT
    effects = "aft.kinds.ou.effects:OrganizationalUnitEffects"

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return _VERBS

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        for change in changes:
            path = fields_by_name(change.fields).get(OU)
            renamed = change.action is Action.UPDATE and path is not None
            yield Item(
                symbol=change.symbol,
                label="delete OU" if change.action is Action.DELETE else "OU",
                values=(both(path) if renamed else change.key,),
                notes=(f"({change.reason})",),
            )
