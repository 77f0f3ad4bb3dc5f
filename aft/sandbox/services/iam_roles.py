"""Roles and identity providers, where moto is kinder than IAM.

Facts: IAM's quotas page (10 managed policies and 10,240 characters of inline policy a role, spaces
not counted) and the API reference's error codes. Everything else is moto's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import OpenIDConnectProvider, Role

from aft.sandbox.services.moto_seams import Refusal

MANAGED_POLICIES_PER_ROLE = 10
INLINE_POLICY_CHARACTERS = 10_240
CLIENTS_PER_PROVIDER = 100
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(aws|\d{12}):policy/.+")


class RoleRules:
    """Mixin for the IAM backend: quotas of roles, and boundaries that exist."""

    managed_policies: Any
    get_role: Any
    know_aws_policy: Any

    def create_role(
        self,
        role_name: str,
        assume_role_policy_document: str,
        path: str,
        permissions_boundary: str | None,
        *args: Any,
        **kwargs: Any,
    ) -> Role:
        self._check_boundary(permissions_boundary)
        made: Role = super().create_role(  # type: ignore[misc]  # a mixin before IAMBackend
            role_name, assume_role_policy_document, path, permissions_boundary, *args, **kwargs
        )
        return made

    def put_role_permissions_boundary(self, role_name: str, permissions_boundary: str) -> None:
        self._check_boundary(permissions_boundary)
        super().put_role_permissions_boundary(role_name, permissions_boundary)  # type: ignore[misc]  # mixin

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        attached = self.get_role(role_name).managed_policies
        if policy_arn not in attached and len(attached) >= MANAGED_POLICIES_PER_ROLE:
            raise Refusal(
                "LimitExceeded",
                f"Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES_PER_ROLE}",
            )
        super().attach_role_policy(policy_arn, role_name)  # type: ignore[misc]  # mixin

    def put_role_policy(self, role_name: str, policy_name: str, policy_json: str) -> None:
        others = {
            name: text
            for name, text in self.get_role(role_name).policies.items()
            if name != policy_name
        }
        size = sum(len(re.sub(r"\s", "", text)) for text in (*others.values(), policy_json))
        if size > INLINE_POLICY_CHARACTERS:
            raise Refusal(
                "LimitExceeded",
                f"Maximum policy size of {INLINE_POLICY_CHARACTERS} bytes exceeded for role "
                f"{role_name}",
            )
        super().put_role_policy(role_name, policy_name, policy_json)  # type: ignore[misc]  # mixin

    def _check_boundary(self, arn: str | None) -> None:
        if not arn or not _POLICY_ARN.fullmatch(arn):
            return  # none, or moto refuses it by its form
        self.know_aws_policy(arn)
        if arn not in self.managed_policies:
            raise Refusal("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


class ProviderRules:
    """Mixin for the IAM backend: OpenID Connect providers and their clients."""

    open_id_providers: dict[str, OpenIDConnectProvider]
    get_open_id_connect_provider: Any

    def create_open_id_connect_provider(
        self,
        url: str,
        thumbprint_list: list[str],
        client_id_list: list[str],
        tags: list[dict[str, str]],
    ) -> OpenIDConnectProvider:
        """IAM finds the certificate's thumbprint itself where none is given."""
        if not url.startswith("https://"):
            raise Refusal("ValidationError", "Invalid Open ID Connect Provider URL")
        name = url.removeprefix("https://").rstrip("/")
        if any(arn.endswith(f":oidc-provider/{name}") for arn in self.open_id_providers):
            raise Refusal("EntityAlreadyExists", f"Provider with url {url} already exists.")
        found = [hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()]
        made: OpenIDConnectProvider = super().create_open_id_connect_provider(  # type: ignore[misc]  # mixin
            url, thumbprint_list or found, list(client_id_list), tags
        )
        return made

    def add_client(self, arn: str, client_id: str) -> None:
        """Again changes nothing."""
        clients: list[str] = self.get_open_id_connect_provider(arn).client_id_list
        if client_id in clients:
            return
        if len(clients) >= CLIENTS_PER_PROVIDER:
            raise Refusal(
                "LimitExceeded",
                f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: "
                f"{CLIENTS_PER_PROVIDER}",
            )
        clients.append(client_id)

    def remove_client(self, arn: str, client_id: str) -> None:
        """No error for a client that is not there."""
        clients: list[str] = self.get_open_id_connect_provider(arn).client_id_list
        if client_id in clients:
            clients.remove(client_id)


class ProviderAnswers:
    """Mixin for the IAM responses: operations moto lacks."""

    backend: Any
    _get_param: Any

    def add_client_id_to_open_id_connect_provider(self) -> ActionResult:
        self.backend.add_client(*self._provider_and_client())
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> ActionResult:
        self.backend.remove_client(*self._provider_and_client())
        return EmptyResult()

    def _provider_and_client(self) -> Sequence[str]:
        return self._get_param("OpenIDConnectProviderArn"), self._get_param("ClientID")
