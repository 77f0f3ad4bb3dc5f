"""Single values of a statement: actions, resources, principals, conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aft.policy_language.context import variable_texts
from aft.policy_language.documents import NotAPolicy, as_list, text_of
from aft.policy_language.operators import (
    COMPARISONS,
    Family,
    NotComparable,
    Operator,
    Quantifier,
    bytes_of,
    moment_of,
    number_of,
    operator_of,
    range_of,
    truth_of,
)
from aft.policy_language.service_facts import GLOBAL_KEYS, MULTI_VALUED_KEYS, RCP_SERVICES
from aft.values.suggestions import did_you_mean

Loc = tuple[str | int, ...]
_ACTION = re.compile(r"(?P<service>[A-Za-z0-9-]+):(?P<name>[A-Za-z0-9*?]+)")
_VARIABLE = re.compile(r"[*?$]|\s*[A-Za-z0-9-]+:[^,'{}]+(,\s*'[^']*'\s*)?")
_OPEN_VARIABLE = re.compile(r"\$\{[^}]*$")
_KEY = re.compile(r"[A-Za-z0-9._-]+(/[^:${}*?]+)*:[^${}*?]+")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_PRINCIPAL = re.compile(
    r"\*|\d{12}|arn:[a-z0-9-]+:(iam|sts)::\d{12}:"
    r"(root|(user|role|assumed-role|federated-user)/[^*?]+)|A[A-Z0-9]{15,}"
)
_GLOBAL = frozenset(key.lower() for key in GLOBAL_KEYS)


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding before the file is known; ``at_key`` points at the key, not its value."""

    code: str
    loc: Loc
    message: str
    hint: str = ""
    is_warning: bool = False
    at_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What policies of one type may have. ``everyone``: the principal ``"*"`` alone;
    ``action_star``: the action ``*``; ``strict_sid``: letters and digits, each once."""

    title: str
    effects: tuple[str, ...] = ("Allow", "Deny")
    principal: Literal["none", "everyone", "named"] = "none"
    not_action: bool = True
    action_star: bool = True
    resource: bool = True
    version_required: bool = True
    strict_sid: bool = False

    @property
    def refused(self) -> tuple[str, ...]:
        """Elements that policies have, but not these."""
        return (
            *(("Principal", "NotPrincipal") if self.principal == "none" else ()),
            *(("NotPrincipal",) if self.principal == "everyone" else ()),
            *(() if self.not_action else ("NotAction",)),
            *(() if self.resource else ("Resource", "NotResource")),
        )

    def instead(self, key: str) -> str:
        """What to write instead of a refused element."""
        if key == "NotAction":
            return "list the actions under Action"
        if key == "NotPrincipal" and self.principal == "everyone":
            return 'write "Principal": "*" and exempt principals by a Condition'
        if key in ("Principal", "NotPrincipal"):
            return "remove it; use a Condition on aws:PrincipalArn instead"
        return "remove it; it is about the role it belongs to"


def _texts(raw: Any, loc: Loc) -> tuple[list[tuple[Loc, str]], list[Fault]]:
    """Every text with its place, and what is there instead."""
    name = loc[-1]
    texts: list[tuple[Loc, str]] = []
    faults: list[Fault] = []
    if raw is None or raw == []:
        faults.append(Fault("AFT436", loc, f"{name} is empty", "write at least one value"))
    for place, item in _items(raw, loc):
        if isinstance(item, str):
            texts.append((place, item))
        else:
            why = f"{name} has {item!r}, not text"
            faults.append(Fault("AFT436", place, why, "put it in quotes"))
    return texts, faults


def _items(raw: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    for number, item in enumerate(as_list(raw)):
        yield (*loc, number) if isinstance(raw, list) else loc, item


def actions(raw: Any, loc: Loc, form: Form) -> Iterator[Fault]:
    """Action and NotAction."""
    texts, faults = _texts(raw, loc)
    yield from faults
    for place, text in texts:
        if text == "*":
            if not form.action_star:
                why = f"{form.title} must not have the action *"
                yield Fault("AFT426", place, why, 'name the service: "s3:*"')
            continue
        match = _ACTION.fullmatch(text)
        if match is None:
            yield Fault("AFT426", place, f"{text!r} is no action", _action_hint(text))
        elif form.principal == "everyone" and match["service"].lower() not in RCP_SERVICES:
            why = f"resource control policies have no effect on the service {match['service']!r}"
            hint = did_you_mean(match["service"], RCP_SERVICES) or "remove it"
            yield Fault("AFT426", place, why, hint, is_warning=True)


def _action_hint(text: str) -> str:
    service, colon, name = text.partition(":")
    if "${" in text:
        return "policy variables stand in Resource and Condition alone"
    if not colon:
        return f"write service:Action, such as {text or 's3'}:*"
    if re.search(r"[*?]", service):
        return f"write the service without wildcards, such as s3:{name or '*'}"
    return "write service:Action with letters, digits, * and ?"


def resources(raw: Any, loc: Loc, *, has_variables: bool) -> Iterator[Fault]:
    """Resource and NotResource."""
    texts, faults = _texts(raw, loc)
    yield from faults
    for place, text in texts:
        if text == "*":
            continue
        head = ":".join(text.split(":", 5)[:5])
        if "${" in head:
            why = "a policy variable is allowed only in the last part of an ARN"
            hint = "write * there, and compare by a Condition"
            yield Fault("AFT435", place, why, hint, is_warning=True)
        elif text.count(":") < 5 or not re.match(r"arn:|\*:", text, re.IGNORECASE):
            why = f"{text!r} is no ARN: expected six parts, arn:partition:service:region:account:…"
            # AWS takes an ARN that ends early in *; what that spans is better written out.
            short = re.fullmatch(r"arn(:[^:]+)+", text, re.IGNORECASE) and text.endswith("*")
            yield Fault("AFT427", place, why, _arn_hint(text), is_warning=bool(short))
        yield from _variables(text, place, has_variables=has_variables)


def _arn_hint(text: str) -> str:
    missing = 5 - text.count(":")
    if re.match(r"arn:", text, re.IGNORECASE) and missing > 0 and text.endswith("*"):
        return f"write {text}{':*' * missing}"
    return 'write "*", or an ARN such as arn:aws:s3:::bucket/*'


def _variables(text: str, loc: Loc, *, has_variables: bool) -> Iterator[Fault]:
    if _OPEN_VARIABLE.search(text):
        yield Fault("AFT435", loc, f"{text!r} opens ${{ and does not close it", "write }")
    for inside in variable_texts(text):
        if not _VARIABLE.fullmatch(inside):
            hint = "write ${aws:username}, or ${aws:PrincipalTag/team, 'nobody'} with a default"
            yield Fault("AFT435", loc, f"${{{inside}}} is no policy variable", hint)
        elif not has_variables:
            why = f"${{{inside}}} means itself in a policy without Version 2012-10-17"
            yield Fault("AFT435", loc, why, 'write "Version": "2012-10-17"')


def principals(raw: Any, loc: Loc, form: Form) -> Iterator[Fault]:
    """Principal and NotPrincipal."""
    if form.principal == "everyone":
        if raw != "*":
            why = f'Principal of {form.title} is exactly "*"'
            yield Fault("AFT428", loc, why, 'write "*", and restrict it with a Condition')
        return
    if raw == "*":
        return
    if not isinstance(raw, Mapping) or not raw:
        why = f'{loc[-1]} is {raw!r}; expected "*" or a kind of principal'
        yield Fault("AFT428", loc, why, 'write {"AWS": "arn:aws:iam::111122223333:role/name"}')
        return
    kinds = ("AWS", "Service", "Federated", "CanonicalUser")
    for kind, names in raw.items():
        if kind not in kinds:
            hint = did_you_mean(str(kind), kinds) or f"use {', '.join(kinds)}"
            why = f"there is no kind of principal {kind!r}"
            yield Fault("AFT428", (*loc, str(kind)), why, hint, at_key=True)
            continue
        texts, faults = _texts(names, (*loc, kind))
        yield from faults
        for place, text in texts:
            if kind == "AWS" and not _PRINCIPAL.fullmatch(text):
                why = f"{text!r} is not a principal; wildcards in an ARN match nothing"
                hint = 'write an account id, an ARN of iam or sts, or "*"'
                yield Fault("AFT428", place, why, hint)
            elif kind == "Service" and not _SERVICE.fullmatch(text):
                why = f"{text!r} is no service principal"
                yield Fault("AFT428", place, why, "write such as ec2.amazonaws.com")


# --- conditions ----------------------------------------------------------------------------


def conditions(raw: Any, loc: Loc, *, has_variables: bool) -> Iterator[Fault]:
    """The Condition of a statement."""
    if not isinstance(raw, Mapping):
        why = "Condition is not a mapping of operators"
        yield Fault("AFT436", loc, why, 'write {"StringEquals": {"aws:RequestedRegion": "…"}}')
        return
    guarded = _not_null(raw)
    for name, keys in raw.items():
        place = (*loc, str(name))
        operator = _operator(str(name))
        if operator is None:
            why = f"there is no condition operator {name!r}"
            yield Fault("AFT429", place, why, _closest(str(name)), at_key=True)
        elif not isinstance(keys, Mapping) or not keys:
            why = f"{name} holds no mapping of condition keys"
            yield Fault("AFT436", place, why, f'write "{name}": {{"aws:…": "…"}}')
        else:
            for key, values in keys.items():
                at = (*place, str(key))
                yield from _key(str(key), at)
                yield from _set_operator(operator, str(key), at, guarded)
                yield from _values(operator, values, at, has_variables=has_variables)


def _operator(name: str) -> Operator | None:
    found = operator_of(name)
    if found is not None and found.comparison.family is Family.NULL and name.lower() != "null":
        return None  # Null asks for the key itself: neither IfExists nor a set operator
    return found


def _closest(name: str) -> str:
    prefix, colon, rest = name.rpartition(":")
    names = [item.name for item in COMPARISONS.values()]
    names += [f"{item}IfExists" for item in names if item != "Null"]
    if colon and prefix.lower() not in ("forallvalues", "foranyvalue"):
        near = did_you_mean(prefix, ("ForAllValues", "ForAnyValue"))
        return near or "before the colon is ForAllValues or ForAnyValue"
    if rest.lower().startswith("null"):
        return "write Null, which asks whether the key is there, or not, by itself"
    near = did_you_mean(rest, names)
    return near or "IAM's operators are String…, Numeric…, Date…, Arn…, Bool, …"


def _key(key: str, loc: Loc) -> Iterator[Fault]:
    if not _KEY.fullmatch(key):
        why = f"{key!r} is no condition key: expected service:Key, without wildcards or variables"
        yield Fault("AFT430", loc, why, "write such as aws:PrincipalArn", at_key=True)
        return
    prefix, _, name = key.partition(":")
    base = f"{prefix}:{name.partition('/')[0]}".lower()
    if prefix.lower() == "aws" and base not in _GLOBAL:
        hint = did_you_mean(key, GLOBAL_KEYS) or "look it up in AWS's list of global condition keys"
        why = f"AWS has no global condition key {key!r} (as of aft's list), so it is always absent"
        yield Fault("AFT430", loc, why, hint, is_warning=True, at_key=True)


def _not_null(raw: Mapping[Any, Any]) -> frozenset[str]:
    """Keys that another condition of the statement wants to be there."""
    return frozenset(
        str(key).lower()
        for name, keys in raw.items()
        if str(name).lower() == "null" and isinstance(keys, Mapping)
        for key, value in keys.items()
        if str(value).lower() == "false"
    )


def _set_operator(
    operator: Operator, key: str, loc: Loc, guarded: frozenset[str]
) -> Iterator[Fault]:
    base = key.lower()
    is_list = base in MULTI_VALUED_KEYS
    is_single = not is_list and base.partition("/")[0] in _GLOBAL
    name, quantifier = operator.comparison.name, operator.quantifier
    if quantifier is Quantifier.NONE:
        if is_list and operator.comparison.family is not Family.NULL:
            why = f"{key} holds a list, which {name} without a set operator never fits"
            hint = f"write ForAnyValue:{name}"
            yield Fault("AFT434", loc, why, hint, is_warning=True, at_key=True)
    elif is_single:
        why = f"{key} holds one value; a set operator makes its absence count as a match or not"
        yield Fault("AFT434", loc, why, f"write {name}", is_warning=True, at_key=True)
    elif quantifier is Quantifier.ALL and base not in guarded:
        why = f"ForAllValues: is true when the request has no {key}"
        hint = f'add "Null": {{"{key}": "false"}}, if that is not meant'
        yield Fault("AFT434", loc, why, hint, is_warning=True, at_key=True)
    elif quantifier is Quantifier.ANY and operator.if_exists:
        why = f"IfExists does nothing under ForAnyValue:, which is false when there is no {key}"
        yield Fault("AFT434", loc, why, f"write ForAnyValue:{name}", is_warning=True, at_key=True)


def _values(operator: Operator, raw: Any, loc: Loc, *, has_variables: bool) -> Iterator[Fault]:
    if raw is None or raw == [] or isinstance(raw, Mapping):
        yield Fault("AFT436", loc, f"{loc[-1]} has no values", "write at least one")
        return
    for place, item in _items(raw, loc):
        try:
            text = text_of(item)
        except NotAPolicy as error:
            yield Fault("AFT436", place, error.message, "write text")
            continue
        yield from _variables(text, place, has_variables=has_variables)
        family = operator.comparison.family
        if "${" in text or family not in _VALUES:
            continue
        parse, hint = _VALUES[family]
        try:
            parse(text)
        except NotComparable:
            why = f"{text!r} is not {family.value}, as {operator.comparison.name} compares"
            yield Fault("AFT431", place, why, hint)


def _arn_of(text: str) -> None:
    if text.count(":") < 5:
        raise NotComparable(text)


_VALUES: Mapping[Family, tuple[Callable[[str], object], str]] = {
    Family.NUMERIC: (number_of, "write a number, such as 42"),
    Family.DATE: (moment_of, "write such as 2027-01-31T00:00:00Z"),
    Family.BOOL: (truth_of, "write true or false"),
    Family.NULL: (truth_of, "write true or false"),
    Family.BINARY: (bytes_of, "write base64 text"),
    Family.IP: (range_of, "write such as 203.0.113.0/24 or 2001:db8::/32"),
    Family.ARN: (
        _arn_of,
        "write six parts, such as arn:aws:iam::*:role/name; * alone fits nothing",
    ),
}
"""How values of a type are read, and written; a text may be anything."""
