"""What one step costs the ledger of a large organization."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aft.app.world import open_snapshots
from aft.ledger.events import EventKind, LedgerEvent
from tests.bench.repositories import Sample
from tests.bench.table import Row
from tests.bench.worlds import Place


def measure(made: Place, accounts: int) -> Iterator[Row]:
    """Rows for a settled place with that many accounts."""
    group = f"The ledger, {accounts:,} accounts"
    ledger = made.world.ledger
    objects = made.root / ".git" / "objects"
    before = _loose(objects)
    ledger.append(
        [
            LedgerEvent(
                kind=EventKind.STEP_DONE,
                subject=Sample(number=7).request_id,
                at=made.world.clock.now(),
                run="bench",
                actor="bench",
                data={
                    "kind": "setting",
                    "action": "update",
                    "key": "account-alias",
                    "digest": "sha256:1",
                },
            )
        ]
    )
    new = {path: size for path, size in _loose(objects).items() if path not in before}
    yield Row(group=group, name="objects written by one append", measured=len(new), bound=8)
    yield Row(
        group=group,
        name="bytes written by one append",
        measured=sum(new.values()),
        bound=32_000,
    )
    yield from _publishing(made, objects, group)
    first = _cpu(made)
    again = _cpu(made)
    yield Row(
        group=group,
        name="reading it again, over reading it first",
        measured=again / first,
        bound=0.5,
    )


def _publishing(made: Place, objects: Path, group: str) -> Iterator[Row]:
    """The organization is published, and again after one account was renamed."""
    config = made.workspace.config(made.workspace.files("HEAD"))
    snapshots = open_snapshots(made.workspace, config)
    whole = made.world.edge.reader.read()
    one, *others = whole.accounts
    changed = replace(
        whole,
        accounts=(replace(one, name="renamed"), *others),
        read_at=whole.read_at + timedelta(minutes=1),
    )
    for what, snapshot, bound in (
        ("bytes written by publishing the organization", whole, None),
        ("bytes written by publishing one changed account", changed, 16_000),
    ):
        before = _loose(objects)
        snapshots.publish(snapshot)
        written = sum(size for path, size in _loose(objects).items() if path not in before)
        yield Row(group=group, name=what, measured=written, bound=bound)


def _cpu(made: Place) -> float:
    began = time.process_time()
    made.world.ledger.read()
    return time.process_time() - began


def _loose(objects: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in objects.glob("??/*")}
