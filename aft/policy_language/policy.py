"""A policy, compiled once and asked often."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from aft.policy_language.documents import NotAPolicy, statements_of
from aft.policy_language.statements import Effect, Statement, compile_statement

WITH_VARIABLES = "2012-10-17"
"""The version of the language that has policy variables."""
_KEPT_ACTIONS = 4096


class Policy:
    """The statements of one document under the name people know it by."""

    __slots__ = ("_by_action", "name", "statements")

    def __init__(self, name: str, statements: tuple[Statement, ...]) -> None:
        self.name = name
        self.statements = statements
        self._by_action: dict[str, tuple[tuple[Statement, ...], tuple[Statement, ...]]] = {}

    @classmethod
    def of(cls, document: Any, name: str = "") -> Policy:
        """Compile a parsed document. Raises ``NotAPolicy`` for what cannot be evaluated; whether
        a type of policy may hold it is ``grammar``'s business."""
        found = list(statements_of(document))
        variables = document.get("Version") == WITH_VARIABLES
        return cls(
            name,
            tuple(
                compile_statement(raw, index=index, variables=variables)
                for index, raw in enumerate(found)
            ),
        )

    def about(self, action: str) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        """The statements whose actions cover ``action`` (in lower case): (denying, allowing)."""
        found = self._by_action.get(action)
        if found is None:
            if len(self._by_action) >= _KEPT_ACTIONS:
                self._by_action.clear()
            matching = [item for item in self.statements if item.covers_action(action)]
            found = self._by_action[action] = (
                tuple(item for item in matching if item.effect is Effect.DENY),
                tuple(item for item in matching if item.effect is Effect.ALLOW),
            )
        return found


@lru_cache(maxsize=2048)
def policy_of_text(text: str, name: str = "") -> Policy:
    """Compile a JSON text; the same text is compiled once. Raises ``NotAPolicy``."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NotAPolicy(f"the policy is not JSON: {error}") from error
    return Policy.of(document, name)
