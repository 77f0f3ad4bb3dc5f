"""Every family of AWS errors, and what aft makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore import exceptions as boto

from aft import aws_clients
from aft.aws.errors import error_code, translate
from aft.errors import (
    AftError,
    Conflict,
    Denied,
    NotFound,
    Terminal,
    Throttled,
    Transient,
    UnknownOutcome,
)
from aft.sandbox.routing import iam_action as signed_action
from aft.values.iam_actions import iam_action


def answered(code: str, message: str = "words", *, status: int = 400, **more: str) -> AftError:
    operation = more.pop("operation", "PutThing")
    service = more.pop("service", "organizations")
    error = boto.ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "req-1",
                "HTTPHeaders": {"retry-after": more.pop("retry_after", "")},
            },
            **more,
        },  # type: ignore[arg-type]  # the stub knows fewer members than AWS sends
        operation,
    )
    return translate(error, service=service, operation=operation, who="role R")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", Throttled),
        ("TooManyRequestsException", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("ConcurrentModificationException", Conflict),
        ("OperationAborted", Conflict),
        ("ResourceInUseException", Conflict),
        ("AccessDenied", Denied),
        ("AccessDeniedException", Denied),
        ("UnauthorizedOperation", Denied),
        ("ExpiredToken", Denied),
        ("UnrecognizedClientException", Denied),
        ("AuthFailure", Denied),
        ("OptInRequired", Denied),
        ("InvalidClientTokenId", Denied),
        ("NoSuchEntity", NotFound),
        ("NoSuchPublicAccessBlockConfiguration", NotFound),
        ("ParameterNotFound", NotFound),
        ("InvalidVpcID.NotFound", NotFound),
        ("AccountNotFoundException", NotFound),
        ("ResourceNotFoundException", NotFound),
        ("404", NotFound),
        ("ServiceException", Transient),
        ("ServiceUnavailable", Transient),
        ("FinalizingOrganizationException", Transient),
        ("ValidationException", Terminal),
        ("DuplicateOrganizationalUnitException", Terminal),
        ("DependencyViolation", Terminal),
        ("EntityAlreadyExists", Terminal),
        ("AWSOrganizationsNotInUseException", Terminal),
        ("SomethingNobodyHasSeen", Terminal),
    ],
)
def test_each_code_says_what_to_do_next(code: str, expected: type[AftError]) -> None:
    error = answered(code)
    assert type(error) is expected
    assert error_code(error) == code
    assert "organizations:PutThing" in error.message
    assert "words" in error.message
    assert code in error.message
    assert "req-1" in error.message


def test_an_unknown_code_with_a_server_status_passes() -> None:
    assert type(answered("Weird", status=502)) is Transient


def test_the_creation_slots_are_a_throttle_and_the_quota_is_not() -> None:
    busy = answered("ConstraintViolationException", Reason="ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED")
    full = answered("ConstraintViolationException", Reason="ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    assert type(busy) is Throttled
    assert type(full) is Terminal
    assert "ACCOUNT_NUMBER_LIMIT_EXCEEDED" in full.message
    assert "quota" in full.hint


def test_retry_after_is_kept() -> None:
    error = answered("ThrottlingException", retry_after="7")
    assert isinstance(error, Throttled)
    assert error.retry_after == 7.0


def test_a_terminal_error_carries_awss_code() -> None:
    error = answered("InvalidInputException")
    assert isinstance(error, Terminal)
    assert error.code == "InvalidInputException"


def test_a_missing_stack_is_not_found_although_cloudformation_has_no_code_for_it() -> None:
    gone = answered(
        "ValidationError", "Stack with id aft-x does not exist", service="cloudformation"
    )
    other = answered("ValidationError", "No updates are to be performed.", service="cloudformation")
    assert type(gone) is NotFound
    assert type(other) is Terminal


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3control", "PutPublicAccessBlock", "s3:PutAccountPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
        ("budgets", "DescribeBudgets", "budgets:ViewBudget"),
        ("budgets", "CreateNotification", "budgets:ModifyBudget"),
        ("accessanalyzer", "ListAnalyzers", "access-analyzer:ListAnalyzers"),
        ("service-quotas", "ListServiceQuotas", "servicequotas:ListServiceQuotas"),
        ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("sso-admin", "ListInstances", "sso:ListInstances"),
        ("ec2", "DescribeVpcs", "ec2:DescribeVpcs"),
    ],
)
def test_a_hint_names_the_action_as_policies_do(service: str, operation: str, action: str) -> None:
    error = answered("AccessDenied", service=service, operation=operation)
    assert error.hint == f"allow {action} to the credentials used (role R)"
    assert f"{service}:{operation} failed" in error.message, "the call keeps its own name"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            (
                "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: iam:PassRole "
                "on resource: arn:aws:iam::1:role/config because no identity-based policy "
                "allows the iam:PassRole action"
            ),
            "iam:PassRole on arn:aws:iam::1:role/config",
        ),
        (
            (
                'User: x is not authorized to perform: "s3:ListBucket" on resource: '
                '"arn:aws:s3:::logs" with an explicit deny'
            ),
            "s3:ListBucket on arn:aws:s3:::logs",
        ),
        (
            (
                "User: x is not authorized to perform: kms:Decrypt on resource: "
                "arn:aws:kms:eu-central-1:1:key/a, because no policy allows it"
            ),
            "kms:Decrypt on arn:aws:kms:eu-central-1:1:key/a",
        ),
        (
            (
                "You are not authorized to perform this operation. User: x is not authorized to "
                "perform: ec2:CreateVpc on resource: * because no identity-based policy allows it"
            ),
            "ec2:CreateVpc",
        ),
        ("User: x is not authorized to perform: ec2:CreateVpc", "ec2:CreateVpc"),
        ("User is not authorized to perform this action", "config:PutDeliveryChannel"),
        ("Access Denied", "config:PutDeliveryChannel"),
    ],
)
def test_a_hint_names_the_action_and_resource_that_aws_names(said: str, expected: str) -> None:
    error = answered("AccessDenied", said, service="config", operation="PutDeliveryChannel")
    assert error.hint == f"allow {expected} to the credentials used (role R)"
    assert isinstance(error, Denied)
    named = expected.partition(" ")[0]
    assert error.lacks == (named if named in said else ""), "only what AWS itself names"


def test_every_service_that_aft_calls_has_its_prefix_of_iam() -> None:
    """As what a request is signed for says, or a table."""
    source = Path(aws_clients.__file__).read_text()
    services = set(re.findall(r'Literal\["([a-z0-9-]+)"\]', source))
    assert len(services) > 15
    for service in services:
        assert iam_action(service, "X") == signed_action(service, "X")


def test_denied_names_the_action_and_the_credentials() -> None:
    error = answered("AccessDeniedException", operation="CreateAccount")
    assert "organizations:CreateAccount" in error.hint
    assert "role R" in error.hint


@pytest.mark.parametrize(
    ("operation", "failure", "expected"),
    [
        ("MoveAccount", boto.ReadTimeoutError(endpoint_url="https://x"), Transient),
        ("ListRoots", boto.ConnectionClosedError(endpoint_url="https://x"), Transient),
        ("CreateAccount", boto.ReadTimeoutError(endpoint_url="https://x"), UnknownOutcome),
        ("CreateAccount", boto.ConnectionClosedError(endpoint_url="https://x"), UnknownOutcome),
        ("CreateAccount", boto.ConnectTimeoutError(endpoint_url="https://x"), Transient),
        (
            "CreateAccount",
            boto.EndpointConnectionError(endpoint_url="https://x", error="refused"),
            Transient,
        ),
        ("ListRoots", boto.NoCredentialsError(), Denied),
        ("ListRoots", boto.ProfileNotFound(profile="work"), Denied),
        ("ListRoots", boto.ParamValidationError(report="Unknown parameter"), Terminal),
    ],
)
def test_failures_without_an_answer(
    operation: str, failure: boto.BotoCoreError, expected: type[AftError]
) -> None:
    error = translate(failure, service="organizations", operation=operation)
    assert type(error) is expected
    assert error.__cause__ is failure


def test_a_server_error_on_create_account_may_have_created_it() -> None:
    assert type(answered("ServiceException", status=500, operation="CreateAccount")) is (
        UnknownOutcome
    )
    assert type(answered("ServiceUnavailable", status=503, operation="CreateAccount")) is Transient


def test_no_credentials_says_both_ways_to_go_on() -> None:
    error = translate(boto.NoCredentialsError(), service="sts", operation="GetCallerIdentity")
    assert "configure AWS credentials" in error.hint
    assert "aft --sandbox" in error.hint


def test_secrets_that_aws_repeats_are_cut_out_of_message_and_cause() -> None:
    error = answered(
        "SignatureDoesNotMatch",
        "The signature does not match.\n\nThe Canonical String for this request should have been\n"
        "'POST\nx-amz-security-token:IQoJb3JpZ2lu\n'",
    )
    assert "IQoJb3JpZ2lu" not in error.message
    assert error.__cause__ is None
    assert error.__suppress_context__
    encoded = answered(
        "UnauthorizedOperation",
        "You are not authorized. Encoded authorization failure message: " + "A" * 4000,
    )
    assert "AAAA" not in encoded.message
    assert "You are not authorized" in encoded.message
    key = answered("InvalidAccessKeyId", "The key ASIAABCDEFGHIJKLMNOP does not exist")
    assert "ASIAABCDEFGHIJKLMNOP" not in key.message
