"""What a run that failed leaves on the pull request: red, never to be taken for "no changes"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aft.findings.model import Finding
from aft.report.findings import findings_count
from aft.report.markdown.fitting import Entry, Parts, bullets, finding_entries, left_out
from aft.report.markdown.inert import code_span, prose
from aft.report.masking import NO_MASK, Mask
from aft.report.wording import short

_WORDS = 2_000
"""Letters of an error's message and hint; what is longer is in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePage:
    """A run of ``verb`` (plan or apply) that failed. The first line of ``message`` says what is
    wrong. ``is_refusal``: a safety limit, or a risk that no one has reviewed, stopped it before
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

    @property
    def is_open(self) -> bool:
        """A later apply continues; a plan is made again only for what is pushed next."""
        return self.verb == "apply"

    def parts(self, *, everything: bool) -> Parts:  # noqa: ARG002 - no list is ever shortened
        """What is wrong and what to do comes first, the findings below."""
        first, *more = self.message.splitlines() or [""]
        title = f"{'⛔' if self.is_refusal else '❌'} aft {self.verb} "
        title += "refused" if self.is_refusal else "failed"
        if self.findings and not self.is_refusal:
            title += f": {findings_count(self.findings)}"
        elif self.is_refusal and self.verb == "apply":
            title += ": nothing was done"
        said = f"{first.removesuffix(':')}." if more else first
        if self.findings:  # they say it themselves, below
            said = "It is over a safety limit." if self.is_refusal else "The files have errors."
        words = (said, self.consequence, f"→ {self.hint}" if self.hint else "")
        caution = "\n>\n".join(f"> {prose(_cut(self.mask(text)))}" for text in words if text)
        lines = (
            Entry(text=f"- {code_span(it)}", tally=(("line", 1),)) for it in more if it.strip()
        )
        sections = [
            bullets("### What stopped it", lines, is_vital=True),
            bullets("### Findings", finding_entries(self.findings), is_vital=True),
        ]
        top = (f"## {title}", f"> [!CAUTION]\n{caution}")
        return top, sections, _footer(self), left_out(f"{self.log} has all")


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _footer(page: FailurePage) -> str:
    parts = [f"revision {code_span(short(page.revision))}"] if page.revision else []
    parts += [f"{word} {code_span(value)}" for word, value in page.about if value]
    parts.append(f"more in {page.log}")
    return f"<sub>{' · '.join(parts)}</sub>"
