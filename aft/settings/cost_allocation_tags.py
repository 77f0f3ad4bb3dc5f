"""Baseline setting ``cost-allocation-tags``: tag keys count in cost reports. Works in the
management account, on behalf of the account whose baseline lists it; one account is enough.

AWS (Cost Management User Guide, "Activating user-defined cost allocation tags"; API
``UpdateCostAllocationTagsStatus``): cost allocation tags belong to the organization and are
activated in the management account, through Cost Explorer in us-east-1. A tag key can be activated
up to 24 hours after its first use, and appears in reports up to 24 hours after that; 20 keys per
call, 500 active keys. For an unknown key, the call succeeds and returns an error for that key.

A key that billing has not seen yet is "not yet": no failure, and later runs look again. Keys that
are active and not listed are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.administrator import into_management
from aft.settings.shapes.setting import Differences, Setting, differs

REGION = "us-east-1"
_AT_ONCE = 20
_UNKNOWN = frozenset({"TagKeysNotFoundException", "NotFoundException"})


def _user_defined(key: str) -> str:
    if key.lower().startswith("aws:"):
        raise ValueError(f"{key!r} is AWS's own tag, which only the console activates")
    return key


class CostAllocationTagsParameters(SettingParameters):
    """Parameters of ``cost-allocation-tags``."""

    weakens: ClassVar[Directions] = {"keys": Routine("they only sort what AWS bills")}

    keys: Annotated[
        tuple[
            Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_user_defined)], ...
        ],
        Field(min_length=1, max_length=500),
    ] = Field(description="Tag keys to activate, such as `cost-center`.")


Inputs = SettingInputs[CostAllocationTagsParameters]


class CostAllocationTags(Setting[CostAllocationTagsParameters, Mapping[str, str]]):
    """The tag keys are active cost allocation tags of the organization."""

    name = "cost-allocation-tags"
    description = "Tag keys that are activated for the organization's cost reports."

    def read(self, inputs: Inputs, session: AccountSession) -> Mapping[str, str]:
        """The status of each key that billing knows, of those asked for."""
        client = into_management(session, inputs.account).client("ce", REGION)
        pages = client.get_paginator("list_cost_allocation_tags").paginate(
            TagKeys=list(inputs.parameters.keys), Type="UserDefined"
        )
        found = (item for page in pages for item in page["CostAllocationTags"])
        return {item["TagKey"]: item["Status"] for item in found}

    def differences(self, inputs: Inputs, observed: Mapping[str, str]) -> Differences:
        for key in dict.fromkeys(inputs.parameters.keys):
            status = observed.get(key)
            words = f"is {status}, should be Active"
            if status is None:
                words = "has not been seen by billing yet, which takes up to 24 hours of use"
            if status != "Active":
                words = f"cost allocation tag {key} {words}"
                yield differs(words, status, "Active", pending=status is None)

    def fix(self, inputs: Inputs, observed: Mapping[str, str], session: AccountSession) -> None:
        keys = dict.fromkeys(inputs.parameters.keys)
        waiting = [key for key in keys if observed.get(key, "Active") != "Active"]
        client = into_management(session, inputs.account).client("ce", REGION)
        for start in range(0, len(waiting), _AT_ONCE):
            answer = client.update_cost_allocation_tags_status(
                CostAllocationTagsStatus=[
                    {"TagKey": key, "Status": "Active"} for key in waiting[start : start + _AT_ONCE]
                ]
            )
            for error in answer.get("Errors", ()):
                if error.get("Code") not in _UNKNOWN:
                    raise Terminal(
                        f"cost allocation tag {error.get('TagKey')} cannot be activated: "
                        f"{error.get('Message')} [{error.get('Code')}]",
                        code=str(error.get("Code", "")),
                    )
