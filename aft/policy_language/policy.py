"""A policy, compiled once and asked often."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from aft.policy_language.documents import NotAPolicy, statements_of
from aft.policy_language.statements import Statement, compile_statement

WITH_VARIABLES = "2012-10-17"
"""The version of the language that has policy variables."""
_KEPT_ACTIONS = 4096

About = tuple[tuple[Statement, ...], tuple[Statement, ...]]


class Policy:
    """The statements of one document under the name people know it by."""

    __slots__ = ("_by_action", "_by_service", "_everywhere", "name", "statements")

    def __init__(self, name: str, statements: tuple[Statement, ...]) -> None:
        self.name = name
        self.statements = statements
        self._by_action: dict[str, About] = {}
        services = {service for item in statements for service in item.services or ()}
        self._everywhere = tuple(item for item in statements if item.services is None)
        self._by_service = {
            service: tuple(
                item for item in statements if item.services is None or service in item.services
            )
            for service in services
        }

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

    def about(self, action: str) -> About:
        """The statements whose actions cover ``action`` (in lower case): (denying, allowing)."""
        found = self._by_action.get(action)
        return found if found is not None else self._look_up(action)

    def _look_up(self, action: str) -> About:
        service = action.partition(":")[0]
        possible = self._by_service.get(service, self._everywhere)
        covering = [item for item in possible if item.covers_action(action)]
        found = (
            tuple(item for item in covering if item.denies),
            tuple(item for item in covering if not item.denies),
        )
        if len(self._by_action) >= _KEPT_ACTIONS:
            self._by_action.clear()
        self._by_action[action] = found
        return found


@lru_cache(maxsize=2048)
def policy_of_text(text: str, name: str = "") -> Policy:
    """Compile a JSON text; the same text is compiled once. Raises ``NotAPolicy``."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NotAPolicy(f"the policy is not JSON: {error}") from error
    return Policy.of(document, name)
