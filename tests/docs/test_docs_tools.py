"""The page about other tools: its boto3 program and aft itself, over the sandbox's HTTP server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from builders_repo import Repo
from docs_pages.generated import DOCS
from docs_pages.pages import blocks_of

from aft.sandbox.sandbox import Sandbox
from aft.sandbox.server import serve

PAGE = DOCS / "how-to" / "use-the-sandbox-with-other-tools.md"


def test_other_tools_and_aft_itself_reach_the_server(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    repo.request("shop")
    repo.commit("Ask")
    (program,) = (block.text for block in blocks_of(PAGE) if "boto3" in block.remarks)
    shown = next(block.text for block in blocks_of(PAGE) if "sandbox serve" in block.text)
    with (
        Sandbox.open(tmp_path / "served.state", real_time=True) as sandbox,
        serve(sandbox) as server,
    ):
        variables = dict(server.environment())
        assert [f"export {name}=" in shown for name in variables] == [True] * len(variables)
        repo.environ.update(variables)
        plan = repo.aft("plan", sandbox=False)
        assert plan.last_line.startswith("Plan: 1 to create"), plan.err
        applied = repo.aft("apply", "--yes", sandbox=False)
        assert applied.code == 0, applied.out + applied.err
        assert repo.aft("plan", sandbox=False).last_line.startswith("No changes. 1 account")
        listed = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert "shop ACTIVE" in listed.splitlines()
    assert "shop" in repo.git("log", "aft/ledger", "--format=%s")
