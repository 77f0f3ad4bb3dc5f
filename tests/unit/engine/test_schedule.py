"""Which change may begin: needs, the organization's lane, failures. No threads, no time."""

from __future__ import annotations

from builders_kinds import a_change
from builders_plan import but, desired, snapshot
from builders_plan import plan as make

from aft.engine.schedule import Schedule
from aft.plan.model import ORGANIZATION, Change, Plan, Wave

EMPTY = make(desired(), snapshot(units=()))


def change(key: str, target: str = "", needs: tuple[str, ...] = ()) -> Change:
    words = "create ou" if target == ORGANIZATION else "update account/tags"
    return a_change(words, target or key, id=key, needs=needs)


def plan(*changes: Change, waves: tuple[Wave, ...] = ()) -> Plan:
    return but(EMPTY, changes=changes, waves=waves)  # type: ignore[no-any-return]


def ids(changes: tuple[Change, ...]) -> list[str]:
    return [item.id for item in changes]


def test_independent_targets_begin_together_and_each_goes_by_its_needs() -> None:
    one, two, other = change("one", "a"), change("two", "a", ("one",)), change("other", "b")
    schedule = Schedule(plan(one, two, other))
    assert ids(schedule.first()) == ["one", "other"]
    assert ids(schedule.succeeded(other)) == []
    assert ids(schedule.succeeded(one)) == ["two"]


def test_changes_of_one_account_that_do_not_need_each_other_go_side_by_side() -> None:
    tag = change("tag", "a")
    settings = [change(f"setting {number}", "a", ("tag",)) for number in range(3)]
    last = change("last", "a", tuple(item.id for item in settings))
    schedule = Schedule(plan(tag, *settings, last))
    assert ids(schedule.first()) == ["tag"]
    assert ids(schedule.succeeded(tag)) == [item.id for item in settings]
    assert ids(schedule.succeeded(settings[1])) == []
    assert ids(schedule.succeeded(settings[0])) == []
    assert ids(schedule.succeeded(settings[2])) == ["last"]


def test_needs_of_several_targets_are_all_waited_for() -> None:
    a, b = change("a"), change("b")
    c = change("c", needs=("a", "b"))
    schedule = Schedule(plan(a, b, c))
    assert ids(schedule.first()) == ["a", "b"]
    assert ids(schedule.succeeded(a)) == []
    assert ids(schedule.succeeded(b)) == ["c"]


def test_a_failure_blocks_all_that_needs_it_and_leaves_what_goes_beside_it() -> None:
    first, beside = change("first", "a"), change("beside", "a")
    after_both, after_beside = (
        change("both", "a", ("first", "beside")),
        change("b", "b", ("beside",)),
    )
    schedule = Schedule(plan(first, beside, after_both, after_beside))
    schedule.first()
    blocked, begun = schedule.failed(first)
    assert ids(blocked) == ["both"]
    assert ids(begun) == []
    assert ids(schedule.succeeded(beside)) == ["b"]


def test_a_failure_blocks_across_accounts_whatever_needs_any_of_it() -> None:
    a1, a2 = change("a1", "a"), change("a2", "a", ("a1",))
    b = change("b", needs=("a2",))
    c = change("c", needs=("b",))
    free = change("free")
    schedule = Schedule(plan(a1, a2, b, c, free))
    schedule.first()
    blocked, begun = schedule.failed(a1)
    assert ids(blocked) == ["a2", "b", "c"]
    assert ids(begun) == []
    assert schedule.waiting == ()


def test_the_organization_is_one_lane_but_a_failure_blocks_only_what_needs_it() -> None:
    one, two = change("one", ORGANIZATION), change("two", ORGANIZATION)
    below = change("below", ORGANIZATION, needs=("one",))
    schedule = Schedule(plan(one, two, below))
    assert ids(schedule.first()) == ["one"]
    blocked, begun = schedule.failed(one)
    assert ids(blocked) == ["below"]
    assert ids(begun) == ["two"]


def test_a_lane_goes_on_with_what_is_ready_when_its_first_is_not() -> None:
    delete = change("delete", ORGANIZATION, needs=("move",))
    create = change("create", ORGANIZATION)
    move = change("move", needs=("create",))
    schedule = Schedule(plan(delete, create, move))
    assert ids(schedule.first()) == ["create"]
    assert ids(schedule.succeeded(create)) == ["move"]
    assert ids(schedule.succeeded(move)) == ["delete"]


def test_waves_say_the_order_where_the_list_does_not() -> None:
    late, early = change("late", "a"), change("early", "a")
    schedule = Schedule(plan(late, early, waves=(Wave(title="", chains=(("early", "late"),)),)))
    assert ids(schedule.first()) == ["early", "late"]


def test_what_waits_for_itself_never_begins() -> None:
    a, b = change("a", needs=("b",)), change("b", needs=("a",))
    schedule = Schedule(plan(a, b))
    assert schedule.first() == ()
    assert ids(schedule.waiting) == ["a", "b"]


def test_a_need_outside_the_plan_is_taken_as_met() -> None:
    schedule = Schedule(plan(change("a", needs=("elsewhere",))))
    assert ids(schedule.first()) == ["a"]


def test_what_follows_begins_once_the_others_have_ended_well_or_not() -> None:
    settings, one = change("settings", "a"), change("one", "a", ("settings",))
    two = change("two", "a", ("one",))
    sweep = but(change("sweep", "a", ("settings",)), follows=("one", "two"))
    well = Schedule(plan(settings, one, two, sweep))
    well.first()
    assert ids(well.succeeded(settings)) == ["one"]
    assert ids(well.succeeded(one)) == ["two"]
    assert ids(well.succeeded(two)) == ["sweep"]

    badly = Schedule(plan(settings, one, two, sweep))
    badly.first()
    badly.succeeded(settings)
    blocked, begun = badly.failed(one)
    assert (ids(blocked), ids(begun)) == (["two"], ["sweep"])


def test_what_follows_is_blocked_by_what_it_needs() -> None:
    settings, one = change("settings", "a"), change("one", "a", ("settings",))
    sweep = but(change("sweep", "a", ("settings",)), follows=("one",))
    schedule = Schedule(plan(settings, one, sweep))
    schedule.first()
    blocked, begun = schedule.failed(settings)
    assert (ids(blocked), ids(begun)) == (["one", "sweep"], [])
    assert schedule.waiting == ()
