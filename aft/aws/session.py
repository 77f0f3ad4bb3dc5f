"""Who aft is on AWS: the caller, the management account, and the role in each member account.

Hands out translating clients for an identity; knows no operation but the two of STS that make
credentials. Safe to use from several threads.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import exceptions as boto

from aft.aws.answers import account_id_in, read_safely
from aft.aws.calls import AwsCallRecorder
from aft.aws.clients import Door, TranslatingClient
from aft.aws.credentials import Actor, CredentialCache, Credentials, acting, hold_keys
from aft.aws.errors import NO_CREDENTIALS_HINT, translate
from aft.aws.factory import SHARED, ClientFactory, ClientKey
from aft.aws.pacing import DEFAULT_PACES, Pace, Pacing
from aft.aws_clients import ClientOf
from aft.errors import AftError, Denied
from aft.ports import Clock
from aft.values.data_reads import without_data
from aft.values.ids import AccountId

if TYPE_CHECKING:
    from types_boto3_organizations import OrganizationsClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_sts import STSClient

CALLER = "caller"
MANAGEMENT = "management"
_READING = "/reading"
"""The end of an identity that may only read in an account."""
_PREVIEW = "/preview"
"""The end of an identity with which previews run code: it may only read as well."""
SESSION_SECONDS = 3600
"""AWS's limit for a role assumed with the credentials of another role."""
CHILD_LIFETIME = timedelta(minutes=50)
"""How long credentials given to a child process are good for, at least."""
ATTEMPTS = 8

# Where Organizations lives and answers for its tags, by partition.
_GLOBAL_REGIONS: Mapping[str, str] = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentity:
    """Who the organization-level calls are made as."""

    account_id: AccountId
    arn: str


@dataclass(kw_only=True, eq=False, repr=False)
class AwsSessions:
    """All credentials and clients of one run.

    ``botocore_session=None``: boto3's own chain (profiles, environment, endpoint URLs).
    ``writer_role`` is assumed instead of the member role in accounts that have it.
    ``reader_role`` is assumed to read inside accounts; without it the member role is, held to
    reading by a session policy. ``preview_role`` is assumed for previews that run code.
    ``child_endpoint`` gives the endpoint URL for child processes where it is not the one of the
    environment. ``attempts`` is how often botocore sends one call, in all.
    """

    botocore_session: botocore.session.Session | None
    home_region: str
    management_role: str | None
    member_role: str
    writer_role: str | None = None
    reader_role: str | None = None
    preview_role: str | None = None
    clock: Clock
    child_endpoint: Callable[[], str | None] | None = None
    run_id: str = ""
    paces: Sequence[Pace] = DEFAULT_PACES
    attempts: int = ATTEMPTS

    def __post_init__(self) -> None:
        # boto3 itself adds nothing to its chain but a user agent
        self._session = self.botocore_session or botocore.session.Session()
        read_safely(self._session)
        self.partition = _partition_of(self._session, self.home_region)
        self.global_region = _GLOBAL_REGIONS.get(self.partition, self.home_region)
        self._session_name = _session_name(self.run_id)
        self.calls = AwsCallRecorder()
        self._factory = ClientFactory(self._session, recorder=self.calls, attempts=self.attempts)
        self._pacing = Pacing(self.paces, clock=self.clock)
        self._credentials = CredentialCache(self._assume, clock=self.clock)
        self._entered: dict[str, str] = {}
        """The role that an identity has become."""
        self._identity: CallerIdentity | None = None
        self._identity_lock = threading.Lock()

    # --- clients ----------------------------------------------------------------------------

    @property
    def management(self) -> ClientOf:
        """Gives clients with the management account's credentials."""
        return self._clients(lambda: MANAGEMENT)

    @property
    def management_once(self) -> ClientOf:
        """The same, and no call of theirs is ever sent twice, by botocore or by us."""
        return self._clients(lambda: MANAGEMENT, once=True)

    def organizations(self) -> OrganizationsClient:
        """The Organizations client."""
        return self.management("organizations", self.global_region)

    def tagging(self) -> ResourceGroupsTaggingAPIClient:
        """The client for tags of many accounts at once."""
        return self.management("resourcegroupstaggingapi", self.global_region)

    def member(self, account_id: AccountId, *, reading: bool = False) -> ClientOf:
        """Gives clients inside ``account_id``; the management account's own needs no role. With
        ``reading`` their credentials may only read."""
        return self._clients(lambda: self._identity_of(account_id, reading=reading))

    # --- identities -------------------------------------------------------------------------

    def check_credentials(self) -> CallerIdentity:
        """Who we are, asked of STS once. Raises ``Denied`` saying how to go on when unknown."""
        with self._identity_lock:
            if self._identity is None:
                answer = self.management("sts").get_caller_identity()
                self._identity = CallerIdentity(
                    account_id=account_id_in(answer["Account"]), arn=answer["Arn"]
                )
            return self._identity

    @property
    def who_assumes(self) -> str:
        """Whose credentials the roles of members are assumed with, in words."""
        return self._who(CALLER if self.management_role is None else MANAGEMENT)

    def preferred_role(self, *, reading: bool = False) -> str:
        """The name of the role that is assumed inside accounts that have it."""
        wanted = self.reader_role if reading else self.writer_role
        return wanted or self.member_role

    def role_arn(self, account_id: AccountId, *, reading: bool = False) -> str:
        """The role that ``account_id`` has to have."""
        name = (self.reader_role if reading else None) or self.member_role
        return f"arn:{self.partition}:iam::{account_id}:role/{name}"

    def environment(
        self, account_id: AccountId, *, read_only: bool = False, preview: bool = False
    ) -> Mapping[str, str]:
        """``AWS_*`` variables for a child process: this account's credentials, region and
        endpoint, nothing else. With ``read_only`` they may only read, with ``preview`` too what a
        preview of code has to read; the management account has no such credentials, and raises
        ``Denied``."""
        identity = self._identity_of(account_id, reading=read_only)
        if preview and identity != MANAGEMENT:
            identity = f"{account_id}{_PREVIEW}"
        if read_only and identity == MANAGEMENT:
            raise Denied("the management account has no role to assume")
        variables = dict(self._keys(identity))
        variables["AWS_REGION"] = variables["AWS_DEFAULT_REGION"] = self.home_region
        endpoint = self._endpoint_for_children()
        if endpoint:
            variables["AWS_ENDPOINT_URL"] = endpoint
        return variables

    # --- inside -----------------------------------------------------------------------------

    def _identity_of(self, account_id: AccountId, *, reading: bool) -> str:
        if account_id == self.check_credentials().account_id:
            return MANAGEMENT
        return f"{account_id}{_READING}" if reading else str(account_id)

    def _clients(self, identity: Callable[[], str], *, once: bool = False) -> ClientOf:
        def client(service: str, region: str | None = None) -> Any:
            return self._client(identity(), service, region or self.home_region, once=once)

        return client

    def _client(self, identity: str, service: str, region: str, *, once: bool) -> TranslatingClient:
        if identity == MANAGEMENT and self.management_role is None:
            identity = CALLER
        key = ClientKey(identity=identity, service=service, region=region, once=once)
        is_member = identity not in (CALLER, MANAGEMENT)
        if is_member and not once:
            key = replace(key, identity=SHARED)
        pacing = None if is_member else self._pacing
        return TranslatingClient(
            Door(
                service=service,
                who=lambda: self._who(identity),
                clock=self.clock,
                open=lambda: self._factory.client(
                    key,
                    credentials=None if identity == CALLER else self._credentials.get(identity),
                    pacing=pacing,
                ),
                renew=lambda: self._renew(identity),
                acting=lambda: acting(self._actor(identity)),
                once=once,
            )
        )

    def _actor(self, identity: str) -> Actor | None:
        """Whose calls a shared client makes; the management account's clients are its own."""
        if identity in (CALLER, MANAGEMENT):
            return None
        return Actor.of(identity, self._credentials.get(identity))

    def _renew(self, identity: str) -> bool:
        if identity == CALLER:
            return False  # botocore's chain renews what can be renewed
        self._credentials.forget(identity)
        return True

    def _assume(self, identity: str) -> Credentials:
        if identity == MANAGEMENT and self.management_role is not None:
            return self._session_of(self._clients(lambda: CALLER)("sts"), self.management_role)
        first, *others = self._ways_in(identity)
        try:
            return first()
        except Denied as error:
            refused: AftError = error
        # A young or adopted account has no reader or writer role yet. Who may take the member role
        # can work with that; whose role may not is refused again: with a hint at the reader role,
        # but of writing at the member role, as all accounts have that.
        for another in others:
            try:
                return another()
            except AftError as error:
                refused = error if "/" not in identity else refused
        raise refused

    def _ways_in(self, identity: str) -> Sequence[Callable[[], Credentials]]:
        """How to get into an account, best first."""
        account_id, _, use = identity.partition("/")
        member = self.role_arn(AccountId(account_id))

        def entering(name: str | None) -> list[Callable[[], Credentials]]:
            role = f"{member.rpartition('/')[0]}/{name}"
            return [partial(self._enter, identity, role)] if name else []

        if not use:
            return [*entering(self.writer_role), *entering(self.member_role)]
        held = partial(self._held_to_reading, identity, member, states=f"/{use}" == _PREVIEW)
        if f"/{use}" == _READING:
            return [*entering(self.reader_role), held]
        return [*entering(self.preview_role), held, *entering(self.reader_role)]

    def _enter(self, identity: str, role: str, **more: Any) -> Credentials:
        made = self._session_of(self.management("sts"), role, **more)
        self._entered[identity] = role
        return made

    def _held_to_reading(self, identity: str, role: str, *, states: bool) -> Credentials:
        """AWS (STS, AssumeRole): what a session may do is what its role and its session policies
        both allow. ReadOnlyAccess reads data too, which the second policy denies, except Terraform
        states with ``states``."""
        policy = f"arn:{self.partition}:iam::aws:policy/ReadOnlyAccess"
        return self._enter(
            identity,
            role,
            PolicyArns=[{"arn": policy}],
            Policy=without_data(partition=self.partition, states=states),
        )

    def _session_of(self, sts: STSClient, role: str, **more: Any) -> Credentials:
        name, seconds = self._session_name, SESSION_SECONDS
        answer = sts.assume_role(
            RoleArn=role, RoleSessionName=name, DurationSeconds=seconds, **more
        )["Credentials"]
        return Credentials(
            access_key=answer["AccessKeyId"],
            secret_key=answer["SecretAccessKey"],
            token=answer["SessionToken"],
            expires_at=answer["Expiration"],
        )

    def _who(self, identity: str) -> str:
        if identity == CALLER:
            return "your own AWS credentials"
        if identity == MANAGEMENT:
            return f"role {self.management_role}"
        return f"role {self._role_of(identity)}"

    def _role_of(self, identity: str) -> str:
        if entered := self._entered.get(identity):
            return entered
        account_id, _, use = identity.partition("/")
        if self.preview_role is not None and f"/{use}" == _PREVIEW:
            return f"arn:{self.partition}:iam::{account_id}:role/{self.preview_role}"
        return self.role_arn(AccountId(account_id), reading=f"/{use}" == _READING)

    def _keys(self, identity: str) -> Mapping[str, str]:
        if identity == MANAGEMENT and self.management_role is None:
            identity = CALLER
        if identity == CALLER:
            access, secret, token = self._callers_keys()
        else:  # a child cannot renew them, and may work for long
            kept = self._credentials.get(identity, at_least=CHILD_LIFETIME)
            access, secret, token = kept.access_key, kept.secret_key, kept.token
        keys = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
        return {**keys, "AWS_SESSION_TOKEN": token} if token else keys

    def _callers_keys(self) -> tuple[str, str, str]:
        try:
            own = self._session.get_credentials()
            frozen = own.get_frozen_credentials() if own else None
        except Exception as error:  # noqa: BLE001 - a chain of many sources, each with its own
            failure: AftError = translate(error, service="sts", operation="GetCredentials")
        else:
            if frozen is not None and frozen.access_key and frozen.secret_key:
                hold_keys(frozen)
                return frozen.access_key, frozen.secret_key, frozen.token or ""
            failure = Denied("no AWS credentials were found", hint=NO_CREDENTIALS_HINT)
        raise failure

    def _endpoint_for_children(self) -> str | None:
        if self.child_endpoint is not None:
            return self.child_endpoint()
        configured = os.environ.get("AWS_ENDPOINT_URL")
        return configured or self._session.get_scoped_config().get("endpoint_url")


def _partition_of(session: botocore.session.Session, region: str) -> str:
    try:
        return str(session.get_partition_for_region(region))
    except boto.BotoCoreError:
        return "aws"


def _session_name(run_id: str) -> str:
    # AWS: RoleSessionName, 2 to 64 characters of [\w+=,.@-]; CloudTrail shows it.
    return re.sub(r"[^\w+=,.@-]", "-", f"aft-{run_id}" if run_id else "aft", flags=re.ASCII)[:64]
