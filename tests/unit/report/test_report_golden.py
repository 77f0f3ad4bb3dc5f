"""What people and tools see, compared with ``tests/golden``.

After a change that is meant: ``UPDATE_GOLDEN=1 python -m pytest tests/unit/report``, then read
the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import builders_plan as b
import builders_report as r
import pytest
from rich.cells import cell_len

from aft.plan.codec import plan_to_json
from aft.report.markdown import plan_markdown
from aft.report.text import plan_text

GOLDEN = Path(__file__).parents[2] / "golden"


def refusals(name: str) -> tuple:  # type: ignore[type-arg]  # of findings
    return (r.refusal(),) if name == "large" else ()


FORMATS: Mapping[str, Callable[[str], str]] = {
    "txt": lambda name: plan_text(r.PLANS[name](), refusals=refusals(name)) + "\n",
    "md": lambda name: plan_markdown(r.PLANS[name](), refusals=refusals(name), read_at=b.EARLIER),
    "json": lambda name: plan_to_json(r.PLANS[name]()),
}
CASES = [
    (name, suffix)
    for name in r.PLANS
    for suffix in FORMATS
    # 450 accounts as JSON would be half a megabyte that nobody reads.
    if (name, suffix) != ("large", "json")
]


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_a_plan_looks_as_agreed(name: str, suffix: str) -> None:
    shown = FORMATS[suffix](name)
    path = GOLDEN / f"plan_{name}.{suffix}"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", r.PLANS)
def test_text_keeps_to_its_columns(name: str) -> None:
    for width in (60, 80, 120):
        *body, _ = plan_text(r.PLANS[name](), width=width).splitlines()
        too_wide = [line for line in body if cell_len(line) > width and " " in line.strip()]
        assert too_wide == []
