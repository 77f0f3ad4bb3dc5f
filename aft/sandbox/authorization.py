"""May a caller do this? SCPs, RCPs, the policies of its role, boundary and session, by aft's own
evaluator of the policy language.

An explicit Deny anywhere stands in the way; else every SCP level, the session's policies, the
permissions boundary and the role must allow. Users' keys are bound by SCPs and RCPs alone. Where a
policy asks for a resource or key the sandbox does not know, the call goes on and says so in the log
(``CallRecord.depends``): the sandbox refuses only what AWS refuses for sure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from aft.policy_language.ceiling import RCP, SCP, Ceiling, Chain, ceiling
from aft.policy_language.context import Context, Value
from aft.policy_language.evaluate import Answer, Decision, Level, combined, granted
from aft.policy_language.policy import Policy, policy_of_text
from aft.policy_language.policy_types import RCP as RCP_TYPE
from aft.policy_language.policy_types import SCP as SCP_TYPE
from aft.policy_language.principals import Principal
from aft.policy_language.service_facts import ALWAYS_ALLOWED
from aft.policy_language.statements import NO_RESOURCE, Request
from aft.sandbox.credentials import Caller
from aft.sandbox.organizations_backend.model import MemberAccount, Organization, Unit
from aft.sandbox.request_facts import (
    COMPLETE,
    Decryption,
    account_resource,
    decryptions,
    organization_resources,
    values_of,
)
from aft.sandbox.request_resources import owner_of, resources_of
from aft.sandbox.services.aws_policies import document_of_aws_policy

IDENTITY, BOUNDARY, SESSION = "identity", "boundary", "session"
_NAMES = {
    SCP: "a service control policy",
    RCP: "a resource control policy",
    IDENTITY: "an identity-based policy",
    BOUNDARY: "a permissions boundary",
    SESSION: "a session policy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked. ``params`` reads the parameters when a policy wants to know the resource."""

    caller: Caller
    service: str
    operation: str
    action: str
    region: str
    params: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """``refusal`` is AWS's sentence, or empty; ``depends`` what nobody here knows."""

    refusal: str = ""
    depends: tuple[str, ...] = ()


_FREE = Ruling()


def ruling(organization: Organization, call: Call, *, now: float) -> Ruling:
    """May ``call`` go on?"""
    caller = call.caller
    if call.action.lower() in ALWAYS_ALLOWED:
        return _FREE
    if call.service == "secretsmanager" and (secret := _foreign_secret(call)):
        why = f"because no resource-based policy allows the {call.action} action"
        return Ruling(
            refusal=f"User: {caller.arn} is not authorized to perform: {call.action} on resource: "
            f"{secret} {why}"
        )
    is_management = caller.account_id == organization.management_account_id
    if is_management and not caller.role_arn and not _has_rcps(organization):
        return _FREE  # nothing binds it, and it makes most calls
    known = _Known(organization, call, now)
    answer, resource = known.answer(None), NO_RESOURCE
    if answer.keys or known.needs_owner:
        answer, resource = known.answer_for_resources()
    if answer.decision is Decision.DENIED:
        asked = known.resource() if resource == NO_RESOURCE else resource
        return Ruling(refusal=_sentence(caller, call.action, asked, answer))
    if call.service in ("ssm", "secretsmanager"):
        found = decryptions(
            call.service,
            call.operation,
            call.params(),
            account=caller.account_id,
            region=call.region,
        )
        refusal = next(filter(None, (_refused(organization, call, it, now) for it in found)), "")
        if refusal:
            return Ruling(refusal=refusal)
    return Ruling(depends=tuple(sorted(answer.keys)))


def _foreign_secret(call: Call) -> str:
    """The ARN of a secret of another account, which the sandbox's secrets share with no one."""
    secret = str(call.params().get("SecretId") or "")
    return (
        secret if secret.count(":") > 4 and secret.split(":")[4] != call.caller.account_id else ""
    )


def _refused(organization: Organization, call: Call, found: Decryption, now: float) -> str:
    """What AWS says to who may not decrypt what a call gives out, else ""."""
    caller, action = call.caller, "kms:Decrypt"
    via: dict[str, Value] = {"kms:ViaService": found.via, **found.context}
    known = _Known(organization, replace(call, service="kms", action=action), now)
    answer = known.answer(found.key, via)
    if answer.decision is not Decision.DENIED or (found.is_default and not answer.explicit):
        return ""
    if call.service == "secretsmanager":  # AWS says no more
        return "Access to KMS is not allowed"
    return _sentence(caller, action, found.key, answer)


class _Known:
    """The policies that bear on one call."""

    def __init__(self, organization: Organization, call: Call, now: float) -> None:
        self._organization = organization
        self._call = call
        self._context = _context(organization, call, now)
        complete = COMPLETE.get(call.service, ())
        self._context_of_asked = _context(organization, call, now, complete=complete)
        self._own = organization.accounts.get(call.caller.account_id)
        self._scps = _chain(organization, self._own, SCP_TYPE)
        self.needs_owner = _has_rcps(organization)
        self._inside = list(_inside(call.caller))

    def answer_for_resources(self) -> tuple[Answer, str]:
        """Of every resource of the call; the first refused one decides."""
        found = self._resources()
        if found is None:
            return self.answer(None, self._asked()), NO_RESOURCE
        answers = [(self.answer(item, self._asked(item)), item) for item in found]
        denied = next((item for item in answers if item[0].decision is Decision.DENIED), None)
        return denied or (combined(answer for answer, _ in answers), found[0])

    def resource(self) -> str:
        """What AWS names in a refusal."""
        found = self._resources()
        return found[0] if found else NO_RESOURCE

    def _resources(self) -> tuple[str, ...] | None:
        call, params, own = self._call, self._call.params(), self._call.caller.account_id
        if call.service == "organizations":
            return organization_resources(self._organization, params)
        if call.service == "account":
            return (account_resource(self._organization, params, account=own),)
        return resources_of(call.service, call.operation, params, account=own, region=call.region)

    def _asked(self, resource: str | None = None) -> Mapping[str, Value]:
        """What the parameters say."""
        call = self._call
        owner = owner_of(resource or "", caller=call.caller.account_id)
        return values_of(self._organization, call.service, call.params(), owner=owner)

    def answer(self, resource: str | None, asked: Mapping[str, Value] | None = None) -> Answer:
        """Everything that is asked of one resource, or of one nobody knows. ``asked`` is what the
        parameters say, where they have been looked at."""
        caller = self._call.caller
        owner = owner_of(resource, caller=caller.account_id) if resource else caller.account_id
        holder = self._organization.accounts.get(owner)
        known = self._context if asked is None else self._context_of_asked
        context = known.with_values(
            {
                **(asked or {}),
                **(_owner_keys(self._organization, holder, owner) if resource else {}),
            },
            unknown=() if resource else ("aws:ResourceAccount", "aws:ResourceOrg*"),
        )
        request = Request(
            principal=Principal(caller.arn, caller.role_arn),
            action=self._call.action,
            resource=resource,
            resource_account=owner,
            context=context,
        )
        above = Ceiling(
            principal=self._scps,
            resource=_chain(self._organization, holder, RCP_TYPE) if self.needs_owner else None,
            management_account=self._organization.management_account_id,
        )
        inside = (granted(found, request, source=source) for source, found in self._inside)
        return combined((ceiling(above, request), *inside))


def _has_rcps(organization: Organization) -> bool:
    """Is any RCP but AWS's own attached?"""
    return RCP_TYPE in organization.policy_types and any(
        policy.type == RCP_TYPE and not policy.aws_managed and policy.targets
        for policy in organization.policies.values()
    )


def _chain(
    organization: Organization, account: MemberAccount | None, policy_type: str
) -> Chain | None:
    """The way from the root to an account, with its SCPs or its RCPs."""
    if account is None:
        return None
    levels = None
    if policy_type in organization.policy_types:
        source = SCP if policy_type == SCP_TYPE else RCP
        nodes: list[MemberAccount | Unit] = [account, *organization.ancestors(account.parent_id)]
        levels = tuple(
            Level(source, node.id, _attached(organization, node.policies, policy_type))
            for node in reversed(nodes)
        )
    is_scp = policy_type == SCP_TYPE
    return Chain(
        account=account.id, scps=levels if is_scp else None, rcps=None if is_scp else levels
    )


def _attached(organization: Organization, ids: Sequence[str], policy_type: str) -> Iterator[Policy]:
    for policy in (organization.policies[item] for item in ids):
        if policy.type == policy_type:
            yield policy_of_text(policy.content, policy.name)


def _inside(caller: Caller) -> Iterator[tuple[str, tuple[Policy, ...]]]:
    """Session policies, boundary and policies of a role session; users' keys are not bound."""
    if not caller.role_arn or caller.service_linked:
        return
    if caller.session_policies:
        found = (policy_of_text(text, "session policy") for text in caller.session_policies)
        yield SESSION, tuple(found)
    role_id = caller.user_id.partition(":")[0]
    role = iam_backends[caller.account_id]["aws"].roles.get(role_id)
    if role is None:  # deleted since, and its policies with it
        yield IDENTITY, ()
        return
    if role.permissions_boundary_arn:
        boundary = _managed(caller.account_id, str(role.permissions_boundary_arn))
        yield BOUNDARY, (policy_of_text(boundary, "permissions boundary"),)
    yield IDENTITY, tuple(_policies_of(role))


def _policies_of(role: Any) -> Iterator[Policy]:
    for name, document in role.policies.items():
        yield policy_of_text(_text(document), str(name))
    for policy in role.managed_policies.values():
        version = next(item for item in policy.versions if item.is_default)
        yield policy_of_text(_text(version.document), str(policy.name))


def _managed(account_id: str, arn: str) -> str:
    """The text of a managed policy, AWS's or the account's own."""
    text = document_of_aws_policy(arn)
    if text:
        return text
    policy = iam_backends[account_id]["aws"].managed_policies.get(arn)
    if policy is None:  # deleted since: nothing is allowed
        return '{"Version": "2012-10-17", "Statement": []}'
    return _text(next(item for item in policy.versions if item.is_default).document)


def session_policy(account_id: str, arn: str) -> str:
    """The text of a managed policy that a session is held to."""
    return _managed(account_id, arn)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _context(
    organization: Organization, call: Call, now: float, *, complete: Sequence[str] = ()
) -> Context:
    """The keys the sandbox knows. Those of the service itself, of tags and of resources it does
    not know, unless they are ``complete``; every other key is absent."""
    caller = call.caller
    account = organization.accounts.get(caller.account_id)
    values: dict[str, Value] = {
        "aws:CurrentTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now)),
        "aws:RequestedRegion": call.region,
        "aws:PrincipalArn": caller.role_arn or caller.arn,
        "aws:PrincipalAccount": caller.account_id,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole" if caller.role_arn else "User",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:userid": caller.user_id,
    }
    if caller.role_arn:
        values["aws:MultiFactorAuthPresent"] = "false"
    if account is not None:
        values["aws:PrincipalOrgID"] = organization.id
        values["aws:PrincipalOrgPaths"] = (organization.path(account.parent_id),)
    prefix = call.action.partition(":")[0]
    unknown = (f"{prefix}:*", "aws:RequestTag/*", "aws:ResourceTag/*", "aws:TagKeys")
    return Context(values, [name for name in unknown if name not in complete])


def _owner_keys(
    organization: Organization, account: MemberAccount | None, owner: str
) -> dict[str, Value]:
    keys: dict[str, Value] = {"aws:ResourceAccount": owner}
    if account is not None:
        keys["aws:ResourceOrgID"] = organization.id
        keys["aws:ResourceOrgPaths"] = (organization.path(account.parent_id),)
    return keys


def _sentence(caller: Caller, action: str, resource: str, answer: Answer) -> str:
    source = answer.traces[0].source
    name = _NAMES[source]
    why = f"because no {name.partition(' ')[2]} allows the {action} action"
    if answer.explicit:
        why = f"with an explicit deny in {name}"
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {why}"
    )
