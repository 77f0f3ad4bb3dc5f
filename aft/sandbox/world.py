"""All state of the simulated AWS that is ours; moto keeps the rest.

A ``World`` is one picklable graph: it is what a snapshot holds beside moto's backends.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from aft.sandbox.credentials import CredentialTable, Keys
from aft.sandbox.organizations_backend.model import Organization
from aft.sandbox.profiles import Behaviour, Profile


@dataclass(slots=True, kw_only=True)
class EmailChange:
    """A root e-mail change waiting for its one-time code."""

    new_email: str
    otp: str
    status: str = "PENDING"


@dataclass(slots=True, kw_only=True)
class AccountProfile:
    """What the Account Management API keeps per account."""

    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    contact_information: dict[str, str] | None = None
    regions: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Opt-in region to (status, when a change completes)."""
    email_change: EmailChange | None = None


@dataclass(slots=True, kw_only=True)
class CreationFailure:
    """CreateAccount requests whose e-mail contains ``pattern`` (or fits it) fail."""

    pattern: str
    reason: str


@dataclass(slots=True, kw_only=True)
class World:
    """See the module."""

    seed: int
    profile: Profile
    home_region: str
    behaviour: Behaviour
    rng: random.Random
    organization: Organization
    credentials: CredentialTable
    management_keys: Keys
    profiles: dict[str, AccountProfile] = field(default_factory=dict)
    creation_failures: list[CreationFailure] = field(default_factory=list)
    buckets: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    """Token buckets of the throttle table: (tokens, time of last refill)."""
    services: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    """State of our own services: (kind, account, region) to what its module keeps."""
    calls: int = 0

    def account_profile(self, account_id: str) -> AccountProfile:
        return self.profiles.setdefault(account_id, AccountProfile())
