"""Every code that aft reports is explained, and every explanation is of a code it reports."""

from __future__ import annotations

import re
from pathlib import Path

import aft
from aft.findings import codes
from aft.findings.codes import FINDING_CODES

PACKAGE = Path(aft.__file__).parent


def codes_in_use() -> set[str]:
    sources = (path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "findings" / "codes.py")
    return {code for path in sources for code in re.findall(r'"(AFT[0-9]{3})"', path.read_text())}


def test_every_code_in_use_is_explained() -> None:
    assert codes_in_use() <= FINDING_CODES.keys()


def test_every_code_explained_is_in_use() -> None:
    assert FINDING_CODES.keys() <= codes_in_use()


def test_explanations_are_sentences() -> None:
    for code, entry in FINDING_CODES.items():
        assert entry.code == code
        assert entry.title
        assert not entry.title.endswith(".")
        assert entry.meaning.endswith(".")
        assert entry.remedy.endswith(".")


def test_no_code_has_two_meanings() -> None:
    told = re.findall(r'"(AFT[0-9]{3})",\n', Path(codes.__file__).read_text())
    assert len(told) == len(set(told)) == len(FINDING_CODES)


def test_codes_are_listed_in_order() -> None:
    assert list(FINDING_CODES) == sorted(FINDING_CODES)
