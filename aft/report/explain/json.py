"""``aft explain --json``: an ``Explanation`` for tools, every value with its origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aft.findings.origins import Explained, Origin
from aft.plan.explanation import Explanation, LastTime


def explanation_json(explanation: Explanation) -> str:
    """Every value as ``{"name", "value", "origin": {"kind", "path", "line", "pattern", "why"},
    "over": [{"value", "path", "line"}]}``, below ``fields``, ``place``, ``baseline``, ``settings``
    and ``customizations``."""
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
                "path": setting.source.path,
                "line": setting.source.line,
                "regions": list(setting.regions),
                "parameters": [_value(item) for item in setting.parameters],
                "published": [_value(item) for item in setting.published],
                **_last_time(setting.last),
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
    }
    return json.dumps(shape, indent=2, ensure_ascii=False, default=str) + "\n"


def _value(item: Explained) -> Mapping[str, Any]:
    over = [
        {"value": other.value, "path": other.source.path, "line": other.source.line}
        for other in item.origin.over
    ]
    return {"name": item.name, "value": item.value, "origin": _origin(item.origin), "over": over}


def _origin(origin: Origin) -> Mapping[str, Any]:
    return {
        "kind": origin.kind.value,
        "path": origin.source.path if origin.source is not None else None,
        "line": origin.source.line if origin.source is not None else None,
        "pattern": origin.pattern or None,
        "why": origin.why or None,
    }


def _last_time(last: LastTime) -> Mapping[str, Any]:
    return {
        "applied_at": last.applied_at.isoformat() if last.applied_at is not None else None,
        "failed": last.failed or None,
    }
