"""Why AWS does not create an account, in plain words and with what to do about it.

Codes are those of CreateAccountStatus.FailureReason and of CreateAccount's exceptions, read in
botocore's model of Organizations. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.errors import AftError, Terminal
from aft.plan.model import Change

EMAIL_TAKEN = "EMAIL_ALREADY_EXISTS"

_TRIES: Mapping[str, int] = {
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": 8,
    "CONCURRENT_ACCOUNT_MODIFICATION": 8,
    "INTERNAL_FAILURE": 2,
}

# The quota's code is recalled, not read: "Default maximum number of accounts", L-29A0C5DF.
_QUOTA = (
    "ask for a higher quota in Service Quotas, AWS Organizations, `Default maximum number of "
    "accounts` (code L-29A0C5DF) in us-east-1; closed accounts count until they are gone, "
    "after 90 days"
)

_HINTS: Mapping[str, str] = {
    EMAIL_TAKEN: "the address belongs to an AWS account outside this organization (perhaps a "
    "closed one): choose another address, or invite that account and write its `account_id` "
    "into the request",
    "ACCOUNT_LIMIT_EXCEEDED": _QUOTA,
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": _QUOTA,
    "INVALID_ADDRESS": "complete the management account's contact address in its billing settings",
    "INVALID_EMAIL": "correct `email` in the request: AWS does not accept this address",
    "INVALID_PAYMENT_INSTRUMENT": "repair the management account's payment method",
    "MISSING_PAYMENT_INSTRUMENT": "add a payment method to the management account",
    "MISSING_BUSINESS_VALIDATION": "finish AWS's business validation of the management account",
    "PENDING_BUSINESS_VALIDATION": "AWS is still validating the management account; run again "
    "when it is done",
    "FAILED_BUSINESS_VALIDATION": "AWS's business validation failed; ask AWS Support",
    "UNKNOWN_BUSINESS_VALIDATION": "ask AWS Support about the business validation",
    "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION": "complete the identity data of the management "
    "account, then have AWS validate it again",
    "GOVCLOUD_ACCOUNT_ALREADY_EXISTS": "AWS GovCloud (US) has an account with this e-mail address "
    "already: choose another address",
    "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED": "AWS could not put the request's "
    "tags on the account; ask AWS Support, and try without `tags`, which may be added later",
    "INTERNAL_FAILURE": "AWS failed inside; run again, and ask AWS Support if it stays so",
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": "too many creations at once in this organization; "
    "run again later, or lower limits.creations_in_flight in aft.yaml",
    "CONCURRENT_ACCOUNT_MODIFICATION": "AWS is working on a request with the same data already; "
    "run again, and its account is found",
}


def tries_after(reason: str) -> int:
    """How many more creations are worth asking for after one failed for ``reason``."""
    return _TRIES.get(reason, 0)


def of_creation(change: Change, reason: str) -> Terminal:
    """The error for a creation that ended in FAILED with this reason."""
    return Terminal(
        f"AWS did not create the account of {change.target}: {reason}",
        hint=_HINTS.get(reason, "look the reason up at CreateAccountStatus, then run again"),
        code=reason,
    )


def explained(error: AftError) -> AftError:
    """``error`` of CreateAccount itself, with a hint where its code is known and it has none."""
    code = error.code if isinstance(error, Terminal) else ""
    known = next((name for name in _HINTS if name in (code, *error.message.split())), "")
    if not isinstance(error, Terminal) or error.hint or not known:
        return error
    return Terminal(error.message, hint=_HINTS[known], code=code)
