"""Other people's refs: which count, in which order, and never more of them than a bound."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from builders_git import Clone

from aft.errors import UserError
from aft.git.history import changed_files, other_revisions
from aft.values.ids import Revision


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "clone")
    clone.commit(files={"account-requests/a.yaml": "name: a\n"})
    return clone


def ref(clone: Clone, name: str, commit: str) -> None:
    clone.git("update-ref", f"refs/aft/{name}", commit)


def names(clone: Clone, glob: str = "refs/aft/*") -> list[str]:
    ours = Revision(clone.git("rev-parse", "main"))
    return [item.name for item in other_revisions(clone.repository, glob, ours)]


def test_names_order_and_what_is_skipped(clone: Clone) -> None:
    base = clone.git("rev-parse", "main")
    side = clone.commit_object(clone.git("rev-parse", "main^{tree}"), base, "side")
    for name in ("pulls/10", "pulls/9", "pulls/x", "other"):
        ref(clone, name, side)
    ref(clone, "pulls/1", base)
    clone.commit("ours")
    ref(clone, "pulls/2", clone.git("rev-parse", "main"))
    ref(clone, "pulls/3", clone.git("rev-parse", "main^{tree}"))
    assert names(clone, "refs/aft/pulls/*") == ["aft/pulls/x", "#9", "#10"]
    assert "aft/other" in names(clone)
    found = other_revisions(
        clone.repository, "refs/aft/pulls/9", Revision(clone.git("rev-parse", "main"))
    )
    assert [(item.revision, item.base) for item in found] == [(side, base)]


def test_a_pattern_names_refs_in_full(clone: Clone) -> None:
    with pytest.raises(UserError, match="full names"):
        names(clone, "pulls/*")


def test_a_tree_without_end_is_not_walked(clone: Clone) -> None:
    """Ten trees in ten trees in ten trees …: ten thousand million paths in a kilobyte."""
    blob = clone.git("hash-object", "-w", "--", str(clone.write("x.yaml", "name: x\n")))
    tree = _tree(clone, "".join(f"100644 blob {blob}\t{n}.yaml\n" for n in range(10)))
    for _ in range(9):
        tree = _tree(clone, "".join(f"040000 tree {tree}\t{n}\n" for n in range(10)))
    top = _tree(clone, f"040000 tree {tree}\taccount-requests\n")
    base = Revision(clone.git("rev-parse", "main"))
    bomb = Revision(clone.commit_object(top, base, "bomb"))
    found = changed_files(clone.repository, base, bomb, "account-requests", most=100)
    assert found is None


def test_what_is_not_here_cannot_be_told(clone: Clone) -> None:
    base = Revision(clone.git("rev-parse", "main"))
    assert changed_files(clone.repository, base, Revision("f" * 40), "", most=9) is None


def _tree(clone: Clone, text: str) -> str:
    done = subprocess.run(
        ["git", "-C", clone.path, "mktree"], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
