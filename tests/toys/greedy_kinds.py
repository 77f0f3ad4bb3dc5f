"""Kinds that take what is somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from aft.plan.kind import Limit, Verb
from aft.plan.model import Action

from .tags_kind import OrganizationTags


class TakesAnothersKey(OrganizationTags):
    name = "greedy"

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {Action.CREATE: Verb(label="take")}


class TakesAKey(TakesAnothersKey):
    sections: ClassVar = {"organizational_units": {}}


class TakesALimit(TakesAnothersKey):
    sections: ClassVar = {}

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {Action.CREATE: Verb(label="take", limit=Limit("move", "moves", "things"))}
