from __future__ import annotations

from botocore.exceptions import ClientError
from builders_sandbox import refusal


def allowed(call, attempts: int, **params) -> int:
    """How many of ``attempts`` calls in a row go through."""
    passed = 0
    for _ in range(attempts):
        try:
            call(**params)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
        else:
            passed += 1
    return passed


def test_roots_are_throttled_first_and_time_brings_calls_back(sandbox, org):
    sandbox.configure(throttle=True)
    assert allowed(org.list_roots, 4) == 2
    assert refusal(org.list_roots)[0] == "TooManyRequestsException"
    sandbox.clock.sleep(1)
    org.list_roots()
    assert refusal(org.list_roots)[0] == "TooManyRequestsException"


def test_each_operation_has_its_own_bucket(sandbox, org):
    sandbox.configure(throttle=True)
    assert 20 <= allowed(org.list_accounts, 60) < 40
    assert org.describe_organization()


def test_instant_has_no_limits(org):
    assert allowed(org.list_roots, 50) == 50
