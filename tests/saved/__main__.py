"""``cd tests && python -m saved VERSION``: save the organizations with the code of today."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from golden.__main__ import isolate
from golden.driver import World

from .calls import Call, recording
from .organization import EXPECTED, NEXT, PLAN, SAVED, Saved, expected_of, save
from .organizations import ORGANIZATIONS, Organization


def make(organization: Organization, folder: Path, root: Path) -> None:
    """Play the story, save what it came to, then load it again and ask for the pinned plan."""
    world = World(root / "made")
    calls: list[Call] = []
    with recording(calls):
        for scenario in organization.scenarios:
            scenario.play(world, root)
    world.an_hour_later()
    expected = expected_of(world)
    world.git("switch", "--quiet", "--create", NEXT)
    world.write(organization.next_files)
    world.commit("What comes next")
    world.git("switch", "--quiet", "main")
    save(world, calls, folder)
    (folder / EXPECTED).write_text(_text(expected), encoding="utf-8")
    loaded = Saved(folder).load(root / "loaded")
    assert expected_of(loaded) == expected, "what was saved is not what is loaded"
    loaded.git("switch", "--quiet", NEXT)
    code, _, err = loaded.run("plan", "--out", str(folder / PLAN))
    assert code == 0, err


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for organization in ORGANIZATIONS:
        with tempfile.TemporaryDirectory() as name:
            isolate(Path(name) / "home")
            make(organization, SAVED / sys.argv[1] / organization.name, Path(name))
        print(f"saved: {organization.name}")


if __name__ == "__main__":
    main()
