"""Who may go on a thread next: accounts side by side, and steps beside the first of each."""

from __future__ import annotations

from aft.engine.schedule import Rooms


def test_so_many_accounts_are_in_however_many_jobs_wait() -> None:
    rooms: Rooms[str] = Rooms(accounts=2, beside=0)
    for target in ("a", "b", "c"):
        rooms.add(target, f"{target}1")
    assert list(rooms.take()) == ["a1", "b1"]
    assert list(rooms.take()) == []
    rooms.done("a")
    assert list(rooms.take()) == ["c1"]


def test_steps_beside_the_first_share_a_limit_of_their_own() -> None:
    rooms: Rooms[str] = Rooms(accounts=2, beside=2)
    for number in range(1, 5):
        rooms.add("a", f"a{number}")
    assert list(rooms.take()) == ["a1", "a2", "a3"]
    rooms.add("b", "b1")
    rooms.add("b", "b2")
    assert list(rooms.take()) == ["b1"], "an account with many steps keeps no other from beginning"
    rooms.done("a")
    assert list(rooms.take()) == ["a4"]
    for _ in range(2):
        rooms.done("a")
    assert list(rooms.take()) == ["b2"]


def test_the_account_that_was_in_goes_on_before_a_new_one() -> None:
    rooms: Rooms[str] = Rooms(accounts=1, beside=0)
    rooms.add("a", "a1")
    rooms.add("b", "b1")
    assert list(rooms.take()) == ["a1"]
    rooms.done("a")
    rooms.add("a", "a2", soon=True)
    assert list(rooms.take()) == ["a2"]


def test_jobs_left_by_an_account_are_not_lost_when_it_goes_out() -> None:
    rooms: Rooms[str] = Rooms(accounts=1, beside=0)
    rooms.add("a", "a1")
    rooms.add("a", "a2")
    assert list(rooms.take()) == ["a1"]
    rooms.done("a")
    assert list(rooms.take()) == ["a2"]
    rooms.done("a")
    assert list(rooms.take()) == []


def test_clearing_takes_out_what_waits_and_leaves_what_runs() -> None:
    rooms: Rooms[str] = Rooms(accounts=1, beside=0)
    for job in ("a1", "a2"):
        rooms.add("a", job)
    rooms.add("b", "b1")
    assert list(rooms.take()) == ["a1"]
    assert sorted(rooms.clear()) == ["a2", "b1"]
    rooms.done("a")
    assert list(rooms.take()) == []
