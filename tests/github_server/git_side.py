"""The half of GitHub that is git: the refs of pull requests, test merges, and real ones."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
    """A bare repository, worked on with the git command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, check: bool = True, given: bytes = b"", **environ: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.path, *arguments],
            env=_ENVIRONMENT | environ,
            input=given,
            capture_output=True,
            check=False,
        )
        if done.returncode and check:
            raise AssertionError(f"git {arguments[0]}: {done.stderr.decode()}")
        return done.stdout.decode(errors="replace").strip() if not done.returncode else ""

    def sha(self, name: str) -> str:
        """The commit that a ref or id names, or ``""``."""
        return self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)

    def branch(self, name: str) -> str:
        return self.sha(f"refs/heads/{name}")

    def set_ref(self, ref: str, sha: str | None) -> None:
        if sha is None:
            self.git("update-ref", "-d", ref)
        else:
            self.git("update-ref", ref, sha)

    def fetch(self, source: Path, branch: str) -> str:
        """Bring a fork's branch here."""
        self.git("fetch", "--quiet", "--no-tags", str(source), f"refs/heads/{branch}")
        return self.sha("FETCH_HEAD")

    def is_ancestor(self, old: str, new: str) -> bool:
        return self.git("merge-base", old, new, check=False) == self.sha(old)

    def between(self, base: str, head: str) -> list[str]:
        """Commits of ``head`` that ``base`` has not, oldest first."""
        text = self.git("rev-list", "--reverse", "--topo-order", f"{base}..{head}", check=False)
        return text.split()

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of a merge; ``None`` when there are conflicts."""
        text = self.git("merge-tree", "--write-tree", base, head, check=False)
        return text.split()[0] if text else None

    def commit(
        self, tree: str, parents: list[str], message: str, *, at: datetime, author: str = NOBODY
    ) -> str:
        name, _, email = author.rstrip(">").partition(" <")
        environ = {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": at.isoformat(),
            "GIT_COMMITTER_NAME": "GitHub",
            "GIT_COMMITTER_EMAIL": "noreply@github.com",
            "GIT_COMMITTER_DATE": at.isoformat(),
        }
        flags = [item for parent in parents for item in ("-p", parent)]
        return self.git("commit-tree", tree, *flags, "-m", message, **environ)

    def rebased(self, base: str, commits: Sequence[str], *, at: datetime) -> list[str]:
        """The same changes made again on top of ``base``, committed by GitHub."""
        who = {
            "GIT_COMMITTER_NAME": "GitHub",
            "GIT_COMMITTER_EMAIL": "noreply@github.com",
            "GIT_COMMITTER_DATE": at.isoformat(),
        }
        with tempfile.TemporaryDirectory() as folder:
            tree = str(Path(folder) / "tree")
            self.git("worktree", "add", "--quiet", "--detach", tree, base)
            self.git("-C", tree, "cherry-pick", "--allow-empty", *commits, **who)
            tip = self.git("-C", tree, "rev-parse", "HEAD")
            self.git("worktree", "remove", "--force", tree)
        return self.between(base, tip)

    def tree_with(self, parent: str, files: Mapping[str, str]) -> str:
        """The tree of ``parent`` (none for ``""``) with these files written over it."""
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if parent:
                self.git("read-tree", parent, **index)
            for path, content in files.items():
                blob = self.git("hash-object", "-w", "--stdin", given=content.encode())
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
            return self.git("write-tree", **index)

    def facts(self, sha: str) -> CommitFacts:
        text = self.git("show", "-s", "--format=%H%n%P%n%an%n%ae%n%aI%n%B", sha)
        head, parents, author, email, date, *message = text.split("\n")
        return CommitFacts(
            head, tuple(parents.split()), author, email, date, "\n".join(message).strip()
        )
