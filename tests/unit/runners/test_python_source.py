"""Reading a step's source prints nothing, whatever Python has to say about it."""

from __future__ import annotations

import warnings

import pytest

from aft.findings.model import Finding
from aft.runners.python.source import check_source, parse_source

ODD_PATH = "customizations/global/10-x\n::notice title=Approved::by all\n.py"


@pytest.mark.parametrize(
    "source",
    [
        b"1if 1else 2\n",
        b"x = '\\d'\n",
        b"assert (1, 'x')\n",
        b"x = 1\nx is 1\n",
        b"0x1for x in ()\n",
        b"x = '\\400'\n",
    ],
)
def test_python_s_warnings_are_not_printed(
    source: bytes, recwarn: pytest.WarningsRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    warnings.simplefilter("always")
    parse_source(source, ODD_PATH)
    check_source(source, ODD_PATH)
    assert [str(item.message) for item in recwarn] == []
    assert capsys.readouterr() == ("", "")


def test_a_warning_that_is_an_error_elsewhere_is_none_here() -> None:
    with warnings.catch_warnings(action="error"):
        assert not isinstance(parse_source(b"x = '\\d'\n", "x.py"), Finding)


def test_an_error_names_the_path_and_not_the_parser_s() -> None:
    found = parse_source(b"x = (\n", ODD_PATH)
    assert isinstance(found, Finding)
    assert found.path == ODD_PATH
    assert "<step>" not in found.message
