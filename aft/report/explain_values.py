"""``aft explain``: each effective value next to the place it comes from, for people and tools.

Names and values are on the left, places on the right, written from the folder next to the section's
title so that they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from aft.config.model import CUSTOMIZATIONS_PATH, REQUESTS_PATH
from aft.findings.model import SourceRef
from aft.findings.origins import Explained, Origin, OriginKind
from aft.plan.explanation import (
    ExplainedCustomization,
    ExplainedSetting,
    Explanation,
    LastTime,
    LeftBehind,
)
from aft.report.plain import json_text, one_line
from aft.report.text import wrapped
from aft.values.words import counted

_FREE = ("tags", "custom_fields", "parameters")
"""Fields whose keys are people's own, each worth a line."""
_REQUESTS = f"{REQUESTS_PATH}/"
_BASELINES = f"{CUSTOMIZATIONS_PATH}/baselines/"
_CUSTOMIZATIONS = f"{CUSTOMIZATIONS_PATH}/"
_WIDEST_NAME = 30
_GIVEN = (OriginKind.BASELINE, OriginKind.LEDGER)
"""Who gives a setting a parameter: the baseline, or a range of addresses."""


def explanation_view(explanation: Explanation, *, width: int = 80, short: bool = False) -> Text:
    """Everything, or with ``short`` only what files say, and settings and steps on a line each."""
    page = _Page(width=max(60, width), short=short)
    head = Text(explanation.id, style="bold")
    head.append(f"  {explanation.account_id or 'no account yet'}  {explanation.ou}", style="")
    page.add(head)
    page.add(Text(f"{explanation.source.path}:{explanation.source.line}", style="dim"))
    if explanation.fields or explanation.unset:
        page.section("Request", _REQUESTS)
        page.values(list(_together(explanation.fields)))
        if not short:
            page.unset(explanation.unset, indent=2)
    if explanation.place:
        page.section("Place")
        page.values(explanation.place)
    _baseline(page, explanation)
    if explanation.left_behind:
        page.section("No longer in the baseline", origin=Origin(kind=OriginKind.LEDGER))
        for gone in explanation.left_behind:
            _left_behind(page, gone)
    if explanation.customizations:
        page.section("Customizations", _CUSTOMIZATIONS)
        for item in explanation.customizations:
            _customization(page, item)
    return page.text


class _Page:
    """Lines of two columns: what it is on the left, where it comes from at the right edge."""

    def __init__(self, *, width: int, short: bool) -> None:
        self.width = width
        self.short = short
        self._folder = ""
        self._lines: list[Text] = []

    @property
    def text(self) -> Text:
        return Text("\n").join(self._lines)

    def add(self, line: Text) -> None:
        self._lines.append(line)

    def section(self, title: str, folder: str = "", *, origin: Origin | None = None) -> None:
        """A heading; ``folder`` is what the places below it are written from."""
        self.add(Text(""))
        self._folder = folder
        beside = self.place(origin) if origin is not None else folder
        self.row(Text(title, style="bold"), "", beside)

    def place(self, origin: Origin) -> str:
        """An origin in a few words: file and line, or who says it."""
        if origin.source is not None:
            place = f"{origin.source.path.removeprefix(self._folder)}:{origin.source.line}"
            return f"{origin.why}: {place}" if origin.why else place
        match origin.kind:
            case OriginKind.SETTING:
                return "its own default"
            case OriginKind.BUILT_IN:
                return origin.why or "built-in default"
        named = {OriginKind.LEDGER: "ledger", OriginKind.AWS: "AWS"}.get(origin.kind, "")
        return ": ".join(part for part in (named, one_line(origin.why)) if part)

    def values(self, items: Sequence[Explained], *, indent: int = 2) -> None:
        """One line each, aligned; under it what it was made from and what it goes before."""
        shown = [item for item in items if not _is_nothing(item)]
        if self.short:
            shown = [it for it in items if it.origin.source or it.origin.kind is OriginKind.LEDGER]
        column = indent + 2 + _column(item.name for item in shown)
        for item in shown:
            lead = f"{' ' * indent}{one_line(item.name)}".ljust(column - 2) + "  "
            self.row(Text(lead), _shown(item.value), self.place(item.origin))
            if not self.short:
                self._made_from(item.origin, column)
        if not self.short:
            self.unset([item.name for item in items if _is_nothing(item)], indent=indent)

    def unset(self, names: Sequence[str], *, indent: int) -> None:
        """What has no value, on one line."""
        if names:
            lead = Text(f"{' ' * indent}not set  ", style="dim")
            self.row(lead, ", ".join(map(one_line, names)), "", style="dim")

    def _made_from(self, origin: Origin, column: int) -> None:
        lead = Text(" " * column)
        if origin.pattern:
            self.row(lead, f'from "{one_line(origin.pattern)}"', "", style="dim")
        for over in origin.over:
            place = f"{over.source.path.removeprefix(self._folder)}:{over.source.line}"
            self.row(lead, f"over {_shown(over.value)}", place, style="dim")

    def row(self, lead: Text, words: str, place: str, *, style: str = "") -> None:
        margin = cell_len(lead.plain)
        longest = max(map(cell_len, words.split(" ")))
        if longest > self.width - margin:  # it is shown whole, on its own lines
            lead.rstrip()
            self.add(lead)
            margin = max(4, min(margin, self.width - longest))
            lead = Text(" " * margin)
        rows = wrapped(words, self.width - margin)
        for index, row in enumerate(rows):
            line = lead if index == 0 else Text(" " * margin)
            self.add(line + Text(row, style=style))
        if not place:
            return
        room = self.width - cell_len(self._lines[-1].plain) - cell_len(place)
        if room < 2:
            self.add(Text(""))
            room = max(4, self.width - cell_len(place))
        self._lines[-1].append(" " * room).append(place, style="dim")


def _baseline(page: _Page, explanation: Explanation) -> None:
    baseline = explanation.baseline
    if baseline is None:
        return
    if baseline.value is None:
        page.section("No baseline", origin=baseline.origin)
        return
    page.section(f"Baseline {one_line(baseline.value)}", _BASELINES, origin=baseline.origin)
    if page.short:
        _settings_in_short(page, explanation.settings)
        return
    for setting in explanation.settings:
        _setting(page, setting)


def _settings_in_short(page: _Page, settings: Iterable[ExplainedSetting]) -> None:
    """A line for each that is given parameters; the names of the others together."""
    plain: list[str] = []
    for setting in settings:
        said = [item for item in setting.parameters if item.origin.kind in _GIVEN]
        if not said:
            plain.append(one_line(setting.name))
            continue
        values = ", ".join(f"{item.name} {_inside(item.value)}" for item in said)
        place = page.place(Origin(kind=OriginKind.BASELINE, source=setting.source))
        page.row(Text(f"  {one_line(setting.name)}  ", style="cyan"), values, place)
    if plain:
        page.row(Text("  "), ", ".join(plain), "", style="cyan")


def _setting(page: _Page, setting: ExplainedSetting) -> None:
    where = f"in {counted(len(setting.regions), 'region')}" if setting.regions else ""
    now = "and is so now" if setting.now == () else ""
    place = page.place(Origin(kind=OriginKind.BASELINE, source=setting.source))
    lead = Text(f"  {one_line(setting.name)}  ", style="cyan")
    notes = ", ".join(note for note in (where, _last(setting.last), now) if note)
    page.row(lead, notes, place, style="dim")
    page.values(setting.parameters, indent=4)
    page.values(setting.published, indent=4)
    for line in setting.now or ():
        page.row(Text("    ! "), one_line(line), "AWS: now", style="bold")
    if setting.unread:
        page.row(Text("    ! "), f"not known now: {one_line(setting.unread)}", "AWS")


def _left_behind(page: _Page, item: LeftBehind) -> None:
    notes = [_last(item.last)] if item.last.applied_at is not None else []
    notes += [f"forgotten {item.forgotten_at:%Y-%m-%d}"] if item.forgotten_at else []
    notes += [f"keeps the range {item.range}"] if item.range else []
    lead = Text(f"  {one_line(item.name)}  ", style="cyan")
    page.row(lead, one_line(", ".join((*notes, "what it set stays"))), "", style="dim")


def _customization(page: _Page, item: ExplainedCustomization) -> None:
    names = [step.id.removeprefix(f"{item.name}/") for step in item.steps]
    lead = Text(f"  {one_line(item.name)}  ", style="cyan")
    folder = f"{item.folder.removeprefix(_CUSTOMIZATIONS)}/"
    page.row(lead, ", ".join(map(one_line, names)) if page.short else "", folder)
    origin = item.origin
    place = ""
    if origin.source is not None and origin.source.path != item.folder:
        place = page.place(Origin(kind=origin.kind, source=origin.source))
    page.row(Text("    "), one_line(origin.why), place, style="dim")
    if page.short:
        return
    page.values(item.parameters, indent=4)
    column = 6 + _column(names)
    for name, step in zip(names, item.steps, strict=True):
        words = ", ".join((step.kind, _last(step.last)))
        page.row(Text(f"    {one_line(name)}".ljust(column - 2) + "  "), words, "")


def _last(last: LastTime) -> str:
    if last.failed:
        return f"failed: {one_line(last.failed)}"
    return f"applied {last.applied_at:%Y-%m-%d}" if last.applied_at else "not applied yet"


def _together(fields: Iterable[Explained]) -> Iterator[Explained]:
    """Parts of a field that are on one line of one file, such as a contact, are one value."""
    for (_, _, place), group in groupby(fields, key=_line_key):
        items = tuple(group)
        first = items[0]
        if place is None or len(items) == 1:
            yield from items
            continue
        words = ", ".join(f"{item.loc[-1]}: {_inside(item.value)}" for item in items)
        name = first.name.rpartition(".")[0]
        yield Explained(name=name, value=words, origin=first.origin, loc=first.loc[:-1])


def _line_key(item: Explained) -> tuple[str, str, SourceRef | None]:
    origin = item.origin
    is_part = len(item.loc) > 1 and isinstance(item.loc[-1], str) and item.loc[0] not in _FREE
    if not is_part:
        return item.name, item.name, None
    parent = item.name.rpartition(".")[0]
    if origin.source is None or origin.pattern or origin.over:
        return parent, item.name, None
    return parent, "", SourceRef(origin.source.path, origin.source.line)


def _is_nothing(item: Explained) -> bool:
    """Without a value, and no file says so."""
    return item.value in (None, []) and item.origin.kind is OriginKind.SETTING


def _column(names: Iterable[str]) -> int:
    return min(max((cell_len(one_line(name)) for name in names), default=0), _WIDEST_NAME)


def _shown(value: Any) -> str:
    """A value as people write it, on one line."""
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case str():
            return one_line(value) or '""'
        case list() | tuple():
            return ", ".join(_shown(item) for item in value) or "[]"
        case Mapping():
            inside = ", ".join(f"{key}: {_inside(item)}" for key, item in value.items())
            return f"{{{one_line(inside)}}}"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def _inside(value: Any) -> str:
    """A value within another one: a list needs its brackets."""
    return f"[{_shown(value)}]" if isinstance(value, list | tuple) and value else _shown(value)


def explanation_json(explanation: Explanation) -> str:
    """Every value as ``{"name", "value", "origin": {"kind", "path", "line", "pattern", "why"},
    "over": [{"value", "path", "line"}]}``, below ``fields``, ``place``, ``baseline``, ``settings``
    and ``customizations``; ``left_behind`` are the settings that the baseline no longer has. A
    setting that was read has ``now``, what differs from what it shall be."""
    shape = {
        "id": explanation.id,
        "account_id": explanation.account_id,
        "ou": explanation.ou,
        "path": explanation.source.path,
        "fields": [_value(item) for item in explanation.fields],
        "unset": list(explanation.unset),
        "place": [_value(item) for item in explanation.place],
        "baseline": _value(explanation.baseline) if explanation.baseline is not None else None,
        "settings": [
            {
                "name": setting.name,
                "description": setting.description,
                **_line_of(setting.source),
                "regions": list(setting.regions),
                "parameters": [_value(item) for item in setting.parameters],
                "published": [_value(item) for item in setting.published],
                **_last_time(setting.last),
                **({"now": list(setting.now)} if setting.now is not None else {}),
                **({"unread": setting.unread} if setting.unread else {}),
            }
            for setting in explanation.settings
        ],
        "customizations": [
            {
                "name": item.name,
                "folder": item.folder,
                "origin": _origin(item.origin),
                "parameters": [_value(parameter) for parameter in item.parameters],
                "steps": [
                    {"id": step.id, "kind": step.kind, "path": step.path, **_last_time(step.last)}
                    for step in item.steps
                ],
            }
            for item in explanation.customizations
        ],
        "left_behind": [
            {
                "name": item.name,
                "range": item.range or None,
                **_last_time(item.last),
                "forgotten_at": item.forgotten_at.isoformat() if item.forgotten_at else None,
            }
            for item in explanation.left_behind
        ],
    }
    return json_text(shape)


def _value(item: Explained) -> Mapping[str, Any]:
    over = [{"value": it.value, **_line_of(it.source)} for it in item.origin.over]
    return {"name": item.name, "value": item.value, "origin": _origin(item.origin), "over": over}


def _origin(origin: Origin) -> Mapping[str, Any]:
    return {
        "kind": origin.kind.value,
        **_line_of(origin.source),
        "pattern": origin.pattern or None,
        "why": origin.why or None,
    }


def _line_of(source: SourceRef | None) -> Mapping[str, Any]:
    if source is None:
        return {"path": None, "line": None}
    return {"path": source.path, "line": source.line}


def _last_time(last: LastTime) -> Mapping[str, Any]:
    return {
        "applied_at": last.applied_at.isoformat() if last.applied_at is not None else None,
        "failed": last.failed or None,
    }
