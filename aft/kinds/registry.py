"""Which kinds there are, a line each, in the order in which their sections are shown; then those of
other packages (entry points of the group ``aft.kinds``), by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from aft.engine.effects import Effects
from aft.kinds.account.kind import Accounts
from aft.kinds.address_range.kind import AddressRanges
from aft.kinds.customization.kind import Customizations
from aft.kinds.ou.kind import OrganizationalUnits
from aft.kinds.setting.kind import Settings
from aft.plan.kind import Kinds
from aft.plugins import KINDS_GROUP, load_plugins


def installed_kinds() -> Kinds:
    """Every kind. Raises ``UserError`` when a package's cannot be loaded, or has a name
    that is taken."""
    own = (OrganizationalUnits(), Accounts(), AddressRanges(), Settings(), Customizations())
    others = load_plugins(KINDS_GROUP, lambda kind: kind.name)
    return Kinds((*own, *(others[name] for name in sorted(others))))


def effects_of(kinds: Kinds) -> Mapping[str, Effects]:
    """What carries the changes of each kind out, by the kind's name."""
    found: dict[str, Effects] = {}
    for kind in kinds.values():
        module, _, name = kind.effects.partition(":")
        found[kind.name] = getattr(import_module(module), name)()
    return found
