"""Short pages for a pull request when there is no plan to show: what failed, and where to look."""

from __future__ import annotations

from aft.report.plain import one_line


def conflict_page(*, marker: str, base: str) -> str:
    """The pull request cannot be merged, so there is nothing to plan."""
    return _page(
        marker,
        "❌ aft plan failed: conflicts",
        f"This pull request has conflicts with `{_code(base)}`, so there is no merge to plan.",
        f"Merge or rebase onto `{_code(base)}`, then push again.",
        "",
    )


def silent_page(*, marker: str, verb: str, run_url: str) -> str:
    """The job ended before aft could say anything, which is never "no changes"."""
    return _page(
        marker,
        f"❌ aft {verb} failed",
        f"The job failed before `aft {verb}` could say why.",
        "Look at the job's log.",
        run_url,
    )


def _page(marker: str, title: str, what: str, remedy: str, run_url: str) -> str:
    parts = [f"## {title}", f"> [!CAUTION]\n> {what}\n>\n> → {remedy}"]
    if run_url:
        parts.append(f"[The run]({run_url})")
    lead = f"{marker}\n" if marker else ""
    return lead + "\n\n".join(parts) + "\n"


def _code(text: str) -> str:
    return one_line(text).replace("`", "'")
