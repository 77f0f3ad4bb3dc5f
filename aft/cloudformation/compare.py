"""What bringing a stack from one template to another does to each of its resources.

Follows CloudFormation's own rules ("Understand update behaviors of stack resources", and
``ResourceChange`` of ``DescribeChangeSet``): a changed create-only property replaces its resource;
a resource that refers to one that is replaced, or to an attribute of one that is changed, may
change with it. What only AWS can know is named, never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from aft.cloudformation.resolve import GONE, Scope, shown, symbols
from aft.cloudformation.resource_types import Path, ResourceType, resource_type
from aft.cloudformation.template import Template
from aft.values.parts import PartChange, PartOutcome, PropertyChange, Replacement

_KEEPS = ("Retain", "RetainExceptOnCreate")
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy")
_NESTED = "AWS::CloudFormation::Stack"
_ABSENT = GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChanges:
    """Resources that change, by logical id; outputs that change; what cannot be known."""

    resources: tuple[PartChange, ...]
    outputs: tuple[PropertyChange, ...]
    unknown: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.resources or self.outputs or self.unknown)


def compare_templates(
    before: Template, after: Template, pseudo: Mapping[str, str]
) -> TemplateChanges:
    """What changes from ``before`` (``EMPTY`` for a new stack) to ``after``.

    ``pseudo``: values of pseudo parameters by name (``AWS::AccountId``), as far as known.
    """
    old, new = Scope(template=before, pseudo=pseudo), Scope(template=after, pseudo=pseudo)
    was, will = resources_of(old), resources_of(new)
    changes: dict[str, PartChange] = {}
    for name in sorted(was.keys() | will.keys()):
        change = _compare(name, was.get(name), will.get(name))
        if change is not None:
            changes[name] = change
    _follow(will, changes)
    return TemplateChanges(
        resources=tuple(changes[name] for name in sorted(changes)),
        outputs=tuple(_outputs(old, new)),
        unknown=(*_unknown(before, after, will), *_looked_up(will, changes)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of a template with its values resolved. ``exists``: ``None`` where a condition
    that only AWS can know decides."""

    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    exists: bool | None

    @property
    def is_kept(self) -> bool:
        return self.attributes.get("DeletionPolicy") in _KEEPS

    @property
    def is_custom(self) -> bool:
        """Made by code of the user's own, which may answer any change with a new resource."""
        return (
            self.type.startswith("Custom::") or self.type == "AWS::CloudFormation::CustomResource"
        )


def resources_of(scope: Scope) -> dict[str, Resource]:
    """The resources that are there, or may be, by logical id."""
    found = {}
    for name, source in scope.template.resources.items():
        condition = source.get("Condition")
        exists = True if condition is None else scope.is_true(str(condition))
        if exists is False:
            continue
        properties = scope.value(source.get("Properties") or {})
        found[name] = Resource(
            type=str(source.get("Type", "")),
            properties=properties if isinstance(properties, dict) else {"*": properties},
            attributes={key: scope.value(source[key]) for key in _ATTRIBUTES if key in source},
            exists=exists,
        )
    return found


def _compare(name: str, was: Resource | None, will: Resource | None) -> PartChange | None:
    if will is None:
        assert was is not None  # noqa: S101 - one of the two is there
        return PartChange(id=name, noun=was.type, outcome=PartOutcome.REMOVED, is_kept=was.is_kept)
    if was is None:
        properties = tuple(
            PropertyChange(path=_joined(path), before=None, after=_text(value))
            for path, _, value in _differences(_ABSENT, will.properties, ())
        )
        return PartChange(id=name, noun=will.type, outcome=PartOutcome.ADDED, properties=properties)
    if was.type != will.type:
        return PartChange(
            id=name,
            noun=will.type,
            outcome=PartOutcome.REPLACED,
            reason=f"its type was {was.type}; CloudFormation refuses that for the same logical id",
        )
    rules = resource_type(will.type)
    changed = [
        _property(will, rules, path, before, after)
        for path, before, after in _differences(was.properties, will.properties, ())
    ]
    attributes = [
        PropertyChange(path=_joined(path), before=_text(before), after=_text(after))
        for path, before, after in _differences(was.attributes, will.attributes, ())
    ]
    touched = bool(changed or attributes)
    changed += _rereads(will, rules, {item.path for item in changed}, touched=touched)
    if will.type == _NESTED:
        reason = "its own template is not read"
    elif was.exists is not will.exists or (will.exists is None and touched):
        reason = "a condition that only AWS can decide says whether it is there"
    else:
        reason = _reason(will, rules, changed)
    is_unsure = will.type == _NESTED or was.exists is not will.exists
    if not (changed or attributes or is_unsure):
        return None
    worst = {item.replacement for item in changed}
    outcome = PartOutcome.CHANGED
    if Replacement.ALWAYS in worst:
        outcome = PartOutcome.REPLACED
    elif Replacement.CONDITIONAL in worst or reason:
        outcome = PartOutcome.MAY_BE_REPLACED
    return PartChange(
        id=name,
        noun=will.type,
        outcome=outcome,
        properties=(*changed, *attributes),
        reason=reason,
        is_kept=will.attributes.get("UpdateReplacePolicy") in _KEEPS,
    )


def _property(
    resource: Resource, rules: ResourceType | None, path: Path, before: Any, after: Any
) -> PropertyChange:
    return PropertyChange(
        path=_joined(path),
        before=_text(before),
        after=_text(after),
        replacement=_replacement(resource, rules, path),
    )


def _replacement(resource: Resource, rules: ResourceType | None, path: Path) -> Replacement:
    if resource.is_custom or rules is None:
        return Replacement.CONDITIONAL
    return rules.replacement(path)


def _reason(resource: Resource, rules: ResourceType | None, changed: list[PropertyChange]) -> str:
    """Why the resource is, or may be, replaced by its own properties."""
    certain = [item.path for item in changed if item.replacement is Replacement.ALWAYS]
    if certain:
        return f"{_listed(certain)} cannot be changed"
    if not changed:
        return ""
    if resource.is_custom:
        return "its own code decides"
    if rules is None:
        return f"the schema of {resource.type} is not known here"
    perhaps = [item.path for item in changed if item.replacement is Replacement.CONDITIONAL]
    return f"{_listed(perhaps)} can be changed only in some cases" if perhaps else ""


def _rereads(
    resource: Resource, rules: ResourceType | None, seen: set[str], *, touched: bool
) -> Iterator[PropertyChange]:
    """Properties written as before whose value may have changed all the same."""
    for name, value in resource.properties.items():
        why = [
            symbol.may_differ
            for symbol in symbols(value)
            if symbol.may_differ and (touched or not symbol.only_if_touched)
        ]
        if why and name not in seen:
            effect = _replacement(resource, rules, (name,))
            yield PropertyChange(
                path=name,
                before=_text(value),
                after=f"{_text(value)} ({why[0]})",
                replacement=Replacement.NEVER
                if effect is Replacement.NEVER
                else Replacement.CONDITIONAL,
            )


def _follow(resources: Mapping[str, Resource], changes: dict[str, PartChange]) -> None:
    """Add what changes because something it refers to changes, until nothing is new."""
    moved = True
    while moved:
        moved = False
        for name in sorted(resources):
            followed = _followed(name, resources[name], changes)
            if followed is not None and followed != changes.get(name):
                changes[name] = followed
                moved = True


def _followed(
    name: str, resource: Resource, changes: Mapping[str, PartChange]
) -> PartChange | None:
    change = changes.get(name)
    if change is not None and change.outcome is PartOutcome.ADDED:
        return None
    rules = resource_type(resource.type)
    found = dict.fromkeys(item.path.split("/")[0] for item in change.properties) if change else {}
    extra, reason = [], ""
    for key, value in resource.properties.items():
        cause = next((cause for need in _needs(value) if (cause := _cause(need, changes))), "")
        if not cause:
            continue
        effect = _replacement(resource, rules, (key,))
        if effect is not Replacement.NEVER:
            reason = reason or f"{key} refers to {cause}"
        if key not in found:
            effect = effect if effect is Replacement.NEVER else Replacement.CONDITIONAL
            extra.append(
                PropertyChange(
                    path=key,
                    before=_text(value),
                    after=f"{_text(value)} (of {cause})",
                    replacement=effect,
                )
            )
    if not extra and not (reason and change and change.outcome is PartOutcome.CHANGED):
        return change
    outcome = PartOutcome.MAY_BE_REPLACED if reason else PartOutcome.CHANGED
    if change is None:
        return PartChange(
            id=name,
            noun=resource.type,
            outcome=outcome,
            properties=tuple(extra),
            reason=reason,
            is_kept=resource.attributes.get("UpdateReplacePolicy") in _KEEPS,
        )
    if change.outcome is PartOutcome.CHANGED:
        change = replace(change, outcome=outcome, reason=reason)
    return replace(change, properties=(*change.properties, *extra))


def _needs(value: Any) -> Iterator[tuple[str, str]]:
    for symbol in symbols(value):
        yield from symbol.needs


def _cause(need: tuple[str, str], changes: Mapping[str, PartChange]) -> str:
    """What changes the value of a reference, in words that follow "refers to"; or empty."""
    target, attribute = need
    change = changes.get(target)
    if change is None:
        return ""
    if change.outcome is PartOutcome.REPLACED:
        return f"{target}, which is replaced"
    if change.outcome is PartOutcome.MAY_BE_REPLACED:
        return f"{target}, which may be replaced"
    if change.outcome is PartOutcome.CHANGED and attribute:
        return f"{target}.{attribute}, and {target} changes"
    return ""


def _outputs(old: Scope, new: Scope) -> Iterator[PropertyChange]:
    def values(scope: Scope) -> dict[str, Any]:
        found = {}
        for name, source in scope.template.outputs.items():
            condition = source.get("Condition")
            if condition is None or scope.is_true(str(condition)) is not False:
                export = source.get("Export")
                item = {"Value": source.get("Value"), **({"Export": export} if export else {})}
                found[name] = scope.value(item)
        return found

    for path, before, after in _differences(values(old), values(new), ()):
        name = "/".join(path[:1] if path[1:] == ("Value",) else path)
        yield PropertyChange(path=name, before=_text(before), after=_text(after))


def _unknown(
    before: Template,
    after: Template,
    will: Mapping[str, Resource],
) -> Iterator[str]:
    for macro in dict.fromkeys((*before.transforms, *after.transforms)):
        yield f"macro {macro} rewrites the template; what it makes of it is not known"
    for name, resource in will.items():
        if resource.type == _NESTED:
            yield f"{name} is a stack of its own, whose template is not read"
        elif resource.type.endswith("::MODULE"):
            yield f"{name} is a module, whose resources are not read"
        if any("${Transform " in symbol.text for symbol in symbols(dict(resource.properties))):
            yield f"{name} includes what a macro makes, such as AWS::Include"
        if resource.exists is None:
            yield f"{name} is there only if a condition holds that only AWS can decide"


def _looked_up(will: Mapping[str, Resource], changes: Mapping[str, PartChange]) -> Iterator[str]:
    """What changes by the value of an SSM parameter, which AWS reads when it changes the stack."""
    for name in sorted(will.keys() & changes.keys()):
        found = {item.path.split("/")[0] for item in changes[name].properties}
        for key, value in will[name].properties.items():
            if key not in found and changes[name].outcome is not PartOutcome.ADDED:
                continue
            for parameter in sorted({it for symbol in symbols(value) for it in symbol.parameters}):
                yield f"{name}.{key} has the value of SSM parameter {parameter}, known to AWS alone"


def _differences(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """The leaves in which two values differ; ``GONE`` where one has none."""
    if before == after:
        return
    before, after = _by_key(before), _by_key(after)
    if _is_tree(before) and _is_tree(after):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for item, other in zip_longest(before, after, fillvalue=_ABSENT):
            yield from _differences(item, other, (*path, "*"))
    elif before is _ABSENT and _is_tree(after) and after:
        yield from _differences({}, after, path)
    elif after is _ABSENT and _is_tree(before) and before:
        yield from _differences(before, {}, path)
    else:
        yield path, before, after


def _is_tree(value: Any) -> bool:
    return isinstance(value, dict)


def _by_key(value: Any) -> Any:
    """Tags, which AWS gives as a list of ``Key`` and ``Value`` in any order, as a mapping."""
    if isinstance(value, list) and value:
        keys = [item.get("Key") if isinstance(item, dict) else None for item in value]
        if all(isinstance(key, str) for key in keys) and len(set(keys)) == len(keys):
            return {
                key: {name: item[name] for name in item if name != "Key"}
                for key, item in zip(keys, value, strict=True)
            }
    return value


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else shown(value)


def _joined(path: Path) -> str:
    return "/".join(path)


def _listed(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
