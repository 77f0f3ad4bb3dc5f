"""The ``aft`` on the PATH of a job: hands everything over to ``aft_server`` and waits.

Imports as little as it can: it is started for every command of every step.
"""

import _signal
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
        answer = server.recv(64)
        process = int(answer.partition(b"\n")[0] or b"0")
        for number in (_signal.SIGINT, _signal.SIGTERM):  # aft would get them itself
            _signal.signal(number, lambda it, _: os.kill(process, it))
        while part := server.recv(64):
            answer += part
    _, _, ended = answer.partition(b"\n")  # the process, then how it ended
    code = int(ended or b"99")
    sys.exit(code if code >= 0 else 128 - code)
