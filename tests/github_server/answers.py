"""What a route answers with, and how a list is cut into pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass
class Answer:
    """``body`` is JSON, or bytes as they are."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error answer, in GitHub's form."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, str] | str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.answer = Answer(
            {
                "message": message,
                **({"errors": list(errors)} if errors else {}),
                "documentation_url": DOCUMENTATION,
                "status": str(status),
            },
            status,
            dict(headers or {}),
        )


def invalid(resource: str, field_name: str, code: str, message: str = "") -> Refusal:
    """422 as GitHub words it."""
    error = {"resource": resource, "field": field_name, "code": code}
    if message:
        error["message"] = message
    return Refusal(422, "Validation Failed", errors=[error])


def page_of(items: Sequence[Any], query: Mapping[str, str], *, url: str, key: str = "") -> Answer:
    """One page, with a Link header to the others. ``key`` wraps the list as some answers do."""
    size = min(max(_number(query.get("per_page"), 30), 1), 100)
    page = max(_number(query.get("page"), 1), 1)
    last = max(1, -(-len(items) // size))
    shown = list(items[(page - 1) * size : page * size])

    def link(number: int, relation: str) -> str:
        return f'<{url}?{urlencode({**query, "page": str(number)})}>; rel="{relation}"'

    links = []
    if page > 1:
        links += [link(page - 1, "prev"), link(1, "first")]
    if page < last:
        links += [link(page + 1, "next"), link(last, "last")]
    body: Any = {"total_count": len(items), key: shown} if key else shown
    return Answer(body, headers={"Link": ", ".join(links)} if links else {})


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default
