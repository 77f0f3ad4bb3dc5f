"""The process apart: a job that hits a limit costs itself, and no job next to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_requests import MemoryFiles, request_text

from aft.confined.child import Confinement, Ended, Work
from aft.confined.documents import MOST_ENDED, WORKS, ConfinedFiles
from aft.desired.desired import LoadResult, load_desired_state
from aft.documents import document_of, documents_of, section_of
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.yamldoc import parse_yaml


def echo(argument: Any, content: bytes) -> Any:
    return [argument, len(content), os.getpid()]


def spin(argument: Any, content: bytes) -> Any:
    while True:
        pass


def fill(argument: Any, content: bytes) -> Any:
    return len(bytearray(argument))


def crash(argument: Any, content: bytes) -> Any:
    os.kill(os.getpid(), argument)


def leave(argument: Any, content: bytes) -> Any:
    os._exit(argument)


def raise_it(argument: Any, content: bytes) -> Any:
    raise RecursionError


def shout(argument: Any, content: bytes) -> Any:
    print("::error::pwned", flush=True)
    os.write(2, b"::error::pwned\n")
    return sorted(os.environ)


def write(argument: Any, content: bytes) -> Any:
    Path(argument).write_bytes(b"x" * 100)
    return "written"


JOBS: dict[str, Work] = {
    item.__name__: item for item in (echo, spin, fill, crash, leave, raise_it, shout, write)
}


@pytest.fixture
def confinement() -> Iterator[Confinement]:
    made = Confinement(JOBS)
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
        ("crash", int(signal.SIGKILL), f"signal {int(signal.SIGKILL)}"),
        ("leave", 0, "the process that read it ended"),
        ("leave", 7, "the process that read it ended"),
        ("fill", 400_000_000, "it takes more than 300 MB"),
        ("raise_it", None, "the process that read it ended"),
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


def test_a_process_that_has_grown_is_replaced(confinement: Confinement) -> None:
    assert confinement.call("fill", 150_000_000) == 150_000_000
    assert confinement.call("echo", 1)[0] == 1
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
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# --- documents ---


def documents(paths: Any, content: bytes) -> Any:
    """As the real one, but for texts that stand for a parser's bugs."""
    if b"SPIN" in content:
        spin(None, b"")
    if b"CRASH" in content:
        crash(int(signal.SIGSEGV), b"")
    if b"LIE" in content:
        return [{"data": {}, "findings": [{"code": "AFT101", "message": "x"}]}] * len(paths)
    if b"ODD" in content:
        return [{"data": [1], "findings": []}] * len(paths)
    return WORKS["documents"](paths, content)


def confined(files: dict[str, str], works: dict[str, Work] | None = None) -> ConfinedFiles:
    known = {"aft.yaml": "version: 1\nhome_region: eu-central-1\n", **files}
    return ConfinedFiles(MemoryFiles(known), Confinement({**WORKS, **(works or {})}))


def loaded(files: ConfinedFiles) -> LoadResult:
    settings = load_plugins(SETTINGS_GROUP, lambda item: item.name)
    return load_desired_state(files, settings=settings, runners={}, providers={"organizations"})


def test_documents_are_what_they_are_in_this_process() -> None:
    texts = {
        "a.yaml": "a: {b: [1, {c: d}]}\nlist:\n  - x\n  -   y: 1\n      z: 2\n\u00e4: '\u00e9'\n",
        "b.yaml": "a: 1\na: 2\n",
        "c.yaml": "a: [",
        "d.yaml": "",
        "e.yaml": "x: " + "1" * 300_000,
        "f.yaml": "n: [1.5, 9007199254740993, null, true, -0.0, 1e300]\n",
    }
    files = confined(texts)
    entries = [item for item in files.entries("") if item.path in texts]
    for entry, (found, findings) in zip(entries, documents_of(files, entries), strict=True):
        wanted, said = parse_yaml(texts[entry.path].encode(), entry.path)
        assert findings == said
        assert (found is None) == (wanted is None)
        if found is not None and wanted is not None:
            assert repr(found.data) == repr(wanted.data)
            assert found.places == wanted.places
            assert found.at(("list", 1, "nope")) == wanted.at(("list", 1, "nope"))
    assert section_of(files, entries[1], "a") == (2,)
    assert section_of(files, entries[3], "a") == (None,)
    assert section_of(files, entries[0], "a") == ({"b": [1, {"c": "d"}]},)


@pytest.mark.parametrize("text", ["SPIN", "CRASH", "LIE", "ODD"])
def test_one_file_ends_the_process_and_the_others_are_read(text: str) -> None:
    names = [f"r{number}" for number in range(5)]
    files = {f"account-requests/{name}.yaml": request_text(name) for name in names}
    files["account-requests/r2.yaml"] += f"reason: {text}\n"
    result = loaded(confined(files, {"documents": documents}))
    assert [(item.code, item.path) for item in result.findings] == [
        ("AFT114", "account-requests/r2.yaml")
    ]
    assert result.usable is not None
    assert [str(item.id) for item in result.usable.requests] == ["r0", "r1", "r3", "r4"]


def test_a_revision_of_such_files_ends_soon() -> None:
    files = confined(
        {f"x{number}.yaml": "a: CRASH\n" for number in range(40)} | {"z.yaml": "a: 1\n"},
        {"documents": documents},
    )
    entries = [item for item in files.entries("") if item.path != "aft.yaml"]
    found = list(documents_of(files, entries))
    assert len(found) == 41
    assert (
        sum("too many other files" not in it[1][0].message for it in found if it[1]) >= MOST_ENDED
    )


def test_findings_have_their_places() -> None:
    files = {"account-requests/r.yaml": request_text("r") + "tagz:\n  a: b\nregions: [mars]\n"}
    found = [str(item.source) for item in loaded(confined(files)).findings]
    count = request_text("r").count("\n")
    assert found == [
        f"account-requests/r.yaml:{count + 1}:1",
        f"account-requests/r.yaml:{count + 3}:11",
    ]


def test_one_process_reads_a_whole_revision() -> None:
    files = confined(
        {f"account-requests/r{number}.yaml": request_text(f"r{number}") for number in range(300)}
    )
    result = loaded(files)
    assert result.findings == ()
    assert files._confinement.starts == 1
    assert document_of(files, next(iter(files.entries("aft.yaml"))))[0] is not None
