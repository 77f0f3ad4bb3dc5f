"""What a kind is: a noun aft looks after, with everything that is said about its changes.

Verbs are closed (``Action``), nouns are open. Limits, risk, the ledger and the reports know only
what is declared here; a kind is one folder below ``aft.kinds`` and one line of registration. Which
changes there are is still computed by modules of ``aft.plan``, one for each kind. Pure: how a
change is carried out is ``aft.engine.effects``'s.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from aft.errors import UserError
from aft.plan.model import Action, Change
from aft.plan.words import Item


class Truth(enum.Enum):
    """Where the actual state of a kind's things is seen.

    ``SNAPSHOT``: with the organization, always. ``LIVE``: inside the account, when somebody looks.
    ``LEDGER``: nowhere but in what aft wrote down, so it never drifts.
    """

    SNAPSHOT = "snapshot"
    LIVE = "live"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a change must be seen by whoever says yes. ``code`` is stored, ``words`` are shown."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A safety limit: its key below ``limits`` in ``aft.yaml``, what there are too many of, and
    the plural of what is counted."""

    name: str
    title: str
    things: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One action on one kind, in words.

    ``label`` is the imperative (``move``), ``done`` the participle (``moved``) of actions that
    are told one by one; ``counted`` the noun, singular and plural, of those that are counted.
    ``drifted`` is what drift calls it. ``tells`` is true where the message of a success says more
    than that it is done. ``is_guarded``: a protected request refuses it. ``spares_management``:
    never done to the management account.
    """

    label: str
    done: str = ""
    counted: tuple[str, str] | None = None
    drifted: str = ""
    tells: bool = False
    risk: Risk | None = None
    limit: Limit | None = None
    is_guarded: bool = False
    spares_management: bool = False


class Kind(ABC):
    """One noun. Members that are not declared abstract have the answer that fits most kinds.

    ``noun`` is singular and plural, ``title`` heads its section of a plan. ``is_inside`` says
    that its things are parts of an account: to remove one changes the account. ``effects`` names
    the class that carries its changes out, ``module:Class``; only the composition root loads it.
    """

    name: ClassVar[str]
    noun: ClassVar[tuple[str, str]]
    title: ClassVar[str]
    truth: ClassVar[Truth]
    effects: ClassVar[str]
    is_inside: ClassVar[bool] = False

    @property
    @abstractmethod
    def verbs(self) -> Mapping[Action, Verb]:
        """What can be done to it; any other action is refused wherever it is met."""

    @property
    def risks(self) -> Iterable[Risk]:
        """Every risk its changes can have."""
        return (verb.risk for verb in self.verbs.values() if verb.risk is not None)

    def verb(self, change: Change) -> Verb:
        """The words for one change. Raises ``UserError`` for an action it does not have."""
        found = self.verbs.get(change.action)
        if found is None:
            raise UserError(
                f"{change.id}: {self.noun[1]} know no action {change.action.value!r}",
                hint="make a new plan with this version of aft",
            )
        return found

    def risk(self, change: Change) -> Risk | None:
        """Why ``change`` is risky; ``None`` for routine."""
        return self.verb(change).risk

    def limits(self, change: Change) -> Iterator[Limit]:
        """The limits that ``change`` counts towards."""
        limit = self.verb(change).limit
        if limit is not None:
            yield limit

    def name_of(self, change: Change) -> str:
        """The thing as people call it; "" where the target says it already."""
        return change.key

    def alike(self, change: Change) -> tuple[str, ...]:
        """Equal, and not empty, for changes of one target that share an item of the plan."""
        del change
        return ()

    @abstractmethod
    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        """What the plan says of ``changes``: one, or several that are ``alike``."""

    def headline(self, change: Change, where: str) -> str | None:
        """What happens to the whole account, which is in OU ``where``; ``None`` for the most."""
        del change, where
        return None

    def in_short(self, item: Item) -> str:
        """One of its items in a few words, for plans of very many accounts."""
        return f"{item.label} {item.values[0]}"


class Kinds(Mapping[str, Kind]):
    """The kinds that are installed, in the order in which they are shown. Strict: what
    it does not know is an error that names it, never silence."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def __getitem__(self, name: str) -> Kind:
        try:
            return self._kinds[name]
        except KeyError:
            raise UserError(
                f"there is no kind {name!r} in this installation of aft",
                hint="make a new plan with this version of aft, or use the one that made it",
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def of(self, change: Change) -> Kind:
        """The kind of ``change``."""
        return self[change.kind]

    def verb(self, change: Change) -> Verb:
        """The words for ``change``."""
        return self[change.kind].verb(change)

    def require(self, name: str, action: Action) -> None:
        """Raises ``UserError`` unless there is that kind, and it has that action."""
        if action not in self[name].verbs:
            raise UserError(
                f"{self[name].noun[1]} know no action {action.value!r}",
                hint="make a new plan with this version of aft",
            )

    def judged(self, change: Change) -> Change:
        """``change`` with what its kind says of its risk."""
        risk = self[change.kind].risk(change)
        return replace(change, risk=risk.code if risk is not None else "")

    def check(self, changes: Iterable[Change]) -> None:
        """Raises ``UserError`` for the first change that no installed kind could have planned."""
        for change in changes:
            if self.judged(change).risk != change.risk:
                raise UserError(
                    f"{change.id}: its risk is not what this version of aft says of it",
                    hint="make a new plan with this version of aft",
                )

    def describe(self, change: Change) -> str:
        """``set account-alias``, ``move account``: the change in a few words."""
        kind = self[change.kind]
        return f"{kind.verb(change).label} {kind.name_of(change) or kind.noun[0]}"

    def describe_step(self, change: Change) -> str:
        """The same beside the name of its account: ``move``."""
        kind = self[change.kind]
        return f"{kind.verb(change).label} {kind.name_of(change)}".rstrip()

    def risk_words(self, change: Change) -> str:
        """Why a risky change is risky, in words."""
        return next(risk.words for risk in self[change.kind].risks if risk.code == change.risk)
