"""Names of the things aft looks after: a kind, and a key that is unique among its kind."""

from __future__ import annotations

from typing import NamedTuple


class Ref(NamedTuple):
    """A thing by name, before and after it exists, such as ``Ref("ou", "Workloads/Prod")``. Its
    text is ``<kind>/<key>``; a kind's name holds no slash, a key may."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The thing of that text. Raises ``ValueError`` where there is no slash."""
        kind, slash, key = text.partition("/")
        if not (kind and slash):
            raise ValueError(f"{text!r} names no kind")
        return cls(kind, key)


ACCOUNT = "account"
OU = "ou"
"""Accounts and the paths of OUs are the space that all kinds refer to, so their names are here."""


def ou_ref(path: object) -> Ref:
    """The OU at ``path``."""
    return Ref(OU, str(path))


def account_ref(aspect: str = "") -> Ref:
    """One aspect of a request's account, within that request: ``""`` its existence and binding,
    ``ou`` its place, ``name``, ``tags``, ``request`` the request it belongs to,
    ``protect`` its protection."""
    return Ref(ACCOUNT, aspect)
