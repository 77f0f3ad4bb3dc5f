"""What EC2's DescribeRegions needs to know of the account API: which opt-in regions are on.

The account API keeps that; ``use_source`` tells us where to ask. Whether a call to a region is
let through is the dispatcher's. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from aft.values.regions import OPT_IN

Source = Callable[[str, str], bool]
"""(account id, opt-in region) -> is it enabled there?"""


def _none_enabled(account_id: str, region: str) -> bool:  # noqa: ARG001 - a ``Source``
    return False


_source: Source = _none_enabled


def use_source(source: Source) -> None:
    """Ask ``source`` from now on (there is one open sandbox per process)."""
    global _source  # noqa: PLW0603 - moto is global, and so is what completes it
    _source = source


def opt_in_status(account_id: str, region: str) -> str:
    """EC2's word for it."""
    if region not in OPT_IN:
        return "opt-in-not-required"
    return "opted-in" if _source(account_id, region) else "not-opted-in"
