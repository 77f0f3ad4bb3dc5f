"""How the simulated AWS behaves: delays and limits, by profile.

Values only. Seconds are virtual. Sources: AWS's quota pages where named, otherwise what is
commonly seen; docs say which.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Profile(enum.StrEnum):
    """``instant`` for tests and quick looks, ``realistic`` for demos, ``chaos`` for worry."""

    INSTANT = "instant"
    REALISTIC = "realistic"
    CHAOS = "chaos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The knobs of one sandbox. Change them with ``Sandbox.configure``."""

    creation_seconds: tuple[float, float] = (0.0, 0.0)
    """How long CreateAccount stays IN_PROGRESS (drawn per request from the seed). It is always
    asynchronous: the first answer is IN_PROGRESS even at zero."""
    role_usable_seconds: float = 0.0
    """How long after SUCCEEDED the account's access role still answers AccessDenied."""
    closure_seconds: float = 0.0
    """How long a closed account stays PENDING_CLOSURE."""
    region_opt_seconds: float = 0.0
    """How long EnableRegion and DisableRegion take."""
    tagging_lag_seconds: float = 0.0
    """How long the tagging API goes on showing an account's old tags."""
    billing_lag_seconds: float = 0.0
    """How long billing takes to see a tag key for the first time."""
    support_api: bool = True
    """Whether the management account's support plan has an API (Business or above)."""
    concurrent_creations: int = 5
    account_quota: int = 500
    throttle: bool = False
    """Enforce the request rates of ``aft.sandbox.rates``."""
    fault_probability: float = 0.0
    """Share of calls that fail at random with a throttle, a reset or a lost reply."""


_BEHAVIOURS = {
    Profile.INSTANT: Behaviour(),
    Profile.REALISTIC: Behaviour(
        creation_seconds=(60.0, 180.0),
        role_usable_seconds=20.0,
        closure_seconds=3600.0,
        region_opt_seconds=300.0,
        tagging_lag_seconds=15.0,
        billing_lag_seconds=86_400.0,
        throttle=True,
    ),
}
_BEHAVIOURS[Profile.CHAOS] = replace(_BEHAVIOURS[Profile.REALISTIC], fault_probability=0.02)


def behaviour_of(profile: Profile) -> Behaviour:
    """The knobs a profile begins with."""
    return _BEHAVIOURS[profile]
