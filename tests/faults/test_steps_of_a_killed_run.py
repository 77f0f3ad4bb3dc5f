"""A run that is killed takes the Python step it was waiting for along: else the next run would
begin the step a second time beside the first."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builders_faults import in_child
from builders_inside import facts
from builders_steps import step
from waiting import is_running, until, until_gone

from aft.customizations.model import StepInputs
from aft.runners.python.runner import PythonRunner
from aft.values.ids import AccountId

STEP = """\
import os, subprocess, threading
from pathlib import Path

def customize(context):
    helper = subprocess.Popen(["sleep", "infinity"])
    Path({pids!r} + ".new").write_text(f"{{os.getpid()}} {{helper.pid}}")
    Path({pids!r} + ".new").rename({pids!r})
    threading.Event().wait()
"""


class NoCalls:
    """A session for steps that call nothing."""

    account_id = AccountId("123456789012")
    home_region = "eu-central-1"

    def client(self, service: str, region: str | None = None) -> Any:
        raise AssertionError((service, region))

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def environment(self) -> Mapping[str, str]:
        return {}


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
        until(pids.exists, "the step runs")
        os.kill(watched, 9)
        os.waitpid(watched, 0)

    assert in_child(run) == 0
    left = [int(pid) for pid in pids.read_text().split()]
    try:
        until_gone(*left)
    finally:
        for pid in filter(is_running, left):
            os.kill(pid, 9)
