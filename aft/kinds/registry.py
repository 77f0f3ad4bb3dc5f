"""Which kinds there are, a line each, in the order in which their sections are shown."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from aft.engine.effects import Effects
from aft.kinds.account.kind import Accounts
from aft.kinds.customization.kind import Customizations
from aft.kinds.ou.kind import OrganizationalUnits
from aft.kinds.setting.kind import Settings
from aft.plan.kind import Kinds


def installed_kinds() -> Kinds:
    """Every kind."""
    return Kinds((OrganizationalUnits(), Accounts(), Settings(), Customizations()))


def effects_of(kinds: Kinds) -> Mapping[str, Effects]:
    """What carries the changes of each kind out, by the kind's name."""
    found: dict[str, Effects] = {}
    for kind in kinds.values():
        module, _, name = kind.effects.partition(":")
        found[kind.name] = getattr(import_module(module), name)()
    return found
