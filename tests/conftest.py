"""No test sees this machine: no credentials, no home, no git configuration, no network.

Files are handed to processes whole, those that took longest first, as ``tests/durations.json``
remembers it; ``pytest --store-durations`` writes it anew.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import logging
import os
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from remembered import remember

# Machines differ and are shared: how long an example takes says nothing about the code.
settings.register_profile(
    "aft", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("aft"), max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "aft"))

# moto's models are a million objects that live as long as the process: to look through them again
# and again for garbage costs a tenth of the suite.
gc.set_threshold(500_000, 20, 50)

# Hundreds of processes load the same modules: whoever asks for no bytecode has them compiled anew
# in each, which doubles what the suite costs.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_MEMORY = Path("/dev/shm")
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2 * 1024**3:
    # Thousands of small repositories and organizations, none of which need outlive the run. A
    # container's has 64 MiB unless it is asked for more: too little.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

_PART = "AFT_FAULTS_PART"
"""``2/5`` runs the second fifth of the tests; ``make faults`` takes long, and can be continued."""

_DURATIONS = Path(__file__).with_name("durations.json")
_seconds: Counter[str] = Counter()
_numbers = itertools.count()

_LOOPBACK = ("127.", "::1", "localhost")
_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(
        _LOOPBACK
    ):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many as there are processors: each costs the seconds of looking for tests and of loading
    moto's models. While one waits, the processes and servers it waits for are at work."""
    return os.cpu_count() or 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store-durations", action="store_true", help="remember how long each file takes"
    )


def pytest_configure() -> None:
    remember()
    # What aft logs is not what a command says; pytest, which could keep both apart, looks at each
    # test's log for a millisecond.
    logging.getLogger().addHandler(logging.NullHandler())
    socket.socket.connect = _loopback_only  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """The longest file first, so that no process is left alone with one of them at the end."""
    if part := os.environ.get(_PART):
        _keep_part(items, config, *map(int, part.split("/")))
    seconds = json.loads(_DURATIONS.read_text()) if _DURATIONS.exists() else {}
    items.sort(key=lambda item: -seconds.get(_file_of(item.nodeid), 0))


def _keep_part(items: list[pytest.Item], config: pytest.Config, number: int, parts: int) -> None:
    """The ``number``-th of ``parts``; together they are all."""
    kept = [item for at, item in enumerate(items) if at % parts == number - 1]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def pytest_collection_finish() -> None:
    """The tests that were found live as long as the process, too."""
    gc.freeze()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[_file_of(report.nodeid)] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    in_worker = hasattr(session.config, "workerinput")
    if session.config.getoption("--store-durations") and not in_worker:
        longest = {name: round(took) for name, took in _seconds.most_common() if took >= 1}
        _DURATIONS.write_text(json.dumps(longest, indent=1) + "\n")
    # pytest now looks for garbage several times over: for seconds, among those million objects.
    gc.freeze()


def _file_of(test: str) -> str:
    return test.partition("::")[0].removeprefix("tests/")


@pytest.fixture(scope="session", autouse=True)
def _nowhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """For fixtures that outlive a test. The folder of every test's home."""
    homes = tmp_path_factory.mktemp("homes")
    with _isolated(homes / "none"):
        yield homes


@pytest.fixture(autouse=True)
def _elsewhere(_nowhere: Path) -> Iterator[None]:
    """An environment of the test's own, put back afterwards."""
    with _isolated(_nowhere / str(next(_numbers))):
        yield


@contextlib.contextmanager
def _isolated(home: Path) -> Iterator[None]:
    home.mkdir()
    before = dict(os.environ)
    for name in before:
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
    after = dict(os.environ)  # each change is a call: only what differs
    for name in after.keys() - before.keys():
        del os.environ[name]
    os.environ.update({name: text for name, text in before.items() if after.get(name) != text})
