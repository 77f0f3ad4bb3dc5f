"""What a CloudFormation template's text shows without an account.

The text still contains Jinja2, so it is not parsed as YAML: the sections are the keys at the very
left, and a file of JSON is parsed only where it contains no Jinja2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aft.findings.model import Finding, SourceRef, few
from aft.values.bounded_json import BadJson, read_json
from aft.values.suggestions import did_you_mean

_SECTIONS = """
    AWSTemplateFormatVersion Conditions Description Hooks Mappings Metadata Outputs Parameters
    Resources Rules Transform
"""
SECTIONS = tuple(_SECTIONS.split())
"""The sections CloudFormation knows ("Template anatomy")."""

_JINJA = re.compile(r"\{\{(?!resolve:)|\{%|\{#")
_KEY = re.compile(r"""^(?:"([^"\n]+)"|'([^'\n]+)'|([A-Za-z_][^\s:#'"{}\[\]]*))\s*:(?=\s|$)""")
_INNER_KEY = re.compile(r"""["']?([A-Za-z0-9]+)["']?\s*:""")
_TAB = re.compile(r"^ *\t")


def check_shape(text: str, path: str) -> tuple[Finding, ...]:
    """Findings for what CloudFormation would surely refuse."""
    return few((_check_json if path.endswith(".json") else _check_yaml)(text, path), path)


def output_names(text: str, path: str) -> frozenset[str] | None:
    """The outputs a template surely has; ``None`` when Jinja2 may make others."""
    if path.endswith(".json"):
        try:
            outputs = read_json(text).get("Outputs", {})
        except (ValueError, AttributeError):
            return None
        return frozenset(outputs) if isinstance(outputs, dict) else None
    if text.lstrip().startswith("{") or "\nFn::" in text:
        return None
    names: set[str] = set()
    inside, indent = False, 0
    for line in text.splitlines():
        match = _KEY.match(line)
        if match is not None:
            inside, indent = (match[1] or match[2] or match[3]) == "Outputs", 0
            if inside and line.partition(":")[2].split("#")[0].strip():
                return None  # written in braces
            continue
        if not inside or not line.strip() or line.lstrip().startswith("#"):
            continue
        if "{%" in line:
            return None
        here = len(line) - len(line.lstrip())
        indent = indent or here
        if here == indent:
            key = _INNER_KEY.match(line.strip())
            if key is None:
                return None
            names.add(key[1])
    return frozenset(names)


def _finding(path: str, line: int, column: int, message: str, hint: str) -> Finding:
    return Finding(code="AFT604", source=SourceRef(path, line, column), message=message, hint=hint)


def _check_json(text: str, path: str) -> Iterator[Finding]:
    if _JINJA.search(text):
        if '"Resources"' not in text:
            yield _without_resources(path)
        return
    try:
        template = read_json(text)
    except BadJson as error:
        yield _finding(path, error.line, error.column, f"not JSON: {error.message}", "")
        return
    if not isinstance(template, dict):
        yield _finding(path, 1, 1, "a template is a JSON object", "start it with '{'")
        return
    lines = text.splitlines()
    for key in template:
        if key not in SECTIONS:
            yield _unknown_section(path, *_place(lines, f'"{key}"'), key)
    if not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        yield _without_resources(path)


def _check_yaml(text: str, path: str) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if _TAB.match(line):
            message = "a tab in the indentation, which YAML does not take"
            yield _finding(path, number, line.index("\t") + 1, message, "use spaces")
        match = _KEY.match(line)
        if match is None:
            continue
        key = match[1] or match[2] or match[3]
        if key not in SECTIONS:
            yield _unknown_section(path, number, 1, key)
        elif key in seen:
            message = f"section {key!r} appears twice; first at line {seen[key]}"
            yield _finding(path, number, 1, message, "merge the two")
        seen.setdefault(key, number)
    may_be_json = text.lstrip().startswith("{") and '"Resources"' in text
    if "Resources" not in seen and not may_be_json:
        yield _without_resources(path)


def _place(lines: list[str], word: str) -> tuple[int, int]:
    for number, line in enumerate(lines, start=1):
        if word in line:
            return number, line.index(word) + 1
    return 1, 1


def _unknown_section(path: str, line: int, column: int, key: str) -> Finding:
    hint = did_you_mean(key, SECTIONS) or f"there are {', '.join(SECTIONS)}"
    message = f"{key!r} is no section of a CloudFormation template"
    return _finding(path, line, column, message, hint)


def _without_resources(path: str) -> Finding:
    return _finding(path, 1, 1, "the template has no Resources", "describe at least one resource")
