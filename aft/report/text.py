"""A plan as text for people, 80 columns wide unless told otherwise.

``plan_view`` gives styled lines that a console colours if it may; ``plan_text`` the same without
styles. What needs attention is never shortened; accounts with the same change are told once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from aft.findings.model import Finding
from aft.plan.codec import plan_digest
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change, Plan, is_risky
from aft.plan.words import Item
from aft.report.plain import counted, one_line
from aft.report.wording import Block, block_of, changes_by_account, items_of, short, summary_line

STYLES: Mapping[str, str] = {"+": "green", "~": "yellow", ">": "cyan", "-": "red", "!": "bold red"}
_LABEL = 9
_FULL_BLOCKS = 30
_ALIKE_FROM = 4
_NAMES_SHOWN = 12
_LIST_SHOWN = 12
_DETAILS_SHOWN = 8
_SHORT_LINES = 200


def plan_view(
    plan: Plan,
    *,
    kinds: Kinds,
    width: int = 80,
    refusals: Sequence[Finding] = (),
    everything: bool = False,
) -> Text:
    """The plan, ending in its summary line (no newline after it).

    ``refusals`` are what the safety limits say. ``everything`` shortens no list. Print it with
    ``soft_wrap=True``: the lines are already as wide as they should be.
    """
    page = _Page(kinds, width=max(40, width), everything=everything)
    number = len(plan.attention)
    title = "One thing needs" if number == 1 else f"{number} things need"
    _findings(page, f"{title} attention", plan.attention, style="bold")
    of_organization = [change for change in plan.changes if change.target == ORGANIZATION]
    kept = [change for change in of_organization if not change.action.removes]
    for kind in kinds.values():
        _things(page, kind.title, [change for change in kept if change.kind == kind.name])
    _accounts(page, plan)
    _things(page, "Clean-up", [change for change in of_organization if change.action.removes])
    _notes(page, plan)
    refused = "Refused by the safety limits; apply would do nothing"
    _findings(page, refused, refusals, style="bold red")
    page.gap()
    page.whole(summary_line(plan, page.kinds), style="bold")
    return page.text


def plan_headline(plan: Plan, kinds: Kinds) -> Text:
    """Which plan it is and what it comes to, for people who have seen the whole of it."""
    page = _Page(kinds, width=80, everything=False)
    page.whole(f"Plan {plan_digest(plan)[7:19]} of {short(plan.revision)}")
    page.whole(summary_line(plan, page.kinds), style="bold")
    return page.text


class _Page:
    """Lines of text, wrapped at words; a line's continuation is indented like its beginning."""

    def __init__(self, kinds: Kinds, *, width: int, everything: bool) -> None:
        self.kinds = kinds
        self.width = width
        self.everything = everything
        self._lines: list[Text] = []

    @property
    def text(self) -> Text:
        return Text("\n").join(self._lines)

    def gap(self) -> None:
        """An empty line, unless there is one or nothing stands above it."""
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text(""))

    def line(
        self, lead: str, words: str, *, style: str = "", lead_style: str = "", tail: str = ""
    ) -> None:
        """``lead`` stands as it is, ``words`` wrap beside it; ``tail`` follows, dimmed."""
        margin = cell_len(lead)
        rows = wrapped(words, self.width - margin)
        for index, row in enumerate(rows):
            line = Text(lead if index == 0 else " " * margin, style=lead_style)
            line.append(row, style=style)
            self._lines.append(line)
        if tail:
            room = self.width - cell_len(self._lines[-1].plain)
            if cell_len(tail) + 2 <= room:
                self._lines[-1].append(f"  {tail}", style="dim")
            else:
                for row in wrapped(tail, self.width - margin):
                    self._lines.append(Text(" " * margin).append(row, style="dim"))

    def whole(self, words: str, *, style: str = "") -> None:
        """A line that is never broken, because people search for it."""
        self._lines.append(Text(words, style=style))

    def limit(self, most: int, length: int) -> int:
        """How many of ``length`` to show: all, or ``most``, but never one less than all."""
        return length if self.everything or length <= most + 1 else most


def wrapped(words: str, width: int) -> list[str]:
    """Break at spaces; a word that is too long stays whole, so that it can be copied."""
    rows = [""]
    for word in words.split(" "):
        candidate = f"{rows[-1]} {word}" if rows[-1] else word
        if cell_len(candidate) <= width or not rows[-1]:
            rows[-1] = candidate
        else:
            rows.append(word)
    return rows


def _findings(page: _Page, title: str, findings: Sequence[Finding], *, style: str) -> None:
    """Never shortened."""
    if not findings:
        return
    page.gap()
    page.line("", title, style=style)
    for item in findings:
        target = "" if item.target in ("", ORGANIZATION) else f"{one_line(item.target)}: "
        words = f"{target}{one_line(item.message)}"
        page.line("  ! ", words, lead_style=STYLES["!"], tail=item.code)
        if item.hint:
            page.line("    → ", one_line(item.hint), style="italic")


def _things(page: _Page, title: str, changes: Sequence[Change]) -> None:
    """What belongs to no account, a line each."""
    if not changes:
        return
    page.gap()
    page.line("", title, style="bold")
    for item, _ in items_of(page.kinds, changes):
        page.line(
            f"  {item.symbol} ",
            ", ".join(item.values),
            lead_style=STYLES[item.symbol],
            tail=" ".join(item.notes),
        )


def _accounts(page: _Page, plan: Plan) -> None:
    lines = {line.target: line for line in plan.accounts}
    by_target = changes_by_account(plan)
    ordered = _in_wave_order(plan, by_target)
    alike = {} if page.everything else _alike(by_target)
    alone = [target for target in ordered if _shape(by_target[target]) not in alike]
    alone.sort(key=lambda target: not is_risky(by_target[target]))
    most = page.limit(_FULL_BLOCKS, len(alone))
    in_full = frozenset(alone[:most])
    told: set[tuple[str, ...]] = set()
    for target in ordered:
        shape = _shape(by_target[target])
        if target in in_full:
            page.gap()
            _block(page, block_of(plan, page.kinds, target, by_target[target], lines.get(target)))
        elif shape in alike and shape not in told:
            told.add(shape)
            _group(page, plan, alike[shape], by_target)
    _short(page, plan, alone[most:], by_target)


def _in_wave_order(plan: Plan, targets: Iterable[str]) -> list[str]:
    wanted = set(targets)
    ids = (name for wave in plan.waves for chain in wave.chains for name in chain)
    return [
        target
        for target in dict.fromkeys(plan.change_by_id[name].target for name in ids)
        if target in wanted
    ]


def _shape(changes: Sequence[Change]) -> tuple[str, ...]:
    """Equal for accounts of which the same is to be told; empty when each is to be told alone."""
    if any(change.fields for change in changes):
        return ()
    return tuple(
        text
        for change in changes
        for text in (change.kind, change.action, change.key, change.reason, *change.details)
    )


def _alike(by_target: Mapping[str, Sequence[Change]]) -> Mapping[tuple[str, ...], list[str]]:
    shapes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target in sorted(by_target):
        if shape := _shape(by_target[target]):
            shapes[shape].append(target)
    return {shape: found for shape, found in shapes.items() if len(found) >= _ALIKE_FROM}


def _group(
    page: _Page, plan: Plan, targets: Sequence[str], by_target: Mapping[str, Sequence[Change]]
) -> None:
    page.gap()
    page.line("~ ", f"{len(targets):,} accounts alike", style="bold", lead_style=STYLES["~"])
    most = page.limit(_NAMES_SHOWN, len(targets))
    rest = f", … and {len(targets) - most:,} more" if most < len(targets) else ""
    page.line("  ", ", ".join(one_line(target) for target in targets[:most]) + rest)
    for item in block_of(plan, page.kinds, targets[0], by_target[targets[0]], None).items:
        _item(page, item)


def _block(page: _Page, block: Block) -> None:
    account = f" ({block.account_id})" if block.account_id else ""
    page.line(
        f"{block.symbol} ",
        f"{block.target}{account}",
        style="bold",
        lead_style=STYLES[block.symbol],
        tail=block.headline,
    )
    if block.who:
        page.line("  ", block.who)
    if block.where:
        page.line("  ", block.where, style="dim")
    if block.after:
        page.line("  ", f"after {', '.join(block.after)}")
    for item in block.items:
        _item(page, item)


def _item(page: _Page, item: Item) -> None:
    lead = f"    {item.symbol} {item.label:<{_LABEL}} "
    style = STYLES[item.symbol]
    most = page.limit(_LIST_SHOWN, len(item.values))
    values = list(item.values[:most])
    if most < len(item.values):
        values.append(f"… and {len(item.values) - most:,} more")
    if item.is_list:
        values = [", ".join(values)]
    notes = item.notes
    tail = notes[0] if len(notes) == 1 and notes[0].startswith("(") else ""
    for index, words in enumerate(values):
        page.line(
            lead if index == 0 else " " * len(lead),
            words,
            lead_style=style,
            tail=tail if index == len(values) - 1 else "",
        )
    if tail:
        return
    most = page.limit(_DETAILS_SHOWN, len(notes))
    for note in notes[:most]:
        page.line(" " * (len(lead) + 2), note, style="dim")
    if most < len(notes):
        page.line(" " * (len(lead) + 2), f"… and {len(notes) - most:,} more", style="dim")


def _short(
    page: _Page, plan: Plan, targets: Sequence[str], by_target: Mapping[str, Sequence[Change]]
) -> None:
    """One line each for what is too much to tell in full; the risky ones first, and all."""
    if not targets:
        return
    page.gap()
    page.line("", f"{counted(len(targets), 'more account')}, in short", style="bold")
    risky = [target for target in targets if is_risky(by_target[target])]
    others = [target for target in targets if not is_risky(by_target[target])]
    most = page.limit(_SHORT_LINES, len(others))
    for target in (*risky, *others[:most]):
        block = block_of(plan, page.kinds, target, by_target[target], None)
        account = f" ({block.account_id})" if block.account_id else ""
        page.line(
            f"  {block.symbol} ",
            f"{block.target}{account}: {_in_short(block)}",
            lead_style=STYLES[block.symbol],
        )
    if most < len(others):
        page.line(
            "    ",
            f"… and {counted(len(others) - most, 'more account')}; `--format json` has them all",
            style="dim",
        )


def _in_short(block: Block) -> str:
    return ", ".join(
        block.headline if item.label == "account" else words
        for item, words in zip(block.items, block.in_short, strict=True)
    )


def _notes(page: _Page, plan: Plan) -> None:
    for name, number in sorted(Counter(item.ref.kind for item in plan.confirmations).items()):
        noun, one = page.kinds[name].noun[0], number == 1
        page.gap()
        page.line(
            "",
            f"{counted(number, noun)} {'was' if one else 'were'} read and found as "
            f"{'it' if one else 'they'} should be; apply only notes "
            f"{'it' if one else 'them'} in the ledger.",
            style="dim",
        )
    if plan.scope is not None:
        page.gap()
        page.line(
            "",
            f"A plan of {counted(len(plan.scope), 'request')} only: nothing else was looked at, "
            "and nothing is forgotten.",
            style="dim",
        )
