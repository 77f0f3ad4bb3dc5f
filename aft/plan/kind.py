"""What a kind is: a noun aft looks after, with everything that is said about its changes.

Verbs are closed (``Action``), nouns are open. Limits, risk, the ledger and the reports know only
what is declared here; a kind is one folder below ``aft.kinds`` and one line of registration. Pure:
how a change is carried out is ``aft.engine.effects``'s.
"""

from __future__ import annotations

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from aft.desired.model import DesiredState
from aft.errors import UserError
from aft.findings.model import Finding
from aft.plan.draft import Draft, Look
from aft.plan.fields import ACCEPTED, field_of
from aft.plan.model import Action, Change, Plan
from aft.plan.view import PlanView
from aft.plan.words import Item
from aft.values.grants import Grant
from aft.values.refs import Ref
from aft.values.words import counted
from aft.yamldoc import YamlDocument

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NAME_HINT = "lower-case letters, digits and hyphens, as the ledger's folders are called"
_PLAN_AGAIN = "make a new plan with this version of aft"
_UNINSTALL = "uninstall one of the packages that provide them"


class Truth(enum.Enum):
    """Where the actual state of a kind's things is seen. ``SNAPSHOT``: with the organization,
    always. ``LIVE``: inside the account, by looking there. ``LEDGER``: nowhere but in what aft
    wrote down, so it never drifts."""

    SNAPSHOT = "snapshot"
    LIVE = "live"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Risk:
    """Why a change must be seen by the approver. ``code`` is stored, ``words`` are shown."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A safety limit: its key below ``limits`` in ``aft.yaml`` (for kinds of others, below
    ``limits.changes``), what there are too many of, the plural of what is counted, and how many
    there may be where ``aft.yaml`` does not say."""

    name: str
    title: str
    things: str
    default: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One action on one kind, in words. ``label`` is the imperative (``move``), ``done`` the
    participle (``moved``) of actions that are listed one by one; ``counted`` the noun, singular and
    plural, of those that are counted. ``drifted`` is what drift calls it. ``tells`` is true where
    the message of a success says more than that it is done. ``is_guarded``: a protected request
    refuses it. ``spares_management``: never done to the management account."""

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

    ``noun`` is singular and plural, ``title`` heads its section of a plan. ``effect_version`` goes
    up when equal changes are carried out otherwise: open plans are refused then. ``is_inside`` says
    that its things are parts of an account: to remove one changes the account, and they are planned
    once it is known where accounts will be. ``makes_space``: it decides where that can be.
    ``after`` are the kinds that are planned before it, and whose plans it may look at.
    ``sections`` are its keys at the top of ``organization.yaml``, each with the JSON schema of its
    value; ``reads`` and ``writes`` what aft must be allowed to do for it in the management account,
    in addition to what it always may.
    ``effects`` names the class that carries its changes out, ``module:Class``; only the
    composition root loads it.
    """

    name: ClassVar[str]
    noun: ClassVar[tuple[str, str]]
    title: ClassVar[str]
    truth: ClassVar[Truth]
    effects: ClassVar[str]
    effect_version: ClassVar[int] = 1
    is_inside: ClassVar[bool] = False
    makes_space: ClassVar[bool] = False
    after: ClassVar[tuple[str, ...]] = ()
    sections: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    reads: ClassVar[tuple[Grant, ...]] = ()
    writes: ClassVar[tuple[Grant, ...]] = ()

    @property
    @abstractmethod
    def verbs(self) -> Mapping[Action, Verb]:
        """What can be done to it; any other action is refused everywhere."""

    @property
    def risks(self) -> Iterable[Risk]:
        """Every risk its changes can have."""
        return (verb.risk for verb in self.verbs.values() if verb.risk is not None)

    @property
    def risk_codes(self) -> Iterable[str]:
        """The codes of its risks, which lines of ``allow`` may name."""
        return (risk.code for risk in self.risks)

    @property
    def limit_names(self) -> Iterable[str]:
        """The names of its limits."""
        return (limit.name for limit in self.all_limits)

    def parse(
        self, document: YamlDocument, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Finding]]:
        """What is under its ``sections``, for ``DesiredState.parts``, and what is wrong with
        it, at its place."""
        del document, values
        return None, ()

    def check(self, desired: DesiredState) -> Iterable[Finding]:
        """What is wrong only in combination with the rest of the desired state."""
        del desired
        return ()

    def looks(self, view: PlanView, draft: Draft) -> Iterable[Look]:
        """What must be looked at inside accounts before ``diff``."""
        del view, draft
        return ()

    def recognised(self, view: PlanView) -> Mapping[Ref, str]:
        """Things of no account that are there as they should be, each with AWS's id, where the
        ledger does not know that: apply notes it, and no plan shows it."""
        del view
        return {}

    def recalled(self, plan: Plan, looks: Iterable[Look]) -> Mapping[tuple[str, str], Any]:
        """What ``looks`` showed when ``plan`` was made, as far as the plan holds it."""
        del plan, looks
        return {}

    @abstractmethod
    def diff(self, view: PlanView, draft: Draft) -> None:
        """Add what is to be made and changed."""

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        """Add what is to be taken away at the very end; kinds are asked in the opposite order.
        Of a limited view nothing can be concluded from absence."""
        del view, draft

    @property
    def all_limits(self) -> Iterable[Limit]:
        """Every limit its changes can count towards."""
        return (verb.limit for verb in self.verbs.values() if verb.limit is not None)

    def verb(self, change: Change) -> Verb:
        """The words for one change. Raises ``UserError`` for an action it does not have."""
        return self.require(change.action, f"{change.id}: ")

    def require(self, action: Action, where: str = "") -> Verb:
        """The words for an action. Raises ``UserError`` for one it does not have."""
        if action not in self.verbs:
            what = f"{where}{self.noun[1]} know no action {action.value!r}"
            raise UserError(what, hint=_PLAN_AGAIN)
        return self.verbs[action]

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

    def confirmed(self, number: int) -> str:
        """What apply only notes of ``number`` things that are as they should be."""
        read = counted(number, self.noun[0])
        were, they, them = ("was", "it", "it") if number == 1 else ("were", "they", "them")
        return (
            f"{read} {were} read and found as {they} should be; apply only notes {them} in the "
            "ledger."
        )

    def in_short(self, item: Item) -> str:
        """One of its items in a few words, for plans of very many accounts."""
        return f"{item.label} {item.values[0]}"


class Kinds(dict[str, Kind]):
    """The kinds that are installed, in the order in which they are shown. Strict: what it does not
    know is an error that names it, never silence. Never changed."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        """Raises ``UserError`` for two of one name, key or limit, and for a name that is none."""
        super().__init__()
        claimed: dict[tuple[str, str], str] = {}
        for kind in kinds:
            if not _NAME.fullmatch(kind.name):
                raise UserError(f"a kind cannot be called {kind.name!r}", hint=_NAME_HINT)
            if kind.name in self:
                raise UserError(f"two kinds are called {kind.name!r}", hint=_UNINSTALL)
            self[kind.name] = kind
            for what, names in (
                ("key of organization.yaml", kind.sections),
                ("limit", {limit.name for limit in kind.all_limits}),
            ):
                for name in names:
                    other = claimed.setdefault((what, name), kind.name)
                    if other != kind.name:
                        both = f"kinds {other} and {kind.name} both have the {what} {name!r}"
                        raise UserError(both, hint=_UNINSTALL)

    def __missing__(self, name: str) -> Kind:
        what = f"there is no kind {name!r} in this installation of aft"
        raise UserError(what, hint=f"{_PLAN_AGAIN}, or use the one that made it")

    def in_planning_order(self) -> tuple[Kind, ...]:
        """Each after those it says it comes after. Raises ``ValueError`` for a circle."""
        ordered: list[Kind] = []
        left = dict(self)
        while left:
            ready = (name for name, kind in left.items() if left.keys().isdisjoint(kind.after))
            name = next(ready, None)
            if name is None:
                raise ValueError("these kinds wait for each other: " + ", ".join(self))
            ordered.append(left.pop(name))
        return tuple(ordered)

    @property
    def limits(self) -> Mapping[str, Limit]:
        """Every limit, by its name."""
        return {limit.name: limit for kind in self.values() for limit in kind.all_limits}

    @property
    def sections(self) -> Mapping[str, Mapping[str, Any]]:
        """Every kind's keys of ``organization.yaml``, each with the JSON schema of its value."""
        return {key: schema for kind in self.values() for key, schema in kind.sections.items()}

    @property
    def reads(self) -> tuple[Grant, ...]:
        """What plans must be allowed for the kinds."""
        return tuple(grant for kind in self.values() for grant in kind.reads)

    @property
    def writes(self) -> tuple[Grant, ...]:
        """What an apply must be allowed in addition, for the kinds."""
        return tuple(grant for kind in self.values() for grant in kind.writes)

    def of(self, change: Change) -> Kind:
        """The kind of ``change``."""
        return self[change.kind]

    def verb(self, change: Change) -> Verb:
        """The words for ``change``."""
        return self[change.kind].verb(change)

    def judged(self, change: Change) -> Change:
        """``change`` with what its kind says of its risk. What an earlier run was allowed to do is
        no news."""
        is_accepted = field_of(change, ACCEPTED) is not None
        risk = self[change.kind].risk(change) if not is_accepted else None
        return replace(change, risk=risk.code if risk is not None else "")

    def check(self, changes: Iterable[Change]) -> None:
        """Raises ``UserError`` for the first change that no installed kind could have planned."""
        for change in changes:
            if self.judged(change).risk != change.risk:
                what = "its risk is not what this version of aft says of it"
                raise UserError(f"{change.id}: {what}", hint=_PLAN_AGAIN)

    def describe(self, change: Change) -> str:
        """``set account-alias``, ``move account``: the change in a few words."""
        kind = self[change.kind]
        return f"{kind.verb(change).label} {kind.name_of(change) or kind.noun[0]}"

    def describe_step(self, change: Change) -> str:
        """The same where the name of its account is given: ``move``."""
        kind = self[change.kind]
        return f"{kind.verb(change).label} {kind.name_of(change)}".rstrip()

    def risk_words(self, change: Change) -> str:
        """Why a risky change is risky, in words."""
        return next(risk.words for risk in self[change.kind].risks if risk.code == change.risk)
