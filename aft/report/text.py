"""A plan as text for people. What needs attention is never shortened; accounts with the same change
are shown once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from aft.findings.model import Finding
from aft.plan.codec import plan_digest
from aft.plan.fields import is_gain
from aft.plan.kind import Kinds
from aft.plan.model import ORGANIZATION, Change, Plan, is_risky
from aft.plan.words import Item
from aft.report.alike import impersonal
from aft.report.plain import one_line
from aft.report.wording import (
    ALIKE_FROM,
    Block,
    block_of,
    changes_by_account,
    items_of,
    said_once,
    short,
    summary_line,
)
from aft.values.words import counted

STYLES: Mapping[str, str] = {"+": "green", "~": "yellow", ">": "cyan", "-": "red", "!": "bold red"}
_LABEL = 9
_FULL_BLOCKS = 30
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
    """The plan, ending in its summary line (no newline after it). ``refusals`` are what the safety
    limits say. ``everything`` shortens no list. Print it with ``soft_wrap=True``: the lines are
    already as wide as they should be."""
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
        """An empty line, unless there is one or nothing is above it."""
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text(""))

    def line(self, lead: str, words: str, *, style: str = "", tail: str = "") -> None:
        """``lead`` stays as it is, in the colour of its sign; ``words`` wrap next to it; ``tail``
        follows, dimmed."""
        margin, lead_style = cell_len(lead), STYLES.get(lead.lstrip()[:1], "")
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

    def some(self, words: Sequence[str], most: int) -> list[str]:
        """All, or the first ones and how many more there are."""
        shown = self.limit(most, len(words))
        rest = [f"… and {len(words) - shown:,} more"] if shown < len(words) else []
        return [*words[:shown], *rest]

    def note(self, words: str) -> None:
        """A paragraph that says something of the plan as a whole."""
        self.gap()
        self.line("", words, style="dim")


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
    for item, targets in said_once(findings):
        target = "" if item.target in ("", ORGANIZATION) else f"{one_line(item.target)}: "
        if len(targets) > 1:
            target = f"{len(targets):,} accounts: "
        words = f"{target}{one_line(item.message)}"
        page.line("  ! ", words, tail=item.code)
        if len(targets) > 1:
            page.line("    ", ", ".join(map(one_line, targets)))
        if item.hint:
            page.line("    → ", one_line(item.hint), style="italic")


def _things(page: _Page, title: str, changes: Sequence[Change]) -> None:
    """What belongs to no account, a line each."""
    if not changes:
        return
    page.gap()
    page.line("", title, style="bold")
    for item, _ in items_of(page.kinds, changes):
        page.line(f"  {item.symbol} ", ", ".join(item.values), tail=" ".join(item.notes))


def _accounts(page: _Page, plan: Plan) -> None:
    lines = {line.target: line for line in plan.accounts}
    by_target = changes_by_account(plan)
    told_as = {name: impersonal(found, lines.get(name)) for name, found in by_target.items()}
    ordered = _in_wave_order(plan, by_target)
    alike = {} if page.everything else _alike(told_as)
    alone = [target for target in ordered if _shape(told_as[target]) not in alike]
    alone.sort(key=lambda target: not is_risky(by_target[target]))
    most = page.limit(_FULL_BLOCKS, len(alone))
    in_full = frozenset(alone[:most])
    told: set[tuple[str, ...]] = set()
    for target in ordered:
        shape = _shape(told_as[target])
        if target in in_full:
            page.gap()
            _block(page, block_of(plan, page.kinds, target, by_target[target], lines.get(target)))
        elif shape in alike and shape not in told:
            told.add(shape)
            _group(page, plan, alike[shape], told_as)
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
    """Equal for accounts that are shown together; empty for one that is shown alone."""
    if any(not is_gain(item) for change in changes for item in change.fields):
        return ()
    return tuple(
        text
        for change in changes
        for text in (
            *(change.kind, change.action, change.key, change.reason, *change.details),
            *(f"{item.field} {item.before} {item.after}" for item in change.fields),
            *(repr(found) for found in (change.comparison, change.preview) if found is not None),
        )
    )


def _alike(by_target: Mapping[str, Sequence[Change]]) -> Mapping[tuple[str, ...], list[str]]:
    shapes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target in sorted(by_target):
        if shape := _shape(by_target[target]):
            shapes[shape].append(target)
    return {shape: found for shape, found in shapes.items() if len(found) >= ALIKE_FROM}


def _group(
    page: _Page, plan: Plan, targets: Sequence[str], by_target: Mapping[str, Sequence[Change]]
) -> None:
    page.gap()
    page.line("~ ", f"{len(targets):,} accounts alike", style="bold")
    page.line("  ", ", ".join(page.some(list(map(one_line, targets)), _NAMES_SHOWN)))
    for item in block_of(plan, page.kinds, targets[0], by_target[targets[0]], None).items:
        _item(page, item)


def _block(page: _Page, block: Block) -> None:
    page.line(f"{block.symbol} ", block.name, style="bold", tail=block.headline)
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
    below = " " * len(lead)
    *values, last = page.some(item.values, _LIST_SHOWN) or [""]
    if item.is_list:
        values, last = [], ", ".join((*values, last))
    notes = item.notes
    tail = notes[0] if len(notes) == 1 and notes[0].startswith("(") else ""
    for words in values:
        page.line(lead, words)
        lead = below
    page.line(lead, last, tail=tail)
    for note in () if tail else page.some(notes, max(item.vital, _DETAILS_SHOWN)):
        page.line(f"{below}  ", note, style="dim")
    for line in item.code:
        page.whole(f"      {line}", style=STYLES.get(line[:1], "dim"))


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
        short = ", ".join(
            block.headline if item.label == "account" else words
            for item, words in zip(block.items, block.in_short, strict=True)
        )
        page.line(f"  {block.symbol} ", f"{block.name}: {short}")
    if most < len(others):
        rest = counted(len(others) - most, "more account")
        page.line("    ", f"… and {rest}; `--format json` has them all", style="dim")


def _notes(page: _Page, plan: Plan) -> None:
    for name, number in sorted(Counter(item.ref.kind for item in plan.confirmations).items()):
        page.note(page.kinds[name].confirmed(number))
    if plan.scope is not None:
        page.note(
            f"A plan of {counted(len(plan.scope), 'request')} only: nothing else was looked at, "
            "and nothing is forgotten."
        )
