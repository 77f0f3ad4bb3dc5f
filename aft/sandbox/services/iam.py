"""IAM where account baselines depend on it: alias, password policy, trust policies.

Everything else is moto's. Facts: botocore's ``iam`` model (lengths, ranges, error codes) and
the API reference of CreateAccountAlias.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import moto.iam.urls as iam_urls
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import EntityAlreadyExists, MalformedPolicyDocument, NoSuchEntity
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from aft.sandbox.services.aws_policies import AwsManagedPolicies
from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.iam_roles import ProviderAnswers, ProviderRules, RoleRules
from aft.sandbox.services.iam_service_roles import ServiceLinkedRoles
from aft.sandbox.services.moto_seams import use_backend, use_responses

_PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::(\d{12}|cloudfront):.+|AIDA\w+|AROA\w+"
)
_SERVICE_PRINCIPAL = re.compile(r"[A-Za-z0-9.-]+\.amazonaws\.com(\.cn)?")
MAX_TRUST_POLICY = 2048  # AWS quota: role trust policy length in characters, without spaces


class AccountAliases:
    """Mixin for the IAM backend: aliases are names in all of AWS."""

    account_id: str
    account_aliases: list[str]

    def create_account_alias(self, alias: str) -> None:
        """Replaces the account's earlier alias; taken names are refused, the own one too."""
        for regions in list(iam_backends.values()):
            for backend in list(regions.values()):
                if alias in backend.account_aliases:
                    raise EntityAlreadyExists(f"The account alias {alias} already exists.")
        self.account_aliases = [alias]

    def delete_named_alias(self, alias: str) -> None:
        if alias not in self.account_aliases:
            raise NoSuchEntity(f"The Account Alias with name {alias} cannot be found.")
        self.account_aliases = []


class TrustPolicies:
    """Mixin for the IAM backend: a role is not made from a broken trust policy."""

    def create_role(
        self, role_name: str, assume_role_policy_document: str, *args: Any, **kwargs: Any
    ) -> Role:
        if not kwargs.get("linked_service"):
            check_trust_policy(assume_role_policy_document)
        made: Role = super().create_role(  # type: ignore[misc]  # a mixin before IAMBackend
            role_name, assume_role_policy_document, *args, **kwargs
        )
        return made

    def update_assume_role_policy(self, role_name: str, policy_document: str) -> None:
        self.get_role(role_name)  # type: ignore[attr-defined]  # a mixin before IAMBackend
        check_trust_policy(policy_document)
        super().update_assume_role_policy(role_name, policy_document)  # type: ignore[misc]


def check_trust_policy(document: str) -> None:
    """Raise MalformedPolicyDocument or LimitExceeded as CreateRole does."""
    validator = IAMTrustPolicyDocumentValidator(document)
    validator.validate()
    if len(re.sub(r"\s", "", document)) > MAX_TRUST_POLICY:
        raise MalformedPolicyDocument("Cannot exceed quota for ACLSizePerRole: 2048")
    for statement in validator._statements:  # noqa: SLF001 - what it has just parsed
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        if principal is None:
            raise MalformedPolicyDocument("Missing required field Principal")
        _check_principal(principal)


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise MalformedPolicyDocument("Invalid principal in policy")
    for kind, names in principal.items():
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str) or not _is_principal(kind, name):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind}":"{name}"')


def _is_principal(kind: str, name: str) -> bool:
    if kind == "AWS":
        return _PRINCIPAL.fullmatch(name) is not None
    if kind == "Service":
        return _SERVICE_PRINCIPAL.fullmatch(name) is not None
    return kind in ("Federated", "CanonicalUser") and bool(name)


class StrictIamBackend(
    AccountAliases,
    TrustPolicies,
    RoleRules,
    ServiceLinkedRoles,
    ProviderRules,
    AwsManagedPolicies,
    IAMBackend,
):
    """moto's IAM with AWS's rules for aliases and trust policies, and AWS's own policies."""

    _url_module = property(lambda _: iam_urls)


class StrictIamResponse(ModelConstraints, ProviderAnswers, IamResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "ValidationError"

    def delete_account_alias(self) -> ActionResult:
        self.backend.delete_named_alias(self._get_param("AccountAlias"))
        return EmptyResult()

    def update_account_password_policy(self) -> ActionResult:
        """AWS keeps what was not given as unset, where moto writes zeroes."""
        result = super().update_account_password_policy()
        policy = self.backend.account_password_policy
        if not policy.max_password_age:
            policy.max_password_age = None
        return result


def install() -> None:
    """Make moto's IAM strict in this process; again changes nothing."""
    if not issubclass(iam_backends.backend, AccountAliases):
        use_backend(iam_backends, StrictIamBackend)
    use_responses(iam_urls, StrictIamResponse)
