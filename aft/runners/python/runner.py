"""The runner of ``*.py`` steps: ``def customize(context)`` in its own process.

The child gets the step's files (from git, never from the checkout), its inputs, a way to one
account's credentials, a time limit, and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from aft.customizations.code_changes import ComparesCode
from aft.customizations.model import (
    Access,
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
from aft.runners.process.credentials import step_credentials
from aft.runners.process.scratch import scratch_folder
from aft.runners.process.workdir import (
    base_environment,
    proxy_passwords,
    secret_texts,
    write_files,
)
from aft.runners.python.source import check_source, inputs_used, names_read, timeout_of
from aft.sessions import AccountSession


class PythonRunner(ComparesCode):
    """Carries out Python steps; their time limits count ``elapsed`` seconds."""

    kind: ClassVar[str] = "python"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".py",)
    takes_secrets: ClassVar[bool] = True

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return check_source(step.file.content, step.file.path)

    def uses(self, file: StepFile) -> frozenset[str]:
        return inputs_used(file.content, file.path)

    def reads(self, step: CustomizationStep) -> tuple[Access, ...]:
        return names_read(step.file.content, step.file.path)

    def declares(self, step: CustomizationStep) -> frozenset[str] | None:  # noqa: ARG002 - protocol
        return None  # any result of customize()

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        timeout = timeout_of(step.file.content, step.file.path, step.timeout_seconds)
        with step_credentials(session) as credentials, scratch_folder() as place:
            credentials.secrets.extend((*proxy_passwords(), *secret_texts(inputs.secrets)))
            files, home = place / "step", place / "home"
            write_files(step, files)
            read, write = os.pipe()
            order = {
                "step": str(files / step.name),
                "result_fd": write,
                "inputs": encode_inputs(inputs),
            }
            end = run_child(
                # Isolated: no PYTHON* variables, no user site, no current directory on the path.
                (sys.executable, "-I", "-X", "utf8", "-m", "aft.runners.python.host"),
                order=json.dumps(order).encode(),
                cwd=home,
                environment={
                    **inputs.secrets,
                    **base_environment(home),
                    **credentials.environment,
                },
                answer=Pipe(read=read, write=write),
                timeout=timeout,
                secrets=credentials.secrets,
                elapsed=self._elapsed,
            )
        outputs = _outputs(step, end, timeout=timeout)
        return StepResult(outputs=outputs, changed=True, log=end.output)


def _outputs(step: CustomizationStep, end: ChildEnd, *, timeout: float) -> Outputs:
    """What the step returned. Raises ``StepFailed`` with the step's own reason."""

    def failed(
        message: str, *, place: str = step.file.path, hint: str, code: str = ""
    ) -> StepFailed:
        return StepFailed(f"{place}: {message}", hint=hint, code=code, log=end.output)

    if end.timed_out:
        raise failed(
            f"not done after {timeout:,.0f} seconds, so it was stopped{end.tail}",
            hint="make it faster, or allow more: TIMEOUT_SECONDS = … at the top of the step",
            code="TimedOut",
        )
    result = _answer(end.answer)
    if result is None:
        raise failed(
            f"the process ended ({end.how}) before customize() returned{end.tail}",
            hint="let customize() return or raise, not end the process",
        )
    problem = result.get("error")
    if problem is not None:
        raise failed(
            masked(problem["message"], end.secrets),
            place=_place(step, problem),
            hint="fix the step; the next run starts it again",
        )
    outputs: dict[str, str] = result["outputs"]
    if any(secret in text for secret in end.secrets for it in outputs.items() for text in it):
        raise failed(
            "customize() returned a secret; outputs are kept in git",
            hint="return names and ids only",
        )
    return outputs


def _answer(text: bytes) -> Mapping[str, Any] | None:
    """What the step's process said, in a form that aft's own program for it uses; a step can write
    anything to the same descriptor."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    problem, outputs = found.get("error"), found.get("outputs")
    if problem is None:
        is_known = isinstance(outputs, dict) and all(isinstance(v, str) for v in outputs.values())
    else:
        is_known = isinstance(problem, dict) and isinstance(problem.get("message"), str)
    return found if is_known else None


def _place(step: CustomizationStep, problem: Mapping[str, Any]) -> str:
    """``path:line`` in the repository of what went wrong."""
    path = f"{step.folder}/{problem['file']}" if problem.get("file") else step.file.path
    return f"{path}:{problem['line']}" if problem.get("line") else path
