"""The runner of ``*.py`` steps: ``def customize(context)`` in a process of its own.

The child gets the step's files (from git, never from the checkout), its inputs, one account's
credentials, a time limit, and nothing else: no variables of this process, no home directory, no
repository. It is not a jail against hostile code, which reviewed steps are not: it keeps mistakes
and other accounts' credentials apart.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from aft.customizations.model import (
    CustomizationStep,
    Outputs,
    StepFile,
    StepInputs,
    StepResult,
)
from aft.customizations.step_inputs_json import encode_inputs
from aft.errors import Terminal
from aft.findings import Finding
from aft.runners.child import ChildEnd, masked, run_child
from aft.runners.python_source import check_source, inputs_used, timeout_of
from aft.sessions import AccountSession

_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID")
_LOG_LINES_SHOWN = 5
_HINT = "mend the step; the next run starts it again"


class PythonRunner:
    """Carries out Python steps."""

    kind: ClassVar[str] = "python"
    version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".py",)

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return check_source(step.file.content, step.file.path)

    def uses(self, file: StepFile) -> frozenset[str]:
        return inputs_used(file.content, file.path)

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        credentials = dict(session.environment())
        secrets = [value for key in _SECRET_VARIABLES if (value := credentials.get(key))]
        timeout = timeout_of(step.file.content, step.file.path)
        with tempfile.TemporaryDirectory(prefix="aft-step-", ignore_cleanup_errors=True) as folder:
            place = Path(folder).resolve()
            file = _write_files(step, place / "step")
            home = place / "home"
            home.mkdir()
            end = self._run_host(
                file,
                inputs,
                cwd=home,
                environment=_environment(home, credentials),
                timeout=timeout,
                secrets=secrets,
            )
        outputs = _outputs(step, end, timeout=timeout, secrets=secrets)
        return StepResult(outputs=outputs, changed=True, log=end.output)

    @staticmethod
    def _run_host(
        file: Path,
        inputs: StepInputs,
        *,
        cwd: Path,
        environment: Mapping[str, str],
        timeout: float,
        secrets: list[str],
    ) -> ChildEnd:
        answer_fd, answer_to = os.pipe()
        order = {
            "step": str(file),
            "result_fd": answer_to,
            "inputs": encode_inputs(inputs),
        }
        return run_child(
            # Isolated: no PYTHON* variables, no user site, no current directory on the path.
            (sys.executable, "-I", "-X", "utf8", "-m", "aft.customization_host"),
            order=json.dumps(order).encode(),
            cwd=cwd,
            environment=environment,
            answer_fd=answer_fd,
            answer_to=answer_to,
            timeout=timeout,
            secrets=secrets,
        )


def _environment(home: Path, credentials: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        # Without credentials of its own a client must fail, not find those of this machine.
        "AWS_EC2_METADATA_DISABLED": "true",
        **credentials,
    }


def _write_files(step: CustomizationStep, folder: Path) -> Path:
    """The step and its support files below ``folder``, laid out as in the customization."""
    root = step.file.path.rsplit("/", 1)[0]
    for file in (step.file, *step.support):
        target = folder / file.path.removeprefix(f"{root}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    return folder / step.name


def _outputs(
    step: CustomizationStep, end: ChildEnd, *, timeout: float, secrets: list[str]
) -> Outputs:
    """What the step returned. Raises ``Terminal`` with the step's own reason."""
    path = step.file.path
    if end.timed_out:
        raise Terminal(
            f"{path}: not done after {timeout:,.0f} seconds, so it was stopped{_tail(end)}",
            hint="make it faster, or allow more: TIMEOUT_SECONDS = … at the top of the step",
            code="TimedOut",
        )
    try:
        result = json.loads(end.answer)
    except ValueError as error:
        raise Terminal(
            f"{path}: the process ended ({_ending(end.exit_code)}) before customize() "
            f"returned{_tail(end)}",
            hint="let customize() return or raise, not end the process",
        ) from error
    problem = result.get("error")
    if problem is not None:
        raise Terminal(
            f"{_place(step, problem)}: {masked(problem['message'], secrets)}", hint=_HINT
        )
    outputs: dict[str, str] = result["outputs"]
    if any(secret in value for secret in secrets for value in outputs.values()):
        raise Terminal(
            f"{path}: customize() returned a credential; outputs are kept in git",
            hint="return names and ids only",
        )
    return outputs


def _place(step: CustomizationStep, problem: Mapping[str, Any]) -> str:
    """``path:line`` in the repository of what went wrong."""
    root = step.file.path.rsplit("/", 1)[0]
    path = f"{root}/{problem['file']}" if problem.get("file") else step.file.path
    return f"{path}:{problem['line']}" if problem.get("line") else path


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"killed by signal {-exit_code}"


def _tail(end: ChildEnd) -> str:
    lines = [line for line in end.output.splitlines() if line.strip()][-_LOG_LINES_SHOWN:]
    return f"; its last words: {' | '.join(lines)}" if lines else ""
