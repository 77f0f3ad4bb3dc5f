"""Findings as SARIF 2.1.0, for code scanning and editors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import quote

from aft.findings.codes import finding_codes
from aft.findings.model import Finding, SourceRef

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def findings_sarif(findings: Iterable[Finding]) -> str:
    """A SARIF log with one run; its rules are the finding codes that occur."""
    found = tuple(findings)
    codes = sorted({finding.code for finding in found})
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "aft",
                        "semanticVersion": _version(),
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes.index(finding.code)) for finding in found],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _version() -> str:
    try:
        return version("aft")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0.0.0"


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
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": f"{finding.message}{hint}"},
        "locations": [_location(finding.source)] if finding.source is not None else [],
        # Stays the same when lines move, so that one finding stays one alert.
        "partialFingerprints": {
            "aftFinding/v1": hashlib.sha256(identity.encode()).hexdigest()[:32]
        },
    }


def _location(source: SourceRef) -> dict[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(source.path, safe="/"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": source.line, "startColumn": source.column},
        }
    }
