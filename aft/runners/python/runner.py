"""The runner of ``*.py`` steps: ``def customize(context)`` in a process of its own.

The child gets the step's files (from git, never from the checkout), its inputs, one account's
credentials, a time limit, and nothing else: no variables of this process, no home directory, no
repository. It is not a jail against hostile code, which reviewed steps are not: it keeps mistakes
and other accounts' credentials apart.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from aft.customizations.access import Access
from aft.customizations.model import (
    CustomizationStep,
    Outputs,
    StepFailed,
    StepFile,
    StepInputs,
    StepResult,
)
from aft.customizations.step_inputs_json import encode_inputs
from aft.findings.model import Finding
from aft.runners.process.child import ChildEnd, Pipe, masked, run_child
from aft.runners.process.exit_status import ending, tail
from aft.runners.process.workdir import SECRET_VARIABLES, base_environment, proxy_secrets
from aft.runners.python.source import check_source, inputs_used, names_read, timeout_of
from aft.sessions import AccountSession

_HINT = "fix the step; the next run starts it again"


class PythonRunner:
    """Carries out Python steps; their time limits count ``elapsed`` seconds."""

    kind: ClassVar[str] = "python"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".py",)

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return check_source(step.file.content, step.file.path)

    def uses(self, file: StepFile) -> frozenset[str]:
        return inputs_used(file.content, file.path)

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        return names_read(step.file.content, step.file.path)

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:  # noqa: ARG002 - protocol
        return None  # whatever customize() returns

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        credentials = dict(session.environment())
        secrets = [value for key in SECRET_VARIABLES if (value := credentials.get(key))]
        secrets += proxy_secrets(os.environ)
        timeout = timeout_of(step.file.content, step.file.path, step.timeout_seconds)
        with tempfile.TemporaryDirectory(prefix="aft-step-", ignore_cleanup_errors=True) as folder:
            place = Path(folder).resolve()
            file = _write_files(step, place / "step")
            home = place / "home"
            home.mkdir()
            end = self._run_host(
                file,
                inputs,
                cwd=home,
                environment={**base_environment(home), **credentials},
                timeout=timeout,
                secrets=secrets,
            )
        outputs = _outputs(step, end, timeout=timeout)
        return StepResult(outputs=outputs, changed=True, log=end.output)

    def _run_host(
        self,
        file: Path,
        inputs: StepInputs,
        *,
        cwd: Path,
        environment: Mapping[str, str],
        timeout: float,
        secrets: list[str],
    ) -> ChildEnd:
        read, write = os.pipe()
        order = {"step": str(file), "result_fd": write, "inputs": encode_inputs(inputs)}
        return run_child(
            # Isolated: no PYTHON* variables, no user site, no current directory on the path.
            (sys.executable, "-I", "-X", "utf8", "-m", "aft.runners.python.host"),
            order=json.dumps(order).encode(),
            cwd=cwd,
            environment=environment,
            answer=Pipe(read=read, write=write),
            timeout=timeout,
            secrets=secrets,
            elapsed=self._elapsed,
        )


def _write_files(step: CustomizationStep, folder: Path) -> Path:
    """The step and its support files below ``folder``, laid out as in the customization."""
    root = step.file.path.rsplit("/", 1)[0]
    for file in (step.file, *step.support):
        target = folder / file.path.removeprefix(f"{root}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    return folder / step.name


def _outputs(step: CustomizationStep, end: ChildEnd, *, timeout: float) -> Outputs:
    """What the step returned. Raises ``Terminal`` with the step's own reason."""
    path = step.file.path
    if end.timed_out:
        raise StepFailed(
            f"{path}: not done after {timeout:,.0f} seconds, so it was stopped{tail(end)}",
            hint="make it faster, or allow more: TIMEOUT_SECONDS = … at the top of the step",
            code="TimedOut",
            log=end.output,
        )
    try:
        result = json.loads(end.answer)
    except ValueError as error:
        raise StepFailed(
            f"{path}: the process ended ({ending(end.exit_code)}) before customize() "
            f"returned{tail(end)}",
            hint="let customize() return or raise, not end the process",
            log=end.output,
        ) from error
    problem = result.get("error")
    if problem is not None:
        raise StepFailed(
            f"{_place(step, problem)}: {masked(problem['message'], end.secrets)}",
            hint=_HINT,
            log=end.output,
        )
    outputs: dict[str, str] = result["outputs"]
    if any(secret in value for secret in end.secrets for value in outputs.values()):
        raise StepFailed(
            f"{path}: customize() returned a secret; outputs are kept in git",
            hint="return names and ids only",
            log=end.output,
        )
    return outputs


def _place(step: CustomizationStep, problem: Mapping[str, Any]) -> str:
    """``path:line`` in the repository of what went wrong."""
    root = step.file.path.rsplit("/", 1)[0]
    path = f"{root}/{problem['file']}" if problem.get("file") else step.file.path
    return f"{path}:{problem['line']}" if problem.get("line") else path
