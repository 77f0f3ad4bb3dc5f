"""YAML of a revision as plain data: what the process apart does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aft.yamldoc import parse_yaml
from aft.yamldoc.sections import section_in


def documents(files: Any, content: bytes) -> Any:
    """Each of ``files`` (path and length), whose contents follow each other."""
    found, at = [], 0
    for path, size in files:
        found.append(_document(path, content[at : at + size]))
        at += size
    return found


def places(path: Any, content: bytes) -> Any:
    """Where each value of a document begins."""
    document, _ = parse_yaml(content, path)
    found = {} if document is None else document.places
    return [[loc, place.key, place.value] for loc, place in found.items()]


def section(name: Any, content: bytes) -> Any:
    """As ``section_in``."""
    return section_in(content, name)


def _document(path: str, content: bytes) -> Any:
    document, findings = parse_yaml(content, path)
    return {
        "data": None if document is None else document.data,
        "findings": [asdict(finding) for finding in findings],
    }
