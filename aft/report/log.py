"""One JSON object per line: the worker's log, for machines that collect logs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping

from aft.ports import Clock, Progress
from aft.text.policy import escaped
from aft.values.canonical_json import plain, without_commands


class JsonLog:
    """Writes structured lines; also an ``aft.ports.Observer``, so that every step is one line. Keys
    of every line: ``at`` (ISO 8601, UTC) and ``event``; of step lines also ``run``, ``target``,
    ``account_id``, ``change``, ``message`` and ``seconds``."""

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()

    def line(self, fields: Mapping[str, object]) -> None:
        """Write one line; ``at`` is added."""
        record = {"at": self._clock.now().isoformat(timespec="milliseconds"), **fields}
        with self._lock:
            text = without_commands(json.dumps(plain(record), ensure_ascii=False))
            self._write(escaped(text))

    def notify(self, progress: Progress) -> None:
        fields: dict[str, object] = {"event": progress.kind.value, "run": progress.run}
        for name in ("target", "account_id", "change", "message", "seconds"):
            value = getattr(progress, name)
            if value not in ("", None):
                fields[name] = round(value, 3) if isinstance(value, float) else value
        self.line(fields)
