"""Which inputs are behind the names a template reads. Pure."""

from __future__ import annotations

from aft.customizations.access import Access
from aft.customizations.model import FACTS
from aft.customizations.template_values import ACCOUNT_FIELDS, ROOTS


def inputs_read(accesses: tuple[Access, ...]) -> frozenset[str]:
    """The inputs (names of ``ALL_INPUTS``) behind what is read."""
    used: set[str] = set()
    for access in accesses:
        root, rest = access.path[0], access.path[1:]
        if root != "account":
            used.update({root} & set(ROOTS))
        elif not rest:
            used |= FACTS
        elif rest[0] in ACCOUNT_FIELDS:
            used.add(ACCOUNT_FIELDS[rest[0]])
    return frozenset(used)
