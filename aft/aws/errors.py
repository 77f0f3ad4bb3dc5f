"""Every exception of a call into ``aft.errors``, in one place.

A message reads ``service:Operation failed: AWS's words [Code] (request id …)``. Nothing here
logs or retries. AWS's words are the message of a refusal that could be read (``aft.aws.answers``),
and secrets it repeats there (a canonical request, an encoded message) are cut out; then the
original is not kept as the cause. Of any other exception the text is not taken over: of botocore's
the sentence of its class with harmless details, of others the name of the class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as boto

from aft import redaction
from aft.aws import error_codes as codes
from aft.aws.answers import without_answer
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
from aft.values.iam_actions import iam_action

NO_CREDENTIALS_HINT = (
    "configure AWS credentials for the management account (aws configure sso, AWS_PROFILE, "
    "AWS_ACCESS_KEY_ID or the runner's OIDC role); or try without an AWS account: aft --sandbox …"
)

_LONGEST_MESSAGE = 1000
_SECRET = re.compile(
    r"(?s)\s*The (?:Canonical String|String-to-Sign)\b.*"
    r"|\s*Encoded authorization failure message:.*"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"
    r"|(?i:x-amz-security-token)\S*"
)

_REFUSED = re.compile(
    r"is not authorized to perform: \"?([\w-]+:\w+)\"?(?: on resource: \"?([^\s\",]+))?"
)
"""AWS's sentence about an action of IAM, and mostly the resource."""

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.NoAuthTokenError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.LoginError,
    boto.TokenRetrievalError,
    boto.UnknownTokenProviderError,
)
_NOT_SENT = (boto.ConnectTimeoutError, boto.EndpointConnectionError, boto.ProxyConnectionError)

_HINTS: Mapping[str, str] = {
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": "ask AWS for a higher account quota (Service Quotas, "
    "us-east-1, AWS Organizations), or close accounts that are no longer needed",
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": "AWS creates five accounts at a time; the next one "
    "starts when one of them is done",
    "OU_DEPTH_LIMIT_EXCEEDED": "AWS allows OUs nested five deep below the root",
    "OU_NUMBER_LIMIT_EXCEEDED": "ask AWS for a higher quota of organizational units",
    "MAX_TAG_LIMIT_EXCEEDED": "AWS allows 50 tags on an account; remove some in the request file",
    "AWSOrganizationsNotInUseException": "use credentials of the organization's management "
    "account, or create the organization first: aws organizations create-organization",
    "RegionDisabledException": "STS is switched off in the home region; switch it on in IAM's "
    "account settings, or enable the region for the organization's accounts",
    "OptInRequired": "the region or service is not enabled in this account yet",
}


_HARMLESS = frozenset(
    {"cred_var", "name", "path", "profile", "provider", "region_name", "service_name"}
)
"""Details of botocore's errors that come from the user's own settings."""
_ABOUT_PARAMETER = re.compile(r"^(?:Missing|Unknown|Invalid)[\w ]* parameter[^,\n]*", re.MULTILINE)


def translate(
    error: Exception, *, service: str, operation: str, who: str = "", repeatable: bool | None = None
) -> AftError:
    """The error of ``aft.errors`` for ``error``, with the original as its cause. ``who`` names the
    credentials used, in words. ``repeatable`` overrides the guess, from the operation's name,
    whether doing it twice is the same as doing it once."""
    if repeatable is None:
        repeatable = codes.NON_IDEMPOTENT.match(operation) is None
    action = f"{service}:{operation}"
    if isinstance(error, boto.ClientError):
        allow = iam_action(service, operation)
        translated = _from_answer(error, action=action, allow=allow, who=who, repeatable=repeatable)
    elif isinstance(error, boto.BotoCoreError):
        translated = _from_failure(error, action=action, repeatable=repeatable)
    else:
        why = f"its answer could not be read ({type(error).__name__})"
        translated = without_answer(action, why, repeatable=repeatable)
    if isinstance(error, boto.ClientError | boto.BotoCoreError) and not _SECRET.search(str(error)):
        translated.__cause__ = error
    translated.__suppress_context__ = True
    return translated


def error_code(error: AftError) -> str:
    """AWS's code behind a translated error, or ``""``."""
    if isinstance(error, Terminal) and error.code:
        return error.code
    cause = error.__cause__
    return _code(cause) if isinstance(cause, boto.ClientError) else ""


def _code(error: boto.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _from_answer(
    error: boto.ClientError, *, action: str, allow: str, who: str, repeatable: bool
) -> AftError:
    """AWS answered, and said no. ``allow`` is the action as policies name it."""
    response: Mapping[str, Any] = error.response
    details: Mapping[str, Any] = response.get("Error", {})
    metadata: Mapping[str, Any] = response.get("ResponseMetadata", {})
    code = _code(error)
    reason = str(response.get("Reason") or details.get("Reason") or "")
    status = int(metadata.get("HTTPStatusCode", 0) or 0)
    said = details.get("Message") or response.get("message")
    said = redact(said).rstrip(".") if isinstance(said, str) else ""
    label = f"{code}, {reason}" if reason and reason not in said else code or str(status)
    text = f"{action} failed: {said or 'no message'} [{label}]"
    if metadata.get("RequestId"):
        text += f" (request id {metadata['RequestId']})"
    hint = next((_HINTS[key] for key in (reason, code) if key in _HINTS), "")
    hint = hint or next((_HINTS[key] for key in _HINTS if key in said), "")

    if code == codes.UNREADABLE and not repeatable:
        return _unknown(action, text)
    passes = any(word in said or word == reason for word in codes.THROTTLE_REASONS)
    if code in codes.THROTTLES or passes:
        return Throttled(text, hint=hint, retry_after=_retry_after(metadata))
    if code in codes.CONFLICTS:
        return Conflict(text, hint=hint or "it is being changed by someone else; run again")
    if code in codes.DENIED:
        whose = f" ({who})" if who else ""
        if code in codes.CREDENTIALS:
            hint = hint or f"AWS did not accept the credentials{whose}; renew them"
        asked = _asked(said)
        hint = hint or f"allow {asked or allow} to the credentials used{whose}"
        return Denied(text, hint=hint, code=code, lacks=asked.partition(" ")[0])
    if codes.names_missing_object(code) or _stack_is_missing(action, code, said):
        return NotFound(text, hint=hint)
    if code in codes.TRANSIENT or status >= 500:
        if not repeatable and code not in codes.REFUSED_BEFORE_WORK and status != 503:
            return _unknown(action, text)
        return Transient(text, hint=hint, retry_after=_retry_after(metadata))
    return Terminal(text, hint=hint, code=code)


def _asked(said: str) -> str:
    """The action, and the resource if any, that AWS names: an operation may ask for another action
    than its own (``iam:PassRole``, ``kms:Decrypt``)."""
    found = _REFUSED.search(said)
    if found is None:
        return ""
    action, resource = found.groups()
    return f"{action} on {resource}" if resource not in (None, "*") else action


def _from_failure(error: boto.BotoCoreError, *, action: str, repeatable: bool) -> AftError:
    """There was no answer at all, or botocore did not even ask."""
    said = _words_of(error)
    text = f"{action} failed: {said}"
    if isinstance(error, _NO_CREDENTIALS):
        return Denied(f"no usable AWS credentials: {said}", hint=NO_CREDENTIALS_HINT)
    if isinstance(error, _NOT_SENT):
        return Transient(text, hint="check the network, the proxy and AWS_ENDPOINT_URL")
    if isinstance(error, (boto.SSLError, boto.EndpointResolutionError, boto.UnknownEndpointError)):
        return Terminal(text, code=type(error).__name__)
    if isinstance(error, (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)):
        return Transient(text) if repeatable else _unknown(action, text)
    if isinstance(error, boto.WaiterError):
        return Transient(text)
    return Terminal(text, code=type(error).__name__)


def _words_of(error: boto.BotoCoreError) -> str:
    """The sentence of its class, with what is harmless of its details."""

    def shown(name: str, value: object) -> str:
        if name in ("endpoint_url", "proxy_url"):
            address = urlsplit(str(value))
            return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
        if name == "report":
            return "; ".join(_ABOUT_PARAMETER.findall(str(value))) or "…"
        if isinstance(value, Exception):
            return type(value).__name__
        return str(value) if name in _HARMLESS else "…"

    details = {name: shown(name, value) for name, value in error.kwargs.items()}
    return " ".join(error.fmt.format(**details).split())


def _unknown(action: str, text: str) -> UnknownOutcome:
    return UnknownOutcome(
        f"{text}: the answer was lost, so {action} may or may not have happened",
        hint="run again: aft looks before it repeats",
    )


def _stack_is_missing(action: str, code: str, said: str) -> bool:
    # CloudFormation has no separate code for a stack that is not there.
    return (
        action.startswith("cloudformation:")
        and code == "ValidationError"
        and said.endswith("does not exist")
    )


def _retry_after(metadata: Mapping[str, Any]) -> float | None:
    value = str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))
    return float(value) if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", value) else None


def redact(text: str) -> str:
    """``text`` without credentials, and not longer than a person reads."""
    text = redaction.redact(_SECRET.sub("", text)).strip()  # before a cut could go through one
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + " …"
