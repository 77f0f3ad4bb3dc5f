"""What the sandbox remembers of each call, and what a handler is given. Values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aft.sandbox.credentials import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call as AWS saw it. ``error_code`` is ``None`` when it succeeded; ``caller`` is the
    ARN of the role or user, ``at`` the organization's time in seconds; ``depends`` names the
    condition keys (or ``resource``) that policies ask for and the sandbox does not know."""

    index: int
    service: str
    operation: str
    account_id: str
    caller: str
    at: float
    region: str
    request_id: str
    error_code: str | None
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call to an operation the sandbox answers itself, parsed and validated."""

    service: str
    operation: str
    region: str
    caller: Caller
    params: Mapping[str, Any]


Handler = Callable[[Invocation], Mapping[str, Any] | None]
"""Returns the output members. ``None`` leaves the call to moto."""
