"""The table of what may be called, and what a call brings along."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import answers
from .access import Token
from .answers import Answer, Refusal
from .git_side import GitSide
from .model import State, User

if TYPE_CHECKING:
    from .server import GitHubServer

GHOST = User("ghost")


@dataclass
class Call:
    """One request that was let in."""

    server: GitHubServer
    token: Token | None
    names: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    path: str

    @property
    def state(self) -> State:
        return self.server.state

    @property
    def git(self) -> GitSide:
        return self.server.git

    @property
    def root(self) -> str:
        return self.server.url

    @property
    def user(self) -> User:
        return self.token.user if self.token else GHOST

    def page(self, items: Sequence[Any], key: str = "") -> Answer:
        url = f"{self.root}{self.path}"
        return answers.page_of(items, self.query, url=url, key=key)

    def text(self, name: str, resource: str, *, missing: str | None = None) -> str:
        """A text of the body; 422 without it or when it is of another type."""
        value = self.body.get(name, missing)
        if value is None:
            raise answers.invalid(resource, name, "missing_field")
        if not isinstance(value, str):
            raise Refusal(422, f"Invalid request.\n\nFor 'properties/{name}', it is no string.")
        return value


@dataclass(frozen=True)
class Route:
    """``needs``: permissions, one of which is enough."""

    method: str
    pattern: re.Pattern[str]
    needs: tuple[tuple[str, str], ...]
    answer: Callable[[Call], Answer]


def route(method: str, path: str, answer: Callable[[Call], Answer], *needs: str) -> Route:
    """``{name}`` in a path is one segment (``{name*}`` the rest); needs are ``pulls=read``."""
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    pairs = tuple((name, level) for name, _, level in (need.partition("=") for need in needs))
    return Route(method, re.compile(pattern + r"\Z"), pairs, answer)
