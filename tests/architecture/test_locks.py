"""What the composite action installs is locked, and is what the tests ran with."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(_PIN.findall((ROOT / ".ci" / name).read_text()))


def test_the_run_lock_is_a_part_of_the_lock_of_the_tests() -> None:
    assert pins("run.lock").items() <= pins("requirements.lock").items()


def test_the_run_lock_has_what_aft_needs_and_builds_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needs = [*project["dependencies"], *extras["build"], *extras["signing"]]
    names = {re.split(r"[<>=!~\[; ]", item)[0].lower() for item in needs}
    assert names <= {name.lower() for name in pins("run.lock")}
    assert "moto" not in pins("run.lock"), "no mock in production"


def test_every_pin_has_hashes_and_no_index_is_named() -> None:
    for name in ("run.lock", "requirements.lock"):
        text = (ROOT / ".ci" / name).read_text()
        assert "://" not in text
        blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in block for block in blocks if block.strip())
