from __future__ import annotations

from typing import Any

import pytest
from builders_inside import Applied, Inside, applied
from pydantic import ValidationError

from aft.errors import Terminal
from aft.settings.oidc_provider import OidcProvider, OidcProviderParameters

URL = "https://token.actions.githubusercontent.com"
THUMBPRINT = "6938fd4d98bab03faadb97b34396831e3780aea1"


def trusting(inside: Inside, **parameters: Any) -> Applied:
    return applied(inside, OidcProvider(), **{"url": URL, **parameters})


def provider(inside: Inside) -> dict[str, Any]:
    iam = inside.look("iam")
    (found,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    answer: dict[str, Any] = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=found["Arn"])
    return {**answer, "Arn": found["Arn"]}


def test_a_provider_is_made_then_found_right(inside: Inside) -> None:
    trust = trusting(inside)
    assert [item.description for item in trust.differences()] == [
        f"OIDC provider {URL} is not there"
    ]
    trust.change()
    made = provider(inside)
    assert made["ClientIDList"] == ["sts.amazonaws.com"]
    assert len(made["ThumbprintList"][0]) == 40, "IAM finds one itself"
    assert made["Tags"] == [{"Key": "aft:setting", "Value": "oidc-provider"}]
    assert trust.differences() == ()
    written = trust.writes()
    trust.change()
    assert trust.writes() == written


def test_clients_and_thumbprints_that_drifted_are_put_back(inside: Inside) -> None:
    trust = trusting(inside, client_ids=("a", "b"), thumbprints=(THUMBPRINT.upper(),))
    trust.change()
    iam, arn = inside.look("iam"), provider(inside)["Arn"]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="evil")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=arn, ThumbprintList=["0" * 40]
    )
    assert [item.description for item in trust.differences()] == [
        f"OIDC provider {URL} has clients b, evil, should have a, b",
        f"OIDC provider {URL} has thumbprints {'0' * 40}, should have {THUMBPRINT}",
    ]
    trust.change()
    assert sorted(provider(inside)["ClientIDList"]) == ["a", "b"]
    assert trust.differences() == ()


def test_a_provider_of_somebody_else_with_other_clients_is_left_alone(inside: Inside) -> None:
    inside.look("iam").create_open_id_connect_provider(Url=URL, ClientIDList=["theirs"])
    with pytest.raises(Terminal, match=r"was not created by this setting, with clients .*: theirs"):
        trusting(inside).change()
    assert provider(inside)["ClientIDList"] == ["theirs"]


def test_a_provider_of_somebody_else_is_taken_over_when_nobody_is_locked_out(
    inside: Inside,
) -> None:
    inside.look("iam").create_open_id_connect_provider(Url=URL, ClientIDList=["theirs"])
    trust = trusting(inside, client_ids=("sts.amazonaws.com", "theirs"))
    trust.change()
    assert trust.differences() == ()
    assert provider(inside)["Tags"] == [{"Key": "aft:setting", "Value": "oidc-provider"}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"url": "http://example.com"},
        {"url": "https://example.com/"},
        {"url": URL, "client_ids": []},
        {"url": URL, "thumbprints": ["abc"]},
        {},
    ],
)
def test_providers_iam_does_not_take_are_invalid(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OidcProviderParameters.model_validate(parameters)
