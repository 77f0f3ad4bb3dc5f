"""One saved organization: written by the code of its day, loaded by any later code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from golden.driver import Hand, World

from .calls import Call, repeat, to_keep

SAVED = Path(__file__).parent
NEXT = "next"
"""The branch of the pinned plan: one commit after ``main``."""
PLAN = "plan.json"
EXPECTED = "expected.json"
_REPOSITORY = "repository.bundle"
_ORGANIZATION = "organization.json"


@dataclass(frozen=True)
class Saved:
    """A folder with the repository, its ledger and the organization; ``expected`` is what the code
    that wrote it said of it."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(SAVED).as_posix()

    @property
    def plan(self) -> Path:
        return self.folder / PLAN

    @property
    def expected(self) -> Any:
        return json.loads((self.folder / EXPECTED).read_text(encoding="utf-8"))

    def load(self, root: Path) -> World:
        """The repository with ``main`` checked out, its ledger, and the organization."""
        world = World(root)
        bundle = str(self.folder / _REPOSITORY)
        world.git("fetch", "--quiet", "--update-head-ok", bundle, "refs/heads/*:refs/heads/*")
        world.git("reset", "--quiet", "--hard", "main")
        kept = json.loads((self.folder / _ORGANIZATION).read_text(encoding="utf-8"))
        with world.sandbox() as sandbox:
            _load(Hand(sandbox), kept)
        return world


def save(world: World, calls: Sequence[Call], folder: Path) -> None:
    """Write everything but the pinned plan and what is expected."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world.git("-c", "pack.window=250", "gc", "--quiet", "--aggressive", "--prune=now")
    world.git("bundle", "create", "--quiet", str(folder / _REPOSITORY), "--branches")
    with world.sandbox() as sandbox:
        kept = _kept(Hand(sandbox), calls)
    (folder / _ORGANIZATION).write_text(_text(kept), encoding="utf-8")


def _kept(hand: Hand, calls: Sequence[Call]) -> Mapping[str, Any]:
    client = hand.organizations()
    units, accounts = [], []
    for unit, path in _units(client):
        if path:
            units.append(path)
        for account in _pages(client, "list_accounts_for_parent", "Accounts", ParentId=unit):
            tags = _pages(client, "list_tags_for_resource", "Tags", ResourceId=account["Id"])
            accounts.append(
                {
                    "id": account["Id"],
                    "name": account["Name"],
                    "email": account["Email"],
                    "ou": path,
                    "state": account["Status"],
                    "tags": {tag["Key"]: tag["Value"] for tag in tags},
                }
            )
    management = hand.sandbox.management_account_id
    return {
        "now": hand.sandbox.clock.now().isoformat(),
        "management_account_id": management,
        "units": units,
        "accounts": sorted(
            (item for item in accounts if item["id"] != management), key=lambda item: item["id"]
        ),
        "calls": to_keep(calls),
    }


def _load(hand: Hand, kept: Mapping[str, Any]) -> None:
    sandbox = hand.sandbox
    assert sandbox.management_account_id == kept["management_account_id"], "another first account"
    ahead = datetime.fromisoformat(kept["now"]) - sandbox.clock.now()
    sandbox.clock.advance(max(0.0, ahead.total_seconds()))
    client = hand.organizations()
    ids = {"": client.list_roots()["Roots"][0]["Id"]}
    for path in kept["units"]:
        above, _, name = path.rpartition("/")
        made = client.create_organizational_unit(ParentId=ids[above], Name=name)
        ids[path] = made["OrganizationalUnit"]["Id"]
    for item in kept["accounts"]:
        more = {key: item[key] for key in ("ou", "tags")}
        hand.seed(item["name"], item["email"], account_id=item["id"], **more)
    repeat(
        kept["calls"],
        lambda account, service, region: sandbox.member_session(account).client(service, region),
    )
    for item in kept["accounts"]:
        if item["state"] == "SUSPENDED":
            client.close_account(AccountId=item["id"])


def _units(client: Any) -> list[tuple[str, str]]:
    """Id and path of every OU, parents first; the root's path is empty."""
    found = [(client.list_roots()["Roots"][0]["Id"], "")]
    for above, path in found:  # grows while it is walked
        key = "OrganizationalUnits"
        units = _pages(client, "list_organizational_units_for_parent", key, ParentId=above)
        found += [(unit["Id"], f"{path}/{unit['Name']}".lstrip("/")) for unit in units]
    return found


def _pages(client: Any, operation: str, key: str, **arguments: str) -> list[Any]:
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[key]]


def _text(value: Mapping[str, Any]) -> str:
    """JSON with a line for every account and call."""
    lines = []
    for key, item in value.items():
        text = json.dumps(item, ensure_ascii=False)
        if isinstance(item, list) and item:
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in item)
            text = f"[\n  {rows}\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def expected_of(world: World) -> Mapping[str, Any]:
    """What the code of today says of the organization, in facts."""
    changes = [item["id"] for item in world.json("plan", "--format", "json")["changes"]]
    deep = [item["id"] for item in world.json("plan", "--deep", "--format", "json")["changes"]]
    drift = world.json("drift", "--format", "json")
    rows = world.json("status", "--json")["accounts"]
    return {
        "changes": changes,
        "changes_deep": deep,
        "drift": [[item["id"], item["what"], item["subject"]] for item in drift["outside"]],
        "status": {row["id"]: [row["account_id"], row["state"]] for row in rows},
        "history": {
            row["id"]: [entry["kind"] for entry in world.json("history", row["id"], "--json")]
            for row in rows
        },
    }
