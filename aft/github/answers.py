"""Reading GitHub's JSON: every value is checked for its type before it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from aft.errors import Terminal

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON object. Each reader raises ``Terminal`` when the value is of another type."""

    values: Mapping[str, object]
    where: str

    def text(self, key: str) -> str:
        return self._typed(key, str, "text")

    def text_or(self, key: str, default: str = "") -> str:
        """``default`` when it is absent or null, as many texts of GitHub's may be."""
        return default if self.values.get(key) is None else self.text(key)

    def lines(self, key: str) -> str:
        """A text of people, with line feeds alone between its lines, with any browser."""
        return self.text_or(key).replace("\r\n", "\n").replace("\r", "\n")

    def number(self, key: str) -> int:
        return self._typed(key, int, "a number")

    def flag(self, key: str) -> bool:
        return self._typed(key, bool, "true or false")

    def flag_or_none(self, key: str) -> bool | None:
        return None if self.values.get(key) is None else self.flag(key)

    def instant(self, key: str) -> datetime:
        try:
            return datetime.fromisoformat(self.text(key))
        except ValueError:
            raise self._odd(key, "a time") from None

    def child(self, key: str) -> Answer:
        found = self.child_or_none(key)
        if found is None:
            raise self._odd(key, "an object")
        return found

    def child_or_none(self, key: str) -> Answer | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self._odd(key, "an object")
        return Answer(value, self.where)

    def children(self, key: str) -> tuple[Answer, ...]:
        """The objects of a list; none when it is absent."""
        return objects(self.values.get(key) or [], where=self.where)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._odd(key, "a list of texts")
        return tuple(value)

    def _typed(self, key: str, kind: type[_T], expected: str) -> _T:
        value = self.values.get(key)
        if type(value) is not kind:  # which tells true and 1 apart
            raise self._odd(key, expected)
        return value

    def _odd(self, key: str, expected: str) -> Terminal:
        return Terminal(f"{self.where}: GitHub's answer has no {expected} under {key!r}")


def objects(value: object, *, where: str) -> tuple[Answer, ...]:
    """A list of objects. Raises ``Terminal`` when it is something else."""
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise Terminal(f"{where}: GitHub did not answer with a list of objects")
    return tuple(Answer(item, where) for item in value)


def parsed(body: bytes, *, where: str) -> object:
    """JSON. Raises ``Terminal``: a proxy's page, or half an answer."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Terminal(
            f"{where}: the answer is not JSON",
            hint="check GITHUB_API_URL, and whether a proxy answers in its place",
        ) from None
