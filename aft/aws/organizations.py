"""Single writes to the organization, each settled by looking when AWS's answer leaves doubt.

Asking for what is already so succeeds. Decides nothing: what to write is the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from aft.aws.accounts import RecentlyTagged, read_tags
from aft.aws.errors import error_code
from aft.aws.session import AwsSessions
from aft.aws.units import KnownUnit, KnownUnits, child_units, parent_of
from aft.errors import AftError, Conflict, Denied, NotFound, Terminal, Transient, UnknownOutcome
from aft.values.ids import AccountId, OrgUnitId

if TYPE_CHECKING:
    from types_boto3_organizations.type_defs import TagTypeDef

_NO_TAGS: Mapping[str, str] = {}

# After these a write may have been carried out, by us or by someone else.
_DOUBTFUL = (NotFound, Terminal, UnknownOutcome, Transient, Conflict)


class AwsOrganizationWriter:
    """Implements ``aft.ports.OrganizationWriter``."""

    def __init__(self, sessions: AwsSessions, *, known: KnownUnits, tagged: RecentlyTagged) -> None:
        """``known`` and ``tagged`` tell the readers of this process what has been written."""
        self._sessions = sessions
        self._known = known
        self._tagged = tagged

    # --- organizational units ---------------------------------------------------------------

    def create_unit(
        self, *, parent_id: OrgUnitId, name: str, tags: Mapping[str, str] = _NO_TAGS
    ) -> OrgUnitId:
        client = self._sessions.organizations()
        more = {"Tags": _tag_list(tags)} if tags else {}
        try:
            answer = client.create_organizational_unit(ParentId=parent_id, Name=name, **more)
            unit_id = OrgUnitId(answer["OrganizationalUnit"]["Id"])
        except (Terminal, UnknownOutcome, Conflict) as error:
            if isinstance(error, Terminal) and not _duplicate_unit(error):
                raise
            below = {unit.name: unit.id for unit in child_units(client, parent_id)}
            if name not in below:
                raise
            unit_id = below[name]
            if not tags.items() <= read_tags(client, unit_id).items():
                raise Conflict(
                    f"there is an OU {name!r} already ({unit_id}), and aft has not made it",
                    hint="it was made in the meantime; run again with a new plan",
                ) from error
        self._known.add(KnownUnit(id=unit_id, name=name, parent_id=parent_id))
        return unit_id

    def tag_unit(self, unit_id: OrgUnitId, tags: Mapping[str, str]) -> None:
        self._sessions.organizations().tag_resource(ResourceId=unit_id, Tags=_tag_list(tags))

    def rename_unit(self, unit_id: OrgUnitId, name: str) -> None:
        client = self._sessions.organizations()
        try:
            client.update_organizational_unit(OrganizationalUnitId=unit_id, Name=name)
        except Terminal as error:
            if not _duplicate_unit(error):
                raise
            now = client.describe_organizational_unit(OrganizationalUnitId=unit_id)
            if now["OrganizationalUnit"]["Name"] != name:
                raise Conflict(
                    f"OU {unit_id} cannot be called {name!r}: another OU next to it has that name",
                    hint="rename or remove the other OU, or choose another name",
                ) from error
        self._known.forget(unit_id)

    def delete_unit(self, unit_id: OrgUnitId) -> None:
        try:
            self._sessions.organizations().delete_organizational_unit(OrganizationalUnitId=unit_id)
        except NotFound:
            pass  # already gone
        except Terminal as error:
            if error_code(error) != "OrganizationalUnitNotEmptyException":
                raise
            raise Terminal(
                f"OU {unit_id} is not empty: {error.message}",
                hint="move or close its accounts and delete its OUs first",
                code=error.code,
            ) from error
        self._known.forget(unit_id)

    # --- accounts ---------------------------------------------------------------------------

    def move_account(
        self, account_id: AccountId, *, source: OrgUnitId, destination: OrgUnitId
    ) -> None:
        client = self._sessions.organizations()
        doubt: AftError | None = None
        if source != destination:
            try:
                client.move_account(
                    AccountId=account_id, SourceParentId=source, DestinationParentId=destination
                )
                return
            except _DOUBTFUL as error:
                doubt = error
        at = parent_of(client, account_id)  # accept where the account is, or say where it is
        if at == destination:
            return
        if doubt is not None and at == source:
            raise doubt
        raise Conflict(
            f"account {account_id} is in {at}, neither where it was ({source}) nor where it "
            f"should go ({destination})"
            if doubt is not None
            else f"account {account_id} is in {at}, not in {destination}",
            hint="it was moved in the meantime; run again with a new plan",
        ) from doubt

    def rename_account(self, account_id: AccountId, name: str) -> None:
        account = self._sessions.management("account", self._sessions.global_region)
        # AWS: AccountId must be left out for the caller's own account.
        own = self._sessions.check_credentials().account_id
        target = {} if account_id == own else {"AccountId": str(account_id)}
        try:
            account.put_account_name(AccountName=name, **target)
        except Denied as error:
            raise Denied(
                error.message,
                hint="allow account:PutAccountName, and let the management account manage its "
                "members: aws organizations enable-aws-service-access --service-principal "
                "account.amazonaws.com",
            ) from error

    def tag_account(self, account_id: AccountId, tags: Iterable[tuple[str, str]]) -> None:
        wanted = dict(tags)
        if not wanted:
            return
        self._sessions.organizations().tag_resource(
            ResourceId=account_id,
            Tags=_tag_list(wanted),
        )
        self._tagged.add(account_id)

    def untag_account(self, account_id: AccountId, keys: Sequence[str]) -> None:
        if not keys:
            return
        self._sessions.organizations().untag_resource(
            ResourceId=account_id, TagKeys=sorted(set(keys))
        )
        self._tagged.add(account_id)


def _tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def _duplicate_unit(error: AftError) -> bool:
    return error_code(error) == "DuplicateOrganizationalUnitException"
