"""AWS's limits on what a request may say, each with its source, in plain words. Every ``check_``
returns its argument or raises ``ValueError`` with a message fit for a finding. Sources are AWS's
API models: ``organizations``, ``account`` and ``ssm``."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from aft.findings.expectations import shown
from aft.organization.model import REQUEST_TAG
from aft.text.lookalikes import lookalikes, skeleton
from aft.text.policy import Use, refused
from aft.values.ids import OrgUnitPath, is_org_unit_id

MAX_TAGS = 50  # organizations: tags per resource
MAX_SSM_VALUE = 4096  # ssm: bytes of a standard parameter

# organizations CreateAccountName is printable ASCII; account PutAccountName leaves out < and >.
_ACCOUNT_NAME = re.compile(r"[!-;=?-~](?:[ -;=?-~]*[!-;=?-~])?")
# account: EmailAddress and PhoneNumber of an alternate contact.
_CONTACT_EMAIL = re.compile(r"[\w+=.#|!&-]+@[\w.-]+\.\w+", re.ASCII)
_PHONE = re.compile(r"[ 0-9()+-]+")
_PLAIN_TAG = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
_TAG_PUNCTUATION = frozenset(" _.:/=+-@")
_SSM_SEGMENT = re.compile(r"[A-Za-z0-9_.-]+")


def check_name(text: str) -> str:
    """A name of any language; nothing in it is invisible or looks like something else."""
    if (problem := refused(text, Use.NAME)) is not None:
        raise ValueError(f"{problem.message}; {problem.hint}")
    return text


def check_account_name(text: str) -> str:
    """AWS: 1 to 50 printable ASCII characters; ``<`` and ``>`` could never be renamed to."""
    if not 1 <= len(text) <= 50:
        raise ValueError(f"expected 1 to 50 characters, found {len(text)}")
    if not _ACCOUNT_NAME.fullmatch(text):
        expected = "printable ASCII without '<' and '>', and no space at either end"
        raise ValueError(f"expected {expected}, found {shown(text)}")
    return text


def check_contact_email(text: str) -> str:
    """AWS: the e-mail address of an alternate contact, at most 254 characters."""
    expected = "an e-mail address like name@example.com of at most 254 characters"
    return _matching(_CONTACT_EMAIL, text, 254, expected)


def check_phone(text: str) -> str:
    """AWS: the phone number of an alternate contact."""
    return _matching(_PHONE, text, 25, "1 to 25 digits, spaces and '+', '-', '(' or ')'")


def _matching(pattern: re.Pattern[str], text: str, longest: int, expected: str) -> str:
    if len(text) > longest or not pattern.fullmatch(text):
        raise ValueError(f"expected {expected}, found {shown(text)}")
    return text


def check_org_unit(text: str) -> str:
    """An OU path, or AWS's id of an OU."""
    if text.startswith("ou-") and "/" not in text and re.fullmatch(r"ou-[0-9a-z-]+", text):
        if not is_org_unit_id(text):
            raise ValueError(f"{text!r} is not an OU id: expected ou-<root>-<8 to 32 characters>")
    else:
        for name in OrgUnitPath.parse(text).names:
            check_name(name)
    return text


def check_org_unit_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """An OU's path as a list of names, as AWS has them."""
    for name in OrgUnitPath.of_names(names).names:
        check_name(name)
    return names


def check_tag_key(text: str) -> str:
    """AWS: 1 to 128 letters, digits, spaces and ``_ . : / = + - @``; ``aws:`` is AWS's own."""
    if not 1 <= len(text) <= 128:
        raise ValueError(f"expected a tag key of 1 to 128 characters, found {len(text)}")
    _check_tag_characters(text)
    folded = text.casefold() if text.isascii() else skeleton(text)
    if folded.startswith("aws:"):
        raise ValueError("tag keys that begin with 'aws:' belong to AWS")
    if folded.startswith("aft:"):
        raise ValueError(f"tag keys that begin with 'aft:' are aft's own ({REQUEST_TAG})")
    return text


def check_tag_value(text: str) -> str:
    """AWS: at most 256 letters, digits, spaces and ``_ . : / = + - @``."""
    if len(text) > 256:
        raise ValueError(f"expected a tag value of at most 256 characters, found {len(text)}")
    _check_tag_characters(text)
    return text


def _check_tag_characters(text: str) -> None:
    if _PLAIN_TAG.fullmatch(text):
        return
    if not text.isascii():
        check_name(text)
    for character in text:
        if character not in _TAG_PUNCTUATION and unicodedata.category(character)[0] not in "LN":
            expected = "letters, digits, spaces and _ . : / = + - @ in a tag"
            raise ValueError(f"expected {expected}, found {character!r} in {shown(text)}")


def check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """AWS: 50 tags on an account, of which aft needs one."""
    if len(tags) >= MAX_TAGS:
        raise ValueError(
            f"expected at most {MAX_TAGS - 1} tags, found {len(tags)}: AWS allows {MAX_TAGS} and "
            f"aft adds {REQUEST_TAG}"
        )
    for key, other in lookalikes(tags):  # also those of defaults
        raise ValueError(f"tag {key!r} looks like {other!r}, and its characters differ")
    return tags


FieldProblem = tuple[tuple[str, ...], bool, str]
"""A place in the custom fields, whether it is the key's, and the message."""


def custom_field_problems(fields: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """What SSM parameters would refuse; nested mappings become their paths."""
    for key, value in fields.items():
        if not _SSM_SEGMENT.fullmatch(key):
            expected = "letters, digits, '_', '.' and '-', as the names of SSM parameters"
            yield (key,), True, f"expected a key of {expected}, found {shown(key)}"
        elif isinstance(value, Mapping):
            for loc, on_key, message in custom_field_problems(value):
                yield (key, *loc), on_key, message
        elif value is not None and (problem := _ssm_value_problem(value)):
            yield (key,), False, problem


def _ssm_value_problem(value: Any) -> str:
    text = value
    if not isinstance(value, str):
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode())
    if size > MAX_SSM_VALUE:
        return (
            f"expected at most {MAX_SSM_VALUE:,} bytes, as an SSM parameter takes, found {size:,}"
        )
    return "SSM parameters cannot hold '{{'; write the value another way" if "{{" in text else ""
