"""From the flags of ``aft new`` to the fields of a request file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aft.desired.draft import RequestDraft
from aft.errors import UserError
from aft.values.ids import RequestId

_AS_THEY_ARE = ("name", "email", "ou", "reason", "ticket", "baseline", "account_id")
_LISTS = ("customizations", "depends_on")


def draft_from(request_id: str, said: Mapping[str, Any]) -> RequestDraft:
    """What the flags say. Raises ``UserError`` for an id or pair that is none; everything else is
    for validation to judge."""
    try:
        known = RequestId.parse(request_id)
    except ValueError as error:
        raise UserError(str(error)) from error
    values: dict[str, Any] = {key: said[key] for key in _AS_THEY_ARE if said.get(key)}
    owner = {"team": said.get("owner_team"), "email": said.get("owner_email")}
    if any(owner.values()):
        values["owner"] = {key: value for key, value in owner.items() if value}
    if said.get("tags"):
        values["tags"] = pairs("--tag", said["tags"])
    for key in _LISTS:
        if said.get(key):
            values[key] = list(said[key])
    if said.get("budget") is not None:
        values["budget"] = {"monthly_usd": said["budget"]}
    if said.get("custom_fields"):
        values["custom_fields"] = _nested(pairs("--custom-field", said["custom_fields"]))
    return RequestDraft(id=known, values=values)


def pairs(option: str, texts: Sequence[str]) -> Mapping[str, str]:
    """``KEY=VALUE`` texts by key. Raises ``UserError``."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UserError(f"{option} {text!r}: expected KEY=VALUE")
        if key in found:
            raise UserError(f"{option} {key} is given twice")
        found[key] = value
    return found


def _nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """``{"vpc.cidr": x}`` as ``{"vpc": {"cidr": x}}``."""
    top: dict[str, Any] = {}
    for path, value in flat.items():
        *outer, last = path.split(".")
        here = top
        for part in outer:
            inside = here.setdefault(part, {})
            if not isinstance(inside, dict):
                raise UserError(f"--custom-field {path}: {part} is given a value as well")
            here = inside
        if last in here:
            raise UserError(f"--custom-field {path}: it is given a value as well")
        here[last] = value
    return top
