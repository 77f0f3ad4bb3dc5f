"""What a plan's readers see first: the counts, and one line about each account it touches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from aft.desired.model import AccountRequest
from aft.findings.model import Finding
from aft.plan.model import ORGANIZATION, AccountLine, Action, Change, Summary
from aft.plan.view import PlanView
from aft.values.ids import AccountId, RequestId
from aft.values.refs import ACCOUNT

_COUNTED_APART = frozenset({Action.CREATE, Action.ADOPT, Action.MOVE, Action.RELEASE})
"""Actions on accounts that have their own column."""


def summarise(
    changes: Iterable[Change], attention: Iterable[Finding], *, looked_at: Collection[str]
) -> Summary:
    """Count accounts, each once per column. ``looked_at`` are the requests of the plan. An account
    that is created or adopted does not count as changed; one that is moved does, when something
    else is done to it as well."""
    of_accounts = [change for change in changes if change.target != ORGANIZATION]
    of_organization = Counter(change.kind for change in changes if change.target == ORGANIZATION)

    having: dict[Action | None, set[str]] = defaultdict(set)
    for change in of_accounts:
        is_apart = change.kind == ACCOUNT and change.action in _COUNTED_APART
        having[change.action if is_apart else None].add(change.target)
    created, adopted = having[Action.CREATE], having[Action.ADOPT]
    return Summary(
        create=len(created),
        adopt=len(adopted),
        change=len(having[None] - created - adopted),
        move=len(having[Action.MOVE]),
        forget=len(having[Action.RELEASE]),
        close=0,
        organization=dict(sorted(of_organization.items())),
        accounts_affected=len({change.target for change in of_accounts}),
        accounts_total=len(looked_at) + len(having[Action.RELEASE]),
        accounts_in_doubt=len(
            {item.target for item in attention if not item.is_remark} & set(looked_at)
        ),
    )


def account_lines(
    targets: Iterable[str], view: PlanView, changes: Iterable[Change]
) -> tuple[AccountLine, ...]:
    """Who asks for each account, why, and where; sorted by target."""
    ids = {change.target: change.account_id for change in changes}
    lines: list[AccountLine] = []
    for target in sorted(set(targets)):
        request = view.desired.request_by_id.get(RequestId(target))
        if request is not None:
            match = view.identities.matches.get(request.id)
            line = _asked_for(request, ids.get(target))
            if match is not None:
                line = replace(line, account_id=match.account.id, email=match.account.email)
            lines.append(line)
        elif target in ids:
            account = view.snapshot.account_by_id.get(AccountId(ids[target] or ""))
            line = AccountLine(target=target, account_id=ids[target], name="", email="", ou="")
            if account is not None:
                ou = str(account.ou)
                line = replace(line, name=account.name, email=account.email, ou=ou)
            lines.append(line)
    return tuple(lines)


def _asked_for(request: AccountRequest, account_id: str | None) -> AccountLine:
    return AccountLine(
        target=request.id,
        account_id=account_id,
        name=request.name,
        email=str(request.email),
        ou=str(request.ou),
        owner=request.owner.team if request.owner is not None else "",
        reason=request.reason,
        ticket=request.ticket,
        path=request.source.path,
        line=request.source.line,
    )
