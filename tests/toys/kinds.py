"""The pure half: what is wanted, what differs, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from aft.desired.model import DesiredState
from aft.findings.model import Finding, SourceRef
from aft.findings.validation import validate
from aft.plan.draft import Draft
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import ORGANIZATION, Action, Attention, Change, FieldChange
from aft.plan.view import PlanView
from aft.plan.words import Item, both
from aft.values.grants import Grant
from aft.values.ids import OrgUnitPath, RequestId
from aft.values.refs import ACCOUNT, Ref, ou_ref
from aft.yamldoc import YamlDocument

TAG, POLICY, ATTACHMENT = "organization-tag", "toy-policy", "toy-attachment"
Name = Annotated[str, Field(min_length=1, max_length=40)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _words(changes: Sequence[Change], label: str) -> Iterable[Item]:
    for change in changes:
        shown = tuple(map(_shown, change.fields)) or ("as it was",)
        yield Item(symbol=change.symbol, label=label, values=(f"{change.key}: {shown[0]}",))


def _shown(item: FieldChange) -> str:
    return both(item) if item.before and item.after else item.after or f"was {item.before}"


# --- a plain kind ---------------------------------------------------------------------------


class TagsFile(_Model):
    organization_tags: dict[str, str] = {}


class OrganizationTags(Kind):
    """Tags of the organization's root. A key is a tag's key."""

    name = TAG
    noun = ("organization tag", "organization tags")
    title = "Organization tags"
    truth = Truth.SNAPSHOT
    effects = "toys.effects:OrganizationTagEffects"
    sections: ClassVar = {"organization_tags": {"type": "object"}}
    reads = (
        Grant(sid="ReadRootTags", why="Tags.", actions=("organizations:ListTagsForResource",)),
    )
    writes = (Grant(sid="TagTheRoot", why="Tags.", actions=("organizations:TagResource",)),)

    @property
    def verbs(self) -> Mapping[Action, Verb]:
        return {
            Action.CREATE: Verb(label="set tag", counted=("tag set", "tags set"), drifted="tag"),
            Action.UPDATE: Verb(
                label="change tag", counted=("tag changed", "tags changed"), drifted="tag"
            ),
            Action.DELETE: Verb(
                label="remove tag",
                counted=("tag removed", "tags removed"),
                risk=Risk("root-tag", "guardrails may depend on the tag"),
                limit=Limit("organization-tag.delete", "organization tags removed", "tags", 1),
            ),
        }

    def parse(
        self, document: YamlDocument, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Finding]]:
        found, findings = validate(TagsFile, document, data=values)
        return (found.organization_tags if found is not None else {}), findings

    def diff(self, view: PlanView, draft: Draft) -> None:
        actual = view.snapshot.objects.get(TAG)
        if actual is None:
            return
        for key, value in sorted(_of(view.desired, TAG, {}).items()):
            before = actual.get(key)
            if before != value:
                draft.add(
                    Action.CREATE if before is None else Action.UPDATE,
                    Ref(TAG, key),
                    fields=(FieldChange(field="value", before=before, after=value),),
                    effect={"tag": key, "value": value},
                    reason="organization_tags of organization.yaml",
                )

    def clean_up(self, view: PlanView, draft: Draft) -> None:
        actual, wanted = view.snapshot.objects.get(TAG), _of(view.desired, TAG, {})
        for key, value in sorted((actual or {}).items()):
            if not view.is_limited and key not in wanted and view.ledger.done(Ref(TAG, key)):
                draft.add(
                    Action.DELETE,
                    Ref(TAG, key),
                    fields=(FieldChange(field="value", before=value, after=None),),
                    reason="no longer in organization.yaml",
                )

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        return _words(changes, "organization tag")


def _of(desired: DesiredState, kind: str, default: Any) -> Any:
    found = desired.parts.get(kind)
    return default if found is None else found


# --- a pair -----------------------------------------------------------------------------------


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
    effects = "toys.effects:PolicyEffects"
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
    effects = "toys.effects:AttachmentEffects"
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
                    Attention(
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
