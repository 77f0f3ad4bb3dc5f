"""What lies in this repository's own .github/ and is made from its other files is current."""

from __future__ import annotations

import re
from pathlib import Path

from builders_repo import CONFIG, Repo

from aft.app.requests import form_of
from aft.app.workspace import Workspace
from aft.desired.codeowners import CODEOWNERS_PATH, codeowners
from aft.desired.issue_form import FORM_PATH
from aft.sandbox import Sandbox
from aft.scaffold.roles import READER_PATH, READER_ROLE, reader_template

ROOT = Path(__file__).parents[2]


def test_the_issue_form_is_current() -> None:
    assert (ROOT / FORM_PATH).read_text() == form_of(Workspace.find(ROOT))


def test_codeowners_is_current() -> None:
    workspace = Workspace.find(ROOT)
    text = codeowners(workspace.desired(workspace.files(None)))
    assert (ROOT / CODEOWNERS_PATH).read_text() == text, "run `aft github codeowners`"


def test_check_tells_what_is_not_current(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.write("aft.yaml", f"{CONFIG}github: {{platform_team: '@acme/platform'}}\n")
    for name, path in (("codeowners", CODEOWNERS_PATH), ("issue-form", FORM_PATH)):
        assert repo.aft("github", name, "--check").code == 3
        assert not (repo.root / path).exists(), "it only looks"
        assert repo.aft("github", name).code == 0
        assert repo.aft("github", name, "--check").code == 0
        (repo.root / path).write_text("old\n")
        assert repo.aft("github", name, "--check").code == 3
        assert (repo.root / path).read_text() == "old\n"


def test_the_sample_s_reader_role_is_the_one_that_init_writes() -> None:
    text = (ROOT / READER_PATH).read_text()
    with Sandbox.open(None) as sandbox:
        assert text == reader_template(READER_ROLE, sandbox.management_account_id)


NODE_24 = {
    "actions/cache": 5,
    "actions/checkout": 5,
    "actions/download-artifact": 7,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "aws-actions/configure-aws-credentials": 6,
    "hashicorp/setup-terraform": 4,
}
"""The first version of each action that runs on Node.js 24, as their action.yml says; GitHub's
runners have no older one since 2026-09."""
_USES = re.compile(r"uses: ([a-z-]+/[a-z-]+)(?:/[a-z]+)?@(\S+) # v([0-9]+)\.[0-9]+\.[0-9]+")


def test_actions_are_pinned_to_one_commit_that_still_runs() -> None:
    commits: dict[str, set[str]] = {}
    for path in (ROOT / ".github").rglob("*.yml"):
        for name, commit, major in _USES.findall(path.read_text()):
            assert int(major) >= NODE_24[name], f"{path.name}: {name}"
            commits.setdefault(name, set()).add(commit)
    assert commits.keys() == NODE_24.keys()
    assert all(len(found) == 1 for found in commits.values()), commits
    assert all(re.fullmatch("[0-9a-f]{40}", *found) for found in commits.values())
