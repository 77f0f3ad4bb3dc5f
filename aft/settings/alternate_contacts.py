"""Baseline setting ``alternate-contacts``: who AWS writes to in addition to the root address.

AWS (Account Management API): an account has up to three alternate contacts, ``BILLING``,
``OPERATIONS`` and ``SECURITY``, each with name, title, e-mail address and phone number. A member
account acts on itself if ``AccountId`` is *omitted*; passing its own id is an error. Reading an
absent contact raises ``ResourceNotFoundException``. Quotas: Get 10 per second, Put 5 (burst 8),
Delete 1 (burst 6).

The request's own contacts win over the baseline's. A kind that neither names is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine, Weaker
from aft.baselines.model import Published, SettingInputs, SettingParameters
from aft.errors import NotFound
from aft.organization.model import AccountFacts, Contact
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs

if TYPE_CHECKING:
    from types_boto3_account.literals import AlternateContactTypeType

KINDS: Mapping[str, AlternateContactTypeType] = {
    "billing": "BILLING",
    "operations": "OPERATIONS",
    "security": "SECURITY",
}
_FIELDS = {"name": "Name", "title": "Title", "email": "EmailAddress", "phone": "PhoneNumber"}


class ContactParameters(SettingParameters):
    """One alternate contact; AWS requires all four fields."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="Full name.")
    title: Annotated[str, Field(min_length=1, max_length=50)] = Field(description="Job title.")
    email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")] = (
        Field(description="E-mail address.")
    )
    phone: Annotated[str, Field(min_length=1, max_length=25, pattern=r"^[\s0-9()+-]+$")] = Field(
        description="Phone number: digits, spaces, parentheses, `+` and `-`."
    )


class AlternateContactsParameters(SettingParameters):
    """Parameters of ``alternate-contacts``: the contacts of requests that give none."""

    weakens: ClassVar[Directions] = {
        "billing": Routine("AWS writes there about invoices"),
        "operations": Routine("AWS writes there about its services"),
        "security": Weaker.ANY,
    }

    billing: ContactParameters | None = Field(default=None, description="The billing contact.")
    operations: ContactParameters | None = Field(
        default=None, description="The operations contact."
    )
    security: ContactParameters | None = Field(default=None, description="The security contact.")


Inputs = SettingInputs[AlternateContactsParameters]


class AlternateContacts(Setting[AlternateContactsParameters, Mapping[str, Contact]]):
    """The account has the alternate contacts."""

    name = "alternate-contacts"
    description = "The billing, operations and security contacts of the account."

    def facts(self, account: AccountFacts) -> object:
        return {kind: asdict(contact) for kind, contact in sorted(account.contacts.items())}

    def published(
        self, account: AccountFacts, parameters: AlternateContactsParameters
    ) -> tuple[Published, ...]:
        return tuple(
            Published(name=kind, value=_text(account.contacts[kind]), field=("contacts", kind))
            for kind in KINDS
            if kind in account.contacts
        )

    def read(self, inputs: Inputs, session: AccountSession) -> Mapping[str, Contact]:
        """The contacts there are, of the kinds asked for."""
        client = session.client("account")
        found: dict[str, Contact] = {}
        for kind in _wanted(inputs):
            try:
                answer = client.get_alternate_contact(AlternateContactType=KINDS[kind])
            except NotFound:
                continue
            contact: Mapping[str, Any] = answer["AlternateContact"]
            found[kind] = Contact(**{field: contact[key] for field, key in _FIELDS.items()})
        return found

    def differences(self, inputs: Inputs, observed: Mapping[str, Contact]) -> Differences:
        for kind, wanted in _wanted(inputs).items():
            if (contact := observed.get(kind)) != wanted:
                before = _text(contact) if contact is not None else None
                was = f"{kind} contact is {before or 'not set'}"
                yield differs(f"{was}, should be {_text(wanted)}", before, _text(wanted))

    def fix(self, inputs: Inputs, observed: Mapping[str, Contact], session: AccountSession) -> None:
        client = session.client("account")
        for kind, wanted in _wanted(inputs).items():
            if observed.get(kind) != wanted:
                fields: Any = {key: getattr(wanted, field) for field, key in _FIELDS.items()}
                client.put_alternate_contact(AlternateContactType=KINDS[kind], **fields)


def _wanted(inputs: Inputs) -> Mapping[str, Contact]:
    wanted: dict[str, Contact] = {}
    for kind in KINDS:
        default: ContactParameters | None = getattr(inputs.parameters, kind)
        if kind in inputs.account.contacts:
            wanted[kind] = inputs.account.contacts[kind]
        elif default is not None:
            wanted[kind] = Contact(**default.model_dump())
    return wanted


def _text(contact: Contact) -> str:
    return f"{contact.name}, {contact.title} <{contact.email}> {contact.phone}"
