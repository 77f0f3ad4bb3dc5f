"""The accounts of all requests as a run knows them, those it has just created included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from aft.values.ids import AccountId, RequestId


class KnownAccounts(Mapping[str, AccountId]):
    """A live view: what is asked later may know more. ``account_of`` is asked for each look."""

    def __init__(
        self, requests: Mapping[RequestId, object], account_of: Callable[[str], str | None]
    ) -> None:
        self._requests = requests
        self._account_of = account_of

    def __getitem__(self, request_id: str) -> AccountId:
        found = self._account_of(request_id) if request_id in self._requests else None
        if found is None:
            raise KeyError(request_id)
        return AccountId(found)

    def __iter__(self) -> Iterator[str]:
        return (item for item in self._requests if self._account_of(item) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
