"""Readers of texts that come alone, as what the process apart does: what they make is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from aft.desired.issue_answers import read_issue
from aft.desired.issue_form import FormChoices
from aft.errors import AftError
from aft.git.ledger.layout import story_of
from aft.git.ledger.soundness import faults_of
from aft.organization.snapshot_codec import decode_file
from aft.plan.preview_file import previews_from_json
from aft.plan.reviewed import reviewed_from_json
from aft.policy_language.grammar import check
from aft.yamldoc import parse_yaml


def trial(argument: Any, content: bytes) -> Any:
    """Read ``content`` as reader and argument say. True however that ends, unless in a way that
    its reader does not know."""
    reader, about = argument
    with suppress(AftError, ValueError):  # said again, where it is read for use
        _READERS[reader](about, content)
    return True


def _reviewed(_: Any, content: bytes) -> None:
    reviewed_from_json(content.decode())


def _previews(_: Any, content: bytes) -> None:
    previews_from_json(content.decode())


def _issue(choices: Any, content: bytes) -> None:
    form = FormChoices(**{**choices, "units": tuple(choices["units"])})
    read_issue(content.decode("utf-8", "surrogatepass"), form)


def _policy(about: Any, content: bytes) -> None:
    path, policy_type, limits = about
    document, _ = parse_yaml(content, path)
    if document is not None:
        check(document.data, policy_type, places=document, changed_limits=limits)


def _story(about: Any, content: bytes) -> None:
    subject, sizes = about
    story = story_of(subject, _parts(sizes, content))
    tuple(faults_of(story, story.record()))


def _published(name: Any, content: bytes) -> None:
    decode_file(name, content)


def _parts(sizes: Any, content: bytes) -> Mapping[bytes, bytes]:
    """Files by name, whose contents follow each other."""
    found, at = {}, 0
    for name, size in sizes:
        found[name.encode()] = content[at : at + size]
        at += size
    return found


_READERS: Mapping[str, Callable[[Any, bytes], None]] = {
    "reviewed": _reviewed,
    "previews": _previews,
    "issue": _issue,
    "policy": _policy,
    "story": _story,
    "published": _published,
}
