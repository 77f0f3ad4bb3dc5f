"""Steps: scripts in bash, actions, composite actions, and what each leaves for the next."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import actions
from .command_files import BadFile, CommandFiles
from .document import Broken, Step, action
from .evaluate import Scope
from .expressions import BadExpression
from .values import is_true, text

if TYPE_CHECKING:
    from .job import JobRun

_SHELLS = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
}
_PATIENCE = 300
"""Seconds after which a script is hung, whatever its own limit."""


@dataclass(frozen=True)
class _Frame:
    """Where a list of steps stands: the job itself, or a composite action in it."""

    job: JobRun
    shell: str = ""
    action_path: str = ""
    inputs: Mapping[str, Any] | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def scope(self, env: Mapping[str, str] | None = None) -> Scope:
        """What an expression here sees; ``env`` is the step's own."""
        more: dict[str, Any] = {"steps": self.results}
        if env is not None:
            more["env"] = {**self.job.env, **env}
        if self.inputs is not None:
            more["inputs"] = self.inputs
        return self.job.scope(more, action_path=self.action_path)


def run_all(job: JobRun, steps: Sequence[Step], *, default_shell: str = "") -> dict[str, Any]:
    """Run a job's steps; their results by id, those without one by number."""
    frame = _Frame(job, shell=default_shell)
    for number, step in enumerate(steps):
        _run(frame, step, step.id or f"__{number}")
    return frame.results


def _run(frame: _Frame, step: Step, key: str) -> None:
    """One step; a failure fails the job unless the step says otherwise."""
    job = frame.job
    job.log.begin_step(step.title)
    outputs: Mapping[str, str] = {}
    try:
        if not frame.scope().condition(step.condition):
            frame.results[key] = {"outcome": "skipped", "conclusion": "skipped", "outputs": {}}
            return
        outputs, outcome = _carry_out(frame, step)
    except (actions.Refused, Broken, BadExpression, BadFile) as error:
        job.log.complain(str(error))
        outcome = "failure"
    forgiven = is_true(frame.scope().filled(step.continue_on_error))
    conclusion = "success" if forgiven else outcome
    job.failed = job.failed or conclusion == "failure"
    frame.results[key] = {"outcome": outcome, "conclusion": conclusion, "outputs": dict(outputs)}


def _carry_out(frame: _Frame, step: Step) -> tuple[Mapping[str, str], str]:
    scope = frame.scope()
    env = {name: scope.text(value) for name, value in step.env.items()}
    if step.run is not None:
        return _script(frame, step, env)
    assert step.uses is not None
    given = {name: frame.scope(env).filled(value) for name, value in step.given.items()}
    if home := _home(frame.job, step.uses):
        return _composite(frame, *home, given)
    return actions.known(step.uses)(frame.job, given), "success"


def _script(frame: _Frame, step: Step, env: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    job = frame.job
    shell = step.shell or frame.shell
    if shell not in _SHELLS:
        raise actions.Refused(f"nothing here stands for the shell {shell}")
    folder = job.temp / f"_step_{len(list(job.temp.iterdir()))}"
    files = CommandFiles(folder)
    script = folder / "script.sh"
    scope = frame.scope(env)
    assert step.run is not None
    script.write_text(scope.text(step.run))
    where = job.workspace / scope.text(step.working_directory)
    more = {**env, **files.environ}
    if frame.action_path:
        more["GITHUB_ACTION_PATH"] = frame.action_path
    done = subprocess.run(
        [*_SHELLS[shell], str(script)],
        cwd=where,
        env=job.environ(more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PATIENCE,
        check=False,
    )
    job.log.output(done.stdout.decode(errors="replace"))
    written = files.read()
    job.env.update(written.env)
    job.path[:0] = reversed(written.path)
    job.summary += job.log.masked(written.summary)
    if done.returncode:
        job.log.complain(f"Process completed with exit code {done.returncode}.")
    return written.outputs, "failure" if done.returncode else "success"


def _home(job: JobRun, uses: str) -> tuple[Path, str] | None:
    """The repository that a composite action is in, and its path there; ``None`` for others."""
    if uses.startswith("./"):
        return job.workspace, uses[2:]
    if uses.startswith("$/"):
        return job.own_repository(), uses[2:]
    owner, name, *path = uses.partition("@")[0].split("/")
    found = job.hub.elsewhere.get(f"{owner}/{name}@{uses.partition('@')[2]}")
    return (found, "/".join(path)) if found and path else None


def _composite(
    frame: _Frame, home: Path, uses: str, given: Mapping[str, Any]
) -> tuple[Mapping[str, str], str]:
    job = frame.job
    folder = home / uses
    file = next(
        (folder / name for name in ("action.yml", "action.yaml") if (folder / name).is_file()), None
    )
    if file is None or not Path(file).resolve().is_relative_to(home.resolve()):
        raise actions.Refused(f"Can't find 'action.yml' under '{folder}'")
    found = action(file.read_text(), uses)
    if odd := given.keys() - found.inputs.keys():
        raise actions.Refused(f"{uses} has no input {', '.join(sorted(odd))}")
    scope = frame.scope()
    inputs = {
        name: text(given.get(name, scope.text(item.get("default", ""))))
        for name, item in found.inputs.items()
    }
    inner = _Frame(job, action_path=str(folder), inputs=inputs)
    failed_before, job.failed = job.failed, False
    for number, step in enumerate(found.steps):
        _run(inner, step, step.id or f"__{number}")
    failed, job.failed = job.failed, failed_before
    outer = inner.scope()
    outputs = {name: outer.text(item["value"]) for name, item in found.outputs.items()}
    return outputs, "failure" if failed else "success"
