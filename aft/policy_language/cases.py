"""``aft policy eval``: one case in JSON per line in, one answer in JSON per line out.

What a line holds, and what an answer says, is a promise: ``docs/reference/policies.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aft.errors import UserError
from aft.policy_language.ceiling import RCP, SCP, Ceiling, Chain, ceiling
from aft.policy_language.context import Context, value_of
from aft.policy_language.documents import NotAPolicy
from aft.policy_language.evaluate import Answer, Level
from aft.policy_language.policy import Policy
from aft.policy_language.principals import Principal
from aft.policy_language.statements import NO_RESOURCE, Request

MAX_LINE = 1024 * 1024
"""Characters of a line; a longer one is not read."""
_DEEPEST = 64


class BadCase(UserError):
    """A line that is no case; the message says what is wrong with it."""


def answers(lines: Iterable[str]) -> Iterator[str]:
    """An answer for every line that is not blank, in order. Never raises for what is in a line."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield json.dumps(answer_to(line, number), ensure_ascii=False)


def answer_to(line: str, number: int) -> Mapping[str, Any]:
    """The answer to one line; ``error`` in it says why there is none."""
    case_id: Any = None
    try:
        case = _read(line)
        case_id = case.get("id")
        return {"id": case_id, **answer_json(ceiling(_organization(case), _request(case)))}
    except (BadCase, NotAPolicy) as error:
        return {"id": case_id, "line": number, "error": error.message}


def answer_json(answer: Answer) -> Mapping[str, Any]:
    """An answer for tools. ``statement`` counts from 0; what decided comes first in ``trace``."""
    trace = [
        {
            "type": item.source,
            "level": item.level or None,
            "policy": item.policy or None,
            "sid": item.sid or None,
            "statement": item.statement,
            "effect": item.effect or None,
            "keys": sorted(item.keys, key=str.lower),
        }
        for item in answer.traces
    ]
    first = trace[0] if trace else {}
    return {
        "decision": answer.decision.value,
        "keys": sorted(answer.keys, key=str.lower),
        **{name: first.get(name) for name in ("level", "policy", "sid")},
        "trace": trace,
    }


def _read(line: str) -> Mapping[str, Any]:
    if len(line) > MAX_LINE:
        raise BadCase(f"the line has over {MAX_LINE:,} characters")
    try:
        found = json.loads(line)
    except ValueError as error:
        raise BadCase(f"not JSON: {error}") from error
    except RecursionError as error:
        raise BadCase("nested too deep") from error
    if not isinstance(found, dict):
        raise BadCase("not a JSON object")
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [part for item in level for part in _parts(item)]
    if level:
        raise BadCase("nested too deep")
    return found


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _organization(case: Mapping[str, Any]) -> Ceiling:
    management = case.get("managementAccount", "")
    if not isinstance(management, str):
        raise BadCase("managementAccount is not text")
    own = _chain(case.get("levels"), "levels")
    other = case.get("resourceLevels")
    return Ceiling(
        principal=own,
        resource=own if other is None else _chain(other, "resourceLevels"),
        management_account=management,
    )


def _chain(raw: Any, name: str) -> Chain:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise BadCase(f"{name} is not a list of objects, root first")
    ids = [item.get("id") for item in raw]
    if not raw or not all(isinstance(item, str) for item in ids):
        raise BadCase(f"{name}: every level needs an id, and there must be one")
    return Chain(
        account=str(ids[-1]),
        scps=_levels(raw, SCP, f"{name}.scps"),
        rcps=_levels(raw, RCP, f"{name}.rcps"),
    )


def _levels(raw: list[dict[str, Any]], source: str, name: str) -> tuple[Level, ...] | None:
    """``None`` when no level has such policies at all: the type is off."""
    key = f"{source}s"
    if not any(key in item for item in raw):
        return None
    return tuple(Level(source, item["id"], _policies(item.get(key, []), name)) for item in raw)


def _policies(raw: Any, name: str) -> Iterator[Policy]:
    if not isinstance(raw, list):
        raise BadCase(f"{name} is not a list")
    for item in raw:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise BadCase(f"{name}: every policy is an object with a name and a policy")
        try:
            yield Policy.of(item.get("policy"), item["name"])
        except NotAPolicy as error:
            raise BadCase(f"{name}: {item['name']}: {error.message}") from error


def _request(case: Mapping[str, Any]) -> Request:
    raw = case.get("request")
    if not isinstance(raw, dict):
        raise BadCase("request is not an object")
    for key in ("principal", "action"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            raise BadCase(f"request.{key} is not text")
    if ":" not in raw["action"]:
        raise BadCase("request.action is not service:Action")
    resource, owner = raw.get("resource", NO_RESOURCE), raw.get("resourceAccount") or ""
    if not isinstance(resource, str | None) or not isinstance(owner, str):
        raise BadCase("request.resource and request.resourceAccount are text")
    context = _context(raw)
    role = context.get("aws:principalarn")
    return Request(
        principal=Principal(raw["principal"], role if isinstance(role, str) else ""),
        action=raw["action"],
        resource=resource,
        resource_account=owner,
        context=context,
    )


def _context(raw: Mapping[str, Any]) -> Context:
    values, unknown = raw.get("context") or {}, raw.get("unknown") or []
    if not isinstance(values, dict) or not isinstance(unknown, list):
        raise BadCase("request.context is an object, request.unknown a list of keys")
    if not all(isinstance(key, str) for key in unknown):
        raise BadCase("request.unknown is a list of keys")
    try:
        found = {key: value_of(value) for key, value in values.items()}
    except ValueError as error:
        raise BadCase(f"request.context: {error}") from error
    both = {key.lower() for key in found} & {key.lower() for key in unknown}
    if both:
        raise BadCase(f"{min(both)} is in request.context and in request.unknown")
    return Context(found, unknown)
