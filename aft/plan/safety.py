"""The safety limits on a plan: a separate stage, run in the pull request and before apply. Says
which limits a plan exceeds and how to lift them in a reviewed line; the caller refuses. Knows
nothing of how the plan came about, so that a plan from a file is held to the same limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from aft.config.allowance import LimitAllowance
from aft.config.model import CONFIG_PATH, Config, Limits
from aft.desired.model import DesiredState
from aft.findings.model import Finding, SourceRef, finding_at, sorted_findings
from aft.ledger.events import LedgerState
from aft.plan.fields import ARRIVAL, field_of
from aft.plan.kind import Kinds, Limit
from aft.plan.model import ORGANIZATION, Plan
from aft.plan.protection import is_protected
from aft.values.ids import RequestId
from aft.values.suggestions import did_you_mean


def check_safety(
    plan: Plan,
    limits: Limits,
    *,
    kinds: Kinds,
    today: date,
    desired: DesiredState | None = None,
    ledger: LedgerState | None = None,
    management_account_id: str = "",
) -> tuple[Finding, ...]:
    """Everything that stops ``plan`` (all errors), each with the line that would lift it. ``today``
    is UTC. With ``desired`` protected requests and aft's own access are guarded too, with
    ``ledger`` also what was protected last, and with ``management_account_id`` the management
    account."""
    too_many = _too_many(plan, limits, kinds, today=today)
    forbidden = [
        *_forbidden(plan, kinds, desired, management_account_id),
        *_protected(plan, kinds, desired, ledger or LedgerState()),
    ]
    return sorted_findings([*too_many, *_over_quota(plan, limits), *forbidden])


def lifted_limits(plan: Plan, limits: Limits, *, kinds: Kinds, today: date) -> tuple[str, ...]:
    """One line for each limit that only a reviewed exception lets the plan exceed."""
    lines: list[str] = []
    for item, found in _counted(plan, kinds).items():
        usual, allowance = limit_of(limits, item), _allowance(limits, item.name, today=today)
        if allowance is not None and usual < found <= allowance.up_to:
            why = f"allowed up to {allowance.up_to} until {allowance.until}: {allowance.reason}"
            lines.append(f"{found} {item.title} are over the limit of {usual}; {why}")
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


def unknown_limits(
    config: Config, kinds: Kinds
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Each place of ``aft.yaml`` that names a limit no installed kind has: the place, what is
    wrong with it, and what to do."""
    limits = config.limits
    known = {name for name in kinds.limits if not hasattr(limits, name)}
    for name in limits.changes:
        if name not in known:
            yield (
                ("limits", "changes", name),
                f"no installed kind has a limit {name!r}",
                _near(name, known),
            )
    for number, item in enumerate(limits.allow):
        if item.limit not in kinds.limits:
            why = f"there is no limit {item.limit!r}"
            yield ("limits", "allow", number, "limit"), why, _near(item.limit, set(kinds.limits))


def _near(name: str, known: Collection[str]) -> str:
    names = ", ".join(sorted(known))
    return did_you_mean(name, sorted(known)) or (
        f"the limits are: {names}" if names else "install the package that brings the kind"
    )


def limit_of(limits: Limits, limit: Limit) -> int:
    """How many ``aft.yaml`` allows."""
    own: int | None = getattr(limits, limit.name, None)
    return own if own is not None else limits.changes.get(limit.name, limit.default)


def _allowance(limits: Limits, name: str, *, today: date) -> LimitAllowance | None:
    """The widest exception that still holds."""
    holding = [item for item in limits.allow if item.limit == name and item.until >= today]
    return max(holding, key=lambda item: item.up_to, default=None)


def _too_many(plan: Plan, limits: Limits, kinds: Kinds, *, today: date) -> Iterator[Finding]:
    for item, found in _counted(plan, kinds).items():
        name, title, things = item.name, item.title, item.things
        limit = limit_of(limits, item)
        allowance = _allowance(limits, name, today=today)
        if allowance is not None:
            limit = max(limit, allowance.up_to)
        if found <= limit:
            continue
        lapsed = [item for item in limits.allow if item.limit == name and item.until < today]
        was = max((item.until for item in lapsed), default=None)
        ended = f" (its exception ended on {was})" if was and allowance is None else ""
        counted = f"{found} {things if found != 1 else things[:-1]}"
        allow = f"allow: [{{what: {name}, up_to: {found}, reason: …, until: …}}]"
        yield finding_at(
            "AFT950",
            SourceRef(CONFIG_PATH),
            f"Too many {title}: {counted}, the limit is {limit}{ended}",
            f"add `{allow}` to {CONFIG_PATH}, or do it in smaller steps",
        )


def _over_quota(plan: Plan, limits: Limits) -> Iterator[Finding]:
    created = plan.summary.create
    if limits.accounts is None or not created or plan.scope is not None:
        return
    existing = sum(1 for key in plan.fingerprints if key.startswith("account/"))
    if existing + created > limits.accounts:
        yield finding_at(
            "AFT954",
            SourceRef(CONFIG_PATH),
            f"The account quota does not suffice: the organization has {existing} accounts (closed "
            f"ones count for 90 days), the plan creates {created}, and `limits.accounts` is "
            f"{limits.accounts}",
            "ask AWS for a higher quota (Service Quotas, AWS Organizations, in us-east-1), then "
            f"raise `limits.accounts` in {CONFIG_PATH}",
        )


def _forbidden(
    plan: Plan, kinds: Kinds, desired: DesiredState | None, management_account_id: str
) -> Iterator[Finding]:
    """Changes of accounts that must be left alone."""
    role = desired.config.roles.management if desired is not None else None
    home = role.split(":")[4] if role else ""  # arn:partition:iam::ACCOUNT:role/name
    for change in plan.changes:
        verb, account_id, config = kinds.verb(change), change.account_id, SourceRef(CONFIG_PATH)
        if verb.spares_management and account_id and account_id == management_account_id:
            message = f"The plan would {verb.label} the management account ({account_id})"
            hint = "aft neither moves nor renames the management account; make a new plan"
            yield finding_at("AFT953", config, message, hint)
        if verb.is_guarded and account_id and account_id == home:
            # The account whose role aft works with: it may put aft itself under a guardrail.
            message = f"The plan would {verb.label} account {home}, which has the role aft works "
            message += "with; the guardrails of another OU could lock aft out"
            hint = "do this manually, or use a role of another account in `roles.management`"
            yield finding_at("AFT955", config, message, hint)


def _protected(
    plan: Plan, kinds: Kinds, desired: DesiredState | None, ledger: LedgerState
) -> Iterator[Finding]:
    """Changes of protected accounts; one that aft is just creating may arrive."""
    for change in plan.changes:
        request = desired.request_by_id.get(RequestId(change.target)) if desired else None
        verb = kinds.verb(change)
        if not verb.is_guarded or field_of(change, ARRIVAL) is not None:
            continue
        if is_protected(request, ledger.record(change.target)):
            source = request.source if request is not None else SourceRef(CONFIG_PATH)
            message = f"Request {change.target} is protected, but the plan would {verb.label} its "
            message += "account"
            hint = "drop `protect` in a separate change and apply that, then make a new plan"
            yield finding_at("AFT952", source, message, hint)
