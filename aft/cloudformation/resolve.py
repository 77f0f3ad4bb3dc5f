"""What the functions of a template come to, as far as that can be known without AWS.

Source: CloudFormation Template Reference, "Intrinsic functions" and "Pseudo parameters". A value
comes to text, a list, a mapping, ``GONE`` (``AWS::NoValue``) or a ``Symbol``: something that only
AWS knows, such as a resource's ARN. Two values that come to the same are the same, however they
are written: ``!Sub "a-${X}"`` and ``!Join ["", [a-, !Ref X]]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aft.cloudformation.template import SSM_PARAMETER, Template

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")
_PINNED_SSM = re.compile(r"[^:]+:[0-9]+")
_PINNED_SECRET = re.compile(r"[^:]*:SecretString:[^:]*:[^:]*:[^:]+")


MAX_PARAMETER = 4096
"""Characters of a parameter's value (AWS quota, in bytes)."""


MAX_MADE = 8 * 1024 * 1024
"""Characters that the functions of one template may make; what is more is not worked out."""
MAX_CONDITIONS = 64
"""Conditions that may follow from each other."""
_ENTRY = 64
_TOO_MUCH = "it comes to more text than aft compares"


class _Budget:
    """What one scope may still make."""

    def __init__(self) -> None:
        self._left = MAX_MADE

    def pays(self, *sizes: int) -> bool:
        """Whether there was enough for this; if not, it must not be made."""
        size = sum(sizes)
        if size > self._left:
            return False
        self._left -= size
        return True


class _Gone:
    def __repr__(self) -> str:
        return "AWS::NoValue"


GONE: Final = _Gone()
"""The value of ``AWS::NoValue``: a property that has it is not there."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A value that only AWS knows. ``text`` shows it as ``Fn::Sub`` would: ``${Bucket.Arn}``."""

    text: str
    needs: tuple[tuple[str, str], ...] = ()
    """The resources it depends on, each with the attribute (empty: the physical id)."""
    may_differ: str = ""
    """Why it may have changed although it is written as before; empty when it cannot."""
    only_if_touched: bool = False
    """``may_differ`` matters only when something else of the resource changes."""
    parameters: tuple[str, ...] = ()
    """The SSM parameters whose values are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A template, and what is known of the stack that it is for.

    ``pseudo``: values of pseudo parameters by name (``AWS::Region``); others are symbols.
    """

    template: Template
    pseudo: Mapping[str, str]
    decided: dict[str, bool | None] = field(default_factory=dict, compare=False)
    """Conditions that were evaluated, so that each is evaluated once."""
    budget: _Budget = field(default_factory=_Budget, compare=False, repr=False)

    def value(self, source: Any) -> Any:
        """What ``source``, a part of the template, comes to."""
        if isinstance(source, list):
            items = (self.value(item) for item in source)
            return [item for item in items if item is not GONE]
        if isinstance(source, dict):
            if len(source) == 1:
                ((name, argument),) = source.items()
                if name in {"Ref", "Condition"} or name.startswith("Fn::"):
                    return self._call(name, argument)
            values = ((key, self.value(item)) for key, item in source.items())
            return {key: item for key, item in values if item is not GONE}
        if isinstance(source, str):
            return _dynamic(source)
        return source

    def is_true(self, name: str, seen: tuple[str, ...] = ()) -> bool | None:
        """What the condition comes to; ``None`` when that cannot be known."""
        if name in seen or name not in self.template.conditions or len(seen) > MAX_CONDITIONS:
            return None
        if name not in self.decided:
            test = self._test(self.template.conditions[name], (*seen, name))
            self.decided[name] = test
        return self.decided[name]

    def _test(self, test: Any, seen: tuple[str, ...]) -> bool | None:
        if not isinstance(test, dict) or len(test) != 1:
            return None
        ((name, argument),) = test.items()
        if name == "Condition" and isinstance(argument, str):
            return self.is_true(argument, seen)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:
            left, right = (self.value(item) for item in argument)
            if left == right:
                return True
            return None if {type(left), type(right)} & {Symbol} else False
        results = [self._test(item, seen) for item in argument]
        if name == "Fn::Not" and len(results) == 1:
            return None if results[0] is None else not results[0]
        decisive = {"Fn::And": False, "Fn::Or": True}.get(name)
        if decisive is None:
            return None
        if decisive in results:
            return decisive
        return None if None in results else not decisive

    def _call(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref" if isinstance(argument, str):
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(argument)
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::If" if isinstance(argument, list) and len(argument) == 3:
                holds = self.is_true(str(argument[0]))
                if holds is not None:
                    return self.value(argument[1 if holds else 2])
                why = f"only AWS can decide condition {argument[0]}"
                return self._opaque(f"If {argument[0]}", argument[1:], why)
        return self._pure(name, self.value(argument))

    def _pure(self, name: str, value: Any) -> Any:
        """Functions of values alone."""
        match name, value:
            case "Fn::Join", [str(by), [*items]] if not any(
                isinstance(item, (list, dict)) for item in items
            ):
                parts = [part for item in items for part in (by, item)][1:]
                return self._joined("Join", parts)
            case "Fn::Select", [str(index), [*items]] if index.isdecimal():
                return items[int(index)] if int(index) < len(items) else GONE
            case "Fn::Split", [str(by), str(text)] if by:
                paid = self.budget.pays(len(text), _ENTRY * text.count(by))
                return text.split(by) if paid else _too_much("Split")
            case "Fn::FindInMap", [str(top), str(key), str(leaf), *_]:
                found = self.template.mappings.get(top)
                for part in (key, leaf):
                    found = found.get(part) if isinstance(found, dict) else None
                if not self._can_show(found):
                    return _too_much("FindInMap")
                if found is not None:  # no function is allowed in a mapping
                    return _dynamic(found) if isinstance(found, str) else found
        return self._opaque(name.removeprefix("Fn::"), value)

    def _opaque(self, name: str, source: Any, why: str = "") -> Symbol:
        value = self.value(source)
        why = "its value is made by a macro" if name == "Transform" else why
        if not self._can_show(value):
            return _too_much(name)
        return _merged(f"${{{name} {shown(value)}}}", list(symbols(value)), why)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return GONE
        if name.startswith("AWS::"):
            return self.pseudo.get(name, Symbol(f"${{{name}}}"))
        parameter = self.template.parameters.get(name)
        if parameter is None:
            return Symbol(f"${{{name}}}", ((name, ""),))
        kind = str(parameter.get("Type", "String"))
        default = parameter.get("Default")
        if kind.startswith(SSM_PARAMETER):
            why = f"its value is in the SSM parameter {default}, read when the stack is changed"
            return Symbol(f"${{{name}: {default}}}", may_differ=why, parameters=(str(default),))
        if name in self.template.secrets:
            return Symbol(f"${{{name}}}", may_differ=f"parameter {name} is NoEcho, not compared")
        text = "" if default is None else str(default)
        if len(text) > MAX_PARAMETER:
            return Symbol(f"${{{name}}}", may_differ=f"parameter {name} is longer than AWS takes")
        if not self.budget.pays(len(text)):
            return _too_much(f"Ref {name}")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [item.strip() for item in text.split(",")]
        return text

    def _attribute(self, argument: Any) -> Symbol:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
            return self._opaque("GetAtt", argument)
        attribute = shown(self.value(parts[1]))
        return Symbol(f"${{{parts[0]}.{attribute}}}", ((parts[0], attribute),))

    def _substitute(self, argument: Any) -> Any:
        text, given = (
            argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        )
        if not isinstance(text, str) or not isinstance(given, dict):
            return self._opaque("Sub", argument)
        values: dict[str, Any] = {}
        parts: list[Any] = []
        end = 0
        for match in _PLACEHOLDER.finditer(text):
            parts.append(text[end : match.start()])
            name = match[2].strip()
            if match[1]:
                parts.append(f"${{{match[2]}}}")
            elif name in given:
                if name not in values:
                    values[name] = self.value(given[name])
                parts.append(values[name])
            else:
                parts.append(self._attribute(name) if "." in name else self._ref(name))
            end = match.end()
        return self._joined("Sub", [*parts, text[end:]])

    def _joined(self, name: str, parts: list[Any]) -> Any:
        if all(self._can_show(part) for part in parts):
            return _joined(parts)
        return _too_much(name)

    def _can_show(self, value: Any) -> bool:
        """Whether there is enough for the text of ``value``, looked at no further than that."""
        if isinstance(value, dict):
            return all(self._can_show(part) for item in value.items() for part in item)
        if isinstance(value, list):
            return self.budget.pays(_ENTRY) and all(map(self._can_show, value))
        # Text in text may have each sign of it escaped once more.
        return self.budget.pays(2 * len(shown(value)) + 1)


def _too_much(name: str) -> Symbol:
    return Symbol(f"${{{name} …}}", may_differ=_TOO_MUCH)


def symbols(value: Any) -> Iterator[Symbol]:
    """Every symbol in a value."""
    if isinstance(value, Symbol):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from symbols(item)
    elif isinstance(value, list):
        for item in value:
            yield from symbols(item)


def shown(value: Any) -> str:
    """A value as people read it: text as it is, everything else as JSON with ``${…}`` inside."""
    if isinstance(value, str):
        return value
    if isinstance(value, Symbol):
        return value.text
    if value is None or value is GONE:
        return "nothing"
    return json.dumps(value, default=shown, sort_keys=True, ensure_ascii=False)


def _joined(parts: list[Any]) -> Any:
    """Texts and symbols one after another, as one text or one symbol."""
    found = [symbol for part in parts for symbol in symbols(part)]
    if not found:
        return _dynamic("".join(shown(part) for part in parts))
    # A literal "${" is shown as Fn::Sub writes it, so that it cannot pass for a symbol.
    text = "".join(
        part.replace("${", "${!") if isinstance(part, str) else shown(part) for part in parts
    )
    read_again = _dynamic(text)
    return _merged(text, [*found, read_again] if isinstance(read_again, Symbol) else found)


def _merged(text: str, parts: list[Symbol], why: str = "") -> Symbol:
    """One symbol that depends on all that ``parts`` depend on."""
    reasons = [part for part in parts if part.may_differ]
    always = [part for part in reasons if not part.only_if_touched]
    return Symbol(
        text,
        tuple(sorted({need for part in parts for need in part.needs})),
        why or next((part.may_differ for part in (*always, *reasons)), ""),
        only_if_touched=not why and bool(reasons) and not always,
        parameters=tuple(sorted({name for part in parts for name in part.parameters})),
    )


def _dynamic(text: str) -> Any:
    """Text with a dynamic reference without a version is a symbol: AWS reads it again."""
    for match in _DYNAMIC.finditer(text):
        pinned = _PINNED_SECRET if match[1] == "secretsmanager" else _PINNED_SSM
        if not pinned.fullmatch(match[2]):
            why = f"{match[0]} names no version"
            return Symbol(text, may_differ=why, only_if_touched=True)
    return text
