"""Baseline setting ``service-quotas``: quotas are at least so high, or asked for. Regional.

AWS (Service Quotas User Guide; API ``RequestServiceQuotaIncrease``): a quota has a code
(``L-F678F1CE``) and an applied value per account *and region*; quotas of global services (IAM, S3
buckets, …) are looked at and asked for in us-east-1 alone. An increase is a *request*: some are
approved within minutes, others become a support case and take days, or are denied. One request can
be open per quota (``ResourceAlreadyExistsException`` for a second), 20 per account and region,
and a value at or below the applied one is refused. A quota that was never changed may have no
applied value, which reads as ``NoSuchResourceException``: then AWS's default counts.

An open request counts as asked: it is shown until AWS decides, and never repeated. A denied one is
not asked for again, unless a higher value is wanted. Nothing is ever decreased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs, tolerated

if TYPE_CHECKING:
    from types_boto3_service_quotas import ServiceQuotasClient

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
        description="The value the account needs."
    )
    is_global: bool = Field(
        default=False,
        description="True for quotas of global services, which us-east-1 keeps for all regions.",
    )


class ServiceQuotasParameters(SettingParameters):
    """Parameters of ``service-quotas``."""

    quotas: Annotated[tuple[QuotaParameters, ...], Field(min_length=1)] = Field(
        description="The quotas to look after."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedQuota:
    """``applied`` is ``None`` where AWS has no such quota. ``asked`` is the newest request's
    value and ``status`` what became of it."""

    name: str
    applied: float | None
    adjustable: bool = True
    asked: float | None = None
    status: str = ""


Key = tuple[str, str]
Inputs = SettingInputs[ServiceQuotasParameters]


class ServiceQuotas(Setting[ServiceQuotasParameters, Mapping[Key, ObservedQuota]]):
    """Quotas are as high as wanted, or an increase has been asked for."""

    name = "service-quotas"
    regional = True
    description = "Service quotas, raised by request in every governed region."
    parameters_model = ServiceQuotasParameters

    def read(self, inputs: Inputs, session: AccountSession) -> Mapping[Key, ObservedQuota]:
        """What applies; and what was asked for, where that is too little."""
        return {
            (quota.service, quota.quota): _observed(quota, _client(quota, inputs, session))
            for quota in _mine(inputs)
        }

    def differences(self, inputs: Inputs, observed: Mapping[Key, ObservedQuota]) -> Differences:
        for quota in _mine(inputs):
            found = observed[quota.service, quota.quota]
            if _is_low(quota, found):
                before, after = _value(found.applied), _value(quota.at_least)
                what = f"quota {found.name} ({quota.service} {quota.quota})"
                yield differs(
                    f"{what} in {_region(quota, inputs)} is {before}, should be at least {after}"
                    f"{_asked(quota, found)}",
                    before,
                    after,
                    pending=_is_decided_elsewhere(quota, found),
                )

    def fix(
        self, inputs: Inputs, observed: Mapping[Key, ObservedQuota], session: AccountSession
    ) -> None:
        problems = []
        for quota in _mine(inputs):
            found = observed[quota.service, quota.quota]
            if not _is_low(quota, found) or _is_decided_elsewhere(quota, found):
                continue
            if found.applied is None or not found.adjustable:
                why = "does not exist" if found.applied is None else "cannot be raised"
                problems.append(f"{found.name} ({quota.service} {quota.quota}) {why}")
                continue
            with tolerated("ResourceAlreadyExistsException"):  # somebody has asked since we looked
                _client(quota, inputs, session).request_service_quota_increase(
                    ServiceCode=quota.service, QuotaCode=quota.quota, DesiredValue=quota.at_least
                )
        if problems:
            raise Terminal(
                f"quotas in {inputs.region}: {'; '.join(problems)}",
                hint="correct the codes in the baseline; `aws service-quotas list-service-quotas` "
                "shows them, and quotas of global services need `is_global: true`",
            )


def _mine(inputs: Inputs) -> Sequence[QuotaParameters]:
    """The quotas of this region; global ones are looked after by the home region's turn."""
    is_home = inputs.region == inputs.account.home_region
    return [quota for quota in inputs.parameters.quotas if is_home or not quota.is_global]


def _region(quota: QuotaParameters, inputs: Inputs) -> str:
    return GLOBAL_REGION if quota.is_global else str(inputs.region)


def _client(quota: QuotaParameters, inputs: Inputs, session: AccountSession) -> ServiceQuotasClient:
    return session.client("service-quotas", _region(quota, inputs))


def _observed(quota: QuotaParameters, client: ServiceQuotasClient) -> ObservedQuota:
    named: dict[str, Any] = {"ServiceCode": quota.service, "QuotaCode": quota.quota}
    try:
        found = client.get_service_quota(**named)["Quota"]
    except NotFound:
        try:
            found = client.get_aws_default_service_quota(**named)["Quota"]
        except NotFound:
            return ObservedQuota(name=quota.quota, applied=None)
    applied = float(found["Value"])
    name, adjustable = str(found.get("QuotaName", quota.quota)), bool(found.get("Adjustable"))
    if applied >= quota.at_least:
        return ObservedQuota(name=name, applied=applied, adjustable=adjustable)
    pages = client.get_paginator("list_requested_service_quota_change_history_by_quota")
    asked = [item for page in pages.paginate(**named) for item in page["RequestedQuotas"]]
    newest = max(asked, key=lambda item: item["Created"], default=None)
    return ObservedQuota(
        name=name,
        applied=applied,
        adjustable=adjustable,
        asked=None if newest is None else newest["DesiredValue"],
        status="" if newest is None else newest["Status"],
    )


def _is_low(quota: QuotaParameters, found: ObservedQuota) -> bool:
    return found.applied is None or found.applied < quota.at_least


def _is_decided_elsewhere(quota: QuotaParameters, found: ObservedQuota) -> bool:
    """AWS is at it, or has said no to as much: asking again would change nothing."""
    if found.status in _OPEN:
        return True
    return found.status in _REFUSED and found.asked is not None and found.asked >= quota.at_least


def _asked(quota: QuotaParameters, found: ObservedQuota) -> str:
    if not _is_decided_elsewhere(quota, found) or found.asked is None:
        return ""
    return f" ({_value(found.asked)} was asked for: {found.status.lower().replace('_', ' ')})"


def _value(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.10g}"
