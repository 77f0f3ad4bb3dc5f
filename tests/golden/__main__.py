"""``python -m tests.golden --record [STORY ...]``: write what aft says now as what is expected."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from .stories import STORIES
from .story import SCENARIOS, Story


def record(story: Story, folder: Path) -> None:
    for scenario in story.scenarios:
        shutil.rmtree(SCENARIOS / scenario.name, ignore_errors=True)
    for path, text in story.play(folder).items():
        file = SCENARIOS / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def main() -> None:
    if sys.argv[1:2] != ["--record"]:
        sys.exit(__doc__)
    only = set(sys.argv[2:])
    if unknown := only - {story.name for story in STORIES}:
        sys.exit(f"no such story: {', '.join(sorted(unknown))}")
    owned = {scenario.name for story in STORIES for scenario in story.scenarios}
    for folder in SCENARIOS.glob("*") if SCENARIOS.exists() else ():
        if folder.name not in owned:
            shutil.rmtree(folder)
    for story in STORIES:
        if only and story.name not in only:
            continue
        with tempfile.TemporaryDirectory() as name:
            isolate(Path(name) / "home")
            record(story, Path(name) / "world")
        print(f"recorded: {story.name}")


def isolate(home: Path) -> None:
    """As the tests are: nothing of this machine's user decides anything."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AFT_", "GITHUB_", "GIT_")) or name in ("NO_COLOR", "COLUMNS"):
            del os.environ[name]
    os.environ.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_STATE_HOME=str(home / "state"),
        GIT_CONFIG_GLOBAL=str(home / "gitconfig"),
        GIT_CONFIG_NOSYSTEM="1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=str(home / "aws-config"),
        AWS_SHARED_CREDENTIALS_FILE=str(home / "aws-credentials"),
    )


if __name__ == "__main__":
    main()
