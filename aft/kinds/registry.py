"""Which kinds there are, a line each, in the order in which their sections are shown; then those of
other packages (entry points of the group ``aft.kinds``), by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from aft.engine.effects import Effects
from aft.errors import UserError
from aft.kinds.account.kind import Accounts
from aft.kinds.address_range.kind import AddressRanges
from aft.kinds.customization.kind import Customizations
from aft.kinds.ou.kind import OrganizationalUnits
from aft.kinds.setting.kind import Settings
from aft.organization.raw import OrganizationFile
from aft.plan.kind import Kind, Kinds
from aft.plugins import KINDS_GROUP, load_plugins


def installed_kinds() -> Kinds:
    """Every kind. Raises ``UserError`` when a package's cannot be loaded, or has a name, key or
    limit that is taken."""
    own = (OrganizationalUnits(), Accounts(), AddressRanges(), Settings(), Customizations())
    others = load_plugins(KINDS_GROUP, lambda kind: kind.name)
    for kind in others.values():
        _check_names(kind)
    return Kinds((*own, *(others[name] for name in sorted(others))))


def _check_names(kind: Kind) -> None:
    """Raises ``UserError`` where a package's kind takes what is aft's own in its files."""
    wrong = next((key for key in kind.sections if key in OrganizationFile.model_fields), None)
    if wrong is not None:
        raise UserError(f"kind {kind.name} cannot have the key {wrong!r} of organization.yaml")
    for limit in kind.all_limits:
        if not limit.name.startswith(f"{kind.name}."):
            raise UserError(
                f"kind {kind.name} cannot have a limit {limit.name!r}",
                hint=f"limits of other packages are called {kind.name}.…",
            )


def effects_of(kinds: Kinds) -> Mapping[str, Effects]:
    """What carries the changes of each kind out, by the kind's name."""
    found: dict[str, Effects] = {}
    for kind in kinds.values():
        module, _, name = kind.effects.partition(":")
        found[kind.name] = getattr(import_module(module), name)()
    return found
