"""``make docs``: bring docs/ up to date with the code."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from .generated import DOCS, fresh_file, generated_files


def main() -> None:
    for path in generated_files():
        text = fresh_file(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"rewritten: {path.relative_to(DOCS.parent)}")
    if "--record" in sys.argv:
        from .play import record  # noqa: PLC0415 - needs the sandbox, which --record alone does

        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(XDG_STATE_HOME=folder, XDG_CACHE_HOME=folder, HOME=folder)
            only = [Path(name).resolve() for name in sys.argv[1:] if not name.startswith("-")]
            for path in record(Path(folder), only=only):
                print(f"recorded: {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
