"""Findings as lines for people, and as JSON for tools."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from aft.findings.model import Finding, Severity, SourceRef
from aft.report.plain import counted, one_line


def findings_text(findings: Iterable[Finding]) -> str:
    """One ``path:line:col: CODE message (hint)`` a line, which editors can jump to."""
    return "\n".join(_line(finding) for finding in findings)


def _line(finding: Finding) -> str:
    word = "" if finding.is_error else "warning: "
    hint = f" ({one_line(finding.hint)})" if finding.hint else ""
    place = one_line(finding.where)
    return f"{place}: {finding.code} {word}{one_line(finding.message)}{hint}"


def findings_count(findings: Iterable[Finding]) -> str:
    """``3 errors, 1 warning in 2 files``, or ``no findings``."""
    found = tuple(findings)
    if not found:
        return "no findings"
    errors = sum(1 for finding in found if finding.severity is Severity.ERROR)
    files = len({finding.path for finding in found if finding.path})
    parts = [
        counted(number, word)
        for number, word in ((errors, "error"), (len(found) - errors, "warning"))
        if number
    ]
    return f"{', '.join(parts)} in {counted(files, 'file')}"


def findings_json(findings: Iterable[Finding]) -> str:
    """``{"findings": [{"code", "severity", "path", "line", "column", "message", "hint"}]}``."""
    return (
        json.dumps(
            {
                "findings": [
                    {
                        "code": finding.code,
                        "severity": finding.severity.value,
                        **asdict(finding.source or SourceRef("")),
                        "message": finding.message,
                        "hint": finding.hint,
                    }
                    for finding in findings
                ]
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )
