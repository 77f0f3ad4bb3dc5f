"""A check and its verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """``WRONG`` fails the run; ``UNKNOWN`` is what could not be looked at."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    UNKNOWN = "not-checked"


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that could not be had, and why."""

    why: str


NOT_LOOKED_AT = Unread("it was not looked at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``id`` is stable, ``says`` is what was found, ``remedy`` how to fix it if it needs fixing."""

    id: str
    verdict: Verdict
    says: str
    remedy: str = ""


def fine(check: str, says: str) -> Check:
    """All is well."""
    return Check(id=check, verdict=Verdict.FINE, says=says)


def warning(check: str, says: str, remedy: str) -> Check:
    """Something to know, or to fix some day."""
    return Check(id=check, verdict=Verdict.WARNING, says=says, remedy=remedy)


def wrong(check: str, says: str, remedy: str) -> Check:
    """Something to fix."""
    return Check(id=check, verdict=Verdict.WRONG, says=says, remedy=remedy)


def unknown(check: str, what: str, fact: Unread) -> Check:
    """Something that could not be looked at."""
    return Check(id=check, verdict=Verdict.UNKNOWN, says=f"{what}: {fact.why}")
