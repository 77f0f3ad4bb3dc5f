"""Other people's revisions beside ours: which refs match a pattern, and where they parted from us.

What others push is only ever compared and read as data, and no more of it than a bound: a tree can
be made so that its paths never end.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pygit2

from aft.errors import AftError, UserError
from aft.git import trees
from aft.git.errors import disk_errors
from aft.git.repository import Repository
from aft.values.ids import Revision

PULLS = "refs/aft/pulls/"
"""Where ``aft github pulls`` puts the heads of open pull requests."""

_UNREADABLE = (KeyError, ValueError, RecursionError, pygit2.GitError, AftError)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRevision:
    """``name`` is what people call it: ``#12``, or the branch. ``base`` is the last commit it has
    in common with ours; ``None`` when there is none."""

    name: str
    ref: str
    revision: Revision
    base: Revision | None


def other_revisions(repository: Repository, glob: str, ours: Revision) -> Iterator[OtherRevision]:
    """The refs that match ``glob`` (full names, such as ``refs/aft/pulls/*``), by name, but those
    that ours already contains: our own head, and what is merged. Raises ``UserError`` when ``glob``
    is no pattern for refs."""
    if not glob.startswith("refs/"):
        raise UserError(
            f"--against {glob}: expected full names of refs",
            hint="such as 'refs/aft/pulls/*' or 'refs/remotes/origin/*', in quotes",
        )
    handle = repository.handle
    with disk_errors("listing refs"):
        names = [name.decode(errors="backslashreplace") for name in handle.raw_listall_references()]
    here = repository.commit(ours).id
    for ref in sorted(fnmatch.filter(names, glob), key=_in_order):
        try:
            tip = handle.references[ref].peel(pygit2.Commit).id
            if tip == here or handle.descendant_of(here, tip):
                continue
            base = handle.merge_base(here, tip)
        except _UNREADABLE:
            continue  # points at no commit, or at one that is not here
        yield OtherRevision(
            name=_shown(ref),
            ref=ref,
            revision=Revision(str(tip)),
            base=None if base is None else Revision(str(base)),
        )


def changed_files(
    repository: Repository, old: Revision, new: Revision, prefix: str, *, most: int
) -> tuple[str, ...] | None:
    """Paths below ``prefix`` that differ, sorted; ``None`` when they are more than ``most``, or
    cannot be told."""
    odb, path = repository.handle.odb, prefix.encode()
    try:
        sides = [trees.find(odb, repository.commit(side).tree_id.raw, path) for side in (old, new)]
        found = list(islice(trees.changed(odb, sides[0], sides[1], path), most + 1))
    except _UNREADABLE:
        return None
    if len(found) > most:
        return None
    return tuple(sorted(trees.display_path(raw)[0] for raw in found))


def _in_order(ref: str) -> tuple[str, int, str]:
    """#9 before #10."""
    folder, _, last = ref.rpartition("/")
    return folder, int(last) if last.isdecimal() and last.isascii() else 0, last


def _shown(ref: str) -> str:
    number = ref.removeprefix(PULLS)
    if number != ref and number.isdecimal():
        return f"#{number}"
    for kind in ("refs/heads/", "refs/remotes/", "refs/tags/", "refs/"):
        if ref.startswith(kind):
            return ref.removeprefix(kind)
    return ref
