"""A process that has imported all of aft, and forks for every command line.

Starting Python and importing aft costs most of a second; a job runs a handful of commands. Each
fork has the caller's arguments, folder, environment and streams, runs ``aft.cli.main.main`` from
beginning to end, and dies: nothing of one command is left for the next.

    python -m emulator.aft_server SOCKET
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import boto3
from remembered import remember

import aft
from aft import plugins
from aft.cli.main import main


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    address: Path

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.address.parent)


@cache
def server() -> Server:
    """The one server of this process, started when it is asked for; see ``ended_afterwards``."""
    address = Path(tempfile.mkdtemp(prefix="aft-server-")) / "aft.socket"
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator.aft_server", str(address)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(tests)},
        cwd=tests.parent,
    )
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline() == b"ready\n", "it did not start"
    return Server(process, address)


@contextlib.contextmanager
def ended_afterwards() -> Iterator[None]:
    """A server that was started in this block ends with it."""
    try:
        yield
    finally:
        if server.cache_info().currsize:
            server().stop()
            server.cache_clear()


class Process:
    """``aft`` in a fork of the server; to be used like a ``subprocess.Popen``."""

    def __init__(
        self, arguments: Sequence[str], *, environ: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        self.returncode: int | None = None
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.connect(str(server().address))
        socket.send_fds(self._server, [b"."], list(streams))
        here = ([*arguments], str(Path.cwd()), dict(environ))
        self._server.sendall(marshal.dumps(here))
        self._server.shutdown(socket.SHUT_WR)
        self._said = self._server.makefile("rb")
        self.pid = int(self._said.readline())

    def poll(self) -> int | None:
        """How it ended; ``None`` while it runs."""
        if self.returncode is None and select.select([self._server], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._server.settimeout(timeout)
            self.returncode = int(self._said.readline())
            self._said.close()
            self._server.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve(address: str) -> None:
    """Listen permanently."""
    remember()
    _import_everything()
    # A fork that looks for garbage among what is here now would copy all of it, page by page.
    gc.freeze()
    ended, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, ended], [], [])
            if ended in ready:
                os.read(ended, 4096)
                _reap(running)
            if listener in ready:
                _attend(listener, running)


def _reap(running: dict[int, socket.socket]) -> None:
    """Wait for all that ended, and say how: what they took counts as this process's, and so as the
    tests'."""
    with contextlib.suppress(ChildProcessError):
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            connection = running.pop(child)
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _attend(listener: socket.socket, running: dict[int, socket.socket]) -> None:
    """One command: a child runs it, this process says which one, and later how it ended."""
    connection, _ = listener.accept()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in (listener, *running.values()):
            other.close()
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        content = b""
        while part := connection.recv(65536):
            content += part
        connection.close()
        _run(streams, *marshal.loads(content))  # noqa: S302 - of our own tests
    running[child] = connection
    with contextlib.suppress(OSError):
        connection.sendall(b"%d\n" % child)


def _run(streams: list[int], arguments: list[str], folder: str, environ: dict[str, str]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["aft", *arguments]
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for the process's lifetime
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    main()


def _import_everything() -> None:
    """All of aft but the sandbox, which no job uses; and what it loads late from elsewhere."""
    for module in pkgutil.walk_packages(aft.__path__, "aft."):
        if not module.name.startswith(("aft.sandbox", "aft.__main__", "aft.runners.python.host")):
            importlib.import_module(module.name)

    plugins._installed()
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="x")
    for service in ("iam", "organizations", "s3", "ssm", "sts"):
        session.client(service, region_name="us-east-1")


if __name__ == "__main__":
    serve(sys.argv[1])
