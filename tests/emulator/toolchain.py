"""The programs a runner has: the system's, and a python that installs the aft under test.

``setup-python`` would put an interpreter on the PATH, with which the composite action makes a
virtual environment and installs aft from locked packages. Here that interpreter is a script: it
knows exactly these command lines, refuses an installation without hashes, and puts ``aft`` (the
client of ``aft_server``) where pip would have put it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_PYTHON = r"""#!/bin/bash
# What setup-python installs, as far as the composite action needs it.
set -eu
refuse() { echo "the emulator's python does not know: $*" >&2; exit 97; }
[ "${1-}" = -I ] && [ "${2-}" = -m ] || refuse "$@"
case "$3 $4" in
  "venv --without-pip")
    mkdir -p "$5/bin" "$5/lib"
    cp "$0" "$5/bin/python"
    ;;
  "compileall -q") [ -d "${@: -1}" ] || refuse "$@" ;;
  "pip cache") echo "$HOME/.cache/pip" ;;
  "pip --python")
    where=$5
    [ "$6" = install ] || refuse "$@"
    hashes='' file='' target=''
    while [ $# -gt 0 ]; do
      case "$1" in
        --require-hashes) hashes=1 ;;
        --requirement) shift; file=$1 ;;
        --no-deps) target=last ;;
      esac
      last=$1
      shift
    done
    if [ -n "$target" ]; then
      grep -qx 'name = "aft"' "$last/pyproject.toml" || refuse "installing $last"
      echo "installed from $last" >> "$AFT_EMULATOR_INSTALLED"
      cp @CLIENT@ "$where/bin/aft"
    else
      [ -n "$hashes" ] || refuse "an installation without --require-hashes"
      grep -q -- '--hash=sha256:' "$file" || refuse "a lock without hashes"
    fi
    ;;
  *) refuse "$@" ;;
esac
"""

_CLIENT = """#!{python} -IS
import sys
sys.path.insert(0, {folder!r})
from aft_client import main
main({socket!r})
"""


class Toolchain:
    """A folder of programs below ``root``; ``socket`` is where ``aft_server`` listens."""

    def __init__(self, root: Path, socket: Path) -> None:
        self._root = root
        client = _program(
            root / "client" / "aft",
            _CLIENT.format(
                python=sys.executable, folder=str(Path(__file__).parent), socket=str(socket)
            ),
        )
        self.python = _program(
            root / "python" / "bin" / "python",
            _PYTHON.replace("@CLIENT@", shlex.quote(str(client))),
        ).parent
        self._installed = root / "installed"
        self._installed.touch()

    @property
    def environ(self) -> Mapping[str, str]:
        """What every step of every job has. No python and no aft: those are set up."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "AFT_EMULATOR_INSTALLED": str(self._installed),
            "GIT_CONFIG_NOSYSTEM": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def installations(self) -> list[str]:
        """Where aft was installed from, in order."""
        return self._installed.read_text().splitlines()


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)
    return path
