"""The live code path: boto3's own chain and ``AWS_ENDPOINT_URL``, onto the sandbox's server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aft.aws.adapters import AwsEdge, connect
from aft.config.model import Config
from aft.errors import NotFound, Transient
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.sandbox.server import serve
from aft.values.ids import AccountId, OrgUnitPath

CONFIG = Config(home_region="eu-central-1")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.open(None) as opened:
        yield opened


@pytest.fixture
def edge(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsEdge]:
    keys = sandbox.management_credentials
    with serve(sandbox) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield connect(CONFIG, clock=sandbox.clock, attempts=2)


def test_the_same_organization_is_read_over_http(sandbox: Sandbox, edge: AwsEdge) -> None:
    sandbox.seed_accounts(
        AccountSpec(name=f"a{n}", email=f"a{n}@example.com", ou="Workloads", tags={"team": "pay"})
        for n in range(25)
    )
    inside = connect(CONFIG, clock=sandbox.clock, botocore_session=sandbox.botocore_session())
    assert edge.reader.read().digest == inside.reader.read().digest
    assert OrgUnitPath(("Workloads",)) in edge.reader.read().unit_by_path


def test_a_member_account_is_worked_on_over_http(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = map(
        AccountId, sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com")])
    )
    assert edge.members.is_usable(account)
    control = edge.members.session(account).client("s3control")
    with pytest.raises(NotFound):
        control.get_public_access_block(AccountId=account)
    wanted = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=wanted)
    answer = control.get_public_access_block(AccountId=account)
    assert answer["PublicAccessBlockConfiguration"] == wanted


def test_a_child_process_is_sent_to_the_same_endpoint(sandbox: Sandbox, edge: AwsEdge) -> None:
    (account,) = map(
        AccountId, sandbox.seed_accounts([AccountSpec(name="a", email="a@example.com")])
    )
    environment = edge.members.session(account).environment()
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert environment["AWS_ACCESS_KEY_ID"] != sandbox.management_credentials.access_key
    assert set(environment) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
    }


def test_an_endpoint_that_is_gone_is_transient(
    sandbox: Sandbox, edge: AwsEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Transient, match="organizations:ListRoots") as caught:
        connect(CONFIG, clock=sandbox.clock, attempts=1).sessions.organizations().list_roots()
    assert "AWS_ENDPOINT_URL" in caught.value.hint
