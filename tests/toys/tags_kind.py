"""Tags of the organization's root, as a kind: the pure half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from aft.findings.model import Finding
from aft.findings.validation import validate
from aft.plan.draft import Draft
from aft.plan.kind import Kind, Limit, Risk, Truth, Verb
from aft.plan.model import Action, Change, FieldChange
from aft.plan.view import PlanView
from aft.plan.words import Item
from aft.values.grants import Grant
from aft.values.refs import Ref
from aft.yamldoc import YamlDocument

TAG = "organization-tag"


class TagsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    organization_tags: dict[str, str] = {}


class OrganizationTags(Kind):
    """Tags of the organization's root. A key is a tag's key."""

    name = TAG
    noun = ("organization tag", "organization tags")
    title = "Organization tags"
    truth = Truth.SNAPSHOT
    effects = "toys.tags_effects:OrganizationTagEffects"
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
        for key, value in sorted(_wanted(view).items()):
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
        actual, wanted = view.snapshot.objects.get(TAG), _wanted(view)
        for key, value in sorted((actual or {}).items()):
            if not view.is_limited and key not in wanted and view.ledger.done(Ref(TAG, key)):
                draft.add(
                    Action.DELETE,
                    Ref(TAG, key),
                    fields=(FieldChange(field="value", before=value, after=None),),
                    reason="no longer in organization.yaml",
                )

    def words(self, changes: Sequence[Change]) -> Iterable[Item]:
        for change in changes:
            (value,) = change.fields
            shown = value.after if value.before is None else f"{value.before} → {value.after or ''}"
            yield Item(symbol=change.symbol, label="tag", values=(f"{change.key}: {shown}",))


def _wanted(view: PlanView) -> Mapping[str, str]:
    found: Mapping[str, str] = view.desired.parts.get(TAG) or {}
    return found
