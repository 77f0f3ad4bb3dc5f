"""Every answer that holds a secret, cut anywhere or of another shape: no part of it gets out.

The redactor is switched off: this is the first line, and has to hold by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from builders_answers import CANARIES, answer, gives_a_secret, operations, protocol, session

from aft import aws_clients
from aft.aws.answers import _Readers
from aft.aws.error_codes import NON_IDEMPOTENT, UNREADABLE
from aft.aws.errors import translate
from aft.errors import AftError, Transient, UnknownOutcome
from aft.redaction import switched_off
from aft.traces import trace

CALLED = set(re.findall(r'Literal\["([a-z0-9-]+)"\]', Path(aws_clients.__file__).read_text()))
MORE = {"cognito-identity", "ecr", "secretsmanager", "sso", "sso-oidc"}
"""Services that give credentials, and that aft does not call."""

NOT_CALLED_SENSITIVE = {
    "codeartifact": {"GetAuthorizationToken"},
    "ecr": {"GetAuthorizationToken"},
    "ecr-public": {"GetAuthorizationToken"},
    "iam": {"CreateLoginProfile", "GetLoginProfile", "UpdateLoginProfile"},
    "sso-oidc": {"CreateToken", "CreateTokenWithIAM", "RegisterClient", "StartDeviceAuthorization"},
    "ssm": {"GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory"},
    "sts": {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot"}
    | {"GetFederationToken", "GetSessionToken", "DecodeAuthorizationMessage"},
    "cognito-identity": {"GetCredentialsForIdentity", "GetOpenIdToken"},
    "redshift": {"GetClusterCredentials", "GetClusterCredentialsWithIAM"},
}
"""Operations that give what botocore's model does not call sensitive in each release."""

SHARES = (0.1, 0.3, 0.5, 0.8, 0.95, 0.999)


def given_by(service: str) -> Iterator[OperationModel]:
    more = NOT_CALLED_SENSITIVE.get(service, set())
    for operation in operations(service):
        if operation.name in more or gives_a_secret(operation):
            yield operation


def parsed(operation: OperationModel, body: bytes, status: int = 200) -> Any:
    """What botocore makes of an answer to one of our clients."""
    response = {
        "body": body,
        "headers": {"x-amzn-requestid": "req-1"},
        "status_code": status,
        "context": {"operation_name": operation.name},
    }
    reader = _Readers().create_parser(protocol(operation))
    return reader.parse(response, operation.output_shape)


def failure(operation: OperationModel, found: Any) -> AftError:
    """The error for an answer, as clients make it."""
    service = operation.service_model.service_name
    return translate(ClientError(found, operation.name), service=service, operation=operation.name)


def assert_nothing_is_said(operation: OperationModel, found: Any) -> None:
    error = failure(operation, found)
    said = f"{found} {error} {error!r} {vars(error)} {error.__cause__!r} {trace(error)}"
    assert not any(canary in said for canary in CANARIES), operation.name


def look_at(service: str) -> tuple[int, int]:
    """Every operation of a service that gives a secret, in every way; how many there are, and of
    how many the whole answer could be read."""
    count = read = 0
    with switched_off():
        for operation in given_by(service):
            count += 1
            whole = answer(operation)
            read += "Error" not in parsed(operation, whole)
            answers = [
                (whole[: int(len(whole) * share)], status)
                for status in (200, 403, 500)
                for share in SHARES
            ]
            odd = (b"<html>%s</html>", b"\xff%s", b"[%s]", b'{"x": 1}%s', b"<!-- %s")
            answers += [(form.replace(b"%s", whole), 200) for form in odd]
            for body, status in answers:
                found = parsed(operation, body, status)
                if "Error" in found:  # else it could be read, as a part of a file can
                    assert_nothing_is_said(operation, found)
    return count, read


@pytest.mark.parametrize("service", sorted(CALLED | MORE))
def test_no_part_of_an_unreadable_secret_is_said(service: str) -> None:
    count, read = look_at(service)
    assert read == count


def test_the_known_ones_are_among_them() -> None:
    for service in ("sts", "ssm", "iam", "sso", "sso-oidc", "ecr", "secretsmanager"):
        names = {operation.name for operation in given_by(service)}
        assert names >= NOT_CALLED_SENSITIVE.get(service, set()) - {"UpdateLoginProfile"}
    assert {"CreateAccessKey", "CreateServiceSpecificCredential"} <= {
        operation.name for operation in given_by("iam")
    }
    assert {"GetRoleCredentials"} <= {operation.name for operation in given_by("sso")}
    assert {"GetSecretValue"} <= {operation.name for operation in given_by("secretsmanager")}


@pytest.mark.faults
def test_no_service_s_secret_is_said() -> None:
    """All that botocore knows, by its own table of what is sensitive."""
    counts = [look_at(service) for service in session().get_available_services()]
    count, read = (sum(column) for column in zip(*counts, strict=True))
    assert count > 1000
    assert read > 0.95 * count  # the others have unions deeper than answers are made here


# --- other shapes than AWS's model ----------------------------------------------------------


_ODD = {
    17: {"string", "list", "map", "structure", "boolean"},
    "text": {"list", "map", "structure", "boolean", "integer", "long"},
    True: {"string", "list", "map", "structure", "integer", "long"},
}
"""Values, and the types that they are not of."""


@pytest.mark.parametrize("service", ["organizations", "account", "ssm", "budgets", "config"])
def test_a_value_of_another_type_is_an_answer_that_cannot_be_read(service: str) -> None:
    """Each member of each answer, one by one."""
    for operation in operations(service):
        whole = json.loads(answer(operation))
        assert operation.output_shape is not None
        for name, member in operation.output_shape.members.items():
            wire = member.serialization.get("name", name)
            for odd, kinds in _ODD.items():
                if wire not in whole or member.type_name not in kinds:
                    continue
                found = parsed(operation, json.dumps({**whole, wire: odd}).encode())
                assert found["Error"]["Code"] == UNREADABLE, (operation.name, name, odd)
                error = failure(operation, found)
                is_in_doubt = NON_IDEMPOTENT.match(operation.name) is not None
                assert isinstance(error, UnknownOutcome if is_in_doubt else Transient)
                assert_nothing_is_said(operation, found)
