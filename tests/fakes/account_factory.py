"""An account provider unlike Organizations in all that the engine asks about.

As Control Tower's Account Factory: idempotent by a token, one account at a time, which is born in
its OU and without tags. It exists in tests alone, and the engine knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from aft.account_provider import (
    Application,
    Creation,
    CreationFailure,
    CreationRefused,
    CreationState,
    EarlierApplication,
    PollingPace,
    ProviderTraits,
)
from aft.errors import Conflict, NotFound
from aft.organization.model import OrganizationSnapshot
from aft.values.ids import OrgUnitId
from fakes.world import Birth, FakeWorld

_FAILURES: Mapping[str, CreationFailure] = {
    "EMAIL_ALREADY_EXISTS": CreationFailure(
        reason="the e-mail address is in use", hint="choose another one", account_exists=True
    ),
    "STACK_SET_BUSY": CreationFailure(
        reason="the stack set is busy", hint="wait until nobody else works on it", tries=3
    ),
}


def explained(reason: str) -> CreationFailure:
    """In the factory's own words."""
    return _FAILURES.get(reason, CreationFailure(reason=reason, hint="ask the landing zone's team"))


@dataclass
class AccountFactory:
    """``AccountProvider``; what it knows is the world's, so that it survives a crash."""

    world: FakeWorld
    traits: ClassVar[ProviderTraits] = ProviderTraits(
        max_in_flight=1,
        is_idempotent=True,
        tags_accounts=False,
        settles_after=timedelta(seconds=90),
        pace=PollingPace(soonest=1.0, rarest=20.0),
    )

    def birthplace(self, ou: OrgUnitId, organization: OrganizationSnapshot) -> OrgUnitId:
        return ou

    def begin(self, application: Application) -> Creation:
        world = self.world
        with world.call("ProvisionProduct", write=True):
            for birth in world.births.values():
                if birth.token == application.token:
                    return birth.creation
            if application.ou not in world.units:
                raise CreationRefused(
                    f"OU {application.ou} is not registered", failure=explained("OU unknown")
                )
            if world.in_progress() >= self.traits.max_in_flight:
                world.refused_starts += 1
                raise Conflict("another operation of the factory is in progress")
            now = world.clock.now()
            creation = Creation(
                id=f"record-{len(world.births) + 1:04d}",
                account_name=application.name,
                state=CreationState.IN_PROGRESS,
                requested_at=now,
            )
            world.births[creation.id] = Birth(
                creation=creation,
                email=application.email,
                ends=now + timedelta(seconds=world.creation_seconds),
                listed_from=now + timedelta(seconds=world.list_lag),
                parent=application.ou,
                token=application.token,
                explain=explained,
            )
            world.accepted_starts[application.name] += 1
            world.most_in_progress = max(world.most_in_progress, world.in_progress())
            return creation

    def look(self, creation_id: str) -> Creation:
        with self.world.call("DescribeRecord"):
            if creation_id not in self.world.births:
                raise NotFound(f"there is no record {creation_id}")
            return self.world.births[creation_id].creation

    def in_progress(self) -> Sequence[Creation]:
        return [
            birth.creation
            for birth in self._listed()
            if birth.creation.state is CreationState.IN_PROGRESS
        ]

    def find(self, earlier: EarlierApplication) -> Sequence[Creation]:
        """Exact, by the token."""
        return [
            birth.creation
            for birth in self._listed()
            if birth.token == earlier.token and birth.creation.state is not CreationState.FAILED
        ]

    def _listed(self) -> Sequence[Birth]:
        with self.world.call("SearchProvisionedProducts"):
            now = self.world.clock.now()
            return [birth for birth in self.world.births.values() if birth.listed_from <= now]
