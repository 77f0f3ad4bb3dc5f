"""What is wrong, and where: the unit of what ``aft validate`` and a plan's attention say.

Codes are stable and documented one by one in ``aft.findings.codes``; messages may improve.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

MAX_FINDINGS = 100
"""Of one file: people read the first ones, and each has its price."""


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


class Condition(enum.StrEnum):
    """What is the case, for those that decide by it; codes and messages are for people."""

    NONE = ""
    REMARK = "remark"
    """Only to be known: everything asked for is done all the same."""
    OTHER_ORGANIZATION = "other-organization"
    """None of the ledger's accounts is in this organization."""
    ACCOUNT_GONE = "account-gone"
    ACCOUNT_SUSPENDED = "account-suspended"
    ACCOUNT_KEPT = "account-kept"
    """It is elsewhere than its request says, and protected or held back, so it stays."""
    ACCOUNT_MOVED = "account-moved"
    """The same, and it was where its request says when it was last protected."""
    OTHER_EMAIL = "other-email"
    """Its root e-mail address is not the request's."""
    UNKNOWN_REQUEST = "unknown-request"
    """It carries the tag of a request that there is not."""
    NOT_READ = "not-read"
    """A limited plan did not read the account."""
    UNREAD = "unread"
    """Something inside the account could not be looked at."""
    KEY_MISSING = "key-missing"
    """A required key of a file is not there; ``Finding.key`` is its name."""
    BREAKS_RULE = "breaks-rule"
    """A value of the right type breaks a rule."""
    ID_TAKEN = "id-taken"
    """Another request has the same id."""
    HELD_BACK = "held-back"
    """Nothing is done for the account, because of errors in files that it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to fix or to know. ``message`` says what is wrong and what was expected; ``hint``
    what to write instead (``did you mean …``), or is empty. ``source`` is where a file says it. A
    finding about the organization has a ``target`` instead (a request id, an account id or
    ``organization``) and may have a ``condition``. ``about`` are the files that it concerns, where
    these are not the one that says it: of a duplicate both, of a value from defaults the request.
    """

    code: str
    source: SourceRef | None = None
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    key: str = ""
    target: str = ""
    condition: Condition = Condition.NONE
    about: tuple[str, ...] = field(default=(), compare=False)

    @property
    def path(self) -> str:
        """The file, or ``""``."""
        return self.source.path if self.source is not None else ""

    @property
    def where(self) -> str:
        """``path:line:column``, or the target where there is no file."""
        return str(self.source) if self.source is not None else self.target

    @property
    def is_remark(self) -> bool:
        """Only to be known: everything asked for is done all the same."""
        return self.condition in (Condition.REMARK, Condition.UNKNOWN_REQUEST)

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def finding_at(
    code: str,
    source: SourceRef | None,
    message: str,
    hint: str = "",
    *,
    severity: Severity = Severity.ERROR,
    condition: Condition = Condition.NONE,
    key: str = "",
) -> Finding:
    """A finding in a file."""
    return Finding(
        code=code,
        source=source,
        message=message,
        hint=hint,
        severity=severity,
        condition=condition,
        key=key,
    )


def finding_about(
    code: str, target: str, message: str, hint: str = "", condition: Condition = Condition.NONE
) -> Finding:
    """A finding about the organization."""
    return Finding(code=code, target=target, message=message, hint=hint, condition=condition)


def sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by place, then code; duplicates dropped."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=_place))


def few(findings: Iterable[Finding], path: str) -> tuple[Finding, ...]:
    """At most ``MAX_FINDINGS`` of one file, sorted, and one that says that there are others. Takes
    no further ones of ``findings`` than it keeps."""
    rest = iter(findings)
    kept = sorted_findings(islice(rest, MAX_FINDINGS))
    if next(rest, None) is None:
        return kept
    more = Finding(
        code="AFT115",
        source=SourceRef(path),
        message=f"there are more than {MAX_FINDINGS} findings in this file; the first are shown",
        hint="fix these, then run again",
    )
    return (*kept, more)


def _place(finding: Finding) -> tuple[SourceRef, str, str, str]:
    return finding.source or SourceRef(""), finding.target, finding.code, finding.message
