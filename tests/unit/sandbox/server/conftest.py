"""A served sandbox and stock boto3 clients that reach it over TCP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from builders_sandbox import ACCESS_ROLE
from waiting import PATIENCE

from aft.sandbox import AccountSpec, Sandbox
from aft.sandbox.server import SandboxServer, serve


@cache
def stock_session() -> boto3.Session:
    """One ordinary session: making them is what costs."""
    return boto3.Session(region_name="eu-central-1")


@dataclass(frozen=True)
class Served:
    sandbox: Sandbox
    server: SandboxServer
    account: str

    def client(
        self,
        service: str,
        *,
        region: str | None = None,
        attempts: int = 1,
        keys: tuple[str, str, str] | None = None,
        **config: Any,
    ) -> Any:
        own = self.sandbox.management_credentials
        access, secret, token = keys or (own.access_key, own.secret_key, own.token)
        return stock_session().client(
            service,
            region_name=region,
            endpoint_url=config.pop("endpoint_url", self.server.url),
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token or None,
            config=Config(retries={"total_max_attempts": attempts}, **config),
        )

    def member_keys(self) -> tuple[str, str, str]:
        found = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/{ACCESS_ROLE}", RoleSessionName="tests"
        )["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def admin(
        self, method: str, path: str, document: Any = None, **headers: str
    ) -> tuple[int, Any]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"{self.server.url}/_sandbox/{path}", data=body, method=method
        )
        for name, value in {"X-Aft-Sandbox": "1", **headers}.items():
            if value:
                request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


@pytest.fixture
def served() -> Iterator[Served]:
    with Sandbox.open(None) as sandbox:
        (account,) = sandbox.seed_accounts([AccountSpec(name="a", email="aws+a@example.com")])
        with serve(sandbox) as server:
            yield Served(sandbox, server, account)
