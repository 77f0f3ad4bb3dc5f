"""A plan as the one comment on a pull request.

Headline and counts first, then whatever is risky or needs attention, never folded; then one
level of ``<details>`` per account; digest and revision last. Nothing that came from a request, a
tag or AWS can become markup or leave its code block (``aft.report.plain``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aft.findings import Finding
from aft.plan.codec import plan_digest
from aft.plan.model import ORGANIZATION, Change, ChangeKind, Plan
from aft.report.headline import short, summary_line
from aft.report.plain import code_html, code_span, counted, fence_for, one_line, prose
from aft.report.wording import Block, Item, block_of, unit_item

MARKER = "<!-- aft:plan -->"
"""First line of the comment, by which the next run finds it to update it in place."""

LIMIT = 65_000
"""Characters; GitHub takes 65,536 in a comment."""

_LIST_SHOWN = 40


def plan_markdown(
    plan: Plan,
    *,
    refusals: Sequence[Finding] = (),
    lifted: Sequence[str] = (),
    read_at: datetime | None = None,
    notes: Sequence[str] = (),
    limit: int = LIMIT,
) -> str:
    """The comment, at most ``limit`` characters.

    ``refusals`` are what the safety limits say, ``lifted`` the limits that only a reviewed
    exception lets it exceed, ``read_at`` (aware) when the organization was read, ``notes`` are
    said below the headline. When space runs out, ordinary accounts are left out and counted;
    headline, attention and risky changes stay.
    """
    blocks = _blocks(plan)
    risky = [block for block in blocks if block.is_risky]
    others = [block for block in blocks if not block.is_risky]
    deleted = [change for change in plan.changes if change.kind is ChangeKind.DELETE_OU]
    head = [
        MARKER,
        f"## {_headline(plan, refused=bool(refusals))}",
        f"**{summary_line(plan)}**",
        *(f"> {prose(note)}" for note in notes),
        *_refused(refusals),
        *_attention(plan),
        *_section("Look closely", [*_units(deleted), *(_open(block) for block in risky)]),
        *_lifted(lifted),
    ]
    units = [
        change
        for change in plan.changes
        if change.target == ORGANIZATION and change.kind is not ChangeKind.DELETE_OU
    ]
    body = [*_section("Organizational units", _units(units))]
    if others:
        body.append("### Accounts")
        body.extend(_folded(block) for block in others)
    return _fitted(head, body, _footer(plan, read_at=read_at), limit=limit)


def _headline(plan: Plan, *, refused: bool) -> str:
    counts = plan.summary
    if refused:
        return "⛔ aft plan: over a safety limit"
    if plan.is_empty:
        return "aft plan: needs attention" if plan.attention else "✅ aft plan: no changes"
    words = [
        f"{number} to {word}"
        for number, word in (
            (counts.create, "create"),
            (counts.adopt, "adopt"),
            (counts.change, "change"),
            (counts.move, "move"),
            (counts.forget, "forget"),
            (counts.close, "close"),
        )
        if number
    ]
    if counts.ou_changes:
        words.append(counted(counts.ou_changes, "OU change"))
    return f"{'⚠️ ' if plan.attention else ''}aft plan: {', '.join(words)}"


def _refused(refusals: Iterable[Finding]) -> list[str]:
    lines = [
        f"- **{finding.code}** {prose(finding.message)}{_hint(finding.hint)}"
        for finding in refusals
    ]
    return ["### Refused by the safety limits", "\n".join(lines)] if lines else []


def _attention(plan: Plan) -> list[str]:
    lines = [
        f"- **{item.code}** "
        + (f"{code_span(item.target)}: " if item.target != ORGANIZATION else "")
        + prose(item.message)
        + _hint(item.hint)
        for item in plan.attention
    ]
    chunks = ["\n".join(some) for some in _batched(lines, _LIST_SHOWN)]
    return ["### Needs attention", *chunks] if lines else []


def _batched(lines: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """``lines`` in runs of at most ``size``."""
    return (lines[start : start + size] for start in range(0, len(lines), size))


def _lifted(lines: Sequence[str]) -> list[str]:
    return ["\n".join(f"> Limit lifted: {prose(line)}" for line in lines)] if lines else []


def _hint(hint: str) -> str:
    return f"<br>→ {prose(hint)}" if hint else ""


def _section(title: str, parts: Sequence[str]) -> list[str]:
    return [f"### {title}", *parts] if parts else []


def _units(changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    lines = [" ".join(unit_item(change)) for change in changes]
    return [_diff([_for_diff(line) for line in lines])]


def _for_diff(line: str) -> str:
    """GitHub colours ``+``, ``-`` and ``!`` at the start of a line; updates are shown as ``!``."""
    return "!" + line[1:] if line[:1] in {"~", ">"} else line


def _diff(lines: list[str]) -> str:
    fence = fence_for(lines)
    return "\n".join((f"{fence}diff", *lines, fence))


@dataclass(frozen=True, slots=True)
class _Told:
    """Accounts of which the same is told, under the first one's block."""

    block: Block
    targets: tuple[str, ...]

    @property
    def is_risky(self) -> bool:
        return self.block.is_risky


def _blocks(plan: Plan) -> list[_Told]:
    lines = {line.target: line for line in plan.accounts}
    by_target: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        if change.target != ORGANIZATION:
            by_target[change.target].append(change)
    shapes: dict[tuple[Item, ...], list[str]] = defaultdict(list)
    blocks: Mapping[str, Block] = {
        target: block_of(plan, target, changes, lines.get(target))
        for target, changes in by_target.items()
    }
    for target, block in sorted(blocks.items()):
        if not any(change.fields for change in by_target[target]):
            shapes[block.items].append(target)
    alike = {target: found for found in shapes.values() if len(found) > 3 for target in found}
    told = dict.fromkeys(tuple(alike.get(target, [target])) for target in blocks)
    return [_Told(block=blocks[targets[0]], targets=targets) for targets in told]


def _title(told: _Told, code: Callable[[str], str]) -> str:
    """``code`` sets text as code, in Markdown or in HTML."""
    block = told.block
    if len(told.targets) > 1:
        return f"{code(block.symbol)} {len(told.targets):,} accounts alike"
    account = f" {code(block.account_id)}" if block.account_id else ""
    words = f" {code(block.headline)}" if block.headline else ""
    return f"{code(f'{block.symbol} {block.target}')}{account}{words}"


def _facts(told: _Told) -> list[str]:
    block = told.block
    if len(told.targets) > 1:
        shown = told.targets[:_LIST_SHOWN]
        rest = len(told.targets) - len(shown)
        names = ", ".join(code_span(target) for target in shown)
        return [names + (f" and {rest:,} more" if rest else "")]
    facts = [prose(block.who)] if block.who else []
    if block.where:
        facts.append(code_span(block.where))
    if block.after:
        facts.append("after " + ", ".join(code_span(name) for name in block.after))
    return ["<br>".join(facts)] if facts else []


def _items(block: Block) -> str:
    lines: list[str] = []
    for item in block.items:
        lead = _for_diff(f"{item.symbol} {item.label:<9} ")
        values = (", ".join(item.values),) if item.is_list else item.values
        for index, words in enumerate(values):
            lines.append(f"{lead if index == 0 else ' ' * len(lead)}{one_line(words)}")
        lines.extend(f"{' ' * (len(lead) + 2)}{note}" for note in item.notes)
    return _diff(lines)


def _open(told: _Told) -> str:
    return "\n\n".join((_title(told, code_span), *_facts(told), _items(told.block)))


def _folded(told: _Told) -> str:
    summary = f"<details><summary>{_title(told, code_html)}</summary>"
    return "\n\n".join((summary, *_facts(told), _items(told.block), "</details>"))


def _footer(plan: Plan, *, read_at: datetime | None) -> str:
    parts = [
        f"Plan {code_span(plan_digest(plan)[:19])}",
        f"revision {code_span(short(plan.revision))}",
    ]
    when = _age(plan.made_at, read_at)
    parts.append(f"organization {code_span(plan.snapshot[:19])}{when}")
    parts.append(f"ledger {code_span(plan.ledger[:7]) or 'empty'}")
    return f"<sub>{' · '.join(parts)}</sub>"


def _age(made_at: str, read_at: datetime | None) -> str:
    if read_at is None:
        return ""
    when = f" read {read_at:%Y-%m-%d %H:%M} UTC"
    if not made_at:
        return when
    minutes = int((datetime.fromisoformat(made_at) - read_at).total_seconds() // 60)
    return f"{when}, {counted(minutes, 'minute')} before the plan" if minutes > 0 else when


def _fitted(head: list[str], body: list[str], footer: str, *, limit: int) -> str:
    """``head`` and ``footer`` whole, and as many parts of ``body`` as there is room for."""
    cut = "\n\n*{} left out here for want of room; the job summary has them.*"
    room = limit - len(footer) - len(cut) - 20
    parts: list[str] = []
    for index, part in enumerate((*head, *body)):
        room -= len(part) + 2
        if room < 0:
            left = counted(len(head) + len(body) - index, "part")
            parts.append(cut.format(f"{left} of this plan {'is' if left == '1 part' else 'are'}"))
            break
        parts.append(part)
    return "\n\n".join((*parts, footer)) + "\n"
