"""Regions and their partitions are AWS's, as botocore has them."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from aft.values.regions import partition_of

PARTITIONS = Loader().load_data("partitions")["partitions"]


@pytest.mark.parametrize("partition", PARTITIONS, ids=[item["id"] for item in PARTITIONS])
def test_each_region_is_in_its_partition(partition: dict[str, object]) -> None:
    regions = [name for name in partition["regions"] if not name.endswith("-global")]  # type: ignore[attr-defined]
    assert regions
    assert {partition_of(name) for name in regions} == {partition["id"]}
