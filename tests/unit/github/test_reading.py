"""What is read from the environment, events and zip files, and what is written for GitHub."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from builders_github_api import client_of
from github_server import GitHubServer, zipped
from hypothesis import example, given
from hypothesis import strategies as st

from aft.errors import Denied, Terminal, UserError
from aft.forge.port import User
from aft.github.actions import event_path, read_event, write_outputs
from aft.github.address import parse_repository
from aft.github.answers import Answer
from aft.github.client import Token
from aft.github.forge import GitHubContext
from aft.github.people import ourselves
from aft.github.zip_member import member_of

# --- context ----------------------------------------------------------------------------


def test_own_token_wins_over_the_workflow_s() -> None:
    environ = {"GITHUB_REPOSITORY": "o/r", "AFT_GITHUB_TOKEN": "a", "GITHUB_TOKEN": "b"}
    token = GitHubContext.read(environ).token
    assert token is not None
    assert token.secret == "a"


@pytest.mark.parametrize("secret", ["ghs_a\nX-Evil: 1", "ghs_a b", "ghs_ä", "a\x00b"])
def test_token_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(UserError, match="GITHUB_TOKEN contains more") as caught:
        GitHubContext.read({"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": secret})
    assert secret not in f"{caught.value} {caught.value.hint}"


def test_line_break_at_a_token_s_end_is_no_matter() -> None:
    token = GitHubContext.read({"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "ghs_a\n"}).token
    assert token == Token("ghs_a")


def test_option_wins_over_the_environment() -> None:
    context = GitHubContext.read({"GITHUB_REPOSITORY": "o/r"}, repository="other/repo")
    assert (context.repository, context.token, context.address.root) == (
        "other/repo",
        None,
        "https://api.github.com",
    )


@pytest.mark.parametrize(
    "name", ["", "r", "o/r/x", "../r", "o/..", "o/r?x", "-o/r", "o/r x", "o/", "o/r\n"]
)
def test_repository_is_a_name_and_no_path(name: str) -> None:
    with pytest.raises(UserError):
        GitHubContext.read({"GITHUB_REPOSITORY": name})


@pytest.mark.parametrize("name", ["o/r", "my-org/.github", "A1/r_e.p-o"])
def test_repository_names(name: str) -> None:
    assert parse_repository(name) == name


def test_run_is_linked_only_when_it_is_known() -> None:
    environ = {"GITHUB_REPOSITORY": "o/r", "GITHUB_SERVER_URL": "https://h/", "GITHUB_RUN_ID": "7"}
    assert GitHubContext.read(environ).run_url == "https://h/o/r/actions/runs/7"
    assert GitHubContext.read({**environ, "GITHUB_RUN_ID": "7) x"}).run_url == ""


# --- who we are -------------------------------------------------------------------------


def test_ourselves() -> None:
    with GitHubServer() as github:
        person = client_of(github, token=github.token(login="ada", kind="user"))
        robot = client_of(github)
        assert ourselves(person, login="", in_actions=True) == User("ada", is_bot=False)
        assert ourselves(robot, login="", in_actions=True).login == "github-actions[bot]"
        assert ourselves(robot, login="x[bot]", in_actions=True) == User("x[bot]", is_bot=True)
        with pytest.raises(Denied, match="belongs to an app"):
            ourselves(robot, login="", in_actions=False)
        with pytest.raises(Denied, match="Bad credentials"):
            ourselves(client_of(github, token="wrong"), login="", in_actions=True)


def test_logins_are_compared_without_case() -> None:
    assert User("Ada", is_bot=False).is_same(User("ada", is_bot=False))
    assert not User("ada", is_bot=False).is_same(User("ada", is_bot=True))


# --- events and outputs -----------------------------------------------------------------


def test_no_event_is_an_empty_one(tmp_path: Path) -> None:
    assert read_event(None).pull is None
    assert event_path({}, None) is None
    with pytest.raises(UserError, match="cannot read the event"):
        read_event(tmp_path / "missing.json")


def test_outputs_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "outputs"
    write_outputs(path, {"state": "ready"})
    write_outputs(path, {"merge": "abc"})
    assert path.read_text() == "state=ready\nmerge=abc\n"
    write_outputs(None, {"state": "ready"})
    for value in ("a\nevil=1", "a\r", "\x1b[31m"):
        with pytest.raises(Terminal):
            write_outputs(path, {"url": value})
    assert path.read_text() == "state=ready\nmerge=abc\n"


# --- zip files --------------------------------------------------------------------------


def test_member_is_found_by_its_exact_name() -> None:
    content = zipped({"a/x": "no", "x": "yes", "../x": "no"})
    assert member_of(content, "x", limit=10, where="w") == b"yes"
    assert member_of(content, "y", limit=10, where="w") is None


def test_member_of_exactly_the_limit_is_read() -> None:
    content = zipped({"x": "0123456789"})
    assert member_of(content, "x", limit=10, where="w") == b"0123456789"
    with pytest.raises(Terminal, match="larger than 9 bytes"):
        member_of(content, "x", limit=9, where="w")


def test_other_ways_of_packing_are_not_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", "y")
    with pytest.raises(Terminal, match="compressed in a way"):
        member_of(buffer.getvalue(), "x", limit=10, where="w")


@given(st.binary(max_size=200), st.integers(0, 300))
@example(noise=b"\x00\x00@", at=50)
def test_no_zip_file_ends_in_anything_but_our_error(noise: bytes, at: int) -> None:
    content = zipped({"x": "0123456789" * 5})
    damaged = content[:at] + noise + content[at + len(noise) :]
    try:
        found = member_of(damaged, "x", limit=1000, where="w")
    except Terminal:
        return
    assert found is None or len(found) <= 1000


# --- JSON -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["text", "number", "flag", "instant", "child"])
def test_values_of_another_type_are_our_error(key: str) -> None:
    for value in (None, [], 1.5, "x" if key != "text" else 3):
        with pytest.raises(Terminal, match="GitHub's answer has no"):
            getattr(Answer({"k": value}, "GET /x"), key)("k")


def test_true_is_no_number() -> None:
    with pytest.raises(Terminal):
        Answer({"k": True}, "w").number("k")
