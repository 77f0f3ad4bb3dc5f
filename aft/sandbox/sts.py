"""Security Token Service: roles are assumed only where they exist and let the caller in.

Sessions end on the virtual clock and may be held to less by session policies. A role
session assumes another role when that role trusts it; that its own role's policies allow it was
asked before. Web
identity tokens are read, not verified.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from botocore.model import ServiceModel
from moto.iam.models import iam_backends

from aft.policy_language.context import Context as RequestContext
from aft.policy_language.context import Value, value_of
from aft.policy_language.documents import NotAPolicy
from aft.policy_language.evaluate import Decision, granted
from aft.policy_language.policy import Policy, policy_of_text
from aft.policy_language.principals import Principal
from aft.policy_language.statements import Request
from aft.sandbox.api_errors import ApiError
from aft.sandbox.authorization import session_policy
from aft.sandbox.calls import Handler, Invocation
from aft.sandbox.credentials import Caller, Keys
from aft.sandbox.member_accounts import materialize
from aft.sandbox.organizations_backend.rules import Context
from aft.sandbox.validation import violations

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/((?:[\w+=,.@-]+/)*)([\w+=,.@-]+)")
_CHAINED_MAXIMUM = 3600
_DEFAULT_DURATION = 3600


class SecurityTokens:
    """The operations; see the module."""

    def __init__(self, context: Context, model: ServiceModel) -> None:
        self._context = context
        self._model = model

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        return {
            ("sts", "AssumeRole"): self.assume_role,
            ("sts", "AssumeRoleWithWebIdentity"): self.assume_role_with_web_identity,
            ("sts", "GetCallerIdentity"): self.get_caller_identity,
            ("sts", "GetSessionToken"): self.get_session_token,
            ("sts", "GetAccessKeyInfo"): self.get_access_key_info,
        }

    def assume_role(self, call: Invocation) -> Mapping[str, Any]:
        self._validate(call)
        arn, caller = str(call.params["RoleArn"]), call.caller
        refused = _denied(caller, arn, "sts:AssumeRole")
        role = self._role(arn, refused=refused)
        conditions: dict[str, Value] = {
            "aws:principalarn": caller.role_arn or caller.arn,
            "aws:principalaccount": caller.account_id,
            "aws:principalorgid": self._context.organization.id,
            "sts:rolesessionname": str(call.params["RoleSessionName"]),
        }
        if caller.account_id not in self._context.organization.accounts:
            del conditions["aws:principalorgid"]
        if call.params.get("ExternalId"):
            conditions["sts:externalid"] = str(call.params["ExternalId"])
        document = json.loads(unquote(role.assume_role_policy_document))
        principal = Principal(caller.arn, caller.role_arn)
        if not _trusts(document, principal, "sts:AssumeRole", conditions):
            raise refused
        duration = self._duration(call, role, chained=bool(caller.role_arn))
        return self._session(call, arn, role, duration)

    def assume_role_with_web_identity(self, call: Invocation) -> Mapping[str, Any]:
        self._validate(call)
        arn = str(call.params["RoleArn"])
        refused = ApiError(
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403
        )
        role = self._role(arn, refused=refused)
        claims = _claims(str(call.params["WebIdentityToken"]))
        issuer = str(claims.get("iss", "")).removeprefix("https://")
        account_id = arn.split(":")[4]
        provider = f"arn:aws:iam::{account_id}:oidc-provider/{issuer}"
        if provider not in iam_backends[account_id]["aws"].open_id_providers:
            raise ApiError(
                "InvalidIdentityToken",
                f"No OpenIDConnect provider found in your account for https://{issuer}",
                status=400,
            )
        conditions = {f"{issuer}:{name}": _claim(value) for name, value in claims.items()}
        document = json.loads(unquote(role.assume_role_policy_document))
        action = "sts:AssumeRoleWithWebIdentity"
        if not _trusts(document, Principal(provider), action, conditions):
            raise refused
        duration = self._duration(call, role, chained=False)
        answer = dict(self._session(call, arn, role, duration))
        answer["SubjectFromWebIdentityToken"] = str(claims.get("sub", ""))
        answer["Provider"] = provider
        answer["Audience"] = str(claims.get("aud", ""))
        return answer

    def get_caller_identity(self, call: Invocation) -> Mapping[str, Any]:
        caller = call.caller
        return {"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn}

    def get_session_token(self, call: Invocation) -> Mapping[str, Any]:
        self._validate(call)
        if call.caller.role_arn:
            raise ApiError(
                "AccessDenied", "Cannot call GetSessionToken with session credentials", status=403
            )
        duration = float(call.params.get("DurationSeconds") or 43_200)
        keys = self._context.world.credentials.issue(
            account_id=call.caller.account_id,
            arn=call.caller.arn,
            user_id=call.caller.user_id,
            expires_at=self._context.now() + duration,
        )
        return {"Credentials": _credentials(keys)}

    def get_access_key_info(self, call: Invocation) -> Mapping[str, Any]:
        entry = self._context.world.credentials.entries.get(str(call.params["AccessKeyId"]))
        if entry is None:
            raise ApiError("ValidationError", "The access key is not known.", status=400)
        return {"Account": entry.caller.account_id}

    def _validate(self, call: Invocation) -> None:
        shape = self._model.operation_model(call.operation).input_shape
        found = list(violations(shape, call.params)) if shape is not None else []
        if found:
            noun = "error" if len(found) == 1 else "errors"
            text = "; ".join(item.message for item in found)
            raise ApiError(
                "ValidationError", f"{len(found)} validation {noun} detected: {text}", status=400
            )

    def _role(self, arn: str, *, refused: ApiError) -> Any:
        """The role in moto's IAM; AWS does not tell a missing role from a forbidden one."""
        parts = _ROLE_ARN.fullmatch(arn)
        if parts is None:
            raise ApiError("ValidationError", f"{arn} is invalid", status=400)
        account = self._context.organization.accounts.get(parts.group(1))
        if account is None or account.state not in ("ACTIVE", "PENDING_ACTIVATION"):
            raise refused
        materialize(self._context, account)
        if parts.group(3) == account.role_name and self._context.now() < account.role_usable_at:
            raise refused
        roles = iam_backends[account.id]["aws"].roles.values()
        role = next((item for item in roles if item.arn == arn), None)
        if role is None:
            raise refused
        return role

    def _duration(self, call: Invocation, role: Any, *, chained: bool) -> float:
        wanted = int(call.params.get("DurationSeconds") or _DEFAULT_DURATION)
        if chained and wanted > _CHAINED_MAXIMUM:
            raise ApiError(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                "assumed by role chaining",
                status=400,
            )
        if wanted > int(role.max_session_duration or _DEFAULT_DURATION):
            raise ApiError(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                status=400,
            )
        return float(wanted)

    def _session(self, call: Invocation, arn: str, role: Any, duration: float) -> Mapping[str, Any]:
        name = str(call.params["RoleSessionName"])
        account_id = arn.split(":")[4]
        session_arn = f"arn:aws:sts::{account_id}:assumed-role/{role.name}/{name}"
        table = self._context.world.credentials
        now = self._context.now()
        table.drop_expired(now)
        keys = table.issue(
            account_id=account_id,
            arn=session_arn,
            user_id=f"{role.id}:{name}",
            role_arn=arn,
            expires_at=now + duration,
            session_policies=_session_policies(call, account_id),
        )
        return {
            "Credentials": _credentials(keys),
            "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{name}", "Arn": session_arn},
        }


def _credentials(keys: Keys) -> Mapping[str, Any]:
    return {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.token,
        "Expiration": datetime.fromtimestamp(keys.expires_at or 0.0, UTC),
    }


def _denied(caller: Caller, arn: str, action: str) -> ApiError:
    return ApiError(
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}",
        status=403,
    )


def _session_policies(call: Invocation, account_id: str) -> tuple[str, ...]:
    """The texts a session is held to: the one given, and the managed ones that are named."""
    given = str(call.params.get("Policy") or "")
    if given:
        try:
            policy_of_text(given)
        except NotAPolicy as error:
            raise ApiError("MalformedPolicyDocument", error.message, status=400) from error
    arns = [str(item.get("arn", "")) for item in call.params.get("PolicyArns") or ()]
    named = (session_policy(account_id, arn) for arn in arns)
    return (*((given,) if given else ()), *named)


def _trusts(
    document: Mapping[str, Any], principal: Principal, action: str, conditions: Mapping[str, Value]
) -> bool:
    """Does the trust policy of a role let ``principal`` in?"""
    request = Request(principal=principal, action=action, context=RequestContext(conditions))
    answer = granted((Policy.of(document),), request, source="trust")
    return answer.decision is Decision.ALLOWED


def _claim(value: Any) -> Value:
    try:
        return value_of(value)
    except ValueError:  # an object inside of the token, which no condition key holds
        return str(value)


def _claims(token: str) -> Mapping[str, Any]:
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        found = None
    if not isinstance(found, dict):
        raise ApiError(
            "InvalidIdentityToken", "The token is not a valid JSON web token.", status=400
        )
    return found
