"""Errors, usage, tracebacks and git's own words, said by the whole command: none is a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_repo import Repo
from emulator.log import Log

EVIL = "x\n::error::pwned\r::add-mask::aft\u2028::notice::pwned ##[error]pwned"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo.standard(tmp_path_factory.mktemp("cli") / "repo")
    repo.environ["GITHUB_ACTIONS"] = "true"
    return repo


@pytest.mark.parametrize(
    "arguments",
    [
        (EVIL,),
        ("validate", EVIL),
        ("validate", "-r", EVIL),
        ("-v", "validate", "-r", EVIL),
        ("validate", "--format", EVIL),
        ("validate", "--config-from", EVIL),
        ("new", EVIL, "--yes"),
        ("new", "x", "--yes", "--ou", EVIL, "--reason", EVIL),
        ("new", "x", "--yes", "--ou", "Sandbox", "--tag", EVIL),
        ("explain", EVIL),
        ("history", EVIL),
        ("github", "issue-text", "--event", EVIL, "--out", "x"),
        ("apply", EVIL),
    ],
)
def test_what_is_said_of_it_is_no_command(repo: Repo, arguments: tuple[str, ...]) -> None:
    said = repo.aft(*arguments)
    assert said.code != 0
    assert said.err
    for text in (said.out, said.err):
        log = Log()
        log.output(text)
        for line in text.splitlines():
            log.output(line)
        assert log.commands == [], text


def test_git_s_own_words_are_no_command(tmp_path: Path) -> None:
    """A configuration that git cannot read is quoted by it, line ends and all."""
    broken = Repo.standard(tmp_path / "repo")
    broken.environ["GITHUB_ACTIONS"] = "true"
    config = broken.root / ".git" / "config"
    config.write_text(
        config.read_text() + '[include]\n\tpath = "x\\n::error::pwned\\n##[error]y"\n[a\n'
    )
    for arguments in (("validate",), ("plan",), ("-v", "apply", "--yes")):
        said = broken.aft(*arguments)
        log = Log()
        log.output(said.out + said.err)
        assert log.commands == []
