"""One text for every way in which some patterns can tell texts apart.

Patterns with wildcards divide all texts into cells: two texts are in one cell when every pattern
fits both or neither. ``cells`` walks the product of the patterns' automata and returns a shortest
text of each cell, so that what is true of all texts is found by trying finitely many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aft.policy_language.patterns import ARN_SEGMENTS, ONE, STAR, Token, segments_of

MOST_STATES = 20_000
"""States of the product that are looked at; beyond them the answer is not complete."""
_OTHERS = "xyz0123456789qwvkjuhgfdsamnbpotierlc-_"


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a pattern: a character (``None``: any), once or as often as one likes."""

    character: str | None
    repeats: bool = False
    ignore_case: bool = False
    but_colon: bool = False

    def takes(self, character: str) -> bool:
        if self.character is None:
            return not (self.but_colon and character == ":")
        if self.ignore_case:
            return self.character.lower() == character.lower()
        return self.character == character


Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """``complete`` when there is a text of every cell."""

    texts: tuple[str, ...]
    complete: bool


def steps_of(
    tokens: Iterable[Token], *, ignore_case: bool = False, but_colon: bool = False
) -> Steps:
    """A pattern's elements; ``but_colon``: its wildcards do not match a colon."""
    found: list[Step] = []
    for token in tokens:
        if token is STAR:
            found.append(Step(None, repeats=True, but_colon=but_colon))
        elif token is ONE:
            found.append(Step(None, but_colon=but_colon))
        else:
            found += [Step(character, ignore_case=ignore_case) for character in str(token)]
    return tuple(found)


def arn_steps(tokens: Sequence[Token], *, ignore_case_until: int, open_end: bool = False) -> Steps:
    """An ARN's elements, segment by segment; the first ``ignore_case_until`` without case. With
    ``open_end`` a wildcard in the last segment spans all that follows, however few there are."""
    found: list[Step] = []
    segments = segments_of(tokens)
    for number, segment in enumerate(segments):
        last = number == (len(segments) if open_end else ARN_SEGMENTS) - 1
        if number:
            found.append(Step(":"))
        found += steps_of(segment, ignore_case=number < ignore_case_until, but_colon=not last)
    return tuple(found)


ANY_ARN: Steps = (
    *steps_of(["arn:"]),
    *(Step(None, but_colon=True), Step(None, repeats=True, but_colon=True), Step(":")) * 2,
    *(Step(None, repeats=True, but_colon=True), Step(":")) * 2,
    *(Step(None), Step(None, repeats=True)),
)
"""The form of every ARN: partition, service and resource are never empty."""


def cells(patterns: Sequence[Steps], *, within: Steps | None = None) -> Cells:
    """A text of every cell of ``patterns`` among the texts that ``within`` fits."""
    machine = _Machine([*patterns, within] if within is not None else list(patterns))
    frontier = deque([(machine.start, "")])
    seen = {machine.start}
    found: dict[tuple[int, ...], str] = {}
    complete = True
    while frontier:
        state, text = frontier.popleft()
        accepting = machine.accepting(state)
        fits = within is None or len(patterns) in accepting
        if fits and not found.get(accepting):  # an empty text reads worse than any other
            found[accepting] = text
        for character in machine.characters(state):
            after = machine.after(state, character)
            if after in seen or (within is not None and not machine.lives(after, len(patterns))):
                continue
            if len(seen) >= MOST_STATES:
                complete = False
                break
            seen.add(after)
            frontier.append((after, text + character))
    return Cells(tuple(dict.fromkeys(found.values())), complete)


_State = tuple[tuple[int, frozenset[int]], ...]
"""Of every pattern that still lives: its number and the positions it may be at."""


class _Machine:
    """All patterns side by side."""

    def __init__(self, patterns: Sequence[Steps]) -> None:
        self._patterns = patterns
        self.start: _State = tuple(
            (number, self._closed(number, {0})) for number in range(len(patterns))
        )
        literal = {step.character.lower() for steps in patterns for step in steps if step.character}
        self._other = next((item for item in _OTHERS if item not in literal), "\N{DEGREE SIGN}")

    def _closed(self, number: int, positions: Iterable[int]) -> frozenset[int]:
        """What can be left out (a repeated element) is left out, too."""
        steps, todo, closed = self._patterns[number], list(positions), set[int]()
        while todo:
            position = todo.pop()
            if position in closed:
                continue
            closed.add(position)
            if position < len(steps) and steps[position].repeats:
                todo.append(position + 1)
        return frozenset(closed)

    def accepting(self, state: _State) -> tuple[int, ...]:
        """The patterns that fit the text so far."""
        return tuple(
            number for number, positions in state if len(self._patterns[number]) in positions
        )

    def lives(self, state: _State, number: int) -> bool:
        """Could the pattern fit a longer text?"""
        return any(item == number for item, _ in state)

    def characters(self, state: _State) -> Iterable[str]:
        """The characters after which something may differ, and one that represents all others."""
        found: set[str] = set()
        for number, positions in state:
            steps = self._patterns[number]
            for step in (steps[position] for position in positions if position < len(steps)):
                if step.character is not None and step.ignore_case:
                    found |= {step.character.lower(), step.character.upper()}
                elif step.character is not None:
                    found.add(step.character)
                elif step.but_colon:
                    found.add(":")
        single = (item for item in found if len(item) == 1)  # "ß".upper() is two
        return (self._other, *sorted(single, key=lambda item: (item.isupper(), item)))

    def after(self, state: _State, character: str) -> _State:
        """Where the patterns are after one more character; those that cannot fit are dropped."""
        found = []
        for number, positions in state:
            steps = self._patterns[number]
            moved = {
                position if steps[position].repeats else position + 1
                for position in positions
                if position < len(steps) and steps[position].takes(character)
            }
            if moved:
                found.append((number, self._closed(number, moved)))
        return tuple(found)
