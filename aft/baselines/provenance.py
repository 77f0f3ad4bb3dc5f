"""Where an account's baseline and each parameter of its settings come from. Pure.

Reads the baseline's file again for positions; for a repository without findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.baselines.model import Baseline, SettingSpec
from aft.baselines.select import BaselineSeeker, ResolvedSetting
from aft.findings.origins import Explained, Loc, Origin, OriginKind, dotted, leaves
from aft.findings.validation import value_at
from aft.values.ids import OrgUnitPath
from aft.yamldoc import YamlDocument


def selected_by(
    baseline: Baseline, document: YamlDocument, request: BaselineSeeker, ou: OrgUnitPath
) -> Origin:
    """The line of the baseline's selector that decides for this account, the most particular
    first: the request's id, a tag, the deepest OU."""
    select = baseline.select
    if request.id in select.requests:
        loc: Loc = ("select", "requests", select.requests.index(request.id))
        why = f"selects request {request.id}"
    elif select.tags:
        key = next(iter(select.tags))
        loc, why = ("select", "tags", key), f"selects tag {key}={select.tags[key]}"
    else:
        units = [unit for unit in select.organizational_units if ou.is_within(unit)]
        deepest = max(units, key=lambda unit: unit.depth)
        loc = ("select", "organizational_units", select.organizational_units.index(deepest))
        why = f"selects OU {deepest}"
    return Origin(kind=OriginKind.BASELINE, source=document.at(loc), why=why)


def parameter_values(
    resolved: ResolvedSetting, spec: SettingSpec, document: YamlDocument
) -> tuple[Explained, ...]:
    """Every parameter of a setting for one account: what the baseline says, and the setting's own
    defaults."""
    names = [entry["setting"] for entry in document.data["settings"]]
    above: Loc = ("settings", names.index(spec.setting), "parameters")
    return tuple(
        Explained(
            name=dotted(loc),
            value=value,
            origin=_origin(spec.parameters, above, loc, value, document),
            loc=loc,
        )
        for loc, value in leaves(resolved.parameters.model_dump(mode="json"))
    )


def _origin(
    written: Mapping[str, Any], above: Loc, loc: Loc, value: Any, document: YamlDocument
) -> Origin:
    try:
        raw = value_at(written, loc)
    except LookupError:
        return Origin(kind=OriginKind.SETTING)
    return Origin(
        kind=OriginKind.BASELINE,
        source=document.at((*above, *loc), key=not isinstance(loc[-1], int)),
        pattern=raw if isinstance(raw, str) and raw != value else "",
    )
