"""A process that has imported all of aft, and forks for every command line.

Starting Python and importing aft costs most of a second; a job runs a handful of commands. Each
fork has the caller's arguments, folder, environment and streams, runs ``aft.cli.main.main`` from
beginning to end, and dies: nothing of one command is left for the next.

    python -m emulator.aft_server SOCKET
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3

import aft
from aft.cli.main import main


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """Start the server; yields its address. It ends with the block."""
    address = folder / "aft.socket"
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator.aft_server", str(address)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(tests)},
        cwd=tests.parent,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n", "it did not start"
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def serve(address: str) -> None:
    """Listen permanently."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _attend(connection)


def _attend(connection: socket.socket) -> None:
    """One command: a child runs it, this process tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    content = b""
    while part := connection.recv(65536):
        content += part
    child = os.fork()
    if child == 0:
        connection.close()
        _run(streams, *json.loads(content))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(str(code if code >= 0 else 128 - code).encode())
    os._exit(0)


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

    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="x")
    session.client("organizations", region_name="us-east-1")


if __name__ == "__main__":
    serve(sys.argv[1])
