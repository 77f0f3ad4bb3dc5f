"""Which baseline an account gets, and its settings with their parameters filled in. Pure.

The order, most particular first: the request names the baseline; a baseline selects the request
by id; by tags; by OU, where the deepest OU wins. What is equally particular is a tie, and a tie
selects nothing: it is reported, never decided by a name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from aft.baselines.model import (
    Baseline,
    BaselineSetting,
    Selector,
    SettingInputs,
    SettingParameters,
    SettingSpec,
)
from aft.baselines.references import AccountReference, references_in
from aft.errors import UserError
from aft.findings.model import SourceRef
from aft.organization.model import AccountFacts
from aft.values.ids import OrgUnitPath
from aft.values.placeholders import expand

KNOWN_AFTER_APPLY = "(known after apply)"
"""Placeholder for an account id that only apply can know."""

SAMPLE_VALUES: Mapping[str, str] = {
    "id": "sample",
    "name": "sample",
    "account_id": "123456789012",
    "ou_name": "Sample",
}
"""Placeholders of setting parameters, with values to check a pattern by."""

Setting = BaselineSetting[Any, Any]
Settings = Mapping[str, Setting]


class BaselineSeeker(Protocol):
    """What decides about an account's baseline; an ``AccountRequest`` is one."""

    @property
    def id(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]: ...

    @property
    def baseline(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineChoice:
    """The baseline, or ``None``. ``tied`` names baselines between which nothing decides."""

    baseline: Baseline | None = None
    tied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSetting:
    """A setting for one account, its parameters valid and its placeholders filled in. ``is_known``
    is false when a parameter holds an account id that only apply can know; such a parameter then
    shows ``KNOWN_AFTER_APPLY``."""

    name: str
    plugin: Setting
    parameters: SettingParameters
    account: AccountFacts
    source: SourceRef
    is_known: bool = True

    @property
    def regions(self) -> tuple[str | None, ...]:
        """One entry per call: the account's regions, or ``None`` once."""
        return self.account.regions if self.plugin.regional else (None,)

    @property
    def references(self) -> tuple[AccountReference, ...]:
        """Other accounts that the parameters name, by request; not by account id."""
        found = (item for _, item in references_in(self.parameters))
        return tuple(dict.fromkeys(item for item in found if item.request_id is not None))

    @property
    def missing(self) -> tuple[AccountReference, ...]:
        """Those of ``references`` whose account does not exist yet."""
        return tuple(item for item in self.references if item.account_id(self.account) is None)

    def inputs(self, region: str | None) -> SettingInputs[Any]:
        return SettingInputs(account=self.account, parameters=self.parameters, region=region)


def select_baseline(
    *, request: BaselineSeeker, ou: OrgUnitPath, baselines: Mapping[str, Baseline]
) -> BaselineChoice:
    """The baseline of an account whose OU is ``ou``. A name that does not exist gives none."""
    if request.baseline is not None:
        return BaselineChoice(baseline=baselines.get(request.baseline))
    ranks = {
        name: rank
        for name, baseline in sorted(baselines.items())
        if (rank := _rank(baseline.select, request=request, ou=ou)) is not None
    }
    names = tuple(name for name, rank in ranks.items() if rank == max(ranks.values()))
    if len(names) > 1:
        return BaselineChoice(tied=names)
    return BaselineChoice(baseline=baselines[names[0]] if names else None)


def settings_for(
    baseline: Baseline, facts: AccountFacts, settings: Settings
) -> tuple[ResolvedSetting, ...]:
    """The baseline's settings for one account, in order. Raises ``UserError`` where filling in a
    placeholder makes a parameter invalid for this account; ``aft.baselines.parse.check_parameters``
    reports the same as a finding."""
    return tuple(resolve(spec, facts, settings[spec.setting]) for spec in baseline.settings)


def resolve(spec: SettingSpec, facts: AccountFacts, plugin: Setting) -> ResolvedSetting:
    """One setting for one account. Raises ``UserError`` as ``settings_for`` does."""
    values = {
        "id": facts.request_id,
        "name": facts.name,
        "account_id": facts.account_id or SAMPLE_VALUES["account_id"],
        "ou_name": facts.ou.name,
    }
    expanded = expand_all(spec.parameters, values)
    try:
        # Read as JSON is read, so that strict models take a list where they keep a tuple.
        text = json.dumps(expanded)
        parameters: SettingParameters = plugin.parameters_model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "parameters"
        raise UserError(
            f"{spec.source}: setting {spec.setting!r} cannot take {where} = "
            f"{first.get('input')!r} for {facts.request_id!r}: {first['msg']}",
            hint="change the parameter, or what its placeholders stand for in the request",
        ) from error
    shown = expanded
    if facts.account_id is None:
        shown = expand_all(spec.parameters, {**values, "account_id": KNOWN_AFTER_APPLY})
        parameters = _overlay(parameters, shown)
    return ResolvedSetting(
        name=spec.setting,
        plugin=plugin,
        parameters=parameters,
        account=facts,
        source=spec.source,
        is_known=shown == expanded,
    )


def expand_all(value: Any, values: Mapping[str, str]) -> Any:
    """``value`` with the placeholders of every text in it filled in. Raises ``ValueError``."""
    match value:
        case str():
            return expand(value, values)
        case Mapping():
            return {key: expand_all(item, values) for key, item in value.items()}
        case list() | tuple():
            return [expand_all(item, values) for item in value]
    return value


def _rank(
    select: Selector, *, request: BaselineSeeker, ou: OrgUnitPath
) -> tuple[bool, bool, int] | None:
    """How particular the selector is, or ``None`` when it does not select the account."""
    if not (select.organizational_units or select.tags or select.requests):
        return None
    if select.requests and request.id not in select.requests:
        return None
    if not all(
        key in request.tags and value in {"*", request.tags[key]}
        for key, value in select.tags.items()
    ):
        return None
    depths = [unit.depth for unit in select.organizational_units if ou.is_within(unit)]
    if select.organizational_units and not depths:
        return None
    return bool(select.requests), bool(select.tags), max(depths, default=-1)


def _overlay(value: Any, shown: Any) -> Any:
    """``value`` with its texts as in ``shown``, without validating them again."""
    match value, shown:
        case BaseModel(), Mapping():
            update = {
                name: _overlay(getattr(value, name), shown[name])
                for name in type(value).model_fields
                if name in shown
            }
            return value.model_copy(update=update)
        case AccountReference(), str():
            return AccountReference(shown)
        case str(), str():
            return shown
        case Mapping(), Mapping():
            return {key: _overlay(item, shown.get(key)) for key, item in value.items()}
        case ((list() | tuple()), list()) if len(value) == len(shown):
            overlaid = (_overlay(item, other) for item, other in zip(value, shown, strict=True))
            return type(value)(overlaid)
    return value
