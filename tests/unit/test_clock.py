from __future__ import annotations

import sys
import time
from functools import partial
from time import monotonic

import pytest

from aft.clock import SystemClock, counting_suspension

UNKNOWN_TO_ANY_KERNEL = 2**20


def test_boottime_goes_forward() -> None:
    clock = SystemClock()
    assert clock.boottime() <= clock.boottime()


@pytest.mark.skipif(sys.platform != "linux", reason="the clock is Linux's")
def test_boottime_is_the_clock_that_counts_the_time_in_which_the_machine_was_suspended() -> None:
    read = counting_suspension()
    assert isinstance(read, partial)
    assert read.args == (time.CLOCK_BOOTTIME,)


@pytest.mark.parametrize("clocks", [(), (None,), (UNKNOWN_TO_ANY_KERNEL, None)])
def test_where_there_is_no_such_clock_another_one_is_read(clocks: tuple[int | None, ...]) -> None:
    assert counting_suspension(clocks) is monotonic
