"""CloudWatch Logs: retention in days as AWS takes it. Everything else is moto's.

Facts: the API reference of ``PutRetentionPolicy``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import moto.logs.urls as logs_urls
from moto.logs.models import LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)


class StrictLogsBackend(LogsBackend):
    """moto's CloudWatch Logs with AWS's retention periods."""

    _url_module = property(lambda _: logs_urls)

    def put_retention_policy(self, log_group_name: str, retention_in_days: Any) -> None:
        if int(retention_in_days) not in RETENTION_DAYS:
            allowed = ", ".join(map(str, RETENTION_DAYS))
            raise Refusal(
                "InvalidParameterException",
                f"1 validation error detected: Value '{retention_in_days}' at 'retentionInDays' "
                f"failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]",
            )
        super().put_retention_policy(log_group_name, retention_in_days)


class StrictLogsResponse(ModelConstraints, LogsResponse):
    """moto's answers, after the model's constraints."""

    validation_code: ClassVar[str] = "InvalidParameterException"


def install() -> None:
    """Make moto's CloudWatch Logs strict in this process; again changes nothing."""
    use_backend(logs_backends, StrictLogsBackend)
    use_responses(logs_urls, StrictLogsResponse)
