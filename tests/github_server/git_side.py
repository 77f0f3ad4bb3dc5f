"""The half of GitHub that is git: the refs of pull requests, test merges, and real ones.

In this process, because there are many small steps; a handle of its own each time, because others
push meanwhile.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, FileMode, SortMode

# Whatever this machine's user has configured must not decide a test.
for _level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
    pygit2.settings.search_path[_level] = ""

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C.UTF-8",
}
NOBODY = "GitHub <noreply@github.com>"


@dataclass(frozen=True)
class CommitFacts:
    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    date: str
    message: str


class GitSide:
    """A bare repository."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def handle(self) -> pygit2.Repository:
        return pygit2.Repository(str(self.path))

    def git(self, *arguments: str, check: bool = True) -> str:
        """The output of a git command; ``""`` when it fails and may."""
        done = subprocess.run(
            ["git", "-C", self.path, *arguments],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode and check:
            raise AssertionError(f"git {arguments[0]}: {done.stderr.decode()}")
        return done.stdout.decode(errors="replace").strip() if not done.returncode else ""

    def sha(self, name: str) -> str:
        """The commit that a ref or id names, or ``""``."""
        try:
            return str(self.handle.revparse_single(name).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return ""

    def branch(self, name: str) -> str:
        return self.sha(f"refs/heads/{name}")

    def set_ref(self, ref: str, sha: str | None) -> None:
        handle = self.handle
        if sha is not None:
            handle.references.create(ref, sha, force=True)
        elif (found := handle.references.get(ref)) is not None:
            found.delete()

    def fetch(self, source: Path, branch: str) -> str:
        """Bring a fork's branch here."""
        self.git("fetch", "--quiet", "--no-tags", str(source), f"refs/heads/{branch}")
        return self.sha("FETCH_HEAD")

    def is_ancestor(self, old: str, new: str) -> bool:
        old, new = self.sha(old), self.sha(new)
        return old == new or self.handle.descendant_of(new, old)

    def between(self, base: str, head: str) -> list[str]:
        """Commits of ``head`` that ``base`` has not, oldest first."""
        walker = self.handle.walk(self.sha(head), SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walker.hide(self.sha(base))
        return [str(commit.id) for commit in walker]

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; ``None`` when there are conflicts."""
        handle = self.handle
        index = handle.merge_commits(self.sha(base), self.sha(head))
        return None if index.conflicts else str(index.write_tree(handle))

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        at: datetime,
        author: str = NOBODY,
    ) -> str:
        name, _, email = author.rstrip(">").partition(" <")
        when = int(at.timestamp())
        made = self.handle.create_commit(
            None,
            pygit2.Signature(name, email, when, 0),
            pygit2.Signature("GitHub", "noreply@github.com", when, 0),
            message,
            pygit2.Oid(hex=tree),
            [pygit2.Oid(hex=parent) for parent in parents],
        )
        return str(made)

    def rebased(self, base: str, commits: Sequence[str], *, at: datetime) -> list[str]:
        """The same changes made again on top of ``base``, committed by GitHub."""
        made = [base]
        for sha in commits:
            handle = self.handle
            commit, tip = handle[sha].peel(pygit2.Commit), handle[made[-1]].peel(pygit2.Tree)
            before = commit.parents[0].tree
            index = handle.merge_trees(before, tip, commit.tree)
            assert not index.conflicts
            tree = str(index.write_tree(handle))
            author = f"{commit.author.name} <{commit.author.email}>"
            made.append(self.commit(tree, made[-1:], commit.message, at=at, author=author))
        return made[1:]

    def tree_with(self, parent: str, files: Mapping[str, str]) -> str:
        """The tree of ``parent`` (none for ``""``) with these files written over it."""
        handle = self.handle
        index = pygit2.Index()
        if parent:
            index.read_tree(handle[parent].peel(pygit2.Tree))
        for path, content in files.items():
            blob = handle.create_blob(content.encode())
            index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        return str(index.write_tree(handle))

    def tree(self, sha: str) -> str:
        return str(self.handle[sha].peel(pygit2.Tree).id)

    def files_in(self, commit: str, folder: str) -> dict[str, str]:
        """The files that lie in a folder of a commit, by path."""
        try:
            tree = self.handle.revparse_single(f"{commit}:{folder}")
        except KeyError:
            return {}
        blobs = [item for item in tree if isinstance(item, pygit2.Blob)]
        return {f"{folder}/{blob.name}": blob.data.decode(errors="replace") for blob in blobs}

    def facts(self, sha: str) -> CommitFacts:
        commit = self.handle[sha].peel(pygit2.Commit)
        at = datetime.fromtimestamp(commit.author.time).astimezone()
        return CommitFacts(
            str(commit.id),
            tuple(str(parent) for parent in commit.parent_ids),
            commit.author.name,
            commit.author.email,
            at.isoformat(),
            commit.message.strip(),
        )
