"""Another pull request whose file ends a parser: it is not compared, and every other one is."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_confined import ENDS, HOSTILE_DOCUMENTS
from builders_repo import Repo

from aft.app.plan.collisions import find_collisions
from aft.app.workspace import Workspace
from aft.confined.confinement import Confinement
from aft.git.repository import open_repository

SHOP = "name: shop\nemail: aws+shop@example.com\nou: Sandbox\n"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Ours at HEAD, strangers' that are hostile, and at last a sound one."""
    repo = Repo.standard(tmp_path_factory.mktemp("others") / "repo")
    hostile = [(end, "account-requests/deep/bad.yaml") for end in ENDS]
    hostile.append(("CRASH", "account-requests/_defaults.yaml"))
    changes = {
        f"{number}": {path: f"reason: {end}\n", "account-requests/x.yaml": SHOP}
        for number, (end, path) in enumerate(hostile, start=1)
    }
    changes["9"] = {"account-requests/b.yaml": SHOP.replace("aws+shop", "b")}
    for name, files in changes.items():
        repo.git("checkout", "-q", "-b", f"pull-{name}", "main")
        for path, text in files.items():
            repo.write(path, text)
        repo.commit(f"Pull request {name}")
        repo.git("update-ref", f"refs/aft/pulls/{name}", "HEAD")
    repo.git("checkout", "-q", "-b", "ours", "main")
    repo.write("account-requests/shop.yaml", SHOP)
    repo.commit("Ask for a shop")
    return repo


def test_strangers_end_a_parser_and_our_check_goes_on(repo: Repo, tmp_path: Path) -> None:
    confinement = Confinement(HOSTILE_DOCUMENTS)
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    workspace = Workspace(
        open_repository(repo.root), environ, simulated=True, confinement=confinement
    )
    files = workspace.files("HEAD")
    loaded = workspace.load(files)
    assert loaded.findings == ()
    found, notes = find_collisions(workspace, files, loaded.state, "refs/aft/pulls/*")
    assert [note.partition(" ")[0] for note in notes] == ["#1", "#2", "#3", "#4", "#5"]
    assert all("ends the process that reads it" in note for note in notes)
    assert [item.code for item in found] == ["AFT342"]
    assert confinement.starts == len(notes) + 1
    confinement.close()
