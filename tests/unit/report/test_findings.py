from __future__ import annotations

import json

from aft.findings.codes import finding_codes
from aft.findings.model import Finding, Severity, SourceRef
from aft.report.findings import (
    findings_count,
    findings_github,
    findings_json,
    findings_sarif,
    findings_text,
)

ERROR = Finding(
    code="AFT909",
    source=SourceRef("account-requests/a b,c:d.yaml", 3, 7),
    message="100% wrong:\nOU 'Prdo'",
    hint="did you mean 'Prod'?",
)
WARNING = Finding(
    code="AFT950", source=SourceRef("aft.yaml"), message="soon", severity=Severity.WARNING
)
FOUND = (ERROR, WARNING)


def test_text_is_one_line_a_finding_that_editors_can_jump_to() -> None:
    assert findings_text(FOUND).splitlines() == [
        "account-requests/a b,c:d.yaml:3:7: AFT909 100% wrong: OU 'Prdo' (did you mean 'Prod'?)",
        "aft.yaml:1:1: AFT950 warning: soon",
    ]
    assert "\x1b" not in findings_text(
        [Finding(code="X", source=SourceRef("\x1b[2J"), message="\x1b[2J")]
    )


def test_the_count_says_errors_warnings_and_files() -> None:
    assert findings_count(FOUND) == "1 error, 1 warning in 2 files"
    assert findings_count((ERROR, ERROR)) == "2 errors in 1 file"
    assert findings_count(()) == "no findings"


def test_json_has_the_promised_shape() -> None:
    assert json.loads(findings_json(FOUND)) == {
        "findings": [
            {
                "code": "AFT909",
                "severity": "error",
                "path": "account-requests/a b,c:d.yaml",
                "line": 3,
                "column": 7,
                "message": "100% wrong:\nOU 'Prdo'",
                "hint": "did you mean 'Prod'?",
            },
            {
                "code": "AFT950",
                "severity": "warning",
                "path": "aft.yaml",
                "line": 1,
                "column": 1,
                "message": "soon",
                "hint": "",
            },
        ]
    }
    assert json.loads(findings_json(())) == {"findings": []}


def test_annotations_are_escaped_as_github_reads_them() -> None:
    assert findings_github(FOUND).splitlines() == [
        (
            "::error file=account-requests/a b%2Cc%3Ad.yaml,line=3,col=7,"
            "title=AFT909 OU not found::100%25 wrong: OU 'Prdo' (did you mean 'Prod'?)"
        ),
        "::warning file=aft.yaml,line=1,col=1,title=AFT950 Too many changes::soon",
    ]


def test_a_message_cannot_start_a_command_of_its_own() -> None:
    evil = Finding(code="X", source=SourceRef("a\n::stop-commands::x"), message="a\n::set-env::x")
    assert len(findings_github([evil]).splitlines()) == 1


def test_sarif_has_no_link_of_others() -> None:
    evil = Finding(code="X", source=SourceRef("a"), message="[a](//e) [b][](c)", hint="[d](1)")
    (result,) = json.loads(findings_sarif([evil]))["runs"][0]["results"]
    assert result["message"]["text"] == "[a] (//e) [b][] (c)\n[d] (1)"


def test_sarif_has_the_rules_that_occur_and_the_places() -> None:
    log = json.loads(findings_sarif(FOUND))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["AFT909", "AFT950"]
    assert rules[0]["help"]["text"] == finding_codes()["AFT909"].remedy
    first, second = run["results"]
    assert [item["ruleIndex"] for item in run["results"]] == [0, 1]
    assert (first["level"], second["level"]) == ("error", "warning")
    location = first["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "account-requests/a%20b%2Cc%3Ad.yaml"
    assert location["region"] == {"startLine": 3, "startColumn": 7}


def test_sarif_knows_a_finding_again_when_its_line_moves() -> None:
    moved = Finding(code=ERROR.code, source=SourceRef(ERROR.source.path, 9), message=ERROR.message)
    prints = [
        json.loads(findings_sarif([item]))["runs"][0]["results"][0]["partialFingerprints"]
        for item in (ERROR, moved, WARNING)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_an_unknown_code_is_still_reported() -> None:
    odd = Finding(code="X1", source=SourceRef("a"), message="m")
    assert json.loads(findings_sarif([odd]))["runs"][0]["results"][0]["ruleId"] == "X1"
    assert "title=X1::m" in findings_github([odd])
