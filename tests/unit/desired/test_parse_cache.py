"""The parse cache: the same result with and without it, whatever is in it."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from builders_requests import REPOSITORY, MemoryFiles, load, load_files, request_text
from hypothesis import given
from hypothesis import strategies as st

from aft.desired.cache import FORMAT, KEEP, ParseCache
from aft.desired.desired import LoadResult

FILES = {
    "account-requests/_defaults.yaml": "owner: {team: '{folder}', email: t@example.com}\n",
    "account-requests/a.yaml": request_text(
        "a", tags='{k: "v"}', custom_fields="{n: 1.5, m: {x: [1, null]}}", baseline="production"
    ),
    "account-requests/prod/b.yaml": request_text("b", depends_on="[a]", regions="[us-east-1]"),
}
BAD = {
    "account-requests/c.yaml": request_text("c", email="aws+a@example.com", ou="Nowhere"),
    "account-requests/d.yaml": request_text("d") + "typo: 1\n",
    "account-requests/e.yaml": request_text("e", budget="{monthly_usd: 1}"),
    "account-requests/f.yaml": "name: [\n",
    "account-requests/g.yaml": request_text("g", customizations="[tiered]"),
    "customizations/accounts/tiered/10-a.cfn.yaml": (
        "Resources: {A: {Type: 'AWS::S3::Bucket', Tier: '{{ custom_fields.tier }}'}}\n"
    ),
}


def warm(files: dict[str, str], *, stored: bytes) -> tuple[LoadResult, ParseCache]:
    cache = ParseCache.loads(stored)
    return load(files, cache=cache), cache


def stored_from(files: dict[str, str]) -> bytes:
    cache = ParseCache()
    load(files, cache=cache)
    return cache.dumps()


@pytest.mark.parametrize("files", [FILES, {**FILES, **BAD}], ids=["valid", "with findings"])
def test_warm_is_exactly_as_cold(files: dict[str, str]) -> None:
    result, _ = warm(files, stored=stored_from(files))
    assert result == load(files)


def test_a_warm_run_reads_no_request_and_is_not_dirty() -> None:
    stored = stored_from(FILES)
    files = MemoryFiles({**REPOSITORY, **FILES})
    without = MemoryFiles(REPOSITORY)
    load_files(without)
    cache = ParseCache.loads(stored)
    load_files(files, cache=cache)
    assert files.reads == without.reads + 1  # the defaults themselves are always read
    assert not cache.dirty


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("account-requests/a.yaml", request_text("a", name="renamed")),
        ("account-requests/_defaults.yaml", "owner: {team: other, email: t@example.com}\n"),
        ("account-requests/_defaults.yaml", "typo: 1\n"),
        ("aft.yaml", "home_region: us-east-1\n"),
        ("customizations/baselines/production.yaml", ""),
        ("customizations/accounts/pci/10-start.sh", ""),
    ],
)
def test_whatever_changes_is_seen(path: str, text: str) -> None:
    changed = {**FILES, path: text}
    result, _ = warm(changed, stored=stored_from(FILES))
    assert result == load(changed)
    assert result != load(FILES)


def test_a_new_template_is_held_against_accounts_read_from_the_cache() -> None:
    template = "Resources: {A: {Type: 'AWS::S3::Bucket', Tier: '{{ custom_fields.tier }}'}}\n"
    changed = {**FILES, "customizations/global/10-a.cfn.yaml": template}
    result, _ = warm(changed, stored=stored_from(FILES))
    assert [item.code for item in result.findings] == ["AFT605", "AFT605"]
    assert result == load(changed)


def test_the_same_content_under_another_id_or_folder_is_another_request() -> None:
    moved = {
        **{path: text for path, text in FILES.items() if "/prod/" not in path},
        "account-requests/dev/b.yaml": FILES["account-requests/prod/b.yaml"],
    }
    result, _ = warm(moved, stored=stored_from(FILES))
    assert result == load(moved)
    assert result.state is not None
    owners = {item.id: item.owner.team for item in result.state.requests if item.owner}
    assert owners == {"a": "account-requests", "b": "dev"}


def test_other_revisions_stay_in_the_cache() -> None:
    other = {"account-requests/z.yaml": request_text("z")}
    cache = ParseCache.loads(stored_from(other))
    load(FILES, cache=cache)
    assert cache.dirty
    _, again = warm(other, stored=cache.dumps())
    assert not again.dirty


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"\x80\x04\x95 not a pickle \x2e",
        stored_from(FILES)[:-1],
        stored_from(FILES).replace(b"aft-requests-4 ", b"aft-requests-4 0."),
        stored_from(FILES).replace(b"Workloads/Prod", b"Workloads/Evil"),
    ],
)
def test_damaged_bytes_are_an_empty_cache(content: bytes) -> None:
    result, cache = warm(FILES, stored=content)
    assert result == load(FILES)
    assert cache.dirty


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    assert not ParseCache.loads(content).dirty


def signed(body: object) -> bytes:
    """``body`` as a cache that looks undamaged."""
    content = json.dumps(body).encode()
    return FORMAT + b"%08x" % zlib.crc32(content) + b"\n" + content


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {},
        "row",
        [""],
        ["", None],
        ["", []],
        ["", {}],
        ["", {"name": 1, "email": 2, "ou": 3}],
        ["", {}, {}],
        [{}, {"name": "a", "email": "b", "ou": "c"}],
    ],
)
def test_entries_of_the_wrong_shape_are_read_again(row: object) -> None:
    keys = json.loads(stored_from(FILES).partition(b"\n")[2])
    poisoned, cache = warm(FILES, stored=signed(dict.fromkeys(keys, row)))
    assert poisoned == load(FILES)
    assert cache.dirty


@pytest.mark.parametrize("body", [None, [], {}, {"other": 1}, "text", 7])
def test_another_document_is_an_empty_cache(body: object) -> None:
    assert warm(FILES, stored=signed(body))[0] == load(FILES)


def test_values_come_back_as_they_were_put() -> None:
    entries: dict[str, dict[str, Any]] = {
        "1": {"a": 1, "b": True, "c": 1.0, "d": None, "e": "1", "f": [1, True], "g": {"x": "1"}},
        "2": {"a": True, "b": 1, "c": "null", "d": "[1, true]", "e": 0, "f": [1, 1], "g": {}},
        "3": {"g": {"y": 1, "x": 2}, "f": [1, True], "e": "1"},
        "4": {"g": {"x": 2, "y": 1}, "f": "[1, true]", "e": 1},
        "5": {},
    }
    cache = ParseCache()
    for key, values in [*entries.items(), *((key * 2, entries[key]) for key in entries)]:
        cache.put(key, values)
    for _ in range(2):
        cache = ParseCache.loads(cache.dumps())
        for key, values in entries.items():
            assert json.dumps(cache.get(key)) == json.dumps(values)
            assert json.dumps(cache.get(key * 2)) == json.dumps(values)


def test_old_entries_go() -> None:
    cache = ParseCache()
    for number in range(KEEP + 10):
        cache.put(f"old-{number}", {"ou": "Gone" if number < 10 else "Workloads"})
    cache = ParseCache.loads(cache.dumps())
    cache.put("new", {"ou": "Workloads"})
    cache = ParseCache.loads(cache.dumps())
    assert cache.get("old-9") is None
    assert cache.get("old-10") == cache.get("new") == {"ou": "Workloads"}
    assert b"Gone" not in cache.dumps()
