"""``python -m schedules SEED``: one schedule again, every call in its order; exit 1 where something
is wrong afterwards."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from schedules.story import play, store_at


def main(seed: int) -> int:
    """Play and print."""
    with tempfile.TemporaryDirectory() as folder:
        played = play(seed, store_at(Path(folder) / "store.git"), seen=print)
    print(f"seed {seed}: {played.calls} calls, {played.digest[:12]}")
    for line in played.wrong:
        print(f"WRONG: {line}")
    return 1 if played.wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
