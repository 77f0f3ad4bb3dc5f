"""No test depends on how fast the machine is: nobody here looks at a real clock or sleeps.

Tests wait until something is so (``waiting.until``), hold calls at a gate, or move a clock of their
own, and count what something costs. Benches measure; where else real time is meant, it is said
here why.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MEANT = {
    "waiting.py": "looks again, and gives up when something hangs",
    "fakes/clocks.py": "looks again whether every thread waits",
    "golden/driver.py": "a story begins today, as commits and organizations do",
    "golden/normal.py": "and its days are made alike",
    "github_server/server.py": "stamps what it makes",
    "unit/git/test_ledger.py": "a lock is a file, and its age is real",
    "unit/github/test_wire.py": "a certificate is valid today",
}
CLOCKS = {
    "time": {"monotonic", "perf_counter", "process_time", "sleep", "time", "time_ns"},
    "threading": {"Timer"},
    "datetime": {"now", "today", "utcnow"},
    "date": {"today"},
}
NAMED = re.compile("|".join(sorted(set().union(*CLOCKS.values()))))
"""What has none of these words need not be parsed."""


def looks_at_a_clock(node: ast.AST) -> bool:
    """``time.sleep`` and the like; also ``dt.datetime.now``."""
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
    return node.attr in CLOCKS.get(name, ())


def test_nothing_looks_at_a_real_clock() -> None:
    looking = {
        path.relative_to(TESTS)
        for path in TESTS.rglob("*.py")
        if NAMED.search(text := path.read_text())
        and any(map(looks_at_a_clock, ast.walk(ast.parse(text))))
    }
    benches = {path for path in looking if path.parts[0] == "bench"}
    assert {str(path) for path in looking - benches} == MEANT.keys()
