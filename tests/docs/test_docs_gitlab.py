"""The pipeline of docs/how-to/run-in-gitlab.md: its scripts, run by a shell against git and an API
that answers as GitLab's does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from builders_repo import Repo

PAGE = Path(__file__).parents[2] / "docs/how-to/run-in-gitlab.md"
MARK = "<!-- aft:plan -->"
HEAD = "refs/merge-requests/7/head"


def plan_job() -> dict[str, Any]:
    (text,) = re.findall("(?s)<!-- gitlab -->\\n```yaml\\n(.+?)```", PAGE.read_text())
    job: dict[str, Any] = yaml.safe_load(text)["plan"]
    return job


def shell(lines: list[str], where: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """As a runner does it: all lines in one shell that stops at the first that fails."""
    script = "set -eo pipefail\n" + "\n".join(lines)
    return subprocess.run(
        ["bash", "-c", script],
        cwd=where,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


# --- what merging gives -----------------------------------------------------------------------


def merged(repo: Repo, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The lines of the job before aft runs, in a clone of ``repo``."""
    clone = tmp_path / f"clone-{len(list(tmp_path.iterdir()))}"
    subprocess.run(["git", "clone", "-q", str(repo.root), str(clone)], check=True)
    lines = [line for line in plan_job()["script"] if line.startswith(("git ", "TREE="))]
    show = ["git ls-tree -r --name-only refs/aft/merge"]
    return shell([*lines, *show], clone, CI_DEFAULT_BRANCH="main", CI_MERGE_REQUEST_REF_PATH=HEAD)


def test_the_plan_is_of_what_merging_gives(tmp_path: Path) -> None:
    """The branch lacks what was merged since; an account of it must not look forgotten."""
    repo = Repo.standard(tmp_path / "repo")
    repo.git("checkout", "-q", "-b", "topic")
    repo.request("mine")
    repo.commit("Ask for mine")
    repo.git("update-ref", HEAD, "HEAD")
    repo.git("checkout", "-q", "main")
    repo.request("other-dev")
    repo.commit("Ask for another, merged meanwhile")
    done = merged(repo, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "account-requests/mine.yaml" in done.stdout
    assert "account-requests/other-dev.yaml" in done.stdout

    repo.request("mine", ou="Sandbox")
    repo.commit("The same file, otherwise")
    done = merged(repo, tmp_path)
    assert done.returncode == 1
    assert "account-requests/mine.yaml" in done.stdout, "the conflict is named"


# --- the note ---------------------------------------------------------------------------------


class GitLab(ThreadingHTTPServer):
    """The notes of one merge request. Others may write some, and only change their own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.notes: list[dict[str, Any]] = []


class _Api(BaseHTTPRequestHandler):
    server: GitLab

    def do_GET(self) -> None:
        is_user = self.path == "/api/v4/user"
        self._send(200, {"username": "aft-bot"} if is_user else self.server.notes)

    def do_POST(self) -> None:
        note = {"id": len(self.server.notes) + 1, "author": {"username": "aft-bot"}, **self._body()}
        self.server.notes.append(note)
        self._send(201, note)

    def do_PUT(self) -> None:
        note = self.server.notes[int(self.path.rpartition("/")[2]) - 1]
        is_own = note["author"]["username"] == "aft-bot"
        if is_own:
            note.update(self._body())
        self._send(200 if is_own else 403, note)

    def _body(self) -> dict[str, Any]:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        found: dict[str, Any] = json.loads(content)
        return found

    def _send(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_there_is_one_note_that_is_kept_up_to_date(tmp_path: Path) -> None:
    report = tmp_path / "report"
    with gitlab() as server:
        others = {"id": 1, "author": {"username": "mallory"}, "body": f"{MARK}\nAll is well."}
        server.notes.append(others)

        def end() -> None:
            done = shell(
                plan_job()["after_script"],
                tmp_path,
                CI_API_V4_URL=f"http://127.0.0.1:{server.server_port}/api/v4",
                CI_PROJECT_ID="3",
                CI_MERGE_REQUEST_IID="7",
                CI_JOB_URL="https://gitlab.test/jobs/9",
                AFT_NOTE_TOKEN="glpat-x",
            )
            assert done.returncode == 0, done.stderr

        end()
        assert server.notes[1]["body"] == f"{MARK}\nThe plan failed: https://gitlab.test/jobs/9\n"
        (report / "comment.md").write_text('1 to create "x" $(y)\n')
        end()
        assert len(server.notes) == 2
        assert server.notes[1]["body"] == f'{MARK}\n1 to create "x" $(y)\n'
        assert server.notes[0] == others
