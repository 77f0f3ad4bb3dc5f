from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders_inside import Inside, member_account
from builders_security import Company
from builders_security import company as three_accounts


@pytest.fixture
def inside() -> Iterator[Inside]:
    with member_account() as opened:
        yield opened


@pytest.fixture
def company() -> Iterator[Company]:
    with three_accounts() as opened:
        yield opened
