"""A pair: policies, and where they hang. The pure half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from aft.desired.model import DesiredState
from aft.findings.model import Finding, SourceRef
from aft.findings.validation import validate
from aft.plan.draft import Draft
from aft.plan.kind import Kind, Risk, Truth, Verb
from aft.plan.model import ORGANIZATION, Action, Change, FieldChange
from aft.plan.view import PlanView
from aft.plan.words import Item, both
from aft.values.grants import Grant
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.refs import ACCOUNT, Ref, ou_ref
from aft.yamldoc import YamlDocument

POLICY, ATTACHMENT = "toy-policy", "toy-attachment"
Name = Annotated[str, Field(min_length=1, max_length=40)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _words(changes: Sequence[Change], label: str) -> Iterable[Item]:
    for change in changes:
        shown = tuple(map(_shown, change.fields)) or ("as it was",)
        yield Item(symbol=change.symbol, label=label, values=(f"{change.key}: {shown[0]}",))


def _shown(item: FieldChange) -> str:
    return both(item) if item.before and item.after else item.after or f"was {item.before}"


def _of(desired: DesiredState, kind: str, default: Any) -> Any:
    found = desired.parts.get(kind)
    return default if found is None else found


class PolicyEntry(_Model):
    name: Name
    denies: Name
    ous: list[str] = []
    accounts: list[str] = []


class PoliciesFile(_Model):
    toy_policies: list[PolicyEntry] = []


class ToyPolicies(Kind):
    """Service control policies that deny one action. A key is a policy's name."""

    name = POLICY
    noun = ("toy policy", "toy policies")
    title = "Toy policies"
    truth = Truth.SNAPSHOT
    effects = "toys.policies_effects:PolicyEffects"
    sections: ClassVar = {"toy_policies": {"type": "array"}}
    writes = (Grant(sid="WriteToyPolicies", why="Toys.", actions=("organizations:CreatePolicy",)),)

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {
            Action.CREATE: Verb(label="create policy", counted=("policy", "policies")),
            Action.UPDATE: Verb(label="change policy", counted=("policy", "policies")),
            Action.DELETE: Verb(label="delete policy", counted=("policy", "policies")),
        }

    def parse(
        self, document: YamlDocument, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Finding]]:
        found, findings = validate(PoliciesFile, document, data=values)
        return (tuple(found.toy_policies) if found is not None else ()), findings

    def check(self, desired: DesiredState) -> Iterable[Finding]:
        for entry in _of(desired, POLICY, ()):
            for name in entry.accounts:
                if name not in desired.request_by_id:
                    yield Finding(
                        code="AFT401",
                        source=SourceRef("customizations/organization/organization.yaml"),
                        message=f"policy {entry.name} names the account of {name}, which nobody "
                        "asks for",
                        hint="correct the name",
                    )

    def diff(self, view: PlanView, draft: Draft) -> None:
        actual = view.snapshot.objects.get(POLICY)
        if actual is None:
            return
        for entry in _of(view.desired, POLICY, ()):
            before = actual.get(entry.name)
            if before is None or before["denies"] != entry.denies:
                draft.add(
                    Action.CREATE if before is None else Action.UPDATE,
                    Ref(POLICY, entry.name),
                    fields=(
                        FieldChange(
                            field="denies",
                            before=before["denies"] if before else None,
                            after=entry.denies,
                        ),
                    ),
                    effect={"denies": entry.denies},
                    reason="toy_policies of organization.yaml",
                )

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        wanted = {entry.name for entry in _of(view.desired, POLICY, ())}
        for name in sorted(view.snapshot.objects.get(POLICY) or {}):
            if not view.is_limited and name not in wanted:
                draft.add(Action.DELETE, Ref(POLICY, name), reason="no longer in organization.yaml")

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        return _words(changes, "policy")


class ToyAttachments(Kind):
    """Where the toy policies hang. A key is ``<policy>@ou/<path>`` or ``<policy>@account/<id>``."""

    name = ATTACHMENT
    noun = ("toy attachment", "toy attachments")
    title = "Toy attachments"
    truth = Truth.SNAPSHOT
    effects = "toys.policies_effects:AttachmentEffects"
    after = (POLICY,)
    writes = (Grant(sid="AttachToyPolicies", why="Toys.", actions=("organizations:AttachPolicy",)),)

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {
            Action.CREATE: Verb(label="attach policy", counted=("attachment", "attachments")),
            Action.DETACH: Verb(
                label="detach policy",
                counted=("attachment", "attachments"),
                risk=Risk("detach", "the account is no longer under the policy"),
            ),
        }

    def diff(self, view: PlanView, draft: Draft) -> None:
        present = self._present(view, draft)
        if present is None:
            return
        for policy, place in self._wanted(view):
            if (policy, place) in present:
                continue
            if place.kind == ACCOUNT and place.key in draft.blocked:
                draft.remark(
                    Finding(
                        code="AFT913",
                        target=ORGANIZATION,
                        message=f"policy {policy} waits for {place.key}",
                    )
                )
                continue
            draft.add(
                Action.CREATE,
                Ref(ATTACHMENT, f"{policy}@{place}"),
                fields=(FieldChange(field="at", before=None, after=str(place)),),
                uses=(Ref(POLICY, policy), place),
                reason="toy_policies of organization.yaml",
            )

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        wanted = set(self._wanted(view))
        for policy, place in sorted(self._present(view, draft) or ()):
            if not view.is_limited and (policy, place) not in wanted:
                draft.add(
                    Action.DETACH,
                    Ref(ATTACHMENT, f"{policy}@{place}"),
                    fields=(FieldChange(field="at", before=str(place), after=None),),
                    leaves=(Ref(POLICY, policy), place),
                    reason="no longer in organization.yaml",
                )

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        return _words(changes, "attachment")

    @staticmethod
    def _wanted(view: PlanView) -> Iterable[tuple[str, Ref]]:
        for entry in _of(view.desired, POLICY, ()):
            yield from ((entry.name, ou_ref(OrgUnitPath.parse(text))) for text in entry.ous)
            yield from ((entry.name, Ref(ACCOUNT, name)) for name in entry.accounts)

    @staticmethod
    def _present(view: PlanView, draft: Draft) -> frozenset[tuple[str, Ref]] | None:
        """Policies and where they hang, by names; OUs by the paths they will have."""
        objects = view.snapshot.objects.get(ATTACHMENT)
        if objects is None:
            return None
        requests: dict[str, RequestId] = {
            site.account_id: name for name, site in draft.sites.items() if site.account_id
        }
        found: set[tuple[str, Ref]] = set()
        for item in objects.values():
            path = draft.tree.path_of(item["target"])
            if path is not None:
                found.add((item["policy"], ou_ref(path)))
            elif item["target"] in requests:
                found.add((item["policy"], Ref(ACCOUNT, requests[item["target"]])))
        return frozenset(found)
