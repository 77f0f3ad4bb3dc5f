"""Baseline setting ``service-quotas``: quotas are at least so high, or asked for. Regional.

AWS (Service Quotas User Guide; API ``RequestServiceQuotaIncrease``): a quota has a code
(``L-F678F1CE``) and an applied value per account *and region*; quotas of global services (IAM, S3
buckets, …) are read and requested only in us-east-1. An increase is a *request*: some are approved
within minutes, others become a support case and take days, or are denied. There can be one open
request per quota (``ResourceAlreadyExistsException`` for a second one) and 20 per account and
region; a value at or below the applied one is rejected. A quota that was never changed may have no
applied value (``NoSuchResourceException``): then AWS's default applies.

An open request counts as asked: it is shown until AWS decides, and never repeated. A denied one is
not asked for again, unless a higher value is wanted. Nothing is ever decreased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs, tolerated

GLOBAL_REGION = "us-east-1"
_OPEN = frozenset({"PENDING", "CASE_OPENED"})
_REFUSED = frozenset({"DENIED", "NOT_APPROVED", "INVALID_REQUEST"})


class QuotaParameters(SettingParameters):
    """One quota."""

    service: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]{1,62}$")] = Field(
        description="The service's code, such as `vpc`."
    )
    quota: Annotated[str, Field(pattern=r"^L-[A-F0-9]{8}$")] = Field(
        description="The quota's code, such as `L-F678F1CE`."
    )
    at_least: Annotated[float, Field(gt=0, le=10_000_000_000)] = Field(
        description="The value that the account needs."
    )
    is_global: bool = Field(
        default=False,
        description="True for quotas of global services, which us-east-1 keeps for all regions.",
    )


class ServiceQuotasParameters(SettingParameters):
    """Parameters of ``service-quotas``."""

    weakens: ClassVar[Directions] = {
        "quotas": Routine("a larger quota gives no one access, and aft lowers none"),
    }

    quotas: Annotated[tuple[QuotaParameters, ...], Field(min_length=1)] = Field(
        description="The quotas to manage."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LowQuota:
    """``applied`` is ``None`` where AWS has no such quota. ``asked`` is the newest request's
    value and ``status`` what became of it."""

    quota: QuotaParameters
    region: str
    name: str
    applied: float | None = None
    adjustable: bool = True
    asked: float | None = None
    status: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.quota.service} {self.quota.quota})"

    @property
    def is_decided_elsewhere(self) -> bool:
        """AWS is at it, or has said no to as much: asking again would change nothing."""
        no = self.status in _REFUSED and (self.asked or 0) >= self.quota.at_least
        return no or self.status in _OPEN


Inputs = SettingInputs[ServiceQuotasParameters]


class ServiceQuotas(Setting[ServiceQuotasParameters, tuple[LowQuota, ...]]):
    """Quotas are as high as wanted, or an increase has been asked for."""

    name = "service-quotas"
    regional = True
    description = "Service quota increases, requested in every governed region."

    def read(self, inputs: Inputs, session: AccountSession) -> tuple[LowQuota, ...]:
        """The region's quotas that are too low; global ones are the home region's turn."""
        is_home = inputs.region == inputs.account.home_region
        mine = (quota for quota in inputs.parameters.quotas if is_home or not quota.is_global)
        looked = (_look(quota, str(inputs.region), session) for quota in mine)
        return tuple(found for found in looked if found is not None)

    def differences(self, inputs: Inputs, observed: tuple[LowQuota, ...]) -> Differences:
        for found in observed:
            before, after = _value(found.applied), _value(found.quota.at_least)
            words = f"quota {found} in {found.region} is {before}, should be at least {after}"
            pending = found.is_decided_elsewhere
            if pending:
                status = found.status.lower().replace("_", " ")
                words += f" ({_value(found.asked)} was asked for: {status})"
            yield differs(words, before, after, pending=pending)

    def fix(self, inputs: Inputs, observed: tuple[LowQuota, ...], session: AccountSession) -> None:
        problems = []
        for found in observed:
            quota = found.quota
            if found.is_decided_elsewhere:
                continue
            if found.applied is None or not found.adjustable:
                why = "does not exist" if found.applied is None else "cannot be raised"
                problems.append(f"{found} {why}")
                continue
            client = session.client("service-quotas", found.region)
            with tolerated("ResourceAlreadyExistsException"):  # requested meanwhile
                client.request_service_quota_increase(
                    ServiceCode=quota.service, QuotaCode=quota.quota, DesiredValue=quota.at_least
                )
        if problems:
            raise Terminal(
                f"quotas in {inputs.region}: {'; '.join(problems)}",
                hint="correct the codes in the baseline; `aws service-quotas list-service-quotas` "
                "shows them, and quotas of global services need `is_global: true`",
            )


def _look(quota: QuotaParameters, region: str, session: AccountSession) -> LowQuota | None:
    """What applies, and what was asked for; ``None`` where enough applies."""
    region = GLOBAL_REGION if quota.is_global else region
    client = session.client("service-quotas", region)
    named: dict[str, Any] = {"ServiceCode": quota.service, "QuotaCode": quota.quota}
    try:
        found = client.get_service_quota(**named)["Quota"]
    except NotFound:
        try:
            found = client.get_aws_default_service_quota(**named)["Quota"]
        except NotFound:
            return LowQuota(quota=quota, region=region, name=quota.quota)
    if found["Value"] >= quota.at_least:
        return None
    pages = client.get_paginator("list_requested_service_quota_change_history_by_quota")
    asked = [item for page in pages.paginate(**named) for item in page["RequestedQuotas"]]
    newest = max(asked, key=lambda item: item["Created"], default=None)
    return LowQuota(
        quota=quota,
        region=region,
        name=found.get("QuotaName", quota.quota),
        applied=found["Value"],
        adjustable=bool(found.get("Adjustable")),
        asked=None if newest is None else newest["DesiredValue"],
        status="" if newest is None else newest["Status"],
    )


def _value(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.10g}"
