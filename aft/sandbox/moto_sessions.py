"""The boto3 sessions that moto makes for itself, to look up the names of regions.

Each would read botocore's models anew, which for EC2 alone costs half a second of every process
that opens a sandbox. Here they share the loader of our own sessions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from moto.core import base_backend

from aft.sandbox.transport import shared_loader

_BOTO3_SESSION = boto3.Session


class _SharingSession(_BOTO3_SESSION):
    """An ordinary session; only where its models come from is shared."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session.register_component("data_loader", shared_loader())


def install() -> None:
    """For the sessions that moto makes later."""
    base_backend.Session = _SharingSession


@contextlib.contextmanager
def while_importing() -> Iterator[None]:
    """For those it makes while a module of its is imported.

    Imports that go on side by side at worst make slower sessions, so there is no lock.
    """
    boto3.Session = _SharingSession  # type: ignore[misc]
    try:
        yield
    finally:
        boto3.Session = _BOTO3_SESSION  # type: ignore[misc]
