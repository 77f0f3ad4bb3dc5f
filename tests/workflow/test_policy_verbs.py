"""``aft policy``: with files and lines of any kind."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders_repo import Repo, Result

BAD = b"""{
\t"Version": "2012-10-17",
\t"Statement": [
\t\t{"Effect": "Deny", "Action": "i*:DeleteRole", "Resource": "*"}
\t]
}
"""
GOOD = (
    b'{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}'
)


def started(*arguments: str, stdin: bytes = b"", cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """``aft`` as a process, which has a standard input."""
    return subprocess.run(
        [sys.executable, "-m", "aft", *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        check=False,
    )


def policy(folder: Path, *arguments: str) -> Result:
    """``aft policy`` in this process, with ``folder`` as the current directory."""
    with contextlib.chdir(folder):
        return Repo(folder).aft("policy", *arguments, sandbox=False)


def test_lines_of_any_kind_are_answered(tmp_path: Path) -> None:
    case = {
        "id": 1,
        "levels": [{"id": "111122223333", "scps": [{"name": "p", "policy": json.loads(GOOD)}]}],
        "request": {"principal": "arn:aws:iam::111122223333:role/a", "action": "s3:Get"},
    }
    lines = b"\xff\xfe\n" + b"{\n" + json.dumps(case).encode() + b"\n"
    done = started("policy", "eval", stdin=lines, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item.get("decision") for item in answers] == [None, None, "denied"]
    (tmp_path / "cases.jsonl").write_bytes(lines)
    read = policy(tmp_path, "eval", "cases.jsonl")
    assert read.out.encode() == done.stdout


def test_a_file_is_checked_outside_of_any_repository(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(BAD)
    (tmp_path / "good.json").write_bytes(GOOD)
    done = policy(tmp_path, "check", "bad.json")
    assert done.code == 3
    assert done.out.startswith("bad.json:4:32: AFT426 'i*:DeleteRole' is no action (write ")
    done = policy(tmp_path, "check", "good.json", "--type", "scp")
    assert (done.code, done.out) == (0, "1 policy checked: no findings.\n")
    found = policy(tmp_path, "check", "good.json", "--type", "rcp", "--format", "json").data[
        "findings"
    ]
    assert [item["code"] for item in found] == ["AFT423"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "AFT107"),
        (b"[1]", "AFT107"),
        (b"{", "AFT101"),
        (b"\xff", "AFT109"),
        (b'{"Version": 1, "Version": 2}', "AFT103"),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "AFT112"),
    ],
)
def test_files_that_hold_no_policy(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "p.json").write_bytes(content)
    done = policy(tmp_path, "check", "p.json")
    assert done.code == 3
    assert code in done.out
    assert "Traceback" not in done.err


def test_an_unknown_type_is_said(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_bytes(GOOD)
    done = policy(tmp_path, "check", "p.json", "--type", "SERVICE_CONTROL")
    assert done.code == 1
    assert "SERVICE_CONTROL_POLICY" in done.err


def test_limits_of_the_repository_go_before_those_aft_knows(tmp_path: Path) -> None:
    repo = Repo.standard(tmp_path / "repo")
    path = repo.root / "long.json"
    path.write_bytes(GOOD)
    repo.write(
        "aft.yaml",
        "home_region: eu-central-1\n"
        "policies:\n  limits:\n    SERVICE_CONTROL_POLICY: {characters: 50}\n    NEXT_POLICY: {}\n",
    )
    result = repo.aft("policy", "check", str(path))
    assert result.code == 3
    assert "AFT433" in result.out
    assert "may have 50" in result.out
    assert "AFT735" in repo.aft("validate").out
