"""Service Quotas: what applies, what was asked for, and what became of it.

Facts: botocore's ``service-quotas`` model (operations, error codes) and the Service Quotas User
Guide: a request below the applied value is refused, a second one while the first is open too, and
global quotas are asked for in us-east-1. Modest requests are approved when looked at again, larger
ones become a support case: AWS decides by rules it does not publish, so do not rely on either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import moto.servicequotas.urls as servicequotas_urls
from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow
from moto.moto_api._internal import mock_random
from moto.servicequotas.models import ServiceQuotasBackend, servicequotas_backends
from moto.servicequotas.responses import ServiceQuotasResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses
from aft.sandbox.services.quota_values import GLOBAL_REGION, QUOTAS, QuotaValue

OPEN = ("PENDING", "CASE_OPENED")
APPROVED_UP_TO = 2.0
"""Times the applied value."""
LOOKS_UNTIL_DECIDED = 1


@dataclass(slots=True)
class QuotaRequest:
    """One request for an increase."""

    id: str
    service: str
    code: str
    desired: float
    at: float
    status: str = "PENDING"
    looks_left: int = LOOKS_UNTIL_DECIDED


class StrictServiceQuotasBackend(ServiceQuotasBackend):
    """Quotas of one account in one region."""

    _url_module = property(lambda _: servicequotas_urls)

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.applied: dict[tuple[str, str], float] = {}
        self.requests: list[QuotaRequest] = []

    def value_of(self, service: str, code: str) -> QuotaValue:
        """Raises NoSuchResourceException for a quota AWS does not have in this region."""
        found = QUOTAS.get((service, code))
        if found is None or (found.is_global and self.region_name != GLOBAL_REGION):
            raise Refusal(
                "NoSuchResourceException",
                f"The request failed because the specified quota {code} of service {service} "
                f"does not exist in {self.region_name}.",
            )
        return found

    def describe(self, service: str, code: str) -> Mapping[str, Any]:
        """The quota with the value that applies, as GetServiceQuota gives it."""
        quota = self.value_of(service, code)
        return {
            "ServiceCode": service,
            "ServiceName": quota.service_name,
            "QuotaArn": f"arn:{self.partition}:servicequotas:{self.region_name}:"
            f"{self.account_id}:{service}/{code}",
            "QuotaCode": code,
            "QuotaName": quota.name,
            "Value": self.applied.get((service, code), quota.value),
            "Unit": "None",
            "Adjustable": quota.adjustable,
            "GlobalQuota": quota.is_global,
        }

    def ask(self, service: str, code: str, desired: float) -> QuotaRequest:
        """A new request; refused as AWS refuses it."""
        quota = self.value_of(service, code)
        applied = self.applied.get((service, code), quota.value)
        if not quota.adjustable:
            raise Refusal(
                "InvalidResourceStateException",
                f"The quota {code} of service {service} is not adjustable.",
            )
        if desired <= applied:
            raise Refusal(
                "IllegalArgumentException",
                f"The desired value must be greater than the current quota value ({applied:g}).",
            )
        if any(item.status in OPEN for item in self._of(service, code)):
            raise Refusal(
                "ResourceAlreadyExistsException",
                "Only one open service quota increase request is allowed per quota.",
            )
        request = QuotaRequest(
            id=mock_random.get_random_hex(32) + "AbCdEfGh",
            service=service,
            code=code,
            desired=desired,
            at=unix_time(utcnow()),
        )
        self.requests.append(request)
        return request

    def history(self, service: str, code: str) -> list[QuotaRequest]:
        """Requests for one quota, newest first; looking lets time pass."""
        quota = self.value_of(service, code)
        found = list(reversed(self._of(service, code)))
        shown = [QuotaRequest(**_fields(item)) for item in found]
        for item in found:
            if item.status == "PENDING":
                item.looks_left -= 1
                if item.looks_left < 0:
                    self._decide(item, self.applied.get((service, code), quota.value))
        return shown

    def _decide(self, request: QuotaRequest, applied: float) -> None:
        if request.desired <= applied * APPROVED_UP_TO:
            request.status = "APPROVED"
            self.applied[request.service, request.code] = request.desired
        else:
            request.status = "CASE_OPENED"

    def _of(self, service: str, code: str) -> list[QuotaRequest]:
        return [item for item in self.requests if (item.service, item.code) == (service, code)]


class StrictServiceQuotasResponse(ModelConstraints, ServiceQuotasResponse):
    """The operations; lists fit on one page."""

    validation_code: ClassVar[str] = "IllegalArgumentException"

    @property
    def quotas(self) -> StrictServiceQuotasBackend:
        return servicequotas_backends[self.current_account][self.region]

    def get_service_quota(self) -> ActionResult:
        return ActionResult({"Quota": self.quotas.describe(*self._named())})

    def get_aws_default_service_quota(self) -> ActionResult:
        service, code = self._named()
        quota = self.quotas.value_of(service, code)
        described = {**self.quotas.describe(service, code), "Value": quota.value}
        return ActionResult({"Quota": described})

    def list_service_quotas(self) -> ActionResult:
        service = str(self._get_param("ServiceCode"))
        backend = self.quotas
        found = [
            backend.describe(*key)
            for key, quota in sorted(QUOTAS.items())
            if key[0] == service and (not quota.is_global or backend.region_name == GLOBAL_REGION)
        ]
        if not found:
            raise Refusal("NoSuchResourceException", f"There is no service {service}.")
        return ActionResult({"Quotas": found})

    def request_service_quota_increase(self) -> ActionResult:
        service, code = self._named()
        request = self.quotas.ask(service, code, float(self._get_param("DesiredValue")))
        return ActionResult({"RequestedQuota": self._shown(request)})

    def list_requested_service_quota_change_history_by_quota(self) -> ActionResult:
        service, code = self._named()
        wanted = self._get_param("Status")
        found = [
            self._shown(item)
            for item in self.quotas.history(service, code)
            if wanted in (None, item.status)
        ]
        return ActionResult({"RequestedQuotas": found})

    def _named(self) -> tuple[str, str]:
        return str(self._get_param("ServiceCode")), str(self._get_param("QuotaCode"))

    def _shown(self, request: QuotaRequest) -> Mapping[str, Any]:
        described = self.quotas.describe(request.service, request.code)
        copied = ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn", "Unit")
        return {
            **{name: described[name] for name in copied},
            "GlobalQuota": described["GlobalQuota"],
            "Id": request.id,
            "DesiredValue": request.desired,
            "Status": request.status,
            "Created": request.at,
            "LastUpdated": request.at,
        }


def _fields(request: QuotaRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in QuotaRequest.__slots__}


def install() -> None:
    """Make moto's Service Quotas strict in this process; again changes nothing."""
    use_backend(servicequotas_backends, StrictServiceQuotasBackend)
    use_responses(servicequotas_urls, StrictServiceQuotasResponse)
