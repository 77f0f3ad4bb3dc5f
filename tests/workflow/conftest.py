"""One aft server for all of these tests; it is what starts fast, nothing of it is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator import aft_server


@pytest.fixture(scope="session", autouse=True)
def _server_of_aft(_nowhere: object) -> Iterator[None]:
    with aft_server.ended_afterwards():
        yield
