"""Baseline setting ``iam-roles``: roles made from parameters, kept as they say.

AWS (IAM User Guide and quotas): a role's name is unique in its account over all paths, and its
path cannot be changed; 10 managed policies and 10,240 characters of inline policies per role, 2,048
characters of trust policy, not counting white space; sessions of 1 to 12 hours. ``DeleteRole``
fails while policies are attached or an instance profile has the role. One call,
``GetAccountAuthorizationDetails``, reads every role with its policies and tags; only the maximum
session duration and the description need a call per role. IAM is eventually consistent.

Roles are marked with the tag ``aft:setting``. A marked role that is no longer listed is deleted;
any other role is never touched, not even one with a listed name: that is refused, unless
``adopt`` is set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aft.baselines.model import Caution, Power, SettingInputs
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.iam_roles.cautions import cautions_of
from aft.settings.iam_roles.parameters import IamRolesParameters, RoleParameters
from aft.settings.iam_roles.powers import powers_of
from aft.settings.iam_roles.trust import policy_arn, trust_policy
from aft.settings.shapes import policies as iam_policies
from aft.settings.shapes.setting import Differences, Setting, differs, unless_gone
from aft.settings.shapes.tags import OWNER_TAG, tag_list, tags_of
from aft.values.regions import partition_of

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleState:
    """A role as it is, or as it should be. Documents are canonical; ``managed`` are ARNs."""

    path: str
    trust: str
    managed: frozenset[str] = frozenset()
    inline: Mapping[str, str] = field(default_factory=dict)
    boundary: str = ""
    session_seconds: int = 3600
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


Roles = Mapping[str, RoleState]
Inputs = SettingInputs[IamRolesParameters]


class IamRoles(Setting[IamRolesParameters, Roles]):
    """The roles are there, as listed."""

    name = "iam-roles"
    comes_after = ("oidc-provider",)  # which roles may trust
    description = "IAM roles defined in the baseline."
    stays = "its roles stay"

    def powers(
        self,
        account: AccountFacts,
        before: IamRolesParameters | None,
        after: IamRolesParameters,
        *,
        members: frozenset[str],
    ) -> Iterator[Power]:
        """See ``Empowers``."""
        known = {role.name: role for role in before.roles} if before is not None else {}
        inputs = Inputs(account=account, parameters=after, region=None)
        for role in after.roles:
            yield from powers_of(role, known.get(role.name), inputs, members)

    def cautions(self, parameters: IamRolesParameters) -> Iterator[Caution]:
        """See ``Cautions``."""
        return cautions_of(parameters)

    def read(self, inputs: Inputs, session: AccountSession) -> Roles:
        """Roles with a listed name, and those this setting made earlier."""
        iam = session.client("iam")
        listed = {role.name for role in inputs.parameters.roles}
        pages = iam.get_paginator("get_account_authorization_details").paginate(Filter=["Role"])
        found: dict[str, RoleState] = {}
        for details in (item for page in pages for item in page["RoleDetailList"]):
            name, tags = details["RoleName"], tags_of(details)
            if name in listed:
                with suppress(NotFound):  # gone by the time it is looked at
                    found[name] = _state(details, tags, iam.get_role(RoleName=name)["Role"])
            elif tags.get(OWNER_TAG) == self.name:
                found[name] = _state(details, tags, {})
        return found

    def differences(self, inputs: Inputs, observed: Roles) -> Differences:
        wanted = _wanted(inputs)
        for name in sorted(wanted):
            if name in observed:
                yield from _compared(name, observed[name], wanted[name])
            else:
                yield differs(f"role {name} is not there, should be made", None, name)
        for name in sorted(observed.keys() - wanted.keys()):
            words = f"role {name} is no longer listed, should be deleted"
            yield differs(words, name, None, takes=True)

    def refuse(self, inputs: Inputs, observed: Roles) -> None:
        wanted, problems = _wanted(inputs), []
        for role in inputs.parameters.roles:
            before = observed.get(role.name)
            if before is None:
                continue
            if before.tags.get(OWNER_TAG) != self.name and not role.adopt:
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

    def fix(self, inputs: Inputs, observed: Roles, session: AccountSession) -> None:
        wanted = _wanted(inputs)
        iam = session.client("iam")
        for role in inputs.parameters.roles:
            state, trust = wanted[role.name], trust_policy(role, inputs)
            before = observed.get(role.name)
            if before is None:
                iam.create_role(
                    RoleName=role.name,
                    AssumeRolePolicyDocument=trust,
                    Path=state.path,
                    Description=state.description,
                    MaxSessionDuration=state.session_seconds,
                    Tags=tag_list(state.tags),
                    **({"PermissionsBoundary": state.boundary} if state.boundary else {}),
                )
                before = replace(state, managed=frozenset(), inline={})
            _fix(iam, role, trust, before, state)
        for name in sorted(observed.keys() - wanted.keys()):
            _delete(iam, name, observed[name])


def _state(
    details: Mapping[str, Any], tags: Mapping[str, str], more: Mapping[str, Any]
) -> RoleState:
    boundary = details.get("PermissionsBoundary") or {}
    return RoleState(
        path=details["Path"],
        trust=iam_policies.canonical(details["AssumeRolePolicyDocument"]),
        managed=frozenset(item["PolicyArn"] for item in details["AttachedManagedPolicies"]),
        inline={
            item["PolicyName"]: iam_policies.canonical(item["PolicyDocument"])
            for item in details["RolePolicyList"]
        },
        boundary=boundary.get("PermissionsBoundaryArn", ""),
        session_seconds=more.get("MaxSessionDuration", 3600),
        description=more.get("Description", ""),
        tags=tags,
    )


def _wanted(inputs: Inputs) -> Roles:
    partition = partition_of(inputs.account.home_region)
    wanted = {}
    for role in inputs.parameters.roles:
        bound, inline = role.permissions_boundary, role.inline_policies.items()
        wanted[role.name] = RoleState(
            path=role.path,
            trust=iam_policies.canonical(trust_policy(role, inputs)),
            managed=frozenset(policy_arn(item, partition) for item in role.managed_policies),
            inline={name: iam_policies.canonical(policy) for name, policy in inline},
            boundary=policy_arn(bound, partition) if bound else "",
            session_seconds=role.max_session_seconds,
            description=role.description,
            tags={**role.tags, OWNER_TAG: IamRoles.name},
        )
    return wanted


def _compared(name: str, is_now: RoleState, wanted: RoleState) -> Differences:
    same, owner = "as in the baseline", is_now.tags.get(OWNER_TAG, "another owner")
    found: list[tuple[str, str | None, str]] = [
        ("path", is_now.path, wanted.path),
        ("trust policy", same if is_now.trust == wanted.trust else "another", same),
        ("permissions boundary", is_now.boundary, wanted.boundary),
        ("longest session", f"{is_now.session_seconds} s", f"{wanted.session_seconds} s"),
        ("description", repr(is_now.description), repr(wanted.description)),
    ]
    missing, surplus = wanted.managed - is_now.managed, is_now.managed - wanted.managed
    found += [(f"policy {arn}", "not attached", "attached") for arn in sorted(missing)]
    found += [(f"policy {arn}", "attached", "not attached") for arn in sorted(surplus)]
    for policy in sorted(wanted.inline.keys() | is_now.inline.keys()):
        if is_now.inline.get(policy) != wanted.inline.get(policy):
            was = "another" if policy in is_now.inline else "not there"
            should = same if policy in wanted.inline else "not there"
            found.append((f"inline policy {policy}", was, should))
    found.append(("owner", owner, IamRoles.name))
    others = sorted(wanted.tags.keys() - {OWNER_TAG})
    found += [(f"tag {key}", is_now.tags.get(key), wanted.tags[key]) for key in others]
    for what, before, after in found:
        if before != after:
            words = f"role {name}: {what} is {before or 'not set'}, should be {after or 'not set'}"
            takes = "policy " in what and after in ("not attached", "not there")
            yield differs(words, before, after, takes=takes)


def _fix(
    iam: IAMClient, role: RoleParameters, trust: str, before: RoleState, wanted: RoleState
) -> None:
    name = role.name
    # The tag comes first: without it, a narrow role for applies may not change the role.
    changed = {key: tag for key, tag in wanted.tags.items() if before.tags.get(key) != tag}
    if changed:
        iam.tag_role(RoleName=name, Tags=tag_list(changed))
    # What takes rights away comes first, so that none are held longer than they should be.
    if before.boundary != wanted.boundary and wanted.boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=wanted.boundary)
    if before.trust != wanted.trust:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    for arn in sorted(before.managed - wanted.managed):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in sorted(before.inline.keys() - wanted.inline.keys()):
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in sorted(wanted.inline):
        if before.inline.get(policy) != wanted.inline[policy]:
            text = iam_policies.as_text(role.inline_policies[policy])
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
    for arn in sorted(wanted.managed - before.managed):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if before.boundary and not wanted.boundary:
        iam.delete_role_permissions_boundary(RoleName=name)
    if (before.session_seconds, before.description) != (wanted.session_seconds, wanted.description):
        iam.update_role(
            RoleName=name, Description=wanted.description, MaxSessionDuration=wanted.session_seconds
        )


def _delete(iam: IAMClient, name: str, state: RoleState) -> None:
    """Detach what it has, then delete it. Raises ``Terminal`` when something else holds it."""
    for arn in sorted(state.managed):
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
