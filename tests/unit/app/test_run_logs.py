from __future__ import annotations

import os
from pathlib import Path

from aft.app.apply.run_logs import RunLogs


def test_a_log_is_kept_for_its_user_alone_and_found_again(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path / "runs")
    logs.keep("words\n", run="r1", target="shop", step="web/10-a.sh")
    found = logs.find(run="r1", target="shop", step="web/10-a.sh")
    assert Path(found).read_text() == "words\n"
    assert Path(found).stat().st_mode & 0o077 == 0
    assert logs.find(run="r2", target="shop", step="web/10-a.sh") == ""
    assert logs.find(run="", target="shop", step="web/10-a.sh") == ""


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path / "runs")
    for name in ("../../etc", "..", "a/../../b"):
        logs.keep("x", run=name, target=name, step=name)
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}


def test_only_the_newest_runs_are_kept(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path)
    for number in range(5):
        logs.keep("x", run=f"r{number}", target="a", step="b/c")
        os.utime(tmp_path / f"r{number}", (number, number))
    logs.prune(keep=2)
    assert {path.name for path in tmp_path.iterdir()} == {"r3", "r4"}


def test_what_cannot_be_kept_fails_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    logs = RunLogs(tmp_path / "file")
    logs.keep("x", run="r", target="t", step="s")
    logs.prune()
    assert logs.find(run="r", target="t", step="s") == ""
