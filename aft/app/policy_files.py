"""Files that hold one policy each, YAML or JSON, checked with their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from aft.app.trials import TRIALS
from aft.errors import UserError
from aft.findings.bounds import unreadable
from aft.findings.model import Finding, sorted_findings
from aft.policy_language.grammar import IDENTITY, RESOURCE, TRUST, check
from aft.policy_language.policy_types import POLICY_TYPES, RCP, SCP
from aft.values.suggestions import did_you_mean
from aft.yamldoc import MAX_BYTES, parse_yaml, too_large

SHORT_NAMES: Mapping[str, str] = {
    "scp": SCP,
    "rcp": RCP,
    "identity": IDENTITY,
    "resource": RESOURCE,
    "trust": TRUST,
}
"""What people call types of policies that are made of statements."""


def policy_type_of(word: str) -> str:
    """The type meant by a short name or by AWS's own. Raises ``UserError``."""
    found = SHORT_NAMES.get(word.lower(), word.upper())
    if found not in {*SHORT_NAMES.values(), *POLICY_TYPES}:
        raise UserError(
            f"there is no type of policy {word!r}",
            hint=did_you_mean(word, (*SHORT_NAMES, *POLICY_TYPES))
            or f"use {', '.join(SHORT_NAMES)}, or AWS's name such as TAG_POLICY",
        )
    return found


def check_files(
    paths: Iterable[Path],
    policy_type: str,
    *,
    changed_limits: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[Finding, ...]:
    """Every finding of every file. Raises ``UserError`` for one that cannot be read."""
    return sorted_findings(
        finding for path in paths for finding in _check(path, policy_type, changed_limits)
    )


def _check(
    path: Path, policy_type: str, changed_limits: Mapping[str, Mapping[str, int]] | None
) -> tuple[Finding, ...]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    large = too_large(str(path), len(content))
    if large is not None:
        return (large,)
    if path.suffix == ".json":
        # JSON may be indented with tabs, which YAML forbids; inside of JSON's texts there are none.
        content = content.replace(b"\t", b" ")
    if why := TRIALS.policy(str(path), policy_type, content, changed_limits):
        return (unreadable(str(path), why),)
    document, findings = parse_yaml(content, str(path))
    if document is None:
        return findings
    found = check(document.data, policy_type, places=document, changed_limits=changed_limits)
    return (*findings, *found)
