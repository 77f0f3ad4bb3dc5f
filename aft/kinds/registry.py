"""Which kinds there are: those aft comes with, a line each, and those of installed packages.

Order is the order of planning. Entry points of the group ``aft.kinds`` name further ``Kind``
classes, which are planned after the built-in ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from aft.engine.effects import Effects
from aft.kinds.account.kind import Accounts
from aft.kinds.customization.kind import Customizations
from aft.kinds.ou.kind import OrganizationalUnits
from aft.kinds.setting.kind import Settings
from aft.plan.kind import Kind, Kinds
from aft.plugins import KINDS_GROUP, load_plugins

BUILT_IN: tuple[Callable[[], Kind], ...] = (
    OrganizationalUnits,
    Accounts,
    Settings,
    Customizations,
)


def effects_of(kinds: Kinds) -> Mapping[str, Effects]:
    """What carries the changes of each kind out, by the kind's name."""
    found: dict[str, Effects] = {}
    for kind in kinds.values():
        module, _, name = kind.effects.partition(":")
        found[kind.name] = getattr(import_module(module), name)()
    return found


def installed_kinds() -> Kinds:
    """Every kind. Raises ``UserError`` when two claim one name."""
    found = [make() for make in BUILT_IN]
    others = load_plugins(KINDS_GROUP, lambda kind: kind.name, taken={item.name for item in found})
    return Kinds((*found, *others.values()))
