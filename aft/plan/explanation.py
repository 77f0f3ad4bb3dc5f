"""What ``aft explain`` says of one account: every effective value with where it comes from. Plain
values, put together by ``aft.plan.explain`` and shown by ``aft.report.explain_values``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aft.errors import UserError
from aft.findings.model import SourceRef
from aft.findings.origins import Explained, Origin
from aft.values.suggestions import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTime:
    """When the ledger last saw a step succeed, and why it failed since, if it did."""

    applied_at: datetime | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedSetting:
    """One setting of the baseline. ``regions`` are those it runs in, none for a setting without;
    ``published`` says where it writes values of the request. ``now`` is what AWS has otherwise, a
    line each, and ``None`` where it was not read, for the reason ``unread`` if anyone tried."""

    name: str
    source: SourceRef
    description: str
    parameters: tuple[Explained, ...]
    regions: tuple[str, ...] = ()
    published: tuple[Explained, ...] = ()
    last: LastTime = LastTime()
    now: tuple[str, ...] | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A setting that was applied and is no longer in the baseline; what it set stays. ``range`` are
    the addresses that stay its network's. ``forgotten_at`` is when an apply noted that aft no
    longer keeps it."""

    name: str
    last: LastTime
    range: str = ""
    forgotten_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step of a customization, in the order in which they run."""

    id: str
    kind: str
    path: str
    last: LastTime = LastTime()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedCustomization:
    """A customization the account gets; ``origin`` says why."""

    name: str
    folder: str
    origin: Origin
    parameters: tuple[Explained, ...]
    steps: tuple[ExplainedStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One account. ``unset`` are the request's fields without a value. ``place`` holds the
    account's id, OU and regions; ``baseline`` has the value ``None`` when no baseline is meant for
    the account, and is ``None`` itself when not asked for."""

    id: str
    source: SourceRef
    account_id: str | None
    ou: str
    fields: tuple[Explained, ...]
    unset: tuple[str, ...]
    place: tuple[Explained, ...]
    baseline: Explained | None
    settings: tuple[ExplainedSetting, ...]
    customizations: tuple[ExplainedCustomization, ...]
    left_behind: tuple[LeftBehind, ...] = ()


def narrowed(explanation: Explanation, names: Sequence[str]) -> Explanation:
    """Only what ``names`` name: fields (``tags``, ``tags.cost-center``), settings (``budget``,
    ``budget.forecast_at``), customizations and steps, and the sections ``baseline`` and
    ``customizations`` as wholes. Raises ``UserError`` for a name that fits nothing."""
    if not names:
        return explanation
    known = set(_names(explanation))
    for name in names:
        if not any(_fits(item, [name]) for item in known):
            raise UserError(
                f"{explanation.id} has no value, setting or customization {name!r}",
                hint=did_you_mean(name, known) or f"aft explain {explanation.id} shows all of them",
            )
    settings, customizations = explanation.settings, explanation.customizations
    if "baseline" not in names:
        settings = tuple(_narrowed_settings(settings, names))
    if "customizations" not in names:
        customizations = tuple(_narrowed_customizations(customizations, names))
    return replace(
        explanation,
        fields=_chosen(explanation.fields, names),
        unset=tuple(name for name in explanation.unset if _fits(name, names)),
        place=_chosen(explanation.place, names),
        baseline=explanation.baseline if settings or "baseline" in names else None,
        settings=settings,
        customizations=customizations,
        left_behind=tuple(item for item in explanation.left_behind if item.name in names),
    )


def _names(explanation: Explanation) -> Iterator[str]:
    yield from ("baseline", "customizations")
    for item in (*explanation.fields, *explanation.place):
        yield item.name
        yield item.name.split(".", 1)[0].split("[", 1)[0]
    yield from explanation.unset
    for setting in explanation.settings:
        yield setting.name
        yield from (f"{setting.name}.{item.name}" for item in setting.parameters)
    yield from (item.name for item in explanation.left_behind)
    for customization in explanation.customizations:
        yield customization.name
        yield from (step.id for step in customization.steps)


def _fits(name: str, wanted: Iterable[str]) -> bool:
    return any(name == item or name.startswith((f"{item}.", f"{item}[")) for item in wanted)


def _chosen(items: Iterable[Explained], names: Sequence[str]) -> tuple[Explained, ...]:
    return tuple(item for item in items if _fits(item.name, names))


def _narrowed_settings(
    settings: Iterable[ExplainedSetting], names: Sequence[str]
) -> Iterator[ExplainedSetting]:
    for setting in settings:
        parameters = tuple(
            item for item in setting.parameters if _fits(f"{setting.name}.{item.name}", names)
        )
        if setting.name in names:
            yield setting
        elif parameters:
            yield replace(setting, parameters=parameters, published=())


def _narrowed_customizations(
    customizations: Iterable[ExplainedCustomization], names: Sequence[str]
) -> Iterator[ExplainedCustomization]:
    for customization in customizations:
        steps = tuple(step for step in customization.steps if step.id in names)
        if customization.name in names:
            yield customization
        elif steps:
            yield replace(customization, parameters=(), steps=steps)
