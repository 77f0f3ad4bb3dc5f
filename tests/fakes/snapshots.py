"""A place for the published organization in memory; several may share one ``SharedSnapshots``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aft.organization.model import OrganizationSnapshot
from aft.organization.snapshot_codec import decode_snapshot, encode_snapshot


@dataclass
class SharedSnapshots:
    """What a remote would hold."""

    files: Mapping[str, bytes] = field(default_factory=dict)


class MemorySnapshots:
    """``aft.ports.SnapshotStore``; everything goes through the codec, as it does in git."""

    def __init__(self, shared: SharedSnapshots | None = None) -> None:
        self._shared = shared or SharedSnapshots()

    def published(self) -> OrganizationSnapshot | None:
        return decode_snapshot(self._shared.files) if self._shared.files else None

    def publish(self, snapshot: OrganizationSnapshot) -> bool:
        files = encode_snapshot(snapshot)
        before = self.published()
        if before is not None:
            later = snapshot.read_at - before.read_at
            if later <= timedelta(0):
                return False
            if before.digest == snapshot.digest and later < timedelta(days=1):
                return False
        self._shared.files = files
        return True
