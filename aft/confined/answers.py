"""Answers of the process apart that are kept from earlier runs, so that it need not be started."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from aft.confined.confinement import Confinement, Ended
from aft.desired.cache import ParseCache

MOST_ENDED = 10
"""Files of one revision that may hit a limit; those behind them are not read."""
TOO_MANY = Ended("too many other files of this revision hit a limit")


class Answers:
    """Jobs of ``confinement`` whose answers are kept in ``cache``: same job, same answer. What
    ended the process is not kept."""

    def __init__(self, confinement: Confinement, cache: ParseCache | None = None) -> None:
        self.confinement = confinement
        self._cache = cache or ParseCache()
        self._ended: dict[tuple[str, ...], Ended] = {}

    def start_over(self) -> None:
        """Forget what ended the process: another revision is read."""
        self._ended.clear()

    def ask(
        self, files: tuple[str, ...], work: str, argument: Any, content: bytes, *, is_kept: bool
    ) -> Any | Ended:
        """One of several questions about ``files``: once one has ended the process, no other is
        asked, and after ``MOST_ENDED`` of them none about further files."""
        if files in self._ended:
            return self._ended[files]
        if len(self._ended) >= MOST_ENDED:
            return TOO_MANY
        asked = self if is_kept else self.confinement
        answer = asked.call(work, argument, content)
        if isinstance(answer, Ended):
            self._ended[files] = answer
        return answer

    def call(self, work: str, argument: Any, content: bytes) -> Any | Ended:
        """Do one job, or take its answer from an earlier run."""
        # Python's own parser is one of those that answer.
        head = json.dumps([sys.version_info[:3], work, argument]).encode()
        key = hashlib.sha256(b"%d " % len(head) + head + content).hexdigest()
        kept = self._cache.get(key)
        if kept is not None and "answer" in kept:
            return kept["answer"]
        answer = self.confinement.call(work, argument, content)
        if not isinstance(answer, Ended):
            self._cache.put(key, {"answer": answer})
        return answer
