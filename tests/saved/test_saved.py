"""Organizations saved with earlier versions: today's code reads them and finds nothing new to do.

How they were made: ``tests/saved/README.md``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from golden.driver import World

from saved.organization import NEXT, SAVED, Saved, expected_of

EVERY = tuple(Saved(path.parent) for path in sorted(SAVED.glob("*/*/repository.bundle")))
C1FBCC1 = tuple(saved for saved in EVERY if saved.name.startswith("c1fbcc1/"))

each = pytest.mark.parametrize("saved", EVERY, ids=lambda saved: saved.name)


@each
def test_todays_code_says_of_it_what_was_said_then(saved: Saved, tmp_path: Path) -> None:
    world = saved.load(tmp_path / "world")
    expected = saved.expected
    assert expected_of(world) == expected
    published = world.json("plan", "--published", "--format", "json")
    if not expected["changes"]:
        assert published["changes"] == []
        states = {state for _, state in expected["status"].values()}
        _nothing_to_do(world, is_fulfilled=states == {"active"})
    for request_id in expected["status"]:
        for verb in ("history", "explain"):
            code, out, err = world.run(verb, request_id)
            assert (code, err) == (0, ""), err
            assert request_id in out or verb == "history"
    code, _, err = world.run("drift")
    assert (code, err) == (2 if expected["drift"] else 0, "")


def _nothing_to_do(world: World, *, is_fulfilled: bool) -> None:
    """What a request asks for and cannot be is noted in the ledger once, then what is protected;
    nothing else is."""
    before = world.ledger_tip()
    assert world.run("plan", "--detailed-exitcode")[0] == (0 if is_fulfilled else 2)
    assert world.ledger_tip() == before
    for notes in (False,) if is_fulfilled else (True, True, False):
        code, out, err = world.run("apply", "--yes")
        assert (code, err) == (0 if is_fulfilled else 4, "")
        last = out.strip().splitlines()[-1]
        assert last.startswith(("No changes", "Apply: nothing done; "))
        assert (world.ledger_tip() != before) == notes
        before = world.ledger_tip()


@pytest.mark.parametrize("saved", C1FBCC1, ids=lambda saved: saved.name)
def test_its_pinned_plan_is_refused_by_the_version_that_did_not_make_it(
    saved: Saved, tmp_path: Path
) -> None:
    world = saved.load(tmp_path / "world")
    world.git("switch", "--quiet", NEXT)
    before = world.ledger_tip()
    code, _, err = world.run("apply", str(saved.plan), "--yes")
    assert code == 1
    assert "this plan was made by another version of aft" in err
    assert world.ledger_tip() == before
