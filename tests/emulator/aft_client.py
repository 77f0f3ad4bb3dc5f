"""The ``aft`` on the PATH of a job: hands everything over to ``aft_server`` and waits.

Imports as little as it can: it is started for every command of every step.
"""

import array
import json
import os
import socket
import sys
from typing import NoReturn


def main(address: str) -> NoReturn:
    """Run ``aft`` with this process's arguments, folder, environment and streams."""
    here = (sys.argv[1:], os.getcwd(), dict(os.environ))  # noqa: PTH109 - pathlib takes longer to import than this to run
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(address)
        streams = array.array("i", [0, 1, 2])
        server.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        server.sendall(json.dumps(here).encode())
        server.shutdown(socket.SHUT_WR)
        answer = server.recv(16)
    sys.exit(int(answer or b"99"))
