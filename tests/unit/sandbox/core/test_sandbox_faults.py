from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from builders_sandbox import create, refusal, shared_client
from waiting import PATIENCE, until

import aft.sandbox as simulated
from aft.sandbox import Rule, Sandbox
from aft.sandbox.clock import Wall


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("organizations", "list_roots", "TooManyRequestsException"),
        ("account", "list_regions", "TooManyRequestsException"),
        ("ec2", "describe_vpcs", "RequestLimitExceeded"),
        ("s3", "list_buckets", "SlowDown"),
        ("iam", "list_roles", "Throttling"),
        ("ssm", "describe_parameters", "ThrottlingException"),
    ],
)
def test_throttling_in_the_words_of_each_service(sandbox, client, service, operation, code):
    sandbox.faults.add(Rule(service, "*", simulated.throttle(), times=1))
    made = client(service)
    assert refusal(getattr(made, operation))[0] == code
    getattr(made, operation)()


def test_rules_count_their_own_calls(sandbox, org):
    sandbox.faults.add(
        Rule(
            "organizations", "List*", simulated.error("ServiceException"), after=2, every=3, times=2
        )
    )
    failed = []
    for number in range(12):
        try:
            org.list_roots()
        except ClientError:
            failed.append(number)
        org.describe_organization()
    assert failed == [2, 5]


def test_a_lost_reply_has_happened_all_the_same(sandbox, org):
    sandbox.faults.add(Rule("organizations", "CreateAccount", simulated.lost_reply(), times=1))
    with pytest.raises(ConnectionClosedError):
        org.create_account(AccountName="lost", Email="lost@example.com")
    assert [item["Name"] for item in org.list_accounts()["Accounts"]] == ["management", "lost"]


def test_a_reset_call_has_not_happened(sandbox, org):
    sandbox.faults.add(Rule("organizations", "CreateAccount", simulated.reset(), times=1))
    with pytest.raises(ConnectionClosedError):
        org.create_account(AccountName="lost", Email="lost@example.com")
    assert len(org.list_accounts()["Accounts"]) == 1


def test_botocore_retries_what_it_would_retry(sandbox):
    sandbox.faults.add(Rule("organizations", "ListRoots", simulated.reset(), times=1))
    org = boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")
    assert org.list_roots()["ResponseMetadata"]["RetryAttempts"] == 1


def test_latency_passes_outside_and_nothing_else_does_with_it():
    slept = []
    with Sandbox.open(None, wall=Wall(monotonic=lambda: 0.0, sleep=slept.append)) as sandbox:
        org = shared_client(sandbox, "organizations")
        before = sandbox.clock.monotonic()
        sandbox.faults.add(Rule("*", "ListRoots", simulated.latency(0.05)))
        org.list_roots()
        assert slept == [0.05]
        assert sandbox.clock.monotonic() == before


def test_a_call_that_is_held_holds_up_no_other(sandbox, org):
    gate = simulated.Gate()
    sandbox.faults.add(Rule("*", "ListRoots", simulated.held(gate)))
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(org.list_roots) for _ in range(2)]
        until(lambda: gate.arrived == 2, "both wait")
        assert org.list_accounts()["Accounts"]
        assert not any(one.done() for one in held)
        gate.open()
        assert all(one.result()["Roots"] for one in held)


def test_a_rule_may_be_for_one_account_only(sandbox, org):
    first, second = create(org, "first"), create(org, "second")
    sandbox.faults.add(Rule("ssm", "*", simulated.error("InternalServerError"), account_id=first))
    calls = [
        sandbox.member_session(account_id).client("ssm").describe_parameters
        for account_id in (first, second)
    ]
    assert refusal(calls[0])[0] == "InternalServerError"
    calls[1]()


DYING = """
import boto3, sys
from pathlib import Path
import aft.sandbox as simulated
sandbox = simulated.Sandbox.open(Path(sys.argv[1]))
action = {"exit": simulated.exit_process(), "before": simulated.exit_before()}[sys.argv[2]]
sandbox.faults.add(simulated.Rule("*", "*", action, after=1, times=1))
org = boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")
for name in ("one", "two", "three"):
    org.create_account(AccountName=name, Email=name + "@example.com")
"""


@pytest.mark.parametrize(("kind", "survivors"), [("exit", 2), ("before", 1)])
def test_the_world_outlives_the_process_that_dies(tmp_path, kind, survivors):
    path = tmp_path / "org"
    dead = subprocess.run(
        [sys.executable, "-c", DYING, str(path), kind],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert dead.returncode == 137, dead.stderr
    with Sandbox.open(path) as sandbox:
        org = boto3.Session(botocore_session=sandbox.botocore_session()).client("organizations")
        statuses = org.list_create_account_status()["CreateAccountStatuses"]
        assert [item["AccountName"] for item in statuses] == ["one", "two", "three"][:survivors]
        assert {item["State"] for item in statuses} == {"SUCCEEDED"}
