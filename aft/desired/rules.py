"""What must hold between requests, and between requests and the rest of the repository. Each rule
is a generator over plain values; a position is asked for only when there is a finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol, TypeVar

from aft.desired.model import AccountRequest
from aft.desired.tree import RequestEntry
from aft.findings.model import Condition, Finding, Severity, SourceRef, few, finding_at
from aft.findings.validation import Loc
from aft.organization.spec import OrganizationSpec
from aft.text.lookalikes import lookalikes
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.suggestions import Suggestions

N = TypeVar("N")


class Places(Protocol):
    """Where a request says something, be it in its own file or in its defaults."""

    def at(self, request_id: RequestId, loc: Loc, *, key: bool = False) -> SourceRef:
        """Where the value at ``loc`` was written; with ``key`` where its key was."""
        ...


def about(finding: Finding, *requests: AccountRequest) -> Finding:
    """``finding``, which concerns these requests, also where defaults are what says it."""
    return replace(finding, about=tuple(request.source.path for request in requests))


def unique_ids(entries: Sequence[RequestEntry]) -> Iterator[Finding]:
    """Two files of one name, in any folders; also when they differ only by case."""
    first: dict[str, RequestEntry] = {}
    for item in entries:
        other = first.setdefault(item.id.casefold(), item)
        if other is item:
            continue
        code, how = "AFT301", "is taken by"
        hint = "rename one of the files; the name without .yaml is the id"
        if other.id != item.id:
            code, how = "AFT302", "differs only by case from"
            hint = "rename one of the files so that people can tell them apart"
        message = f"request id {item.id!r} {how} {other.entry.path}"
        found = finding_at(
            code, SourceRef(item.entry.path), message, hint, condition=Condition.ID_TAKEN
        )
        yield replace(found, about=(item.entry.path, other.entry.path))


def reserved_addresses(requests: Iterable[AccountRequest], places: Places) -> Iterator[Finding]:
    """Root addresses that no one can receive mail at, so that access to the account cannot be
    recovered. An account that is adopted keeps the address that it has."""
    for request in requests:
        if request.email.is_reserved and request.account_id is None:
            domain = request.email.rpartition("@")[2]
            message = f"{request.email}: {domain} is reserved for examples, and receives no mail"
            hint = "use an address that reaches you; only the sandbox creates this account"
            place = places.at(request.id, ("email",))
            found = finding_at("AFT347", place, message, hint, severity=Severity.WARNING)
            yield about(found, request)


def unique_fields(requests: Iterable[AccountRequest], places: Places) -> Iterator[Finding]:
    """E-mail addresses, account names and adopted account ids belong to one request each."""
    emails: dict[str, AccountRequest] = {}
    names: dict[str, AccountRequest] = {}
    account_ids: dict[str, AccountRequest] = {}
    for request in requests:
        if (other := emails.setdefault(request.email.casefold(), request)) is not request:
            message = f"e-mail address {request.email} is also that of {_shown(other)}"
            hint = "every AWS account needs a different address; 'name+suffix@…' often works"
            place = places.at(request.id, ("email",))
            yield about(finding_at("AFT303", place, message, hint), request, other)
        if (other := names.setdefault(request.name.casefold(), request)) is not request:
            code, how, hint = "AFT304", "is also that of", "give each account a different name"
            if request.name != other.name:
                code, how = "AFT305", "differs only by case from"
                hint = "give each account a name people can tell apart"
            message = f"account name {request.name!r} {how} {_shown(other)}"
            place = places.at(request.id, ("name",))
            yield about(finding_at(code, place, message, hint), request, other)
        if request.account_id is None:
            continue
        if (other := account_ids.setdefault(request.account_id, request)) is not request:
            message = f"account {request.account_id} is also adopted by {_shown(other)}"
            hint = "an account belongs to one request"
            place = places.at(request.id, ("account_id",))
            yield about(finding_at("AFT310", place, message, hint), request, other)


def organizational_units(
    requests: Iterable[AccountRequest], spec: OrganizationSpec, places: Places
) -> Iterator[Finding]:
    """The OU of every request is one of organization.yaml, which is the list of OUs. Without any OU
    listed there the organization is looked after elsewhere, and only the plan, which sees AWS, can
    tell."""
    known = spec.paths
    if not known:
        yield from _alike_units(requests, places)
        return
    near, names = Suggestions(), tuple(map(str, sorted(known)))
    for request in requests:
        ou = request.ou_path
        if ou.is_root or ou in known:
            continue
        hint = near(str(ou), names)
        hint = hint or "add it to customizations/organization/organization.yaml, or fix the path"
        message = f"OU {str(ou)!r} is not in organization.yaml"
        place = places.at(request.id, ("ou",))
        yield about(finding_at("AFT306", place, message, hint), request)


def _alike_units(requests: Iterable[AccountRequest], places: Places) -> Iterator[Finding]:
    """Requests for OUs next to each other that people take for each other."""
    below: defaultdict[OrgUnitPath, dict[str, AccountRequest]] = defaultdict(dict)
    for request in requests:
        path = request.ou_path
        while not path.is_root and path.name not in below[path.parent]:
            below[path.parent][path.name] = request
            path = path.parent
    for names in below.values():
        for name, other in lookalikes(names):
            message = f"OU {name!r} looks like {other!r}, and its characters differ"
            hint = "write the name of the OU as the other request has it"
            place = places.at(names[name].id, ("ou",))
            yield about(finding_at("AFT808", place, message, hint), names[name])


def references(
    requests: Iterable[AccountRequest],
    *,
    ids: frozenset[RequestId],
    baselines: frozenset[str],
    customizations: frozenset[str],
    places: Places,
) -> Iterator[Finding]:
    """What a request names exists: other requests, its baseline, its customizations."""
    near = Suggestions()
    for request in requests:
        name = request.baseline
        if name is not None and name not in baselines:
            hint = near(name, baselines) or f"add customizations/baselines/{name}.yaml"
            source = places.at(request.id, ("baseline",))
            found = finding_at("AFT311", source, f"there is no baseline {name!r}", hint)
            yield about(found, request)
        found_in_lists = chain(
            _depends_on(request, ids, places, near),
            _customizations(request, customizations, places, near),
        )
        for found in few(found_in_lists, request.source.path):
            yield about(found, request)


def _depends_on(
    request: AccountRequest, ids: frozenset[RequestId], places: Places, near: Suggestions
) -> Iterator[Finding]:
    for number, other in enumerate(request.depends_on):
        loc: Loc = ("depends_on", number)
        if other == request.id:
            message = f"request {other!r} depends on itself"
            yield finding_at("AFT308", places.at(request.id, loc), message, "take it out")
        elif other not in ids:
            message = f"depends_on names {other!r}, which is no request"
            hint = near(other, ids) or "write the id of a request: its file's name"
            yield finding_at("AFT307", places.at(request.id, loc), message, hint)


def _customizations(
    request: AccountRequest, known: frozenset[str], places: Places, near: Suggestions
) -> Iterator[Finding]:
    for number, name in enumerate(request.customizations):
        if name not in known:
            hint = near(name, known) or f"add the folder customizations/accounts/{name}/"
            source = places.at(request.id, ("customizations", number))
            yield finding_at("AFT312", source, f"there is no customization {name!r}", hint)


def cycles(requests: Iterable[AccountRequest], places: Places) -> Iterator[Finding]:
    """Requests that wait for each other; each cycle is reported once, at its first request."""
    waiting = {str(request.id): request for request in requests if request.depends_on}
    needs: Mapping[str, tuple[str, ...]] = {
        name: tuple(item for item in request.depends_on if item != name)
        for name, request in waiting.items()
    }
    done: set[str] = set()
    for start in sorted(needs):
        if not any(item in needs and item not in done for item in needs[start]):
            done.add(start)  # nearly always: it waits for nothing that waits itself
            continue
        for cycle in cycles_from(start, needs, done):
            first = cycle.index(min(cycle))
            ordered = (*cycle[first:], *cycle[:first])
            request_id, waits_for = RequestId(ordered[0]), ordered[1]
            number = needs[request_id].index(waits_for)
            message = f"requests wait for each other: {' -> '.join((*ordered, ordered[0]))}"
            source = places.at(request_id, ("depends_on", number))
            found = finding_at("AFT309", source, message, "take one of these depends_on out")
            yield about(found, *(waiting[name] for name in ordered))


def cycles_from(
    start: N, needs: Mapping[N, tuple[N, ...]], done: set[N]
) -> Iterator[tuple[N, ...]]:
    """Cycles reachable from ``start``, by depth-first search without recursion."""
    path: list[N] = []
    on_path: set[N] = set()
    todo: list[tuple[N, bool]] = [(start, False)]
    while todo:
        node, leaving = todo.pop()
        if leaving:
            path.pop()
            on_path.discard(node)
            done.add(node)
        elif node in on_path:
            yield tuple(path[path.index(node) :])
        elif node not in done and node in needs:
            path.append(node)
            on_path.add(node)
            todo.append((node, True))
            todo.extend((item, False) for item in reversed(needs[node]))


def earlier_ids(
    requests: Iterable[AccountRequest], ids: frozenset[RequestId], places: Places
) -> Iterator[Finding]:
    """``previously`` names an id that no request has now, and that one request alone had."""
    claimed: dict[str, AccountRequest] = {}
    for request in requests:
        if request.previously is None:
            continue
        place = request.id, ("previously",)
        if request.previously == request.id:
            message = f"previously names the request's own id {request.id!r}"
            found = finding_at("AFT313", places.at(*place), message, "take the line out")
            yield about(found, request)
        elif request.previously in ids:
            message = f"previously names {request.previously!r}, which is still a request"
            hint = "delete the old file, or take the line out"
            yield about(finding_at("AFT313", places.at(*place), message, hint), request)
        other = claimed.setdefault(request.previously, request)
        if other is not request:
            message = f"{request.previously!r} is also the earlier id of {_shown(other)}"
            hint = "an account belongs to one request"
            yield about(finding_at("AFT314", places.at(*place), message, hint), request, other)


def _shown(request: AccountRequest) -> str:
    return f"{request.id} ({request.source.path})"
