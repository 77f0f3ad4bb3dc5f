from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from builders_sandbox import ONCE, STILL

from aft.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec


@dataclass(frozen=True)
class Members:
    """Two accounts of a simulated organization, and clients inside them (made once a test)."""

    sandbox: Sandbox
    first: str
    second: str
    sessions: dict[str, boto3.Session] = field(default_factory=dict)
    clients: dict[tuple[str, str | None, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str | None = None, account: str | None = None) -> Any:
        owner = account or self.first
        if owner not in self.sessions:
            self.sessions[owner] = self.sandbox.member_session(owner)
        key = (service, region, owner)
        if key not in self.clients:
            self.clients[key] = self.sessions[owner].client(
                service, region_name=region, config=ONCE
            )
        return self.clients[key]


@pytest.fixture
def members() -> Iterator[Members]:
    with Sandbox.open(None, wall=STILL) as sandbox:
        ids = sandbox.seed_accounts(
            [AccountSpec(name=n, email=f"aws+{n}@example.com") for n in ("first", "second")]
        )
        yield Members(sandbox, ids[0], ids[1])


@pytest.fixture
def client(members: Members) -> Callable[..., Any]:
    return members.client
