"""The accounts of a plan as Markdown: one block each, or one for many with the same changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aft.plan.kind import Kinds
from aft.plan.model import AccountLine, Change, Plan
from aft.report.alike import impersonal
from aft.report.markdown.costs import Costs
from aft.report.markdown.fitting import Entry
from aft.report.markdown.inert import code_block, code_html, code_span, prose
from aft.report.plain import one_line
from aft.report.wording import Block, block_of, changes_by_account

_ALIKE_FROM = 4
_NAMES_SHOWN = 40
_COLUMNS = 84
"""Letters of a row in a block, next to its label."""
_NAMES_TOGETHER = 50
RISKY_ACCOUNT = "risky account"
ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Accounts with the same changes, under the first one's ``block``."""

    block: Block
    targets: tuple[str, ...]
    risks: tuple[str, ...]
    costs: str


def told_of(plan: Plan, kinds: Kinds, costs: Costs) -> tuple[Told, ...]:
    """Every account the plan touches, in plan order; the same changes are shown once."""
    lines = {line.target: line for line in plan.accounts}
    by_target = changes_by_account(plan)
    blocks: Mapping[str, Block] = {
        target: block_of(plan, kinds, target, changes, lines.get(target))
        for target, changes in by_target.items()
    }
    shapes: dict[tuple[object, ...], list[str]] = defaultdict(list)
    alike_blocks = {
        target: block_of(plan, kinds, target, impersonal(found, lines.get(target)), None)
        for target, found in by_target.items()
    }
    for target, block in sorted(alike_blocks.items()):
        risks = _risks(kinds, by_target[target])
        shapes[block.items, risks, costs.words_of(target)].append(target)
    many = [tuple(found) for found in shapes.values() if len(found) >= _ALIKE_FROM]
    alike = {target: found for found in many for target in found}
    groups = dict.fromkeys(alike.get(target, (target,)) for target in blocks)
    return tuple(
        Told(
            block=(blocks if len(targets) == 1 else alike_blocks)[targets[0]],
            targets=targets,
            risks=_risks(kinds, by_target[targets[0]]),
            costs=costs.words_of(targets[0]),
        )
        for targets in groups
    )


def open_entries(told: Told, plan: Plan) -> Iterator[Entry]:
    """The block as it is on the page; of many accounts each is named, with who asks and why."""
    risks = "Risky: " + "; ".join(told.risks) + "."
    title = f"#### {_title(told, code_span)}"
    if len(told.targets) == 1:
        parts = (title, *_facts(told), risks, items_diff(told.block))
        yield Entry(text=_joined(parts), tally=((RISKY_ACCOUNT, 1),))
        return
    lines = {line.target: line for line in plan.accounts}
    ids = {change.target: change.account_id for change in plan.changes}
    for start in range(0, len(told.targets), _NAMES_TOGETHER):
        some = told.targets[start : start + _NAMES_TOGETHER]
        names = "\n".join(_named(name, ids.get(name), lines.get(name)) for name in some)
        lead = (title, risks, *_costs(told), items_diff(told.block)) if start == 0 else ()
        yield Entry(text=_joined((*lead, names)), tally=((RISKY_ACCOUNT, len(some)),))


def folded_entry(told: Told, *, everything: bool) -> Entry:
    """The block behind its summary; ``everything`` names all of many accounts."""
    summary = f"<details><summary>{_title(told, code_html)}</summary>"
    is_one = len(told.targets) == 1
    facts = _facts(told) if is_one else [_names(told, everything=everything), *_costs(told)]
    return Entry(
        text=_joined((summary, *facts, items_diff(told.block), "</details>")),
        tally=((ACCOUNT, len(told.targets)),),
    )


def diff(lines: Sequence[str]) -> str:
    """A block that GitHub colours by the first letter of each line."""
    return code_block([_for_diff(line) for line in lines], "diff")


def items_diff(block: Block) -> str:
    """Everything that is done to the account."""
    lines: list[str] = []
    for item in block.items:
        lead = f"{item.symbol} {item.label:<9} "
        for index, words in enumerate(_rows(item.values) if item.is_list else item.values):
            lines.append(f"{lead if index == 0 else ' ' * len(lead)}{one_line(words)}")
        for note in item.notes:  # the first letter of a line is what GitHub colours it by
            sign = note[0] if note[:1] in {"+", "-"} else " "
            lines.append(f"{sign}{' ' * (len(lead) + 1)}{note}")
        lines.extend(item.code)
    return diff(lines)


def _rows(values: Sequence[str]) -> list[str]:
    """The values after another, in rows short enough to be read without scrolling."""
    rows: list[str] = []
    for index, value in enumerate(values):
        word = value if index == len(values) - 1 else f"{value},"
        if rows and len(rows[-1]) + 1 + len(word) <= _COLUMNS:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


def _for_diff(line: str) -> str:
    """GitHub colours ``+``, ``-`` and ``!`` at the start of a line; updates are shown as ``!``."""
    return "!" + line[1:] if line[:1] in {"~", ">"} else line


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _risks(kinds: Kinds, changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kinds.risk_words(change) for change in changes if change.risk))


def _title(told: Told, code: Callable[[str], str]) -> str:
    """``code`` sets text as code, in Markdown or in HTML."""
    block = told.block
    if len(told.targets) > 1:
        return f"{code(block.symbol)} {len(told.targets):,} accounts alike"
    account = f" {code(block.account_id)}" if block.account_id else ""
    words = f" {code(block.headline)}" if block.headline else ""
    return f"{code(f'{block.symbol} {block.target}')}{account}{words}"


def _facts(told: Told) -> list[str]:
    """Who asks, why, where, and what it may cost."""
    block = told.block
    facts = [prose(block.who)] if block.who else []
    if block.where:
        facts.append(code_span(block.where))
    if block.after:
        facts.append("after " + ", ".join(code_span(name) for name in block.after))
    facts += _costs(told)
    return ["<br>".join(facts)] if facts else []


def _costs(told: Told) -> list[str]:
    return [prose(told.costs[:1].upper() + told.costs[1:])] if told.costs else []


def _named(target: str, account_id: str | None, line: AccountLine | None) -> str:
    parts = [f"- {code_span(target)}{f' {code_span(account_id)}' if account_id else ''}"]
    if line is not None:
        said = (f"for {line.owner}" if line.owner else "", line.ticket, line.reason)
        parts += [prose(one_line(text)) for text in said if text]
        if line.path:
            parts.append(code_span(f"{line.path}:{line.line}"))
    return " · ".join(parts)


def _names(told: Told, *, everything: bool) -> str:
    shown = told.targets if everything else told.targets[:_NAMES_SHOWN]
    rest = len(told.targets) - len(shown)
    names = ", ".join(code_span(target) for target in shown)
    return names + (f" and {rest:,} more" if rest else "")
