"""One sandbox per test and stock boto3 clients on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from aft.sandbox import Sandbox

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None) as opened:
        yield opened


@pytest.fixture
def client(sandbox: Sandbox) -> Callable[..., Any]:
    """Make a client of the management account that never retries."""
    session = boto3.Session(botocore_session=sandbox.botocore_session())

    def make(service: str, **kwargs: Any) -> Any:
        return session.client(service, **{"config": ONCE, **kwargs})

    return make


@pytest.fixture
def org(client: Callable[..., Any]) -> Any:
    return client("organizations")
