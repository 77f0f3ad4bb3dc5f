"""Commits with whatever somebody may push, also what the git command would not make."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from aft.git import trees

FILE, PROGRAM, LINK, MODULE, TREE = b"100644", b"100755", b"120000", b"160000", b"40000"

Entry = bytes | str | tuple[bytes, bytes]
"""Content of a file, or a mode and the content (a module's: the commit's id in hexadecimal)."""


def commit_of(root: Path, entries: Mapping[bytes | str, Entry], *, base: str = "main") -> str:
    """A commit on top of ``base`` with ``entries`` by path; names are taken as they are."""
    repository = pygit2.Repository(str(root))
    tree = _Tree(repository.odb, _tree_of(repository, base))
    for path, entry in entries.items():
        raw = path if isinstance(path, bytes) else path.encode(errors="surrogateescape")
        mode, content = entry if isinstance(entry, tuple) else (FILE, entry)
        tree.put(raw.split(b"/"), mode, content.encode() if isinstance(content, str) else content)
    return _commit(repository, tree.write(), [base])


def merge_of(root: Path, head: str, *, base: str = "main") -> str:
    """What GitHub's test merge of ``head`` is, when ``head`` is on top of ``base``."""
    repository = pygit2.Repository(str(root))
    return _commit(repository, _tree_of(repository, head), [base, head])


def _tree_of(repository: pygit2.Repository, commit: str) -> bytes:
    """Read off the commit: libgit2 opens no tree with such names."""
    content = repository.odb.read(repository.revparse_single(commit).id)[1]
    return bytes.fromhex(content.split(b"\n", 1)[0].removeprefix(b"tree ").decode())


def _commit(repository: pygit2.Repository, tree: bytes, parents: list[str]) -> str:
    ids = [str(repository.revparse_single(parent).id) for parent in parents]
    lines = [f"tree {tree.hex()}", *(f"parent {parent}" for parent in ids)]
    lines += [
        f"{role} Mallory <m@example.com> 1767225600 +0000" for role in ("author", "committer")
    ]
    content = "\n".join([*lines, "", "Innocent", ""]).encode()
    return str(repository.odb.write(ObjectType.COMMIT, content))


class _Tree:
    """One folder, read from the repository and changed in memory. Its bytes are written as they
    are, where the git command and libgit2's own builder would refuse some names."""

    def __init__(self, odb: pygit2.Odb, tree: bytes = b"") -> None:
        self._odb = odb
        self._entries: dict[bytes, tuple[bytes, bytes | _Tree]] = {
            entry.name: (entry.mode, entry.id)
            for entry in (trees.entries(odb, tree) if tree else ())
        }

    def put(self, path: list[bytes], mode: bytes, content: bytes) -> None:
        name, *rest = path
        if not rest:
            if mode == MODULE:
                self._entries[name] = (mode, bytes.fromhex(content.decode()))
            else:
                self._entries[name] = (mode, self._odb.write(ObjectType.BLOB, content).raw)
            return
        old = self._entries.get(name)
        if old is None or old[0] != TREE:
            inner = _Tree(self._odb)
        else:
            inner = old[1] if isinstance(old[1], _Tree) else _Tree(self._odb, old[1])
        inner.put(rest, mode, content)
        self._entries[name] = (TREE, inner)

    def write(self) -> bytes:
        """The tree object's id."""
        lines = []
        for name, (mode, item) in self._entries.items():
            made = item.write() if isinstance(item, _Tree) else item
            key = name + (b"/" if mode == TREE else b"")
            lines.append((key, mode + b" " + name + b"\0" + made))
        content = b"".join(line for _, line in sorted(lines))
        return bytes(self._odb.write(ObjectType.TREE, content).raw)
