from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from builders_inside import Inside, applied, facts

from aft.organization.model import Contact
from aft.settings.alternate_contacts import AlternateContacts

DESK = {"name": "Desk", "title": "On call", "email": "desk@example.com", "phone": "+49 30 123"}
ADA = Contact(name="Ada", title="Lead", email="ada@example.com", phone="+49 30 456")


def contact(inside: Inside, kind: str) -> dict[str, Any] | None:
    try:
        answer = inside.look("account").get_alternate_contact(AlternateContactType=kind)
    except ClientError:
        return None
    return {key: value for key, value in answer["AlternateContact"].items() if "Type" not in key}


def test_the_baselines_contact_is_set_then_found_right(inside: Inside) -> None:
    contacts = applied(inside, AlternateContacts(), security=DESK)
    (difference,) = contacts.differences()
    assert difference.description == (
        "security contact is not set, should be Desk, On call <desk@example.com> +49 30 123"
    )
    contacts.change()
    assert contact(inside, "SECURITY") == {
        "Name": "Desk",
        "Title": "On call",
        "EmailAddress": "desk@example.com",
        "PhoneNumber": "+49 30 123",
    }
    assert contacts.differences() == ()


def test_the_requests_contact_wins(inside: Inside) -> None:
    account = facts(inside.account_id, contacts={"security": ADA})
    contacts = applied(inside, AlternateContacts(), account=account, security=DESK, billing=DESK)
    contacts.change()
    security, billing = contact(inside, "SECURITY"), contact(inside, "BILLING")
    assert security is not None
    assert billing is not None
    assert (security["Name"], billing["Name"]) == ("Ada", "Desk")


def test_a_contact_nobody_mentions_is_left_alone(inside: Inside) -> None:
    inside.look("account").put_alternate_contact(
        AlternateContactType="BILLING",
        Name="Old",
        Title="Buyer",
        EmailAddress="old@example.com",
        PhoneNumber="+1 1",
    )
    contacts = applied(inside, AlternateContacts(), security=DESK)
    contacts.change()
    billing = contact(inside, "BILLING")
    assert billing is not None
    assert billing["Name"] == "Old"


def test_one_changed_field_is_drift_and_only_that_contact_is_written(inside: Inside) -> None:
    contacts = applied(inside, AlternateContacts(), security=DESK, billing=DESK)
    contacts.change()
    inside.look("account").put_alternate_contact(
        AlternateContactType="SECURITY",
        Name="Desk",
        Title="On call",
        EmailAddress="desk@example.com",
        PhoneNumber="+1 666",
    )
    (difference,) = contacts.differences()
    assert difference.before == "Desk, On call <desk@example.com> +1 666"
    before = contacts.writes().count("PutAlternateContact")
    contacts.change()
    assert contacts.differences() == ()
    assert contacts.writes().count("PutAlternateContact") == before + 1


def test_without_contacts_there_is_nothing_to_do(inside: Inside) -> None:
    contacts = applied(inside, AlternateContacts())
    contacts.change()
    assert contacts.differences() == ()
    assert contacts.writes() == []


def test_the_requests_contacts_are_facts() -> None:
    setting = AlternateContacts()
    assert setting.facts(facts()) != setting.facts(facts(contacts={"billing": ADA}))
