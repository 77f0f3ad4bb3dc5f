"""What customizations execute or render reads as it runs; other files are only warned about."""

from __future__ import annotations

import pytest
from builders_requests import MemoryFiles

from aft.customizations.manifest import parse_customizations
from aft.findings.model import Finding
from aft.plugins import RUNNERS_GROUP, load_plugins

RUNNERS = load_plugins(RUNNERS_GROUP, lambda item: item.kind)
STEP = "def customize(context):\n    pass\n"


def found(path: str, content: str | bytes) -> list[Finding]:
    files = {"customizations/accounts/web/50-step.py": STEP}
    place = f"customizations/accounts/web/{path}"
    _, findings = parse_customizations(MemoryFiles({**files, place: content}), RUNNERS)
    return [item for item in findings if item.path == place and item.code == "AFT809"]


CODE = [
    *("10-x.py", "10-x.sh", "10-x.cfn.yaml", "10-x.cfn.json", "_lib.py", "_lib.sh", "_x.js"),
    *("lib/x.rb", "terraform/main.tf", "terraform/x.jinja", "terraform/x.tf.json", "_p.rego"),
    *("terraform/t/init.tftpl", "terraform/x.auto.tfvars", "terraform/m/y.tf", "lib/policy.json"),
    *("lib/tool", "lib/x.awk", "lib/x.unknown", "lib/x.php", "terraform/files/init", "_x.jq"),
    *("api_helpers/pre-api-helpers.sh", "api_helpers/python/requirements.txt", "lib/Dockerfile"),
]
DATA = ["_zones.csv", "_notes.txt", "lib/page.html", "lib/NOTES.TXT", "terraform/files/motd.md"]


@pytest.mark.parametrize("path", CODE)
@pytest.mark.parametrize("odd", ["\u202e", "\u200b", "\u00ad", "\U000e0041", "\ufe0f", "\u0378"])
def test_code_has_nothing_that_people_cannot_see(path: str, odd: str) -> None:
    (finding,) = found(path, f"# one\n# a{odd}b\n")
    assert finding.is_error
    assert (finding.source.line, finding.source.column) == (2, 4)
    assert f"U+{ord(odd):04X}" in finding.message
    assert finding.hint


@pytest.mark.parametrize("path", DATA)
def test_data_that_is_carried_along_is_warned_about(path: str) -> None:
    (finding,) = found(path, "one\na\u202eb\n")
    assert not finding.is_error
    assert (finding.source.line, finding.source.column) == (2, 2)
    assert found(path, b"a\xff") == [], "no text at all"


@pytest.mark.parametrize("path", ["lib/tool", "lib/x.whl", "_logo.png", "lib/y.zip", *DATA])
def test_what_is_no_text_is_left_alone(path: str) -> None:
    assert found(path, b"\x89PNG\r\n\x1a\n\x00\x00\xff") == []
    assert found(path, b"PK\x03\x04\x00\x00") == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("lib/tool", "#!/bin/sh\n# \u202e\n"),
        ("_data.txt", "#!/usr/bin/env python3\n# \u202e\n"),
        ("_lib.sh", b"echo \xff\n"),
        ("lib/tool", b"echo \xff\n"),
        ("lib/x.awk", b"echo \xff\xe2\x80\xae\n"),
        ("_lib.py", b"x = '\xe2\x80'\n"),
        ("_x.json", "{}".encode("utf-16")),
        ("_lib.sh", "\ufeffecho\n"),
        ("lib/tool", "\ufeff#!/bin/sh\n\u202e"),
        ("_lib.py", "\ufeff\ufeffx = 1\n"),
        ("_lib.py", "# x\rimport os\n"),
        ("_lib.py", "#\x0c\n"),
        ("_lib.py", "\x00"),
        ("_lib.py", "# coding: utf-7\n"),
        ("_lib.py", "\n  # vim: set fileencoding=latin-1 :\n"),
        ("_lib.py", "\ufeff# coding: cp1252\n"),
        ("_lib.py", "#\r# coding: raw_unicode_escape\n"),
        ("lib/tool", "#!/usr/bin/python3\n# -*- coding: utf-7 -*-\n"),
        ("_lib.py", "x = 'e\u0301'\n"),
        ("_lib.py", "x = '" + "\u0315\u0323" * 50_000 + "'\n"),
    ],
)
def test_other_ways_to_read_differently(path: str, content: str | bytes) -> None:
    assert any(item.is_error for item in found(path, content))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("_lib.py", "# -*- coding: utf-8 -*-\nx = 'Zürich – 東京 🚀'\n"),
        ("_lib.py", "# coding: US-ASCII\n"),
        ("_lib.py", "\ufeffx = 1\n"),
        ("_lib.py", "#\n#\n# coding: utf-7 says nothing in the third line\n"),
        ("_lib.py", "x = 1\r\n\ty = 2\r\n"),
        ("terraform/main.tf", '\ufefflocals { a = "prix\u00a0: 5 €" }\n'),
        ("_x.json", '{"a": "\\u200b"}'),
        ("_zones.csv", "a;b\r\nä;ö\r\n"),
    ],
)
def test_what_reads_as_it_is(path: str, content: str) -> None:
    assert found(path, content) == []
