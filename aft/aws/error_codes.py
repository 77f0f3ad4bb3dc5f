"""AWS's error codes by what to do next: the table behind ``aft.aws.errors``. Values only.

Codes are those of botocore 1.44's service models and of the services' API references. A code
that is in no table is ``Terminal``.
"""

from __future__ import annotations

import re


def _codes(table: str) -> frozenset[str]:
    """The codes of a table, any number on a line."""
    return frozenset(table.split())


THROTTLES = _codes(
    """
    Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException
    RequestLimitExceeded TooManyRequestsException TooManyRequests
    LimitExceededException.Throttling ProvisionedThroughputExceededException
    TransactionInProgressException BandwidthLimitExceeded PriorRequestNotComplete
    EC2ThrottledException SlowDown 429
    """
)

# ConstraintViolationException reasons that pass by themselves.
THROTTLE_REASONS = frozenset(
    {"ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED", "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED"}
)

# FinalizingOrganizationException: the organization was created within the last hour.
TRANSIENT = _codes(
    """
    InternalError InternalFailure InternalServerError InternalServerException
    InternalServiceError InternalServiceException ServiceException ServiceFailure
    ServiceFailureException ServiceUnavailable ServiceUnavailableException Unavailable
    RequestTimeout RequestTimeoutException RequestTimeTooSkewed IDPCommunicationError
    FinalizingOrganizationException
    """
)

UNREADABLE = "UnreadableAnswer"
"""No code of AWS: ``aft.aws.answers`` could not read what it said."""

REFUSED_BEFORE_WORK = frozenset(
    {"ServiceUnavailable", "ServiceUnavailableException", "Unavailable"}
    | {"FinalizingOrganizationException", "RequestTimeTooSkewed"}
)
"""Transient answers that say that the call did nothing."""

# Two writers met; the call did nothing and may be sent again at once.
RACES = _codes(
    """
    ConcurrentModificationException ConcurrentModification ConcurrentTagAccess
    ConcurrentUpdateException ConditionalRequestConflict EntityTemporarilyUnmodifiable
    OperationAborted PolicyChangesInProgressException TooManyUpdates
    """
)

# Something else holds the object for longer than a moment.
CONFLICTS = RACES | _codes(
    """
    ConflictException ConflictingOperationException OperationInProgressException
    ResourceConflictException ResourceInUseException ResourceInUse InvalidAttachment.InUse
    ChangeSetInProgress
    """
)

# About the credentials themselves, not about what they may do.
CREDENTIALS = _codes(
    """
    ExpiredToken ExpiredTokenException RequestExpired InvalidAccessKeyId InvalidClientTokenId
    InvalidToken IncompleteSignature InvalidSignatureException MissingAuthenticationToken
    MissingAuthenticationTokenException SignatureDoesNotMatch UnrecognizedClientException
    """
)

# The first line is what a young account answers while its services are being switched on.
DENIED = CREDENTIALS | _codes(
    """
    AuthFailure OptInRequired PendingVerification SubscriptionRequiredException
    AccessDenied AccessDeniedException AccessDeniedForDependencyException AuthorizationError
    AuthorizationErrorException Blocked Forbidden ForbiddenException NotAuthorized
    NotAuthorizedException OperationNotPermitted RegionDisabledException UnauthorizedAccess
    UnauthorizedException UnauthorizedOperation Client.UnauthorizedOperation 403
    """
)

# InvalidVpcID.NotFound, ParameterNotFound, NoSuchEntity, NoSuchPublicAccessBlockConfiguration …
_NOT_FOUND = re.compile(r"NotFound(?:Exception|Fault)?$|^NoSuch(?!Version|Upload)|^404$")

NON_IDEMPOTENT = re.compile(
    r"^(?:Accept|Allocate|Copy|Create|Execute|Invite|Invoke|Publish|Purchase|Request|Run|Send|Start)"
)
"""Operations whose repetition is not the same as having asked once."""

READS = re.compile(r"^(?:Assume|BatchGet|Describe|Get|Head|List|Lookup|Search|Simulate|Validate)")
"""Operations that change nothing."""


def names_missing_object(code: str) -> bool:
    """True for the many codes that say "there is no such thing"."""
    return _NOT_FOUND.search(code) is not None
