"""Which customizations an account gets, in which order, and why. Pure.

``global`` first; then those whose ``customization.yaml`` selects the account, by name; then those
that its request names, in its order. None twice: naming a selected one only moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from aft.customizations.model import GLOBAL, AccountSelector, Customization
from aft.findings.origins import Origin, OriginKind
from aft.values.ids import OrgUnitPath
from aft.yamldoc import YamlDocument


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
    units = select.organizational_units
    return (
        not select.is_empty
        and (not select.requests or request.id in select.requests)
        and (not units or any(map(ou.is_within, units)))
        and all(
            key in request.tags and value in {"*", request.tags[key]}
            for key, value in select.tags.items()
        )
    )


def reason_for(
    customization: Customization,
    request: CustomizationSeeker,
    ou: OrgUnitPath,
    *,
    named_at: Origin | None,
    document: YamlDocument | None,
) -> Origin:
    """Why an account gets it. ``named_at`` is where the request names it, ``document`` its
    ``customization.yaml``, read again for positions."""
    select, place = customization.select, None
    if customization.name == GLOBAL:
        why = "every account gets it"
    elif named_at is not None:
        return Origin(kind=named_at.kind, source=named_at.source, why="named by the request")
    elif request.id in select.requests:
        place = select.sources.get(("requests", request.id))
        why = f"selects request {request.id}"
    elif select.tags:
        key = next(iter(select.tags))
        place = document.at(("select", "tags", key), key=True) if document else None
        why = f"selects tag {key}={select.tags[key]}"
    else:
        units = filter(ou.is_within, select.organizational_units)
        deepest = max(units, key=lambda unit: unit.depth)
        place = select.sources.get(("organizational_units", str(deepest)))
        why = f"selects OU {deepest}"
    return Origin(kind=OriginKind.CUSTOMIZATION, source=place or customization.source, why=why)


def default_of(document: YamlDocument | None, parameter: str) -> Origin:
    """Where ``customization.yaml`` gives a parameter's default."""
    source = document.at(("parameters", parameter, "default"), key=True) if document else None
    return Origin(kind=OriginKind.CUSTOMIZATION, source=source, why="default")
