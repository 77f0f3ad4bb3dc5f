"""IAM actions that are asked for together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions that are allowed together. ``why`` is one line for people."""

    sid: str
    why: str
    actions: tuple[str, ...]
