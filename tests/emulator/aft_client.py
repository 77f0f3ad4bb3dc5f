"""The ``aft`` on the PATH of a job: hands everything over to ``aft_server`` and waits.

Imports as little as it can: it is started for every command of every step. ``socket`` and ``json``
would take longer to import than all else.
"""

import _signal
import _socket
import marshal
import os
import sys


def main(address: str) -> None:
    """Run ``aft`` with this process's arguments, folder, environment and streams."""
    here = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ)))  # noqa: PTH109 - see above
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(address)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    while here:
        here = here[server.send(here) :]
    server.shutdown(_socket.SHUT_WR)
    answer = server.recv(64)
    process = int(answer.partition(b"\n")[0] or b"0")
    for number in (_signal.SIGINT, _signal.SIGTERM):  # aft would get them itself
        _signal.signal(number, lambda it, _: os.kill(process, it))
    while part := server.recv(64):
        answer += part
    _, _, ended = answer.partition(b"\n")  # the process, then how it ended
    code = int(ended or b"99")
    sys.exit(code if code >= 0 else 128 - code)
