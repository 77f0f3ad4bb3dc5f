"""Every code that aft reports is explained, and every explanation is of a code it reports."""

from __future__ import annotations

import re
from pathlib import Path

import aft
from aft.findings.codes import finding_codes

PACKAGE = Path(aft.__file__).parent


def codes_in_use() -> set[str]:
    return {
        code
        for path in PACKAGE.rglob("*.py")
        for code in re.findall(r'"(AFT[0-9]{3})"', path.read_text())
    }


def test_every_code_in_use_is_explained() -> None:
    assert codes_in_use() <= finding_codes().keys()


def test_every_code_explained_is_in_use() -> None:
    assert finding_codes().keys() <= codes_in_use()


def test_explanations_are_sentences() -> None:
    for code, entry in finding_codes().items():
        assert entry.code == code
        assert entry.title
        assert not entry.title.endswith(".")
        assert entry.meaning.endswith(".")
        assert entry.remedy.endswith(".")


def test_codes_are_listed_in_order() -> None:
    assert list(finding_codes()) == sorted(finding_codes())
