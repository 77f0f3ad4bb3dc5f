"""A run that is killed takes the Python step it was waiting for along: else the next run would
begin the step a second time beside the first."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_faults import in_child
from builders_inside import facts
from builders_steps import step

from aft.customizations.model import StepInputs
from aft.runners.python.runner import PythonRunner
from aft.values.ids import AccountId

STEP = """\
import os, subprocess, time
from pathlib import Path

def customize(context):
    helper = subprocess.Popen(["sleep", "60"])
    Path({pids!r} + ".new").write_text(f"{{os.getpid()}} {{helper.pid}}")
    Path({pids!r} + ".new").rename({pids!r})
    time.sleep(60)
"""


class NoCalls:
    """A session for steps that call nothing."""

    account_id = AccountId("123456789012")
    home_region = "eu-central-1"

    def client(self, service: str, region: str | None = None) -> Any:
        raise AssertionError((service, region))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def environment(self) -> Mapping[str, str]:
        return {}


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
def test_a_step_and_what_it_started_end_when_the_run_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    def run() -> None:
        runner = PythonRunner()
        made = step(runner, STEP.format(pids=str(pids)), name="10-step.py")
        watched = os.fork()
        if watched == 0:
            runner.run(made, StepInputs(account=facts(), outputs={}), NoCalls())
            os._exit(0)
        while not pids.exists():
            time.sleep(0.02)
        os.kill(watched, 9)
        os.waitpid(watched, 0)

    assert in_child(run) == 0
    left = [int(pid) for pid in pids.read_text().split()]
    try:
        ends = time.monotonic() + 10
        while any(map(is_running, left)) and time.monotonic() < ends:
            time.sleep(0.02)
        assert not any(map(is_running, left))
    finally:
        for pid in filter(is_running, left):
            os.kill(pid, 9)
