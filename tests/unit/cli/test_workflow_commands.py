"""Under GitHub Actions no line starts a command, in whatever pieces it is printed."""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Sequence

import click
import pytest
from emulator.log import Log
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from aft.cli.workflow_commands import FilteredStream, only_own_commands, print_commands

ACTIONS = {"GITHUB_ACTIONS": "true"}


def printed(*pieces: str) -> str:
    """What reaches the runner of text written in these pieces."""
    under = io.StringIO(newline="")
    stream = FilteredStream(under)
    for piece in pieces:
        assert stream.write(piece) == len(piece)
    return under.getvalue()


def commands(text: str) -> Sequence[str]:
    """The commands that the runner finds, also one that ends lines at more letters than it does."""
    log = Log()
    log.output(text)
    for line in text.splitlines():
        log.output(re.sub(r"\x1b\[[0-9;]*m", "", line))
    return log.commands


@pytest.mark.parametrize(
    "text",
    [
        "::error file=x::y",
        "  \t::add-mask::aft",
        "first\n::notice title=Security review::Approved\n",
        "first\r::warning::y",
        "first\r\n::warning::y",
        "\u3000\u00a0\u2028::error::x",
        "first\u2028::error::x",
        "first\x85::error::x",
        "\x0b\x0c\x1c::error::x",
        "\x1b[31m::error::x",
        "\x1b[0m \x1b[1;31m\u200b::error::x",
        "\ufeff::error::x",
        ":\u200b:error::x",
        "::stop-commands::aft",
        "::group::\n::endgroup::",
        "::add-matcher::.github/x.json",
        "::ERROR::x",
        "##[error]x",
        "a path##[add-mask]aft",
        "text ##[group]x ##[add-mask]y",
        "#\x1b[0m##[error]x",
        "##\u200b[error]x",
        "###[error]x",
        "::::error::x",
        "\n\n::error::\n",
    ],
)
def test_nothing_is_a_command(text: str) -> None:
    for pieces in ([text], list(text), re.split(r"(?<=:)", text), ["", *text.partition("[")]):
        shown = printed(*pieces)
        assert commands(shown) == [], (pieces, shown)
        assert shown.replace(" ", "") == text.replace(" ", ""), "only blanks are added"
        again = printed("before\n", *pieces)
        assert commands(again) == []


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::123456789012:role/x\n",
        "a: b\n  c::d\n",
        "- x ::error::y\n",
        "# a heading\n## another [x]\n",
        "\x1b[31mred\x1b[0m: told\n",
        ":tada:\n: :\n",
        '{"a": "#\\u0023[error]"}\n',
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert printed(text) == text
    assert printed(*text) == text


PIECES = st.lists(
    st.text(alphabet=":#[]error \t\r\n\u2028\x85\x1b0m;\u200b\xa0x", max_size=12), max_size=8
)


@given(PIECES)
@example([":", ":error::x"])
@example(["#", "#", "[error]x"])
@example(["\x1b[", "31m", ":", ":error::x"])
def test_no_pieces_make_a_command(pieces: list[str]) -> None:
    shown = printed(*pieces, "::error::x")
    text = "".join(pieces) + "::error::x"
    assert commands(shown) == []
    assert shown.replace(" ", "") == text.replace(" ", "")


def test_a_long_line_of_blanks_is_not_kept() -> None:
    shown = printed(*([" " * 1000, "\x1b[0m"] * 2000), "::error::x")
    assert commands(shown) == []


def test_own_commands_take_effect_and_only_those(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with only_own_commands(ACTIONS):
        click.echo("::error::foreign")
        click.echo("no line end", nl=False)
        print_commands("::warning file=a.yaml::ours")
        click.echo("::error::foreign")
        click.echo(":", nl=False)
        print_commands("")
        click.echo(":error::foreign")
        click.echo("::notice::foreign", err=True)
        Console(file=sys.stderr, width=80).print("::notice::foreign", markup=False)
        sys.stderr.write(
            warnings.formatwarning(SyntaxWarning("x"), SyntaxWarning, "a\n::error::foreign\n", 1)
        )
        sys.excepthook(ValueError, ValueError("a\n::error::foreign\n##[error]foreign"), None)
    assert (sys.stdout, sys.stderr) == before
    shown = capsys.readouterr()
    log = Log()
    log.output(shown.out + shown.err)
    assert [(item.level, item.message) for item in log.annotations] == [("warning", "ours")]
    assert log.commands == ["warning"]
    assert "foreign" in shown.err


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_nothing_is_changed(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with only_own_commands(environ):
        click.echo("::x::")
        print_commands("::error::y")
        print_commands("")
    assert capsys.readouterr().out == "::x::\n::error::y\n"


def test_it_is_a_stream_like_the_one_below() -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace") as below:
        stream = FilteredStream(below)
        assert (stream.encoding, stream.errors) == ("latin-1", "replace")
        assert stream.writable()
        assert not stream.isatty()
        with pytest.raises(TypeError):
            stream.write(b"::")  # type: ignore[arg-type]
        with pytest.raises(OSError, match="fileno"):
            stream.fileno()
