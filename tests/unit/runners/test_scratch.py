"""Scratch folders of killed runs are removed by the next one; those in use are left alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import until_gone

from aft.runners.process.scratch import scratch_folder

HOLDER = """\
import subprocess, sys
from aft.runners.process.scratch import scratch_folder
with scratch_folder() as place:
    (place / "left.txt").write_text("of a step")
    step = subprocess.Popen(
        ["/bin/sh", "-c", "echo; kill -STOP $$"],
        env={"HOME": str(place / "home")},
        stdout=subprocess.PIPE,
    )
    step.stdout.read(1)  # only now its exec is over for certain, and /proc shows its HOME
    print(place, step.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextlib.contextmanager
def another_run(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A process that has a scratch folder, and in it a step that runs."""
    with subprocess.Popen(
        (sys.executable, "-c", HOLDER),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as run:
        assert run.stdout is not None
        place, step = run.stdout.readline().split()
        try:
            yield run, Path(place), int(step)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(step), 9)
            run.kill()


def test_a_folder_goes_when_its_step_ends(temporary: Path) -> None:
    with scratch_folder() as place:
        assert place.parent == temporary
        assert list((place / "home").iterdir()) == []
        assert place.stat().st_mode & 0o077 == 0
    assert list(temporary.iterdir()) == []


def test_a_folder_in_use_stays(temporary: Path) -> None:
    with another_run(temporary) as (_, theirs, step):
        os.kill(step, 9)
        with scratch_folder() as first, scratch_folder():
            assert first.is_dir()
            assert (theirs / "left.txt").is_file()


def test_the_folder_of_a_killed_run_goes_once_its_step_has_ended_too(temporary: Path) -> None:
    with another_run(temporary) as (run, theirs, step):
        run.kill()
        run.wait()
        with scratch_folder():
            assert (theirs / "left.txt").is_file(), "a step of the killed run still works there"
        os.kill(step, 9)
        until_gone(step)
        with scratch_folder():
            assert not theirs.exists()
