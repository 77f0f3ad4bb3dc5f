"""Permissions of the roles that aft's templates make, taken away one at a time.

The run names what is missing within a minute, goes on with all that does not need it, and after it
is put back the next run ends where it would have ended, with nothing made twice.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from builders_walk import PERMISSIONS, Permission, Walk, is_walked, shared_walk

pytestmark = pytest.mark.faults

EVERY = 10
"""Checks, after which the worlds they left are looked for: they hold each other."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    own = tmp_path_factory.getbasetemp()
    return shared_walk((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "walk")


@pytest.mark.parametrize("permission", tuple(filter(is_walked, PERMISSIONS)), ids=str)
def test_a_permission_that_is_missing_is_named_and_costs_nothing_else(
    walk: Walk, permission: Permission, tmp_path: Path
) -> None:
    walk.check(permission, tmp_path)
    if PERMISSIONS.index(permission) % EVERY == 0:
        gc.collect()


def test_no_permission_is_left_out_of_the_walk_that_a_run_needs(walk: Walk) -> None:
    left_out = [it for it in PERMISSIONS if not is_walked(it)]
    found = {it.action for it in left_out if walk.is_used(it)}
    assert found == {"sts:GetCallerIdentity"}, "or walk it"
