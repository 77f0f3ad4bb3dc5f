"""What each type of policy may hold: a document in, findings with their places out.

The rules are data (``FORMS``); ``grammar_parts`` checks single values. Nothing that is in
a document makes ``check`` raise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from aft.findings.model import Finding, Severity, SourceRef, few
from aft.policy_language import grammar_parts as parts
from aft.policy_language.grammar_parts import Fault, Form, Loc
from aft.policy_language.policy import WITH_VARIABLES
from aft.policy_language.policy_types import POLICY_TYPES, RCP, SCP, Limits, limits_of
from aft.values.suggestions import did_you_mean

IDENTITY, RESOURCE, TRUST = "IDENTITY_POLICY", "RESOURCE_POLICY", "TRUST_POLICY"

FORMS: Mapping[str, Form] = {
    SCP: Form(title="a service control policy"),
    RCP: Form(
        title="a resource control policy",
        effects=("Deny",),
        principal="everyone",
        not_action=False,
        action_star=False,
    ),
    IDENTITY: Form(title="an identity policy", version_required=False, strict_sid=True),
    RESOURCE: Form(title="a resource policy", principal="named", version_required=False),
    TRUST: Form(title="a trust policy", principal="named", resource=False, version_required=False),
}
"""Policies made of statements, by type: those of Organizations, and IAM's own."""

_DOCUMENT_KEYS = ("Version", "Id", "Statement")
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_STATEMENT_KEYS = ("Sid", "Effect", *_PAIRS[2], *_PAIRS[0], *_PAIRS[1], "Condition")
_OPERATORS = ("@@assign", "@@append", "@@remove", "@@operators_allowed_for_child_policies")
_CHILD_CONTROLS = ("@@all", "@@none", "@@assign", "@@append", "@@remove")


class Places(Protocol):
    """The places of things in a file."""

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:
        """The place of the value at ``loc``, or of its key."""


@dataclass(frozen=True, slots=True)
class WholeFile:
    """Places of a document whose file is not known: all of them the first."""

    path: str = "policy"

    def at(self, loc: Loc, *, key: bool = False) -> SourceRef:  # noqa: ARG002 - see ``Places``
        return SourceRef(self.path)


def check(
    document: Any,
    policy_type: str,
    *,
    places: Places | None = None,
    changed_limits: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with ``document`` as a policy of ``policy_type``, sorted."""
    where = places or WholeFile()
    form = FORMS.get(policy_type)
    faults: Iterable[Fault] = (
        _statements(document, form) if form is not None else _tree(document, policy_type)
    )
    if policy_type not in FORMS or policy_type in POLICY_TYPES:
        faults = chain(faults, _size(document, policy_type, limits_of(policy_type, changed_limits)))
    found = (
        Finding(
            code=fault.code,
            source=where.at(fault.loc, key=fault.at_key),
            message=fault.message,
            hint=fault.hint,
            severity=Severity.WARNING if fault.is_warning else Severity.ERROR,
        )
        for fault in faults
    )
    return few(found, where.at(()).path)


def compact(document: Any) -> str:
    """The document as aft sends it: JSON without blanks."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=str)


def _size(document: Any, policy_type: str, limits: Limits) -> Iterator[Fault]:
    length = len(compact(document))
    if length > limits.characters:
        allowed = f"{policy_type} may have {limits.characters:,}"
        why = f"the policy has {length:,} characters without blanks; {allowed}"
        hint = "split it into several policies, or shorten it with wildcards"
        yield Fault("AFT433", (), why, hint)


# --- policies made of statements -----------------------------------------------------------


def _statements(document: Any, form: Form) -> tuple[Fault, ...]:
    if not isinstance(document, Mapping):
        return (_no_policy((), form, "expected keys Version and Statement"),)
    found = [*_unknown_keys(document, _DOCUMENT_KEYS, (), form), *_version(document, form)]
    raw = document.get("Statement")
    if isinstance(raw, Mapping):
        listed: list[tuple[Loc, Any]] = [(("Statement",), raw)]
    elif isinstance(raw, list) and raw:
        listed = [(("Statement", number), item) for number, item in enumerate(raw)]
    else:
        return (*found, _no_policy((), form, "expected Statement with at least one statement"))
    has_variables = document.get("Version") == WITH_VARIABLES
    for loc, statement in listed:
        if isinstance(statement, Mapping):
            found += _statement(statement, loc, form, has_variables=has_variables)
        else:
            found.append(_no_policy(loc, form, "expected a statement: keys Effect, Action, …"))
    return (*found, *_sids(listed, form))


def _no_policy(loc: Loc, form: Form, expected: str) -> Fault:
    hint = (
        'begin with {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": '
        '"service:Action"' + (', "Resource": "*"' if form.resource else "") + "}]}"
    )
    return Fault("AFT420", loc, f"this is not {form.title}: {expected}", hint)


def _unknown_keys(
    found: Mapping[Any, Any], known: Iterable[str], loc: Loc, form: Form
) -> Iterator[Fault]:
    names = tuple(known)
    for key in found:
        if key not in names:
            hint = did_you_mean(str(key), names) or f"remove it; known are {', '.join(names)}"
            why = f"{form.title} has no element {key!r}"
            yield Fault("AFT422", (*loc, str(key)), why, hint, at_key=True)


def _version(document: Mapping[str, Any], form: Form) -> Iterator[Fault]:
    version = document.get("Version")
    hint = f'write "Version": "{WITH_VARIABLES}"'
    if version is None and form.version_required:
        yield Fault("AFT421", (), f"{form.title} needs a Version", hint)
    elif version is None:
        why = "without a Version, policy variables such as ${aws:username} mean themselves"
        yield Fault("AFT421", (), why, hint, is_warning=True)
    elif version == "2008-10-17" and not form.version_required:
        why = "Version 2008-10-17 has no policy variables: ${aws:username} means itself"
        yield Fault("AFT421", ("Version",), why, hint, is_warning=True)
    elif version != WITH_VARIABLES:
        why = f"Version {version!r} does not exist; it is the language's, not your policy's"
        yield Fault("AFT421", ("Version",), why, hint)


def _statement(
    statement: Mapping[str, Any], loc: Loc, form: Form, *, has_variables: bool
) -> Iterator[Fault]:
    yield from _unknown_keys(statement, _STATEMENT_KEYS, loc, form)
    yield from _effect(statement, loc, form)
    for usual, other in _PAIRS:
        if usual not in form.refused:
            yield from _one_of(statement, loc, usual, other, form)
    for key, value in statement.items():
        place = (*loc, str(key))
        if key in form.refused:
            why = f"{form.title} must not have {key}"
            yield Fault("AFT424", place, why, form.instead(key), at_key=True)
        if key in ("Action", "NotAction"):
            yield from parts.actions(value, place, form)
        elif key == "Condition":
            yield from parts.conditions(value, place, has_variables=has_variables)
        elif key in form.refused:
            continue
        elif key in ("Resource", "NotResource"):
            yield from parts.resources(value, place, has_variables=has_variables)
        elif key in ("Principal", "NotPrincipal"):
            yield from parts.principals(value, place, form)


def _effect(statement: Mapping[str, Any], loc: Loc, form: Form) -> Iterator[Fault]:
    effect = statement.get("Effect")
    choices = " or ".join(form.effects)
    if effect is None:
        hint = f'write "Effect": "{form.effects[-1]}"'
        yield Fault("AFT423", loc, "the statement has no Effect", hint)
    elif effect not in form.effects:
        hint = did_you_mean(str(effect), form.effects) or f"write {choices}"
        why = f"Effect is {effect!r}; in {form.title} it is {choices}"
        yield Fault("AFT425", (*loc, "Effect"), why, hint)


def _one_of(
    statement: Mapping[str, Any], loc: Loc, usual: str, other: str, form: Form
) -> Iterator[Fault]:
    choices = usual if other in form.refused else f"{usual} or {other}"
    if usual in statement and other in statement:
        why = f"the statement has both {usual} and {other}"
        yield Fault("AFT423", (*loc, other), why, "keep one of the two", at_key=True)
    elif usual not in statement and other not in statement:
        yield Fault("AFT423", loc, f"the statement has no {choices}", f"write {choices}")


def _sids(listed: Iterable[tuple[Loc, Any]], form: Form) -> Iterator[Fault]:
    seen: set[str] = set()
    for loc, statement in listed:
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        if sid is None:
            continue
        place = (*loc, "Sid")
        if not isinstance(sid, str):
            yield Fault("AFT432", place, "Sid is not text", "put it in quotes")
        elif not re.fullmatch(r"[A-Za-z0-9]*", sid):
            why = f"Sid {sid!r} has other characters than letters and digits"
            yield Fault("AFT432", place, why, "leave them out", is_warning=not form.strict_sid)
        if isinstance(sid, str) and sid and sid in seen:
            why = f"two statements have the Sid {sid!r}: no answer can say which of them decided"
            yield Fault("AFT432", place, why, "give each its own", is_warning=not form.strict_sid)
        seen.add(str(sid))


# --- policies that are trees ---------------------------------------------------------------


def _tree(document: Any, policy_type: str) -> tuple[Fault, ...]:
    known = POLICY_TYPES.get(policy_type)
    title = known.title if known is not None else policy_type
    if not isinstance(document, Mapping) or not document:
        return (Fault("AFT420", (), f"this is no {title}: it holds no keys", "write its keys"),)
    found = []
    top_level = known.top_level if known is not None else ()
    for key in document if top_level else ():
        if key not in top_level and not str(key).startswith("@@"):
            wanted = " and ".join(top_level)
            hint = did_you_mean(str(key), top_level) or f"begin with {wanted}"
            why = f"a {title} has {wanted} at its top, not {key!r}"
            found.append(Fault("AFT420", (str(key),), why, hint, at_key=True))
    return (*found, *_inheritance(document))


def _inheritance(document: Mapping[str, Any]) -> Iterator[Fault]:
    todo: list[tuple[Loc, Any]] = [((), document)]
    while todo:
        loc, value = todo.pop()
        if isinstance(value, list):
            todo += [((*loc, number), item) for number, item in enumerate(value)]
        if not isinstance(value, Mapping):
            continue
        for key, inner in value.items():
            place = (*loc, str(key))
            todo.append((place, inner))
            if str(key).startswith("@@") and key not in _OPERATORS:
                hint = did_you_mean(str(key), _OPERATORS) or f"use {', '.join(_OPERATORS)}"
                why = f"there is no inheritance operator {key!r}"
                yield Fault("AFT437", place, why, hint, at_key=True)
            elif key == _OPERATORS[-1]:
                for item in inner if isinstance(inner, list) else [inner]:
                    if item not in _CHILD_CONTROLS:
                        hint = did_you_mean(str(item), _CHILD_CONTROLS)
                        hint = hint or f"use {', '.join(_CHILD_CONTROLS)}"
                        why = f"{item!r} is nothing that a child policy may do"
                        yield Fault("AFT437", place, why, hint)
