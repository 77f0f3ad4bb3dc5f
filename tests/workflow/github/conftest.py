"""One aft server for all of these tests; it is what starts fast, nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from builders_github import Team, team
from emulator import aft_server

MakeTeam = Callable[..., Team]


@pytest.fixture(scope="session")
def aft_socket() -> Path:
    return aft_server.server().address


@pytest.fixture
def make_team(tmp_path: Path, aft_socket: Path) -> Iterator[MakeTeam]:
    """``team`` of builders_github, in this test's own folder."""
    with ExitStack() as stack:

        def made(files: dict[str, str | bytes] | None = None, *, with_aws: bool = True) -> Team:
            it: AbstractContextManager[Team] = team(
                tmp_path / "team", aft_socket, files, with_aws=with_aws
            )
            return stack.enter_context(it)

        yield made
