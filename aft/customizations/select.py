"""Which customizations an account gets, and in which order. Pure.

``global`` first; then those whose ``customization.yaml`` selects the account, by name; then those
that its request names, in its order. None twice: naming a selected one only moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aft.customizations.model import GLOBAL, AccountSelector, Customization
from aft.values.ids import OrgUnitPath


class CustomizationSeeker(Protocol):
    """What decides about an account's customizations; an ``AccountRequest`` is one."""

    @property
    def id(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]: ...

    @property
    def customizations(self) -> Sequence[str]: ...


def customizations_of(
    request: CustomizationSeeker, ou: OrgUnitPath, customizations: Mapping[str, Customization]
) -> tuple[Customization, ...]:
    """The customizations of an account whose OU is ``ou``. Names that do not exist are passed
    over."""
    selected = (
        name
        for name, item in sorted(customizations.items())
        if name not in request.customizations and is_selected(item.select, request, ou)
    )
    names = dict.fromkeys((GLOBAL, *selected, *request.customizations))
    return tuple(customizations[name] for name in names if name in customizations)


def is_selected(select: AccountSelector, request: CustomizationSeeker, ou: OrgUnitPath) -> bool:
    """Whether all criteria given hold."""
    if select.is_empty:
        return False
    if select.requests and request.id not in select.requests:
        return False
    if select.organizational_units and not any(
        ou.is_within(unit) for unit in select.organizational_units
    ):
        return False
    return all(
        key in request.tags and value in {"*", request.tags[key]}
        for key, value in select.tags.items()
    )
