"""One request file, with its defaults, into an ``AccountRequest`` or findings.

``check`` says everything that is wrong with one request by itself; ``build`` makes the request
from values that passed. The two are apart so that values kept from an earlier run, by content,
need no second check: building is the same either way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from aft.config.allowance import OwnAllowance
from aft.config.model import DEFAULTS_NAME
from aft.desired.defaults import FolderDefaults, MergedDocument
from aft.desired.limits import custom_field_problems
from aft.desired.model import AccountRequest, Owner, Protection
from aft.desired.raw import DEFAULT_ALERTS, NOT_ACTED_ON, REQUIRED, ProtectEntry, RequestFile
from aft.files import TreeEntry
from aft.findings.model import Condition, Finding, SourceRef, few, finding_at, sorted_findings
from aft.findings.origins import dotted
from aft.findings.validation import Loc, Located, validate
from aft.organization.model import Budget, Contact
from aft.values.ids import (
    AccountId,
    EmailAddress,
    OrgUnitId,
    OrgUnitPath,
    RequestId,
    is_org_unit_id,
)
from aft.values.regions import unknown_region
from aft.yamldoc import YamlDocument

_REMARKS = ("reason", "ticket")
_UNIQUE_LISTS = ("regions", "customizations", "depends_on")


def check(
    request_id: str, document: YamlDocument, defaults: FolderDefaults
) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
    """The request's values over its defaults, and what is wrong with them. Only values without a
    finding may be given to ``build``."""
    data = defaults.resolve(request_id, document.data)
    merged = MergedDocument(document, defaults, data=data)
    _, problems = validate(RequestFile, merged)
    findings = [*_missing(merged), *problems]
    if not defaults.is_complete:
        findings = [item for item in findings if item.condition is not Condition.KEY_MISSING]
    broken = {finding.source for finding in problems}
    rules = (item for item in _rules(merged) if item.source not in broken)
    findings.extend(few(rules, document.path))
    return _on_one_line(data), sorted_findings(findings) if findings else ()


def _missing(merged: Located) -> Iterator[Finding]:
    for field, words in REQUIRED.items():
        if field not in merged.data:
            message = f"{field} is missing: expected {words}"
            hint = f"write it here, or in a {DEFAULTS_NAME} above"
            source = merged.at((field,))
            yield finding_at(
                "AFT203", source, message, hint, condition=Condition.KEY_MISSING, key=field
            )


def _rules(merged: Located) -> Iterator[Finding]:
    """What the types cannot say. Looks only at values of the right type."""
    data = merged.data
    for field, words in NOT_ACTED_ON.items():
        if data.get(field):
            yield _not_yet(merged, field, f"{field}: {words} is not acted on yet")
    state = data.get("state")
    if state in ("quarantined", "closed"):
        yield _not_yet(merged, "state", f"state: {state} is not acted on yet; only active is")
    for number, region in _items(data.get("regions")):
        if unknown := unknown_region(region):
            yield finding_at("AFT208", merged.at(("regions", number)), *unknown)
    for field in _UNIQUE_LISTS:
        seen: set[str] = set()
        for number, item in _items(data.get(field)):
            if item in seen:
                message = f"{dotted((field, number))}: {item!r} is listed twice"
                source = merged.at((field, number))
                yield finding_at("AFT204", source, message, "keep one of the two")
            seen.add(item)
    yield from _budget_without_reader(merged)
    fields = data.get("custom_fields")
    if isinstance(fields, dict):
        for inner, on_key, message in custom_field_problems(fields):
            loc: Loc = ("custom_fields", *inner)
            yield finding_at("AFT204", merged.at(loc, key=on_key), f"{dotted(loc)}: {message}")


def _on_one_line(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """``data`` with remarks as they are shown: on one line, however many the file had."""
    remarks = {name: data[name] for name in _REMARKS if isinstance(data.get(name), str)}
    return {**data, **{name: " ".join(text.split()) for name, text in remarks.items()}}


def _budget_without_reader(merged: Located) -> Iterator[Finding]:
    """AWS keeps no alert without a recipient."""
    budget = merged.data.get("budget")
    if not isinstance(budget, dict) or merged.data.get("owner") or budget.get("subscribers"):
        return
    if budget.get("alert_at", DEFAULT_ALERTS):
        message = "budget: there are no recipients for alerts, neither subscribers nor an owner"
        hint = "add subscribers, or an owner, who gets alerts if there are none"
        yield finding_at("AFT318", merged.at(("budget",), key=True), message, hint)


def _not_yet(merged: Located, field: str, message: str) -> Finding:
    hint = "remove it until aft supports it"
    return finding_at("AFT290", merged.at((field,), key=True), message, hint)


def _items(value: Any) -> Iterator[tuple[int, str]]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, str):
                yield number, item


def build_sound(
    request_id: RequestId, entry: TreeEntry, data: Mapping[str, Any]
) -> AccountRequest | None:
    """Of values that ``check`` may have found something against, the request with the fields that
    are right by themselves; ``None`` where it lacks one that every request needs."""
    sound: dict[str, Any] = {}
    for field, value in data.items():
        with suppress(ValidationError):
            RequestFile.model_validate_json(json.dumps({field: value}))
            sound[field] = value
    return build(request_id, entry, sound) if REQUIRED.keys() <= sound.keys() else None


def build(request_id: RequestId, entry: TreeEntry, data: Mapping[str, Any]) -> AccountRequest:
    """The request, from values that ``check`` found nothing against."""
    owner = data.get("owner")
    account_id, previously = data.get("account_id"), data.get("previously")
    contacts, budget = data.get("contacts") or {}, data.get("budget")
    return AccountRequest(
        id=request_id,
        name=data["name"],
        email=EmailAddress(data["email"]),
        ou=_org_unit(data["ou"]),
        source=SourceRef(entry.path),
        blob_id=entry.blob_id,
        owner=_owner(**owner) if owner else None,
        reason=data.get("reason", ""),
        ticket=data.get("ticket", ""),
        tags=data.get("tags", _NOTHING),
        contacts={kind: _contact(**item) for kind, item in contacts.items() if item is not None},
        budget=_budget(budget) if budget else None,
        regions=tuple(data.get("regions") or ()),
        baseline=data.get("baseline"),
        customizations=tuple(data.get("customizations") or ()),
        parameters=data.get("parameters", _NOTHING),
        custom_fields=data.get("custom_fields", _NOTHING),
        depends_on=tuple(RequestId(item) for item in data.get("depends_on", ())),
        protect=data.get("protect", False) is not False,
        protection=_protection(data.get("protect")),
        allow=_allowances(data["allow"]) if data.get("allow") else (),
        account_id=AccountId(account_id) if account_id else None,
        previously=RequestId(previously) if previously else None,
    )


_NOTHING: Mapping[str, Any] = {}


# A few OUs, teams and people are behind thousands of accounts.
_owner = lru_cache(maxsize=4096)(Owner)
_contact = lru_cache(maxsize=4096)(Contact)


def _allowances(entries: Sequence[object]) -> tuple[OwnAllowance, ...]:
    return tuple(OwnAllowance.model_validate_json(json.dumps(item)) for item in entries)


def _protection(entry: object) -> Protection:
    """What a mapping says; `true` says nothing more."""
    if not isinstance(entry, Mapping):
        return Protection()
    said = ProtectEntry.model_validate_json(json.dumps(entry))
    return Protection(reason=_one_line(said.reason), by=_one_line(said.by), until=said.until)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _budget(entry: Mapping[str, Any]) -> Budget:
    alert_at = entry.get("alert_at", DEFAULT_ALERTS)
    return Budget(
        monthly_usd=float(entry["monthly_usd"]),
        alert_at=tuple(float(item) for item in alert_at),
        subscribers=tuple(entry.get("subscribers") or ()),
    )


def _org_unit(value: str | Sequence[str]) -> OrgUnitPath | OrgUnitId:
    return _named_unit(value if isinstance(value, str) else tuple(value))


@lru_cache(maxsize=4096)
def _named_unit(value: str | tuple[str, ...]) -> OrgUnitPath | OrgUnitId:
    if isinstance(value, str) and is_org_unit_id(value):
        return OrgUnitId(value)
    return OrgUnitPath.written(value)
