"""Baseline setting ``iam-password-policy``: what passwords of the account's IAM users must be.

AWS (API ``UpdateAccountPasswordPolicy``): one policy per account, always written as a whole: an
omitted field returns to AWS's default. ``GetAccountPasswordPolicy`` raises ``NoSuchEntity`` if none
was ever set. AWS derives ``ExpirePasswords`` from ``MaxPasswordAge``; it cannot be written. Ranges:
length 6 to 128, age 1 to 1,095 days, reuse 1 to 24. ``HardExpiry`` locks users out when their
password has expired, which only an administrator can undo.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, differs
from aft.settings.shapes.values import Observed, Value, Values


class IamPasswordPolicyParameters(SettingParameters):
    """Parameters of ``iam-password-policy``; the defaults are strict."""

    weakens: ClassVar[Directions] = {
        "minimum_length": Weaker.LOWER,
        "require_symbols": Weaker.OFF,
        "require_numbers": Weaker.OFF,
        "require_uppercase": Weaker.OFF,
        "require_lowercase": Weaker.OFF,
        "allow_users_to_change": Routine("neither is stronger: others may have to set passwords"),
        "maximum_age_days": Weaker.HIGHER,
        "reuse_prevention": Weaker.LOWER,
        "hard_expiry": Weaker.OFF,
    }

    minimum_length: Annotated[int, Field(ge=6, le=128)] = Field(
        default=14, description="The minimum password length, 6 to 128 characters."
    )
    require_symbols: bool = Field(default=True, description="Require a symbol.")
    require_numbers: bool = Field(default=True, description="Require a digit.")
    require_uppercase: bool = Field(default=True, description="Require an uppercase letter.")
    require_lowercase: bool = Field(default=True, description="Require a lowercase letter.")
    allow_users_to_change: bool = Field(
        default=True, description="Allow IAM users to change their own password."
    )
    maximum_age_days: Annotated[int, Field(ge=1, le=1095)] | None = Field(
        default=90, description="Days until a password expires, 1 to 1,095; null for never."
    )
    reuse_prevention: Annotated[int, Field(ge=1, le=24)] | None = Field(
        default=24,
        description="How many earlier passwords cannot be reused, 1 to 24; null for none.",
    )
    hard_expiry: bool = Field(
        default=False,
        description="Prevent users with an expired password from setting a new one; an "
        "administrator must reset it.",
    )


Inputs = SettingInputs[IamPasswordPolicyParameters]
_FIELDS = {
    "minimum length is": Value("minimum_length", "MinimumPasswordLength"),
    "symbol required is": Value("require_symbols", "RequireSymbols"),
    "number required is": Value("require_numbers", "RequireNumbers"),
    "upper-case letter required is": Value("require_uppercase", "RequireUppercaseCharacters"),
    "lower-case letter required is": Value("require_lowercase", "RequireLowercaseCharacters"),
    "users may change it is": Value("allow_users_to_change", "AllowUsersToChangePassword"),
    "maximum age in days is": Value("maximum_age_days", "MaxPasswordAge"),
    "earlier passwords refused is": Value("reuse_prevention", "PasswordReusePrevention"),
    "hard expiry is": Value("hard_expiry", "HardExpiry"),
}
_LIMITS = frozenset({"MaxPasswordAge", "PasswordReusePrevention"})


class IamPasswordPolicy(Values[IamPasswordPolicyParameters]):
    """The account has the password policy."""

    name = "iam-password-policy"
    description = "The password policy of the account's IAM users."
    subject = "password policy"
    fields = _FIELDS

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        try:
            policy: Any = session.client("iam").get_account_password_policy()["PasswordPolicy"]
        except NotFound:
            return Observed(values={})
        # AWS leaves out, or answers 0 or null, where a limit is off.
        off = {field.key: None if field.key in _LIMITS else False for field in _FIELDS.values()}
        return Observed(values=self.named({key: policy.get(key) or off[key] for key in off}))

    def differences(self, inputs: Inputs, observed: Observed) -> Differences:
        if observed.values:
            yield from super().differences(inputs, observed)
            return
        after = f"minimum length {inputs.parameters.minimum_length}"
        yield differs(f"password policy is not set, should be set ({after})", None, after)

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        policy = self.as_aws(self.desired(inputs.parameters))
        session.client("iam").update_account_password_policy(**policy)
