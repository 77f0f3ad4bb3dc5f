"""Identifiers, parsed once at the edge and never re-checked inside.

Each ``parse`` raises ``ValueError`` with a message fit for a finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType

Revision = NewType("Revision", str)
"""A full git commit id, or ``WORKING_TREE``."""

WORKING_TREE = Revision("working tree")

PlanDigest = NewType("PlanDigest", str)
"""``sha256:`` and 64 hex digits over a plan's canonical JSON."""

OrgUnitId = NewType("OrgUnitId", str)
"""AWS's id of a root (``r-…``) or organizational unit (``ou-…``)."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
# AWS: the rules written for CreateAccount's Email. Before the @ there is any ASCII character but
# blanks and " ' ( ) < > [ ] : ; , \ | % &, and no dot first.
_LOCAL = r"[!#$*+/0-9=?A-Z^_`a-z{}~-][!#$*+./0-9=?A-Z^_`a-z{}~-]*"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
ROOT_EMAIL = rf"^{_LOCAL}@{_DOMAIN}$"
"""The same for editors, but for the length and the dot that a domain has."""
_ORG_UNIT_ID = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")

MAX_ORG_UNIT_NAME = 128  # AWS: OrganizationalUnitName
MAX_ORG_UNIT_DEPTH = 5  # AWS quota: OU nesting below the root


RESERVED_ID = "organization"
"""The ledger's subject for the OU tree and the runs; no request may be called so."""


class AccountId(str):
    """An AWS account id: twelve digits, leading zeros kept."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> AccountId:
        if not _ACCOUNT_ID.fullmatch(text):
            raise ValueError(f"{text!r} is not an account id: expected twelve digits in quotes")
        return cls(text)


class RequestId(str):
    """The id of an account request: its file's stem, unique but for case."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> RequestId:
        if not _REQUEST_ID.fullmatch(text):
            raise ValueError(
                f"{text!r} is not a request id: expected 1 to 63 letters, digits, '.', '_' or "
                "'-', beginning and ending with a letter or digit"
            )
        if text.casefold() == RESERVED_ID:
            raise ValueError(f"{text!r} is not free: the ledger keeps the OU tree's story under it")
        return cls(text)


class EmailAddress(str):
    """A root e-mail address as AWS accepts it (``problem_of``). Compare with ``key``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> EmailAddress:
        if problem := cls.problem_of(text):
            found = repr(text if len(text) <= 64 else f"{text[:61]}...")
            raise ValueError(f"{found} is not an e-mail address AWS accepts: expected {problem}")
        return cls(text)

    @staticmethod
    def problem_of(text: str) -> str:
        """What AWS expects of a new account's address and this is not; else empty."""
        local, at, domain = text.partition("@")
        if not 6 <= len(text) <= 64 or not at:
            return "6 to 64 characters like name@example.com"
        if not text.isascii():
            odd = next(letter for letter in text if not letter.isascii())
            return f"ASCII characters alone, found U+{ord(odd):04X}"
        if not re.fullmatch(_LOCAL, local):
            return (
                "letters, digits and ! # $ * + - . / = ? ^ _ ` { } ~ before the '@', and no '.' "
                "first"
            )
        if "." not in domain or not re.fullmatch(_DOMAIN, domain):
            return (
                "one '@', and behind it a domain of letters, digits, '-' and at least one '.', "
                "which neither begin nor end it"
            )
        return ""

    @property
    def key(self) -> str:
        """The address for comparison; AWS treats addresses as equal but for case."""
        return self.casefold()

    @property
    def is_reserved(self) -> bool:
        """No one can ever receive mail there (RFC 2606, RFC 6761): a domain for examples."""
        labels = self.key.rpartition("@")[2].split(".")
        is_example = labels[-2:-1] == ["example"] and labels[-1] in ("com", "net", "org")
        return is_example or labels[-1] in ("example", "invalid", "localhost", "test")


@dataclass(frozen=True, slots=True, order=True)
class OrgUnitPath:
    """Where an organizational unit hangs, as names from the root; ``()`` is the root.

    Its text is what a file has for it: ``Workloads/Prod``, or a list of names in JSON
    (``["Workloads", "R&D / Labs"]``) where names joined by slashes would be read as something
    else. So different paths have different texts, and ``of_text`` reads each back."""

    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> OrgUnitPath:
        """Read ``Workloads/Prod``, or names as a list in JSON, as people write them; ``/`` and
        ``Root`` name the root itself."""
        if text.startswith("["):
            return cls.of_names(_listed_names(text))
        if text in ("/", "Root"):
            return cls()
        names = tuple(text.strip("/").split("/"))
        if any(not name.strip() or name != name.strip() for name in names):
            raise ValueError(
                f"{text!r} is not an OU path: expected names joined by '/', or a list of names "
                "where a name itself has a '/' or blanks around it"
            )
        return cls.of_names(names)

    @classmethod
    def written(cls, value: str | Sequence[str]) -> OrgUnitPath:
        """A path as a file has it: text for ``parse``, or a list of names."""
        return cls.parse(value) if isinstance(value, str) else cls.of_names(value)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> OrgUnitPath:
        """The path of exactly these names, within AWS's limits."""
        path = cls(tuple(names))
        if not names or "" in names:
            raise ValueError("a list that names an OU has at least one name, and no empty one")
        for name in names:
            if len(name) > MAX_ORG_UNIT_NAME:
                raise ValueError(f"OU name {name[:20]!r}… is over {MAX_ORG_UNIT_NAME} characters")
        if len(names) > MAX_ORG_UNIT_DEPTH:
            raise ValueError(f"{str(path)!r} is {len(names)} deep; AWS allows {MAX_ORG_UNIT_DEPTH}")
        return path

    @classmethod
    def of_text(cls, text: str) -> OrgUnitPath:
        """The path whose text this is. Any name that AWS has is right: nothing is checked."""
        if text == "/":
            return cls()
        return cls(_listed_names(text) if text.startswith("[") else tuple(text.split("/")))

    @property
    def is_root(self) -> bool:
        return not self.names

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else "Root"

    @property
    def depth(self) -> int:
        return len(self.names)

    @property
    def parent(self) -> OrgUnitPath:
        """The path above; raises ``ValueError`` at the root."""
        if not self.names:
            raise ValueError("the root has no parent")
        return OrgUnitPath(self.names[:-1])

    def child(self, name: str) -> OrgUnitPath:
        return OrgUnitPath((*self.names, name))

    def is_within(self, other: OrgUnitPath) -> bool:
        """True when this is ``other`` or below it."""
        return self.names[: len(other.names)] == other.names

    def __str__(self) -> str:
        return _path_text(self.names)


@lru_cache(maxsize=4096)
def _path_text(names: tuple[str, ...]) -> str:
    text = "/".join(names) or "/"
    if not names or _is_plain(text, names):
        return text
    return json.dumps(names, ensure_ascii=False)


def _is_plain(text: str, names: tuple[str, ...]) -> bool:
    """Names joined by slashes say which names they are, and nothing else."""
    if text == "Root" or text.startswith("[") or is_org_unit_id(text):
        return False
    return not any("/" in name or name != name.strip() for name in names)


def _listed_names(text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f'{text!r} is not an OU path: expected a list of names such as ["Workloads", "Prod"]'
        )
    return tuple(names)


def is_org_unit_id(text: str) -> bool:
    """True for AWS's own id of an organizational unit, ``ou-…-…``."""
    return _ORG_UNIT_ID.fullmatch(text) is not None
