"""Baseline setting ``region-opt-in``: the account may use the opt-in regions it governs.

AWS (Account Management guide, "Specify which AWS Regions your account can use"; API
``EnableRegion``): regions launched after 20 March 2019 are disabled until the account opts in. This
is asynchronous and takes minutes for most accounts, up to several hours. ``ENABLED`` describes only
the account: EC2 may still reject calls for a while. At most 6 changes can be in progress in an
account and 50 in an organization, and ``EnableRegion`` is allowed once per second. A member account
acts on itself if ``AccountId`` is omitted. Credentials from the *global* STS endpoint are not valid
in opt-in regions; aft uses the endpoint of the home region, whose credentials are valid.

Regions the account no longer governs stay enabled: what is in them would go on costing money
without being seen. In a baseline this setting comes before every regional one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import Denied, Terminal, Throttled
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs
from aft.values.regions import OPT_IN

AT_ONCE = 6
SECONDS_BETWEEN_LOOKS = 15.0
_ENABLED = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})


class RegionOptInParameters(SettingParameters):
    """Parameters of ``region-opt-in``."""

    weakens: ClassVar[Directions] = {"within_minutes": Routine("it is how long aft waits")}

    within_minutes: Annotated[int, Field(ge=1, le=720)] = Field(
        default=60, description="How long to wait for AWS to enable the regions."
    )


Inputs = SettingInputs[RegionOptInParameters]


class RegionOptIn(Setting[RegionOptInParameters, Mapping[str, str]]):
    """Every opt-in region that the account governs is enabled."""

    name = "region-opt-in"
    opts_into_regions = True
    description = "Opt-in regions that the account governs, enabled."
    stays = "the regions stay enabled"

    def facts(self, account: AccountFacts) -> object:
        return {"regions": _wanted(account)}

    def read(self, inputs: Inputs, session: AccountSession) -> Mapping[str, str]:
        """``RegionOptStatus`` by region; no call for an account without opt-in regions."""
        return _statuses(_wanted(inputs.account), session)

    def differences(self, inputs: Inputs, observed: Mapping[str, str]) -> Differences:
        for region in _wanted(inputs.account):
            if observed.get(region) not in _ENABLED:
                status = observed.get(region, "not offered").lower()
                yield differs(f"region {region} is {status}, should be enabled", status, "enabled")

    def fix(self, inputs: Inputs, observed: Mapping[str, str], session: AccountSession) -> None:
        wanted = _wanted(inputs.account)
        unknown = [name for name in wanted if name not in observed]
        if unknown:
            raise Terminal(
                f"AWS does not offer {', '.join(unknown)} to this account",
                hint="take the region out of the request, or ask AWS for access to it",
            )
        looks = int(inputs.parameters.within_minutes * 60 / SECONDS_BETWEEN_LOOKS)
        statuses = dict(observed)
        for _ in range(looks):
            _ask(wanted, statuses, session)
            statuses = dict(_statuses(wanted, session))
            waiting = [name for name in wanted if not _is_ready(name, statuses, session)]
            if not waiting:
                return
            session.sleep(SECONDS_BETWEEN_LOOKS)
        raise Terminal(
            f"AWS has not enabled {', '.join(waiting)} within "
            f"{inputs.parameters.within_minutes} minutes",
            hint="run again later: AWS goes on with it; or raise `within_minutes`",
        )


def _wanted(account: AccountFacts) -> list[str]:
    return sorted(region for region in account.regions if region in OPT_IN)


def _statuses(wanted: list[str], session: AccountSession) -> Mapping[str, str]:
    if not wanted:
        return {}
    pages = session.client("account").get_paginator("list_regions").paginate()
    found = {
        item["RegionName"]: item["RegionOptStatus"] for page in pages for item in page["Regions"]
    }
    return {name: status for name, status in found.items() if name in wanted}


def _ask(wanted: list[str], statuses: Mapping[str, str], session: AccountSession) -> None:
    """Ask for as many regions as AWS works on at once; the others have their turn later."""
    changing = sum(status in ("ENABLING", "DISABLING") for status in statuses.values())
    disabled = [name for name in wanted if statuses.get(name) == "DISABLED"]
    for region in disabled[: max(0, AT_ONCE - changing)]:
        try:
            session.client("account").enable_region(RegionName=region)
        except Throttled:
            return  # other changes of the account or the organization are under way


def _is_ready(region: str, statuses: Mapping[str, str], session: AccountSession) -> bool:
    """Enabled, and EC2 there answers this account."""
    if statuses.get(region) not in _ENABLED:
        return False
    try:
        session.client("ec2", region).describe_availability_zones()
    except Denied as error:
        if error.lacks:  # which waiting does not change
            raise
        return False
    return True
