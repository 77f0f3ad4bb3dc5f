"""Rate limits and faults, on whatever clock the server was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from .answers import Refusal


@dataclass
class Limits:
    """``primary`` requests an hour; ``secondary``: the moment until which all is refused.

    ``status`` is what a limit answers with: GitHub uses 403 and 429. ``ignored`` counts the
    requests that came although the server had said when to come back: there should be none.
    """

    now: Callable[[], datetime]
    primary: int = 5000
    status: int = 403
    window: float = 3600.0
    used: int = 0
    reset: float = 0.0
    secondary: float = 0.0
    says_retry_after: bool = True
    ignored: int = 0
    _told: float = 0.0

    def slow_down(self, seconds: float) -> None:
        """A secondary limit strikes at the next request, and lasts so long."""
        self.secondary = self.now().timestamp() + seconds

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.primary),
            "x-ratelimit-remaining": str(max(0, self.primary - self.used)),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": "core",
        }

    def take(self) -> None:
        """Count one request, or refuse it."""
        now = self.now().timestamp()
        if now < self._told:
            self.ignored += 1
        if now < self.secondary:
            left = int(self.secondary - now + 0.999)
            self._told = self.secondary if self.says_retry_after else now + 60
            raise Refusal(
                self.status,
                "You have exceeded a secondary rate limit. Please wait a few minutes before you "
                "try again.",
                headers={"Retry-After": str(left)} if self.says_retry_after else {},
            )
        if now >= self.reset:
            self.used, self.reset = 0, float(int(now + self.window))
        if self.used >= self.primary:
            self._told = self.reset
            raise Refusal(self.status, "API rate limit exceeded for installation ID 1.")
        self.used += 1


@dataclass
class Fault:
    """What goes wrong with the next request whose path holds ``path``.

    ``status`` answers so; ``"drop"`` hangs up before doing anything, ``"lose"`` does it and hangs
    up, ``"garble"`` answers no JSON, ``"flood"`` answers far too much.
    """

    kind: int | str
    path: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def meets(self, method: str, path: str) -> bool:
        return self.path in path and self.method in ("", method)
