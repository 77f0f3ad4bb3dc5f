"""What people and tools see, compared with ``tests/golden``.

After a change that is meant: ``UPDATE_GOLDEN=1 python -m pytest tests/unit/report``, then read
the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import builders_report as r
import pytest
from builders_kinds import KINDS
from rich.cells import cell_len

from aft.plan.codec import plan_to_json
from aft.report.markdown.fitting import comment, summary
from aft.report.masking import FULL_MASK
from aft.report.text import plan_view

GOLDEN = Path(__file__).parents[2] / "golden"


def refusals(name: str) -> tuple:  # type: ignore[type-arg]  # of findings
    return (r.refusal(),) if name == "large" else ()


FORMATS: Mapping[str, Callable[[str], str]] = {
    "txt": lambda name: (
        plan_view(r.PLANS[name](), refusals=refusals(name), kinds=KINDS).plain + "\n"
    ),
    "md": lambda name: comment(r.plan_page(name)),
    "json": lambda name: plan_to_json(r.PLANS[name]()),
}
CASES = [
    (name, suffix)
    for name in r.PLANS
    for suffix in FORMATS
    # 450 accounts as JSON would be half a megabyte that nobody reads.
    if (name, suffix) != ("large", "json")
]


PAGES: Mapping[str, Callable[[], str]] = {
    "comment_over_the_limit.md": lambda: comment(r.plan_page("huge")),
    "comment_failed.md": lambda: comment(r.failure()),
    "comment_masked.md": lambda: comment(replace(r.plan_page("small"), mask=FULL_MASK)),
    "summary_large.md": lambda: summary(r.plan_page("large")),
    "apply_partly.md": lambda: comment(r.partly()),
    "apply_stopped.md": lambda: comment(r.stopped()),
    "apply_held.md": lambda: comment(r.held()),
}


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_a_plan_looks_as_agreed(name: str, suffix: str) -> None:
    compare(FORMATS[suffix](name), GOLDEN / f"plan_{name}.{suffix}")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_agreed(name: str) -> None:
    compare(PAGES[name](), GOLDEN / name)


def compare(shown: str, path: Path) -> None:
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", r.PLANS)
def test_text_keeps_to_its_columns(name: str) -> None:
    for width in (60, 80, 120):
        *body, _ = plan_view(r.PLANS[name](), width=width, kinds=KINDS).plain.splitlines()
        too_wide = [line for line in body if cell_len(line) > width and " " in line.strip()]
        assert too_wide == []
