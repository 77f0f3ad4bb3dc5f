"""The request file as people write it: every field, its limits and its documentation.

The descriptions here are the editor's completion texts and the reference page. Every field may
come from ``_defaults.yaml``, so none is required here: ``aft.desired.parse`` asks for the three
that every account needs once the defaults are merged. Limits that AWS sets name their source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from aft.config.allowance import OwnAllowance
from aft.config.model import RegionName
from aft.desired import limits
from aft.values.ids import ROOT_EMAIL, AccountId, EmailAddress, RequestId

_ACCOUNT_ID = r"^[0-9]{12}$"
_REQUEST_ID = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
_EMAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"


def _text(**extra: str) -> Any:
    """Schema keywords next to a check that words its own message."""
    return Field(json_schema_extra=dict(extra))


def _optional(description: str) -> Any:
    return Field(default=None, description=description)


_NAMED = AfterValidator(limits.check_name)

AccountName = Annotated[
    str, _text(pattern=r"^[ -;=?-~]{1,50}$"), AfterValidator(limits.check_account_name)
]
RootEmail = Annotated[str, _text(pattern=ROOT_EMAIL), AfterValidator(EmailAddress.parse)]
ContactEmail = Annotated[str, _text(pattern=_EMAIL), AfterValidator(limits.check_contact_email)]
OrgUnit = (
    Annotated[str, Field(min_length=1), AfterValidator(limits.check_org_unit)]
    | Annotated[tuple[str, ...], AfterValidator(limits.check_org_unit_names)]
)
OtherRequest = Annotated[str, _text(pattern=_REQUEST_ID), AfterValidator(RequestId.parse)]
AdoptedAccountId = Annotated[str, _text(pattern=_ACCOUNT_ID), AfterValidator(AccountId.parse)]
TagKey = Annotated[str, AfterValidator(limits.check_tag_key)]
TagValue = Annotated[str, AfterValidator(limits.check_tag_value)]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+=,@-]*$",
        examples=["web-service"],
    ),
]
Remark = Annotated[str, Field(max_length=1000)]


Person = Annotated[str, Field(min_length=1, max_length=128), _NAMED]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class OwnerEntry(_Part):
    """Who is responsible for the account."""

    team: Person = Field(description="The team that owns the account.")
    email: ContactEmail = Field(description="The team's e-mail address.")


class AccessUser(_Part):
    """A person in IAM Identity Center."""

    email: ContactEmail = Field(description="The person's e-mail address, which identifies them.")
    first_name: Person = Field(description="Given name, if the user must be created.")
    last_name: Person = Field(description="Family name, if the user must be created.")


class AccessEntry(_Part):
    """One assignment of a permission set, to either `group` or `user`."""

    group: Annotated[str, Field(min_length=1, max_length=1024), _NAMED] | None = _optional(
        "Name of an Identity Center group."
    )
    user: AccessUser | None = _optional("One person, instead of a group.")
    # AWS IAM Identity Center, PermissionSetName: 1 to 32 characters.
    permission_set: Annotated[
        str,
        Field(
            min_length=1,
            max_length=32,
            pattern=r"^[A-Za-z0-9_+=,.@-]+$",
            examples=["AdministratorAccess"],
        ),
    ] = Field(description="Name of the permission set that they get in this account.")

    @model_validator(mode="after")
    def _one_of_two(self) -> AccessEntry:
        if (self.group is None) == (self.user is None):
            raise ValueError("expected either group or user, found both or none")
        return self


class ContactEntry(_Part):
    """An alternate contact of the account."""

    # AWS Account Management, PutAlternateContact: Name 64, Title 50, e-mail 254, phone 25.
    name: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(limits.check_name)] = (
        Field(description="The person or team; at most 64 characters.")
    )
    title: Annotated[str, Field(min_length=1, max_length=50), AfterValidator(limits.check_name)] = (
        Field(description="Their role; at most 50 characters.")
    )
    email: ContactEmail = Field(description="Their e-mail address; at most 254 characters.")
    phone: Annotated[
        str, _text(pattern=r"^[ 0-9()+-]{1,25}$"), AfterValidator(limits.check_phone)
    ] = Field(description="Digits, spaces and `+ - ( )`, at most 25; in quotes.")


class ContactsEntry(_Part):
    """The alternate contacts of AWS; each is optional."""

    billing: ContactEntry | None = _optional("The contact for billing.")
    operations: ContactEntry | None = _optional("The contact for operations.")
    security: ContactEntry | None = _optional("The contact for security.")


DEFAULT_ALERTS = (80, 100)
"""Percentages of a budget at which to warn, unless it says otherwise."""


class BudgetEntry(_Part):
    """A monthly cost budget for the account."""

    monthly_usd: Annotated[float, Field(gt=0)] = Field(description="US dollars per month.")
    # AWS Budgets: at most 10 notifications a budget, 10 e-mail subscribers each.
    alert_at: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1000)], ...], Field(max_length=10)
    ] = Field(
        default=DEFAULT_ALERTS, description="Percentages of the budget that trigger an alert."
    )
    subscribers: Annotated[tuple[ContactEmail, ...], Field(max_length=10)] = Field(
        default=(), description="E-mail addresses that get alerts; at most 10."
    )


class ProtectEntry(_Part):
    """Why the account is protected, who asked for it, and until when."""

    reason: Remark | None = _optional("Why the account is protected; shown where that matters.")
    by: Person | None = _optional("Who asked for it.")
    until: date | None = _optional(
        "Day after which a plan asks to renew or remove the protection. It remains in force until "
        "it is removed."
    )


Protect = Annotated[
    Annotated[bool, Tag("bool")] | Annotated[ProtectEntry, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, Mapping) else "bool"),
]
"""What is no mapping was meant to be true or false."""


class DefaultsFile(_Part):
    """`_defaults.yaml`: defaults for the requests in this folder and below. The closest file
    takes precedence; maps merge, lists replace. Text can contain `{id}` (the request's id),
    `{folder}` (the name of the request file's folder) and `{name}` (the account's name); write
    `{{` and `}}` for literal braces."""

    name: AccountName | None = _optional(
        "The account's name: 1 to 50 printable ASCII characters without `<` and `>`. "
        "Changing it renames the account; it never identifies it."
    )
    email: RootEmail | None = _optional(
        "The root user's e-mail address: 6 to 64 characters, unique in all of AWS. It "
        "identifies the account if nothing else does, so do not change it."
    )
    ou: OrgUnit | None = _optional(
        "The account's OU: a path of OU names such as `Workloads/Prod`, or an OU id (`ou-…`). "
        'Write a list of names, such as `[Workloads, "R&D / Labs"]`, where a name has a `/` or '
        "blanks around it. Changing it moves the account."
    )
    owner: OwnerEntry | None = _optional("Who is responsible for the account.")
    reason: Remark | None = _optional(
        "Why the account exists; shown in the plan, recorded in the ledger."
    )
    ticket: Remark | None = _optional("A reference to your issue tracker; shown in the plan.")
    tags: Annotated[Mapping[TagKey, TagValue], AfterValidator(limits.check_tags)] | None = (
        _optional(
            "Tags of the account: at most 49, keys of up to 128 characters, values of up to "
            "256. A tag that you remove here is removed from the account."
        )
    )
    access: tuple[AccessEntry, ...] | None = _optional(
        "Who gets access through IAM Identity Center, and with which permission set."
    )
    contacts: ContactsEntry | None = _optional(
        "Alternate contacts, for the baseline setting `alternate-contacts`."
    )
    budget: BudgetEntry | None = _optional(
        "A monthly cost budget, for the baseline setting `budget`."
    )
    regions: tuple[RegionName, ...] | None = _optional(
        "The governed regions of this account, instead of those of `aft.yaml`; the home region "
        "is always included."
    )
    baseline: Name | None = _optional(
        "Name of the baseline, a file in `customizations/baselines/`. Without it, the "
        "baselines' selectors decide."
    )
    customizations: tuple[Name, ...] | None = _optional(
        "Names of folders in `customizations/accounts/`, run in this order after "
        "`customizations/global/`."
    )
    parameters: Mapping[Name, Mapping[str, Any]] | None = _optional(
        "Values for the parameters of customizations, by customization: `{web-service: {tier: "
        "gold}}`. Each `customization.yaml` defines its parameters and their types."
    )
    custom_fields: Mapping[str, Any] | None = _optional(
        "Any other values, for templates and scripts. The baseline setting `ssm-metadata` "
        "writes them to SSM parameters inside the account."
    )
    depends_on: tuple[OtherRequest, ...] | None = _optional(
        "Ids of requests whose accounts must be finished first."
    )
    state: Literal["active", "quarantined", "closed"] | None = _optional(
        "The desired state of the account; `active` by default."
    )
    expires: date | None = _optional(
        "End of a lease, a date such as `2027-06-30`: a warning before it, quarantine after it, "
        "never closed silently."
    )
    protect: Protect | None = _optional(
        "If true, no run closes, quarantines, moves or forgets the account. Instead of `true`, a "
        "mapping says why: `{reason: …, by: …, until: 2027-06-30}`. Removing it takes effect when "
        "that is applied; what it prevented can follow in a later change."
    )


class RequestFile(DefaultsFile):
    """A request for one account. The file's name without `.yaml` is the request's id. `name`,
    `email` and `ou` are required, here or in a `_defaults.yaml` above. An empty value (`owner:`)
    removes the value from the defaults."""

    allow: tuple[OwnAllowance, ...] | None = _optional(
        "Reviewed exceptions for this account, each for a while: "
        "`[{what: end, items: [web/10-bucket.cfn.yaml/Artifacts], reason: …, until: 2027-03-31}]` "
        "lets a customization replace or remove what it made, also where `protect` is true."
    )
    account_id: AdoptedAccountId | None = _optional(
        "Id of an existing account to adopt instead of creating one; twelve digits, in quotes."
    )
    previously: OtherRequest | None = _optional(
        "The id of this request before its file was renamed, so that it keeps its account. You "
        "can remove it after one run."
    )


REQUIRED: Mapping[str, str] = {
    "name": "the account's name, such as 'payments-prod'",
    "email": "a root e-mail address that no other AWS account uses",
    "ou": "the OU the account lives in, such as 'Workloads/Prod'",
}
"""What every request needs after defaults, in words."""

IDENTITY_FIELDS = ("account_id", "previously")
"""Fields that say which account it is, so that no defaults file may hold them."""

NOT_ACTED_ON: Mapping[str, str] = {
    "access": "access through IAM Identity Center",
    "expires": "a lease",
}
"""Fields that aft reads and does not act on yet, in words."""
