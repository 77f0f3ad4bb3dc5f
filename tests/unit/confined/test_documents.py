"""Documents read in the process apart: as here, and within limits."""

from __future__ import annotations

import pytest
from builders_confined import ENDS, HOSTILE_DOCUMENTS
from builders_requests import MemoryFiles, request_text

from aft.app.works import WORKS
from aft.confined.answers import MOST_ENDED, Answers
from aft.confined.child import Works
from aft.confined.confinement import Confinement
from aft.confined.documents import ConfinedFiles
from aft.desired.cache import ParseCache
from aft.desired.desired import LoadResult, load_desired_state
from aft.documents import document_of, documents_of, section_of
from aft.plugins import SETTINGS_GROUP, load_plugins
from aft.yamldoc import parse_yaml


def confined(
    files: dict[str, str], works: Works = WORKS, cache: ParseCache | None = None
) -> ConfinedFiles:
    known = {"aft.yaml": "version: 1\nhome_region: eu-central-1\n", **files}
    return ConfinedFiles(MemoryFiles(known), Answers(Confinement(works), cache))


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


@pytest.mark.parametrize("text", [*ENDS, "LIE", "ODD"])
def test_one_file_ends_the_process_and_the_others_are_read(text: str) -> None:
    names = [f"r{number}" for number in range(5)]
    files = {f"account-requests/{name}.yaml": request_text(name) for name in names}
    files["account-requests/r2.yaml"] += f"reason: {text}\n"
    result = loaded(confined(files, HOSTILE_DOCUMENTS))
    assert [(item.code, item.path) for item in result.findings] == [
        ("AFT114", "account-requests/r2.yaml")
    ]
    assert result.usable is not None
    assert [str(item.id) for item in result.usable.requests] == ["r0", "r1", "r3", "r4"]


def test_a_revision_of_such_files_ends_soon() -> None:
    files = confined(
        {f"x{number}.yaml": "a: CRASH\n" for number in range(40)} | {"z.yaml": "a: 1\n"},
        HOSTILE_DOCUMENTS,
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
    assert files._answers.confinement.starts == 1
    assert document_of(files, next(iter(files.entries("aft.yaml"))))[0] is not None


def test_no_process_is_started_where_the_cache_holds_all() -> None:
    known = {
        "account-requests/_defaults.yaml": "tags: {a: b}\n",
        "customizations/baselines/standard.yaml": "settings: []\n",
        "x.yaml": "a: 1\na: 2\n",
    }
    cold = ParseCache()
    first = confined(known, cache=cold)
    entries = list(first.entries(""))
    wanted = [document_of(first, entry) for entry in entries]
    places = [document and document.places for document, _ in wanted]
    warm = confined(known, cache=ParseCache.loads(cold.dumps()))
    found = [document_of(warm, entry) for entry in entries]
    assert [document and document.places for document, _ in found] == places
    assert [document and document.data for document, _ in found] == [
        document and document.data for document, _ in wanted
    ]
    assert [findings for _, findings in found] == [findings for _, findings in wanted]
    assert warm._answers.confinement.starts == 0


def test_what_ended_the_process_is_read_again_by_the_next_run() -> None:
    cache = ParseCache()
    for count in (1, 2):
        files = confined({"x.yaml": "a: CRASH\n"}, HOSTILE_DOCUMENTS, cache)
        (entry,) = files.entries("x.yaml")
        assert document_of(files, entry)[0] is None
        assert files._answers.confinement.starts == 1, count


@pytest.mark.parametrize("kept", [{}, {"answer": 1}, {"answer": [{"data": 1}]}, {"answer": []}])
def test_damaged_answers_are_findings_of_their_file(kept: dict[str, object]) -> None:
    cache = ParseCache()
    files = confined({"x.yaml": "a: 1\n"}, cache=cache)
    (entry,) = files.entries("x.yaml")
    assert document_of(files, entry)[0] is not None
    for key in tuple(cache._used):
        cache.put(key, kept)
    document, findings = document_of(files, entry)
    assert (document is None) == bool(findings)
