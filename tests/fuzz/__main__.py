"""``python -m tests.fuzz --seconds 60``: coverage-guided fuzzing of the readers, by atheris.

Exit 1 when a reader raised what its contract does not have; the inputs are then in ``--keep``,
one for each place in the code. An input that takes ten seconds or two gigabytes ends the run, and
libFuzzer's exit code is that of the command. The first byte of an input chooses the reader.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTRUMENTED = ["aft", "yaml", "jinja2"]


def main() -> int:
    """Fuzz in a process of its own, as libFuzzer ends the one that it runs in."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--corpus", type=Path, help="kept from one run to the next")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        _fuzz(options)
    options.keep.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz", "--inside", *sys.argv[1:]]
    done = subprocess.run(command, cwd=ROOT, check=False)
    found = sorted(options.keep.iterdir())
    for path in found:
        print(f"found: {path}")
    return done.returncode or bool(found)


def _fuzz(options: argparse.Namespace) -> None:
    atheris = importlib.import_module("atheris")  # installed by `make faults` alone

    sys.path.insert(0, str(ROOT / "tests"))
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.targets import TARGETS, Target  # noqa: PLC0415 - instrumented

    names = options.target or sorted(TARGETS)
    targets = [TARGETS[name] for name in names]
    seen: set[str] = set()

    def read(data: bytes) -> None:
        if not data:
            return
        number = data[0] % len(targets)
        target: Target = targets[number]
        try:
            target.read(data[1:])
        except target.allowed:
            pass
        except Exception as error:  # what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            last = ([frame for frame in frames if "/aft/" in frame.filename] or list(frames))[-1]
            place = f"{type(error).__name__} {last.filename}:{last.lineno}"
            if place not in seen:
                seen.add(place)
                digest = hashlib.sha256(place.encode()).hexdigest()[:8]
                (options.keep / f"{names[number]}-{digest}").write_bytes(data[1:])
                print(f"{names[number]}: {place}: {str(error)[:200]!r}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or Path(folder) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        words = Path(folder) / "words"
        words.write_text(
            "".join(f'"{_escaped(word)}"\n' for item in targets for word in item.words)
        )
        for number, target in enumerate(targets):
            for at, seed in enumerate(target.seeds()):
                (corpus / f"seed-{number}-{at}").write_bytes(bytes([number]) + seed)
        atheris.Setup([sys.argv[0], *_flags(options, words), str(corpus)], read)
        atheris.Fuzz()


def _flags(options: argparse.Namespace, words: Path) -> Sequence[str]:
    return (
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-dict={words}",
        f"-artifact_prefix={options.keep}/stopped-",
        "-max_len=2048",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    )


def _escaped(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in plain)


if __name__ == "__main__":
    sys.exit(main())
