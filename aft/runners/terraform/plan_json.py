"""A plan as Terraform itself writes it as JSON: what it does to each resource, without secrets.

Facts: Terraform, "JSON Output Format", 1.x; OpenTofu writes the same. A resource may be created,
updated in place, replaced, removed, or leave the state only. What this module does not know, it
takes for something that people have to agree to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aft.values.bounded_json import read_json
from aft.values.canonical_json import digest
from aft.values.parts import PartChange, PartOutcome, Preview, PropertyChange, Replacement

SENSITIVE, UNKNOWN = "(sensitive)", "(known after apply)"
MAX_TEXT = 4_000
"""Characters of one value; of a longer one the digest is shown, too."""
MAX_SECRETS = 1_000
"""Sensitive texts of one plan: each is looked for in all values."""
POWER = "it changes who may do what"
IMPORTED = "it takes over what someone else made"
ANYTHING = "what it contains is not known"

_OUTCOMES: Mapping[tuple[str, ...], PartOutcome] = {
    ("create",): PartOutcome.ADDED,
    ("update",): PartOutcome.CHANGED,
    ("delete",): PartOutcome.REMOVED,
    ("forget",): PartOutcome.REMOVED,
    ("delete", "create"): PartOutcome.REPLACED,
    ("create", "delete"): PartOutcome.REPLACED,
    ("create", "forget"): PartOutcome.REPLACED,
}
_NOTHING = (("no-op",), ("read",))
_LOSSES = (PartOutcome.REPLACED, PartOutcome.REMOVED)
_IDENTITY = (("id",), ("arn",))
"""Which one it is: accepting that one ends is not accepting it of another."""
_STACKS = re.compile(r"_cloudformation_stack|_serverlessapplicationrepository_")
_POWER_TYPE = re.compile(
    r"(^|_)(iam|ssoadmin|identitystore|rolesanywhere|organizations|ram|lakeformation)(_|$)"
    r"|_(permissions?|grant|public_access_block|allowed_principal|access_entry)$"
    r"|_(access_policy|pod_identity)_association$|_s3_(bucket|object)_acl$|_role_assignment$"
)
"""Types of resources that give or take power, of AWS's providers and of others."""
_POWER_NAME = re.compile(r"(^|_)polic(y|ies)(_|$)|^acl$|(^|_)principals?$")
_POWER_UPDATE = re.compile(r"(^|_)role(_arn|_name)?$|(^|_)iam_")
"""Of something that runs already: the role that it runs with."""
_POWER_TEXT = re.compile(r'"Statement"\s*:|\bAWS::IAM::|\bCAPABILITY_(NAMED_)?IAM\b')
_NO_POWER = re.compile(r"_(lifecycle|scaling|autoscaling|retention|rotation)_polic(y|ies)")


_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


class UnreadablePlan(ValueError):
    """The text is no plan of a format that this module knows."""


class _Property(NamedTuple):
    path: tuple[str, ...]
    before: Any
    after: Any
    is_secret: bool
    is_unknown: bool

    def is_computed(self, given: frozenset[str] | None) -> bool:
        """The provider fills it in, as the configuration gives no such argument."""
        return self.is_unknown and given is not None and given.isdisjoint(self.path[:1])

    @property
    def name(self) -> str:
        """The last part of the path that is a name."""
        return next((part for part in reversed(self.path) if not part.isdigit()), "")


def read_plan(text: str, *, binding: str) -> Preview:
    """What the plan does. Its digest covers all that is in ``parts``, and ``binding``: the code
    and the inputs that it was made from. Raises ``UnreadablePlan``."""
    try:
        plan = read_json(text)
        if not str(plan["format_version"]).startswith("1."):
            raise UnreadablePlan(f"format {plan['format_version']!r:.20} is not known")
        changes = list(plan.get("resource_changes") or ())
        secrets = tuple(dict.fromkeys(text for item in changes for text in _secrets(item)))
        if len(secrets) > MAX_SECRETS:
            raise UnreadablePlan(f"over {MAX_SECRETS:,} different texts are sensitive")
        written = dict(_written(plan.get("configuration", {}).get("root_module", {})))
        found = [pair for item in changes if (pair := _part(item, secrets, written)) is not None]
        found += [*_others(plan)]
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise UnreadablePlan(type(error).__name__) from error
    parts = tuple(part for part, _ in found)
    asks = tuple(part.id for part, asks in found if asks)
    return Preview.of(parts, asks, binding=binding)


def _written(module: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The names of the arguments that the configuration gives, by the resource's address."""
    for resource in module.get("resources", ()):
        yield f"{prefix}{resource['address']}", frozenset(resource.get("expressions", ()))
    for name, call in module.get("module_calls", {}).items():
        yield from _written(call.get("module", {}), f"{prefix}module.{name}.")


def _part(
    item: Mapping[str, Any], secrets: Iterable[str], written: Mapping[str, frozenset[str]]
) -> tuple[PartChange, bool] | None:
    """One resource, and whether people have to agree to its change, lost or not."""
    change = item["change"]
    actions = tuple(change["actions"])
    is_import = bool(change.get("importing"))
    if actions in _NOTHING and not is_import:
        return None
    outcome = _OUTCOMES.get(actions, PartOutcome.CHANGED if is_import else None)
    given = written.get(_INDEX.sub("", item["address"]))
    properties = [
        found
        for found in _properties(change)
        if not found.is_computed(given) or (outcome in _LOSSES and found.path in _IDENTITY)
    ]
    reasons = []
    if is_import:
        reasons.append(IMPORTED)
    if _gives_power(item["type"], properties, is_new=actions == ("create",)):
        reasons.append(POWER)
    if outcome is None:
        outcome = PartOutcome.MAY_BE_REPLACED
        reasons.append(f"this version of aft does not know {'/'.join(map(str, actions))!r:.60}")
    elif _STACKS.search(item["type"]) and outcome is PartOutcome.CHANGED:
        outcome = PartOutcome.MAY_BE_REPLACED
        reasons.append(ANYTHING)
    paths = [tuple(map(str, path)) for path in change.get("replace_paths") or ()]
    why = "" if is_import else _why(item, paths, outcome)
    deposed = f" (deposed {item['deposed']})" if item.get("deposed") else ""
    part = PartChange(
        id=f"{item['address']}{deposed}",
        noun=item["type"],
        outcome=outcome,
        properties=tuple(_shown(properties, paths, outcome, secrets)),
        reason="; ".join([*([why] if why else ()), *reasons]),
        is_kept="forget" in actions,
    )
    return part, bool(reasons)


def _others(plan: Mapping[str, Any]) -> Iterator[tuple[PartChange, bool]]:
    """What else a plan may do, as later versions of Terraform have it."""
    for key in ("action_invocations", "deferred_changes", "deferred_action_invocations"):
        for number, item in enumerate(plan.get(key) or (), start=1):
            name = item.get("address") or (item.get("resource_change") or {}).get("address")
            part = PartChange(
                id=str(name or f"{key} {number}"),
                noun=key,
                outcome=PartOutcome.MAY_BE_REPLACED,
                reason=ANYTHING,
            )
            yield part, True


def _why(item: Mapping[str, Any], paths: Iterable[tuple[str, ...]], outcome: PartOutcome) -> str:
    """Why something is lost, in Terraform's own words where it says so."""
    if not outcome.loses:
        return ""
    if item.get("action_reason") == "replace_because_tainted":
        return "it is tainted"
    return ", ".join(dict.fromkeys("/".join(path) for path in paths))


def _gives_power(kind: str, properties: Iterable[_Property], *, is_new: bool) -> bool:
    if _POWER_TYPE.search(kind):
        return True
    if _NO_POWER.search(kind):
        return False
    return any(_is_power(item, is_new=is_new) for item in properties)


def _is_power(item: _Property, *, is_new: bool) -> bool:
    if is_new and item.after is None and not item.is_unknown:
        return False
    if _POWER_NAME.search(item.name) and not _NO_POWER.search(f"_{item.name}"):
        return True
    if not is_new and _POWER_UPDATE.search(item.name):
        return True
    return any(_POWER_TEXT.search(_plain(value)) for value in (item.before, item.after))


class _Trees(NamedTuple):
    """One value before and after, and the marks of what is unknown and sensitive in it."""

    before: Any
    after: Any
    unknown: Any
    hidden: Any
    hides: Any

    def at(self, key: Any) -> _Trees:
        return _Trees(*(_at(tree, key) for tree in self))

    @property
    def has_parts(self) -> bool:
        """Both are trees of one sort, or one is and the other is not there."""
        found = [value for value in (self.before, self.after) if value is not None]
        is_marked = True in (self.unknown, self.hidden, self.hides)
        return (
            bool(found)
            and not is_marked
            and any(all(isinstance(value, sort) for value in found) for sort in (dict, list))
        )


def _properties(change: Mapping[str, Any]) -> Iterator[_Property]:
    """The values that differ, as deep as they go."""
    names = ("before", "after", "after_unknown", "before_sensitive", "after_sensitive")
    yield from _differing((), _Trees(*(change.get(name) for name in names)))


def _differing(path: tuple[str, ...], trees: _Trees) -> Iterator[_Property]:
    before, after, unknown, hidden, hides = trees
    if before == after and not _any(unknown):
        return
    if not trees.has_parts:
        is_secret = _any(hidden) or _any(hides)
        yield _Property(path, before, after, is_secret=is_secret, is_unknown=_any(unknown))
        return
    for key in dict.fromkeys((*_keys(before), *_keys(after), *_keys(unknown))):
        yield from _differing((*path, str(key)), trees.at(key))


def _keys(tree: Any) -> Iterable[Any]:
    if isinstance(tree, dict):
        return tree
    return range(len(tree)) if isinstance(tree, list) else ()


def _at(tree: Any, key: Any) -> Any:
    if isinstance(tree, dict):
        return tree.get(key)
    if isinstance(tree, list) and isinstance(key, int):
        return tree[key] if key < len(tree) else None
    return None


def _any(tree: Any) -> bool:
    """True where a tree of marks has one."""
    if isinstance(tree, dict):
        return any(map(_any, tree.values()))
    if isinstance(tree, list):
        return any(map(_any, tree))
    return tree is True


def _secrets(item: Mapping[str, Any]) -> Iterator[str]:
    """The texts that are marked as sensitive: the same text may be elsewhere without a mark."""
    change = item["change"]
    for when in ("before", "after"):
        yield from _marked(change.get(when), change.get(f"{when}_sensitive"))


def _marked(value: Any, mark: Any) -> Iterator[str]:
    if isinstance(value, str):
        if mark is True and len(value) > 3:
            yield value
        return
    for key in _keys(value):
        yield from _marked(_at(value, key), True if mark is True else _at(mark, key))


def _shown(
    properties: Iterable[_Property],
    paths: list[tuple[str, ...]],
    outcome: PartOutcome,
    secrets: Iterable[str],
) -> Iterator[PropertyChange]:
    """For people, what makes a replacement first; of what is removed only what it is."""
    found = [*properties]
    if outcome is PartOutcome.REMOVED:
        found = [item for item in found if item.path in _IDENTITY]
    replaces = {item.path: any(item.path[: len(path)] == path for path in paths) for item in found}
    for item in sorted(found, key=lambda item: not replaces[item.path]):
        is_replacing = replaces[item.path]
        yield PropertyChange(
            path="/".join(item.path),
            before=_text(item.before, item, secrets),
            after=UNKNOWN if item.is_unknown else _text(item.after, item, secrets),
            replacement=Replacement.ALWAYS if is_replacing else Replacement.NEVER,
        )


def _text(value: Any, item: _Property, secrets: Iterable[str]) -> str | None:
    if value is None:
        return None
    if item.is_secret:
        return SENSITIVE
    text = _plain(value)
    for secret in secrets:
        text = text.replace(secret, SENSITIVE)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text):,} characters, {digest(text)})"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
