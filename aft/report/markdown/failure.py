"""What a run that failed leaves on the pull request: red, never to be taken for "no changes"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aft.findings.model import Finding
from aft.report.findings import findings_count
from aft.report.markdown.fitting import Entry, bullets, finding_entries, fitted, left_out, utf8_size
from aft.report.markdown.plan import LIMIT, SUMMARY_LIMIT
from aft.report.masking import NO_MASK, Mask
from aft.report.plain import code_span, prose
from aft.report.wording import short

_WORDS = 2_000
"""Letters of an error's message and hint; what is longer is in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """A run of ``verb`` (plan or apply) that failed. The first line of ``message`` says what is
    wrong. ``is_refusal``: a safety limit, or a risk that nobody has reviewed, stopped it before
    anything was done. ``consequence`` says what that means for the reader, ``about`` has words and
    values for the footer, ``log`` is Markdown that leads to the whole output."""

    verb: str
    message: str
    hint: str = ""
    findings: Sequence[Finding] = ()
    is_refusal: bool = False
    consequence: str = ""
    revision: str = ""
    about: Sequence[tuple[str, str]] = ()
    log: str = "the log of this job"
    mask: Mask = NO_MASK


def failure_comment(page: FailurePage, *, limit: int = LIMIT) -> str:
    """The comment, at most ``limit`` characters."""
    return _page(page, lead=[f"<!-- aft:{page.verb} -->"], limit=limit, size=len)


def failure_summary(page: FailurePage, *, limit: int = SUMMARY_LIMIT) -> str:
    """The job's summary, at most ``limit`` bytes."""
    return _page(page, lead=[], limit=limit, size=utf8_size)


def _page(page: FailurePage, *, lead: Sequence[str], limit: int, size: Callable[[str], int]) -> str:
    first, *more = page.message.splitlines() or [""]
    title = f"❌ aft {page.verb} failed"
    if page.is_refusal:
        title = f"⛔ aft {page.verb} refused"
    if page.findings and not page.is_refusal:
        title += f": {findings_count(page.findings)}"
    elif page.is_refusal and page.verb == "apply":
        title += ": nothing was done"
    said = f"{first.removesuffix(':')}." if more else first
    if page.findings:  # they say it themselves, below
        said = "It is over a safety limit." if page.is_refusal else "The files have errors."
    words = (said, page.consequence, f"→ {page.hint}" if page.hint else "")
    caution = "\n>\n".join(f"> {prose(_cut(page.mask(text)))}" for text in words if text)
    head = (*lead, f"## {title}", f"> [!CAUTION]\n{caution}")
    lines = (Entry(text=f"- {code_span(it)}", tally=(("line", 1),)) for it in more if it.strip())
    sections = [
        bullets("### What stopped it", lines, is_vital=True),
        bullets("### Findings", finding_entries(page.findings), is_vital=True),
    ]
    return fitted(
        "\n\n".join(part for part in head if part),
        sections,
        _footer(page),
        limit=limit,
        size=size,
        notice=left_out(f"{page.log} has all"),
        mask=page.mask,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _footer(page: FailurePage) -> str:
    parts = [f"revision {code_span(short(page.revision))}"] if page.revision else []
    parts += [f"{word} {code_span(value)}" for word, value in page.about if value]
    parts.append(f"more in {page.log}")
    return f"<sub>{' · '.join(parts)}</sub>"
