"""What AWS says about a place beside what it was asked for: paths of ids, and an ARN's parts.

An account that was described tells by these alone which organization, root and OU it is in, which
spares three further reads. Where they are missing or in another form, nothing is concluded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aft.values.ids import AccountId, OrgUnitId

# organizations: Path (of an account or OU) and AccountArn, as botocore's model has them.
_PATH = re.compile(
    r"(?P<organization>o-[a-z0-9]{10,32})/(?P<above>r-[0-9a-z]{4,32}"
    r"(?:/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})*)(?:/(?P<account>\d{12}))?/"
)
_ACCOUNT_ARN = re.compile(
    r"arn:[a-z0-9-]+:organizations::(?P<management>\d{12}):account/"
    r"(?P<organization>o-[a-z0-9]{10,32})/\d{12}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an account is. ``parent_id`` is its OU, or the root."""

    organization_id: str
    management_account_id: AccountId
    root_id: OrgUnitId
    parent_id: OrgUnitId


def whereabouts(raw: Mapping[str, Any]) -> Whereabouts | None:
    """What botocore's ``Account`` structure says of it; ``None`` when it says nothing sure."""
    paths: Sequence[str] = raw.get("Paths") or ()
    path = _PATH.fullmatch(paths[0]) if len(paths) == 1 else None
    arn = _ACCOUNT_ARN.fullmatch(raw.get("Arn", ""))
    if path is None or arn is None or path["account"] != raw["Id"]:
        return None
    if path["organization"] != arn["organization"]:
        return None
    above = path["above"].split("/")
    return Whereabouts(
        organization_id=arn["organization"],
        management_account_id=AccountId(arn["management"]),
        root_id=OrgUnitId(above[0]),
        parent_id=OrgUnitId(above[-1]),
    )


def parent_in_path(raw: Mapping[str, Any]) -> OrgUnitId | None:
    """The parent of botocore's ``OrganizationalUnit`` structure, if its path names it."""
    path = _PATH.fullmatch(raw.get("Path", ""))
    above = path["above"].split("/") if path is not None else []
    return OrgUnitId(above[-2]) if len(above) > 1 and above[-1] == raw["Id"] else None
