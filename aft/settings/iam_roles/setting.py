"""Baseline setting ``iam-roles``: roles made from parameters, kept as they say.

AWS (IAM User Guide and quotas): a role's name is unique in its account whatever its path, and its
path never changes; 10 managed policies and 10,240 characters of inline policies a role, 2,048
characters of trust policy, spaces not counted; sessions of 1 to 12 hours. ``DeleteRole`` refuses
while policies are attached or an instance profile has the role. One call,
``GetAccountAuthorizationDetails``, reads every role with its policies and tags; only the longest
session and the description need a call for each. IAM is eventually consistent.

Roles are marked with the tag ``aft:setting``. A marked role that is no longer listed is deleted;
any other role is never touched, not even one with a listed name: that is refused, unless
``adopt`` is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from aft.baselines.model import SettingDifference, SettingInputs
from aft.baselines.references import account_behind
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.deletion import unless_gone
from aft.settings.iam_roles import policies as iam_policies
from aft.settings.iam_roles.parameters import IamRolesParameters, RoleParameters
from aft.values.regions import partition_of

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import TagTypeDef

OWNER_TAG = "aft:setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleState:
    """A role as it is, or as it should be. Documents are canonical; ``managed`` are ARNs."""

    path: str
    trust: str
    managed: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=dict)
    boundary: str = ""
    session_seconds: int = 3600
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


Roles = Mapping[str, RoleState]


class IamRoles:
    """The roles are there, as listed."""

    name: ClassVar[str] = "iam-roles"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    comes_after: ClassVar[tuple[str, ...]] = ("oidc-provider",)  # which roles may trust
    description: ClassVar[str] = "IAM roles made from the baseline."
    parameters_model: type[IamRolesParameters] = IamRolesParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(self, inputs: SettingInputs[IamRolesParameters], session: AccountSession) -> Roles:
        """Roles with a listed name, and those this setting made earlier."""
        iam = session.client("iam")
        listed = {role.name for role in inputs.parameters.roles}
        pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
        found: dict[str, RoleState] = {}
        for page in pages:
            for details in page["RoleDetailList"]:
                tags = {tag["Key"]: tag["Value"] for tag in details.get("Tags", ())}
                name = details["RoleName"]
                if name in listed or tags.get(OWNER_TAG) == self.name:
                    state = _state(details, tags, iam, is_listed=name in listed)
                    if state is not None:
                        found[name] = state
        return found

    def compare(
        self, inputs: SettingInputs[IamRolesParameters], observed: Roles
    ) -> tuple[SettingDifference, ...]:
        wanted = _wanted(inputs)
        differences = []
        for name in sorted(wanted):
            if name not in observed:
                differences.append(
                    SettingDifference(
                        description=f"role {name} is not there, should be made",
                        before=None,
                        after=name,
                    )
                )
                continue
            differences.extend(_compared(name, observed[name], wanted[name]))
        differences.extend(
            SettingDifference(
                description=f"role {name} is no longer listed, should be deleted",
                before=name,
                after=None,
                takes_away=True,
            )
            for name in sorted(observed.keys() - wanted.keys())
        )
        return tuple(differences)

    def refuse(self, inputs: SettingInputs[IamRolesParameters], observed: Roles) -> None:
        _refuse(inputs, observed, _wanted(inputs))

    def change(
        self, inputs: SettingInputs[IamRolesParameters], observed: Roles, session: AccountSession
    ) -> None:
        wanted = _wanted(inputs)
        _refuse(inputs, observed, wanted)
        iam = session.client("iam")
        for role in inputs.parameters.roles:
            state, trust = wanted[role.name], _trust(role, inputs)
            before = observed.get(role.name)
            if before is None:
                iam.create_role(
                    RoleName=role.name,
                    AssumeRolePolicyDocument=trust,
                    Path=state.path,
                    Description=state.description,
                    MaxSessionDuration=state.session_seconds,
                    Tags=_tag_list(state.tags),
                    **({"PermissionsBoundary": state.boundary} if state.boundary else {}),
                )
                before = RoleState(
                    path=state.path,
                    trust=state.trust,
                    boundary=state.boundary,
                    session_seconds=state.session_seconds,
                    description=state.description,
                    tags=state.tags,
                )
            _fix(iam, role, trust, before, state)
        for name in sorted(observed.keys() - wanted.keys()):
            _delete(iam, name, observed[name])


def _state(
    details: Mapping[str, Any], tags: Mapping[str, str], iam: IAMClient, *, is_listed: bool
) -> RoleState | None:
    """``None`` for a role that is gone by the time it is looked at."""
    more: Mapping[str, Any] = {}
    if is_listed:
        try:
            more = iam.get_role(RoleName=details["RoleName"])["Role"]
        except NotFound:
            return None
    boundary = details.get("PermissionsBoundary") or {}
    return RoleState(
        path=details["Path"],
        trust=iam_policies.canonical(details["AssumeRolePolicyDocument"]),
        managed=tuple(sorted(item["PolicyArn"] for item in details["AttachedManagedPolicies"])),
        inline={
            item["PolicyName"]: iam_policies.canonical(item["PolicyDocument"])
            for item in details["RolePolicyList"]
        },
        boundary=str(boundary.get("PermissionsBoundaryArn", "")),
        session_seconds=int(more.get("MaxSessionDuration", 3600)),
        description=str(more.get("Description", "")),
        tags=tags,
    )


def _wanted(inputs: SettingInputs[IamRolesParameters]) -> Roles:
    partition = partition_of(inputs.account.home_region)
    return {
        role.name: RoleState(
            path=role.path,
            trust=iam_policies.canonical(_trust(role, inputs)),
            managed=tuple(sorted(_policy_arn(item, partition) for item in role.managed_policies)),
            inline={
                name: iam_policies.canonical(policy)
                for name, policy in role.inline_policies.items()
            },
            boundary=_policy_arn(role.permissions_boundary, partition)
            if role.permissions_boundary
            else "",
            session_seconds=role.max_session_seconds,
            description=role.description,
            tags={**role.tags, OWNER_TAG: IamRoles.name},
        )
        for role in inputs.parameters.roles
    }


def _trust(role: RoleParameters, inputs: SettingInputs[IamRolesParameters]) -> str:
    """The trust policy. Raises ``Terminal`` while an account it names does not exist."""
    account = inputs.account
    partition = partition_of(account.home_region)
    trust = role.trust
    statements: list[Mapping[str, Any]] = []
    accounts = [
        f"arn:{partition}:iam::{account_behind(item, account)}:root" for item in trust.accounts
    ]
    if accounts or trust.arns:
        condition = (
            {"StringEquals": {"sts:ExternalId": trust.external_id}} if trust.external_id else {}
        )
        statements.append(
            iam_policies.allow_assume({"AWS": sorted((*accounts, *trust.arns))}, **condition)
        )
    if trust.services:
        statements.append(iam_policies.allow_assume({"Service": sorted(trust.services)}))
    for item in trust.oidc:
        host = item.provider.removeprefix("https://")
        arn = f"arn:{partition}:iam::{account.account_id or ''}:oidc-provider/{host}"
        equals = {f"{host}:aud": list(item.audiences)}
        plain = [subject for subject in item.subjects if "*" not in subject and "?" not in subject]
        if len(plain) == len(item.subjects):
            equals[f"{host}:sub"] = plain
            conditions: dict[str, Any] = {"StringEquals": equals}
        else:
            conditions = {
                "StringEquals": equals,
                "StringLike": {f"{host}:sub": list(item.subjects)},
            }
        statements.append(iam_policies.allow_web_identity(arn, conditions))
    return iam_policies.document(statements)


def _policy_arn(policy: str, partition: str) -> str:
    """``ReadOnlyAccess`` is AWS's own policy of that name."""
    return policy if policy.startswith("arn:") else f"arn:{partition}:iam::aws:policy/{policy}"


def _compared(name: str, is_now: RoleState, wanted: RoleState) -> Iterator[SettingDifference]:
    differing = (*_attributes(is_now, wanted), *_policies(is_now, wanted), *_tags(is_now, wanted))
    for what, before, after in differing:
        was, should = before or "not set", after or "not set"
        yield SettingDifference(
            description=f"role {name}: {what} is {was}, should be {should}",
            before=before,
            after=after,
            takes_away=what.startswith(("policy ", "inline policy "))
            and after in ("not attached", "not there"),
        )


_Differing = Iterator[tuple[str, str | None, str | None]]


def _attributes(is_now: RoleState, wanted: RoleState) -> _Differing:
    if is_now.path != wanted.path:
        yield "path", is_now.path, wanted.path
    if is_now.trust != wanted.trust:
        yield "trust policy", "another", "as in the baseline"
    if is_now.boundary != wanted.boundary:
        yield "permissions boundary", is_now.boundary, wanted.boundary
    if is_now.session_seconds != wanted.session_seconds:
        yield "longest session", f"{is_now.session_seconds} s", f"{wanted.session_seconds} s"
    if is_now.description != wanted.description:
        yield "description", repr(is_now.description), repr(wanted.description)


def _policies(is_now: RoleState, wanted: RoleState) -> _Differing:
    for arn in sorted(set(wanted.managed) - set(is_now.managed)):
        yield f"policy {arn}", "not attached", "attached"
    for arn in sorted(set(is_now.managed) - set(wanted.managed)):
        yield f"policy {arn}", "attached", "not attached"
    for policy in sorted(wanted.inline.keys() | is_now.inline.keys()):
        if is_now.inline.get(policy) != wanted.inline.get(policy):
            before = "another" if policy in is_now.inline else "not there"
            after = "as in the baseline" if policy in wanted.inline else "not there"
            yield f"inline policy {policy}", before, after


def _tags(is_now: RoleState, wanted: RoleState) -> _Differing:
    if is_now.tags.get(OWNER_TAG) != IamRoles.name:
        yield "owner", is_now.tags.get(OWNER_TAG, "somebody else"), IamRoles.name
    for key in sorted(wanted.tags.keys() - {OWNER_TAG}):
        if is_now.tags.get(key) != wanted.tags[key]:
            yield f"tag {key}", is_now.tags.get(key), wanted.tags[key]


def _refuse(inputs: SettingInputs[IamRolesParameters], observed: Roles, wanted: Roles) -> None:
    """Raise ``Terminal`` before anything is changed, when something must not be."""
    problems = []
    for role in inputs.parameters.roles:
        before = observed.get(role.name)
        if before is None:
            continue
        if before.tags.get(OWNER_TAG) != IamRoles.name and not role.adopt:
            problems.append(f"role {role.name} was not made by aft")
        elif before.path != wanted[role.name].path:
            problems.append(
                f"role {role.name} has the path {before.path}, which cannot be changed to "
                f"{wanted[role.name].path}"
            )
    if problems:
        raise Terminal(
            f"roles were left alone: {'; '.join(problems)}",
            hint="choose another name, set `adopt: true`, or delete the role first",
        )


def _fix(
    iam: IAMClient, role: RoleParameters, trust: str, before: RoleState, wanted: RoleState
) -> None:
    name = role.name
    # What takes rights away comes first, so that none are held longer than they should be.
    if before.boundary != wanted.boundary and wanted.boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=wanted.boundary)
    if before.trust != wanted.trust:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    for arn in sorted(set(before.managed) - set(wanted.managed)):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in sorted(before.inline.keys() - wanted.inline.keys()):
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in sorted(wanted.inline):
        if before.inline.get(policy) != wanted.inline[policy]:
            text = iam_policies.as_text(role.inline_policies[policy])
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
    for arn in sorted(set(wanted.managed) - set(before.managed)):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if before.boundary and not wanted.boundary:
        iam.delete_role_permissions_boundary(RoleName=name)
    if (before.session_seconds, before.description) != (wanted.session_seconds, wanted.description):
        iam.update_role(
            RoleName=name, Description=wanted.description, MaxSessionDuration=wanted.session_seconds
        )
    changed = {key: tag for key, tag in wanted.tags.items() if before.tags.get(key) != tag}
    if changed:
        iam.tag_role(RoleName=name, Tags=_tag_list(changed))


def _delete(iam: IAMClient, name: str, state: RoleState) -> None:
    """Detach what it has, then delete it. Raises ``Terminal`` when something else holds it."""
    for arn in state.managed:
        unless_gone(iam.detach_role_policy, RoleName=name, PolicyArn=arn)
    for policy in state.inline:
        unless_gone(iam.delete_role_policy, RoleName=name, PolicyName=policy)
    try:
        unless_gone(iam.delete_role, RoleName=name)
    except Terminal as error:
        if error.code not in ("DeleteConflict", "DeleteConflictException"):
            raise
        raise Terminal(
            f"role {name} is no longer listed, but AWS does not delete it: {error.message}",
            hint="take it out of its instance profile, or list it again",
            code=error.code,
        ) from error


def _tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": tag} for key, tag in sorted(tags.items())]
