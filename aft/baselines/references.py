"""Other accounts in a setting's parameters: ``administrator: audit``, ``log_archive: …``.

One rule for all settings: twelve digits in quotes are an account id, anything else is the id of
an account request, whose account is known once it exists. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.values.ids import AccountId, RequestId

Loc = tuple[str | int, ...]


class AccountReference(str):
    """Names an account, by its id or by its request's. A type for parameters."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> AccountReference:
        """Raises ``ValueError`` for what is neither."""
        if not _is_account_id(text):
            RequestId.parse(text)
        return cls(text)

    @property
    def request_id(self) -> RequestId | None:
        """The request it names, or ``None`` when it is an account id."""
        return None if _is_account_id(self) else RequestId(self)

    def account_id(self, account: AccountFacts) -> AccountId | None:
        """The account meant, seen from ``account``; ``None`` when it does not exist yet."""
        request_id = self.request_id
        if request_id is None:
            return AccountId(self)
        if request_id == account.request_id:
            return account.account_id
        return account.around.accounts.get(request_id)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls.parse, handler(str))


def account_behind(reference: AccountReference, account: AccountFacts) -> AccountId:
    """The account meant. Raises ``Terminal`` when it does not exist (yet)."""
    found = reference.account_id(account)
    if found is None:
        raise Terminal(
            f"the account of request {reference!s} does not exist yet",
            hint="nothing to do here: the next run goes on once it does",
        )
    return found


def references_in(parameters: BaseModel) -> Iterator[tuple[Loc, AccountReference]]:
    """Every reference of ``parameters``, with its place in them."""
    for name in type(parameters).model_fields:
        yield from _walk(getattr(parameters, name), (name,))


def _walk(value: Any, loc: Loc) -> Iterator[tuple[Loc, AccountReference]]:
    match value:
        case AccountReference():
            yield loc, value
        case BaseModel():
            for inner, found in references_in(value):
                yield (*loc, *inner), found
        case Mapping():
            for key, item in value.items():
                yield from _walk(item, (*loc, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _walk(item, (*loc, index))


def _is_account_id(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()
