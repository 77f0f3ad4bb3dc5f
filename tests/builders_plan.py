"""Desired states, snapshots and ledgers in a few words, for tests of plans and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from builders_kinds import KINDS

from aft.baselines.digests import setting_digest
from aft.baselines.directions import Directions, Routine
from aft.baselines.model import Baseline, Selector, SettingParameters, SettingSpec
from aft.baselines.select import settings_for
from aft.config.model import Config
from aft.customizations.digests import step_digest
from aft.customizations.model import Customization, CustomizationStep, StepFile, StepInputs
from aft.desired.model import AccountRequest, DesiredState, Owner
from aft.findings.model import SourceRef
from aft.ledger.events import AccountRecord, DoneStep, FailedStep, LedgerState, OpenIntent
from aft.ledger.legacy import ref_of_step
from aft.organization.model import (
    Account,
    AccountState,
    OrganizationalUnit,
    OrganizationSnapshot,
    Policy,
)
from aft.organization.spec import OrganizationSpec, UnitSpec
from aft.plan.draft import Look
from aft.plan.make import Drafted, draft_plan
from aft.plan.model import LiveSetting, Plan
from aft.plan.view import PlanView
from aft.values.ids import AccountId, EmailAddress, OrgUnitId, OrgUnitPath, RequestId, Revision

REVISION = Revision("1a2b3c4" + "d" * 33)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROOT = OrgUnitId("r-root")
MANAGEMENT = AccountId("999999999999")


def path(text: str) -> OrgUnitPath:
    return OrgUnitPath.parse(text)


def account_id(number: int) -> AccountId:
    return AccountId(f"{number:012d}")


def request(name: str, ou: str = "Workloads", /, **changes: Any) -> AccountRequest:
    values: dict[str, Any] = {
        "id": RequestId(name),
        "name": name,
        "email": f"aws+{name}@example.com",
        "ou": path(ou),
        "source": SourceRef(f"account-requests/{name}.yaml"),
        "blob_id": "b" * 40,
        "owner": Owner(team="payments", email="payments@example.com"),
    }
    values |= changes
    values["email"] = EmailAddress(values["email"])
    return AccountRequest(**values)


def unit(text: str, previously: str | None = None) -> UnitSpec:
    return UnitSpec(
        path=path(text),
        previously=path(previously) if previously else None,
        source=SourceRef("customizations/organization/organization.yaml", 3, 5),
    )


def unit_id(text: str) -> OrgUnitId:
    """The id the snapshot builder gives the OU that is at ``text``."""
    slug = "".join(letter for letter in text.lower() if letter.isalnum())
    return OrgUnitId(f"ou-root-{slug:0<8}")


def snapshot(
    units: Iterable[str] = ("Workloads",),
    accounts: Iterable[Account] = (),
    *,
    scope: tuple[str, ...] | None = None,
    policies: tuple[Policy, ...] = (),
) -> OrganizationSnapshot:
    found = [OrganizationalUnit(id=ROOT, name="Root", path=OrgUnitPath(), parent_id=None)]
    for text in units:
        here = path(text)
        parent = ROOT if here.parent.is_root else unit_id(str(here.parent))
        found.append(
            OrganizationalUnit(id=unit_id(text), name=here.name, path=here, parent_id=parent)
        )
    return OrganizationSnapshot(
        organization_id="o-example123",
        root_id=ROOT,
        management_account_id=MANAGEMENT,
        units=tuple(sorted(found, key=lambda item: item.id)),
        accounts=tuple(sorted(accounts, key=lambda item: item.id)),
        policies=policies,
        scope=scope,
        read_at=NOW,
    )


def account(
    number: int,
    name: str,
    ou: str = "Workloads",
    *,
    tags: Mapping[str, str] | None = None,
    email: str | None = None,
    state: AccountState = AccountState.ACTIVE,
    id_: AccountId | None = None,
) -> Account:
    """An account as aft leaves it: tagged with its request, unless ``tags`` says otherwise."""
    return Account(
        id=id_ or account_id(number),
        name=name,
        email=email or f"aws+{name}@example.com",
        state=state,
        parent_id=ROOT if ou == "/" else unit_id(ou),
        ou=path(ou),
        tags={"aft:request": name} if tags is None else tags,
    )


def desired(
    *requests: AccountRequest,
    units: Iterable[UnitSpec] = (),
    removed: Iterable[UnitSpec] = (),
    baselines: Iterable[Baseline] = (),
    customizations: Iterable[Customization] = (),
    config: Config | None = None,
) -> DesiredState:
    return DesiredState(
        revision=REVISION,
        config=config or Config(home_region="eu-central-1"),
        organization=OrganizationSpec(units=tuple(units), removed=tuple(removed)),
        requests=tuple(sorted(requests, key=lambda item: item.id)),
        baselines={item.name: item for item in baselines},
        customizations={item.name: item for item in customizations},
    )


def record(
    subject: str,
    number: int | None = None,
    *,
    tag_keys: tuple[str, ...] = ("aft:request",),
    **changes: Any,
) -> AccountRecord:
    values: dict[str, Any] = {
        "subject": subject,
        "account_id": account_id(number) if number is not None else None,
        "tag_keys": tag_keys,
        "last_run": "20261120T093000-aaaaaa",
        "last_at": EARLIER,
    }
    for part in ("steps", "failures"):  # by bare names, as people say them
        named = changes.pop(part, {})
        values[part] = {
            name if name.partition("/")[0] in KINDS else str(ref_of_step(name)): step
            for name, step in named.items()
        }
    return AccountRecord(**{**values, **changes})


def intent(name: str) -> OpenIntent:
    return OpenIntent(
        at=EARLIER, run="r1", name=name, email=f"aws+{name}@example.com", creation_id=None
    )


def failed(reason: str) -> FailedStep:
    return FailedStep(at=EARLIER, run="r1", reason=reason)


def ledger(*records: AccountRecord, commit: str = "e" * 40) -> LedgerState:
    return LedgerState(commit=commit, records={item.subject: item for item in records})


# --- plug-ins ---------------------------------------------------------------------------------


class NoParameters(SettingParameters):
    """A setting's parameters, one of them optional."""

    weakens: ClassVar[Directions] = {"level": Routine("for tests")}

    level: int = 1


class FakeSetting:
    """A setting whose result depends on the account's name alone."""

    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "for tests"
    parameters_model = NoParameters

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]  # one class stands for several settings here

    def facts(self, account: Any) -> object:
        return {"name": account.name}


class FakeRunner:
    """A customization kind, of which a plan reads the version alone."""

    kind: ClassVar[str] = "python"
    effect_version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = (".py",)


SETTINGS: Mapping[str, Any] = {
    name: FakeSetting(name)
    for name in ("account-alias", "ebs-default-encryption", "iam-password-policy")
}
RUNNERS: Mapping[str, Any] = {"python": FakeRunner()}


def baseline(
    name: str = "standard", *settings: str, ou: str = "Workloads", level: int = 1
) -> Baseline:
    source = SourceRef(f"customizations/baselines/{name}.yaml")
    return Baseline(
        name=name,
        description="",
        select=Selector(organizational_units=(path(ou),)),
        settings=tuple(
            SettingSpec(setting=item, parameters={"level": level}, source=source)
            for item in settings or ("account-alias", "ebs-default-encryption")
        ),
        source=source,
    )


def customization(name: str, *steps: str, uses: frozenset[str] = frozenset()) -> Customization:
    folder = f"customizations/{name if name == 'global' else f'accounts/{name}'}"
    return Customization(
        name=name,
        steps=tuple(
            CustomizationStep(
                customization=name,
                name=item,
                kind="python",
                file=StepFile(path=f"{folder}/{item}", content=b""),
                support=(),
                content_digest=f"sha256:{name}/{item}",
                uses=uses,
            )
            for item in steps
        ),
        source=SourceRef(folder),
    )


def done(text: str, outputs: Mapping[str, str] | None = None) -> DoneStep:
    return DoneStep(digest=text, at=EARLIER, run="r1", outputs=outputs or {})


def all_done(
    state: DesiredState, name: str, number: int, *, plugins: Mapping[str, Any] | None = None
) -> Mapping[str, DoneStep]:
    """Every step of a request as the ledger has it when all of them were applied."""
    wanted = state.request_by_id[RequestId(name)]
    assert isinstance(wanted.ou, OrgUnitPath)
    facts = replace(state.account(wanted), account_id=account_id(number)).facts
    steps: dict[str, DoneStep] = {}
    for item in state.baselines.values():
        for resolved in settings_for(item, facts, plugins or SETTINGS):
            steps[resolved.name] = done(setting_digest(resolved, facts))
    outputs: dict[str, Mapping[str, str]] = {}
    for key in ("global", *wanted.customizations):
        if key in state.customizations:
            for step in state.customizations[key].steps:
                text = step_digest(
                    step, StepInputs(account=facts, outputs=outputs), effect_version=1
                )
                steps[step.id] = done(text)
                outputs[step.id] = {}
    return steps


def view(
    state: DesiredState,
    world: OrganizationSnapshot,
    book: LedgerState | None = None,
    *,
    deep: bool = False,
    plugins: Mapping[str, Any] | None = None,
    scope: tuple[str, ...] | None = None,
    rerun: frozenset[str] = frozenset(),
    published: OrganizationSnapshot | None = None,
    today: date = date.min,
) -> PlanView:
    return PlanView(
        desired=state,
        snapshot=world,
        ledger=book or ledger(),
        settings=plugins or SETTINGS,
        runners=RUNNERS,
        is_deep=deep,
        scope=None if scope is None else frozenset(RequestId(item) for item in scope),
        rerun=rerun,
        published=lambda: published,
        today=today,
    )


NOTHING: Mapping[str, Any] = {}


class Looking:
    """A look inside accounts that shows what it is given, by kind, and remembers the question."""

    def __init__(self, shown: Mapping[str, Mapping[tuple[str, str], Any] | None] = NOTHING) -> None:
        self._shown = shown
        self.looks: dict[str, tuple[Look, ...]] = {}

    def __call__(self, kind: str, looks: Sequence[Look]) -> Mapping[tuple[str, str], Any]:
        self.looks[kind] = tuple(looks)
        return self._shown.get(kind) or {}


def drafted(seen: PlanView, look: Looking | None = None, *, made_at: datetime = NOW) -> Drafted:
    return draft_plan(seen, kinds=KINDS, look=look, made_at=made_at)


def plan(
    state: DesiredState,
    world: OrganizationSnapshot,
    book: LedgerState | None = None,
    *,
    live: Mapping[tuple[str, str], LiveSetting] | None = None,
    made_at: datetime = NOW,
    **options: Any,
) -> Plan:
    """``live`` is what was seen of settings; ``None`` when nobody looks."""
    look = Looking({"setting": live}) if live is not None else None
    return drafted(view(state, world, book, **options), look, made_at=made_at).plan


def but(value: Any, **changes: Any) -> Any:
    """``dataclasses.replace``, in fewer letters."""
    return replace(value, **changes)
