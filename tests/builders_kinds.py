"""The installed kinds, and changes in a few words, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aft.kinds.registry import effects_of, installed_kinds
from aft.plan.model import Action, Change, change_id
from aft.values.refs import ACCOUNT, Ref

KINDS = installed_kinds()
EFFECTS = effects_of(KINDS)


def what(change: Change) -> str:
    """``create ou``, ``update setting``; of an account also the aspect: ``update account/name``."""
    aspect = f"/{change.key}" if change.kind == ACCOUNT and change.key else ""
    return f"{change.action.value} {change.kind}{aspect}"


def a_change(words: str, target: str, key: str = "", **more: object) -> Change:
    """The change that ``what`` calls ``words``, judged by its kind."""
    action, _, kind = words.partition(" ")
    kind, _, aspect = kind.partition("/")
    ref = Ref(kind, key or aspect)
    values: dict[str, object] = {"id": change_id(target, Action(action), ref), **more}
    made = Change(kind=kind, action=Action(action), key=ref.key, target=target, **values)  # type: ignore[arg-type]
    return KINDS.judged(made)


def what_of(change: Mapping[str, Any]) -> str:
    """``what`` of a change as the plan's JSON has it."""
    aspect = f"/{change['key']}" if change["kind"] == ACCOUNT and change["key"] else ""
    return f"{change['action']} {change['kind']}{aspect}"
