"""The frame of every built-in setting: read, say what differs, refuse, fix.

A plug-in of another package needs none of this: it implements ``aft.baselines.model``'s protocols.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar, Generic, TypeVar, get_args

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

P = TypeVar("P", bound=SettingParameters)
S = TypeVar("S")
Differences = Iterator[SettingDifference]


class Setting(ABC, Generic[P, S]):
    """A setting that is not regional and depends on its parameters alone, unless it says so."""

    name: ClassVar[str]
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str]
    parameters_model: type[P]

    def __init_subclass__(cls) -> None:
        """``parameters_model`` is what the class is a ``Setting`` of."""
        super().__init_subclass__()
        for base in cls.__dict__.get("__orig_bases__", ()):
            cls.parameters_model = get_args(base)[0]

    def facts(self, account: AccountFacts) -> object:
        """See ``BaselineSetting``."""
        return {}

    @abstractmethod
    def read(self, inputs: SettingInputs[P], session: AccountSession) -> S:
        """See ``BaselineSetting``."""

    @abstractmethod
    def differences(self, inputs: SettingInputs[P], observed: S) -> Differences:
        """Pure: what is not as it should be, one by one."""

    def refuse(self, inputs: SettingInputs[P], observed: S) -> None:
        """See ``Refuses``; without anything that must not be changed, nothing."""

    @abstractmethod
    def fix(self, inputs: SettingInputs[P], observed: S, session: AccountSession) -> None:
        """Change what differs. Called where something does, and is not refused."""

    def compare(self, inputs: SettingInputs[P], observed: S) -> tuple[SettingDifference, ...]:
        """See ``BaselineSetting``."""
        return tuple(self.differences(inputs, observed))

    def change(self, inputs: SettingInputs[P], observed: S, session: AccountSession) -> None:
        """See ``BaselineSetting``."""
        if self.compare(inputs, observed):
            self.refuse(inputs, observed)
            self.fix(inputs, observed, session)


def differs(
    words: str, before: str | None, after: str | None, *, pending: bool = False, takes: bool = False
) -> SettingDifference:
    """A difference in words; ``None`` is "absent". The flags are ``SettingDifference``'s."""
    return SettingDifference(
        description=words, before=before, after=after, is_pending=pending, takes_away=takes
    )


def should_be(label: str, before: str | None, after: str) -> SettingDifference:
    """``label`` is not as it should be; it is missing where there is no ``before``."""
    was = "is missing" if before is None else f"is {before}"
    return differs(f"{label} {was}, should be {after}", before, after)


Compared = tuple[str, str | bool | None, str | bool]
"""What it is about, as it is (``None`` when missing) and as it should be; switches are booleans."""


def unequal(fields: Iterable[Compared], *, prefix: str = "", suffix: str = "") -> Differences:
    """Those of the fields that are not as they should be."""
    for what, before, after in fields:
        label = f"{prefix}{what}{suffix}"
        match before, after:
            case _, bool() if bool(before) != after:
                yield should_be(label, on_or_off(bool(before)), on_or_off(after))
            case ((str() | None), str()) if before != after:
                yield should_be(label, before, after)


def on_or_off(is_on: bool | None) -> str:  # noqa: FBT001 (one value, shown)
    """A switch; one that was never set is off."""
    return "on" if is_on else "off"


def first_of(items: Sequence[str], most: int = 3) -> str:
    """The first of many names, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def unless_gone(call: Callable[..., object], **arguments: object) -> None:
    """Delete or detach by ``call`` what may have been so just before."""
    with suppress(NotFound), tolerated("Gateway.NotAttached"):
        call(**arguments)


@contextmanager
def tolerated(*codes: str) -> Iterator[None]:
    """Passes over a ``Terminal`` with one of AWS's ``codes``, which say that it is so already."""
    try:
        yield
    except Terminal as error:
        if error.code not in codes:
            raise
