"""The last gate for text that leaves aft: credentials in it are replaced by ``***``.

Everything written passes ``redact``: standard output and error, files, the ledger, what is sent to
GitHub, the logs of steps. It finds what has the shape of a credential, and the exact values of
those that this process holds (``hold``), also where Markdown, HTML, JSON, a URL or base64 spell
them differently, and where lines are broken. It is the second line: the first is that no text of a
foreign exception is taken over (``aft.errors``), and is tested with this one ``switched_off``.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, urlsplit

REDACTED = "***"

SHORTEST = 8
"""Characters; a shorter value would make text unreadable, and is no credential."""
_MOST_SESSIONS = 8192
"""Values of role sessions that are held; older ones have expired."""
_FEW = 32
_ANCHOR = 8
_RUN = re.compile(rf"[A-Za-z0-9]{{{_ANCHOR},}}")
_BREAK = re.compile(r"[ \t]*\\?\r?\n[ \t]*")


class _Shape:
    """What credentials look like. ``marks``: one is in every text that ``pattern`` finds anything
    in, which is quick to see."""

    def __init__(self, marks: tuple[str, ...], pattern: str, instead: str = REDACTED) -> None:
        self._marks = marks
        self._pattern = re.compile(pattern, re.DOTALL)
        self._instead = instead

    def redact(self, text: str) -> str:
        if any(mark in text for mark in self._marks):
            return self._pattern.sub(self._instead, text)
        return text


# Between a field's name and its value: markup, quotes, a separator, any number of times escaped.
_SIGNS = (
    *(r"[\"'>=:|]", r"(?<=[\"']),", "&(?:quot|gt|#3[49]);", "%2[27]", "%3[ADEade]"),
    *(r"\\+u00(?:22|27|3[adeADE])", r"\sxmlns=[^<>]{0,200}>"),
)
_BETWEEN = rf"(?:[\s\\]*(?:{'|'.join(_SIGNS)}))+[\s\\]*"
_VALUE = rf"\g<1>{REDACTED}"
_FIELDS = (
    *("SecretAccessKey", "secretAccessKey", "secret_access_key", "SECRET_ACCESS_KEY"),
    *("secret_key", "secret-key", "secretKey", "SecretKey"),
    *("SessionToken", "sessionToken", "session_token", "SESSION_TOKEN"),
    *("SecurityToken", "securityToken", "security_token", "SECURITY_TOKEN"),
    *("Security-Token", "security-token"),
    *("authorizationToken", "SecretString", "SecretBinary", "ServicePassword"),
    *("clientSecret", "client_secret", "accessToken", "access_token", "AccessToken"),
    *("refreshToken", "refresh_token", "RefreshToken", "idToken", "id_token", "IdToken"),
)
_SHAPES = (
    _Shape(
        ("AKIA", "ASIA"),
        r"(?:AKIA|ASIA)(?<![A-Za-z0-9_-].{4})"
        r"(?:[A-Z0-9]{16}(?![A-Za-z0-9])|(?=[A-Z]{0,124}[0-9])[A-Z0-9]{12,124})",
    ),
    _Shape(  # how STS's tokens begin
        ("IQoJ", "FwoG", "FQoG", "AQoD", "AQoE", "AQoF"),
        r"(?:IQoJ|FwoG|FQoG|AQo[DEF])(?:[A-Za-z0-9/+=_-]|\\+[/+=_-]|%2[BF]|%3D){40,}",
    ),
    _Shape(  # of IAM Identity Center, for access and to renew it
        ("aoaAAAA", "aorAAAA"),
        r"ao[ar]AAAA[A-Za-z0-9/+=_:-]{40,}",
    ),
    _Shape(
        _FIELDS,
        rf"((?:{'|'.join(_FIELDS)}){_BETWEEN})(?:[A-Za-z0-9/+=_%-]|\\+[/+=_-]){{16,}}",
        _VALUE,
    ),
    _Shape(  # with nothing but blanks between name and key, as in a command line
        tuple(name for name in _FIELDS if name.lower().endswith("key")),
        r"((?i:secret[_-]?(?:access[_-]?)?key)\s+)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
        _VALUE,
    ),
    _Shape(
        ("uthorization",),
        rf"(uthorization{_BETWEEN}(?i:basic|bearer|token)\s+)[^\s\"'\\<>]{{8,}}",
        _VALUE,
    ),
    _Shape(  # of an address that is signed beforehand
        ("Signature=",), r"(Signature=)[0-9A-Za-z%+/=]{20,}", _VALUE
    ),
    _Shape(
        ("ghp", "gho", "ghu", "ghs", "ghr", "github", "glpat-"),
        r"gh[oprsu]\\?_[A-Za-z0-9_]{20,}|github\\?_pat\\?_(?:[A-Za-z0-9_]|\\+_){20,}"
        r"|glpat-[A-Za-z0-9_-]{20,}",
    ),
    _Shape(("atlasv1",), r"[A-Za-z0-9]{8,20}\.atlasv1\.[A-Za-z0-9_-]{20,}"),
    _Shape(  # a web token: GitHub's for a job, an OIDC provider's
        ("eyJ",),
        r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{16,}"
        r"(?:\.[A-Za-z0-9_-]+)*",
    ),
    _Shape(
        ("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"),
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s:,.|>#-]|\\+[nr])+",
    ),
    _Shape(("://",), r"(://[^/@\s:\"']*:)[^/@\s\"']+(?=@)", _VALUE),
)

_CREDENTIAL_NAMES = re.compile(
    r"(?i)(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY"
    r"|(?:SECRET|PRIVATE)_?(?:ACCESS_?)?KEY)$|^TF_TOKEN_|^AWS_ACCESS_KEY_ID$"
)
_NO_VALUES = re.compile(r"[0-9.]+|(?:/|~|\.{1,2}/).*|[a-z]+")
"""A number, a path or a plain word: no credential, for any name of the variable."""


class Redactor:
    """What is held, and how it is found in a text. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._by_anchor: dict[str, dict[str, None]] = {}
        """Secrets by a part of them that is written alike everywhere."""
        self._odd: tuple[str, ...] = ()
        """Those without such a part."""
        self._sessions: deque[str] = deque()
        self.is_on = True

    def hold(self, secret: str, *, expires: bool) -> None:
        """Keep ``secret`` out of text from now on; see ``hold`` below."""
        with self._lock:
            for line in secret.splitlines():
                if len(line) >= SHORTEST and line not in self._known:
                    self._add(line)
                    if expires:
                        self._sessions.append(line)
            while len(self._sessions) > _MOST_SESSIONS:
                self._drop(self._sessions.popleft())

    def _add(self, secret: str) -> None:
        self._known.add(secret)
        for form in _forms(secret):
            if anchor := _anchor(form):
                self._by_anchor.setdefault(anchor, {})[form] = None
            else:
                self._odd = (*self._odd, form)

    def _drop(self, secret: str) -> None:
        self._known.discard(secret)
        for form in _forms(secret):
            anchor = _anchor(form)
            self._odd = tuple(odd for odd in self._odd if odd != form)
            alike = self._by_anchor.get(anchor, {})
            alike.pop(form, None)
            if not alike:
                self._by_anchor.pop(anchor, None)

    def redact(self, text: str) -> str:
        if not self.is_on:
            return text
        for secret in sorted((*self._held_in(text), *self._odd), key=len, reverse=True):
            text = _spelled(secret).sub(REDACTED, text)
        if "\n" in text:
            for secret in sorted(self._held_in(_BREAK.sub("", text)), key=len, reverse=True):
                text = _broken(secret).sub(REDACTED, text)
        for shape in _SHAPES:
            text = shape.redact(text)
        return text

    def _held_in(self, text: str) -> list[str]:
        """The secrets that may be in ``text``: their anchors are."""
        if len(self._by_anchor) <= _FEW:
            found = {anchor for anchor in tuple(self._by_anchor) if anchor in text}
        else:
            found = {
                part
                for run in _RUN.findall(text)
                for at in range(len(run) - _ANCHOR + 1)
                if (part := run[at : at + _ANCHOR]) in self._by_anchor
            }
        return [secret for anchor in found for secret in tuple(self._by_anchor.get(anchor, ()))]


def _anchor(secret: str) -> str:
    """The end of the longest part without special characters: tokens begin alike."""
    return max(_RUN.findall(secret), key=len, default="")[-_ANCHOR:]


def _forms(secret: str) -> Iterator[str]:
    """``secret``, and what base64 makes of it behind any other text, in both of its alphabets:
    without the signs at both ends that have bits of what is next to it."""
    yield secret
    content = secret.encode(errors="surrogatepass")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + content).decode()
        sure = whole[(0, 2, 3)[before] : (before + len(content)) * 8 // 6]
        if len(sure) >= SHORTEST:
            yield from dict.fromkeys((sure, sure.replace("+", "-").replace("/", "_")))


@lru_cache(maxsize=256)
def _broken(secret: str) -> re.Pattern[str]:
    """``secret`` with line breaks in it."""
    return re.compile(f"(?:{_BREAK.pattern})?".join(map(re.escape, secret)))


@lru_cache(maxsize=256)
def _spelled(secret: str) -> re.Pattern[str]:
    """``secret`` in every way that the languages of our texts write it."""
    return re.compile(
        "".join(
            char if char.isascii() and char.isalnum() else _spelled_character(char)
            for char in secret
        )
    )


def _spelled_character(char: str) -> str:
    forms = {
        char,
        quote(char, safe=""),
        quote(char, safe="").lower(),
        quote(quote(char, safe=""), safe=""),
        html.escape(char),
        f"&#{ord(char)};",
        f"&#x{ord(char):x};",
        f"&#x{ord(char):X};",
        json.dumps(char)[1:-1],
        f"\\u{ord(char):04x}",
        f"\\u{ord(char):04X}",
    }
    # Longest first, or the backslash of a longer form would be left over.
    ordered = sorted(forms, key=len, reverse=True)
    return rf"\\*(?:{'|'.join(re.escape(form) for form in ordered)})"


_HELD = Redactor()


def hold(*secrets: str | None, expires: bool = False) -> None:
    """Keep these values out of everything that is written from now on. ``expires``: those of a role
    session, of which only the latest thousands are kept."""
    for secret in secrets:
        if secret:
            _HELD.hold(secret, expires=expires)


def hold_variables(environ: Mapping[str, str]) -> None:
    """``hold`` the values of variables that are credentials by their name, and the passwords in
    addresses, such as a proxy's."""
    for name, value in environ.items():
        if "://" in value:
            with contextlib.suppress(ValueError):
                hold(urlsplit(value).password)
        elif _CREDENTIAL_NAMES.search(name) and not _NO_VALUES.fullmatch(value):
            hold(value)


def redact(text: str) -> str:
    """``text`` without credentials."""
    return _HELD.redact(text)


def redacted_bytes(text: bytes) -> bytes:
    """The same for UTF-8; other bytes stay as they are."""
    shown = text.decode(errors="surrogateescape")
    clean = redact(shown)
    return text if clean == shown else clean.encode(errors="surrogateescape")


@contextlib.contextmanager
def switched_off() -> Iterator[None]:
    """Nothing is redacted inside: for tests of the first line."""
    _HELD.is_on = False
    try:
        yield
    finally:
        _HELD.is_on = True
