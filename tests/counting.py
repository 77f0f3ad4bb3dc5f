"""What a piece of code costs, on every machine alike: lines of Python run, and memory."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(function: Callable[[], object]) -> int:
    """How many lines of Python ``function`` runs in this thread."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def most_memory(function: Callable[[], object]) -> int:
    """How many bytes of memory Python holds for ``function`` at the worst moment."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def cpu_seconds(function: Callable[[], object]) -> float:
    """The processor's time in this process: what else the machine does takes none of it. For what
    runs in C, whose lines nothing counts; only for bounds that are far away."""
    began = time.process_time()
    function()
    return time.process_time() - began
