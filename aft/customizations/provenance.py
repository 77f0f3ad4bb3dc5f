"""Why an account gets a customization, and where the values of its parameters come from. Pure.

Reads ``customization.yaml`` again for positions; for a repository without findings.
"""

from __future__ import annotations

from aft.customizations.model import GLOBAL, Customization
from aft.customizations.select import CustomizationSeeker
from aft.findings.model import SourceRef
from aft.findings.origins import Origin, OriginKind
from aft.values.ids import OrgUnitPath
from aft.yamldoc import YamlDocument


def reason_for(
    customization: Customization,
    request: CustomizationSeeker,
    ou: OrgUnitPath,
    *,
    named_at: Origin | None,
    document: YamlDocument | None,
) -> Origin:
    """``named_at`` is where the request names it, ``document`` its ``customization.yaml``."""
    if customization.name == GLOBAL:
        return Origin(
            kind=OriginKind.CUSTOMIZATION, source=customization.source, why="every account gets it"
        )
    if named_at is not None:
        return Origin(kind=named_at.kind, source=named_at.source, why="named by the request")
    return _selected_by(customization, request, ou, document)


def default_of(document: YamlDocument | None, parameter: str) -> Origin:
    """Where ``customization.yaml`` gives a parameter's default."""
    source = document.at(("parameters", parameter, "default"), key=True) if document else None
    return Origin(kind=OriginKind.CUSTOMIZATION, source=source, why="default")


def _selected_by(
    customization: Customization,
    request: CustomizationSeeker,
    ou: OrgUnitPath,
    document: YamlDocument | None,
) -> Origin:
    select = customization.select
    place: SourceRef | None
    if request.id in select.requests:
        place = select.sources.get(("requests", request.id))
        why = f"selects request {request.id}"
    elif select.tags:
        key = next(iter(select.tags))
        place = document.at(("select", "tags", key), key=True) if document else None
        why = f"selects tag {key}={select.tags[key]}"
    else:
        units = [unit for unit in select.organizational_units if ou.is_within(unit)]
        deepest = max(units, key=lambda unit: unit.depth)
        place = select.sources.get(("organizational_units", str(deepest)))
        why = f"selects OU {deepest}"
    return Origin(kind=OriginKind.CUSTOMIZATION, source=place or customization.source, why=why)
