"""Findings as Markdown: where, which code, what is wrong, what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aft.findings.model import Finding
from aft.report.markdown.fitting import Entry
from aft.report.plain import code_span, prose


def finding_entries(findings: Iterable[Finding]) -> Iterator[Entry]:
    """One list item each; errors first."""
    for finding in sorted(findings, key=lambda item: not item.is_error):
        sign = "❌" if finding.is_error else "⚠️"
        hint = f"<br>→ {prose(finding.hint)}" if finding.hint else ""
        yield Entry(
            text=f"- {sign} {code_span(finding.where)} **{finding.code}** "
            f"{prose(finding.message)}{hint}",
            tally=(("error" if finding.is_error else "warning", 1),),
        )
