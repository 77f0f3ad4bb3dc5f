"""A place to talk to remotes from: the clone's objects and refs, without its configuration.

A repository's own configuration, hooks and attributes came with the clone or were written by a
program that ran in it. They can rewrite the address of a remote, name proxies, and start programs
at a fetch or push. Here git and libgit2 see a configuration of aft's own, which holds the remotes'
addresses, the headers for them, who may share its files, and nothing else. The user's and the
machine's still count.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from aft.git.errors import disk_errors
from aft.git.repository import Repository

_SHARED = ("objects", "refs", "packed-refs", "shallow", "logs")
_KEPT = re.compile(
    r"remote\..+\.(?:url|pushurl)|http\..+\.extraheader|core\.sharedrepository", re.DOTALL
)
_REWRITE = re.compile(r"url\.(.+)\.insteadof", re.DOTALL)


@contextlib.contextmanager
def conversation(repository: Repository) -> Iterator[pygit2.Repository]:
    """A handle for one conversation; what it fetches lands in ``repository``."""
    with tempfile.TemporaryDirectory(prefix="aft-git-") as folder:
        with disk_errors("preparing to talk to a remote"):
            place = Path(folder)
            common = _common(repository.git_dir)
            for name in _SHARED:
                (place / name).symlink_to(common / name)
            (place / "HEAD").write_text("ref: refs/heads/none\n")
            _configure(place / "config", repository.open())
            handle = pygit2.Repository(folder)
        yield handle


def address_of(handle: pygit2.Repository, remote: str) -> str:
    """Where ``remote`` is fetched from: as configured, and as the user's own ``insteadOf`` rewrites
    it, never the repository's."""
    url, rewrites = "", {}
    for item in handle.config:
        if item.name == f"remote.{remote}.url":
            url = item.value or ""
        elif (found := _REWRITE.fullmatch(item.name)) and item.level <= ConfigLevel.GLOBAL:
            rewrites[item.value or ""] = found[1]
    start = max((old for old in rewrites if old and url.startswith(old)), key=len, default="")
    return rewrites[start] + url.removeprefix(start) if start else url


def _common(git_dir: Path) -> Path:
    """The directory that all working trees of a repository share."""
    pointer = git_dir / "commondir"
    common = git_dir / pointer.read_text().strip() if pointer.exists() else git_dir
    return common.resolve()


def _configure(file: Path, theirs: pygit2.Repository) -> None:
    file.write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    ours = pygit2.Config(str(file))
    for item in theirs.config:
        if item.level > ConfigLevel.GLOBAL and _KEPT.fullmatch(item.name):
            ours[item.name] = item.value or ""
    for name in theirs.remotes.names():
        ours[f"remote.{name}.tagopt"] = "--no-tags"
