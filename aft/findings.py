"""What is wrong with a file, and where: the unit of everything ``aft validate`` says.

Codes are stable and documented one by one in ``aft.finding_codes``; messages may improve.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """An error stops a plan; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


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
    """One thing to mend. ``message`` says what is wrong and what was expected; ``hint`` what
    to write instead (``did you mean …``), or is empty."""

    code: str
    source: SourceRef
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the closest choice, or an empty string."""
    by_key = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), by_key, n=1, cutoff=0.6)
    return f"did you mean {by_key[near[0]]!r}?" if near else ""


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by place, then code; duplicates dropped."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.source, item.code, item.message)))
