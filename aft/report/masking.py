"""Masks e-mail addresses and account ids in what people see, for repositories anyone can read.

A pure filter over finished text. Of an account id the last four digits stay, also inside ARNs; of
an address the first letter and the domain. Digests and commit ids stay as they are. What someone
spells in another way on purpose is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.text import Text

DOTS = "•••"
_HIDDEN_DIGIT = "•"
_SHORT = 3
"""A local part with fewer letters is hidden whole."""

_IDS = re.compile(
    r"(?P<kept>sha256:(?:[0-9a-f]{64}|[0-9a-f]{12}(?![0-9a-f]))"
    r"|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z]))"
    r"|(?<![0-9])[0-9]{8}(?P<last>[0-9]{4})(?![0-9])"
    r"|(?<![0-9-])[0-9]{4}-[0-9]{4}-(?P<parted>[0-9]{4})(?![0-9-])"
)
_ODD = r"\s@<>()\[\]{}\"'`,;:|=/\\"
_AT = re.compile(r"@|%40|&#64;")
_LONGEST = 128
_LOCAL = re.compile(rf"(?:\\[^\s@\\]|[^{_ODD}])+\Z")
_DOMAIN = re.compile(
    rf"(?:\\_|[^{_ODD}.%&]){{1,{_LONGEST}}}(?:\.(?:\\_|[^{_ODD}.%&]){{1,{_LONGEST}}})+"
)

_Place = tuple[int, int, str]


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

    def places(self, text: str) -> Iterator[_Place]:
        """Where something is masked: begin, end, and what replaces it."""
        found: list[_Place] = []
        if self.emails:
            found.extend(_addresses(text))
        if self.account_ids:
            found.extend(_account_ids(text))
        end = 0
        for begin, until, instead in sorted(found, key=lambda place: (place[0], -place[1])):
            if begin >= end:  # an account id inside an address goes with it
                yield begin, until, instead
                end = until

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
"""For as long as it is unknown what the configuration says."""


def mask_of(names: Iterable[str]) -> Mask:
    """The mask that ``report.mask`` of ``aft.yaml`` asks for."""
    wanted = frozenset(names)
    return Mask(emails="emails" in wanted, account_ids="account-ids" in wanted)


def _account_ids(text: str) -> Iterator[_Place]:
    for found in _IDS.finditer(text):
        if last := found["last"]:
            yield found.start(), found.end(), _HIDDEN_DIGIT * 8 + last
        elif parted := found["parted"]:
            hidden = _HIDDEN_DIGIT * 4
            yield found.start(), found.end(), f"{hidden}-{hidden}-{parted}"


def _addresses(text: str) -> Iterator[_Place]:
    """Looked for from their at signs, so that long text without any costs nothing."""
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        if domain is None:
            continue
        local = _LOCAL.search(text, max(0, at.start() - _LONGEST), at.start())
        if local is None:
            continue
        shown = local[0]
        first = shown[0] if len(shown) >= _SHORT and shown[0] not in "\\•" else ""
        # A domain that holds an account id must not tell it.
        where = re.sub(r"[0-9]{12}", _HIDDEN_DIGIT * 12, domain[0])
        yield local.start(), domain.end(), f"{first}{DOTS}{at[0]}{where}"
