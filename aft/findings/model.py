"""What is wrong with a file, and where: the unit of everything ``aft validate`` says.

Codes are stable and documented one by one in ``aft.findings.codes``; messages may improve.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """An error stops a plan; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Flaw(enum.Enum):
    """What is wrong, for code that decides by it; finding codes and messages are for people."""

    OTHER = "other"
    MISSING = "missing"
    """A required key is not there; ``Finding.key`` is its name."""
    RULE = "rule"
    """A value of the right type breaks a rule."""
    TAKEN = "taken"
    """Another request has the same id."""


@dataclass(frozen=True, slots=True, order=True)
class SourceRef:
    """A place in a file. ``line`` and ``column`` count from 1; 1:1 is the file as a whole."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to fix. ``message`` says what is wrong and what was expected; ``hint`` what
    to write instead (``did you mean …``), or is empty."""

    code: str
    source: SourceRef
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    flaw: Flaw = Flaw.OTHER
    key: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by place, then code; duplicates dropped."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.source, item.code, item.message)))
