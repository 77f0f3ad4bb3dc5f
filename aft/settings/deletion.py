"""Deleting what somebody else may have deleted just before."""

from __future__ import annotations

from collections.abc import Callable

from aft.errors import NotFound


def unless_gone(call: Callable[..., object], **arguments: object) -> None:
    """``call``; what is not there any more is as it should be."""
    try:
        call(**arguments)
    except NotFound:
        return
