"""The runner of ``NN-name.sh`` steps, and of AFT's ``api_helpers/`` where there is no Terraform.

A script runs under ``bash -euo pipefail`` from a scratch folder, with the account's credentials and
AFT's variables. It leaves outputs as lines ``Name=value`` in ``$AFT_OUTPUTS``, and reads what a
template sees from the JSON file ``$AFT_INPUTS``. Removing it undoes nothing.

A helper of AFT runs by its own first line (else under bash), from the folder above, with the
packages of ``api_helpers/python/requirements.txt`` on its path: they are installed into a private
environment by a process that has no credentials.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from aft.customizations.code_changes import ComparesCode
from aft.customizations.model import (
    ALL_INPUTS,
    CustomizationStep,
    Outputs,
    StepFailed,
    StepFile,
    StepInputs,
    StepResult,
)
from aft.findings.model import Finding, SourceRef, few, finding_at
from aft.runners.process.child import run_child
from aft.runners.process.workdir import PROFILE, Bench, base_environment, step_bench
from aft.sessions import AccountSession

DEFAULT_TIMEOUT_SECONDS = 900
MAX_OUTPUTS = 64 * 1024
"""Characters of keys and values a step may leave: they are kept in git."""
_OUTPUT = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(.*)")
_ALWAYS = frozenset({"account_id", "home_region", "request_id"})
_FOREIGN = re.compile(rf"(?:--profile[= ]+|AWS_PROFILE=|profile_name\s*=\s*)[\"']?{PROFILE}\b")

PRE = "pre-api-helpers.sh"
POST = "post-api-helpers.sh"
INSTALL_SECONDS = 300.0
_FOLDER = "api_helpers"
_REQUIREMENTS = f"{_FOLDER}/python/requirements.txt"
_WHEELS = f"{_FOLDER}/python/wheels"
_MAX_SCRIPT = 1024 * 1024
_NAMES = re.compile(r"^[^\S\n]*[^#\s]", re.MULTILINE)


class ShellRunner(ComparesCode):
    """Carries out shell steps; their time limits count ``elapsed`` seconds."""

    kind: ClassVar[str] = "shell"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".sh",)
    folders: ClassVar[tuple[str, ...]] = ("api_helpers",)
    takes_secrets: ClassVar[bool] = True

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed

    def check(self, step: CustomizationStep) -> tuple[Finding, ...]:
        return tuple(
            finding for file in step.files for finding in few(check_script(file), file.path)
        )

    def uses(self, file: StepFile) -> frozenset[str]:
        return script_uses((file,))

    def folder_uses(self, files: tuple[StepFile, ...]) -> frozenset[str]:
        return script_uses(files)

    def run(
        self, step: CustomizationStep, inputs: StepInputs, session: AccountSession
    ) -> StepResult:
        timeout = step.timeout_seconds or DEFAULT_TIMEOUT_SECONDS
        with step_bench(step, inputs, session, timeout=timeout, elapsed=self._elapsed) as bench:
            if step.is_folder:
                for helper in (PRE, POST):
                    if has_helper(step, helper):
                        run_helper(bench, helper)
            else:
                end = bench.run(("bash", "-euo", "pipefail", str(bench.folder / step.name)))
                bench.check_end(end, step.file.path)
            return StepResult(outputs=left_outputs(bench), changed=True, log=bench.log)


def check_script(file: StepFile) -> Iterator[Finding]:
    """What is surely wrong with a script: its line ends, and profiles it cannot have."""
    if not file.path.endswith(".sh"):
        return
    text = file.content.decode(errors="replace")
    if "\r\n" in text:
        line = text[: text.index("\r\n")].count("\n") + 1
        message = "the script has Windows line ends, which bash takes for part of each command"
        source = SourceRef(file.path, line)
        yield finding_at("AFT614", source, message, "save it with LF line ends")
    yield from check_profiles(file, _FOREIGN)


def check_profiles(file: StepFile, pattern: re.Pattern[str]) -> Iterator[Finding]:
    """A finding where ``pattern`` matches; its first group is the profile."""
    for number, line in enumerate(file.content.decode(errors="replace").splitlines(), start=1):
        match = pattern.search(line)
        if match is not None and not line.lstrip().startswith(("#", "//")):
            message = f"profile {match[1]} has no credentials here: a customization gets those of "
            message += "its own account alone"
            hint = "use the profile aft-target, or none; read what other accounts made by "
            hint += "`depends_on` and outputs"
            source = SourceRef(file.path, number, match.start(1) + 1)
            yield finding_at("AFT642", source, message, hint)


def script_uses(files: tuple[StepFile, ...]) -> frozenset[str]:
    """The inputs that scripts may read, by the names of the variables in them."""
    text = b"\n".join(file.content for file in files)
    if b"AFT_INPUTS" in text:
        return ALL_INPUTS
    return _ALWAYS | ({"parameters"} if b"AFT_PARAMETER_" in text else frozenset())


def left_outputs(bench: Bench) -> Outputs:
    """What the scripts wrote to ``$AFT_OUTPUTS``. Raises ``StepFailed`` for what is no output."""
    left = bench.read(bench.place / "outputs", most=4 * MAX_OUTPUTS, name="$AFT_OUTPUTS")
    text = (left or b"").decode(errors="replace")
    if len(text) > MAX_OUTPUTS:
        raise bench.failed("", f"{len(text):,} characters of outputs; at most {MAX_OUTPUTS:,}")
    outputs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _OUTPUT.fullmatch(line)
        if match is not None:
            outputs[match[1]] = match[2]
        elif line.strip():
            hint = 'write lines such as: echo "BucketName=$name" >> "$AFT_OUTPUTS"'
            raise bench.failed("", f"line {number} of $AFT_OUTPUTS is no output", hint=hint)
    bench.check_outputs(outputs, "leave names and ids only")
    return outputs


# --- AFT's helpers ---


def has_helper(step: CustomizationStep, name: str) -> bool:
    """Whether the customization has this script."""
    return any(file.path == f"{step.folder}/{_FOLDER}/{name}" for file in step.support)


def run_helper(bench: Bench, name: str) -> None:
    """Run one script. Raises ``StepFailed`` when it ends badly."""
    script = bench.folder / _FOLDER / name
    path = f"{bench.step.folder}/{_FOLDER}/{name}"
    content = bench.read(script, most=_MAX_SCRIPT)  # the helper before it may have changed it
    if content is None:
        raise bench.failed(path, "a script before it removed it")
    has_first_line = content.startswith(b"#!")
    command = (str(script),) if has_first_line else ("bash", str(script))
    bench.note(f"{_FOLDER}/{name}")
    end = bench.run(command, more=_with_packages(bench))
    bench.check_end(end, path)


def _with_packages(bench: Bench) -> Mapping[str, str]:
    """Variables that put the packages on the path; installs them the first time."""
    requirements = bench.folder / _REQUIREMENTS
    content = bench.read(requirements, most=_MAX_SCRIPT) or b""
    if not _NAMES.search(content.decode(errors="replace")):
        return {}
    place = bench.place / "venv"
    if not place.exists():
        _install(bench, requirements, place)
    path = f"{place / 'bin'}{os.pathsep}{bench.environment['PATH']}"
    return {"VIRTUAL_ENV": str(place), "PATH": path}


def _install(bench: Bench, requirements: Path, place: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="install-home-", dir=bench.place))
    passed = ("PIP_", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
    own = {name: value for name, value in os.environ.items() if name.startswith(passed)}
    environment = {**base_environment(home), **own, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    passwords = re.findall(r"://[^/\s:@]{0,256}:([^@\s]{1,4096})@", "\n".join(own.values()))
    secrets = [*bench.secrets, *passwords]
    wheels = bench.folder / _WHEELS
    offline = ("--no-index", "--find-links", str(wheels)) if wheels.is_dir() else ()
    bench.note(f"installing {_REQUIREMENTS}")
    python = str(place / "bin" / "python")
    venv: tuple[str, ...] = (sys.executable, "-I", "-m", "venv")
    pip: tuple[str, ...] = (python, "-m", "pip")
    if importlib.util.find_spec("pip") is not None:  # seconds faster than a second pip
        venv = (*venv, "--without-pip")
        pip = (sys.executable, "-I", "-m", "pip", "--python", python)
    what = ("install", "--quiet", "--no-input", "--no-cache-dir", *offline, "-r", str(requirements))
    for command in ((*venv, str(place)), (*pip, *what)):
        try:
            end = run_child(
                command,
                cwd=requirements.parent,
                environment=environment,
                timeout=INSTALL_SECONDS,
                secrets=secrets,
            )
        except OSError as error:
            raise _cannot_install(bench, f": {error.strerror}") from error
        if end.exit_code or end.timed_out:
            ended = f" within {INSTALL_SECONDS:.0f} seconds" if end.timed_out else ""
            raise _cannot_install(bench, f"{ended}{end.tail}")


def _cannot_install(bench: Bench, why: str) -> StepFailed:
    return bench.failed(
        f"{bench.step.folder}/{_REQUIREMENTS}",
        f"its packages cannot be installed{why}",
        hint="let this machine reach a package index (PIP_INDEX_URL), or put wheels into "
        f"{_WHEELS}/, which then is the only source",
    )
