"""Who is calling: access keys, the sessions STS has given out, and their end.

The table is part of the saved state, so a session survives from one command to the next. It
never decides what a caller may do.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field

_SYSTEM = random.SystemRandom()
_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a client signs with. ``expires_at`` is seconds since 1970; ``None`` is never."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated caller. ``role_arn`` is set for role sessions, ``session_policies``
    (JSON texts) for those that are held to less than their role."""

    account_id: str
    arn: str
    user_id: str
    access_key: str = ""
    role_arn: str = ""
    service_linked: bool = False
    session_policies: tuple[str, ...] = ()


class UnknownCredentials(Exception):
    """``expired`` tells an old session from an invented key."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("expired" if expired else "unknown")
        self.expired = expired


@dataclass(slots=True, kw_only=True)
class _Entry:
    keys: Keys
    caller: Caller


@dataclass(slots=True, kw_only=True)
class CredentialTable:
    """Access key to caller, in one dictionary look-up. Keys follow from ``rng`` or, with
    ``secret_keys``, from nothing that anybody could know."""

    rng: random.Random
    secret_keys: bool = False
    entries: dict[str, _Entry] = field(default_factory=dict)

    def issue(
        self,
        *,
        account_id: str,
        arn: str,
        user_id: str,
        role_arn: str = "",
        prefix: str = "ASIA",
        expires_at: float | None = None,
        session_policies: tuple[str, ...] = (),
    ) -> Keys:
        """Make keys for a caller; with ``ASIA`` they carry a session token."""
        access_key = prefix + self._text(_ALPHABET, 16)
        secret = self._text(string.ascii_letters + string.digits + "/+", 40)
        token = ""
        if prefix == "ASIA":
            token = self._text(string.ascii_letters + string.digits, 200)
        keys = Keys(access_key=access_key, secret_key=secret, token=token, expires_at=expires_at)
        caller = Caller(
            account_id=account_id,
            arn=arn,
            user_id=user_id,
            access_key=access_key,
            role_arn=role_arn,
            service_linked=":role/aws-service-role/" in role_arn,
            session_policies=session_policies,
        )
        self.entries[access_key] = _Entry(keys=keys, caller=caller)
        return keys

    def _text(self, alphabet: str, length: int) -> str:
        # Drawn in any case: the ids that follow from the seed must not depend on the keys.
        drawn = self.rng.choices(alphabet, k=length)
        return "".join(_SYSTEM.choices(alphabet, k=length) if self.secret_keys else drawn)

    def secret(self, access_key: str) -> str:
        """The secret of ``access_key``; ``""`` for one that is not from here."""
        entry = self.entries.get(access_key)
        return entry.keys.secret_key if entry is not None else ""

    def caller(
        self,
        access_key: str,
        *,
        token: str,
        now: float,
        iam_user: Callable[[str], Caller | None],
    ) -> Caller:
        """Who signs with ``access_key``; ``iam_user`` knows the long-lived keys of IAM users.

        Raises ``UnknownCredentials``.
        """
        entry = self.entries.get(access_key)
        if entry is None:
            user = iam_user(access_key)
            if user is None:
                raise UnknownCredentials(expired=False)
            return user
        if entry.keys.token != token:
            raise UnknownCredentials(expired=False)
        if entry.keys.expires_at is not None and now >= entry.keys.expires_at:
            raise UnknownCredentials(expired=True)
        return entry.caller

    def drop_expired(self, now: float, *, grace: float = 86_400.0) -> None:
        """Forget sessions that ended over ``grace`` seconds ago; keeps the state small."""
        for access_key, entry in list(self.entries.items()):
            expires = entry.keys.expires_at
            if expires is not None and now > expires + grace:
                del self.entries[access_key]
