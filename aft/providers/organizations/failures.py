"""Why AWS does not create an account, in plain words and with what to do about it.

Codes are those of CreateAccountStatus.FailureReason and of CreateAccount's exceptions, read in
botocore's model of Organizations. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from aft.account_provider import CreationFailure
from aft.errors import Terminal

_EMAIL_TAKEN = "EMAIL_ALREADY_EXISTS"

_TRIES: Mapping[str, int] = {
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": 8,
    "CONCURRENT_ACCOUNT_MODIFICATION": 8,
    "INTERNAL_FAILURE": 2,
}

# AWS changes codes of this service's quotas now and then (this one was L-29A0C5DF until 2025).
_QUOTA = (
    "request an increase of the AWS Organizations quota `Default maximum number of accounts` "
    "(code L-E619E033) in Service Quotas in us-east-1; closed accounts count until they are "
    "permanently closed, after 90 days"
)

_HINTS: Mapping[str, str] = {
    _EMAIL_TAKEN: "the address belongs to an AWS account outside this organization (perhaps a "
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

_UNKNOWN = "look the reason up at CreateAccountStatus, then run again"


def failure_of(reason: str) -> CreationFailure:
    """A creation that ended in FAILED with this reason."""
    return CreationFailure(
        reason=reason or "no reason given",
        hint=_HINTS.get(reason, _UNKNOWN),
        account_exists=reason == _EMAIL_TAKEN,
        tries=_TRIES.get(reason, 0),
    )


def failure_in(error: Terminal) -> CreationFailure:
    """What CreateAccount itself was refused with; a hint that ``error`` has already stays."""
    known = next((name for name in _HINTS if name in (error.code, *error.message.split())), "")
    return CreationFailure(
        reason=error.code,
        hint=error.hint or _HINTS.get(known, ""),
        account_exists=error.code == _EMAIL_TAKEN,
    )
