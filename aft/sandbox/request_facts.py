"""The condition keys that say what a call asks for, as far as the sandbox knows them.

Facts: the service authorization reference. AWS (Systems Manager User Guide, SecureString): who
reads a parameter that is encrypted decrypts it with his own permissions; the key policy of the
default key lets every principal of the account do that, so that only a Deny keeps one from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aft.policy_language.context import Value
from aft.sandbox.organizations_backend.model import Organization

Params = Mapping[str, Any]

_ENTITIES = (
    *("AccountId", "ChildId", "OrganizationalUnitId", "ParentId", "PolicyId", "ResourceId"),
    *("RootId", "SourceParentId", "DestinationParentId", "TargetId"),
)


def organization_resources(organization: Organization, params: Params) -> tuple[str, ...]:
    """The ARNs of a call to Organizations: of everything its parameters name, else ``*``."""
    ids = [str(params[name]) for name in _ENTITIES if params.get(name)]
    return tuple(_entity(organization, item) for item in ids) or ("*",)


def _entity(organization: Organization, entity: str) -> str:
    policy = organization.policies.get(entity)
    if policy is not None and policy.aws_managed:
        return f"arn:aws:organizations::aws:policy/{policy.type.lower()}/{entity}"
    if policy is not None:
        return organization.arn("policy", policy.type.lower(), entity)
    kinds = {"r-": "root", "ou-": "ou", "p-": "policy", "rp-": "resourcepolicy"}
    kind = next((kind for prefix, kind in kinds.items() if entity.startswith(prefix)), "account")
    return organization.arn(kind, entity)


def account_resource(organization: Organization, params: Params, *, account: str) -> str:
    """The ARN of a call to Account Management: the caller's account, or the one it names."""
    named = params.get("AccountId")
    if not named:
        return f"arn:aws:account::{account}:account"
    management = organization.management_account_id
    return f"arn:aws:account::{management}:account/{organization.id}/{named}"


def values_of(
    organization: Organization, service: str, params: Params, *, owner: str
) -> Mapping[str, Value]:
    """Condition keys that are known of a call to ``service``; those that are complete for it are
    in ``COMPLETE``."""
    return _VALUES[service](organization, params, owner) if service in _VALUES else {}


def _of_organizations(organization: Organization, params: Params, _: str) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    if params.get("ServicePrincipal"):
        found["organizations:ServicePrincipal"] = str(params["ServicePrincipal"])
    policy = organization.policies.get(str(params.get("PolicyId")))
    kind = params.get("PolicyType") or params.get("Filter") or params.get("Type")
    if kind or policy is not None:
        found["organizations:PolicyType"] = str(kind or (policy.type if policy else ""))
    tags: Iterable[Mapping[str, Any]] = params.get("Tags") or ()
    for tag in tags:
        found[f"aws:RequestTag/{tag['Key']}"] = str(tag["Value"])
    keys: Sequence[str] = [*(str(tag["Key"]) for tag in tags), *(params.get("TagKeys") or ())]
    return {**found, "aws:TagKeys": tuple(keys)} if keys else found


def _of_iam(_: Organization, params: Params, __: str) -> Mapping[str, Value]:
    name = params.get("AWSServiceName")
    return {"iam:AWSServiceName": str(name)} if name else {}


def _of_s3(_: Organization, __: Params, owner: str) -> Mapping[str, Value]:
    return {"s3:ResourceAccount": owner}


_VALUES: Mapping[str, Callable[[Organization, Params, str], Mapping[str, Value]]] = {
    "iam": _of_iam,
    "organizations": _of_organizations,
    "s3": _of_s3,
}

COMPLETE: Mapping[str, tuple[str, ...]] = {
    "organizations": ("organizations:*", "aws:RequestTag/*", "aws:TagKeys"),
}
"""Keys by service of which nothing is unknown: one without a value is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decryption:
    """The key that a call decrypts with, and what KMS is told. The policy of an ``is_default`` key
    lets every principal of its account decrypt through the service; a key of the account's own
    leaves that to IAM."""

    key: str
    is_default: bool
    via: str
    context: Mapping[str, Value] = field(default_factory=dict)


def decryptions(
    service: str, operation: str, params: Params, *, account: str, region: str
) -> Iterator[Decryption]:
    """What the call decrypts for its caller: SecureStrings, secrets."""
    via = f"{service}.{region}.amazonaws.com"
    if service == "ssm" and params.get("WithDecryption"):
        for name, key in _secure_strings(params, account=account, region=region):
            arn, is_default = _key(key, "alias/aws/ssm", account=account, region=region)
            parameter = f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
            context: dict[str, Value] = {"kms:EncryptionContext:PARAMETER_ARN": parameter}
            yield Decryption(key=arn, is_default=is_default, via=via, context=context)
    if service == "secretsmanager" and operation == "GetSecretValue":
        from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 - slow

        secret = secretsmanager_backends[account][region].secrets.get(str(params.get("SecretId")))
        if secret is not None:
            key = str(getattr(secret, "kms_key_id", None) or "")
            arn, is_default = _key(key, "alias/aws/secretsmanager", account=account, region=region)
            context = {"kms:EncryptionContext:SecretARN": str(secret.arn)}
            yield Decryption(key=arn, is_default=is_default, via=via, context=context)


def _secure_strings(params: Params, *, account: str, region: str) -> Iterator[tuple[str, str]]:
    """Names and keys of the SecureStrings that a call is about."""
    from moto.ssm.models import ssm_backends  # noqa: PLC0415 - it brings all of EC2

    path = str(params.get("Path") or "").rstrip("/")
    named = {str(params.get("Name") or ""), *map(str, params.get("Names") or ())}
    named |= {f"/{item.partition(':parameter/')[2]}" for item in named if item.startswith("arn:")}
    named |= {item.removeprefix("/") for item in named if item.count("/") == 1}
    backend = ssm_backends[account][region]
    for name, versions in backend._parameters.items():  # noqa: SLF001 - moto lists them nowhere
        is_meant = name in named or (params.get("Path") and name.startswith(f"{path}/"))
        if is_meant and versions and versions[-1].parameter_type == "SecureString":
            yield str(name), str(versions[-1].keyid or "")


def _key(given: str, default: str, *, account: str, region: str) -> tuple[str, bool]:
    """A key's ARN, and whether it is the service's own."""
    arn = f"arn:aws:kms:{region}:{account}:key/{default.replace('alias/aws/', 'aws-')}"
    if not given or given == default:
        return arn, True
    return given if given.startswith("arn:") else f"{arn.rpartition('/')[0]}/{given}", False
