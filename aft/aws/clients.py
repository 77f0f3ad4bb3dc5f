"""A botocore client that raises ``aft.errors``: what everyone beyond ``aft.aws`` is handed.

It looks up the real client again for each call, so that renewed credentials take effect under a
client that someone kept. Adds nothing to what a call means.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore import xform_name

from aft.aws.error_codes import RACES
from aft.aws.errors import error_code, translate
from aft.errors import AftError, Conflict, Denied
from aft.ports import Clock

RACE_TRIES = 5
"""How often a write that met another one is sent, in all."""

_END = object()
_JITTER = random.SystemRandom()
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a proxy reaches AWS. ``who`` says in words as whom. ``open`` gives the present client,
    ``acting`` says for its duration whose calls they are; ``renew`` drops expired credentials and
    says whether asking again makes sense. With ``once`` a call is sent one single time in any
    case."""

    service: str
    who: Callable[[], str]
    clock: Clock
    open: Callable[[], Any] = field(repr=False)
    renew: Callable[[], bool] = field(repr=False)
    acting: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, repr=False)
    once: bool = False

    def run(self, operation: str, call: Callable[[Any], Any]) -> Any:
        """``call`` the present client, with translated errors, past races and expiry."""
        renewed = self.once
        sent = 0
        while True:
            sent += 1
            try:
                with self.acting():
                    return call(self.open())
            except AftError:
                raise
            except Exception as error:  # noqa: BLE001 - the edge: nothing of others' goes further
                failure = self.translated(error, operation)
            if isinstance(failure, Conflict) and self._may_repeat(failure, sent):
                self.clock.sleep(_JITTER.uniform(0.5, 1.0) * 0.25 * 2**sent)
            elif isinstance(failure, Denied) and not renewed and error_code(failure) in _EXPIRED:
                renewed = True
                if not self.renew():
                    raise failure
            else:
                raise failure

    def attempt(self, operation: str, call: Callable[[], Any]) -> Any:
        """``call`` once, with translated errors; between two attempts others may act."""
        try:
            with self.acting():
                return call()
        except AftError:
            raise
        except Exception as error:  # noqa: BLE001 - as in ``run``
            failure = self.translated(error, operation)
        raise failure

    def translated(self, error: Exception, operation: str) -> AftError:
        return translate(
            error,
            service=self.service,
            operation=operation,
            who=self.who(),
            repeatable=False if self.once else None,
        )

    def _may_repeat(self, failure: Conflict, sent: int) -> bool:
        return not self.once and sent < RACE_TRIES and error_code(failure) in RACES


class TranslatingClient:
    """Wraps a botocore client; see the module."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        client = self._door.open()
        operation = client.meta.method_to_api_mapping.get(name)
        if operation is None:
            return getattr(client, name)

        def call(**parameters: Any) -> Any:
            return self._door.run(operation, lambda now: getattr(now, name)(**parameters))

        call.__name__ = name
        return call

    def get_paginator(self, operation_name: str) -> TranslatingPaginator:
        """Botocore's paginator, with translated errors. ``operation_name`` is snake case."""
        return TranslatingPaginator(self._door, operation_name)

    def get_waiter(self, waiter_name: str) -> TranslatingWaiter:
        """Botocore's waiter, with translated errors. It really sleeps: prefer one look and the
        caller's own clock."""
        return TranslatingWaiter(self._door, waiter_name)

    def __repr__(self) -> str:
        return f"<{self._door.service} client, {self._door.who()}>"


@dataclass(frozen=True, slots=True, repr=False)
class TranslatingPaginator:
    """Wraps a botocore paginator."""

    door: Door
    name: str

    def paginate(self, **parameters: Any) -> TranslatingPages:
        """All pages of one call."""
        client = self.door.open()
        operation = client.meta.method_to_api_mapping.get(self.name, self.name)
        pages = client.get_paginator(self.name).paginate(**parameters)
        return TranslatingPages(self.door, operation, pages)


@dataclass(frozen=True, slots=True, repr=False)
class TranslatingPages:
    """Wraps a botocore page iterator."""

    door: Door
    operation: str
    pages: Any

    def __iter__(self) -> Iterator[Any]:
        return self._each(iter(self.pages))

    def search(self, expression: str) -> Iterator[Any]:
        """The values of a JMESPath expression over every page."""
        return self._each(iter(self.pages.search(expression)))

    def build_full_result(self) -> Any:
        """All pages as one answer."""
        return self.door.attempt(self.operation, self.pages.build_full_result)

    def _each(self, items: Iterator[Any]) -> Iterator[Any]:
        take = partial(next, items, _END)
        while (item := self.door.attempt(self.operation, take)) is not _END:
            yield item


@dataclass(frozen=True, slots=True, repr=False)
class TranslatingWaiter:
    """Wraps a botocore waiter."""

    door: Door
    name: str

    def wait(self, **parameters: Any) -> None:
        """Wait as botocore does. Raises ``Transient`` when the time is over."""
        operation = f"wait:{xform_name(self.name)}"
        self.door.run(operation, lambda now: now.get_waiter(self.name).wait(**parameters))
