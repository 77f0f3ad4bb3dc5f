"""When not to look for garbage: reading a repository makes many objects and little garbage."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage collection meanwhile; also a decorator. Thousands of small objects that all
    live on are looked through again and again otherwise, which makes reading them two to five times
    as expensive."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
