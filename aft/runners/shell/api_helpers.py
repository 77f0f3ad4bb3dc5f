"""AFT's ``api_helpers``: scripts around Terraform, and the Python packages they need.

As in AFT a script runs by its own first line (else under bash), from the folder above, with the
packages of ``api_helpers/python/requirements.txt`` on its path. Packages are installed into a
private environment by a process that has no credentials, and only when the file names any.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from aft.customizations.model import CustomizationStep, StepFailed
from aft.runners.process.child import run_child
from aft.runners.process.workdir import Bench, base_environment

PRE = "pre-api-helpers.sh"
POST = "post-api-helpers.sh"
INSTALL_SECONDS = 300.0
_FOLDER = "api_helpers"
_REQUIREMENTS = f"{_FOLDER}/python/requirements.txt"
_WHEELS = f"{_FOLDER}/python/wheels"
_NAMES = re.compile(r"^\s*[^#\s]", re.MULTILINE)


def has_helper(step: CustomizationStep, name: str) -> bool:
    """Whether the customization has this script."""
    return any(file.path == f"{step.folder}/{_FOLDER}/{name}" for file in step.support)


def run_helper(bench: Bench, name: str) -> None:
    """Run one script. Raises ``StepFailed`` when it ends badly."""
    script = bench.folder / _FOLDER / name
    script.chmod(0o700)
    has_first_line = script.read_bytes().startswith(b"#!")
    command = (str(script),) if has_first_line else ("bash", str(script))
    bench.note(f"{_FOLDER}/{name}")
    end = bench.run(command, more=_with_packages(bench))
    bench.check_end(end, f"{bench.step.folder}/{_FOLDER}/{name}")


def _with_packages(bench: Bench) -> Mapping[str, str]:
    """Variables that put the packages on the path; installs them the first time."""
    requirements = bench.folder / _REQUIREMENTS
    if not requirements.is_file() or not _NAMES.search(requirements.read_text(errors="replace")):
        return {}
    place = bench.place / "venv"
    if not place.exists():
        _install(bench, requirements, place)
    path = f"{place / 'bin'}{os.pathsep}{bench.environment['PATH']}"
    return {"VIRTUAL_ENV": str(place), "PATH": path}


def _install(bench: Bench, requirements: Path, place: Path) -> None:
    home = bench.place / "install-home"
    home.mkdir()
    passed = ("PIP_", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")
    own = {name: value for name, value in os.environ.items() if name.startswith(passed)}
    environment = {**base_environment(home), **own, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    passwords = re.findall(r"://[^/\s:@]*:([^@\s]+)@", "\n".join(own.values()))
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
