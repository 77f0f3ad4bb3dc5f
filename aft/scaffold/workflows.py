"""The workflows a repository gets: this project's own files, but for where aft comes from."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

WORKFLOWS = ("plan.yml", "preview.yml", "apply.yml", "drift.yml", "request.yml")
OWN_ACTION = "$/.github/actions/aft"
"""How this project's workflows name its action: that of the repository they run in."""


def shipped(path: str) -> Traversable:
    """A file of ``.github/``: next to this module in a wheel, at the top of the source tree in an
    editable install."""
    packaged = files("aft.scaffold").joinpath("github", *path.split("/"))
    if packaged.is_file():
        return packaged
    return Path(__file__).parents[2].joinpath(".github", *path.split("/"))


def workflow_text(name: str, action: str) -> str:
    """The workflow with aft from ``action`` (``OWNER/REPO@COMMIT``): the one difference there is
    between a repository's workflows and ours."""
    repository, _, commit = action.partition("@")
    text = shipped(f"workflows/{name}").read_text(encoding="utf-8")
    return text.replace(OWN_ACTION, f"{repository}/.github/actions/aft@{commit}")


def workflow_files(action: str) -> dict[str, str]:
    """Every workflow by its path in the repository, and what keeps their actions up to date."""
    found = {f".github/workflows/{name}": workflow_text(name, action) for name in WORKFLOWS}
    return {**found, DEPENDABOT_PATH: _DEPENDABOT}


DEPENDABOT_PATH = ".github/dependabot.yml"
_DEPENDABOT = """\
# New versions of the actions in the workflows arrive as pull requests, still pinned to a commit.
version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
    groups:
      actions:
        patterns: ["*"]
"""
