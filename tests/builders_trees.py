"""Commits with whatever somebody may push, also what the git command would not make."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from builders_git import git

FILE, PROGRAM, LINK, MODULE, TREE = b"100644", b"100755", b"120000", b"160000", b"40000"

Entry = bytes | str | tuple[bytes, bytes]
"""Content of a file, or a mode and the content (a module's: the commit's id in hexadecimal)."""


def commit_of(repository: Path, entries: Mapping[bytes | str, Entry], *, base: str = "main") -> str:
    """A commit on top of ``base`` with ``entries`` by path; names are taken as they are."""
    tree = _Tree(repository, git(repository, "rev-parse", f"{base}^{{tree}}"))
    for path, entry in entries.items():
        raw = path if isinstance(path, bytes) else path.encode(errors="surrogateescape")
        mode, content = entry if isinstance(entry, tuple) else (FILE, entry)
        tree.put(raw.split(b"/"), mode, content.encode() if isinstance(content, str) else content)
    return _commit(repository, tree.write(), [base])


def merge_of(repository: Path, head: str, *, base: str = "main") -> str:
    """What GitHub's test merge of ``head`` is, when ``head`` is on top of ``base``."""
    return _commit(repository, git(repository, "rev-parse", f"{head}^{{tree}}"), [base, head])


def _commit(repository: Path, tree: str, parents: list[str]) -> str:
    flags = [item for parent in parents for item in ("-p", parent)]
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Mallory"), ("EMAIL", "m@example.com"))
    }
    return git(repository, "commit-tree", tree, *flags, "-m", "Innocent", **who)


class _Tree:
    """One folder, read from the repository and changed in memory."""

    def __init__(self, repository: Path, tree: str = "") -> None:
        self._repository = repository
        self._entries: dict[bytes, tuple[bytes, str | _Tree]] = {}
        for line in git(repository, "ls-tree", "-z", tree).split("\0") if tree else ():
            if line:
                facts, _, name = line.partition("\t")
                mode, _, sha = facts.split(" ")
                self._entries[name.encode(errors="surrogateescape")] = (
                    mode.lstrip("0").encode(),
                    sha,
                )

    def put(self, path: list[bytes], mode: bytes, content: bytes) -> None:
        name, *rest = path
        if not rest:
            sha = content.decode() if mode == MODULE else _object(self._repository, "blob", content)
            self._entries[name] = (mode, sha)
            return
        old = self._entries.get(name)
        if old is None or old[0] != TREE:
            inner = _Tree(self._repository)
        else:
            inner = old[1] if isinstance(old[1], _Tree) else _Tree(self._repository, old[1])
        inner.put(rest, mode, content)
        self._entries[name] = (TREE, inner)

    def write(self) -> str:
        lines = []
        for name, (mode, item) in self._entries.items():
            sha = item.write() if isinstance(item, _Tree) else item
            key = name + (b"/" if mode == TREE else b"")
            lines.append((key, mode + b" " + name + b"\0" + bytes.fromhex(sha)))
        return _object(self._repository, "tree", b"".join(line for _, line in sorted(lines)))


def _object(repository: Path, kind: str, content: bytes) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"],
        cwd=repository,
        input=content,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()
