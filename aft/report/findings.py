"""Findings as lines for people, and for tools: JSON, a pull request's annotations, SARIF 2.1.0."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from urllib.parse import quote

from aft import __version__
from aft.findings.codes import finding_codes
from aft.findings.model import Finding, SourceRef
from aft.report.plain import json_text, one_line
from aft.text.policy import shown
from aft.values.words import counted

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def findings_text(findings: Iterable[Finding]) -> str:
    """One ``path:line:col: CODE message (hint)`` a line, which editors can jump to."""
    return "\n".join(
        f"{one_line(finding.where)}: {finding.code} {'' if finding.is_error else 'warning: '}"
        f"{_words(finding)}"
        for finding in findings
    )


def findings_count(findings: Iterable[Finding]) -> str:
    """``3 errors, 1 warning in 2 files``, or ``no findings``."""
    found = tuple(findings)
    if not found:
        return "no findings"
    errors = sum(finding.is_error for finding in found)
    numbers = {"error": errors, "warning": len(found) - errors}
    parts = [counted(number, word) for word, number in numbers.items() if number]
    files = len({finding.path for finding in found if finding.path})
    return f"{', '.join(parts)} in {counted(files, 'file')}"


def findings_json(findings: Iterable[Finding]) -> str:
    """``{"findings": [{"code", "severity", "path", "line", "column", "message", "hint"}]}``."""
    rows = [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            **asdict(finding.source or SourceRef("")),
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in findings
    ]
    return json_text({"findings": rows})


def findings_github(findings: Iterable[Finding]) -> str:
    """GitHub's workflow commands: ``::error file=…,line=…,col=…,title=…::message``, one a line."""
    return "\n".join(map(_command, findings))


def _command(finding: Finding) -> str:
    known, source = finding_codes().get(finding.code), finding.source
    values: dict[str, object] = {}
    if source is not None:
        values = {"file": shown(source.path), "line": source.line, "col": source.column}
    values["title"] = f"{finding.code} {known.title}" if known is not None else finding.code
    properties = ",".join(
        f"{key}={_data(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in values.items()
    )
    word = "error" if finding.is_error else "warning"
    return f"::{word} {properties}::{_data(_words(finding))}"


def _data(text: str) -> str:
    """As GitHub's toolkit escapes a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _words(finding: Finding) -> str:
    return one_line(finding.message) + (f" ({one_line(finding.hint)})" if finding.hint else "")


def findings_sarif(findings: Iterable[Finding]) -> str:
    """A SARIF log with one run, for code scanning; its rules are the codes that occur."""
    found = tuple(findings)
    codes = sorted({finding.code for finding in found})
    driver = {"name": "aft", "semanticVersion": __version__, "rules": [_rule(it) for it in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.code)) for finding in found],
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, object]:
    known = finding_codes().get(code)
    if known is None:
        return {"id": code}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in known.title.replace("`", "").split()),
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.meaning},
        "help": {"text": known.remedy},
    }


def _result(finding: Finding, rule: int) -> dict[str, object]:
    hint = f"\n{finding.hint}" if finding.hint else ""
    identity = f"{finding.code}\0{finding.path or finding.target}\0{finding.message}"
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:32]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        # "[text](address)" is a link there (SARIF 2.1.0, 3.11.6), also without Markdown.
        "message": {"text": f"{finding.message}{hint}".replace("](", "] (")},
        "locations": [_location(finding.source)] if finding.source is not None else [],
        # Stays the same when lines move, so that one finding stays one alert.
        "partialFingerprints": {"aftFinding/v1": digest},
    }


def _location(source: SourceRef) -> dict[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(source.path, safe="/"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": source.line, "startColumn": source.column},
        }
    }
