"""A botocore session answered by a function of the test: what AWS says, word for word.

For answers the sandbox does not give on its own (odd errors, expired tokens, broken connections).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader

from aft.aws.pacing import UNPACED
from aft.aws.session import AwsSessions

_LOADER = create_loader()

MANAGEMENT_ID = "111122223333"


class Answer(Exception):
    """Raise it from the answering function to refuse with an AWS error."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        **members: str,
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status
        self.headers, self.members = headers or {}, members


class _Body(BytesIO):
    def stream(self, amt: int = 65536, **_: Any) -> Any:
        while chunk := self.read(amt):
            yield chunk


class ManualClock:
    """A clock that moves only when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()

    def boottime(self) -> float:
        return self.monotonic()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


Talk = Callable[[str, str, Mapping[str, Any], str], Mapping[str, Any]]
"""(service id, operation, parameters, access key) -> result; JSON services only, and STS."""


def scripted_session(talk: Talk) -> botocore.session.Session:
    """A session whose every request is answered by ``talk``; nothing reaches a network."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    session.set_credentials("AKIACALLER0000000000", "caller-secret", None)

    def answer(event_name: str, request: Any, **_: Any) -> AWSResponse:
        _, service, operation = event_name.split(".")
        body = request.body or b"{}"
        text = body.decode() if isinstance(body, bytes) else body
        authorization = request.headers.get("Authorization", b"").decode()
        access_key = authorization.partition("Credential=")[2].partition("/")[0]
        headers = {"x-amzn-requestid": f"req-{operation}"}
        parameters = json.loads(text) if text.startswith("{") else {"text": text}
        try:
            result = talk(service, operation, parameters, access_key)
        except Answer as refusal:
            if service == "sts":
                content = (
                    f"<ErrorResponse><Error><Code>{refusal.code}</Code><Message>"
                    f"{refusal.message}</Message></Error></ErrorResponse>"
                )
            else:
                content = json.dumps(
                    {"__type": refusal.code, "message": refusal.message, **refusal.members}
                )
            return AWSResponse(
                request.url, refusal.status, {**headers, **refusal.headers}, _Body(content.encode())
            )
        content = result["xml"] if service == "sts" else json.dumps(result)
        return AWSResponse(request.url, 200, headers, _Body(content.encode()))

    session.get_component("event_emitter").register_first("before-send", answer)
    return session


def sts_answer(operation: str, members: str) -> Mapping[str, Any]:
    """An STS result in its XML."""
    return {
        "xml": f"<{operation}Response><{operation}Result>{members}</{operation}Result>"
        f"</{operation}Response>"
    }


def caller_identity(account_id: str = MANAGEMENT_ID) -> Mapping[str, Any]:
    return sts_answer(
        "GetCallerIdentity",
        f"<Account>{account_id}</Account><Arn>arn:aws:iam::{account_id}:user/ada</Arn>"
        "<UserId>AIDA</UserId>",
    )


def assumed_role(number: int, expires_at: datetime) -> Mapping[str, Any]:
    return sts_answer(
        "AssumeRole",
        f"<Credentials><AccessKeyId>ASIAMEMBER{number:010d}</AccessKeyId>"
        f"<SecretAccessKey>member-secret-{number}</SecretAccessKey>"
        f"<SessionToken>member-token-{number}</SessionToken>"
        f"<Expiration>{expires_at:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>",
    )


def scripted_sessions(talk: Talk, clock: Any, **options: Any) -> AwsSessions:
    """``AwsSessions`` over ``talk``: one attempt per call, no pacing, unless said otherwise."""
    settings: dict[str, Any] = {
        "botocore_session": scripted_session(talk),
        "home_region": "eu-central-1",
        "management_role": None,
        "member_role": "OrganizationAccountAccessRole",
        "clock": clock,
        "paces": UNPACED,
        "attempts": 1,
    }
    return AwsSessions(**{**settings, **options})
