"""Findings as annotations on the lines of a pull request (GitHub's workflow commands)."""

from __future__ import annotations

from collections.abc import Iterable

from aft.findings.codes import finding_codes
from aft.findings.model import Finding
from aft.report.plain import one_line


def findings_github(findings: Iterable[Finding]) -> str:
    """One ``::error file=…,line=…,col=…,title=…::message`` a line."""
    return "\n".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    known = finding_codes().get(finding.code)
    title = f"{finding.code} {known.title}" if known is not None else finding.code
    source = finding.source
    place = (
        {"file": _file(source.path), "line": str(source.line), "col": str(source.column)}
        if source is not None
        else {}
    )
    properties = ",".join(
        f"{key}={_property(text)}" for key, text in (place | {"title": title}).items()
    )
    hint = f" ({one_line(finding.hint)})" if finding.hint else ""
    message = _data(f"{one_line(finding.message)}{hint}")
    return f"::{'error' if finding.is_error else 'warning'} {properties}::{message}"


def _file(path: str) -> str:
    """Terminals show logs; a path that would speak to one is not shown as it is."""
    return path if path.isprintable() else one_line(path)


def _data(text: str) -> str:
    """As GitHub's toolkit escapes a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
