"""Nothing here installs aft from a package index: the name there is somebody else's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAME = r"""["'`]?aft(?:[-_]vending)?(?![-\w./@:])(?!\s*@)"""
_BARE = re.compile(
    rf"""\binstall(?:\s+-\S+)*\s+{_NAME}"""  # whoever installs, in prose too
    rf"""|\b(?:pip3?|pipx|uv|uvx)\s(?:[^\n|;&`#]*?[\s=])?{_NAME}"""
    rf"""|\b(?:dependencies|requires)\s*=\s*\[[^\]]*?["']aft(?:[-_]vending)?\b"""
    rf"""|^aft(?:[-_]vending)?(?:\[[^\]]*\])?\s*[=<>~!]=""",  # a line of requirements
    re.MULTILINE,
)


def bare(text: str) -> Iterator[str]:
    """The places of ``text`` that take aft from an index; lines that go on are one."""
    joined = re.sub(r"\\\n\s*", " ", text)
    yield from (found[0] for found in _BARE.finditer(joined))


def test_no_text_installs_aft_by_its_name_alone() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    own = str(Path(__file__).relative_to(ROOT))
    texts = {
        name: (ROOT / name).read_text(errors="replace")
        for name in files
        if name and name != own and (ROOT / name).is_file()
    }
    found = [(name, place) for name, text in texts.items() for place in bare(text)]
    assert found == [], "a checkout (`pip install .`) or a pinned commit of its repository"


@pytest.mark.parametrize(
    "text",
    [
        "pip install aft",
        "RUN pip install --no-cache-dir aft && useradd aft",
        "pip install 'aft[sandbox]'",
        'pip install "aft-vending[sandbox]==1.0"',
        "pip install --upgrade \\\n    aft",
        "python -m pip install boto3 aft",
        "pipx install aft",
        "pipx run aft plan",
        "uv tool install aft",
        "uv pip install aft==0.1.0",
        "uv add aft",
        "uvx aft plan",
        "uvx --from=aft aft",
        "Please install aft first",
        'dependencies = ["boto3", "aft"]',
        "aft==0.1.0 \\\n    --hash=sha256:00",
    ],
)
def test_a_bare_name_is_seen(text: str) -> None:
    assert list(bare(text))


@pytest.mark.parametrize(
    "text",
    [
        "pip install . && aft doctor",
        "pip install .   # in a clone of aft",
        "pip install '.[sandbox]'",
        "pip install 'git+https://github.com/your-org/aft@0123456789abcdef'",
        "pip install 'aft @ git+https://github.com/your-org/aft@0123456789abcdef'",
        "pip install --no-deps ./aft",
        'pip --python "$RUNNER_TEMP/aft" install --no-index "$ROOT"',
        "pip install ./acme-settings",
        "install aft-settings",
        "pip install -r /aft/.ci/run.lock",
    ],
)
def test_a_checkout_a_commit_and_other_names_are_fine(text: str) -> None:
    assert list(bare(text)) == []
