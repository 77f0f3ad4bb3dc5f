"""What a step reads of other accounts: ``accounts["shared-network"].outputs["hub/10-vpc…"].VpcId``.

Only accounts that the step's own depends on can be read, so that they are finished before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aft.customizations.model import Access, CustomizationStep, OtherAccount

ROOT = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """One read of the account of ``request``: of the outputs of ``step``, the one called ``key``;
    both are empty where that is unknown or not asked for."""

    request: str
    step: str
    key: str
    access: Access


def account_reads(steps: Iterable[CustomizationStep]) -> Iterator[AccountRead]:
    """The reads whose account is written out."""
    for step in steps:
        for access in step.reads:
            path = access.path
            if path[0] != ROOT or len(path) < 2:
                continue
            names_step = len(path) > 3 and path[2] == "outputs"
            yield AccountRead(
                request=path[1],
                step=path[3] if names_step else "",
                key=path[4] if names_step and len(path) > 4 else "",
                access=access,
            )


def depends_on_step(step: CustomizationStep, request: str, other: str) -> bool:
    """Whether ``step`` may read what step ``other`` of ``request`` leaves."""
    return ROOT in step.uses and (
        _is_open(step)
        or any(
            read.request == request and read.step in ("", other) for read in account_reads((step,))
        )
    )


def inputs_of_accounts(
    step: CustomizationStep, accounts: Mapping[str, OtherAccount]
) -> Mapping[str, Any]:
    """The part of ``accounts`` that the step's result depends on, for its digest."""
    whole = {
        name: {"id": other.account_id, "outputs": other.outputs} for name, other in accounts.items()
    }
    if _is_open(step):
        return whole
    return {
        ".".join(access.path): _at(whole, access.path[1:])
        for access in step.reads
        if access.path[0] == ROOT
    }


def _is_open(step: CustomizationStep) -> bool:
    """True when which accounts it reads cannot be told from its text."""
    reads = [access for access in step.reads if access.path[0] == ROOT]
    return not reads or any(len(access.path) < 2 for access in reads)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value
