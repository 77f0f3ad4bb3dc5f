"""``notifications`` of ``aft.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aft.config.section import Section


class NotificationsConfig(Section):
    """What people are sent when an account is ready."""

    sign_in_url: (
        Annotated[
            str,
            Field(
                max_length=500,
                pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/#?=&%-]*)?$",
                examples=["https://example.awsapps.com/start"],
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Where people sign in to accounts, such as the AWS access portal. The message "
        "that an account is ready says so.",
    )
