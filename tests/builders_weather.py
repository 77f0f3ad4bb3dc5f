"""Kinds of bad weather: what a network and a busy AWS may do to one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aft.sandbox import (
    Action,
    Gate,
    cut_reply,
    error,
    held,
    lost_reply,
    page,
    reset,
    throttle,
)

TENTH = 10
"""One call in so many is met, where all are in turn."""
RACES = {
    "iam": "ConcurrentModification",
    "s3control": "OperationAborted",
    "ssm": "TooManyUpdates",
}
"""How services say that two writers met; the others as Organizations does."""

SHARES = (0, 25, 50, 75, 98)
"""How many percent of an answer arrive."""

Weather = Callable[[str], Action]
"""What happens to a call of the service."""

KINDS: Mapping[str, Weather] = {
    "throttle": lambda _: throttle(),
    "500": lambda _: error("InternalFailure", "An internal error occurred.", status=500),
    "503": lambda _: error("ServiceUnavailable", "Try again later.", status=503),
    "html": lambda _: page(),
    "reset-before": lambda _: reset(),
    "reset-after": lambda _: lost_reply(),
    **{f"cut-{share}": lambda _, share=share: cut_reply(share / 100) for share in SHARES},
    "slow": lambda _: held(Gate()),
    "conflict": lambda service: error(RACES.get(service, "ConcurrentModificationException")),
}
