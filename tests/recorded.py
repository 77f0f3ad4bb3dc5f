"""What plug-ins do on a fixed case, kept in ``golden/effects``, and when it may change.

A reviewed plan is bound to the ``effect_version`` of what it carries out. A plug-in that does
something else under the same version would do what nobody has reviewed. After a change that is
meant: raise the version, then run the test with ``UPDATE_GOLDEN=1``, which records what has a new
version. (Delete a file to record it again where only the fixed case is another.)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.session import Session

KEPT = Path(__file__).parent / "golden" / "effects"
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ][\d:.+Z]*"
)
"""Ids and moments that are other ones each time."""


def calls_of(session: Session) -> list[Any]:
    """A list to which every call of clients of ``session`` is added, before it is sent."""
    calls: list[Any] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        said = json.loads(json.dumps(params, default=str, sort_keys=True))
        calls.append({f"{model.service_model.service_name}:{model.name}": said})

    session.get_component("event_emitter").register_first("before-parameter-build", note)
    return calls


def lasting(said: Any, *changing: str) -> Any:
    """``said`` without what is another each time: ids, moments, and the texts ``changing``."""
    text = _CHANGING.sub("…", json.dumps(said))
    for item in changing:
        text = text.replace(json.dumps(item)[1:-1], "…")
    return json.loads(text)


def unversioned(recorded: Mapping[str, Any], folder: Path) -> Mapping[str, str]:
    """What is not as it was recorded, with what to do about it; recorded now where that is right.

    Each of ``recorded`` has its ``effect_version``.
    """
    problems = {}
    for name, now in recorded.items():
        file = folder / f"{name}.json"
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        if now == kept:
            continue
        if kept is not None and kept["effect_version"] == now["effect_version"]:
            problems[name] = "raise effect_version, then record it again"
        elif os.environ.get("UPDATE_GOLDEN"):
            folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
            file.write_text(text, encoding="utf-8")
        else:
            problems[name] = "record it: UPDATE_GOLDEN=1"
    gone = {file.stem for file in folder.glob("*.json")} - recorded.keys()
    return problems | dict.fromkeys(gone, "there is no such plug-in: delete the file")
