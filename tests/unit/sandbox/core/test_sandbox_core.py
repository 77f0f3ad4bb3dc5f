from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from builders_sandbox import STILL, create, message, refusal, shared_client
from counting import lines_run
from fakes.clocks import SteppingClock
from waiting import PATIENCE

from aft.errors import UserError
from aft.sandbox import AccountSpec, Profile, Sandbox
from aft.sandbox.clock import VirtualClock, Wall


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("organizations", "enable_all_features", {}),
        ("account", "get_gov_cloud_account_information", {}),
        ("sts", "get_federation_token", {"Name": "xx"}),
        ("ec2", "describe_fast_launch_images", {}),
        ("iam", "get_organizations_access_report", {"JobId": "x" * 36}),
        ("accessanalyzer", "list_archive_rules", {"analyzerName": "x"}),
        ("controltower", "list_landing_zones", {}),
        ("workmail", "list_organizations", {}),
        ("config", "put_conformance_pack", {"ConformancePackName": "x"}),
    ],
)
def test_what_is_not_simulated_is_named(client, service, operation, params):
    made = client(service, region_name="us-east-1")
    call = getattr(made, operation)
    name = made.meta.method_to_api_mapping[operation]
    assert refusal(call, **params)[0] == "NotImplemented"
    text = message(call, **params)
    assert "does not simulate" in text
    assert name in text


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sts", "get_caller_identity"),
        ("ec2", "describe_vpcs"),
        ("iam", "list_roles"),
        ("ssm", "describe_parameters"),
        ("s3", "list_buckets"),
        ("account", "list_regions"),
    ],
)
def test_clients_and_the_log_agree_on_request_ids(sandbox, client, service, operation):
    answer = getattr(client(service), operation)()
    assert sandbox.log[-1].request_id == answer["ResponseMetadata"]["RequestId"]


def test_every_call_is_logged(sandbox, org):
    answer = org.list_roots()
    refusal(org.describe_account, AccountId="111111111111")
    first, second = sandbox.log[-2:]
    assert (first.service, first.operation) == ("organizations", "ListRoots")
    assert first.request_id == answer["ResponseMetadata"]["RequestId"]
    assert (first.account_id, first.error_code) == (sandbox.management_account_id, None)
    assert second.error_code == "AccountNotFoundException"
    assert sandbox.calls == len(sandbox.log) == second.index + 1


HOSTILE = {
    "AWS_PROFILE": "nonexistent",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_REGION": "mars-1",
    "AWS_DEFAULT_REGION": "mars-1",
    "AWS_MAX_ATTEMPTS": "99",
    "AWS_DATA_PATH": "/nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_CA_BUNDLE": "/nonexistent",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "MOTO_ACCOUNT_ID": "999999999999",
}
ISOLATED = """
import boto3
from aft.sandbox import Sandbox
with Sandbox.open(None) as sandbox:
    session = boto3.Session(botocore_session=sandbox.botocore_session())
    assert session.region_name == "eu-central-1", session.region_name
    for service in ("sts", "ssm"):
        client = session.client(service)
        assert "mars" not in client.meta.endpoint_url and "127" not in client.meta.endpoint_url
    assert session.client("sts").get_caller_identity()["Account"] == sandbox.management_account_id
    session.client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    assert sandbox.calls == 2
"""


def test_the_users_own_aws_settings_do_not_leak_in():
    ran = subprocess.run(
        [sys.executable, "-c", ISOLATED],
        env={**os.environ, **HOSTILE, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_other_sessions_of_the_process_are_left_alone(sandbox):
    plain = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y")
    client = plain.client("organizations", endpoint_url="http://127.0.0.1:9", region_name="x")
    with pytest.raises(Exception, match="Could not connect"):
        client.list_roots()
    assert sandbox.calls == 0


def test_accounts_do_not_see_each_other(sandbox, org):
    first, second = create(org, "first"), create(org, "second")
    for account_id in (first, second):
        ssm = sandbox.member_session(account_id).client("ssm")
        assert ssm.describe_parameters()["Parameters"] == []
        ssm.put_parameter(Name="/whoami", Value=account_id, Type="String")
    for account_id in (first, second):
        ssm = sandbox.member_session(account_id).client("ssm")
        assert ssm.get_parameter(Name="/whoami")["Parameter"]["Value"] == account_id


def test_sessions_of_accounts_that_do_not_exist(sandbox):
    with pytest.raises(UserError, match="has no account 123456789012"):
        sandbox.member_session("123456789012")


def test_seeding_refuses_what_aws_would_refuse(sandbox):
    spec = AccountSpec(name="a", email="a@example.com")
    sandbox.seed_accounts([spec])
    with pytest.raises(UserError, match="e-mail"):
        sandbox.seed_accounts([spec])
    deep = AccountSpec(name="b", email="b@example.com", ou="1/2/3/4/5/6")
    with pytest.raises(UserError, match="nested levels"):
        sandbox.seed_accounts([deep])


def test_thirty_two_threads_leave_a_consistent_organization(sandbox, org):
    """Creations within five slots, unique aliases, counters and names that only one can win."""
    root = org.list_roots()["Roots"][0]["Id"]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    refused: list[str] = []

    def vend(number: int) -> str:
        while True:
            try:
                begun = org.create_account(
                    AccountName=f"a{number}", Email=f"aws+{number}@example.com"
                )
            except ClientError as error:
                refused.append(error.response["Reason"])
                sandbox.clock.sleep(1)
                continue
            break
        request_id = begun["CreateAccountStatus"]["Id"]
        status = org.describe_create_account_status(CreateAccountRequestId=request_id)
        account_id = status["CreateAccountStatus"]["AccountId"]
        org.tag_resource(ResourceId=account_id, Tags=[{"Key": "n", "Value": str(number)}])
        return account_id

    def found(number: int) -> bool:
        try:
            org.create_organizational_unit(ParentId=root, Name=f"unit-{number % 8}")
        except org.exceptions.DuplicateOrganizationalUnitException:
            return False
        return True

    try:
        with ThreadPoolExecutor(32) as pool:
            ids = list(pool.map(vend, range(64)))
            won = sum(pool.map(found, range(64)))
    finally:
        sys.setswitchinterval(switch)
    assert set(refused) <= {"ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"}
    assert len(set(ids)) == 64
    assert won == 8
    pages = org.get_paginator("list_accounts").paginate()
    assert sum(len(page["Accounts"]) for page in pages) == 65
    tags = [org.list_tags_for_resource(ResourceId=item)["Tags"][0]["Value"] for item in ids]
    assert tags == [str(number) for number in range(64)]
    assert [record.index for record in sandbox.log] == list(range(len(sandbox.log)))


def test_parallel_sleepers_do_not_add_up():
    all_asleep = threading.Barrier(16)
    wall = Wall(monotonic=lambda: 0.0, sleep=lambda _: all_asleep.wait(PATIENCE) and None)
    clock = VirtualClock(wall=wall)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(clock.sleep, [60.0] * 16))
    assert clock.monotonic() == 60.0


def test_time_passes_as_outside_and_real_time_really_does():
    outside = SteppingClock()
    wall = Wall(monotonic=outside.monotonic, sleep=outside.sleep)
    real, virtual = VirtualClock(real_time=True, wall=wall), VirtualClock(wall=wall)
    outside.sleep(5)
    assert (real.monotonic(), virtual.monotonic()) == (5, 5)
    real.sleep(60)
    assert (real.monotonic(), virtual.monotonic()) == (65, 65)
    virtual.sleep(60)
    assert (virtual.monotonic(), outside.monotonic() < 66) == (125, True)


def test_what_accounts_cost_does_not_grow_with_their_number(sandbox, org):
    def seed(first: int, last: int) -> None:
        sandbox.seed_accounts(
            AccountSpec(
                name=f"a{n}",
                email=f"aws+{n}@example.com",
                ou=f"U{n % 20}/V{n % 7}",
                tags={"n": str(n)},
            )
            for n in range(first, last)
        )

    def page() -> None:
        assert len(org.list_accounts(MaxResults=20)["Accounts"]) == 20

    seed(0, 300)
    page()
    few_seeded, few_listed = lines_run(lambda: seed(300, 400)), lines_run(page)
    seed(400, 3000)
    assert lines_run(lambda: seed(3000, 3100)) < 1.2 * few_seeded
    assert lines_run(page) < 1.2 * few_listed


def test_the_realistic_profile_makes_a_client_wait_and_ask_again():
    with Sandbox.open(None, profile=Profile.REALISTIC, wall=STILL) as sandbox:
        org, sts = (shared_client(sandbox, name) for name in ("organizations", "sts"))
        before = sandbox.clock.monotonic()
        begun = org.create_account(AccountName="slow", Email="slow@example.com")
        request_id = begun["CreateAccountStatus"]["Id"]
        asked = 0
        while True:
            asked += 1
            status = org.describe_create_account_status(CreateAccountRequestId=request_id)
            if status["CreateAccountStatus"]["State"] != "IN_PROGRESS":
                break
            sandbox.clock.sleep(5)
        assert 60 <= sandbox.clock.monotonic() - before < 200
        assert asked > 10
        role = {
            "RoleArn": f"arn:aws:iam::{status['CreateAccountStatus']['AccountId']}"
            ":role/OrganizationAccountAccessRole",
            "RoleSessionName": "tests",
        }
        assert refusal(sts.assume_role, **role)[0] == "AccessDenied"
        sandbox.clock.sleep(25)
        assert sts.assume_role(**role)


def test_chaos_strikes_at_random_and_repeatably():
    outcomes = []
    for _ in range(2):
        with Sandbox.open(None, profile=Profile.CHAOS, wall=STILL) as sandbox:
            sandbox.configure(throttle=False, fault_probability=0.2)
            sts = shared_client(sandbox, "sts")
            seen = []
            for _ in range(100):
                try:
                    sts.get_caller_identity()
                    seen.append("ok")
                except (ClientError, ConnectionClosedError) as error:
                    seen.append(type(error).__name__)
            outcomes.append(seen)
    assert outcomes[0] == outcomes[1]
    assert 60 < outcomes[0].count("ok") < 95
    assert set(outcomes[0]) == {"ok", "ClientError", "ConnectionClosedError"}
