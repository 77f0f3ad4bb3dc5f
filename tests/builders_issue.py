"""The text GitHub makes of an issue form, from the form's own file and somebody's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

GOOD: Mapping[str, Any] = {
    "name": "payments-test",
    "team": "payments",
    "owner_email": "payments@example.com",
    "reason": "We want to test the new checkout.",
    "ou": "Workloads/Dev",
    "confirmed": True,
}
"""Answers by the question's id; lists name the boxes ticked, ``True`` ticks all."""


def issue_text(form: str, answers: Mapping[str, Any]) -> str:
    """What GitHub writes into the issue: a heading per question, ``_No response_`` for none."""
    parts: list[str] = []
    for element in yaml.safe_load(form)["body"]:
        if element["type"] == "markdown":
            continue
        attributes = element["attributes"]
        answer = answers.get(element["id"])
        if element["type"] == "dropdown" and answer is None and "default" in attributes:
            answer = attributes["options"][attributes["default"]]
        if element["type"] == "checkboxes":
            answer = "\n".join(_box(item["label"], answer) for item in attributes["options"])
        parts += [f"### {attributes['label']}", "", answer or "_No response_", ""]
    return "\n".join(parts).rstrip("\n")


def _box(label: str, ticked: Any) -> str:
    is_ticked = ticked is True or (ticked and label.split(" — ", maxsplit=1)[0] in ticked)
    return f"- [{'X' if is_ticked else ' '}] {label}"
