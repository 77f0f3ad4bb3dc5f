"""What ledgers of version 0.1 call the things that were done, as refs. Pure.

There a step was named by the change it was (``create-ou``, ``apply-setting``) and, inside an
account, by a bare name; the change's id tells the rest. A ledger is never rewritten, so this stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.values.refs import Ref, account_ref

_OUTSIDE = {
    "create-account": account_ref(),
    "adopt-account": account_ref(),
    "forget-account": account_ref(),
    "rebind-account": account_ref("request"),
    "move-account": account_ref("ou"),
    "rename-account": account_ref("name"),
    "tag-account": account_ref("tags"),
}
_ACTIONS: Mapping[str, str] = {
    "rename": "update",
    "tag": "update",
    "rebind": "update",
    "apply": "update",
    "destroy": "delete",
    "forget": "release",
}
_SETTING = "apply-setting"
_STEP = "run-customization"


def ref_of(kind: str, name: str, change: str) -> Ref:
    """The thing of an event: ``kind`` and ``name`` of its data, and the id of its change."""
    if kind in _OUTSIDE:
        return _OUTSIDE[kind]
    if not kind:
        return ref_of_step(name or change)
    noun = kind.partition("-")[2] or kind
    if name and name != kind:
        return Ref(noun, name)
    _, found, key = change.partition(f"/{kind}/")
    return Ref(noun, key if found else "")


def made_id(data: Mapping[str, Any]) -> str:
    """AWS's id of what a step made, which only OUs said, and not among their outputs."""
    found = data.get("ou_id")
    return found if isinstance(found, str) else ""


def action_of(kind: str) -> str:
    """What was done: the action of today."""
    verb = kind.partition("-")[0]
    return _ACTIONS.get(verb, verb)


def ref_of_step(name: str) -> Ref:
    """The thing of a step in an account's record, of which only the name was kept."""
    if name in _OUTSIDE:
        return _OUTSIDE[name]
    return Ref((_STEP if "/" in name else _SETTING).partition("-")[2], name)
