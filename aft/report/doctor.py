"""What ``aft doctor`` found, as lines for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aft.report.plain import json_text, one_line
from aft.values.words import counted

SIGNS: Mapping[str, str] = {"fine": "✓", "warning": "!", "wrong": "✗", "not-checked": "·"}


def doctor_text(checks: Sequence[tuple[str, str, str, str]]) -> str:
    """``checks`` are (id, verdict, what was found, remedy)."""
    lines: list[str] = []
    for _, verdict, says, remedy in checks:
        words = "not checked: " if verdict == "not-checked" else ""
        lines.append(f"{SIGNS[verdict]} {words}{one_line(says)}")
        if remedy:
            lines.append(f"    {one_line(remedy)}")
    count = Counter(verdict for _, verdict, _, _ in checks)
    parts = [
        f"{count['fine']} fine",
        counted(count["warning"], "warning"),
        counted(count["wrong"], "thing", "things") + " to fix",
        f"{count['not-checked']} not checked",
    ]
    return "\n".join([*lines, "", f"{', '.join(parts)}."]) + "\n"


def doctor_json(checks: Sequence[tuple[str, str, str, str]]) -> str:
    """``{"checks": [{"id", "verdict", "says", "remedy"}]}``."""
    keys = ("id", "verdict", "says", "remedy")
    return json_text({"checks": [dict(zip(keys, check, strict=True)) for check in checks]})
