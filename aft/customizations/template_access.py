"""What a template reads, as data: found by ``aft.customizations.render``, used by the rules."""

from __future__ import annotations

from dataclasses import dataclass

from aft.customizations.model import ALL_INPUTS
from aft.customizations.template_values import ACCOUNT_FIELDS, ROOTS


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One name a template reads, such as ``("custom_fields", "vpc", "cidr")``.

    ``is_certain`` is false where it may not be read, or may be absent: behind ``default`` or
    ``is defined``, in a branch, in a loop.
    """

    path: tuple[str, ...]
    line: int
    column: int
    is_certain: bool

    def __str__(self) -> str:
        return self.path[0] + "".join(
            f".{part}" if part.isidentifier() else f"[{part!r}]" for part in self.path[1:]
        )


def inputs_read(accesses: tuple[Access, ...]) -> frozenset[str]:
    """The inputs (names of ``ALL_INPUTS``) behind what is read."""
    used: set[str] = set()
    for access in accesses:
        root, rest = access.path[0], access.path[1:]
        if root != "account":
            used.update({root} & set(ROOTS))
        elif not rest:
            used |= ALL_INPUTS - {"outputs"}
        elif rest[0] in ACCOUNT_FIELDS:
            used.add(ACCOUNT_FIELDS[rest[0]])
    return frozenset(used)
