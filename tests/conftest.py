"""No test sees this machine: no credentials, no home, no git configuration, no network."""

from __future__ import annotations

import gc
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.model import ServiceModel
from hypothesis import HealthCheck, settings

# Machines differ and are shared: how long an example takes says nothing about the code.
settings.register_profile("aft", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aft")

# moto's models are a million objects that live as long as the process: to look through them again
# and again for garbage costs a tenth of the suite.
gc.set_threshold(50_000, 20, 50)

_MEMORY = Path("/dev/shm")
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2 * 1024**3:
    # Thousands of small repositories and organizations, none of which need outlive the run. A
    # container's has 64 MiB unless it is asked for more: too little.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

_LONGEST = (
    "test_docs_played.py",
    "test_a_new_repository.py",
    "test_first_day.py",
    "test_roles.py",
    "test_story.py",
    "test_live_endpoint.py",
    "test_concurrent_runs.py",
    "test_stopping.py",
    "test_worker.py",
    "test_scenarios.py",
    "test_sandbox_with_terraform.py",
    "test_bad_customizations.py",
    "test_terraform_in_s3.py",
    "test_docs_examples.py",
    "test_steps_of_a_killed_run.py",
)
"""Files with tests of many seconds, the longest first (``pytest --durations=30`` shows them)."""

_LOOPBACK = ("127.", "::1", "localhost")
_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(
        _LOOPBACK
    ):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)


def _remember_what_botocore_computes() -> None:
    """The suite makes thousands of clients. For every one, botocore makes the methods of its class
    anew, seven hundred for EC2, and looks up the modern names of its events."""
    made: dict[tuple[str, str], dict[str, Any]] = {}
    names: dict[str, str] = {}
    make, name_of = ClientCreator._create_methods, EventAliaser._alias_event_name

    def create_methods(self: ClientCreator, model: ServiceModel) -> dict[str, Any]:
        key = (model.service_name, model.api_version)
        if key not in made:
            made[key] = make(self, model)
        return dict(made[key])

    def alias_event_name(self: EventAliaser, name: str) -> str:
        if name not in names:
            names[name] = name_of(self, name)
        return names[name]

    ClientCreator._create_methods = create_methods
    EventAliaser._alias_event_name = alias_event_name


def pytest_xdist_auto_num_workers() -> int:
    """More than there are processors: many tests wait, for processes, servers and clocks."""
    return (os.cpu_count() or 1) + 2


def pytest_configure() -> None:
    _remember_what_botocore_computes()
    socket.socket.connect = _loopback_only  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process is left alone with one of them at the end."""
    rank = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def _nowhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """For fixtures that outlive a test."""
    yield from _isolated(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An environment of the test's own, put back afterwards."""
    yield from _isolated(tmp_path_factory.mktemp("home"))


def _isolated(home: Path) -> Iterator[None]:
    before = dict(os.environ)
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
    yield
    os.environ.clear()
    os.environ.update(before)
