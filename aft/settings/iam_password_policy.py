"""Baseline setting ``iam-password-policy``: what passwords of the account's IAM users must be.

AWS (API ``UpdateAccountPasswordPolicy``): one policy per account, always written whole: a field
left out goes back to AWS's default. ``GetAccountPasswordPolicy`` raises ``NoSuchEntity`` while
none was ever set. ``ExpirePasswords`` is AWS's own conclusion from ``MaxPasswordAge`` and cannot
be written. Ranges: length 6 to 128, age 1 to 1,095 days, reuse 1 to 24. ``HardExpiry`` locks users
out once their password has expired, which only an administrator can undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession

PolicyValue = bool | int | None


class IamPasswordPolicyParameters(SettingParameters):
    """Parameters of ``iam-password-policy``; the defaults are strict."""

    minimum_length: Annotated[int, Field(ge=6, le=128)] = Field(
        default=14, description="The shortest password allowed, 6 to 128 characters."
    )
    require_symbols: bool = Field(default=True, description="Ask for a symbol.")
    require_numbers: bool = Field(default=True, description="Ask for a digit.")
    require_uppercase: bool = Field(default=True, description="Ask for an upper-case letter.")
    require_lowercase: bool = Field(default=True, description="Ask for a lower-case letter.")
    allow_users_to_change: bool = Field(
        default=True, description="IAM users may change their own password."
    )
    maximum_age_days: Annotated[int, Field(ge=1, le=1095)] | None = Field(
        default=90, description="Days until a password expires, 1 to 1,095; null for never."
    )
    reuse_prevention: Annotated[int, Field(ge=1, le=24)] | None = Field(
        default=24, description="How many earlier passwords are refused, 1 to 24; null for none."
    )
    hard_expiry: bool = Field(
        default=False,
        description="Lock users out once their password has expired, until an administrator helps.",
    )


_FIELDS: Mapping[str, tuple[str, str]] = {
    "minimum_length": ("MinimumPasswordLength", "minimum length"),
    "require_symbols": ("RequireSymbols", "symbol required"),
    "require_numbers": ("RequireNumbers", "number required"),
    "require_uppercase": ("RequireUppercaseCharacters", "upper-case letter required"),
    "require_lowercase": ("RequireLowercaseCharacters", "lower-case letter required"),
    "allow_users_to_change": ("AllowUsersToChangePassword", "users may change it"),
    "maximum_age_days": ("MaxPasswordAge", "maximum age in days"),
    "reuse_prevention": ("PasswordReusePrevention", "earlier passwords refused"),
    "hard_expiry": ("HardExpiry", "hard expiry"),
}


class IamPasswordPolicy:
    """The account has the password policy."""

    name: ClassVar[str] = "iam-password-policy"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "The password policy of the account's IAM users."
    parameters_model: type[IamPasswordPolicyParameters] = IamPasswordPolicyParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self,
        inputs: SettingInputs[IamPasswordPolicyParameters],  # noqa: ARG002 (the port's signature)
        session: AccountSession,
    ) -> Mapping[str, PolicyValue] | None:
        """The policy by parameter name, or ``None`` where there is none."""
        try:
            answer = session.client("iam").get_account_password_policy()
        except NotFound:
            return None
        policy: Mapping[str, Any] = answer["PasswordPolicy"]
        found: dict[str, PolicyValue] = {}
        for field, (key, _) in _FIELDS.items():
            value = policy.get(key)
            # AWS leaves out, or answers 0 or null, where a limit is off.
            switched_off = None if field in {"maximum_age_days", "reuse_prevention"} else False
            found[field] = value or switched_off
        return found

    def compare(
        self,
        inputs: SettingInputs[IamPasswordPolicyParameters],
        observed: Mapping[str, PolicyValue] | None,
    ) -> tuple[SettingDifference, ...]:
        if observed is None:
            length = inputs.parameters.minimum_length
            return (
                SettingDifference(
                    description="password policy is not set, should be set "
                    f"(minimum length {length})",
                    before=None,
                    after=f"minimum length {length}",
                ),
            )
        differences = []
        for field, (_, label) in _FIELDS.items():
            wanted, is_now = getattr(inputs.parameters, field), observed.get(field)
            if wanted != is_now:
                differences.append(
                    SettingDifference(
                        description=f"password policy: {label} is {_text(is_now)}, "
                        f"should be {_text(wanted)}",
                        before=_text(is_now),
                        after=_text(wanted),
                    )
                )
        return tuple(differences)

    def change(
        self,
        inputs: SettingInputs[IamPasswordPolicyParameters],
        observed: Mapping[str, PolicyValue] | None,
        session: AccountSession,
    ) -> None:
        if not self.compare(inputs, observed):
            return
        wanted = {
            key: value
            for field, (key, _) in _FIELDS.items()
            if (value := getattr(inputs.parameters, field)) is not None
        }
        session.client("iam").update_account_password_policy(**wanted)


def _text(value: PolicyValue) -> str:
    match value:
        case None:
            return "off"
        case bool():
            return "on" if value else "off"
    return str(value)
