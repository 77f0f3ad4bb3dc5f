"""One sandbox per test, and stock boto3 clients on it that are made only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from builders_sandbox import STILL, shared_client

from aft.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None, wall=STILL) as opened:
        yield opened


@pytest.fixture
def client(sandbox: Sandbox) -> Callable[..., Any]:
    """Make a client of the management account (or of the keys given) that never retries."""

    def make(service: str, **kwargs: Any) -> Any:
        return shared_client(sandbox, service, **kwargs)

    return make


@pytest.fixture
def org(client: Callable[..., Any]) -> Any:
    return client("organizations")
