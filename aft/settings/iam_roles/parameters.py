"""Parameters of the baseline setting ``iam-roles``; what they mean is said there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from aft.baselines.directions import Directions, Judged
from aft.baselines.model import SettingParameters
from aft.baselines.references import AccountReference

_ARN = r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+"
_POLICY = r"^(arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/.+|[\w+=,.@/-]+)$"
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w+=,.@-]+$")]
Policy = Annotated[str, Field(min_length=1, max_length=2048, pattern=_POLICY)]
RolePattern = Annotated[str, Field(min_length=1, max_length=576, pattern=r"^[\w+=,.@/*?-]+$")]
Text = Annotated[str, Field(min_length=1)]


class OidcTrust(SettingParameters):
    """Which tokens can assume the role; the setting ``oidc-provider`` creates the provider."""

    provider: Annotated[str, Field(pattern=r"^(https://)?[^\s?#/]+[^\s?#]*$")] = Field(
        description="The provider, such as `token.actions.githubusercontent.com`."
    )
    subjects: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        description="Subjects of tokens, such as `repo:acme/infra:ref:refs/heads/main`; `*` and "
        "`?` match."
    )
    audiences: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        default=("sts.amazonaws.com",), description="Audiences of tokens."
    )

    @model_validator(mode="after")
    def _not_everybody(self) -> OidcTrust:
        if any(not subject.strip("*?") for subject in self.subjects):
            raise ValueError("expected specific subjects: name an organization")
        return self


class Trust(SettingParameters):
    """Who can assume the role."""

    accounts: tuple[AccountReference, ...] = Field(
        default=(), description="Accounts: twelve digits in quotes, or the id of a request."
    )
    roles: tuple[RolePattern, ...] = Field(
        default=(),
        description="With `accounts`: the roles in these accounts that can assume it, by name "
        "(with their path); `*` and `?` match. Without it, every principal there that may assume "
        "roles.",
    )
    arns: tuple[Annotated[str, Field(pattern=f"^{_ARN}$")], ...] = Field(
        default=(), description="ARNs of existing roles or users."
    )
    external_id: Annotated[str, Field(min_length=2, max_length=1224)] | None = Field(
        default=None, description="The external id that accounts and ARNs must use."
    )
    services: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$")], ...] = (
        Field(default=(), description="AWS services, such as `ec2.amazonaws.com`.")
    )
    oidc: tuple[OidcTrust, ...] = Field(default=(), description="OpenID Connect tokens.")

    @model_serializer(mode="wrap")
    def _without_roles(self, serialize: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Without ``roles`` as it was before there were any: so no account is changed again."""
        found: dict[str, Any] = serialize(self)
        return found if self.roles else {key: found[key] for key in found if key != "roles"}

    @model_validator(mode="after")
    def _somebody(self) -> Trust:
        if not (self.accounts or self.arns or self.services or self.oidc):
            raise ValueError("expected at least one of accounts, arns, services or oidc")
        if self.roles and not self.accounts:
            raise ValueError("`roles` are those of `accounts`: name these, too")
        return self


class RoleParameters(SettingParameters):
    """One role."""

    name: Name = Field(description="Unique in the account.")
    description: Annotated[str, Field(max_length=1000)] = Field(
        default="", description="The role's purpose."
    )
    path: Annotated[str, Field(max_length=512, pattern=r"^/([!-~]+/)?$")] = Field(
        default="/", description="Starts and ends with `/`; cannot be changed later."
    )
    trust: Trust = Field(description="Who can assume the role.")
    managed_policies: Annotated[tuple[Policy, ...], Field(max_length=20)] = Field(
        default=(), description="ARNs, or names of AWS's own policies such as `ReadOnlyAccess`."
    )
    inline_policies: Mapping[
        Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w+=,.@-]+$")],
        Mapping[str, Any],
    ] = Field(
        default={},
        description="Policy documents by name; double the braces of policy variables: "
        "`${{aws:username}}`.",
    )
    permissions_boundary: Policy | None = Field(
        default=None, description="ARN or name of the permissions boundary."
    )
    max_session_seconds: Annotated[int, Field(ge=3600, le=43_200)] = Field(
        default=3600, description="Maximum session duration: 1 to 12 hours."
    )
    tags: Mapping[
        Annotated[str, Field(min_length=1, max_length=128)], Annotated[str, Field(max_length=256)]
    ] = Field(default={}, description="Tags of the role.")
    adopt: bool = Field(
        default=False,
        description="Adopt an existing role with this name that was not created by this setting.",
    )


class IamRolesParameters(SettingParameters):
    """Parameters of ``iam-roles``."""

    weakens: ClassVar[Directions] = {"roles": Judged.BY_SETTING}

    roles: tuple[RoleParameters, ...] = Field(
        description="The roles; a role that you remove here is deleted."
    )

    @model_validator(mode="after")
    def _unique(self) -> IamRolesParameters:
        names = [role.name.casefold() for role in self.roles]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(
                f"role {twice!r} is listed twice; IAM's names differ by more than case"
            )
        return self
