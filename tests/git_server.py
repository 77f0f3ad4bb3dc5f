"""A git server on loopback, as a hoster runs it: smart http, hooks, and a password if wanted."""

from __future__ import annotations

import base64
import contextlib
import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class GitServer:
    """``url`` serves the bare repositories below ``root``. ``password`` is what it asks for, and
    ``lets_in`` decides, instead, for a password and whether it is to write; ``status`` makes it
    answer everything with that number, ``elsewhere`` redirects everything to another server;
    ``seen`` are the users it let in, ``offered`` every header of credentials that arrived, and
    ``asked`` the path of every request."""

    root: Path
    url: str = ""
    password: str = ""
    lets_in: Callable[[str, bool], bool] | None = None
    status: int = 0
    elsewhere: str = ""
    seen: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving(root: Path) -> Iterator[GitServer]:
    """Serve ``root`` until the block ends."""
    served = GitServer(root)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self._body())

        def log_message(self, *_: object) -> None:
            pass

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, body: bytes) -> None:
            served.asked.append(self.path)
            if offer := self.headers.get("Authorization"):
                served.offered.append(offer)
            if served.status:
                self.send_error(served.status)
            elif served.elsewhere:
                self.send_response(302)
                self.send_header("Location", served.elsewhere + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif not self._is_let_in():
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._backend(body)

        def _is_let_in(self) -> bool:
            if not served.password and served.lets_in is None:
                return True
            encoded = self.headers.get("Authorization", "").partition(" ")[2]
            user, _, password = base64.b64decode(encoded).decode().partition(":")
            if served.lets_in is not None:
                return served.lets_in(password, "git-receive-pack" in self.path)
            if password == served.password:
                served.seen.append(user)
            return password == served.password

        def _backend(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                check=False,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "REMOTE_USER": "tester",
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                },
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = [line.partition(": ") for line in head.decode().split("\r\n")]
            status = next((value for name, _, value in fields if name == "Status"), "200")
            self.send_response(int(status.split()[0]))
            for name, _, value in fields:
                if name and name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
