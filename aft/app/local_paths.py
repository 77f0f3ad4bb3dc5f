"""Where aft keeps things on this machine: caches and the sandbox's state, never in the repository.

Follows the XDG base directories. Both are keyed by the repository's path, so that two clones do
not share a simulated organization.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

STATE_VARIABLE = "AFT_SANDBOX_STATE"
"""Names another file for the simulated organization, such as one shared by several clones."""


def _key(repository: Path) -> str:
    return hashlib.sha256(os.fsencode(repository.resolve())).hexdigest()[:16]


def _cache(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aft"


def _state(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "aft"


def parse_cache(repository: Path, environ: Mapping[str, str]) -> Path:
    """The file of parsed requests, keyed by blob id; may be deleted at any time."""
    return _cache(environ) / "parsed" / _key(repository)


def answers_cache(repository: Path, environ: Mapping[str, str]) -> Path:
    """The file of what the process apart said of other files; may be deleted at any time."""
    return _cache(environ) / "answers" / _key(repository)


def ledger_cache(repository: Path, environ: Mapping[str, str], *, simulated: bool) -> Path:
    """The file of the ledger's records, keyed by tree id; may be deleted at any time."""
    name = _key(repository) + ("-sandbox" if simulated else "")
    return _cache(environ) / "ledger" / name


def sandbox_state(repository: Path, environ: Mapping[str, str]) -> Path:
    """The file of the simulated organization."""
    if chosen := environ.get(STATE_VARIABLE):
        return Path(chosen)
    return _state(environ) / "sandbox" / _key(repository) / "organization.state"


def run_logs(environ: Mapping[str, str]) -> Path:
    """The folder of what customization steps wrote, one folder per run."""
    return _state(environ) / "runs"


def sandbox_terraform(repository: Path, environ: Mapping[str, str]) -> Path:
    """Terraform's states of the simulated organization, which go with it."""
    return sandbox_state(repository, environ).with_suffix(".terraform")


def terraform_providers(environ: Mapping[str, str]) -> Path:
    """Providers fetched from a registry, kept for the next account."""
    return _cache(environ) / "terraform-providers"
