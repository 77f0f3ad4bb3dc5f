"""The safety limits on a plan: a stage of its own, run in the pull request and before apply.

Says which limits a plan exceeds and how to lift them in a reviewed line; the caller refuses.
Knows nothing of how the plan came about, so that a plan from a file is held to the same limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from aft.config.model import CONFIG_PATH, Allowance, Limits
from aft.desired.model import DesiredState
from aft.findings.model import Finding, SourceRef, sorted_findings
from aft.plan.kind import Kinds, Limit
from aft.plan.model import ORGANIZATION, Plan
from aft.values.ids import RequestId


def check_safety(
    plan: Plan,
    limits: Limits,
    *,
    kinds: Kinds,
    today: date,
    desired: DesiredState | None = None,
    management_account_id: str = "",
) -> tuple[Finding, ...]:
    """Everything that stops ``plan`` (all errors), each with the line that would lift it.

    ``today`` is UTC. With ``desired`` protected requests and aft's own access are guarded too,
    and with ``management_account_id`` the management account.
    """
    findings = [
        *_too_many(plan, limits, kinds, today=today),
        *_over_quota(plan, limits),
        *_management(plan, kinds, management_account_id),
    ]
    if desired is not None:
        findings += [*_protected(plan, kinds, desired), *_locked_out(plan, kinds, desired)]
    return sorted_findings(findings)


def lifted_limits(plan: Plan, limits: Limits, *, kinds: Kinds, today: date) -> tuple[str, ...]:
    """One line for each limit that only a reviewed exception lets the plan exceed."""
    lines: list[str] = []
    for item, found in _counted(plan, kinds).items():
        title, usual = item.title, getattr(limits, item.name)
        allowance = _allowance(limits, item.name, today=today)
        if found > usual and allowance is not None and found <= allowance.up_to:
            lines.append(
                f"{found} {title} are over the limit of {usual}; allowed up to "
                f"{allowance.up_to} until {allowance.until}: {allowance.reason}"
            )
    return tuple(lines)


def _counted(plan: Plan, kinds: Kinds) -> Mapping[Limit, int]:
    """For each limit the plan counts towards: distinct accounts, and of the organization
    distinct things."""
    counted: dict[Limit, set[tuple[str, str]]] = {}
    for change in plan.changes:
        key = change.key if change.target == ORGANIZATION else ""
        for limit in kinds.of(change).limits(change):
            counted.setdefault(limit, set()).add((change.target, key))
    return {limit: len(things) for limit, things in counted.items()}


def _allowance(limits: Limits, name: str, *, today: date) -> Allowance | None:
    """The widest exception that still holds."""
    holding = [item for item in limits.allow if item.limit == name and item.until >= today]
    return max(holding, key=lambda item: item.up_to, default=None)


def _too_many(plan: Plan, limits: Limits, kinds: Kinds, *, today: date) -> list[Finding]:
    findings: list[Finding] = []
    for item, found in _counted(plan, kinds).items():
        name, title, things = item.name, item.title, item.things
        limit: int = getattr(limits, name)
        allowance = _allowance(limits, name, today=today)
        if allowance is not None:
            limit = max(limit, allowance.up_to)
        if found <= limit:
            continue
        lapsed = [item for item in limits.allow if item.limit == name and item.until < today]
        was = max((item.until for item in lapsed), default=None)
        ended = f" (its exception ended on {was})" if was and allowance is None else ""
        findings.append(
            Finding(
                code="AFT950",
                source=SourceRef(CONFIG_PATH),
                message=f"Too many {title}: {found} {things if found != 1 else things[:-1]}, "
                f"the limit is {limit}{ended}",
                hint=f"add `limits.allow: [{{limit: {name}, up_to: {found}, reason: …, "
                f"until: …}}]` to {CONFIG_PATH}, or do it in smaller steps",
            )
        )
    return findings


def _over_quota(plan: Plan, limits: Limits) -> list[Finding]:
    created = plan.summary.create
    if limits.accounts is None or not created or plan.scope is not None:
        return []
    existing = sum(1 for key in plan.fingerprints if key.startswith("account/"))
    if existing + created <= limits.accounts:
        return []
    return [
        Finding(
            code="AFT954",
            source=SourceRef(CONFIG_PATH),
            message=f"The account quota does not suffice: the organization has {existing} accounts "
            f"(closed ones count for 90 days), the plan creates {created}, and "
            f"`limits.accounts` is {limits.accounts}",
            hint="ask AWS for a higher quota (Service Quotas, AWS Organizations, in us-east-1), "
            f"then raise `limits.accounts` in {CONFIG_PATH}",
        )
    ]


def _management(plan: Plan, kinds: Kinds, management_account_id: str) -> list[Finding]:
    return [
        Finding(
            code="AFT953",
            source=SourceRef(CONFIG_PATH),
            message=f"The plan would {kinds.verb(change).label} the management account "
            f"({management_account_id})",
            hint="aft neither moves nor renames the management account; make a new plan",
        )
        for change in plan.changes
        if management_account_id
        and change.account_id == management_account_id
        and kinds.verb(change).spares_management
    ]


def _protected(plan: Plan, kinds: Kinds, desired: DesiredState) -> list[Finding]:
    findings: list[Finding] = []
    for change in plan.changes:
        request = desired.request_by_id.get(RequestId(change.target))
        if request is not None and request.protect and kinds.verb(change).is_guarded:
            findings.append(
                Finding(
                    code="AFT952",
                    source=request.source,
                    message=f"Request {request.id} is protected, but the plan would "
                    f"{kinds.verb(change).label} its account",
                    hint="drop `protect: true` in a change of its own, then make a new plan",
                )
            )
    return findings


def _locked_out(plan: Plan, kinds: Kinds, desired: DesiredState) -> list[Finding]:
    """Moving the account whose role aft works with may put aft itself under a guardrail."""
    role = desired.config.roles.management
    if role is None:
        return []
    home = role.split(":")[4]  # arn:partition:iam::ACCOUNT:role/name
    return [
        Finding(
            code="AFT955",
            source=SourceRef(CONFIG_PATH),
            message=f"The plan would {kinds.verb(change).label} account {home}, which holds the "
            "role aft works with; the guardrails of another OU could lock aft out",
            hint="do this one by hand, or use a role of another account in `roles.management`",
        )
        for change in plan.changes
        if change.account_id == home and kinds.verb(change).is_guarded
    ]
