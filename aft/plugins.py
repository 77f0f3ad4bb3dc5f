"""Plug-ins by entry point: the built-in ones come in by the same door as anyone's own.

Groups: ``aft.baseline_settings``, ``aft.runners``, ``aft.account_providers`` and ``aft.kinds``. An
entry point names a class that is instantiated without arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from aft.errors import UserError, unexpected

SETTINGS_GROUP = "aft.baseline_settings"
RUNNERS_GROUP = "aft.runners"
PROVIDERS_GROUP = "aft.account_providers"
KINDS_GROUP = "aft.kinds"

_GROUPS = (SETTINGS_GROUP, RUNNERS_GROUP, PROVIDERS_GROUP, KINDS_GROUP)


def load_plugins(group: str, name_of: Callable[[Any], str]) -> Mapping[str, Any]:
    """All plug-ins of ``group`` by name. State belongs to the mapping returned, not the module.
    Raises ``UserError`` when two claim one name, or one cannot be imported."""
    found: dict[str, Any] = {}
    origin: dict[str, EntryPoint] = {}
    named = (entry for entry in _installed() if entry.group == group)
    for entry in sorted(named, key=lambda item: (item.name, item.value)):
        try:
            plugin = entry.load()()
        except Exception as error:  # a third party's code: any error: say whose it is
            raise UserError(
                f"plug-in {entry.name!r} ({entry.value}) of {group} cannot be loaded: "
                f"{unexpected(error)}",
                hint="repair or uninstall the package that provides it",
            ) from error
        name = name_of(plugin)
        if name in found and origin[name].value != entry.value:
            raise UserError(
                f"two plug-ins of {group} are called {name!r}: "
                f"{origin[name].value} and {entry.value}",
                hint="uninstall one of the packages that provide them",
            )
        found[name], origin[name] = plugin, entry
    return found


@cache  # looks into every installed package
def _installed() -> tuple[EntryPoint, ...]:
    found = entry_points()
    return tuple(entry for group in _GROUPS for entry in found.select(group=group))
