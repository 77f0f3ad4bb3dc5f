from __future__ import annotations

import pytest
from builders_inside import Inside, applied, facts

from aft.errors import Terminal
from aft.sandbox.seed import AccountSpec
from aft.settings.account_alias import AccountAlias, alias_from


def aliases(inside: Inside) -> list[str]:
    return inside.look("iam").list_account_aliases()["AccountAliases"]


def test_it_is_set_then_found_right(inside: Inside) -> None:
    alias = applied(inside, AccountAlias(), alias="acme-payments-prod")
    (difference,) = alias.differences()
    assert difference.description == "account alias is not set, should be 'acme-payments-prod'"
    alias.change()
    assert aliases(inside) == ["acme-payments-prod"]
    assert alias.differences() == ()


def test_nothing_is_written_when_it_is_right(inside: Inside) -> None:
    alias = applied(inside, AccountAlias(), alias="acme-payments-prod")
    alias.change()
    written = alias.writes()
    alias.change()
    assert alias.writes() == written


def test_drift_is_seen_and_repaired(inside: Inside) -> None:
    inside.look("iam").create_account_alias(AccountAlias="somebody-elses-idea")
    alias = applied(inside, AccountAlias(), alias="acme-payments-prod")
    (difference,) = alias.differences()
    assert (difference.before, difference.after) == ("somebody-elses-idea", "acme-payments-prod")
    alias.change()
    assert aliases(inside) == ["acme-payments-prod"]


def test_without_a_parameter_it_is_the_accounts_name(inside: Inside) -> None:
    applied(inside, AccountAlias()).change()
    assert aliases(inside) == ["payments-prod"]


def test_an_alias_of_another_account_is_refused_with_a_hint(inside: Inside) -> None:
    (other,) = inside.sandbox.seed_accounts([AccountSpec(name="other", email="o@example.com")])
    inside.sandbox.member_session(other).client("iam").create_account_alias(AccountAlias="taken")
    alias = applied(inside, AccountAlias(), alias="taken")
    with pytest.raises(Terminal, match="'taken' is taken by another AWS account") as caught:
        alias.change()
    assert "choose another `alias`" in caught.value.hint
    assert aliases(inside) == []


@pytest.mark.parametrize("text", ["ab", "123456789012", "()"])
def test_what_aws_would_not_take_is_refused_before_asking(inside: Inside, text: str) -> None:
    alias = applied(inside, AccountAlias(), alias=text)
    with pytest.raises(Terminal, match="cannot be an account alias"):
        alias.change()
    assert alias.writes() == []


def test_a_new_name_changes_the_facts() -> None:
    setting = AccountAlias()
    assert setting.facts(facts()) != setting.facts(facts(name="Payments"))
    assert setting.facts(facts()) == setting.facts(facts(tags={}))


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        ("Payments (Prod)", "payments-prod"),
        ("a__b--c", "a-b-c"),
        ("x" * 80, "x" * 63),
        ("Ünïcode", "n-code"),
    ],
)
def test_any_text_becomes_an_alias(text: str, alias: str) -> None:
    assert alias_from(text) == alias
