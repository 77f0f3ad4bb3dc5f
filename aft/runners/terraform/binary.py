"""The user's own ``terraform`` or ``tofu``: finding it, and comparing its version."""

from __future__ import annotations

import functools
import json
import operator
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aft.customizations.options import TerraformOptions
from aft.errors import Terminal
from aft.runners.process.workdir import base_environment

_CONSTRAINT = re.compile(r"\s*(>=|<=|!=|~>|>|<|=)?\s*v?([0-9]+(?:\.[0-9]+){0,2})\s*")
_TESTS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformBinary:
    """``version`` is ``(1, 11, 4)``; ``text`` as the tool writes it."""

    path: str
    name: str
    version: tuple[int, ...]
    text: str


def find_binary(options: TerraformOptions) -> TerraformBinary:
    """The tool to use. Raises ``Terminal`` when it is missing, or of another version."""
    names = (options.binary,) if options.binary else ("terraform", "tofu")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        wanted = " or ".join(names)
        raise Terminal(
            f"there is no {wanted} on this machine, and the customization needs it",
            hint="install Terraform or OpenTofu where aft runs, or name its file as "
            "`terraform.binary` in aft.yaml",
            code="NoTerraform",
        )
    binary = _version_of(path)
    if options.version and not satisfies(binary.version, options.version):
        raise Terminal(
            f"{path} is {binary.name} {binary.text}, and aft.yaml asks for {options.version}",
            hint="install another version, or change `terraform.version` in aft.yaml",
            code="TerraformVersion",
        )
    return binary


def satisfies(version: tuple[int, ...], constraint: str) -> bool:
    """Whether a version fulfils ``>= 1.6, < 2`` or ``~> 1.11``. Raises ``ValueError``."""
    return all(_holds(version, part) for part in constraint.split(","))


def _holds(version: tuple[int, ...], part: str) -> bool:
    match = _CONSTRAINT.fullmatch(part)
    if match is None:
        raise ValueError(f"{part.strip()!r} is no version constraint: expected such as '>= 1.6'")
    numbers = tuple(map(int, match[2].split(".")))
    wanted = (*numbers, *(0,) * (3 - len(numbers)))
    if match[1] == "~>":  # only the last number written may grow
        kept = numbers[:-1]
        return wanted <= version and version[: len(kept)] == kept
    return _TESTS[match[1] or "="](version, wanted)


@functools.cache  # one answer per file and run of aft
def _version_of(path: str) -> TerraformBinary:
    with tempfile.TemporaryDirectory(prefix="aft-terraform-") as folder:
        environment = {**base_environment(Path(folder)), "CHECKPOINT_DISABLE": "1"}
        try:
            done = subprocess.run(
                (path, "version", "-json"),
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=60,
                check=True,
            )
            text = str(json.loads(done.stdout)["terraform_version"])
            numbers = tuple(int(part) for part in text.partition("-")[0].split("."))
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            raise Terminal(
                f"{path} does not report its version ({type(error).__name__})",
                hint="expected a terraform or tofu binary",
                code="NoTerraform",
            ) from error
    name = "OpenTofu" if "tofu" in Path(path).name else "Terraform"
    return TerraformBinary(path=path, name=name, version=numbers, text=text)
