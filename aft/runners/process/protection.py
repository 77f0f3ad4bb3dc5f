"""Keep the memory and the environment of this process to itself."""

from __future__ import annotations

import sys

from aft.runners.process import guard


def forbid_tracing() -> bool:
    """No other process of the same user can read this one's memory, environment or descriptors
    from now on, or trace it; children that start another program are not covered. False where the
    system has no such switch: macOS asks for a permission to trace anyway."""
    return sys.platform == "linux" and guard.prctl(guard.PR_SET_DUMPABLE, 0)
