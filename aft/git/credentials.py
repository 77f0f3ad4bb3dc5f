"""What aft shows a git server: a token over https, a key of the agent over ssh.

Each source is tried once. Secrets go to the server they are meant for and nowhere else: not to
where that server redirects, not to a host whose name begins alike, not into messages, not into
logs, not over plain http except to this machine.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

import pygit2
from pygit2.enums import CredentialType

from aft.errors import Denied, UserError
from aft.git.conversation import address_of
from aft.git.errors import CREDENTIALS_HINT, redacted
from aft.git.origins import Origin, covers, origin_of
from aft.redaction import hold

TOKEN_VARIABLE = "AFT_GIT_TOKEN"  # noqa: S105 - the variable's name, not a token
TOKEN_HOST_VARIABLE = "AFT_GIT_TOKEN_HOST"  # noqa: S105 - the variable's name, not a token
GITHUB_TOKEN_VARIABLE = "GITHUB_TOKEN"  # noqa: S105 - the variable's name, not a token

_TOKEN_USER = "x-access-token"  # noqa: S105 - what GitHub and GitLab accept with a token
_LONG_SSH = re.compile(r"(?:git\+ssh|ssh\+git|ssh)://(?:[^/@]+@)?([^/@:]+)(?::[0-9]+)?(?:/|$)")
_SHORT_SSH = re.compile(r"(?:[^/@:\s]+@)?([^/@:\s]+):(?!/)")

Credential = pygit2.Username | pygit2.UserPass | pygit2.Keypair


class Callbacks(pygit2.RemoteCallbacks):
    """One conversation with the server at ``url``; make a new one for the next. Shows nothing to
    any other server."""

    def __init__(self, handle: pygit2.Repository, environ: Mapping[str, str], *, url: str) -> None:
        super().__init__()
        self._handle = handle
        self._environ = environ
        self._url = url
        self._offers: Iterator[Credential] | None = None

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> Credential:
        """Called again after each refusal, until nothing is left to offer."""
        if allowed_types & CredentialType.USERNAME:
            return pygit2.Username(username_from_url or "git")
        if self._offers is None:
            self._offers = self._all_offers(url, username_from_url, allowed_types)
        offer = next(self._offers, None)
        if offer is None:
            raise Denied(f"{redacted(url)} refused access", hint=CREDENTIALS_HINT)
        return offer

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:  # noqa: ARG002, FBT001 - pygit2's signature
        """libgit2's own verdict: the CA store for https, known_hosts for ssh. pygit2's default lets
        every ssh host key through."""
        if not valid:
            name = host.decode(errors="replace")
            raise Denied(
                f"the certificate or host key of {name} is not trusted",
                hint=f"for ssh, verify the key and add it: ssh-keyscan {name} >> "
                "~/.ssh/known_hosts; for https, set SSL_CERT_FILE to your CA file",
            )
        return True

    def _all_offers(
        self, url: str, username: str | None, allowed: CredentialType
    ) -> Iterator[Credential]:
        if allowed & CredentialType.SSH_KEY:
            yield pygit2.KeypairFromAgent(username or "git")
        if allowed & CredentialType.USERPASS_PLAINTEXT:
            for user, secret in self._passwords(url, username):
                hold(secret, base64.b64encode(f"{user}:{secret}".encode()).decode())
                yield pygit2.UserPass(user, secret)

    def _passwords(self, url: str, username: str | None) -> Iterator[tuple[str, str]]:
        server = origin_of(url)
        if server is None or not server.keeps_secrets or server != origin_of(self._url):
            return
        parts = urlsplit(self._url)
        if parts.password:
            yield unquote(parts.username or _TOKEN_USER), unquote(parts.password)
        if (token := self._environ.get(TOKEN_VARIABLE)) and server == self._tokens_server():
            yield username or _TOKEN_USER, token
        github = origin_of(self._environ.get("GITHUB_SERVER_URL", "https://github.com"))
        if (token := self._environ.get(GITHUB_TOKEN_VARIABLE)) and server == github:
            yield username or _TOKEN_USER, token
        yield from self._configured(url)

    def _tokens_server(self) -> Origin | None:
        """The server that AFT_GIT_TOKEN belongs to: the one that is named, else the one that the
        repository was cloned from."""
        if named := self._environ.get(TOKEN_HOST_VARIABLE):
            server = origin_of(f"https://{named}")
            if server is None or set(named) & set("/@"):
                raise UserError(
                    f"{TOKEN_HOST_VARIABLE} is no HOST or HOST:PORT",
                    hint="the server's name alone, such as git.example.com",
                )
            return server
        names = [name for name in self._handle.remotes.names() if name]
        origin = "origin" if "origin" in names else names[0] if len(names) == 1 else None
        return _web_origin(address_of(self._handle, origin)) if origin else None

    def _configured(self, url: str) -> Iterator[tuple[str, str]]:
        """The header that GitHub's checkout action leaves in the clone's configuration."""
        for item in self._handle.config:
            scope = item.name.removeprefix("http.").removesuffix(".extraheader")
            if len(scope) + len("http..extraheader") != len(item.name):
                continue
            name, _, value = (item.value or "").partition(":")
            scheme, _, encoded = value.strip().partition(" ")
            is_basic = (name.lower(), scheme.lower()) == ("authorization", "basic")
            if is_basic and covers(scope, url):
                try:
                    user, _, secret = base64.b64decode(encoded).decode().partition(":")
                except (binascii.Error, UnicodeDecodeError):
                    continue
                yield user, secret


def _web_origin(url: str) -> Origin | None:
    """The server of ``url``; for a clone over ssh, the same host's over https."""
    if short := _SHORT_SSH.match(url):
        return origin_of(f"https://{short[1]}")
    if long := _LONG_SSH.match(url):
        return origin_of(f"https://{long[1]}")
    return origin_of(url)
