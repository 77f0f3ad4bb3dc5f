"""The process apart: a job that hits a limit costs itself, and no job next to it."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_confined import JOBS

from aft.confined.confinement import Confinement, Ended

AFRESH = 0
ANY_SIZE = 1 << 62


def in_copy(function: Callable[[], Any]) -> Any:
    """What ``function`` gives in a forked copy of this process, which has one thread."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = None
        try:
            said = function()
        finally:
            os.write(write, json.dumps(said).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        found = json.loads(answer.read())
    os.waitpid(pid, 0)
    return found


def has_ended(pid: int) -> bool:
    """Whether the process ends, as the system says by itself."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 60)[0])
    finally:
        os.close(watched)


@pytest.fixture
def confinement() -> Iterator[Confinement]:
    made = Confinement(JOBS, forked_bytes=AFRESH)
    yield made
    made.close()


def test_jobs_are_done_in_one_process_that_is_not_this_one(confinement: Confinement) -> None:
    first, second = (confinement.call("echo", text, b"12") for text in ("a", "\ud800"))
    assert first[:2] == ["a", 2]
    assert second[:2] == ["\ud800", 2]
    assert first[2] == second[2] != os.getpid()
    assert confinement.starts == 1


@pytest.mark.parametrize(
    ("work", "argument", "why"),
    [
        ("spin", None, "it takes more than 2 s"),
        ("crash", int(signal.SIGSEGV), f"signal {int(signal.SIGSEGV)}"),
        ("crash", int(signal.SIGABRT), f"signal {int(signal.SIGABRT)}"),
        ("leave", 0, "the process that read it ended"),
        ("leave", 7, "the process that read it ended"),
        ("fill", 400_000_000, "it takes more than 300 MB"),
        ("raise_it", None, "the process that read it failed"),
    ],
)
def test_what_ends_the_process_is_the_end_of_its_job_alone(
    confinement: Confinement, work: str, argument: Any, why: str
) -> None:
    before = [confinement.submit("echo", number) for number in range(3)]
    bad = confinement.submit(work, argument)
    behind = [confinement.submit("echo", number) for number in range(3)]
    found = confinement.result(bad)
    assert isinstance(found, Ended)
    assert why in found.why
    for jobs in (before, behind):
        assert [confinement.result(number)[0] for number in jobs] == [0, 1, 2]
    assert confinement.starts == 2


def test_a_job_is_tried_once_more_where_others_ended_the_process(confinement: Confinement) -> None:
    found = confinement.call("crash", int(signal.SIGKILL))
    assert isinstance(found, Ended)
    assert confinement.starts == 2
    pid = confinement.call("echo", 1)[2]
    os.kill(pid, signal.SIGKILL)
    assert confinement.call("echo", 2)[0] == 2
    assert confinement.starts == 4


def test_a_process_that_has_grown_is_replaced(confinement: Confinement) -> None:
    """What counts is what the process keeps, not what a job once used."""
    pid = confinement.call("echo", 1)[2]  # what is imported once
    for job, size in (("fill", 150_000_000), ("grow", 5_000_000)):
        assert confinement.call(job, size) == size
        assert confinement.pid == pid
    assert confinement.call("grow", 70_000_000) == 70_000_000
    assert confinement.pid is None
    assert confinement.call("echo", 1)[2] != pid
    assert confinement.starts == 2


def test_jobs_of_any_size_wait_for_each_other(confinement: Confinement) -> None:
    sizes = [10, 300_000, 10, 10, 70_000, 1_000_000, *([3_000] * 40)]
    jobs = [confinement.submit("echo", size, b"x" * size) for size in sizes]
    assert [confinement.result(job)[1] for job in reversed(jobs)] == sizes[::-1]


def test_answers_of_any_size(confinement: Confinement) -> None:
    jobs = [confinement.submit("echo", "x" * 5_000) for _ in range(50)]
    assert {len(confinement.result(job)[0]) for job in jobs} == {5_000}


def test_it_prints_nothing_knows_no_environment_and_writes_no_file(
    confinement: Confinement, capfd: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    assert confinement.call("shout", None) == []
    assert isinstance(confinement.call("write", str(tmp_path / "x")), Ended)
    assert not (tmp_path / "x").exists() or (tmp_path / "x").read_bytes() == b""
    assert capfd.readouterr() == ("", "")


def test_no_process_is_left() -> None:
    confinement = Confinement(JOBS)
    pid = confinement.call("echo", 1)[2]
    del confinement
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_closed_one_starts_again(confinement: Confinement) -> None:
    first = confinement.call("echo", 1)[2]
    confinement.close()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert confinement.call("echo", 2)[0] == 2


@pytest.mark.parametrize("size", [AFRESH, ANY_SIZE])
def test_it_keeps_no_descriptor_of_others(tmp_path: Path, size: int) -> None:
    def looked() -> Any:
        with (tmp_path / "lock").open("w") as lock, socket.socket() as other:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.set_inheritable(other.fileno(), True)
            os.set_inheritable(lock.fileno(), True)
            confinement = Confinement(JOBS, forked_bytes=size)
            found = confinement.call("inherited", None)
            is_single = len(list(Path("/proc/self/task").iterdir())) == 1
        with (tmp_path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        confinement.close()
        return [found, is_single]

    found, is_single = in_copy(looked)
    assert is_single
    assert len(found) <= 4  # the three standard ones, and the pipe
    assert found[:3] == [0, 1, 2]


@pytest.mark.parametrize("size", [AFRESH, ANY_SIZE])
def test_a_killed_owner_leaves_none(size: int) -> None:
    """Also while a job is done: the system ends it."""

    def started() -> Any:
        confinement = Confinement(JOBS, forked_bytes=size)
        pid = confinement.call("echo", 1)[2]
        confinement.submit("spin", None, b"x" * 1_000_000)
        os.write(write, b"%d\n" % pid)
        os.kill(os.getpid(), signal.SIGKILL)

    read, write = os.pipe()
    owner = os.fork()
    if owner == 0:
        started()
    os.waitpid(owner, 0)
    pid = int(os.read(read, 100))
    assert has_ended(pid)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("size", [AFRESH, ANY_SIZE])
def test_an_owner_that_ends_leaves_none_started_by_a_thread(size: int) -> None:
    """There, the end of the pipe is all that it notices."""

    def started() -> Any:
        confinement = Confinement(JOBS, forked_bytes=size)
        pids: list[int] = []
        thread = threading.Thread(target=lambda: pids.append(confinement.call("echo", 1)[2]))
        thread.start()
        thread.join()
        # The end of that thread is not the end of the process.
        assert confinement.call("echo", 2)[2] == pids[0]
        return pids[0]

    pid = in_copy(started)
    assert has_ended(pid)


def test_a_forked_copy_starts_its_own_and_leaves_the_first(confinement: Confinement) -> None:
    first = confinement.call("echo", 1)[2]
    waiting = confinement.submit("echo", 2)

    def copied() -> Any:
        assert confinement.pid is None
        pid = confinement.call("echo", 3)[2]
        confinement.close()
        return pid

    assert in_copy(copied) != first
    assert confinement.result(waiting)[2] == first
    assert confinement.call("echo", 4)[2] == first
    assert confinement.starts == 1


def test_a_copy_that_lives_does_not_keep_the_process(confinement: Confinement) -> None:
    pid = confinement.call("echo", 1)[2]
    assert in_copy(confinement.close) is None  # nor ends it
    assert confinement.call("echo", 2)[2] == pid


def test_threads_share_one_process(confinement: Confinement) -> None:
    found: list[list[Any]] = []

    def ask(number: int) -> None:
        found.extend(confinement.call("echo", number * 100 + at) for at in range(20))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item[0] for item in found) == sorted(
        n * 100 + at for n in range(8) for at in range(20)
    )
    assert len({item[2] for item in found}) == 1
    assert confinement.starts == 1


def test_restarts_of_a_large_process_cost_it_nothing() -> None:
    """Fifty of them, next to memory that this process goes on changing: one process at a time,
    and none shares pages with this one."""
    large = bytearray(300_000_000)
    confinement = Confinement({"is": "operator:is_"}, forked_bytes=1)
    for number in range(50):
        pages = range(number * 4096, len(large), 50 * 4096)
        large[pages.start : pages.stop : pages.step] = b"x" * len(pages)
        assert confinement.call("is", None) is False
        os.kill(confinement.pid or 0, signal.SIGKILL)
    assert confinement.call("is", None) is False
    lines = Path(f"/proc/{confinement.pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    confinement.close()
    assert sizes["Pss:"] < 40_000
    assert confinement.starts == 51
