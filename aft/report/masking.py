"""Masks e-mail addresses and account ids in what people see, for repositories anybody can read.

A pure filter over finished text, whatever it is: terminal lines, Markdown, annotations. Of an
account id the last four digits stay, also inside ARNs; of an address the first letter and the
domain, which is enough to tell accounts apart and to find them for those who may. Digests and
commit ids stay as they are. What somebody spells in another way on purpose is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.text import Text

DOTS = "•••"
_HIDDEN_DIGITS = "•"
_SHORT = 3
"""A local part with fewer letters is hidden whole."""

_KEPT = (
    r"sha256:(?:[0-9a-f]{64}|[0-9a-f]{12}(?![0-9a-f]))|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])"
)
_ACCOUNT_ID = (
    r"(?<![0-9])[0-9]{8}(?P<last>[0-9]{4})(?![0-9])"
    r"|(?<![0-9-])[0-9]{4}-[0-9]{4}-(?P<parted>[0-9]{4})(?![0-9-])"
)
_ODD = r"\s@<>()\[\]{}\"'`,;:|=/\\"
# In Markdown a backslash stands before some letters, and a zero width space after the at sign.
_EMAIL = (
    rf"(?P<local>(?:\\[^\s@\\]|[^{_ODD}]){{1,128}})"
    r"(?P<at>\\?@\u200b?|%40|&\#64;)"
    rf"(?P<domain>(?:\\_|[^{_ODD}.%&]){{1,128}}(?:\.(?:\\_|[^{_ODD}.%&]){{1,128}})+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What is masked; called with a text it gives the masked one."""

    emails: bool = False
    account_ids: bool = False

    def __call__(self, text: str) -> str:
        if not self.is_on:
            return text
        done: list[str] = []
        end = 0
        for begin, until, instead in self.places(text):
            done += (text[end:begin], instead)
            end = until
        return "".join((*done, text[end:]))

    @property
    def is_on(self) -> bool:
        return self.emails or self.account_ids

    def places(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where something is masked: begin, end, and what stands there instead."""
        for found in _pattern(self.emails, self.account_ids).finditer(text):
            instead = _instead(found)
            if instead is not None:
                yield found.start(), found.end(), instead

    def styled(self, text: Text) -> Text:
        """The same for text with colours, which stay where they are."""
        masked = Text(end=text.end)
        end = 0
        for begin, until, instead in self.places(text.plain):
            hidden = text[begin : begin + 1]
            masked.append_text(text[end:begin])
            masked.append_text(
                Text(instead, spans=[span._replace(end=len(instead)) for span in hidden.spans])
            )
            end = until
        return masked.append_text(text[end:])


NO_MASK = Mask()
FULL_MASK = Mask(emails=True, account_ids=True)
"""For as long as nobody knows what the configuration says."""


def mask_of(names: Iterable[str]) -> Mask:
    """The mask that ``report.mask`` of ``aft.yaml`` asks for."""
    wanted = frozenset(names)
    return Mask(emails="emails" in wanted, account_ids="account-ids" in wanted)


_PATTERNS = {
    (emails, account_ids): re.compile(
        "|".join(
            part
            for part, is_on in (
                (f"(?P<kept>{_KEPT})", True),
                (_EMAIL, emails),
                (_ACCOUNT_ID, account_ids),
            )
            if is_on
        )
    )
    for emails in (False, True)
    for account_ids in (False, True)
}


def _pattern(emails: bool, account_ids: bool) -> re.Pattern[str]:  # noqa: FBT001 - its key
    return _PATTERNS[emails, account_ids]


def _instead(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    if parts["kept"]:
        return None
    if last := parts.get("last"):
        return _HIDDEN_DIGITS * 8 + last
    if parted := parts.get("parted"):
        return f"{_HIDDEN_DIGITS * 4}-{_HIDDEN_DIGITS * 4}-{parted}"
    local = parts["local"]
    first = local[0] if len(local) >= _SHORT and local[0] != "\\" else ""
    # An address whose name or domain holds an account id must not tell it.
    domain = re.sub(r"[0-9]{12}", _HIDDEN_DIGITS * 12, parts["domain"])
    return f"{first}{DOTS}{parts['at']}{domain}"
