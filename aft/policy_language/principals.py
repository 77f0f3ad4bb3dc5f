"""Who asks, and whom a statement is about."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aft.policy_language.documents import NotAPolicy, as_list, text_of
from aft.policy_language.truth import Truth, negated, unknown

_ARN = re.compile(r"arn:[^:]*:(?P<service>iam|sts)::(?P<account>\d{12}):(?P<rest>.+)", re.DOTALL)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_SERVICE_LINKED = "role/aws-service-role/"
_SESSION = "assumed-role/"


class PrincipalKind(enum.StrEnum):
    """What a principal is, by the form of its name."""

    ACCOUNT = "account"
    SESSION = "role session"
    OTHER = "user or role"
    SERVICE = "AWS service"
    FEDERATED = "federated identity"
    ANYONE = "anyone"


@dataclass(frozen=True)
class Principal:
    """The maker of a request: an ARN of IAM or STS, an account id, an AWS service's name, an
    identity provider, or ``*`` for someone without credentials. ``role_arn`` is the role of a
    session; without it the session's own name says which."""

    name: str
    role_arn: str = ""

    @cached_property
    def account(self) -> str:
        """The account, or an empty string."""
        found = _ARN.fullmatch(self.name)
        if found is not None and self.kind is not PrincipalKind.FEDERATED:
            return found["account"]
        return self.name if re.fullmatch(r"\d{12}", self.name) else ""

    @cached_property
    def kind(self) -> PrincipalKind:
        if self.name in ("*", ""):
            return PrincipalKind.ANYONE
        if _SERVICE.fullmatch(self.name):
            return PrincipalKind.SERVICE
        if re.fullmatch(r"\d{12}", self.name):
            return PrincipalKind.ACCOUNT
        found = _ARN.fullmatch(self.name)
        if found is None or found["rest"].startswith(("oidc-provider/", "saml-provider/")):
            return PrincipalKind.FEDERATED
        if found["rest"] == "root":
            return PrincipalKind.ACCOUNT
        is_session = found["service"] == "sts" and found["rest"].startswith(_SESSION)
        return PrincipalKind.SESSION if is_session else PrincipalKind.OTHER

    @cached_property
    def is_service_linked(self) -> bool:
        """A service-linked role, or a session of one whose role's ARN is known."""
        return any(f":{_SERVICE_LINKED}" in name for name in (self.name, self.role_arn))

    @cached_property
    def role(self) -> tuple[str, str]:
        """Account and name of the role, for a role or a session of one."""
        found = _ARN.fullmatch(self.role_arn or self.name)
        if found is None:
            return ("", "")
        rest = found["rest"]
        if rest.startswith(_SESSION):
            return (found["account"], rest.split("/")[1])
        return (found["account"], rest.rpartition("/")[2]) if rest.startswith("role/") else ("", "")


class Named:
    """The Principal element of a statement, compiled."""

    __slots__ = ("_anyone", "_aws", "_other", "_roles")

    def __init__(self, raw: Any) -> None:
        groups = raw if isinstance(raw, Mapping) else {"AWS": raw}
        if raw is not None and not isinstance(raw, Mapping) and raw != "*":
            raise NotAPolicy(f"Principal is '*' or a mapping, not {raw!r}")
        aws = {text_of(item) for item in as_list(groups.get("AWS"))}
        self._anyone = "*" in aws
        self._aws = frozenset(_account_or_name(item) for item in aws)
        self._roles = frozenset(Principal(item).role for item in aws if ":role/" in item)
        self._other = frozenset(
            text_of(item)
            for kind in ("Service", "Federated", "CanonicalUser")
            for item in as_list(groups.get(kind))
        )

    def covers(self, principal: Principal) -> bool:
        """Is ``principal`` named, or its role, or its account, or everyone?"""
        return self._anyone or any(self._names(principal))

    def not_covered(self, principal: Principal) -> Truth:
        """NotPrincipal. AWS wants session, role and account named; where only some of them are,
        it depends."""
        if self._anyone:
            return False
        named = self._names(principal)
        if all(named) or not any(named):
            return negated(all(named))
        return unknown("NotPrincipal")

    def _names(self, principal: Principal) -> tuple[bool, ...]:
        if principal.kind in (PrincipalKind.SERVICE, PrincipalKind.FEDERATED):
            return (principal.name in self._other or principal.name in self._aws,)
        account = principal.account in self._aws
        if principal.kind in (PrincipalKind.ACCOUNT, PrincipalKind.ANYONE):
            return (account,)
        own = principal.name in self._aws
        if principal.kind is PrincipalKind.SESSION:
            return (account, own, principal.role in self._roles)
        return (account, own or (":role/" in principal.name and principal.role in self._roles))


def _account_or_name(text: str) -> str:
    """The root of an account is written by its id."""
    found = _ARN.fullmatch(text)
    return found["account"] if found is not None and found["rest"] == "root" else text
