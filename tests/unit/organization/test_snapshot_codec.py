"""A published organization is read back equal, or not at all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from builders_plan import account, snapshot

from aft.organization.model import AccountState, OrganizationSnapshot, Policy
from aft.organization.snapshot_codec import decode_snapshot, encode_snapshot, published_digest
from aft.values.ids import AccountId


def world(count: int = 3) -> OrganizationSnapshot:
    accounts = [
        account(
            number,
            f"team-{number}",
            "Workloads/Prod" if number % 2 else "/",
            state=AccountState.SUSPENDED if number == 2 else AccountState.ACTIVE,
            id_=AccountId(f"{number * 7919 + 100_000_000_000:012}"),
        )
        for number in range(1, count + 1)
    ]
    policies = (Policy(id="p-1", name="no exit", type="SERVICE_CONTROL_POLICY", targets=("r-x",)),)
    return snapshot(["Workloads", "Workloads/Prod"], accounts, policies=policies)


def test_round_trip() -> None:
    assert decode_snapshot(encode_snapshot(world())) == world()


def test_the_index_alone_says_what_and_when() -> None:
    index = encode_snapshot(world())["index.json"]
    assert published_digest(index) == (world().digest, world().read_at)


def test_a_change_of_one_account_rewrites_a_hundredth() -> None:
    before = world(2_000)
    one = replace(before.accounts[0], name="renamed")
    after = replace(before, accounts=(one, *before.accounts[1:]))
    old, new = encode_snapshot(before), encode_snapshot(after)
    changed = [name for name in new if new[name] != old.get(name)]
    assert changed == ["index.json", f"accounts/{one.id[-2:]}.json"]
    assert sum(len(zlib.compress(new[name])) for name in changed) < 2_000


Edit = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("index.json", lambda data: {**data, "format": 2}),
        ("index.json", lambda data: {**data, "more": 1}),
        ("index.json", lambda data: {**data, "accounts": 4}),
        ("index.json", lambda data: {**data, "units": True}),
        ("index.json", lambda data: {**data, "read_at": "2026-01-01T00:00:00"}),
        ("index.json", lambda data: {**data, "management_account_id": "12"}),
        ("index.json", lambda data: {**data, "root_id": "r-other"}),
        ("units.json", lambda rows: rows[:-1]),
        ("units.json", lambda rows: [{**row, "parent_id": row["id"]} for row in rows]),
        ("units.json", lambda rows: {}),
        ("policies.json", lambda rows: [{**rows[0], "targets": [1]}]),
        ("policies.json", lambda rows: [*rows, *rows]),
        ("accounts/19.json", lambda rows: [{**rows[0], "state": "FINE"}]),
        ("accounts/19.json", lambda rows: [{**rows[0], "id": "100000000018"}]),
        ("accounts/19.json", lambda rows: [{**rows[0], "id": "x19"}]),
        ("accounts/19.json", lambda rows: [{**rows[0], "parent_id": "ou-not-here0000"}]),
        ("accounts/19.json", lambda rows: [{**rows[0], "tags": {"a": 1}}]),
        ("accounts/19.json", lambda rows: [{**rows[0], "tags": []}]),
        ("accounts/19.json", lambda rows: [*rows, *rows]),
    ],
)
def test_anything_else_is_refused(name: str, edit: Edit) -> None:
    files = dict(encode_snapshot(world(1)))
    assert "accounts/19.json" in files
    files[name] = json.dumps(edit(json.loads(files[name]))).encode()
    with pytest.raises(ValueError, match=r".+"):
        decode_snapshot(files)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    for name in ("index.json", "units.json", "policies.json", "accounts/19.json"):
        with pytest.raises(ValueError, match=r".+"):
            decode_snapshot({**encode_snapshot(world(1)), name: content})
