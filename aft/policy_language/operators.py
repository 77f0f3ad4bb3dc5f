"""The condition operators, and how each compares one value of a request with those of a policy.

An operator's name is read without regard to case: a set operator (``ForAllValues:``,
``ForAnyValue:``), the comparison, ``IfExists``.
"""

from __future__ import annotations

import base64
import binascii
import enum
import ipaddress
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aft.policy_language.patterns import Token, arn_regex, compiled, is_arn, regex_of

Test = Callable[[str], bool]
"""Does a value of the request fit one value of the policy? Raises ``NotComparable``."""


class NotComparable(Exception):
    """A value is not of the operator's type, such as a word where a number is needed."""


class Quantifier(enum.Enum):
    """How the values of a multi-valued key count."""

    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Family(enum.Enum):
    """The type an operator compares."""

    STRING = "text"
    NUMERIC = "a number"
    DATE = "a date (ISO 8601) or seconds since 1970"
    BOOL = "true or false"
    BINARY = "base64 text"
    IP = "an IP address or a CIDR range"
    ARN = "an ARN of six segments"
    NULL = "true (the key is absent) or false"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One operator without its prefix and suffix. ``test`` makes the test of one policy value."""

    name: str
    family: Family
    test: Callable[[tuple[Token, ...]], Test]
    negated: bool = False
    wildcards: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """A whole operator as it is in a policy."""

    comparison: Comparison
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False


def operator_of(text: str) -> Operator | None:
    """Read an operator's name; ``None`` for one that IAM does not have."""
    prefix, colon, rest = text.rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix.lower()) if colon else Quantifier.NONE
    name = rest.lower()
    if_exists = name.endswith("ifexists")
    comparison = COMPARISONS.get(name.removesuffix("ifexists"))
    if quantifier is None or comparison is None:
        return None
    return Operator(comparison, quantifier, if_exists)


# --- the value of a request and of a policy, by type ---------------------------------------


@lru_cache(maxsize=4096)
def number_of(text: str) -> float:
    """A decimal number. Raises ``NotComparable``."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text.strip()):
        raise NotComparable(text)
    number = float(text)
    if not math.isfinite(number):
        raise NotComparable(text)
    return number


@lru_cache(maxsize=4096)
def moment_of(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date (UTC where no offset is given) or an epoch. Raises
    ``NotComparable``."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if not re.match(r"\d{4}-\d{2}", text):
        raise NotComparable(text)
    whole = f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text
    try:
        found = datetime.fromisoformat(whole)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise NotComparable(text) from error


IpRange = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def range_of(text: str) -> IpRange:
    """A range of addresses; bits of the host may be set. Raises ``NotComparable``."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise NotComparable(text) from error


@lru_cache(maxsize=4096)
def _address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise NotComparable(text) from error


def truth_of(text: str) -> bool:
    """True or false. Raises ``NotComparable``."""
    if text.lower() not in ("true", "false"):
        raise NotComparable(text)
    return text.lower() == "true"


def bytes_of(text: str) -> bytes:
    """What base64 text means. Raises ``NotComparable``."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotComparable(text) from error


def _literal(tokens: tuple[Token, ...]) -> str:
    return "".join(str(token) for token in tokens)


# --- tests ---------------------------------------------------------------------------------


def _equals(tokens: tuple[Token, ...]) -> Test:
    return _literal(tokens).__eq__


def _equals_ignoring_case(tokens: tuple[Token, ...]) -> Test:
    wanted = _literal(tokens).lower()
    return lambda value: value.lower() == wanted


def _like(tokens: tuple[Token, ...]) -> Test:
    match = compiled(regex_of(tokens)).fullmatch
    return lambda value: match(value) is not None


def _arn_like(tokens: tuple[Token, ...]) -> Test:
    regex = arn_regex(tokens)

    def test(value: str) -> bool:
        if regex is None or not is_arn(value):
            raise NotComparable(value)
        return compiled(regex).fullmatch(value) is not None

    return test


def _in_range(tokens: tuple[Token, ...]) -> Test:
    wanted = _literal(tokens)

    def test(value: str) -> bool:
        network, address = range_of(wanted), _address_of(value)
        return address.version == network.version and address in network

    return test


def _compared(
    parse: Callable[[str], Any], holds: Callable[[Any, Any], bool] = operator.eq
) -> Callable[[tuple[Token, ...]], Test]:
    def make(tokens: tuple[Token, ...]) -> Test:
        wanted = _literal(tokens)
        return lambda value: holds(parse(value), parse(wanted))

    return make


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.eq,  # as of every negated operator, what must not be so
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_ORDERED = (("Numeric", Family.NUMERIC, number_of), ("Date", Family.DATE, moment_of))

_ALL = (
    Comparison("StringEquals", Family.STRING, _equals),
    Comparison("StringNotEquals", Family.STRING, _equals, negated=True),
    Comparison("StringEqualsIgnoreCase", Family.STRING, _equals_ignoring_case),
    Comparison("StringNotEqualsIgnoreCase", Family.STRING, _equals_ignoring_case, negated=True),
    Comparison("StringLike", Family.STRING, _like, wildcards=True),
    Comparison("StringNotLike", Family.STRING, _like, negated=True, wildcards=True),
    *(
        Comparison(f"{prefix}{name}", family, _compared(parse, holds), negated=name == "NotEquals")
        for prefix, family, parse in _ORDERED
        for name, holds in _ORDER.items()
    ),
    Comparison("Bool", Family.BOOL, _compared(truth_of)),
    Comparison("BinaryEquals", Family.BINARY, _compared(bytes_of)),
    Comparison("IpAddress", Family.IP, _in_range),
    Comparison("NotIpAddress", Family.IP, _in_range, negated=True),
    Comparison("ArnEquals", Family.ARN, _arn_like, wildcards=True),
    Comparison("ArnNotEquals", Family.ARN, _arn_like, negated=True, wildcards=True),
    Comparison("ArnLike", Family.ARN, _arn_like, wildcards=True),
    Comparison("ArnNotLike", Family.ARN, _arn_like, negated=True, wildcards=True),
    Comparison("Null", Family.NULL, _compared(truth_of)),
)

COMPARISONS: Mapping[str, Comparison] = {item.name.lower(): item for item in _ALL}
"""Every operator of IAM by its name in lower case."""
_QUANTIFIERS = {item.value.lower(): item for item in Quantifier if item.value}
