from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from builders_sandbox import ONCE

from aft.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec


@dataclass(frozen=True)
class Members:
    """Two accounts of a simulated organization, and clients inside them."""

    sandbox: Sandbox
    first: str
    second: str

    def client(self, service: str, region: str | None = None, account: str | None = None) -> Any:
        session = self.sandbox.member_session(account or self.first)
        return session.client(service, region_name=region, config=ONCE)


@pytest.fixture
def members() -> Iterator[Members]:
    with Sandbox.open(None) as sandbox:
        ids = sandbox.seed_accounts(
            [AccountSpec(name=n, email=f"aws+{n}@example.com") for n in ("first", "second")]
        )
        yield Members(sandbox, ids[0], ids[1])


@pytest.fixture
def client(members: Members) -> Callable[..., Any]:
    return members.client
