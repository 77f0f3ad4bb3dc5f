from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders_inside import Inside, member_account


@pytest.fixture
def inside() -> Iterator[Inside]:
    with member_account() as opened:
        yield opened
