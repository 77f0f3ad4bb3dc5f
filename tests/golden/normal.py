"""Takes out of what aft said what is another one every time: moments, ids, digests.

Each id and digest becomes a label of the same kind, numbered by its first appearance in the story:
what was the same stays the same, what was different stays different, and a change of format shows
as that and nothing else. All moments become one, and durations go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_WHOLE = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")

_SHAPES: Mapping[str, str] = {
    "run-{}": r"\b[0-9]{8}T[0-9]{6}-[0-9a-f]{6}\b",
    "uuid-{}": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    "ou-root-{:08}": r"\bou-[0-9a-z]{4}-[0-9a-z]{8}\b",
    "r-root{}": r"\br-[0-9a-z]{4}\b",
    "o-organization{}": r"\bo-[0-9a-z]{10}\b",
    "car-{}": r"\bcar-[0-9a-z]{12}[0-9a-z]*",
    "vpc-{}": r"\bvpc-[0-9a-f]{8,17}\b",
    "subnet-{}": r"\bsubnet-[0-9a-f]{8,17}\b",
    "{}": r"(?<![0-9A-Za-z-])[0-9a-f]{7,64}(?![0-9A-Za-z])",  # the beginning of a digest, perhaps
    "1{:011}": r"(?<![0-9A-Za-z])(?!2100|2999)[0-9]{12}(?![0-9A-Za-z])",
}
"""How a label looks, by what it stands for. Accounts that a scenario names itself begin with
2100 or 2999."""

_ANY = re.compile("|".join(f"({pattern})" for pattern in _SHAPES.values()))
_ACCOUNT_SHAPE = "1{:011}"
_ACCOUNT = re.compile(_SHAPES[_ACCOUNT_SHAPE])
_BEGINNING = "{}"

_MOMENTS = (
    (re.compile(r"\b20[0-9]{2}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "2000-01-01T00:00:00"),
    (re.compile(r"^(  )\d\d:\d\d:\d\d ", re.MULTILINE), r"\g<1>00:00:00 "),
    (re.compile(r'("seconds": )[0-9.]+'), r"\g<1>0"),
    (re.compile(r" \([0-9]+ s\)$", re.MULTILINE), ""),
    (re.compile(r"(•+)[0-9]{4}\b"), r"\g<1>0000"),
)


@dataclass
class Labels:
    """The labels of one story."""

    _whole: dict[str, str] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _dates: re.Pattern[str] = field(default_factory=lambda: _dates_around(datetime.now(UTC)))

    def learn(self, texts: Iterable[str], shape: str = "digest-{}") -> None:
        """Look for whole digests and commits: elsewhere only their beginnings are shown."""
        for text in texts:
            for match in _WHOLE.finditer(text):
                self._whole.setdefault(match[0], shape)

    def applied(self, text: str) -> str:
        """``text`` with labels instead."""
        text = _ANY.sub(self._instead, text)
        for pattern, instead in _MOMENTS:
            text = pattern.sub(instead, text)
        return self._dates.sub(lambda match: "2000-01-01" + (" 00:00" if match[1] else ""), text)

    def _instead(self, match: re.Match[str]) -> str:
        value, shape = match[0], tuple(_SHAPES)[(match.lastindex or 1) - 1]
        for whole, of_whole in self._whole.items():
            if whole.startswith(value):
                return self._label(whole, of_whole)
        if shape != _BEGINNING:
            return self._label(value, shape)
        if match.string.endswith("sha256:", 0, match.start()):  # it may have digits alone
            return self._label(value, "digest-{}")
        return self._label(value, _ACCOUNT_SHAPE) if _ACCOUNT.fullmatch(value) else value

    def _label(self, value: str, shape: str) -> str:
        for known, label in self._labels.items():
            if known.startswith(value):  # a shortened one
                return label
        self._counts[shape] = self._counts.get(shape, 0) + 1
        self._labels[value] = shape.format(self._counts[shape])
        return self._labels[value]


def _dates_around(now: datetime) -> re.Pattern[str]:
    """The days on which a story can have been played, with the hour where it is shown."""
    days = "|".join(f"{now + timedelta(days=days):%Y-%m-%d}" for days in range(-1, 4))
    return re.compile(rf"\b(?:{days})( \d\d\\?:\d\d(?:\\?:\d\d)?)?")
